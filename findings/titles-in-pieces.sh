#!/usr/bin/env bash
# A title that XML writes in several pieces loses some of them, in three different ways.
#
# Guess: text, CDATA sections and comments are one string to whoever uses an XML parser; only regular expressions break.
# True:  three libraries over real XML parsers take a part: ruby-feedparser the text before the first border, fastfeedparser
#        the text before a comment, @extractus/feed-extractor (fast-xml-parser) trims each piece so that words join.
#        "]]>" in CDATA needs such a border, so a title in CDATA is cut by ruby-feedparser, and with it by feed2imap.
# Seen:  ruby-feedparser 0.11.2 (Debian 12), fastfeedparser 0.6.5, @extractus/feed-extractor 8.0.3, November 2026.
#        (gofeed: gofeed-cdata.sh.)
# For us: titles are one piece of escaped text in every format; CDATA, if ever, only for bodies.
. "$(dirname "$0")/lib.sh"
pip_install fastfeedparser==0.6.5
npm_install @extractus/feed-extractor@8.0.3
command -v ruby >/dev/null || missing "ruby (Debian 12: apt-get install ruby ruby-magic)"
debian ruby-feedparser=0.11.2-1

"$python" - <<'PY'
TITLES = (
    "5 &lt; 7 &amp; <![CDATA[profit]]>",
    "<![CDATA[a]]]]><![CDATA[> b]]>",
    "Before<!-- seen by nobody --> and after",
)
entries = "".join(
    f"<entry><title>{title}</title><id>urn:example:{n}</id><link href='https://example.com/{n}'/>"
    "<updated>2026-11-05T10:00:00Z</updated></entry>"
    for n, title in enumerate(TITLES)
)
with open("feed.atom", "w") as file:
    file.write(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>urn:example:feed</id>'
        f"<updated>2026-11-05T10:00:00Z</updated><author><name>N</name></author>{entries}</feed>"
    )
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import { extractFromXml } from '@extractus/feed-extractor';
const feed = extractFromXml(fs.readFileSync('feed.atom', 'utf8'));
console.log('@extractus/feed-extractor', JSON.stringify(feed.entries.map(entry => entry.title)));
JS
cat >read.rb <<'RUBY'
require 'json'
require 'feedparser'
puts "ruby-feedparser #{JSON.generate(FeedParser::Feed.new(File.read('feed.atom')).items.map(&:title))}"
RUBY
{
    "$python" -c '
import json, fastfeedparser
print("fastfeedparser", json.dumps([e["title"] for e in fastfeedparser.parse(open("feed.atom").read()).entries]))'
    node read.mjs
    ruby -W0 -I "$(dirname "$(find "$root" -name feedparser.rb | sort | head -n 1)")" read.rb
} >"$seen"
compare <<'END'
fastfeedparser ["5 < 7 & profit", "a]]> b", "Before"]
@extractus/feed-extractor ["5 < 7 &profit","a]]> b","Before and after"]
ruby-feedparser ["5 < 7 &","a]]","Before"]
END
