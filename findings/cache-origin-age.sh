#!/usr/bin/env bash
# Two of six caches keep an answer as if it were new, though the origin says that it is old.
#
# Guess: freshness is max-age less Age (RFC 9111 4.2.3), so an origin that answers from its own memory says Age, and every
#        cache keeps the answer for the rest.
# True:  nginx ignores Age and passes it on unchanged for ever; HAProxy adds its own time to it, so it serves an answer of 100
#        seconds with "Age: 101" and more, and keeps it for 100 seconds of its own. Varnish, Squid, Apache and Traffic Server
#        count it.
# Seen:  nginx 1.22.1, HAProxy 2.6.12, Varnish 7.1.1, Squid 5.7, Apache 2.4.71, Traffic Server 9.2.5 (Debian 12), November 2026.
# For us: an answer from memory while the database is away needs a short max-age of its own, not only an Age.
. "$(dirname "$0")/lib.sh"
. "$here/caches.sh"
unpack_caches

cat >serve.py <<'PY'
import sys

from origin import serve

serve(int(sys.argv[1]), {"feed": lambda count, _: (b"", "200 OK", ["Cache-Control: public, max-age=100", "Age: 98"], b"%d" % count)})
PY
cat >ask.py <<'PY'
import sys
import time

from origin import get

caches = [argument.split("=") for argument in sys.argv[1:]]
for pause_s in (0, 5, 2):  # the second may be the last stale one, while the cache asks anew
    time.sleep(pause_s)
    answers = {name: get(int(port), f"/feed/{name}") for name, port in caches}
for name, (_, headers, body) in answers.items():
    kept = "kept" if body == "1" else "asked anew"
    print(f"{name}: 7 s later {kept}{', Age over 100' if int(headers['age']) > 100 else ''}")
PY
port=$(free_port)
background python3 serve.py "$port"
start_caches "$port"
# shellcheck disable=SC2046
python3 ask.py $(ports) >"$seen"
compare <<'END'
nginx: 7 s later kept
nginx-revalidate: 7 s later kept
varnish: 7 s later asked anew
squid: 7 s later asked anew
haproxy: 7 s later kept, Age over 100
apache: 7 s later asked anew
ats: 7 s later asked anew
END
