#!/usr/bin/env bash
# With a weak ETag Squid revalidates by a date that the origin never sent, and Traffic Server makes the tag strong.
#
# Guess: a cache sends back the tag it has, weak or strong; weak comparison is what If-None-Match is for (RFC 9110 13.1.2).
# True:  Squid drops a weak tag and, as there is no Last-Modified, sends the answer's own Date as If-Modified-Since: the whole
#        document comes anew, or, with an origin that goes by dates, a 304 for what changed in the same second. (With a strong
#        tag it sends the tag, and that Date besides.) Traffic Server sends "a" for W/"a". Apache and nginx send W/"a".
# Seen:  nginx 1.22.1, Varnish 7.1.1, Squid 5.7, HAProxy 2.6.12, Apache 2.4.71, Traffic Server 9.2.5 (Debian 12), November 2026.
# For us: tags are strong, one for each coding, and decide alone where they are sent; Last-Modified is always there.
. "$(dirname "$0")/lib.sh"
. "$here/caches.sh"
unpack_caches

cat >serve.py <<'PY'
import json
import sys

from origin import serve

asked = {}


def feed(tag):
    def answer(count, headers):
        if count == 2:
            asked[headers["x-name"]] = [headers.get("if-none-match"), "if-modified-since" in headers]
        return b"", "200 OK", [f"ETag: {tag}", "Cache-Control: max-age=1"], b"%d" % count
    return answer


serve(int(sys.argv[1]), {"weak": feed('W/"a"'), "strong": feed('"a"'), "asked": lambda *_: (b"", "200 OK", ["Cache-Control: no-store"], json.dumps(asked).encode())})
PY
cat >ask.py <<'PY'
import json
import sys
import time

from origin import get

origin, *caches = [argument.split("=") for argument in sys.argv[1:]]
for pause_s in (0, 14):  # longer than Varnish's grace
    time.sleep(pause_s)
    for name, port in caches:
        for kind in ("strong", "weak"):
            get(int(port), f"/{kind}/{name}", f"X-Name: {kind} {name}")
asked = json.loads(get(int(origin[1]), "/asked")[2])
for name, _ in caches:
    print(f"{name}:", "; ".join(
        f"{kind} tag: If-None-Match {tag}{', If-Modified-Since' if dated else ''}"
        for kind in ("strong", "weak")
        for tag, dated in [asked.get(f"{kind} {name}", ["not asked", False])]
    ))
PY
port=$(free_port)
background python3 serve.py "$port"
start_caches "$port"
# shellcheck disable=SC2046
python3 ask.py "origin=$port" $(ports) >"$seen"
compare <<'END'
nginx: strong tag: If-None-Match None; weak tag: If-None-Match None
nginx-revalidate: strong tag: If-None-Match "a"; weak tag: If-None-Match W/"a"
varnish: strong tag: If-None-Match None; weak tag: If-None-Match None
squid: strong tag: If-None-Match "a", If-Modified-Since; weak tag: If-None-Match None, If-Modified-Since
haproxy: strong tag: If-None-Match None; weak tag: If-None-Match None
apache: strong tag: If-None-Match "a"; weak tag: If-None-Match W/"a"
ats: strong tag: If-None-Match "a"; weak tag: If-None-Match "a"
END
