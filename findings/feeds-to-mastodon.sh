#!/usr/bin/env bash
# Posts of new releases that link nowhere, and old releases that are posted again at each run.
#
# Guess: the template that the set-up writes, "{title} {url}", gives a post with the entry's link; a text that is too long for a
#        post is cut before the link, which Mastodon counts as 23 characters however long it is; what was posted is remembered
#        for each feed.
# True:  feediverse's {url} is the entry's id: "Budget adopted tag:press.example,2026:7", with nothing to click; {link} is the
#        link. All three cut the finished text at 500, so "{title}: {summary} {link}" loses the link where the summary is long.
#        feed2toot remembers 100 ids for all feeds together and looks at ten entries of each: with eleven feeds every entry of every
#        feed pushes out one that stands in the next, and all 110 are posted again at each run; with ten feeds none.
# Seen:  feediverse 0.4.1, better-feediverse 2.1.0, feed2toot 0.17, Mastodon.py 1.8.1, December 2026.
# For us: ids stay ids; who posts our feeds takes {link}, in front of the summary, and sets cache_limit to ten for each feed and more.
. "$(dirname "$0")/lib.sh"
pip_install feediverse==0.4.1 better-feediverse==2.1.0 feed2toot==0.17 Mastodon.py==1.8.1

cat >instance.py <<'PY'
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs


class Instance(BaseHTTPRequestHandler):  # as much of Mastodon's interface as posting needs
    def do_GET(self) -> None:
        self.answer({"version": "4.5.0", "uri": "social.example", "title": "S"})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        with Path("posts").open("a") as file:
            print(form["status"][0], file=file)
        self.answer({"id": "1", "content": "", "created_at": "2026-11-05T10:00:00Z"})

    def answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(sys.argv[1])), Instance).serve_forever()
PY
port=$(free_port)
background "$python" instance.py "$port"
wait_for "$port"

"$python" - "$port" <<'PY'
import sys
from pathlib import Path


def feed(name: str, count: int, summary: str) -> None:
    entries = "".join(
        f"<entry><id>tag:press.example,2026:{name}-{n}</id><title>Budget adopted</title><updated>2026-11-05T10:0{n}:00Z</updated>"
        f'<link href="https://press.example/releases/{name}-{n}"/><summary>{summary}</summary></entry>'
        for n in range(count)
    )
    Path(f"{name}.atom").write_text(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><id>tag:press.example,2026:{name}</id>'
        f"<updated>2026-11-05T10:00:00Z</updated><author><name>M</name></author>{entries}</feed>"
    )


feed("long", 1, "The council has adopted the budget. " * 20)
for number in range(11):
    feed(f"feed{number}", 10, "Short.")
instance = f"http://127.0.0.1:{sys.argv[1]}"
for name, template in (("url", "{title} {url}"), ("link", "{title} {link}"), ("summary", "{title}: {summary} {link}")):
    Path(f"feediverse-{name}").write_text(
        f"name: f\nurl: {instance}\nclient_id: c\nclient_secret: s\naccess_token: t\n"
        f"feeds:\n- url: long.atom\n  template: '{template}'\n"
        "updated: '2026-01-01T00:00:00+00:00'\n"
    )
Path("client").write_text(f"c\ns\n{instance}\n")
Path("user").write_text(f"t\n{instance}\n")
for name, feeds, form in (("summary", ["long"], "{title}: {summary} {link}"), *((f"{n}", [f"feed{m}" for m in range(n)], "{link}") for n in (10, 11))):
    Path(f"feed2toot-{name}").write_text(
        f"[mastodon]\ninstance_url={instance}\nuser_credentials=user\nclient_credentials=client\n"
        f"[cache]\ncachefile=cache-{name}\n[lock]\nlock_file=lock-{name}\n[rss]\nuri_list=list-{name}\ntoot={form}\n"
    )
    Path(f"list-{name}").write_text("".join(f"{each}.atom\n" for each in feeds))
PY
bin=$work/venv/bin
{
    for tool in feediverse better_feediverse; do
        for name in url link summary; do
            cp "feediverse-$name" config
            rm -f posts
            "$bin/python" -W ignore -m "$tool" --config config >>"$work/background.log" 2>&1
            echo "$tool, $name: $(wc -m <posts) characters, … $(tail -c 50 posts | tr '\n' ' ')"
        done
    done
    rm -f posts
    "$bin/python" -W ignore "$bin/feed2toot" --config feed2toot-summary >>"$work/background.log" 2>&1
    echo "feed2toot, summary: $(wc -m <posts) characters, … $(tail -c 50 posts | tr '\n' ' ')"
    for name in 10 11; do
        for run in first second third; do
            rm -f posts
            touch posts
            "$bin/python" -W ignore "$bin/feed2toot" --config "feed2toot-$name" >>"$work/background.log" 2>&1
            echo "feed2toot, $name feeds of ten entries, $run run: $(wc -l <posts) posts"
        done
    done
} >"$seen"
compare <<'END'
feediverse, url: 45 characters, … Budget adopted tag:press.example,2026:long-0 
feediverse, link: 53 characters, … get adopted https://press.example/releases/long-0 
feediverse, summary: 500 characters, … e council has adopted the budget. The council has 
better_feediverse, url: 45 characters, … Budget adopted tag:press.example,2026:long-0 
better_feediverse, link: 53 characters, … get adopted https://press.example/releases/long-0 
better_feediverse, summary: 500 characters, … uncil has adopted the budget. The c…  (more…) 
feed2toot, summary: 500 characters, … e council has adopted the budget. The council ... 
feed2toot, 10 feeds of ten entries, first run: 100 posts
feed2toot, 10 feeds of ten entries, second run: 0 posts
feed2toot, 10 feeds of ten entries, third run: 0 posts
feed2toot, 11 feeds of ten entries, first run: 110 posts
feed2toot, 11 feeds of ten entries, second run: 110 posts
feed2toot, 11 feeds of ten entries, third run: 110 posts
END
