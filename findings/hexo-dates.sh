#!/usr/bin/env bash
# A Hexo site built elsewhere has other addresses and ids, and a date with an offset is hours off.
#
# Guess: `timezone` in _config.yml decides: a day is midnight there, its address has that day wherever the site is built, and a
#        date that names its own offset is the moment that it names.
# True:  the feed's date of a day is midnight in `timezone`, but its address, which is its id in Atom and RSS, has the day on the
#        building machine's clock: /2026/11/05/ on a laptop in Berlin is /2026/11/04/ in a container on UTC. The first build on
#        another machine makes every release without a time new to every reader, and the old addresses lead nowhere. A date
#        with an offset is moved once more by the difference of the zones: 10:00+02:00 is published as 06:00Z, not 08:00Z.
#        `draft: true` keeps a post out of the feed, while its page is written.
# Seen:  hexo 8.1.2, hexo-generator-feed 3.0.0, Node 20, December 2026.
# For us: whoever moves in compares the old feed with the addresses that the site has, and its dates with the posts; a release
#        keeps the id under which readers know it.
. "$(dirname "$0")/lib.sh"
npm_install hexo@8.1.2 hexo-generator-feed@3.0.0 hexo-renderer-marked@7.0.1

mkdir -p site/source/_posts
ln -s "$work/node_modules" site/node_modules
echo '{"hexo": {"version": ""}, "dependencies": {"hexo": "*", "hexo-generator-feed": "*", "hexo-renderer-marked": "*"}}' >site/package.json
cat >site/_config.yml <<'END'
title: News
url: https://news.example
timezone: Europe/Berlin
permalink: :year/:month/:day/:title/
feed: {type: [atom], path: [atom.xml]}
END
post() { printf -- '---\ntitle: %s\ndate: %s\n%s---\nText.\n' "$1" "$2" "${3-}" >"site/source/_posts/${1%% *}.md"; }
post day 2026-11-05
post time '2026-11-05 10:00:00'
post summer-offset 2026-07-05T10:00:00+02:00
post winter-offset 2026-11-05T10:00:00+01:00
post utc-offset 2026-07-05T08:00:00Z
post draft 2026-11-05 $'draft: true\n'

cat >show.py <<'PY'
import pathlib
import re
import sys

feed = open("site/public/atom.xml").read()
for entry in sorted(re.findall("<entry>(.*?)</entry>", feed, re.DOTALL), key=lambda text: re.search("<title>(.*?)<", text)[1]):
    title, path, date = (re.search(form, entry)[1] for form in ("<title>(.*?)<", "<id>https://news.example(.*?)<", "<published>(.*?)<"))
    print(f"{sys.argv[1]:14} {title:14} {path:32} {date}")
print(f"{sys.argv[1]:14} page of the draft:", *(str(each.parent)[len("site/public"):] for each in pathlib.Path("site/public").glob("**/draft/index.html")))
PY
for zone in Europe/Berlin UTC; do
    rm -rf site/db.json site/public
    (cd site && TZ=$zone node node_modules/hexo/bin/hexo generate >"$work/hexo.log" 2>&1)
    python3 show.py "$zone"
done >"$seen"
compare <<'END'
Europe/Berlin  day            /2026/11/05/day/                 2026-11-04T23:00:00.000Z
Europe/Berlin  summer-offset  /2026/07/05/summer-offset/       2026-07-05T06:00:00.000Z
Europe/Berlin  time           /2026/11/05/time/                2026-11-05T09:00:00.000Z
Europe/Berlin  utc-offset     /2026/07/05/utc-offset/          2026-07-05T06:00:00.000Z
Europe/Berlin  winter-offset  /2026/11/05/winter-offset/       2026-11-05T08:00:00.000Z
Europe/Berlin  page of the draft: /2026/11/05/draft
UTC            day            /2026/11/04/day/                 2026-11-04T23:00:00.000Z
UTC            summer-offset  /2026/07/05/summer-offset/       2026-07-05T06:00:00.000Z
UTC            time           /2026/11/05/time/                2026-11-05T09:00:00.000Z
UTC            utc-offset     /2026/07/05/utc-offset/          2026-07-05T06:00:00.000Z
UTC            winter-offset  /2026/11/05/winter-offset/       2026-11-05T08:00:00.000Z
UTC            page of the draft: /2026/11/04/draft
END
