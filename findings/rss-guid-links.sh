#!/usr/bin/env bash
# An RSS item without <link> has no address in most of npm's libraries, though its guid is one.
#
# Guess: RSS 2.0 makes guid a permalink unless it says isPermaLink="false", so an item may leave <link> out and libraries, whose
#        users want one field, fill it in; where guid says "false", it is nobody's link.
# True:  five of seven give no link at all, Python's feedparser and two of npm's do. One of these two, npm's feedparser, also
#        makes a link of a guid that says it is none, if it looks like an address: old CMS addresses that lead nowhere.
# Seen:  @extractus/feed-extractor 8.0.3, @rowanmanning/feed-parser 2.1.5, feedme 2.0.2, feedparser 2.6.0, feedsmith 3.0.1,
#        rss-parser 3.13.0, htmlparser2 9.1.0 (npm); feedparser 6.0.14 (PyPI), November 2026.
# For us: each item has <link>, and ids that are no addresses.
. "$(dirname "$0")/lib.sh"
pip_install feedparser==6.0.14 sgmllib3k==1.0.0
npm_install @extractus/feed-extractor@8.0.3 @rowanmanning/feed-parser@2.1.5 feedme@2.0.2 feedparser@2.6.0 feedsmith@3.0.1 \
    rss-parser@3.13.0 htmlparser2@9.1.0

python3 - <<'PY'
for name, attribute in (("permalink", ""), ("id", ' isPermaLink="false"')):
    with open(f"{name}.rss", "w") as file:
        file.write(
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>N</title><link>https://e.example/</link>'
            f"<description>d</description><item><title>T</title><guid{attribute}>https://e.example/7</guid></item></channel></rss>"
        )
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import { Readable } from 'stream';
import { extractFromXml } from '@extractus/feed-extractor';
import { parseFeed as rowan } from '@rowanmanning/feed-parser';
import FeedMe from 'feedme';
import FeedParser from 'feedparser';
import { parseFeed } from 'feedsmith';
import RssParser from 'rss-parser';
import * as htmlparser2 from 'htmlparser2';
const libraries = {
  '@extractus/feed-extractor': text => extractFromXml(text).entries,
  '@rowanmanning/feed-parser': text => rowan(text).items.map(({ url }) => ({ link: url })),
  feedme: text => { const parser = new FeedMe(true); parser.write(text); return parser.done().items; },
  feedparser: async text => {
    const items = [];
    for await (const item of Readable.from([text]).pipe(new FeedParser({ addmeta: false }))) items.push(item);
    return items;
  },
  feedsmith: text => parseFeed(text).feed.items,
  'rss-parser': async text => (await new RssParser().parseString(text)).items,
  htmlparser2: text => htmlparser2.parseFeed(text, { xmlMode: true }).items,
};
for (const name of ['permalink', 'id'])
  for (const [library, read] of Object.entries(libraries)) {
    const [item] = await read(fs.readFileSync(`${name}.rss`, 'utf8'));
    console.log(name.padEnd(9), library.padEnd(26), item.link || '-');
  }
JS
{
    node read.mjs
    "$python" -W ignore -c '
import feedparser
for name in ("permalink", "id"):
    print(f"{name:9}", "feedparser of Python      ", feedparser.parse(f"{name}.rss").entries[0].get("link", "-"))'
} >"$seen"
compare <<'END'
permalink @extractus/feed-extractor  https://e.example/7
permalink @rowanmanning/feed-parser  -
permalink feedme                     -
permalink feedparser                 https://e.example/7
permalink feedsmith                  -
permalink rss-parser                 -
permalink htmlparser2                -
id        @extractus/feed-extractor  -
id        @rowanmanning/feed-parser  -
id        feedme                     -
id        feedparser                 https://e.example/7
id        feedsmith                  -
id        rss-parser                 -
id        htmlparser2                -
permalink feedparser of Python       https://e.example/7
id        feedparser of Python       -
END
