#!/usr/bin/env bash
# Media RSS in front of an entry's own texts takes their place.
#
# Guess: order means nothing in Atom; media:description is the picture's and summary is the entry's, wherever they stand.
# True:  feedparser takes the first description of either kind as the summary, and moves the entry's true summary into
#        its content; @rowanmanning/feed-parser takes media:content for atom:content, because the local names agree,
#        and gives the picture's title, text, credit and category run together as the entry's whole content.
#        With the same elements behind the entry's own, both are right.
# Seen:  feedparser 6.0.14, @rowanmanning/feed-parser 2.1.5, November 2026.
# For us: media elements are the last in an entry, behind summary and content.
. "$(dirname "$0")/lib.sh"
pip_install feedparser==6.0.14
npm_install @rowanmanning/feed-parser@2.1.5

"$python" - <<'PY'
OWN = '<summary>Own summary</summary><content type="html">&lt;p&gt;Own content&lt;/p&gt;</content>'
MEDIA = (
    '<media:content url="https://example.com/a.jpg" type="image/jpeg"><media:title>Picture</media:title>'
    "<media:description>The picture</media:description><media:credit>Ann</media:credit></media:content>"
)
for name, body in (("last", OWN + MEDIA), ("first", MEDIA + OWN)):
    with open(f"{name}.atom", "w") as file:
        file.write(
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"><title>News</title>'
            "<id>urn:example:feed</id><updated>2026-11-05T10:00:00Z</updated><author><name>N</name></author><entry>"
            '<title>Title</title><id>urn:example:1</id><link href="https://example.com/1"/>'
            f"<updated>2026-11-05T10:00:00Z</updated>{body}</entry></feed>"
        )
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import { parseFeed } from '@rowanmanning/feed-parser';
for (const name of ['last', 'first']) {
  const [entry] = parseFeed(fs.readFileSync(`${name}.atom`, 'utf8')).items;
  console.log(`media ${name}: @rowanmanning/feed-parser  summary "${entry.description}", content "${entry.content}"`);
}
JS
{
    "$python" - <<'PY'
import feedparser

for name in ("last", "first"):
    entry = feedparser.parse(f"{name}.atom").entries[0]
    content = ", ".join(part.value for part in entry.content)
    print(f'media {name}: feedparser  summary "{entry.summary}", content "{content}"')
PY
    node read.mjs
} >"$seen"
compare <<'END'
media last: feedparser  summary "Own summary", content "<p>Own content</p>"
media first: feedparser  summary "The picture", content "Own summary, <p>Own content</p>"
media last: @rowanmanning/feed-parser  summary "Own summary", content "<p>Own content</p>"
media first: @rowanmanning/feed-parser  summary "Own summary", content "PictureThe pictureAnn"
END
