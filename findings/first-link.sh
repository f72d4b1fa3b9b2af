#!/usr/bin/env bash
# The first link of an Atom feed is its address, be it that of an archive; likewise of an entry.
#
# Guess: which link is the address of a feed or an entry is said by rel; without one it is "alternate" (RFC 4287 4.2.7.2),
#        and the order has no meaning.
# True:  two libraries take the first link, whatever it is: the site of the feed is page 2 of its archive (RFC 5005), and an
#        entry is found where its replies are (RFC 4685). A third knows alternate only where it is written, else it takes the
#        first one as well.
# Seen:  htmlparser2 12.0.0, @extractus/feed-extractor 8.0.3, rss-parser 3.13.0; right in npm's feedparser 2.6.0,
#        @rowanmanning/feed-parser 2.1.5 and feedparser 6.0.14, November 2026.
# For us: rel="alternate" is written, and comes before self, hub, prev-archive, via and all others, in feeds and in entries.
. "$(dirname "$0")/lib.sh"
npm_install htmlparser2@12.0.0 @extractus/feed-extractor@8.0.3 rss-parser@3.13.0 feedparser@2.6.0

cat >read.mjs <<'JS'
import { extractFromXml } from '@extractus/feed-extractor';
import FeedParser from 'feedparser';
import { parseFeed } from 'htmlparser2';
import Parser from 'rss-parser';
const atom = (rel) => `<feed xmlns="http://www.w3.org/2005/Atom"><link rel="prev-archive" href="https://example.com/archive/2.atom"/>
<link ${rel}href="https://example.com/"/><title>News</title><id>urn:example:feed</id><updated>2026-11-05T10:00:00Z</updated>
<author><name>N</name></author><entry><link rel="replies" href="https://example.com/1/replies.atom"/>
<link ${rel}href="https://example.com/1"/><id>urn:example:1</id><title>T</title><updated>2026-11-05T10:00:00Z</updated></entry></feed>`;
const read = {
    'htmlparser2': (text) => parseFeed(text, { xmlMode: true }),
    'feed-extractor': (text) => { const feed = extractFromXml(text); return { link: feed.link, items: feed.entries }; },
    'rss-parser': (text) => new Parser().parseString(text),
    'feedparser': (text) => new Promise((done) => {
        const parser = new FeedParser({}), items = [];
        parser.on('readable', () => { for (let item; (item = parser.read());) items.push(item); });
        parser.on('end', () => done({ link: parser.meta.link, items }));
        parser.end(text);
    }),
};
for (const [name, parse] of Object.entries(read))
    for (const rel of ['rel="alternate" ', '']) {
        const feed = await parse(atom(rel));
        console.log(`${name.padEnd(14)}  ${rel ? 'written' : 'no rel '}  ${feed.link}  ${feed.items[0].link}`);
    }
JS
node read.mjs >"$seen"
compare <<'END'
htmlparser2     written  https://example.com/archive/2.atom  https://example.com/1/replies.atom
htmlparser2     no rel   https://example.com/archive/2.atom  https://example.com/1/replies.atom
feed-extractor  written  https://example.com/archive/2.atom  https://example.com/1/replies.atom
feed-extractor  no rel   https://example.com/archive/2.atom  https://example.com/1/replies.atom
rss-parser      written  https://example.com/  https://example.com/1
rss-parser      no rel   https://example.com/archive/2.atom  https://example.com/1/replies.atom
feedparser      written  https://example.com/  https://example.com/1
feedparser      no rel   https://example.com/  https://example.com/1
END
