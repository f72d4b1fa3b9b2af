#!/usr/bin/env bash
# A correction makes an old Atom entry new: the date of publication is never read.
#
# Guess: what is called "published" or "pubDate" of an Atom entry comes from atom:published, and from atom:updated without one.
# True:  @extractus/feed-extractor (published) and htmlparser2 (pubDate) give atom:updated although atom:published is there;
#        feedparser and @rowanmanning/feed-parser give atom:published. The RSS of the same release is dated right by all.
# Seen:  @extractus/feed-extractor 8.0.3, htmlparser2 9.1.0, feedparser 2.6.0, @rowanmanning/feed-parser 2.1.5, Node 20,
#        November 2026.
# For us: no form helps but leaving atom:updated alone, which minor corrections do; a major one moves the entry there.
. "$(dirname "$0")/lib.sh"
npm_install @extractus/feed-extractor@8.0.3 htmlparser2@9.1.0 feedparser@2.6.0 @rowanmanning/feed-parser@2.1.5

cat >read.mjs <<'JS'
import { Readable } from "node:stream";
import { extractFromXml } from "@extractus/feed-extractor";
import { parseFeed } from "htmlparser2";
import FeedParser from "feedparser";
import { parseFeed as parse } from "@rowanmanning/feed-parser";

const text = `<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>N</title><updated>2026-02-02T00:00:00Z</updated>
<link rel="alternate" href="https://e.test/"/><entry><id>urn:1</id><title>T</title><link href="https://e.test/1"/>
<published>2026-01-01T00:00:00Z</published><updated>2026-02-02T00:00:00Z</updated><content>C</content></entry></feed>`;
const day = (moment) => new Date(moment).toISOString().slice(0, 10);
console.log("@extractus/feed-extractor", day(extractFromXml(text).entries[0].published));
console.log("htmlparser2", day(parseFeed(text).items[0].pubDate));
for await (const item of Readable.from([text]).pipe(new FeedParser())) console.log("feedparser", day(item.pubdate));
console.log("@rowanmanning/feed-parser", day(parse(text).items[0].published));
JS
node read.mjs >"$seen"
compare <<'END'
@extractus/feed-extractor 2026-02-02
htmlparser2 2026-02-02
feedparser 2026-01-01
@rowanmanning/feed-parser 2026-01-01
END
