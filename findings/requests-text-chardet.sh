#!/usr/bin/env bash
# A feed in UTF-8 is read as Turkish or Macintosh Roman once some other package has brought chardet along.
#
# Guess: valid UTF-8 beyond ASCII is hardly ever anything else, so a detector names it first; and requests 2 detects with
#        charset-normalizer, which it installs.
# True:  requests takes chardet where it finds it, whichever package it came with. chardet 5 gives UTF-8 with a single
#        character beyond ASCII less confidence than any legacy code: "für" is Turkish, "aprobó" MacRoman, one dash in 1,500
#        bytes of English Windows-1252. `response.text` of a feed that is served without a charset is then wrong, whatever the
#        XML declaration says. chardet 7 and charset-normalizer are right.
# Seen:  requests 2.34.2, chardet 5.2.0 (readability-lxml 0.9 still asks for chardet 5) and 7.7.0, charset-normalizer 3.5.3,
#        November 2026.
# For us: every document says charset=utf-8 in its Content-Type; whoever fetches others' feeds parses bytes, not text.
. "$(dirname "$0")/lib.sh"
cat >read.py <<'PY'
import io
import sys

import requests

for text in (
    "Pressemitteilung des Ministeriums für Verkehr",
    "El Ministerio aprobó la ley",
    "The plan was presented today – in full. " + "It goes on like this for a while. " * 43,
    "Großflächige Änderungen für Zürich",
    '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Zürich</title></channel></rss>',
):
    response = requests.Response()
    response.raw = io.BytesIO(text.encode())
    response.headers["Content-Type"] = "application/rss+xml"
    print(f"{sys.argv[1]:12}", f"{response.apparent_encoding:13}", "right" if response.text == text else "WRONG", text[:45])
PY
pip_install requests==2.34.2 charset-normalizer==3.5.3
"$python" read.py without >"$seen"
pip_install chardet==5.2.0
"$python" -W ignore read.py chardet-5 >>"$seen"
pip_install chardet==7.7.0
"$python" -W ignore read.py chardet-7 >>"$seen"
compare <<'END'
without      utf-8         right Pressemitteilung des Ministeriums für Verkehr
without      utf-8         right El Ministerio aprobó la ley
without      utf-8         right The plan was presented today – in full. It go
without      utf-8         right Großflächige Änderungen für Zürich
without      utf-8         right <?xml version="1.0" encoding="UTF-8"?><rss ve
chardet-5    ISO-8859-9    WRONG Pressemitteilung des Ministeriums für Verkehr
chardet-5    MacRoman      WRONG El Ministerio aprobó la ley
chardet-5    Windows-1252  WRONG The plan was presented today – in full. It go
chardet-5    utf-8         right Großflächige Änderungen für Zürich
chardet-5    ISO-8859-1    WRONG <?xml version="1.0" encoding="UTF-8"?><rss ve
chardet-7    utf-8         right Pressemitteilung des Ministeriums für Verkehr
chardet-7    utf-8         right El Ministerio aprobó la ley
chardet-7    utf-8         right The plan was presented today – in full. It go
chardet-7    utf-8         right Großflächige Änderungen für Zürich
chardet-7    utf-8         right <?xml version="1.0" encoding="UTF-8"?><rss ve
END
