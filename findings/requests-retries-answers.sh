#!/usr/bin/env bash
# `HTTPAdapter(max_retries=3)` waits for as long as the other server says, three times, though it is said never to.
#
# Guess: requests documents a number as "only failed DNS lookups, socket connections and connection timeouts, never … requests
#        where data has made it to the server": a 503 comes back at once.
# True:  the number becomes urllib3's Retry with its defaults, and these obey Retry-After of a 413, 429 or 503 for GET, HEAD,
#        PUT, DELETE and OPTIONS, with no list of statuses: the call sleeps in place, three times, and gives the 503 only then.
#        A poller of feeds stands still for as long as one host asks (urllib3 2.8 sleeps six hours at most each time).
#        Without the argument nothing is repeated.
# Seen:  requests 2.34.2, urllib3 2.8.0, November 2026.
# For us: the adapter gets no number; who counts retries passes Retry(…, respect_retry_after_header=False) and reads the header.
. "$(dirname "$0")/lib.sh"
pip_install requests==2.34.2 urllib3==2.8.0

"$python" - >"$seen" <<'PY'
import http.server
import threading
import time

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

asked = 0


class Busy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        global asked
        asked += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("documented as never:", "never to requests where data has" in HTTPAdapter.__doc__)
print("longest sleep:", Retry.from_int(3).retry_after_max, "s")
for retries, method in ((0, "GET"), (3, "GET"), (3, "POST"), (Retry(3, respect_retry_after_header=False), "GET")):
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=retries))
    asked, begun = 0, time.monotonic()
    status = session.request(method, f"http://127.0.0.1:{server.server_port}/feed").status_code
    slept = "some seconds" if time.monotonic() - begun > 2.5 else "no time"
    print(retries if isinstance(retries, int) else "not the header", method, status, "after", asked, "requests and", slept)
PY
compare <<'END'
documented as never: True
longest sleep: 21600 s
0 GET 503 after 1 requests and no time
3 GET 503 after 4 requests and some seconds
3 POST 503 after 1 requests and no time
not the header GET 503 after 1 requests and no time
END
