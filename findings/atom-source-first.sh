#!/usr/bin/env bash
# Of a merged feed, the entries take the title, address and id of the feed that they came from.
#
# Guess: atom:source belongs to the entry and is a container; whoever knows Atom, or keeps to children, is not misled by it.
# True:  sfeed knows no nesting: the first title, link, id and author inside an entry count. With atom:source in front, where
#        RFC 4287 allows it (the order of children has no meaning), all entries of one origin have one title, one address and
#        one id; behind the entry's own elements only categories are added. htmlparser2 looks for the link in all depths, and
#        for everything else among the children: each title leads to the origin's front page.
# Seen:  sfeed 1.7-1 (Debian 12), htmlparser2 9.1.0 and 12.0.0; right in newsboat 2.21, rsstail 1.8, feedparser 6.0.14 and
#        npm's feedparser 2.6.0, feedsmith 3.0.1, rss-parser 3.13.0, November 2026.
# For us: we write no atom:source; whoever merges our feeds puts it last in the entry.
. "$(dirname "$0")/lib.sh"
debian sfeed=1.7-1
npm_install htmlparser2@9.1.0 newest@npm:htmlparser2@12.0.0

python3 - <<'PY'
SOURCE = """<source><id>urn:origin</id><title>Origin</title><updated>2020-01-01T00:00:00Z</updated>
<link href="https://origin.example/"/><author><name>Origin's author</name></author><category term="origins"/></source>"""
OWN = """<id>urn:entry</id><title>Own</title><updated>2026-11-05T10:00:00Z</updated><link href="https://e.example/1"/>
<author><name>Own author</name></author><category term="own"/>"""
for name, entry in (("first", SOURCE + OWN), ("last", OWN + SOURCE)):
    with open(f"{name}.atom", "w") as file:
        file.write(f"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:feed</id>
<title>Planet</title><updated>2026-11-05T10:00:00Z</updated><link href="https://planet.example/"/><entry>{entry}</entry></feed>""")
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import * as nine from 'htmlparser2';
import * as newest from 'newest';
for (const name of ['first', 'last'])
  for (const library of [nine, newest]) {
    const [item] = library.parseFeed(fs.readFileSync(`${name}.atom`, 'utf8'), { xmlMode: true }).items;
    console.log('htmlparser2', name.padEnd(5), item.id, item.title, item.link);
  }
JS
{
    for name in first last; do
        echo "sfeed       $name" "$("$root/usr/bin/sfeed" <"$name.atom" | cut -f 2,3,6,7,9 | tr '\t' ';')"
    done
    node read.mjs
} >"$seen"
compare <<'END'
sfeed       first Origin;https://origin.example/;urn:origin;Origin's author;origins|own
sfeed       last Own;https://e.example/1;urn:entry;Own author;own|origins
htmlparser2 first urn:entry Own https://origin.example/
htmlparser2 first urn:entry Own https://origin.example/
htmlparser2 last  urn:entry Own https://e.example/1
htmlparser2 last  urn:entry Own https://e.example/1
END
