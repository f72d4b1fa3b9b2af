#!/usr/bin/env bash
# An address with a query or a fragment ends with a slash in the feed: `?id=5` is `?id=5/`.
#
# Guess: @astrojs/rss, which adds a slash to paths, adds it to the path, before "?" and "#".
# True:  it stands at the very end, in the link and in the guid, which says that it is a permalink: `?id=5/`, `?utm_source=feed/`,
#        `#figures/`, without an error; only complete addresses stay. `trailingSlash: false` adds none, and takes one away that
#        belonged to a value.
# Seen:  @astrojs/rss 4.0.19, Node 20, December 2026.
# For us: the id is kept byte for byte when such a feed moves in; the old address that needs a redirect is the one without slash.
. "$(dirname "$0")/lib.sh"
npm_install @astrojs/rss@4.0.19

cat >feed.mjs <<'JS'
import rss from '@astrojs/rss';
const links = ['/release/', '/release', '/release.html', '/show?id=5', '/release/?utm_source=feed', '/release#figures',
  'https://other.example/show?id=5', '/login?next=/desk/'];
for (const trailingSlash of [undefined, false]) {
  const items = links.map(link => ({ title: link, link, pubDate: new Date('2026-12-01') }));
  const text = await (await rss({ title: 'News', description: 'd', site: 'https://news.example', items, trailingSlash })).text();
  for (const [, item] of text.matchAll(/<item>(.*?)<\/item>/gs)) {
    const [title, link, guid] = ['title', 'link', 'guid'].map(name => item.match(new RegExp(`<${name}[^>]*>(.*?)<`))[1]);
    console.log(`${String(trailingSlash ?? 'default').padEnd(8)}${title.padEnd(33)}${link}${link === guid ? '' : ` guid ${guid}`}`);
  }
}
JS
node feed.mjs >"$seen"
compare <<'END'
default /release/                        https://news.example/release/
default /release                         https://news.example/release/
default /release.html                    https://news.example/release.html
default /show?id=5                       https://news.example/show?id=5/
default /release/?utm_source=feed        https://news.example/release/?utm_source=feed/
default /release#figures                 https://news.example/release#figures/
default https://other.example/show?id=5  https://other.example/show?id=5
default /login?next=/desk/               https://news.example/login?next=/desk/
false   /release/                        https://news.example/release
false   /release                         https://news.example/release
false   /release.html                    https://news.example/release.html
false   /show?id=5                       https://news.example/show?id=5
false   /release/?utm_source=feed        https://news.example/release/?utm_source=feed
false   /release#figures                 https://news.example/release#figures
false   https://other.example/show?id=5  https://other.example/show?id=5
false   /login?next=/desk/               https://news.example/login?next=/desk
END
