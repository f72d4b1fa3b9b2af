#!/usr/bin/env bash
# GET http://host/path is another path to three of nine Python servers.
#
# Guess: RFC 9112 3.2.2: "a server MUST accept the absolute-form in requests", so frameworks see /path as ever.
# True:  uvicorn with h11, Hypercorn and wsgiref hand the whole URL to the application as its path: a router answers 404,
#        and a relative redirect goes astray. uvicorn with httptools is right, but answers 400 to an absolute-form without a
#        path (http://host), which is legal, too. Only Werkzeug's server takes the host from the URL, as the RFC demands.
#        So the same application with the same server behaves differently as httptools is installed or not.
# Seen:  uvicorn 0.54.0 (h11 0.16.0, httptools 0.9.0), Hypercorn 0.18.0, granian 2.8.9, gunicorn 27.0.1, waitress 3.0.2,
#        Werkzeug 3.1.9, wsgiref of Python 3.11, November 2026.
# For us: httptools is a fixed dependency and named in the configuration of the server, so feeds are found in this form, which
#        some proxies and monitors send; http://host without a path gets uvicorn's 400.
. "$(dirname "$0")/lib.sh"
pip_install uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0 Hypercorn==0.18.0 granian==2.8.9 gunicorn==27.0.1 waitress==3.0.2 \
    Werkzeug==3.1.9

cat >application.py <<'PY'
def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"path {environ['PATH_INFO']!r}, host {environ['HTTP_HOST']}".encode()]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    host = dict(scope["headers"])[b"host"].decode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"path {scope['path']!r}, host {host}".encode()})
PY
cat >ask.py <<'PY'
import re
import socket
import sys

name, port = sys.argv[1], int(sys.argv[2])
for target in ("http://a.example/feed.atom", "http://a.example"):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    said = re.search(r"path .*, host [a-z.]+", answer)
    print(f"{name:18} {target:27} {said[0] if said else answer.split(chr(13))[0]}")
PY
serve() {
    local name=$1 port
    port=$(free_port)
    shift
    background "${@//PORT/$port}"
    wait_for "$port"
    "$python" ask.py "$name" "$port"
}
bin=$work/venv/bin
{
    serve uvicorn+httptools "$bin/uvicorn" --http httptools --port PORT application:asgi
    serve uvicorn+h11 "$bin/uvicorn" --http h11 --port PORT application:asgi
    serve hypercorn "$bin/hypercorn" -b 127.0.0.1:PORT application:asgi
    serve granian "$bin/granian" --interface asgi --port PORT application:asgi
    serve gunicorn "$bin/gunicorn" -b 127.0.0.1:PORT application:wsgi
    serve waitress "$bin/waitress-serve" --listen=127.0.0.1:PORT application:wsgi
    serve werkzeug "$python" -c 'from werkzeug.serving import run_simple as run; from application import wsgi; run("127.0.0.1", PORT, wsgi)'
    serve wsgiref "$python" -c 'from wsgiref.simple_server import make_server; from application import wsgi; make_server("127.0.0.1", PORT, wsgi).serve_forever()'
} >"$seen"
compare <<'END'
uvicorn+httptools  http://a.example/feed.atom  path '/feed.atom', host b.example
uvicorn+httptools  http://a.example            HTTP/1.1 400 Bad Request
uvicorn+h11        http://a.example/feed.atom  path 'http://a.example/feed.atom', host b.example
uvicorn+h11        http://a.example            path 'http://a.example', host b.example
hypercorn          http://a.example/feed.atom  path 'http://a.example/feed.atom', host b.example
hypercorn          http://a.example            path 'http://a.example', host b.example
granian            http://a.example/feed.atom  path '/feed.atom', host b.example
granian            http://a.example            path '/', host b.example
gunicorn           http://a.example/feed.atom  path '/feed.atom', host b.example
gunicorn           http://a.example            path '', host b.example
waitress           http://a.example/feed.atom  path '/feed.atom', host b.example
waitress           http://a.example            path '', host b.example
werkzeug           http://a.example/feed.atom  path '/feed.atom', host a.example
werkzeug           http://a.example            path '', host a.example
wsgiref            http://a.example/feed.atom  path 'http://a.example/feed.atom', host b.example
wsgiref            http://a.example            path 'http://a.example', host b.example
END
