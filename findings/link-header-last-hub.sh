#!/usr/bin/env bash
# Of a feed's two hubs in the Link header, most programs know the last one alone.
#
# Guess: of several links with one relation all are there, or the first; what stands between < and > is an address, and a
#        semicolon in it a part of it (RFC 3986 3.4), as one in a quoted title is.
# True:  response.links of requests and httpx, parse-link-header and li are keyed by the relation, and a later link replaces the
#        one before: subscribers go to the hub that is named last. In requests and httpx an address ends at its first
#        semicolon, and the link has no relation any more: the topic is not found. Titles end there as well, also in
#        parse-link-header. http-link-header alone has everything as it was sent.
# Seen:  requests 2.34.2, httpx 0.28.1 (PyPI), parse-link-header 2.0.0, li 1.3.0, http-link-header 1.1.4 (npm), December 2026.
# For us: the addresses of searches have %3B. Who names several hubs puts the one that is to have the subscribers last; our own
#        is the first, so such subscribers go to the others.
. "$(dirname "$0")/lib.sh"
pip_install requests==2.34.2 httpx==0.28.1
npm_install parse-link-header@2.0.0 li@1.3.0 http-link-header@1.1.4

cat >headers.json <<'JSON'
{
  "two hubs": "<https://press.example/all.atom>; rel=\"self\", <https://one.example/>; rel=\"hub\", <https://two.example/>; rel=\"hub\"",
  "semicolon": "<https://press.example/search.atom?q=a;b>; rel=\"self\", <https://one.example/>; rel=\"hub\"",
  "title": "<https://press.example/all.atom>; rel=\"self\"; title=\"Peace; security\", <https://one.example/>; rel=\"hub\""
}
JSON
cat >links.py <<'PY'
import json
from pathlib import Path

import httpx
import requests

for name, header in json.loads(Path("headers.json").read_text()).items():
    asked = requests.Response()
    asked.headers["Link"] = header
    for library, links in {"requests": asked.links, "httpx": httpx.Response(200, headers={"Link": header}).links}.items():
        found = [f"{relation} {link['url']}" for relation, link in links.items() if relation in ("self", "hub")]
        titles = [f"title {link['title']}" for link in links.values() if "title" in link]
        print(f"{name:9} {library:17} {', '.join(found + titles)}")
PY
cat >links.mjs <<'JS'
import fs from 'fs';
import parse from 'parse-link-header';
import li from 'li';
import LinkHeader from 'http-link-header';
for (const [name, header] of Object.entries(JSON.parse(fs.readFileSync('headers.json', 'utf8')))) {
  const show = (library, links) => {
    const texts = links.map(([relation, url]) => `${relation} ${url}`);
    const titles = links.filter(([, , title]) => title).map(([, , title]) => `title ${title}`);
    console.log(name.padEnd(9), library.padEnd(17), [...texts, ...titles].join(', '));
  };
  show('parse-link-header', Object.entries(parse(header)).map(([relation, link]) => [relation, link.url, link.title]));
  show('li', Object.entries(li.parse(header)));
  show('http-link-header', LinkHeader.parse(header).refs.map(link => [link.rel, link.uri, link.title]));
}
JS
{
    "$python" links.py
    node links.mjs
} >"$seen"
compare <<'END'
two hubs  requests          self https://press.example/all.atom, hub https://two.example/
two hubs  httpx             self https://press.example/all.atom, hub https://two.example/
semicolon requests          hub https://one.example/
semicolon httpx             hub https://one.example/
title     requests          self https://press.example/all.atom, hub https://one.example/, title Peace
title     httpx             self https://press.example/all.atom, hub https://one.example/, title Peace
two hubs  parse-link-header self https://press.example/all.atom, hub https://two.example/
two hubs  li                self https://press.example/all.atom, hub https://two.example/
two hubs  http-link-header  self https://press.example/all.atom, hub https://one.example/, hub https://two.example/
semicolon parse-link-header self https://press.example/search.atom?q=a;b, hub https://one.example/
semicolon li                self https://press.example/search.atom?q=a;b, hub https://one.example/
semicolon http-link-header  self https://press.example/search.atom?q=a;b, hub https://one.example/
title     parse-link-header self https://press.example/all.atom, hub https://one.example/, title Peace
title     li                self https://press.example/all.atom, hub https://one.example/
title     http-link-header  self https://press.example/all.atom, hub https://one.example/, title Peace; security
END
