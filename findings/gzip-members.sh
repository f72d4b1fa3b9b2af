#!/usr/bin/env bash
# A gzip body of two members is cut, silently, by half of the clients.
#
# Guess: RFC 1952 2.2 lets a gzip stream have several members, gunzip joins them, so every HTTP client does.
# True:  httpx, wget, Perl's LWP and Ruby's Net::HTTP give the first member and no error; libcurl refuses the answer, in
#        2023 as in 2026. requests, aiohttp and Node join them.
#        Two zstd frames, of which one would expect the same, are joined by all of those that know zstd.
# Seen:  httpx 0.28.1, requests 2.34.2, aiohttp 3.14.5, pycurl 7.49.0 (libcurl 8.23.0); Debian 12's wget 1.21.3, curl 7.88.1,
#        libwww-perl 6.68, ruby 3.1.2; Node 20, November 2026.
# For us: documents that are put together from entries compressed before are one member of many deflate blocks, never
#        members in a row, though that would be the simpler way.
. "$(dirname "$0")/lib.sh"
pip_install httpx==0.28.1 requests==2.34.2 urllib3==2.8.0 aiohttp==3.14.5 pycurl==7.49.0 backports.zstd==1.8.0 zstandard==0.25.0
for command in wget curl perl ruby node; do command -v "$command" >/dev/null || missing "$command"; done
perl -MLWP::UserAgent -e1 2>/dev/null || missing "libwww-perl"
curl --version | grep -q '^curl 7\.88\.1 ' || missing "curl 7.88.1 (Debian 12)"

cat >origin.py <<'PY'
import gzip
import http.server
import sys

import zstandard

FIRST, SECOND = b"<feed>" + b"a" * 994, b"b" * 993 + b"</feed>"
BODIES = {
    "/gzip": ("gzip", gzip.compress(FIRST) + gzip.compress(SECOND)),
    "/zstd": ("zstd", zstandard.compress(FIRST) + zstandard.compress(SECOND)),
}


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        coding, body = BODIES[self.path]
        self.send_response(200)
        self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Feed).serve_forever()
PY
cat >ask.py <<'PY'
import asyncio
import io
import sys

import aiohttp
import httpx
import pycurl
import requests


async def by_aiohttp(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


def by_pycurl(url: str) -> bytes:
    curl, body = pycurl.Curl(), io.BytesIO()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.ACCEPT_ENCODING, "gzip")
    curl.setopt(pycurl.WRITEDATA, body)
    curl.perform()
    return body.getvalue()


CLIENTS = {
    "requests": lambda url: requests.get(url, timeout=5).content,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "httpx": lambda url: httpx.get(url, timeout=5).content,
    "pycurl": by_pycurl,
}
for path in ("gzip", "zstd"):
    for name, ask in CLIENTS.items():
        if (path, name) == ("zstd", "pycurl"):
            continue  # its wheel is built without zstd
        try:
            result = f"{len(ask(sys.argv[1] + path))} of 2000 bytes"
        except pycurl.error as error:
            result = f"error {error.args[0]}, {error.args[1]}"
        print(f"{path} {name}: {result}")
PY
port=$(free_port)
background "$python" origin.py "$port"
wait_for "$port"
url=http://127.0.0.1:$port/
export no_proxy=127.0.0.1
size() { echo "$1: $(wc -c) of 2000 bytes"; }
{
    "$python" ask.py "$url"
    for coding in gzip zstd; do
        code=0
        curl -s --compressed -o body "$url$coding" || code=$?
        size "$coding curl 7.88.1, exit $code" <body
    done
    wget -qO- --compression=auto "${url}gzip" | size "gzip wget, exit 0"
    perl -MLWP::UserAgent -e 'print LWP::UserAgent->new->get($ARGV[0])->decoded_content(charset => "none")' "${url}gzip" | size "gzip LWP"
    ruby -rnet/http -e 'print Net::HTTP.get(URI(ARGV[0]))' "${url}gzip" | size "gzip Net::HTTP"
    node -e 'fetch(process.argv[1]).then(r => r.text()).then(text => process.stdout.write(text))' "${url}gzip" | size "gzip fetch of Node"
} >"$seen"
compare <<'END'
gzip requests: 2000 of 2000 bytes
gzip aiohttp: 2000 of 2000 bytes
gzip httpx: 1000 of 2000 bytes
gzip pycurl: error 23, Multi-member gzip response not supported
zstd requests: 2000 of 2000 bytes
zstd aiohttp: 2000 of 2000 bytes
zstd httpx: 2000 of 2000 bytes
gzip curl 7.88.1, exit 23: 1000 of 2000 bytes
zstd curl 7.88.1, exit 0: 2000 of 2000 bytes
gzip wget, exit 0: 1000 of 2000 bytes
gzip LWP: 1000 of 2000 bytes
gzip Net::HTTP: 1000 of 2000 bytes
gzip fetch of Node: 2000 of 2000 bytes
END
