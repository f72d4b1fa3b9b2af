#!/usr/bin/env bash
# No cache of Debian's reads CDN-Cache-Control, and Varnish reads half of Surrogate-Control.
#
# Guess: RFC 9213 is of 2022 and CDNs have it; the caches that one runs oneself know it, or one of its predecessors.
# True:  none of six obeys CDN-Cache-Control: "no-store" in it is stored, "max-age" in it does not outweigh no-store. Varnish's
#        builtin VCL looks whether Surrogate-Control is there, and if so passes over Cache-Control's no-store, but not what it
#        says: an answer with "Cache-Control: no-store" and "Surrogate-Control: max-age=1" is stored for Varnish's default time
#        of two minutes, and nowhere else.
# Seen:  nginx 1.22.1, Varnish 7.1.1, Squid 5.7, HAProxy 2.6.12, Apache 2.4.71, Traffic Server 9.2.5 (Debian 12), November 2026.
# For us: one Cache-Control for all, s-maxage where a shared cache differs; Surrogate-Control is never sent.
. "$(dirname "$0")/lib.sh"
. "$here/caches.sh"
unpack_caches

cat >serve.py <<'PY'
import sys

from origin import serve

RULES = {
    "cdn-no-store": ["Cache-Control: max-age=60", "CDN-Cache-Control: no-store"],
    "cdn-max-age": ["Cache-Control: no-store", "CDN-Cache-Control: max-age=60"],
    "surrogate": ["Cache-Control: no-store", "Surrogate-Control: max-age=1"],
}
serve(int(sys.argv[1]), {name: (lambda fields: lambda count, _: (b"", "200 OK", fields, b"%d" % count))(fields) for name, fields in RULES.items()})
PY
cat >ask.py <<'PY'
import sys
import time

from origin import get

caches = [argument.split("=") for argument in sys.argv[1:]]
rules = ("cdn-no-store", "cdn-max-age", "surrogate")
for pause_s in (0, 15):
    time.sleep(pause_s)
    bodies = {(name, rule): get(int(port), f"/{rule}/{name}")[2] for name, port in caches for rule in rules}
for name, _ in caches:
    print(f"{name}:", ", ".join(f"{rule} {'stored' if bodies[name, rule] == '1' else '-'}" for rule in rules))
PY
port=$(free_port)
background python3 serve.py "$port"
start_caches "$port"
# shellcheck disable=SC2046
python3 ask.py $(ports) >"$seen"
compare <<'END'
nginx: cdn-no-store stored, cdn-max-age -, surrogate -
nginx-revalidate: cdn-no-store stored, cdn-max-age -, surrogate -
varnish: cdn-no-store stored, cdn-max-age -, surrogate stored
squid: cdn-no-store stored, cdn-max-age -, surrogate -
haproxy: cdn-no-store stored, cdn-max-age -, surrogate -
apache: cdn-no-store stored, cdn-max-age -, surrogate -
ats: cdn-no-store stored, cdn-max-age -, surrogate -
END
