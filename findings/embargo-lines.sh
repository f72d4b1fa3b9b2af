#!/usr/bin/env bash
# No date library reads the embargo lines of press releases: each makes another time of some, years early or hours off.
#
# Guess: libraries made for dates in running text agree on lines as plain as these, or find nothing.
# True:  each gets some wrong without a sign. dateutil makes 2012 of "12 noon CET" and 2001 of "0001 HRS", drops BST, ET and
#        IST as unknown; dateparser reads the year 1 in "0001 HRS", Israel's time in IST, drops "6 a.m. ET" and the 24 of
#        24:00; parsedatetime gives time and date as two separate moments; chrono-node reads India's time in IST and says
#        noon where it cannot read the time. A moment in the past is an embargo that is over.
# Seen:  dateparser 1.5.0, python-dateutil 2.9.0.post0, parsedatetime 2.6, chrono-node 2.10.3, November 2026.
# For us: embargo lines need a small grammar of our own, with the zones that mean one thing only, and a refusal, saying how
#        to write it, for whatever is not beyond doubt.
. "$(dirname "$0")/lib.sh"
pip_install dateparser==1.5.0 python-dateutil==2.9.0.post0 parsedatetime==2.6
npm_install chrono-node@2.10.3

cat >lines.txt <<'END'
EMBARGOED UNTIL 00:01 GMT, Thursday 5 November 2026
EMBARGOED UNTIL 00:01 BST Thursday 9 July 2026
Embargo: 12 noon CET, 5 November 2026
EMBARGOED UNTIL 24:00 CET 5 NOVEMBER 2026
Not for release before 6 a.m. ET on 11/05/2026
EMBARGOED UNTIL 10:00 IST 5 November 2026
EMBARGOED UNTIL 0001 HRS GMT 5 NOVEMBER 2026
UNDER EMBARGO UNTIL MIDNIGHT, THURSDAY 5 NOVEMBER 2026
END
cat >read.py <<'PY'
import datetime
import warnings

import dateutil.parser
import parsedatetime
from dateparser.search import search_dates

warnings.simplefilter("ignore")
NOW = datetime.datetime(2026, 11, 1, 9, 30)


def by_dateparser(line: str) -> str:
    return ", ".join(str(when) for _, when in search_dates(line, languages=["en"], settings={"RELATIVE_BASE": NOW}) or [])


def by_dateutil(line: str) -> str:
    try:
        return str(dateutil.parser.parse(line, fuzzy=True, default=datetime.datetime(2026, 11, 1)))
    except ValueError:
        return "refused"


def by_parsedatetime(line: str) -> str:
    return ", ".join(str(found[0]) for found in parsedatetime.Calendar().nlp(line, NOW) or [])


for line in open("lines.txt").read().splitlines():
    print(line)
    print("  dateparser   ", by_dateparser(line))
    print("  dateutil     ", by_dateutil(line))
    print("  parsedatetime", by_parsedatetime(line))
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import * as chrono from 'chrono-node';
for (const line of fs.readFileSync('lines.txt', 'utf8').trim().split('\n'))
  console.log('  chrono-node  ', chrono.parse(line, new Date('2026-11-01T09:30:00Z')).map(found => found.start.date().toISOString()).join(', '));
JS
export TZ=UTC
{
    "$python" read.py
    node read.mjs
} >"$seen"
compare <<'END'
EMBARGOED UNTIL 00:01 GMT, Thursday 5 November 2026
  dateparser    2026-11-05 00:01:00+00:00
  dateutil      2026-11-05 00:01:00+00:00
  parsedatetime 2026-11-01 00:01:00, 2026-11-05 09:30:00
EMBARGOED UNTIL 00:01 BST Thursday 9 July 2026
  dateparser    2026-07-09 00:01:00+01:00
  dateutil      2026-07-09 00:01:00
  parsedatetime 2026-11-01 00:01:00, 2026-07-09 09:30:00
Embargo: 12 noon CET, 5 November 2026
  dateparser    2026-11-05 12:00:00+01:00
  dateutil      2012-11-05 20:26:00
  parsedatetime 2026-11-01 12:00:00, 2026-11-05 09:30:00
EMBARGOED UNTIL 24:00 CET 5 NOVEMBER 2026
  dateparser    2026-11-05 00:00:00, 2026-11-01 00:00:00
  dateutil      refused
  parsedatetime 2026-11-01 00:00:00, 2026-11-05 09:30:00
Not for release before 6 a.m. ET on 11/05/2026
  dateparser    2026-11-05 00:00:00
  dateutil      2026-11-05 06:00:00
  parsedatetime 2026-11-01 06:00:00, 2026-11-05 09:30:00
EMBARGOED UNTIL 10:00 IST 5 November 2026
  dateparser    2026-11-05 10:00:00+02:00
  dateutil      2026-11-05 10:00:00
  parsedatetime 2026-11-01 10:00:00, 2026-11-05 09:30:00
EMBARGOED UNTIL 0001 HRS GMT 5 NOVEMBER 2026
  dateparser    0001-11-01 00:00:00, 2026-11-05 00:00:00+00:00
  dateutil      2001-11-05 20:26:00
  parsedatetime 2026-11-01 00:01:00, 2026-11-05 09:30:00
UNDER EMBARGO UNTIL MIDNIGHT, THURSDAY 5 NOVEMBER 2026
  dateparser    2026-11-05 00:00:00
  dateutil      2026-11-05 00:00:00
  parsedatetime 2026-11-01 00:00:00, 2026-11-05 09:30:00
  chrono-node   2026-11-05T00:01:00.000Z
  chrono-node   2026-07-08T23:01:00.000Z
  chrono-node   2026-11-05T11:00:00.000Z
  chrono-node   2026-11-05T12:00:00.000Z
  chrono-node   2026-11-05T11:00:00.000Z
  chrono-node   2026-11-05T04:30:00.000Z
  chrono-node   2026-11-05T12:00:00.000Z
  chrono-node   2026-11-05T00:00:00.000Z
END
