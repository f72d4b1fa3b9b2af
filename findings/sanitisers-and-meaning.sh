#!/usr/bin/env bash
# Sanitisers that keep the text turn a struck price into a valid one, and number a countdown upwards.
#
# Guess: the default lists hold what HTML gives meaning by: del and ins beside s; ol's start together with reversed; dir.
# True:  sanitize-html keeps <s> but takes <del> and <ins> away and leaves their text: "from 90 80". feedparser and nh3 keep
#        start and drop reversed, so 3, 2, 1 becomes 3, 4, 5. nh3 and sanitize-html drop dir, and feedparser the whole bdi,
#        so Hebrew and Arabic run the wrong way; feedparser and sanitize-html glue <summary> to what follows it.
# Seen:  sanitize-html 2.17.5, nh3 0.3.8, feedparser 6.0.14, DOMPurify 3.5.0 (which keeps all), November 2026.
# For us: what a price was is safest in <s>, which all four keep (a <del> has one inside of it), and a countdown in numbers that stand in the text; our own
#        list of allowed attributes names dir, reversed and value, since nh3's does not.
. "$(dirname "$0")/lib.sh"
pip_install nh3==0.3.8 feedparser==6.0.14
npm_install sanitize-html@2.17.5 dompurify@3.5.0 jsdom@29.1.1

cat >bodies.json <<'END'
["<p>from <del>90</del> <ins>80</ins>, not <s>70</s></p>", "<ol start=\"3\" reversed=\"\"><li>c</li></ol>", "<p dir=\"rtl\">x <bdi dir=\"ltr\">y</bdi></p>", "<details><summary>More</summary>text</details>"]
END
cat >clean.py <<'PY'
import json

import feedparser
import nh3

for body in json.load(open("bodies.json")):
    print("nh3          ", nh3.clean(body))
    escaped = body.replace("&", "&amp;").replace("<", "&lt;")
    entry = f"<rss version='2.0'><channel><title>t</title><item><description>{escaped}</description></item></channel></rss>"
    print("feedparser   ", feedparser.parse(entry).entries[0].description)
PY
cat >clean.mjs <<'JS'
import fs from 'fs';
import sanitize from 'sanitize-html';
import createDOMPurify from 'dompurify';
import { JSDOM } from 'jsdom';
const purify = createDOMPurify(new JSDOM('').window);
for (const body of JSON.parse(fs.readFileSync('bodies.json', 'utf8'))) {
  console.log('sanitize-html', sanitize(body));
  console.log('DOMPurify    ', purify.sanitize(body));
}
JS
{
    "$python" clean.py
    node clean.mjs
} >"$seen"
compare <<'END'
nh3           <p>from <del>90</del> <ins>80</ins>, not <s>70</s></p>
feedparser    <p>from <del>90</del> <ins>80</ins>, not <s>70</s></p>
nh3           <ol start="3"><li>c</li></ol>
feedparser    <ol start="3"><li>c</li></ol>
nh3           <p>x <bdi>y</bdi></p>
feedparser    <p dir="rtl">x y</p>
nh3           <details><summary>More</summary>text</details>
feedparser    <details>Moretext</details>
sanitize-html <p>from 90 80, not <s>70</s></p>
DOMPurify     <p>from <del>90</del> <ins>80</ins>, not <s>70</s></p>
sanitize-html <ol><li>c</li></ol>
DOMPurify     <ol start="3" reversed=""><li>c</li></ol>
sanitize-html <p>x <bdi>y</bdi></p>
DOMPurify     <p dir="rtl">x <bdi dir="ltr">y</bdi></p>
sanitize-html Moretext
DOMPurify     <details><summary>More</summary>text</details>
END
