#!/usr/bin/env bash
# nginx revalidates, and keeps the headers of the first answer.
#
# Guess: a 304 brings new headers, and a cache stores them (RFC 9111 3.2 and 4.3.4: "MUST").
# True:  nginx with proxy_cache_revalidate keeps the answer for as long as the 304's Cache-Control says, but goes on sending the
#        old headers: a changed max-age and a hub that moved reach nobody while the document stays the same. Squid, Apache,
#        Traffic Server and Varnish put the new ones in place. (nginx without it, and HAProxy, fetch the whole anew.)
# Seen:  nginx 1.22.1, Varnish 7.1.1, Squid 5.7, HAProxy 2.6.12, Apache 2.4.71, Traffic Server 9.2.5 (Debian 12), November 2026.
# For us: what a Link header says stands in the document too, so that a moved hub changes the ETag; after a change of max-age
#        alone, nginx's cache is emptied by hand.
. "$(dirname "$0")/lib.sh"
. "$here/caches.sh"
unpack_caches

cat >serve.py <<'PY'
import sys

from origin import serve


def feed(count, headers):
    if headers.get("if-none-match"):
        return b"", "304 Not Modified", ['ETag: "a"', "Cache-Control: public, max-age=60", 'Link: <https://new.example/>; rel="hub"'], b""
    return b"", "200 OK", ['ETag: "a"', "Cache-Control: public, max-age=1", 'Link: <https://old.example/>; rel="hub"'], b"%d" % count


serve(int(sys.argv[1]), {"feed": feed})
PY
cat >ask.py <<'PY'
import sys
import time

from origin import get

caches = [argument.split("=") for argument in sys.argv[1:]]
for pause_s in (0, 4, 0.8):  # the last is after a revalidation, in the background or not
    time.sleep(pause_s)
    answers = {name: get(int(port), f"/feed/{name}") for name, port in caches}
for name, (_, headers, body) in answers.items():
    if body == "1":
        print(f"{name}: {headers['link'].partition(';')[0]} {headers['cache-control']}")
    else:
        print(f"{name}: fetched whole")
PY
port=$(free_port)
background python3 serve.py "$port"
start_caches "$port"
# shellcheck disable=SC2046
python3 ask.py $(ports) >"$seen"
compare <<'END'
nginx: fetched whole
nginx-revalidate: <https://old.example/> public, max-age=1
varnish: <https://new.example/> public, max-age=60
squid: <https://new.example/> public, max-age=60
haproxy: fetched whole
apache: <https://new.example/> public, max-age=60
ats: <https://new.example/> public, max-age=60
END
