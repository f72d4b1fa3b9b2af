"""The message that a channel gets: as text for people, and as JSON for programs."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from feeds.model.alarm import Alarm, AlarmEvent

#: Longest subject of a mail, in characters (RFC 5322 section 2.1.1 asks for lines of 78).
MAX_SUBJECT_CHARS = 120

_EVENT_WORDS = {
    AlarmEvent.BEGUN: "began",
    AlarmEvent.AGAIN: "lasts",
    AlarmEvent.OVER: "is over",
}

_SUBJECT_WORDS = {AlarmEvent.BEGUN: "", AlarmEvent.AGAIN: "still: ", AlarmEvent.OVER: "over: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmMessage:
    """Events of alarms, told together."""

    id: str  #: the same when the same events are sent again
    site: str  #: title of the newsroom
    url: str  #: its address
    at: datetime
    alarms: tuple[Alarm, ...]  #: empty for a test

    @property
    def subject(self) -> str:
        """Returns the message in one line."""
        if not self.alarms:
            return f"[{self.site}] test of alarms"
        first, more = self.alarms[0], len(self.alarms) - 1
        others = f" (and {more} more)" if more else ""
        event = _SUBJECT_WORDS[first.event]
        line = " ".join(f"[{self.site}] {event}{first.condition.words}".split())
        room = MAX_SUBJECT_CHARS - len(others)
        return (line if len(line) <= room else f"{line[: room - 1]}…") + others

    @property
    def text(self) -> str:
        """Returns the message as plain text."""
        return "\n".join(self._lines()) + "\n"

    def to_json(self) -> bytes:
        """Returns the message as a JSON object; see ``docs/alarms.md``."""
        content = {
            "version": 1,
            "id": self.id,
            "site": {"title": self.site, "url": self.url},
            "sent_at": _moment(self.at),
            "is_test": not self.alarms,
            "alarms": [_record(alarm) for alarm in self.alarms],
        }
        return json.dumps(content, ensure_ascii=False).encode()

    def _lines(self) -> Iterator[str]:
        if not self.alarms:
            yield f"This is a test of alarms of {self.site}, {self.url}/."
            yield "Nothing is wrong."
            return
        counted = Counter(alarm.event for alarm in self.alarms)
        counts = ", ".join(f"{counted[event]} {event}" for event in AlarmEvent if counted[event])
        yield f"{self.site}, {self.url}/: {counts}."
        for alarm in self.alarms:
            words = " ".join(alarm.condition.words.split())
            yield ""
            yield f"* {words}"
            yield f"  {alarm.condition.kind} {_EVENT_WORDS[alarm.event]}; {_times(alarm)}"
        yield ""
        yield "See: communique alarms; communique status"


def _times(alarm: Alarm) -> str:
    since = f"since {_moment(alarm.condition.since)}"
    return since if alarm.over_at is None else f"{since}, until {_moment(alarm.over_at)}"


def _record(alarm: Alarm) -> Mapping[str, Any]:
    condition = alarm.condition
    return {
        "kind": condition.kind.value,
        "subject": condition.subject,
        "event": alarm.event.value,
        "words": condition.words,
        "since": _moment(condition.since),
        "event_at": _moment(alarm.event_at),
        "over_at": None if alarm.over_at is None else _moment(alarm.over_at),
    }


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
