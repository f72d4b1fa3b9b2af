#!/usr/bin/env bash
# A generator writes every attachment of an Atom feed as a picture, whatever type it is told.
#
# Guess: `enclosure: { url, type: "application/pdf", length }`, as the README documents it, is written with that type.
# True:  in Atom the type that was given is not looked at: it is "image/" and whatever follows the last dot of the path; a path
#        without a dot gives "image//media/4711", which is no media type. RSS keeps the type, but of an attachment and a picture
#        it writes the picture alone. JSON Feed gets no attachments, and of two authors the first.
# Seen:  npm's feed 6.0.0, November 2026.
# For us: of others' Atom enclosures the type is a hint; what the file's server says counts.
. "$(dirname "$0")/lib.sh"
npm_install feed@6.0.0

cat >write.mjs <<'JS'
import { Feed } from 'feed';
const feed = new Feed({ title: 'News', id: 'urn:f', link: 'https://e.example/', updated: new Date(0) });
const item = { title: 'T', date: new Date(0), author: [{ name: 'Anna' }, { name: 'Carl' }] };
const pdf = path => ({ url: `https://e.example${path}`, type: 'application/pdf', length: 3000 });
feed.addItem({ ...item, id: 'urn:1', link: 'https://e.example/1', enclosure: pdf('/report.pdf') });
feed.addItem({ ...item, id: 'urn:2', link: 'https://e.example/2', enclosure: pdf('/media/4711') });
feed.addItem({ ...item, id: 'urn:3', link: 'https://e.example/3', enclosure: pdf('/report.pdf'), image: 'https://e.example/p.jpg' });
for (const [name, text] of [['atom', feed.atom1()], ['rss', feed.rss2()]])
  for (const tag of text.match(/<(link rel="enclosure"|enclosure )[^>]*>/g)) console.log(name, tag);
const [json] = JSON.parse(feed.json1()).items;
console.log('json', JSON.stringify(json.author), JSON.stringify(json.authors), JSON.stringify(json.attachments));
JS
node write.mjs >"$seen"
compare <<'END'
atom <link rel="enclosure" href="https://e.example/report.pdf" type="image/pdf" length="3000"/>
atom <link rel="enclosure" href="https://e.example/media/4711" type="image//media/4711" length="3000"/>
atom <link rel="enclosure" href="https://e.example/report.pdf" type="image/pdf" length="3000"/>
atom <link rel="enclosure" href="https://e.example/p.jpg" type="image/jpg"/>
rss <enclosure length="3000" type="application/pdf" url="https://e.example/report.pdf"/>
rss <enclosure length="3000" type="application/pdf" url="https://e.example/media/4711"/>
rss <enclosure url="https://e.example/p.jpg" length="0" type="image/jpg"/>
json {"name":"Anna"} undefined undefined
END
