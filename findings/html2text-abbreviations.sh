#!/usr/bin/env bash
# html2text appends the abbreviations of every document that it has read to each later one.
#
# Guess: handle() starts anew for each document, so that one HTML2Text with its options set can serve many.
# True:  <abbr title> is collected in the instance and never forgotten: a document without any abbreviation ends with
#        "*[UN]: United Nations" of the one before. The module's own html2text() makes a new instance each time.
# Seen:  html2text 2025.4.15, November 2026, over a thousand real releases.
# For us: not used; whoever does must make an instance for each document, or words of one release stand in another.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check html2text==2025.4.15
venv/bin/pip freeze --disable-pip-version-check 2>/dev/null | grep -E 'html2text|inscriptis|turbohtml' || true

venv/bin/python - >seen <<'PY'
import html2text

reader = html2text.HTML2Text()
reader.handle('<p>The <abbr title="United Nations">UN</abbr> met.</p>')
print("same instance", repr(reader.handle("<p>Another text.</p>")))
print("new instance", repr(html2text.HTML2Text().handle("<p>Another text.</p>")))
PY
cat >expected <<'END'
same instance 'Another text.\n\n  *[UN]: United Nations\n\n'
new instance 'Another text.\n\n'
END
cat seen
diff -u expected seen || { echo "changed: the behaviour is no longer as described" >&2; exit 1; }
echo "as described"
