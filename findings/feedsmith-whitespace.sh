#!/usr/bin/env bash
# As soon as an address has an ampersand, it stands between line breaks and blanks.
#
# Guess: a generator that indents its XML leaves the texts alone: an element holds its text, escaped or in CDATA.
# True:  feedsmith puts every text with "&" or "<" into a CDATA section on a line of its own, with line breaks and indentation
#        within the element: link, guid, Atom's id and uri, names, categories. Texts without these characters stay as they are.
#        rss-parser, the most used reader of npm, hands all of it on: a link that begins with a line break, and an id that is
#        another one when the generator is changed. Six others trim; atoma does, but for categories.
# Seen:  feedsmith 3.0.1, rss-parser 3.13.0, @extractus/feed-extractor 8.0.3, @rowanmanning/feed-parser 2.1.5, feedme 2.0.2,
#        htmlparser2 12.0.0, feedparser 2.6.0 (npm), feedparser 6.0.14, atoma 0.0.17 (PyPI), December 2026.
# For us: what is read is trimmed, ids too; what is written has no blanks within elements that hold text.
. "$(dirname "$0")/lib.sh"
pip_install feedparser==6.0.14 sgmllib3k==1.0.0 atoma==0.0.17
npm_install feedsmith@3.0.1 rss-parser@3.13.0 @extractus/feed-extractor@8.0.3 @rowanmanning/feed-parser@2.1.5 feedme@2.0.2 \
    htmlparser2@12.0.0 feedparser@2.6.0

cat >write.mjs <<'JS'
import fs from 'fs';
import { generateAtomFeed, generateRssFeed } from 'feedsmith';
const when = new Date('2026-11-05T09:00:00Z');
for (const [name, id, title] of [['plain', 'https://e.example/?p=1', 'Budget'], ['and', 'https://e.example/?p=1&lang=en', 'R&D']]) {
  const item = { title, link: id, guid: { value: id }, pubDate: when, categories: [{ name: title }] };
  fs.writeFileSync(`${name}.rss`, generateRssFeed({ title: 'News', link: 'https://e.example/', description: 'd', items: [item] }));
  const entry = { id, title: { value: title }, updated: when, links: [{ href: id }], authors: [{ name: 'M' }] };
  fs.writeFileSync(`${name}.atom`, generateAtomFeed({ id: 'tag:e.example,2026:all', title: { value: 'News' }, updated: when, entries: [entry] }));
}
JS
node write.mjs
cat >read.mjs <<'JS'
import fs from 'fs';
import { Readable } from 'stream';
import { extractFromXml } from '@extractus/feed-extractor';
import { parseFeed as rowan } from '@rowanmanning/feed-parser';
import FeedMe from 'feedme';
import FeedParser from 'feedparser';
import * as htmlparser2 from 'htmlparser2';
import RssParser from 'rss-parser';
const libraries = {
  'rss-parser': async text => (await new RssParser().parseString(text)).items[0],
  '@extractus/feed-extractor': text => extractFromXml(text).entries[0],
  '@rowanmanning/feed-parser': text => { const [{ id, title, url }] = rowan(text).items; return { id, title, link: url }; },
  feedme: text => { const parser = new FeedMe(true); parser.write(text); return parser.done().items[0]; },
  htmlparser2: text => htmlparser2.parseFeed(text, { xmlMode: true }).items[0],
  feedparser: async text => {
    for await (const item of Readable.from([text]).pipe(new FeedParser({ addmeta: false }))) return item;
  },
};
for (const file of ['plain.rss', 'and.rss', 'plain.atom', 'and.atom'])
  for (const [library, read] of Object.entries(libraries)) {
    const item = await read(fs.readFileSync(file, 'utf8'));
    const id = item.guid?.text ?? item.guid ?? item.id;
    console.log(file.padEnd(10), library.padEnd(25), JSON.stringify([id, file.endsWith('rss') ? item.link : item.title]));
  }
JS
{
    node read.mjs
    "$python" -W ignore -c '
import json, atoma, feedparser
for file in ("plain.rss", "and.rss"):
    entry = feedparser.parse(file).entries[0]
    print(f"{file:10}", "feedparser (PyPI)        ", json.dumps([entry.id, entry.link, entry.tags[0].term]))
    item = atoma.parse_rss_file(file).items[0]
    print(f"{file:10}", "atoma                    ", json.dumps([item.guid, item.link, item.categories[0]]))'
} >"$seen"
compare <<'END'
plain.rss  rss-parser                ["https://e.example/?p=1","https://e.example/?p=1"]
plain.rss  @extractus/feed-extractor ["https://e.example/?p=1","https://e.example/?p=1"]
plain.rss  @rowanmanning/feed-parser ["https://e.example/?p=1","https://e.example/?p=1"]
plain.rss  feedme                    ["https://e.example/?p=1","https://e.example/?p=1"]
plain.rss  htmlparser2               ["https://e.example/?p=1","https://e.example/?p=1"]
plain.rss  feedparser                ["https://e.example/?p=1","https://e.example/?p=1"]
and.rss    rss-parser                ["\n        https://e.example/?p=1&lang=en\n      ","\n        https://e.example/?p=1&lang=en\n      "]
and.rss    @extractus/feed-extractor ["https://e.example/?p=1&lang=en","https://e.example/?p=1&lang=en"]
and.rss    @rowanmanning/feed-parser ["https://e.example/?p=1&lang=en","https://e.example/?p=1&lang=en"]
and.rss    feedme                    ["https://e.example/?p=1&lang=en","https://e.example/?p=1&lang=en"]
and.rss    htmlparser2               ["https://e.example/?p=1&lang=en","https://e.example/?p=1&lang=en"]
and.rss    feedparser                ["https://e.example/?p=1&lang=en","https://e.example/?p=1&lang=en"]
plain.atom rss-parser                ["https://e.example/?p=1","Budget"]
plain.atom @extractus/feed-extractor ["https://e.example/?p=1","Budget"]
plain.atom @rowanmanning/feed-parser ["https://e.example/?p=1","Budget"]
plain.atom feedme                    ["https://e.example/?p=1","Budget"]
plain.atom htmlparser2               ["https://e.example/?p=1","Budget"]
plain.atom feedparser                ["https://e.example/?p=1","Budget"]
and.atom   rss-parser                ["\n      https://e.example/?p=1&lang=en\n    ","\n      R&D\n    "]
and.atom   @extractus/feed-extractor ["https://e.example/?p=1&lang=en","R&D"]
and.atom   @rowanmanning/feed-parser ["https://e.example/?p=1&lang=en","R&D"]
and.atom   feedme                    ["https://e.example/?p=1&lang=en","R&D"]
and.atom   htmlparser2               ["https://e.example/?p=1&lang=en","R&D"]
and.atom   feedparser                ["https://e.example/?p=1&lang=en","R&D"]
plain.rss  feedparser (PyPI)         ["https://e.example/?p=1", "https://e.example/?p=1", "Budget"]
plain.rss  atoma                     ["https://e.example/?p=1", "https://e.example/?p=1", "Budget"]
and.rss    feedparser (PyPI)         ["https://e.example/?p=1&lang=en", "https://e.example/?p=1&lang=en", "R&D"]
and.rss    atoma                     ["https://e.example/?p=1&lang=en", "https://e.example/?p=1&lang=en", "\n        R&D\n      "]
END
