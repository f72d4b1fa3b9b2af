"""The pages of all releases, as lists of addresses need them: without text, in parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, literal, select, tuple_

from feeds.model.feed import ALL
from feeds.model.listing import PageStub
from feeds.model.release import ReleaseId, Translation
from feeds.store.schema import Instant, filings, releases, sitemap_parts

# The list of all releases' pages in parts, each of which begins at a place of its own.
#
# A part is found by that place, however many pages come before it; and a page that goes, or one of
# an older release that comes late, moves no other page from part to part: search engines fetch
# again what changed, and nothing else. Places are never moved. A part that is full ends where a new
# one begins; numbers tell when parts began, not in which order they are.

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


# The releases' pages, as lists of addresses need them: without the text of the releases.
#
# A release has a public page when it is filed in the feed of everything and was not retracted: the
# address of a retracted one says that it is gone. The index
# ``ix_filings_latest`` gives them in order of publication, so that a list of a million is read in
# parts, and a new release comes at the end of it.

_IN_ALL = filings.c.feed == ALL
_PAGES = (
    select(
        releases.c.id,
        releases.c.slug,
        releases.c.title,
        releases.c.language,
        releases.c.published,
        releases.c.updated,
        releases.c.changed_at,
        releases.c.revision,
        releases.c.translations,
    )
    .join(filings, filings.c.release_id == releases.c.id)
    .where(_IN_ALL, releases.c.retracted_at.is_(None))
)


class ReleasePages:
    """Pages over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def behind(self, last: PageStub | None, *, limit: int) -> list[PageStub]:
        """The pages that follow *last*, by publication; from the first one for None."""
        wanted = _PAGES.order_by(filings.c.published, filings.c.release_id).limit(limit)
        if last is not None:
            place = tuple_(filings.c.published, filings.c.release_id)
            wanted = wanted.where(place > (last.published, last.id))
        return self._fetch(wanted)

    def of(self, part: SitemapPart, *, limit: int) -> list[PageStub]:
        """The first pages of a part, in the order of `behind`."""
        wanted = _PAGES.where(*lies_in(part))
        return self._fetch(wanted.order_by(filings.c.published, filings.c.release_id).limit(limit))

    def published(self, *, since: datetime, until: datetime, limit: int) -> list[PageStub]:
        """The pages of the releases that were published in that time, the newest first."""
        wanted = _PAGES.where(filings.c.published >= since, filings.c.published <= until)
        order = (filings.c.published.desc(), filings.c.release_id.desc())
        return self._fetch(wanted.order_by(*order).limit(limit))

    def count(self) -> int:
        """How many there are. Counts them all: for commands, not for pages."""
        # Each from its index alone, where the pages would have to be looked at one by one.
        filed = select(func.count()).select_from(filings).where(_IN_ALL)
        retracted = (
            select(func.count())
            .select_from(releases.join(filings, filings.c.release_id == releases.c.id))
            .where(_IN_ALL, releases.c.retracted_at.is_not(None))
        )
        wanted = select(filed.scalar_subquery() - retracted.scalar_subquery())
        return int(self._connection.execute(wanted).scalar_one())

    def retracted(self) -> list[str]:
        """Slugs of the releases that were retracted, whose pages are gone; the oldest first."""
        wanted = select(releases.c.slug).where(releases.c.retracted_at.is_not(None))
        order = (releases.c.retracted_at, releases.c.id)
        return list(self._connection.execute(wanted.order_by(*order)).scalars())

    def there(self, slugs: Sequence[str]) -> set[str]:
        """Those of *slugs* that are the slug of a page."""
        wanted = _PAGES.with_only_columns(releases.c.slug).where(releases.c.slug.in_(slugs))
        return set(self._connection.execute(wanted).scalars())

    def _fetch(self, wanted: Select[Any]) -> list[PageStub]:
        return [
            PageStub(
                id=ReleaseId(row.id),
                slug=row.slug,
                title=row.title,
                language=row.language,
                published=row.published,
                updated=row.updated,
                changed_at=row.changed_at,
                revision=row.revision,
                translations=tuple(Translation(**each) for each in row.translations or ()),
            )
            for row in self._connection.execute(wanted)
        ]
