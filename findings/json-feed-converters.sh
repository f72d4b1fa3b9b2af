#!/usr/bin/env bash
# The npm converters of JSON Feed refuse version 1.1.
#
# Guess: 1.1 (August 2020) is a compatible revision, and says so; a converter reads it as 1, and at worst misses authors.
# True:  jsonfeed-to-atom and jsonfeed-to-rss compare the version's address letter by letter and raise "version 1 required" (in
#        both, with the name of the former). The same document under the address of version 1 is converted.
# Seen:  jsonfeed-to-atom 1.2.5, jsonfeed-to-rss 3.0.8, November 2026.
# For us: JSON Feed stays 1.1, and Atom and RSS are offered beside it, so nobody has to convert.
. "$(dirname "$0")/lib.sh"
npm_install jsonfeed-to-atom@1.2.5 jsonfeed-to-rss@3.0.8

cat >convert.cjs <<'JS'
for (const name of ['jsonfeed-to-atom', 'jsonfeed-to-rss'])
  for (const version of ['1', '1.1']) {
    const feed = { version: `https://jsonfeed.org/version/${version}`, title: 'News', home_page_url: 'https://example.com/', feed_url: 'https://example.com/feed.json', authors: [{ name: 'Ann' }], author: { name: 'Ann' }, items: [{ id: 'urn:example:1', url: 'https://example.com/1', title: 'Title', content_html: '<p>Text</p>', date_published: '2026-11-05T10:00:00Z' }] };
    try {
      console.log(name, version, 'converted:', require(name)(feed).includes('urn:example:1'));
    } catch (error) {
      console.log(name, version, error.message);
    }
  }
JS
node convert.cjs >"$seen"
compare <<'END'
jsonfeed-to-atom 1 converted: true
jsonfeed-to-atom 1.1 jsonfeed-to-atom: JSON feed version 1 required
jsonfeed-to-rss 1 converted: true
jsonfeed-to-rss 1.1 jsonfeed-to-atom: JSON feed version 1 required
END
