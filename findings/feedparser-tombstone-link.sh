#!/usr/bin/env bash
# A tombstone's link becomes the feed's own page.
#
# Guess: at:deleted-entry (RFC 6721) is a foreign element, so feedparser passes over it and what is in it.
# True:  the children that are Atom's are read as if they stood in the feed: the link of the tombstone, which the RFC
#        allows, replaces the link of the feed (in Atom and in RSS), and the feed seems to live at the notice's address.
# Seen:  feedparser 6.0.14, November 2026. feedparser-rs 0.7.1 and fastfeedparser 0.6.5 do not do it.
# For us: tombstones carry at:comment and nothing of Atom's: no link, no at:by. A notice's address goes into an entry.
. "$(dirname "$0")/lib.sh"
pip_install feedparser==6.0.14 feedparser-rs==0.7.1 fastfeedparser==0.6.5

"$python" - >"$seen" <<'PY'
import fastfeedparser
import feedparser
import feedparser_rs

TOMBSTONE = (
    '<at:deleted-entry ref="urn:example:gone" when="2026-11-05T09:30:00Z"><at:comment>Withdrawn</at:comment>'
    '{}</at:deleted-entry>'
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
    "<title>News</title><id>urn:example:feed</id><updated>2026-11-05T10:00:00Z</updated><author><name>N</name></author>"
    '<link href="https://example.com/"/>' + TOMBSTONE.format('<link href="https://example.com/notice"/>') + "</feed>"
)
RSS = (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
    "<channel><title>News</title><link>https://example.com/</link><description>News</description>"
    + TOMBSTONE.format('<atom:link href="https://example.com/notice"/>') + "</channel></rss>"
)
for kind, document in (("Atom", ATOM), ("RSS", RSS)):
    for library in (feedparser, feedparser_rs, fastfeedparser):
        print(f"{kind:4} {library.__name__:14} feed.link = {library.parse(document.encode()).feed['link']}")
PY
compare <<'END'
Atom feedparser     feed.link = https://example.com/notice
Atom feedparser_rs  feed.link = https://example.com/
Atom fastfeedparser feed.link = https://example.com/
RSS  feedparser     feed.link = https://example.com/notice
RSS  feedparser_rs  feed.link = https://example.com/
RSS  fastfeedparser feed.link = https://example.com/
END
