#!/usr/bin/env bash
# A sitemap's <lastmod>2026-11</lastmod> is today's day in November, or nothing.
#
# Guess: sitemaps.org names W3C Datetime, so sitemap parsers read its six forms, the year and the month alone among them.
# True:  ultimate-sitemap-parser fills what is missing from the clock: "2026-11" is another day at each run, and "2026" is
#        today, so an old page always looks fresh. npm's sitemap drops the year, the month, a time without seconds and one
#        with a fraction and an offset, with a line on the console; sitemapper makes a number of the year.
# Seen:  ultimate-sitemap-parser 1.8.1, sitemap 9.0.1, sitemapper 4.1.6, November 2026.
# For us: lastmod is always a whole date or a date with seconds and offset, without fractions.
. "$(dirname "$0")/lib.sh"
pip_install ultimate-sitemap-parser==1.8.1
npm_install sitemap@9.0.1 sitemapper@4.1.6

mkdir site
port=$(free_port)
"$python" - "$port" <<'PY'
import sys

FORMS = ("2026", "2026-11", "2026-11-05", "2026-11-05T10:00Z", "2026-11-05T10:00:00+05:45", "2026-11-05T10:00:00.45+05:45")
urls = "".join(f"<url><loc>http://127.0.0.1:{sys.argv[1]}/{n}</loc><lastmod>{form}</lastmod></url>" for n, form in enumerate(FORMS))
with open("site/sitemap.xml", "w") as file:
    file.write(f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>')
with open("site/robots.txt", "w") as file:
    file.write(f"User-agent: *\nSitemap: http://127.0.0.1:{sys.argv[1]}/sitemap.xml\n")
PY
background python3 -m http.server "$port" --bind 127.0.0.1 --directory site
wait_for "$port"
export no_proxy=127.0.0.1
cat >read.py <<'PY'
import datetime
import logging
import sys

from usp.tree import sitemap_tree_for_homepage

logging.disable()
today = datetime.date.today()
for page in sitemap_tree_for_homepage(sys.argv[1]).all_pages():
    when = page.last_modified
    filled = " (the day is today's)" if when.day == min(today.day, 30) and page.url[-1] in "01" else ""
    if page.url.endswith("/0"):
        print("ultimate-sitemap-parser 0", f"2026, month and day are today's: {(when.month, when.day) == (today.month, today.day)}")
    elif page.url.endswith("/1"):
        print("ultimate-sitemap-parser 1", f"{when:%Y-%m}{filled}")
    else:
        print("ultimate-sitemap-parser", page.url[-1], when.isoformat())
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import Sitemapper from 'sitemapper';
import { parseSitemap } from 'sitemap';
console.warn = () => {};
for (const page of await parseSitemap(fs.createReadStream('site/sitemap.xml'))) console.log('sitemap', page.url.slice(-1), page.lastmod);
const { sites } = await new Sitemapper({ url: `${process.argv[2]}sitemap.xml`, fields: { loc: true, lastmod: true } }).fetch();
for (const page of sites) console.log('sitemapper', page.loc.slice(-1), typeof page.lastmod, page.lastmod);
JS
{
    "$python" read.py "http://127.0.0.1:$port/"
    node read.mjs "http://127.0.0.1:$port/"
} >"$seen"
compare <<'END'
ultimate-sitemap-parser 0 2026, month and day are today's: True
ultimate-sitemap-parser 1 2026-11 (the day is today's)
ultimate-sitemap-parser 2 2026-11-05T00:00:00
ultimate-sitemap-parser 3 2026-11-05T10:00:00+00:00
ultimate-sitemap-parser 4 2026-11-05T10:00:00+05:45
ultimate-sitemap-parser 5 2026-11-05T10:00:00.450000+05:45
sitemap 0 undefined
sitemap 1 undefined
sitemap 2 2026-11-05
sitemap 3 undefined
sitemap 4 2026-11-05T10:00:00+05:45
sitemap 5 undefined
sitemapper 0 number 2026
sitemapper 1 string 2026-11
sitemapper 2 string 2026-11-05
sitemapper 3 string 2026-11-05T10:00Z
sitemapper 4 string 2026-11-05T10:00:00+05:45
sitemapper 5 string 2026-11-05T10:00:00.45+05:45
END
