#!/usr/bin/env bash
# Of two releases with one date, an automation that runs for each new entry is told of the first.
#
# Guess: what is new is found by guid or id, as every reader does it; a date at most sorts. So several releases may be dated by
#        their day, and one that comes late may have the date that it bears.
# True:  both tools keep the date of the newest entry and take what is dated later. An entry with the same date that comes at
#        the next look is never told, nor is one that is dated earlier. One that is dated ahead, such as an event, is told at
#        once, and whatever comes until that date is lost. Nothing is logged.
# Seen:  n8n's RSS Feed Trigger (n8n-nodes-base 2.41.2, npm), scoutrss 0.2.0 (PyPI), December 2026.
# For us: mended: a release that is dated by the present day has the moment at which it came; all had nine o'clock. No
#        entry is dated ahead.
. "$(dirname "$0")/lib.sh"
pip_install scoutrss==0.2.0 feedparser==6.0.14
# The trigger with what it imports; all of n8n's nodes would bring a thousand packages.
npm_install n8n-workflow@2.41.0 rss-parser@3.13.0 moment-timezone@0.5.48
npm pack --silent n8n-nodes-base@2.41.2 >/dev/null 2>&1 || missing "n8n-nodes-base@2.41.2"
echo n8n-nodes-base@2.41.2
tar -xzf n8n-nodes-base-2.41.2.tgz package/dist/nodes/RssFeedRead

cat >looks.py <<'PY'
"""Writes the feed as it is at each look: one release more each time, the newest first."""
from pathlib import Path

releases = []
for look, (name, date) in enumerate(
    {
        "the first": "Thu, 05 Nov 2026 09:00:00 GMT",
        "same date": "Thu, 05 Nov 2026 09:00:00 GMT",
        "later": "Thu, 05 Nov 2026 11:00:00 GMT",
        "earlier date": "Thu, 05 Nov 2026 10:00:00 GMT",
        "later again": "Thu, 05 Nov 2026 12:00:00 GMT",
        "dated ahead": "Tue, 05 Nov 2030 12:00:00 GMT",
        "after that": "Thu, 05 Nov 2026 13:00:00 GMT",
    }.items()
):
    page = f"https://press.example/releases/{look}"
    releases.insert(
        0, f"<item><title>{name}</title><link>{page}</link><guid>{page}</guid><pubDate>{date}</pubDate></item>"
    )
    Path(f"look-{look}.rss").write_text(
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Releases</title><link>https://press.example/</link>'
        f"<description>All releases</description>{''.join(releases)}</channel></rss>"
    )
PY
python3 looks.py

cat >n8n.cjs <<'JS'
const fs = require('fs');
const { RssFeedReadTrigger } = require('./package/dist/nodes/RssFeedRead/RssFeedReadTrigger.node.js');
const main = async () => {
  const kept = {}; // what n8n stores between two looks
  for (let look = 0; look < 7; look++) {
    const told = await new RssFeedReadTrigger().poll.call({
      getWorkflowStaticData: () => kept,
      getNodeParameter: () => 'https://press.example/feeds/all.rss',
      getNode: () => ({}),
      getMode: () => 'trigger',
      helpers: {
        httpRequest: async () => fs.readFileSync(`look-${look}.rss`, 'utf8'),
        returnJsonArray: items => items.map(json => ({ json })),
      },
    });
    const titles = (told ?? []).flat().map(item => item.json.title);
    if (look) console.log('n8n     ', fs.readFileSync(`look-${look}.rss`, 'utf8').match(/<item><title>(.*?)</)[1].padEnd(12), titles.join() || '-');
  }
};
main();
JS
cat >scout.py <<'PY'
import re
from datetime import datetime, timezone
from pathlib import Path

from scoutrss import MemoryStorage, ScoutRSS

told = []
scout = ScoutRSS("look-0.rss", told.append, storage=MemoryStorage(), last_seen=datetime(2026, 11, 1, tzinfo=timezone.utc))
for look in range(7):
    told.clear()
    scout.url = f"look-{look}.rss"
    scout.check()
    if look:
        name = re.search("<item><title>(.*?)<", Path(scout.url).read_text())[1]
        print("ScoutRSS", f"{name:12}", ",".join(entry.title for entry in told) or "-")
PY
export TZ=UTC
{
    node --no-deprecation n8n.cjs
    "$python" scout.py
} >"$seen"
compare <<'END'
n8n      same date    -
n8n      later        later
n8n      earlier date -
n8n      later again  later again
n8n      dated ahead  dated ahead
n8n      after that   -
ScoutRSS same date    -
ScoutRSS later        later
ScoutRSS earlier date -
ScoutRSS later again  later again
ScoutRSS dated ahead  dated ahead
ScoutRSS after that   -
END
