"""Pages of all releases for sitemaps and lists: without text, in parts."""

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

# The parts of the sitemap, each of which begins at a fixed position.
#
# A part is found by its position, however many pages come before it. A page that is added late or
# removed moves no other page to another part, so search engines fetch only what changed. Positions
# are never moved. A full part ends where a new one begins; numbers show in which order parts were
# created, not the order of their pages.

_POSITION = (filings.c.published, filings.c.release_id)

PagePosition = tuple[datetime, str]  #: when a release was published, and its id


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPart:
    """The pages between two positions; None means that a side is open."""

    number: int  #: from 1; never reused
    begins: PagePosition | None = None
    ends: PagePosition | None = None

    @property
    def is_last(self) -> bool:
        """Whether this is the part to which new releases are added."""
        return self.ends is None


def lies_in(part: SitemapPart) -> Iterator[ColumnElement[bool]]:
    """Yields the conditions for the feed entries whose pages a part lists."""
    yield filings.c.feed == ALL
    if part.begins is not None:
        yield tuple_(*_POSITION) >= _literal(part.begins)
    if part.ends is not None:
        yield tuple_(*_POSITION) < _literal(part.ends)


class SitemapParts:
    """Sitemap parts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(self) -> list[SitemapPart]:
        """All parts in the order of their pages; there is always at least one."""
        query = select(sitemap_parts).order_by(
            sitemap_parts.c.published, sitemap_parts.c.release_id
        )
        known: list[tuple[int, PagePosition | None]] = [(1, None)]
        rows = self._connection.execute(query)
        known += ((row.number, (row.published, row.release_id)) for row in rows)
        return [
            SitemapPart(number=number, begins=begins, ends=ends)
            for (number, begins), (_, ends) in pairwise([*known, (0, None)])
        ]

    def is_over(self, part: SitemapPart, *, size: int) -> bool:
        """Whether a part has more than *size* pages, counting retracted releases."""
        return self._after(part, size) is not None

    def divide(self, part: SitemapPart, *, size: int) -> None:
        """Splits a part into parts of at most *size* pages.

        Raises:
            StoreConflict: Another transaction split it at the same time.
        """
        begun: list[PagePosition] = []
        rest = part
        while (position := self._after(rest, size)) is not None:
            begun.append(position)
            rest = SitemapPart(number=part.number, begins=position, ends=part.ends)
        self._begin(begun)

    def _begin(self, positions: Sequence[PagePosition]) -> None:
        if positions:
            last = max(part.number for part in self.listed())
            rows = [
                {"number": last + nth, "published": position[0], "release_id": position[1]}
                for nth, position in enumerate(positions, start=1)
            ]
            self._connection.execute(insert(sitemap_parts), rows)

    def _after(self, part: SitemapPart, count: int) -> PagePosition | None:
        """The position after the first *count* pages of a part; read from the index alone."""
        query = select(*_POSITION).where(*lies_in(part)).order_by(*_POSITION)
        row = self._connection.execute(query.offset(count).limit(1)).one_or_none()
        return None if row is None else (row.published, row.release_id)


def _literal(position: PagePosition) -> ColumnElement[tuple[datetime, str]]:
    return tuple_(literal(position[0], Instant), position[1])


# The public pages of releases, without the text.
#
# A release has a public page when it is in the feed of everything and is not retracted; the address
# of a retracted release answers 410. The index ``ix_filings_latest`` returns the pages in order of
# publication, so that a list of a million is read in parts and a new release comes at its end.

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
        """The pages after *last* in order of publication; from the first one if it is None."""
        query = _PAGES.order_by(filings.c.published, filings.c.release_id).limit(limit)
        if last is not None:
            position = tuple_(filings.c.published, filings.c.release_id)
            query = query.where(position > (last.published, last.id))
        return self._fetch(query)

    def of(self, part: SitemapPart, *, limit: int) -> list[PageStub]:
        """The first pages of a part, in order of publication."""
        query = _PAGES.where(*lies_in(part))
        return self._fetch(query.order_by(filings.c.published, filings.c.release_id).limit(limit))

    def published(
        self, *, since: datetime, until: datetime, limit: int, is_news: bool = False
    ) -> list[PageStub]:
        """The pages of releases published in that period, newest first.

        Args:
            since: The beginning of the period.
            until: Its end.
            limit: The largest number to return.
            is_news: Only releases that did not come with an import.
        """
        query = _PAGES.where(filings.c.published >= since, filings.c.published <= until)
        if is_news:
            query = query.where(releases.c.placed_at.is_(None))
        order = (filings.c.published.desc(), filings.c.release_id.desc())
        return self._fetch(query.order_by(*order).limit(limit))

    def count(self) -> int:
        """The number of pages. Counts rows: for commands, not for pages."""
        # Each count reads its index alone; counting pages would read each row.
        listed = select(func.count()).select_from(filings).where(_IN_ALL)
        retracted = (
            select(func.count())
            .select_from(releases.join(filings, filings.c.release_id == releases.c.id))
            .where(_IN_ALL, releases.c.retracted_at.is_not(None))
        )
        query = select(listed.scalar_subquery() - retracted.scalar_subquery())
        return int(self._connection.execute(query).scalar_one())

    def retracted(self) -> list[str]:
        """The slugs of retracted releases, whose pages are gone; the first retracted first."""
        query = select(releases.c.slug).where(releases.c.retracted_at.is_not(None))
        order = (releases.c.retracted_at, releases.c.id)
        return list(self._connection.execute(query.order_by(*order)).scalars())

    def with_ids(self, ids: Sequence[ReleaseId]) -> dict[ReleaseId, PageStub]:
        """The pages of these releases."""
        found = self._fetch(_PAGES.where(releases.c.id.in_(ids))) if ids else []
        return {page.id: page for page in found}

    def existing(self, slugs: Sequence[str]) -> set[str]:
        """Returns those of *slugs* that have a page."""
        query = _PAGES.with_only_columns(releases.c.slug).where(releases.c.slug.in_(slugs))
        return set(self._connection.execute(query).scalars())

    def _fetch(self, query: Select[Any]) -> list[PageStub]:
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
            for row in self._connection.execute(query)
        ]
