"""When an upstream is polled next. Pure: the time and random numbers are arguments."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from service.http_rules import asked_pause

#: Whatever a server wishes, it is asked again after this.
LONGEST = timedelta(days=1)

#: Statuses by which a server says that it has too much to do: nothing of its host is polled then.
OVERLOADED = frozenset({429, 503})
#: How long that lasts if the server does not say.
REST = timedelta(hours=1)

#: A pause is longer by up to this fraction, so that what began together does not stay together.
_SPREAD = 0.1
_MAX_DOUBLINGS = 16
#: Longer numbers mean no more than "long".
_MAX_DIGITS = 9

_MAX_AGE = re.compile(r'(?:^|,)\s*max-age\s*=\s*"?([0-9]+)', re.IGNORECASE | re.ASCII)


def next_poll(
    *,
    now: datetime,
    every: timedelta,
    headers: Mapping[str, str],
    failures: int,
    random_fraction: float,
) -> datetime:
    """Returns when to poll again.

    Args:
        now: When the answer came.
        every: The configured pause, which is the least.
        headers: Header fields of the answer by lower-case name; empty if there was none.
        failures: Failures in a row, this one included; each doubles the pause.
        random_fraction: From 0 to 1.
    """
    doublings = min(max(failures - 1, 0), _MAX_DOUBLINGS) if failures else 0
    pause = min(every * 2**doublings, LONGEST)
    wished = asked_pause(headers.get("retry-after"), now=now) if failures else max_age(headers)
    if wished is not None:
        # Only up to a limit: a server that says "a year" means that nothing will change, and is
        # wrong more often than right.
        pause = max(pause, min(wished, LONGEST))
    spread: timedelta = pause * (1 + _SPREAD * random_fraction)
    return now + spread


def rest_of_host(headers: Mapping[str, str], *, now: datetime) -> datetime:
    """Returns until when nothing of a host is polled that answered 429 or 503."""
    wished = asked_pause(headers.get("retry-after"), now=now)
    return now + (REST if wished is None else min(wished, LONGEST))


def max_age(headers: Mapping[str, str]) -> timedelta | None:
    """Reads for how long the answer is fresh (RFC 9111 section 5.2.2.1), less its age.

    ``no-cache`` and ``no-store`` are no wish for a pause; neither is ``Expires``, which servers set
    to the past by default.
    """
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    if found is None:
        return None
    age = headers.get("age", "")
    spent = int(age[:_MAX_DIGITS]) if age.isascii() and age.isdigit() else 0
    return timedelta(seconds=max(0, int(found[1][:_MAX_DIGITS]) - spent))
