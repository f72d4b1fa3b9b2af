#!/usr/bin/env bash
# With its new version an HTTP cache keeps the first document of a feed for ever.
#
# Guess: hishel, a cache for requests and httpx, obeys RFC 9111 in version 2 as it does in version 1: after max-age it asks with
#        the tag, no-cache and no-store are heeded, and Vary keeps formats apart.
# True:  version 2 reads no caching header at all. The first 200 of an address is the answer to everybody from then on, also
#        after a restart, since it is in a file, and nothing there has an end. max-age, no-cache, no-store, private and Vary count
#        for nothing: where Atom was asked for first, JSON Feed is Atom. rfc=True makes it as before. A program that asks for
#        "hishel" without a version has been so since November 2026, with no line of it changed.
# Seen:  hishel 1.4.0 and 2.0.0 with requests 2.34.2, December 2026.
# For us: nothing that an answer says reaches such a reader; docs/readers.md names the setting.
. "$(dirname "$0")/lib.sh"

cat >origin_of_feeds.py <<'PY'
import sys

from origin import serve


def feed(cache_control, *fields):
    """Another document at each request."""
    def answer(number, headers):
        tag = f'"v{number}"'
        if headers.get("if-none-match") == tag:
            number, tag = number + 1, f'"v{number + 1}"'
        kind = "JSON" if "json" in headers.get("accept", "") else "Atom"
        return b"", "200 OK", [f"ETag: {tag}", f"Cache-Control: {cache_control}", *fields], f"{kind} {number}".encode()
    return answer


serve(int(sys.argv[1]), {
    "max-age=1": feed("public, max-age=1"),
    "no-cache": feed("no-cache"),
    "no-store": feed("private, no-store"),
    "Vary": feed("public, max-age=60", "Vary: Accept"),
})
PY
cat >read.py <<'PY'
"""The same program for both versions, with the library's defaults."""
import sys
import time

import requests
from hishel.requests import CacheAdapter

port, address, name, *settings = sys.argv[1:]
session = requests.Session()
session.mount("http://", CacheAdapter(**dict.fromkeys(settings, True)))
for rule in ("max-age=1", "no-cache", "no-store", "Vary"):
    looks = []
    for look in range(3):
        kind = "application/feed+json" if rule == "Vary" and look else "application/atom+xml"
        looks.append(session.get(f"http://127.0.0.1:{port}/{rule}/{address}", headers={"Accept": kind}).text)
        time.sleep(1.2)
    print(f"{name:18} {rule:9} {', '.join(looks)}")
PY
pip_install hishel==1.4.0 requests==2.34.2
port=$(free_port)
background python3 origin_of_feeds.py "$port"
wait_for "$port"
{
    "$python" read.py "$port" first "1.4.0"
    pip_install hishel==2.0.0 requests==2.34.2 >&2
    "$python" read.py "$port" second "2.0.0"
    "$python" read.py "$port" second "2.0.0, restarted"
    "$python" read.py "$port" third "2.0.0, rfc=True" rfc
} >"$seen"
compare <<'END'
1.4.0              max-age=1 Atom 1, Atom 2, Atom 3
1.4.0              no-cache  Atom 1, Atom 2, Atom 3
1.4.0              no-store  Atom 1, Atom 2, Atom 3
1.4.0              Vary      Atom 1, JSON 2, JSON 2
2.0.0              max-age=1 Atom 1, Atom 1, Atom 1
2.0.0              no-cache  Atom 1, Atom 1, Atom 1
2.0.0              no-store  Atom 1, Atom 1, Atom 1
2.0.0              Vary      Atom 1, Atom 1, Atom 1
2.0.0, restarted   max-age=1 Atom 1, Atom 1, Atom 1
2.0.0, restarted   no-cache  Atom 1, Atom 1, Atom 1
2.0.0, restarted   no-store  Atom 1, Atom 1, Atom 1
2.0.0, restarted   Vary      Atom 1, Atom 1, Atom 1
2.0.0, rfc=True    max-age=1 Atom 1, Atom 2, Atom 3
2.0.0, rfc=True    no-cache  Atom 1, Atom 2, Atom 3
2.0.0, rfc=True    no-store  Atom 1, Atom 2, Atom 3
2.0.0, rfc=True    Vary      Atom 1, JSON 2, JSON 2
END
