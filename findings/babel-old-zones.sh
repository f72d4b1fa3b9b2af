#!/usr/bin/env bash
# A release of January 1999 from Vilnius is dated in Eastern European Time, beside +0100.
#
# Guess: CLDR says from when to when a zone belongs to which group of zones (`usesMetazone from to`), so Babel names the time
#        of a moment as it was called then.
# True:  Babel has today's group only, and today's names for all moments: Vilnius in the winter of 1999 has "OEZ" and Lisbon in
#        the summer of 1993 "WESZ", an hour off for whoever believes the name; Minsk of 2010 has Moscow's. JavaScript's Intl has
#        the names of the time. UTC itself, asked for its generic name, is "Unknown Region (UTC) Time".
# Seen:  Babel 2.19.0 with tzdata 2026.6 from PyPI, Python 3.11; Node 20 with ICU 78, November 2026.
# For us: a zone's name is taken only where the moment has one of the zone's present offsets; else the offset stands there.
. "$(dirname "$0")/lib.sh"
pip_install Babel==2.19.0 tzdata==2026.6
command -v node >/dev/null || missing "node"

{
    PYTHONTZPATH='' "$python" - <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name

for zone, year, month in (("Europe/Vilnius", 1999, 1), ("Europe/Lisbon", 1993, 7), ("Europe/Minsk", 2010, 1)):
    noon = datetime(year, month, 5, 12, tzinfo=ZoneInfo(zone))
    names = [get_timezone_name(noon, width, locale=locale) for width, locale in (("long", "en"), ("short", "de"))]
    print("Babel", zone, year, noon.strftime("%z"), *names, sep="; ")
print("Babel", get_timezone_name(ZoneInfo("UTC"), "long", zone_variant="generic", locale="en"), sep="; ")
PY
    node -e '
for (const [timeZone, year, month] of [["Europe/Vilnius", 1999, 1], ["Europe/Lisbon", 1993, 7], ["Europe/Minsk", 2010, 1]])
  console.log(["Intl", timeZone, year, ...[["en", "long"], ["de", "short"]].map(([locale, timeZoneName]) =>
    new Intl.DateTimeFormat(locale, { timeZone, timeZoneName }).formatToParts(new Date(Date.UTC(year, month - 1, 5, 12)))
      .find(part => part.type === "timeZoneName").value)].join("; "));'
} >"$seen"
compare <<'END'
Babel; Europe/Vilnius; 1999; +0100; Eastern European Standard Time; OEZ
Babel; Europe/Lisbon; 1993; +0200; Western European Summer Time; WESZ
Babel; Europe/Minsk; 2010; +0200; Moscow Standard Time; +0200
Babel; Unknown Region (UTC) Time
Intl; Europe/Vilnius; 1999; Central European Standard Time; MEZ
Intl; Europe/Lisbon; 1993; Central European Summer Time; MESZ
Intl; Europe/Minsk; 2010; Eastern European Standard Time; OEZ
END
