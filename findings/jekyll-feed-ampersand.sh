#!/usr/bin/env bash
# A category with an ampersand makes the whole Atom feed of a Jekyll site unreadable.
#
# Guess: jekyll-feed escapes what it writes, and Jekyll makes slugs of categories in addresses.
# True:  :categories in an address is the category in lower case, with spaces and ampersands ("oil%20&%20gas"), and
#        jekyll-feed escapes that address in <id> and xml:base, but not in <link href>. So from one post in "Oil & Gas" on,
#        the feed is not well-formed: strict parsers refuse it with all of its entries. :slugified_categories in
#        "permalink" avoids it.
# Seen:  jekyll 4.3.1 and jekyll-feed 0.17.0 (Debian 12), November 2026.
# For us: an ampersand that escapes nothing is read as one (feeds/imports/feed_text.py), and old addresses of Jekyll are
#        made again with categories as they are, not as slugs.
. "$(dirname "$0")/lib.sh"
command -v jekyll >/dev/null || missing "jekyll and jekyll-feed (Debian 12: apt-get install jekyll ruby-jekyll-feed)"
command -v python3 >/dev/null || missing "python3"
gem list | grep -q '^jekyll-feed ' || missing "jekyll-feed (Debian 12: apt-get install ruby-jekyll-feed)"

mkdir -p site/_posts
cat >site/_config.yml <<'YML'
title: News
url: https://news.example
plugins: [jekyll-feed]
YML
cat >site/_posts/2026-11-05-price-cut.md <<'MD'
---
title: Price cut
category: Oil & Gas
---
Prices fall.
MD
cat >read.py <<'PY'
import sys
from xml.parsers import expat

text = open("site/_site/feed.xml", "rb").read()
for mark in (b'<id>https://news.example/oil', b'<link href="https://news.example/oil'):
    at = text.index(mark)
    print(text[at : at + len(mark) + 12].decode())
try:
    expat.ParserCreate().Parse(text, True)
    print("well-formed")
except expat.ExpatError as error:
    print("not well-formed:", expat.errors.messages[error.code])
PY
{
    jekyll --version
    gem list | grep '^jekyll-feed '
    (cd site && jekyll build --quiet 2>/dev/null)
    python3 read.py
} >"$seen"
compare <<'END'
jekyll 4.3.1
jekyll-feed (0.17.0)
<id>https://news.example/oil%20&amp;%20g
<link href="https://news.example/oil%20&%20gas/2
not well-formed: not well-formed (invalid token)
END
