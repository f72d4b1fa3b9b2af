#!/usr/bin/env bash
# Clients that pass for a browser say that somebody opens the feed in a window, also where they ask for Atom.
#
# Guess: such clients have a browser's handshake and User-Agent. "Sec-Fetch-Mode: navigate" is for addresses that were typed or
#        clicked (Fetch Metadata); a program that asks for application/atom+xml has a request without it, or with "cors".
# True:  all three send navigate, document and the rest of a click with every request, whatever Accept the program gives.
#        curl_cffi does so as Chrome and Safari, and says "cors" as Firefox. A server that gives people a page and readers the
#        feed by that field gives these programs the page.
# Seen:  curl_cffi 0.17.0, impit 0.15.1, primp 2.0.1 (PyPI), December 2026.
# For us: such a program adds ?raw to the address, as docs/delivery.md says.
. "$(dirname "$0")/lib.sh"
pip_install curl_cffi==0.17.0 impit==0.15.1 primp==2.0.1

cat >fetch.py <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import curl_cffi
import impit
import primp

asked = []


class Feed(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.headers)
        self.send_response(200)
        self.send_header("Content-Type", "application/atom+xml")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/feeds/all.atom"
accept = {"Accept": "application/atom+xml"}
for browser in ("chrome", "safari", "firefox"):
    curl_cffi.get(url, impersonate=browser, headers=accept)
    primp.Client(impersonate=browser).get(url, headers=accept)
    if browser != "safari":  # impit has the other two
        impit.Client(browser=browser).get(url, headers=accept)
    for library in ("curl_cffi", "primp", "impit"):
        if asked:
            headers = asked.pop(0)
            print(f"{browser:8} {library:10}", *(headers[name] for name in ("Accept", "Sec-Fetch-Mode", "Sec-Fetch-Dest")))
PY
"$python" fetch.py >"$seen"
compare <<'END'
chrome   curl_cffi  application/atom+xml navigate document
chrome   primp      application/atom+xml navigate document
chrome   impit      application/atom+xml navigate document
safari   curl_cffi  application/atom+xml navigate document
safari   primp      application/atom+xml navigate document
firefox  curl_cffi  application/atom+xml cors empty
firefox  primp      application/atom+xml navigate document
firefox  impit      application/atom+xml navigate document
END
