#!/usr/bin/env bash
# A cache that bridges errors goes on showing a release that was withdrawn.
#
# Guess: stale_if_error=True does what Cache-Control's stale-if-error means (RFC 5861 4): the stored answer stands in for a 500,
#        502, 503 or 504, or where nobody answers; and cache_control=True obeys that directive of an answer.
# True:  requests-cache takes 410 and 404 for errors, too: what was there once is given as a 200, for as long as the cache is
#        kept, and the end of a feed or of a release is never seen; must-revalidate does not help. The directive itself is
#        not read: with cache_control=True alone a 503 comes through although the answer allows a day.
# Seen:  requests-cache 1.3.3 with requests 2.34.2, December 2026.
# For us: a retraction reaches such a program by the feed, which is changed and not gone; a feed that ends says so in a last
#        entry first.
. "$(dirname "$0")/lib.sh"
pip_install requests-cache==1.3.3 requests==2.34.2

cat >origin_of_releases.py <<'PY'
import sys

from origin import serve


def then(status, control="public, max-age=1"):
    """A release, and at every later request this status."""
    def answer(number, headers):
        if number == 1:
            return b"", "200 OK", [f"Cache-Control: {control}", 'ETag: "v1"'], b"the release"
        return b"", status, [], b"withdrawn"
    return answer


serve(int(sys.argv[1]), {
    "410": then("410 Gone"),
    "404": then("404 Not Found"),
    "503": then("503 Service Unavailable"),
    "410-must-revalidate": then("410 Gone", "public, max-age=1, must-revalidate"),
    "503-allowed": then("503 Service Unavailable", "public, max-age=1, stale-if-error=86400"),
})
PY
cat >read.py <<'PY'
import logging
import sys
import time

import requests_cache

logging.disable()
for name, settings in {"cache_control": {}, "stale_if_error": {"stale_if_error": True}}.items():
    for rule in ("410", "404", "410-must-revalidate", "503", "503-allowed"):
        session = requests_cache.CachedSession(backend="memory", cache_control=True, **settings)
        url = f"http://127.0.0.1:{sys.argv[1]}/{rule}/{name}"
        session.get(url)
        time.sleep(1.3)
        answer = session.get(url)
        print(f"{name:14} {rule:19} {answer.status_code} {answer.text}")
PY
port=$(free_port)
background python3 origin_of_releases.py "$port"
wait_for "$port"
"$python" read.py "$port" >"$seen"
compare <<'END'
cache_control  410                 410 withdrawn
cache_control  404                 404 withdrawn
cache_control  410-must-revalidate 410 withdrawn
cache_control  503                 503 withdrawn
cache_control  503-allowed         503 withdrawn
stale_if_error 410                 200 the release
stale_if_error 404                 200 the release
stale_if_error 410-must-revalidate 200 the release
stale_if_error 503                 200 the release
stale_if_error 503-allowed         200 the release
END
