#!/usr/bin/env bash
# An address made from a title multiplies percentages by ten.
#
# Guess: whatever is no letter and no digit becomes one hyphen: "2,5 Prozent" is "2-5-prozent", and "1/2" is "1-2".
# True:  python-slugify deletes a comma between digits, taking it for English thousands, while a point becomes a hyphen; npm's
#        slugify deletes comma and slash alike, and with `strict` the point as well. "Umsatz plus 2,5 Prozent" and "Umsatz plus
#        25 Prozent" are one address, and the first one says what the second one means. (@sindresorhus/slugify and
#        transliteration write hyphens.)
# Seen:  python-slugify 9.2.0, slugify 1.6.9, @sindresorhus/slugify 3.0.1, transliteration 2.6.1, November 2026.
# For us: decimal commas are replaced before the library sees the title; the piece of the id keeps addresses apart.
. "$(dirname "$0")/lib.sh"
pip_install python-slugify==9.2.0 text-unidecode==1.3
npm_install slugify@1.6.9 @sindresorhus/slugify@3.0.1 transliteration@2.6.1

cat >titles.json <<'JSON'
["Umsatz plus 2,5 Prozent", "Umsatz plus 25 Prozent", "Hausse de 1.234,50 euros", "Inflation at 2.5%", "1/2 Prozent"]
JSON
cat >slugs.mjs <<'JS'
import fs from 'fs';
import slugify from 'slugify';
import sindre from '@sindresorhus/slugify';
import { slugify as transliterated } from 'transliteration';
const titles = JSON.parse(fs.readFileSync('titles.json'));
const show = (name, make) => console.log(name.padEnd(16), titles.map(make).join(' | '));
show('slugify', title => slugify(title, { lower: true }));
show('slugify strict', title => slugify(title, { lower: true, strict: true }));
show('@sindresorhus', title => sindre(title));
show('transliteration', title => transliterated(title));
JS
{
    "$python" -c '
import json
from slugify import slugify
print("python-slugify   " + " | ".join(slugify(title) for title in json.load(open("titles.json"))))'
    node slugs.mjs
} >"$seen"
compare <<'END'
python-slugify   umsatz-plus-25-prozent | umsatz-plus-25-prozent | hausse-de-1-23450-euros | inflation-at-2-5 | 1-2-prozent
slugify          umsatz-plus-25-prozent | umsatz-plus-25-prozent | hausse-de-1.23450-euros | inflation-at-2.5percent | 12-prozent
slugify strict   umsatz-plus-25-prozent | umsatz-plus-25-prozent | hausse-de-123450-euros | inflation-at-25percent | 12-prozent
@sindresorhus    umsatz-plus-2-5-prozent | umsatz-plus-25-prozent | hausse-de-1-234-50-euros | inflation-at-2-5 | 1-2-prozent
transliteration  umsatz-plus-2-5-prozent | umsatz-plus-25-prozent | hausse-de-1.234-50-euros | inflation-at-2.5 | 1-2-prozent
END
