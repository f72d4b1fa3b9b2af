"""Months of the newsroom's time zone, and how many releases each of them lists.

They have nothing to do with archives (RFC 5005), which are documents and go by last change: a month
goes by publication, for people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, tzinfo

from feeds.model.listing import PageStub
from feeds.model.release import Release


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of a calendar year."""

    year: int
    number: int  #: 1 to 12

    @classmethod
    def of(cls, moment: datetime, zone: tzinfo) -> "Month":
        """Returns the month that a moment falls in, in a time zone."""
        try:
            there = moment.astimezone(zone)
        except OverflowError:  # in the first or the last hours of the calendar
            there = moment.astimezone(UTC)
        return cls(there.year, there.month)

    @classmethod
    def from_key(cls, key: int) -> "Month":
        """Returns the month with this key."""
        return cls(*divmod(key, 100))

    @property
    def key(self) -> int:
        """The month as one number: 202611."""
        return self.year * 100 + self.number

    @property
    def path(self) -> str:
        """The month in addresses: ``2026/11``."""
        return f"{self.year:04}/{self.number:02}"

    @property
    def next(self) -> "Month | None":
        """The month after this one; None at the end of the calendar."""
        if self.number < 12:
            return Month(self.year, self.number + 1)
        return Month(self.year + 1, 1) if self.year < MAXYEAR else None

    def begins(self, zone: tzinfo) -> datetime:
        """Returns the month's first moment in a time zone, in UTC."""
        first = datetime(self.year, self.number, 1, tzinfo=UTC)
        # Before the calendar's first month there is none, whatever the zone.
        return first if first.year == MINYEAR and self.number == 1 else _at_midnight(first, zone)

    def ends(self, zone: tzinfo) -> datetime | None:
        """Returns the first moment after the month, in UTC; None at the end of the calendar."""
        return None if self.next is None else self.next.begins(zone)


def _at_midnight(day: datetime, zone: tzinfo) -> datetime:
    return day.replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """How many releases of a feed, in one language, a month lists."""

    month: Month
    language: str  #: BCP 47
    releases: int  #: without retracted ones; 0 where there were some once
    changed_at: datetime  #: when one of them was last added, corrected or removed; whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCount:
    """A month that lists releases, and how many."""

    month: Month
    releases: int


class FeedMonths:
    """The months of one feed."""

    def __init__(self, rows: Sequence[MonthRow]) -> None:
        self._rows = rows

    def listed(self, language: str | None = None) -> list[MonthCount]:
        """Returns the months that list releases, the latest first.

        Args:
            language: Only releases in this language (BCP 47, exact match); None for all.
        """
        counts: dict[Month, int] = {}
        for row in self._rows:
            if language in (None, row.language):
                counts[row.month] = counts.get(row.month, 0) + row.releases
        return [
            MonthCount(month=month, releases=releases)
            for month, releases in sorted(counts.items(), reverse=True)
            if releases > 0
        ]

    def count(self, language: str | None = None) -> int:
        """Returns how many releases all months list."""
        return sum(row.releases for row in self._rows if language in (None, row.language))

    def languages(self, month: Month | None = None) -> dict[str, int]:
        """Returns the languages of the releases with how many there are, most releases first."""
        counts: dict[str, int] = {}
        for row in self._rows:
            if month in (None, row.month):
                counts[row.language] = counts.get(row.language, 0) + row.releases
        found = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        return {language: releases for language, releases in found if releases > 0}

    def changed_at(self, first: Month | None, last: Month | None) -> datetime | None:
        """Returns when a list in these months last changed.

        Args:
            first: The first month; None for all before *last*.
            last: The last month; None for all after *first*.

        Returns:
            None where there never was a release.
        """
        changes = (
            row.changed_at
            for row in self._rows
            if (first is None or first <= row.month) and (last is None or row.month <= last)
        )
        return max(changes, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPage:
    """One page of a month's list of releases."""

    month: Month
    language: str | None  #: None for releases in all languages
    number: int | None  #: of a part that is full; None for the page at the month's own address
    parts: int  #: how many full parts there are besides
    count: int  #: releases in the month
    releases: Sequence[Release]  #: the latest first
    languages: Mapping[str, int]  #: the releases of the month by language
    earlier: Month | None  #: the next month before it that lists releases
    later: Month | None
    changed_at: datetime | None  #: when anything of this last changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The releases before and after one in the newsroom, by publication."""

    previous: PageStub | None
    next: PageStub | None
    changed_at: datetime | None  #: when one of them, or which ones they are, last changed


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """What a list of feeds says of one."""

    releases: int  #: without retracted ones
    last_published: datetime | None  #: None without releases
