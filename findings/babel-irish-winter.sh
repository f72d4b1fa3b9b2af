#!/usr/bin/env bash
# Irish winter time is called summer time, and summer time Greenwich Mean Time.
#
# Guess: a name goes with the offset: +00:00 in Dublin is Greenwich Mean Time, +01:00 is Irish Standard Time, as CLDR has them.
# True:  in the time zone database Dublin's standard time is the one of summer, and winter is daylight saving of minus one hour;
#        CLDR has it the other way round. Babel asks `dst()` whether it is daylight saving, so both halves of the year have the
#        other's name, in every language: in January "Irische Sommerzeit", in July "GMT" beside +0100, an hour off for whoever
#        believes the name. The same in Morocco in Ramadan. JavaScript's Intl knows the exception.
# Seen:  Babel 2.19.0 with tzdata 2026.6 from PyPI, Python 3.11; Node 20 with ICU 78, November 2026.
# For us: pages decide themselves whether it is summer, and name a zone only where its name is safe.
. "$(dirname "$0")/lib.sh"
pip_install Babel==2.19.0 tzdata==2026.6
command -v node >/dev/null || missing "node"

{
    PYTHONTZPATH='' "$python" - <<'PY'
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

for zone, month in (("Europe/Dublin", 1), ("Europe/Dublin", 7), ("Africa/Casablanca", 3), ("Europe/London", 7)):
    noon = datetime(2026, month, 5, 12, tzinfo=ZoneInfo(zone))
    names = [format_datetime(noon, form, locale=locale) for form, locale in (("zzzz", "en"), ("z", "en_IE"), ("zzzz", "de"))]
    print(zone, month, noon.strftime("%z"), *names, sep="; ")
PY
    node -e '
for (const month of [1, 7])
  console.log("Intl", month, new Intl.DateTimeFormat("en", { timeZone: "Europe/Dublin", timeZoneName: "long" })
    .formatToParts(new Date(Date.UTC(2026, month - 1, 5, 12))).find(part => part.type === "timeZoneName").value);'
} >"$seen"
compare <<'END'
Europe/Dublin; 1; +0000; Irish Standard Time; IST; Irische Sommerzeit
Europe/Dublin; 7; +0100; Greenwich Mean Time; GMT; Mittlere Greenwich-Zeit
Africa/Casablanca; 3; +0000; Western European Summer Time; +0000; Westeuropäische Sommerzeit
Europe/London; 7; +0100; British Summer Time; +0100; Britische Sommerzeit
Intl 1 Greenwich Mean Time
Intl 7 Irish Standard Time
END
