#!/usr/bin/env bash
# 103 Early Hints ends the request of clients that do not know it.
#
# Guess: every HTTP client skips 1xx answers (RFC 9110 15.2: it "MUST be able to parse" them); Python's may be old, but
#        requests and urllib3 look after it.
# True:  whatever stands upon Python 3.11's http.client takes 103 for the final answer. feedparser: status 103, no entries,
#        and no error (bozo is false), so the feed looks empty and well; requests: 103, which is "ok", and an empty body.
#        Perl's LWP does the same. httpx and aiohttp skip it. With urllib3-future in the place of urllib3 requests is right.
# Seen:  feedparser 6.0.14, requests 2.34.2 with urllib3 2.8.0, httpx 0.28.1, aiohttp 3.14.5 on Python 3.11, libwww-perl
#        6.68 (Debian 12), November 2026.
# For us: feeds are never preceded by 103, and a proxy or CDN that adds it is told not to for feeds' paths.
. "$(dirname "$0")/lib.sh"
python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || missing "Python 3.11 as python3"
pip_install feedparser==6.0.14 requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 aiohttp==3.14.5
debian libwww-perl=6.68-1 libhttp-message-perl libhttp-date-perl liburi-perl libnet-http-perl liblwp-mediatypes-perl \
    libencode-locale-perl libhtml-parser-perl libhtml-tagset-perl libio-html-perl libclone-perl libtry-tiny-perl \
    libtimedate-perl libhttp-negotiate-perl libhttp-cookies-perl libfile-listing-perl

cat >origin.py <<'PY'
"""Answers every request with 103 and then 200, on a connection of its own."""
import socket
import sys

FEED = b"<rss version='2.0'><channel><title>News</title><item><title>One</title></item></channel></rss>"
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection:
        if not connection.recv(65536):
            continue
        connection.sendall(
            b'HTTP/1.1 103 Early Hints\r\nLink: <https://hub.example/>; rel="hub"\r\n\r\n'
            b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            % (len(FEED), FEED)
        )
PY
port=$(free_port)
background python3 origin.py "$port"
wait_for "$port"
cat >ask.py <<'PY'
import asyncio
import sys
import urllib.request

import aiohttp
import feedparser
import httpx
import requests

url = sys.argv[1]
feed = feedparser.parse(url)
print(f"feedparser status {feed.status}, {len(feed.entries)} entries, bozo {feed.bozo}")
try:
    print("urllib", urllib.request.urlopen(url, timeout=5).status)
except OSError as error:
    print("urllib", error)
response = requests.get(url, timeout=5)
print(f"requests {response.status_code}, ok {response.ok}, {len(response.content)} bytes")
print("httpx", httpx.get(url, timeout=5).status_code)


async def ask() -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status


print("aiohttp", asyncio.run(ask()))
PY
{
    no_proxy=127.0.0.1 "$python" ask.py "http://127.0.0.1:$port/feed.rss"
    PERL5LIB="$root/usr/share/perl5:$root/usr/lib/x86_64-linux-gnu/perl5/5.36" perl -MLWP::UserAgent -e '
        my $response = LWP::UserAgent->new(timeout => 5)->get($ARGV[0]);
        print "LWP ", $response->code, ", ", length($response->content), " bytes\n"' "http://127.0.0.1:$port/feed.rss"
} >"$seen"
compare <<'END'
feedparser status 103, 0 entries, bozo False
urllib HTTP Error 103: Early Hints
requests 103, ok True, 0 bytes
httpx 200
aiohttp 200
LWP 103, 0 bytes
END
