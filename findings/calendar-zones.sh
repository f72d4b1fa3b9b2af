#!/usr/bin/env bash
# An embargo that Outlook's calendar has at ten in Berlin ends at ten UTC.
#
# Guess: a calendar file defines its time zones itself (VTIMEZONE, which RFC 5545 demands for each TZID), so their names do not
#        matter: "W. Europe Standard Time", "Customized Time Zone" or a name of the program's own.
# True:  ics (PyPI) reads every name that is not the IANA's as UTC, Exchange's own among them: an hour late in winter, two in
#        summer. node-ical knows Windows' names and guesses at others; where it knows none, it takes the clock of the machine on
#        which it runs: ten in New York. So do ical-expander with all but Windows' and the IANA's names, and ical (npm) with every
#        name. No error, no warning. icalendar, vobject, icalevents, ical.js and ts-ics read the definition.
# Seen:  ics 0.7.3, icalendar 7.3.2, vobject 0.9.9, icalevents 0.3.1 (PyPI), ical.js 2.2.1, node-ical 0.27.2, ts-ics 2.4.6,
#        ical-expander 3.2.0, ical 0.8.0 (npm), December 2026.
# For us: no calendar is read; an embargo stands in the release, and is said back with its offset.
. "$(dirname "$0")/lib.sh"
pip_install ics==0.7.3 icalendar==7.3.2 vobject==0.9.9 icalevents==0.3.1
npm_install ical.js@2.2.1 node-ical@0.27.2 ts-ics@2.4.6 ical-expander@3.2.0 ical@0.8.0

cat >read.py <<'PY'
from datetime import date, timezone
from pathlib import Path

import ics
import icalendar
import vobject
from icalevents.icalevents import events

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//press.example//Embargoes//EN
BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1@press.example
DTSTAMP:20261101T000000Z
DTSTART;TZID={name}:20261205T100000
DTEND;TZID={name}:20261205T103000
SUMMARY:Embargo ends
END:VEVENT
END:VCALENDAR
"""
NAMES = ("Europe/Berlin", "W. Europe Standard Time", "Customized Time Zone", "/press.example/Berlin")
for number, name in enumerate(NAMES):
    text = CALENDAR.format(name=name).replace("\n", "\r\n")
    path = Path(f"{number}.ics")
    path.write_bytes(text.encode())
    [event] = ics.Calendar(text).events
    for library, at in {
        "ics": event.begin.datetime,
        "icalendar": icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["DTSTART"].dt,
        "vobject": vobject.readOne(text).vevent.dtstart.value,
        "icalevents": events(file=str(path), start=date(2026, 12, 1), end=date(2026, 12, 31))[0].start,
    }.items():
        print(number, f"{name:23}", f"{library:13}", at.astimezone(timezone.utc).strftime("%H:%MZ"))
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import ICAL from 'ical.js';
import IcalExpander from 'ical-expander';
import ical from 'ical';
import nodeIcal from 'node-ical';
import { convertIcsCalendar } from 'ts-ics';
const first = parsed => Object.values(parsed).find(each => each.type === 'VEVENT').start;
for (const number of [0, 1, 2, 3]) {
  const text = fs.readFileSync(`${number}.ics`, 'utf8');
  const [, name] = /^TZID:(.*?)\r$/m.exec(text);
  const component = new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent('vevent');
  const dates = {
    'ical.js': new ICAL.Event(component).startDate.toJSDate(),
    'node-ical': first(nodeIcal.sync.parseICS(text)),
    'ts-ics': convertIcsCalendar(undefined, text).events[0].start.date,
    'ical-expander': new IcalExpander({ ics: text }).all().events[0].startDate.toJSDate(),
    ical: first(ical.parseICS(text)),
  };
  for (const [library, date] of Object.entries(dates))
    console.log(number, name.padEnd(23), library.padEnd(13), `${date.toISOString().slice(11, 16)}Z`);
}
JS
export TZ=America/New_York
{
    "$python" -W ignore read.py
    node --no-deprecation read.mjs
} | sort -s -k1,1 | cut -d ' ' -f 2- >"$seen"
compare <<'END'
Europe/Berlin           ics           09:00Z
Europe/Berlin           icalendar     09:00Z
Europe/Berlin           vobject       09:00Z
Europe/Berlin           icalevents    09:00Z
Europe/Berlin           ical.js       09:00Z
Europe/Berlin           node-ical     09:00Z
Europe/Berlin           ts-ics        09:00Z
Europe/Berlin           ical-expander 09:00Z
Europe/Berlin           ical          15:00Z
W. Europe Standard Time ics           10:00Z
W. Europe Standard Time icalendar     09:00Z
W. Europe Standard Time vobject       09:00Z
W. Europe Standard Time icalevents    09:00Z
W. Europe Standard Time ical.js       09:00Z
W. Europe Standard Time node-ical     09:00Z
W. Europe Standard Time ts-ics        09:00Z
W. Europe Standard Time ical-expander 09:00Z
W. Europe Standard Time ical          15:00Z
Customized Time Zone    ics           10:00Z
Customized Time Zone    icalendar     09:00Z
Customized Time Zone    vobject       09:00Z
Customized Time Zone    icalevents    09:00Z
Customized Time Zone    ical.js       09:00Z
Customized Time Zone    node-ical     09:00Z
Customized Time Zone    ts-ics        09:00Z
Customized Time Zone    ical-expander 15:00Z
Customized Time Zone    ical          15:00Z
/press.example/Berlin   ics           10:00Z
/press.example/Berlin   icalendar     09:00Z
/press.example/Berlin   vobject       09:00Z
/press.example/Berlin   icalevents    09:00Z
/press.example/Berlin   ical.js       09:00Z
/press.example/Berlin   node-ical     15:00Z
/press.example/Berlin   ts-ics        09:00Z
/press.example/Berlin   ical-expander 15:00Z
/press.example/Berlin   ical          15:00Z
END
