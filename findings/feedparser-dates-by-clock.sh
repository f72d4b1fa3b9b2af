#!/usr/bin/env bash
# feedparser dates an item by the month in which it is parsed, and does so with dates that its documentation lists.
#
# Guess: the Korean, Hungarian and Greek samples of feedparser's page on dates are read as they are.
# True:  only the Greek one is. The others begin with a year, so the reader of ISO 8601, which is asked before those of
#        languages, takes the year, and the month from the clock: the first of the month of today, in that year. So does
#        any other date that begins with a year, such as 2004/07/08. There is no error, and the same document gives
#        another date next month.
# Seen:  feedparser 6.0.14, Python 3.11, November 2026.
# For us: dates are read by rules of our own, and what they do not know is left out and told. Our own dates are RFC 822 in
#        RSS and RFC 3339 in Atom and JSON Feed, which are read alike in every month.
. "$(dirname "$0")/lib.sh"
pip_install feedparser==6.0.14

cat >read.py <<'PY'
import calendar
import time

import feedparser

WRITTEN = (  # https://feedparser.readthedocs.io/en/latest/date-parsing.html, and one more
    ("Korean (OnBlog)", "2004\ub144 05\uc6d4 28\uc77c  01:31:15"),
    ("Hungarian", "2004-j\u00falius-13T9:15-05:00"),
    ("Greek", "\u039a\u03c5\u03c1, 11 \u0399\u03bf\u03cd\u03bb 2004 12:00:00 EST"),
    ("with slashes", "2004/07/08"),
)
FEED = "<rss version='2.0'><channel><item><pubDate>{}</pubDate></item></channel></rss>"
gmtime = time.gmtime
for today in ((2026, 3, 15), (2026, 11, 15)):
    now = calendar.timegm((*today, 12, 0, 0))
    time.gmtime = lambda moment=None: gmtime(now if moment is None else moment)
    print("read in", "%04d-%02d" % today[:2])
    for name, text in WRITTEN:
        [entry] = feedparser.parse(FEED.format(text).encode()).entries
        print(f"  {name}:", "%04d-%02d-%02d" % entry.published_parsed[:3])
PY
"$python" read.py >"$seen"
compare <<'END'
read in 2026-03
  Korean (OnBlog): 2004-03-01
  Hungarian: 2004-03-01
  Greek: 2004-07-11
  with slashes: 2004-03-01
read in 2026-11
  Korean (OnBlog): 2004-11-01
  Hungarian: 2004-11-01
  Greek: 2004-07-11
  with slashes: 2004-11-01
END
