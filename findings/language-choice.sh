#!/usr/bin/env bash
# Accept-Language: negotiators give English to Austrians and Simplified characters to Hong Kong.
#
# Guess: with RFC 4647 in mind, "de-AT, en;q=0.3" against German and English is German everywhere, since 1 is more than 0.3.
# True:  Werkzeug, WebOb and @hapi/accept look for whole tags first, whatever their weight: English, because "en" is there
#        letter by letter and "de-AT" is not; Babel and npm's negotiator say German. For "zh-HK, zh" Werkzeug, WebOb, negotiator
#        and hapi take the first zh of the list, which is Simplified, and Babel none.
#        "no" (what Norwegians sent for years) never meets nb. langcodes and formatjs, which know distances, are right.
# Seen:  Werkzeug 3.1.9, WebOb 1.8.11, Babel 2.19.0, langcodes 3.5.1, negotiator 1.1.0, @hapi/accept 6.0.3,
#        @formatjs/intl-localematcher 0.10.1, November 2026.
# For us: a page's language is chosen by weight first, each tag shortened from the right (RFC 4647 3.4), with the few
#        equivalents that shortening cannot see (zh-TW, zh-HK, zh-MO: Hant; no: nb); not by best_match().
. "$(dirname "$0")/lib.sh"
pip_install Werkzeug==3.1.9 WebOb==1.8.11 babel==2.19.0 langcodes==3.5.1
npm_install negotiator@1.1.0 @hapi/accept@6.0.3 @formatjs/intl-localematcher@0.10.1

cat >asked.json <<'END'
[
  ["de-AT,en;q=0.3", ["de", "en"]],
  ["zh-TW,en;q=0.5", ["en", "zh-Hans", "zh-Hant"]],
  ["zh-HK,zh;q=0.9", ["zh-Hans", "zh-Hant"]],
  ["no,en;q=0.3", ["nb", "en"]],
  ["pt-BR,en;q=0.8", ["en", "pt-PT"]]
]
END
cat >choose.py <<'PY'
import json

import langcodes
from babel import negotiate_locale
from webob.acceptparse import create_accept_language_header
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

for header, offered in json.load(open("asked.json")):
    wished = [tag.partition(";")[0] for tag in header.split(",")]
    webob = create_accept_language_header(header).basic_filtering(offered)
    babel = negotiate_locale([tag.replace("-", "_") for tag in wished], [tag.replace("-", "_") for tag in offered])
    near = [langcodes.closest_match(tag, offered)[0] for tag in wished]
    print(
        f"{header} of {'/'.join(offered)}: Werkzeug {parse_accept_header(header, LanguageAccept).best_match(offered)}, "
        f"WebOb {webob[0][0] if webob else None}, Babel {babel}, langcodes {near[0]}"
    )
PY
cat >choose.mjs <<'JS'
import fs from 'fs';
import Negotiator from 'negotiator';
import accept from '@hapi/accept';
import { match } from '@formatjs/intl-localematcher';
for (const [header, offered] of JSON.parse(fs.readFileSync('asked.json', 'utf8'))) {
  const wished = header.split(',').map(tag => tag.split(';')[0]);
  const negotiator = new Negotiator({ headers: { 'accept-language': header } }).language(offered);
  console.log(`${header} of ${offered.join('/')}: negotiator ${negotiator}, hapi ${accept.language(header, offered)}, formatjs ${match(wished, offered, 'en')}`);
}
JS
{
    "$python" choose.py
    node choose.mjs
} >"$seen"
compare <<'END'
de-AT,en;q=0.3 of de/en: Werkzeug en, WebOb en, Babel de, langcodes de
zh-TW,en;q=0.5 of en/zh-Hans/zh-Hant: Werkzeug en, WebOb en, Babel en, langcodes zh-Hant
zh-HK,zh;q=0.9 of zh-Hans/zh-Hant: Werkzeug zh-Hans, WebOb zh-Hans, Babel None, langcodes zh-Hant
no,en;q=0.3 of nb/en: Werkzeug en, WebOb en, Babel en, langcodes nb
pt-BR,en;q=0.8 of en/pt-PT: Werkzeug en, WebOb en, Babel en, langcodes pt-PT
de-AT,en;q=0.3 of de/en: negotiator de, hapi en, formatjs de
zh-TW,en;q=0.5 of en/zh-Hans/zh-Hant: negotiator en, hapi en, formatjs zh-Hant
zh-HK,zh;q=0.9 of zh-Hans/zh-Hant: negotiator zh-Hans, hapi zh-Hans, formatjs zh-Hant
no,en;q=0.3 of nb/en: negotiator en, hapi en, formatjs nb
pt-BR,en;q=0.8 of en/pt-PT: negotiator en, hapi en, formatjs pt-PT
END
