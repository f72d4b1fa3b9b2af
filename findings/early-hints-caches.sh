#!/usr/bin/env bash
# Behind 103 Early Hints Varnish answers 503, and nginx takes 103 for the answer.
#
# Guess: caches have known 1xx since HTTP/1.1; they pass 103 on or swallow it, and store the 200.
# True:  Varnish makes an error of it. For nginx 103 is the final status and the true answer its body, status line and all:
#        nothing is stored, it is logged as 103, and who reads it well does so by luck; in another set-up its client waited
#        until a time limit. Squid, HAProxy and Apache pass 103 on and store the 200; Traffic Server swallows it.
# Seen:  nginx 1.22.1, Varnish 7.1.1, Squid 5.7, HAProxy 2.6.12, Apache 2.4.71, Traffic Server 9.2.5 (Debian 12), November 2026.
# For us: no 103, though hubs and stylesheets could be announced by it.
. "$(dirname "$0")/lib.sh"
. "$here/caches.sh"
unpack_caches

cat >serve.py <<'PY'
import sys

from origin import serve

HINTS = b'HTTP/1.1 103 Early Hints\r\nLink: <https://hub.example/>; rel="hub"\r\n\r\n'
serve(int(sys.argv[1]), {"feed": lambda count, _: (HINTS, "200 OK", ["Cache-Control: public, max-age=60"], b"%d" % count)}, close=True)
PY
cat >ask.py <<'PY'
import sys

from origin import get

for name, port in (argument.split("=") for argument in sys.argv[1:]):
    status, _, rest = get(int(port), f"/feed/{name}")
    then = f", then {rest.splitlines()[0]}" if rest.startswith("HTTP/") else ""
    again, _, rest = get(int(port), f"/feed/{name}")
    print(f"{name}: {status}{then}; asked again: {again}, {'stored' if rest == '1' else 'not stored'}")
PY
port=$(free_port)
background python3 serve.py "$port"
start_caches "$port"
# shellcheck disable=SC2046
python3 ask.py $(ports) >"$seen"
compare <<'END'
nginx: HTTP/1.1 103 Early Hints, then HTTP/1.1 200 OK; asked again: HTTP/1.1 103 Early Hints, not stored
nginx-revalidate: HTTP/1.1 103 Early Hints, then HTTP/1.1 200 OK; asked again: HTTP/1.1 103 Early Hints, not stored
varnish: HTTP/1.1 503 Backend fetch failed; asked again: HTTP/1.1 503 Backend fetch failed, not stored
squid: HTTP/1.1 103 Early Hints, then HTTP/1.1 200 OK; asked again: HTTP/1.1 200 OK, stored
haproxy: HTTP/1.1 103 Early Hints, then HTTP/1.1 200 OK; asked again: HTTP/1.1 200 OK, stored
apache: HTTP/1.1 103 Early Hints, then HTTP/1.1 200 OK; asked again: HTTP/1.1 200 OK, stored
ats: HTTP/1.1 200 OK; asked again: HTTP/1.1 200 OK, stored
END
