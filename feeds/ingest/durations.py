"""How long sound and moving pictures last, as podcasts write it."""

import re

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown

#: ``1:02:03`` or ``62:03``, with the fractions that some programs add.
_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-5][0-9])(?:\.[0-9]+)?")
_SECONDS = re.compile(r"([0-9]{1,7})(?:\.[0-9]+)?")
#: A parliament may sit for days; more than a hundred hours are milliseconds by mistake.
MAX_DURATION_S = 100 * 3600


def read_duration(value: object, *, field: str) -> int | None:
    """Whole seconds, the fraction dropped; None when nothing is said, or 0.

    Raises:
        DocumentRefused: It is neither a number of seconds nor ``hh:mm:ss``, or far too long.
    """
    if value is None or value == "":
        return None
    seconds = _seconds(value)
    if seconds is None or seconds > MAX_DURATION_S:
        raise DocumentRefused(
            f"{field} is not a duration: {shown(value)}",
            remedy="give seconds, such as 754, or hh:mm:ss, such as 00:12:34",
            field=field,
        )
    return seconds or None


def _seconds(value: object) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Not a number, and infinity, are in no order with 0 or fail this one.
        return int(value) if 0 <= value <= MAX_DURATION_S else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if found := _SECONDS.fullmatch(text):
        return int(found[1])
    if not (found := _CLOCK.fullmatch(text)):
        return None
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    return (hours * 60 + minutes) * 60 + seconds
