#!/usr/bin/env bash
# libcurl shortens Retry-After to six hours.
#
# Guess: CURLINFO_RETRY_AFTER is the header's value in seconds ("the number of seconds the server suggests").
# True:  it is never more than 21600: a hub or host that asks for a day, a week or until a date is asked again after six
#        hours by whoever trusts it. The documentation does not say so.
# Seen:  pycurl 7.49.0 with libcurl 8.23.0, November 2026.
# For us: Retry-After is read from the header itself, in both of its forms, with a ceiling of our own.
. "$(dirname "$0")/lib.sh"
pip_install pycurl==7.49.0

cat >ask.py <<'PY'
import http.server
import threading

import pycurl


class Busy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Retry-After", self.path.strip("/").replace("_", " "))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Busy)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("libcurl", pycurl.version_info()[1])
RETRY_AFTER = getattr(pycurl, "RETRY_AFTER", 0x600000 + 57)
for value in ("120", "21600", "21601", "86400", "604800", "Thu,_01_Jan_2099_00:00:00_GMT"):
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"http://127.0.0.1:{server.server_port}/{value}")
    curl.setopt(pycurl.NOPROXY, "*")
    curl.setopt(pycurl.WRITEFUNCTION, len)
    curl.perform()
    print(f"Retry-After: {value.replace('_', ' ')} -> {curl.getinfo(RETRY_AFTER)}")
PY
"$python" ask.py >"$seen"
compare <<'END'
libcurl 8.23.0
Retry-After: 120 -> 120
Retry-After: 21600 -> 21600
Retry-After: 21601 -> 21600
Retry-After: 86400 -> 21600
Retry-After: 604800 -> 21600
Retry-After: Thu, 01 Jan 2099 00:00:00 GMT -> 21600
END
