#!/usr/bin/env bash
# newsboat passes over a new document that has the date of the one before.
#
# Guess: a 200 with another ETag and other bytes is read; Last-Modified is sent back, and no more.
# True:  if Last-Modified is what it was, the body of the 200 is thrown away, whatever the ETag says. Two editions in one
#        second have one date: the second one's entries come only with the next date. Without a Last-Modified all are read.
# Seen:  newsboat 2.21-1.5 (Debian 12), November 2026.
# For us: each edition is dated a second after the one before at the least; one that is dated ahead is sent without a date.
. "$(dirname "$0")/lib.sh"
command -v newsboat >/dev/null || missing "newsboat (Debian 12's package)"
newsboat --version | head -n 1 | grep -q '2\.21' || missing "newsboat 2.21"

cat >serve.py <<'PY'
import http.server
import sys

DATE = "Sat, 28 Nov 2026 09:00:00 GMT"
looks = {"dated": 0, "undated": 0}


class Feed(http.server.BaseHTTPRequestHandler):
    """One entry more at each look, another tag, and the same date or none."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        looks[name] += 1
        items = "".join(
            f"<item><title>No {n}</title><guid isPermaLink='false'>{name}-{n}</guid></item>"
            for n in range(looks[name])
        )
        body = (
            "<?xml version='1.0'?><rss version='2.0'><channel><title>t</title><link>http://localhost/</link>"
            f"<description>d</description>{items}</channel></rss>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("ETag", f'"{looks[name]}"')
        if name == "dated":
            self.send_header("Last-Modified", DATE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Feed).serve_forever()
PY
port=$(free_port)
background python3 serve.py "$port"
wait_for "$port"
: >config
{
    for name in dated undated; do
        echo "http://127.0.0.1:$port/$name" >"urls-$name"
        for look in 1 2 3 4; do
            HOME=$work newsboat -u "urls-$name" -c "cache-$name.db" -C config -x reload >/dev/null
            held=$(python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM rss_item").fetchone()[0])' "cache-$name.db")
            echo "$name, look $look: $held of $look entries"
        done
    done
} >"$seen"
compare <<'END'
dated, look 1: 1 of 1 entries
dated, look 2: 2 of 2 entries
dated, look 3: 2 of 3 entries
dated, look 4: 2 of 4 entries
undated, look 1: 1 of 1 entries
undated, look 2: 2 of 2 entries
undated, look 3: 3 of 3 entries
undated, look 4: 4 of 4 entries
END
