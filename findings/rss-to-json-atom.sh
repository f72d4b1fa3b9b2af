#!/usr/bin/env bash
# Every Atom entry is dated now, and a media title replaces its own.
#
# Guess: a converter of RSS and Atom to JSON reads atom:published or atom:updated.
# True:  rss-to-json 2.1.1 reads neither: each entry gets the time of the parsing, so the oldest release in an Atom feed
#        is news at every poll; the same release in RSS is dated right. media:title within the entry replaces its title.
# Seen:  rss-to-json 2.1.1, November 2026.
# For us: media:group is never written, and media:title only inside media:content, where it does no harm. The dates can
#        not be mended from here: whoever converts our feeds so is pointed to RSS or JSON Feed.
. "$(dirname "$0")/lib.sh"
npm_install rss-to-json@2.1.1

cat >read.cjs <<'JS'
const http = require('http');
const { parse } = require('rss-to-json');
const atom = media => `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><title>News</title><id>urn:example:feed</id><updated>2020-01-01T10:00:00Z</updated><author><name>N</name></author><entry><title>Own title</title><id>urn:example:1</id><link href="https://example.com/1"/><published>2020-01-01T10:00:00Z</published><updated>2020-01-01T10:00:00Z</updated>${media}</entry></feed>`;
const rss = '<rss version="2.0"><channel><title>News</title><link>https://example.com/</link><description>News</description><item><title>Own title</title><guid isPermaLink="false">urn:example:1</guid><pubDate>Wed, 01 Jan 2020 10:00:00 +0000</pubDate></item></channel></rss>';
const documents = { '/rss': rss, '/atom': atom(''), '/media': atom('<media:group><media:title>Picture</media:title></media:group>') };
const server = http.createServer((request, response) => response.end(documents[request.url])).listen(0, '127.0.0.1', async () => {
  for (const path of Object.keys(documents)) {
    const begun = Date.now();
    const [item] = (await parse(`http://127.0.0.1:${server.address().port}${path}`)).items;
    const dated = item.published >= begun ? 'now' : new Date(item.published).toISOString();
    console.log(`${path}: title ${JSON.stringify(item.title)}, published ${dated}`);
  }
  server.close();
});
JS
node read.cjs >"$seen"
compare <<'END'
/rss: title "Own title", published 2020-01-01T10:00:00.000Z
/atom: title "Own title", published now
/media: title "Picture", published now
END
