#!/usr/bin/env bash
# Ten o'clock in Berlin is published as ten o'clock GMT.
#
# Guess: a generator that is given a datetime with an offset converts it, or writes the offset.
# True:  rfeed and PyRSS2Gen write the hour as it stands and "GMT" behind it: a release is an hour in the future in Berlin, and
#        five hours old in New York when it appears. No error, no warning, valid RSS. feedgenerator (Pelican's) writes offsets.
# Seen:  rfeed 1.1.1, PyRSS2Gen 1.1, feedgenerator 2.2.1, November 2026.
# For us: dates are made UTC before they are written.
. "$(dirname "$0")/lib.sh"
pip_install rfeed==1.1.1 PyRSS2Gen==1.1 feedgenerator==2.2.1

"$python" -W ignore - >"$seen" <<'PY'
import re
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import feedgenerator
import PyRSS2Gen
import rfeed

for place in ("Europe/Berlin", "America/New_York"):
    at = datetime(2026, 11, 5, 10, tzinfo=ZoneInfo(place))
    print(place, at.isoformat(), "is", at.astimezone(timezone.utc).strftime("%H:%M GMT"))
    told = feedgenerator.Rss201rev2Feed(title="N", link="https://e.example/", description="d")
    told.add_item(title="T", link="https://e.example/1", description="d", pubdate=at)
    head = {"title": "N", "link": "https://e.example/", "description": "d"}
    texts = {
        "rfeed": rfeed.Feed(**head, items=[rfeed.Item(title="T", pubDate=at)]).rss(),
        "PyRSS2Gen": PyRSS2Gen.RSS2(**head, items=[PyRSS2Gen.RSSItem(title="T", pubDate=at)]).to_xml("utf-8"),
        "feedgenerator": told.writeString("utf-8"),
    }
    for name, text in texts.items():
        print("  ", name, re.search("<pubDate>(.*?)</pubDate>", text)[1])
PY
compare <<'END'
Europe/Berlin 2026-11-05T10:00:00+01:00 is 09:00 GMT
   rfeed Thu, 05 Nov 2026 10:00:00 GMT
   PyRSS2Gen Thu, 05 Nov 2026 10:00:00 GMT
   feedgenerator Thu, 05 Nov 2026 10:00:00 +0100
America/New_York 2026-11-05T10:00:00-05:00 is 15:00 GMT
   rfeed Thu, 05 Nov 2026 10:00:00 GMT
   PyRSS2Gen Thu, 05 Nov 2026 10:00:00 GMT
   feedgenerator Thu, 05 Nov 2026 10:00:00 -0500
END
