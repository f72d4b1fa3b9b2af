"""The list of all releases' pages in parts, each of which begins at a place of its own.

A part is found by that place, however many pages come before it; and a page that goes, or one of an
older release that comes late, moves no other page from part to part: search engines fetch again
what changed, and nothing else. Places are never moved. A part that is full ends where a new one
begins; numbers tell when parts began, not in which order they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import ColumnElement, Connection, insert, literal, select, tuple_

from feeds.model.feed import ALL
from feeds.store.schema import Instant, filings, sitemap_parts

_PLACE = (filings.c.published, filings.c.release_id)

Place = tuple[datetime, str]  #: when a release was published, and its id


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPart:
    """The pages from one place to before another one; None for all there are on that side."""

    number: int  #: from 1; never given twice
    begins: Place | None = None
    ends: Place | None = None

    @property
    def is_last(self) -> bool:
        """True for the one that new releases come into."""
        return self.ends is None


def lies_in(part: SitemapPart) -> Iterator[ColumnElement[bool]]:
    """What is true of the filings whose pages a part lists."""
    yield filings.c.feed == ALL
    if part.begins is not None:
        yield tuple_(*_PLACE) >= _literal(part.begins)
    if part.ends is not None:
        yield tuple_(*_PLACE) < _literal(part.ends)


class SitemapParts:
    """Parts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(self) -> list[SitemapPart]:
        """All parts, in the order of their pages; there is always one."""
        wanted = select(sitemap_parts).order_by(
            sitemap_parts.c.published, sitemap_parts.c.release_id
        )
        known: list[tuple[int, Place | None]] = [(1, None)]
        rows = self._connection.execute(wanted)
        known += ((row.number, (row.published, row.release_id)) for row in rows)
        return [
            SitemapPart(number=number, begins=begins, ends=ends)
            for (number, begins), (_, ends) in pairwise([*known, (0, None)])
        ]

    def is_over(self, part: SitemapPart, *, size: int) -> bool:
        """True when a part has more than so many pages, of retracted releases too."""
        return self._after(part, size) is not None

    def divide(self, part: SitemapPart, *, size: int) -> None:
        """Begin new parts in this one, until each has so many pages at the most.

        Raises:
            StoreConflict: Somebody else divides at the same moment. It comes with the statement.
        """
        begun: list[Place] = []
        rest = part
        while (place := self._after(rest, size)) is not None:
            begun.append(place)
            rest = SitemapPart(number=part.number, begins=place, ends=part.ends)
        self._begin(begun)

    def _begin(self, places: Sequence[Place]) -> None:
        if places:
            last = max(part.number for part in self.listed())
            rows = [
                {"number": last + nth, "published": place[0], "release_id": place[1]}
                for nth, place in enumerate(places, start=1)
            ]
            self._connection.execute(insert(sitemap_parts), rows)

    def _after(self, part: SitemapPart, count: int) -> Place | None:
        """The place behind the first so many pages of a part; by the index alone."""
        wanted = select(*_PLACE).where(*lies_in(part)).order_by(*_PLACE)
        row = self._connection.execute(wanted.offset(count).limit(1)).one_or_none()
        return None if row is None else (row.published, row.release_id)


def _literal(place: Place) -> ColumnElement[tuple[datetime, str]]:
    return tuple_(literal(place[0], Instant), place[1])
