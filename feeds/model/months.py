"""Months of the newsroom's time zone, and how many releases each of them lists.

They have nothing to do with archives (RFC 5005), which are documents and go by last change: a month
goes by publication, for people.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, tzinfo

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

    @property
    def previous(self) -> "Month | None":
        """The month before this one; None at the beginning of the calendar."""
        if self.number > 1:
            return Month(self.year, self.number - 1)
        return Month(self.year - 1, 12) if self.year > MINYEAR else None

    @property
    def days(self) -> list[date]:
        """All days of the month."""
        length = monthrange(self.year, self.number)[1]
        return [date(self.year, self.number, day) for day in range(1, length + 1)]

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


#: The number of releases in a part of a month.
RELEASES_A_PART = 100


@dataclass(frozen=True, slots=True)
class MonthPlace:
    """A page of a month's list of releases.

    A month with many releases is divided into parts. A part is full and has an address of its own;
    its releases are counted from the beginning of the month, so that a new release changes no part
    before it. The rest, which is at least as much as a part, is the page at the month's own
    address.
    """

    month: Month
    language: str | None = None  #: BCP 47; None for releases in all languages
    number: int | None = None  #: of a part, from 1 with the month's first releases

    @property
    def path(self) -> str:
        """The page in addresses: ``2026/11``, ``2026/11/fr``, ``2026/11/fr/page/1``."""
        language = "" if self.language is None else f"/{self.language}"
        return f"{self.month.path}{language}" + (f"/page/{self.number}" if self.number else "")


def full_parts(count: int) -> int:
    """Returns the number of full parts of a month with so many releases.

    The page at the month's own address has at least as many releases as a part, if there are that
    many, and less than twice as many.
    """
    return max(0, count // RELEASES_A_PART - 1)


def place_at(count: MonthCount, language: str | None, index: int) -> MonthPlace:
    """Returns a page of a month: 0 is the one with the latest releases, at the month's address."""
    number = None if index == 0 else full_parts(count.releases) - index + 1
    return MonthPlace(count.month, language, number)


def places_of(count: MonthCount, language: str | None) -> Iterator[MonthPlace]:
    """Yields all pages of a month, the latest releases first."""
    for index in range(full_parts(count.releases) + 1):
        yield place_at(count, language, index)


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

    def latest(self, language: str | None = None) -> MonthPlace | None:
        """Returns the page with the latest releases; None without releases."""
        listed = self.listed(language)
        return MonthPlace(listed[0].month, language) if listed else None

    def languages(self, month: Month | None = None) -> dict[str, int]:
        """Returns the languages of the releases with how many there are, most releases first."""
        counts: dict[str, int] = {}
        for row in self._rows:
            if month in (None, row.month):
                counts[row.language] = counts.get(row.language, 0) + row.releases
        found = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        return {language: releases for language, releases in found if releases > 0}

    def places(self) -> Iterator[tuple[MonthPlace, datetime | None]]:
        """Yields all pages of all months, each with when anything of it last changed."""
        languages = list(self.languages())
        # Releases of one language are all releases if there is no other.
        for language in (None, *(languages if len(languages) > 1 else ())):
            listed = self.listed(language)
            for later, count, earlier in zip(
                [None, *listed], listed, [*listed[1:], None], strict=False
            ):
                changed_at = self.changed_at(_month_of(earlier), _month_of(later))
                yield from ((place, changed_at) for place in places_of(count, language))

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


def _month_of(count: MonthCount | None) -> Month | None:
    return None if count is None else count.month


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPage:
    """What a page of a month's list shows."""

    place: MonthPlace
    count: int  #: releases in the month
    first: int  #: number of its earliest release in the month, from 1
    releases: Sequence[Release]  #: the latest first
    places: Sequence[MonthPlace]  #: pages of the month to go to, the latest releases first
    languages: Mapping[str, int]  #: the releases of the month by language
    earlier: MonthPlace | None  #: the page with the releases before
    later: MonthPlace | None
    changed_at: datetime | None  #: when anything of this last changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The releases before and after one in the newsroom, by publication."""

    previous: PageStub | None
    next: PageStub | None
    month: Month  #: in which the release is listed
    changed_at: datetime | None  #: when one of them, or which ones they are, last changed


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSummary:
    """What a list of feeds says of one."""

    releases: int  #: without retracted ones
    last_published: datetime | None  #: None without releases
