#!/usr/bin/env bash
# Of the two ways in which Material's blog writes a date, one is dated now at each build, and the other ignores the zone.
#
# Guess: `date: 2026-11-05` and `date: {created: 2026-11-05}`, which a blog of Material for MkDocs may mix, are the same day in
#        its feed: at `default_time` in `default_timezone`.
# True:  with `as_creation: date` the second form is dated when the site was built, at every build anew, and so stands above all
#        news; with `as_creation: date.created` the first one is. And the second has midnight UTC, whatever zone and time were
#        configured: in New York the day before. Titles are escaped twice in RSS ("R&D" is `R&amp;amp;D`) and once in JSON
#        Feed, where they are plain text. A post of next year is in the feed today.
# Seen:  mkdocs-rss-plugin 1.19.0, mkdocs 1.6.1, mkdocs-material 9.8.2, Python 3.11, December 2026.
# For us: new stamps alone change nothing in what was taken from such a feed; of its formats RSS is taken, whose titles are read
#        as HTML; what is dated ahead waits.
. "$(dirname "$0")/lib.sh"
pip_install mkdocs-rss-plugin==1.19.0 mkdocs==1.6.1 mkdocs-material==9.8.2

mkdir -p docs/blog/posts
echo '# News' | tee docs/index.md >docs/blog/index.md
post() { printf -- '---\ndate: %s\n---\n# %s\n\nText.\n' "$2" "$1" >"docs/blog/posts/${1%&*}.md"; }
post 'plain&' 2026-11-05
post 'created&' $'\n  created: 2026-11-05'
post 'hour&' $'\n  created: 2026-11-05 10:00:00'
post 'R&D' 2027-11-05
cat >show.py <<'PY'
import json
import re
import sys
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

items = re.findall("<item>(.*?)</item>", open("site/feed_rss_created.xml").read(), re.DOTALL)
titles = [each["title"] for each in json.load(open("site/feed_json_created.json"))["items"]]
for text in sorted(items, key=lambda each: re.search("<link>(.*?)<", each)[1].rsplit("/", 2)[1]):
    title, link, date = (re.search(f"<{name}>(.*?)<", text)[1] for name in ("title", "link", "pubDate"))
    date = "now" if abs(parsedate_to_datetime(date) - datetime.now(timezone.utc)).total_seconds() < 600 else date
    print(f"{sys.argv[1]:13}{link.rsplit('/', 2)[1]:9}{date}", *(["", title, *(each for each in titles if each[0] == "R")] if title[0] == "R" else ()))
PY
for key in date date.created; do
    cat >mkdocs.yml <<END
site_name: News
site_url: https://news.example/
theme: {name: material}
plugins:
  - blog
  - rss:
      match_path: blog/posts/.*
      use_git: false
      date_from_meta: {as_creation: $key, as_update: updated, default_timezone: America/New_York, default_time: "09:00"}
END
    rm -rf site
    "$work/venv/bin/mkdocs" build --quiet >"$work/mkdocs.log" 2>&1
    "$python" show.py "$key"
done >"$seen"
compare <<'END'
date         created  now
date         hour     now
date         plain    Thu, 05 Nov 2026 09:00:00 -0500
date         rd       Fri, 05 Nov 2027 09:00:00 -0400  R&amp;amp;D R&amp;D
date.created created  Thu, 05 Nov 2026 00:00:00 +0000
date.created hour     Thu, 05 Nov 2026 10:00:00 +0000
date.created plain    now
date.created rd       now  R&amp;amp;D R&amp;D
END
