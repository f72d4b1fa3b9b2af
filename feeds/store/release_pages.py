"""The releases' pages, as lists of addresses need them: without the text of the releases.

A release has a public page when it is filed in the feed of everything and was not retracted: the
address of a retracted one says that it is gone. The index
``ix_filings_latest`` gives them in order of publication, so that a list of a million is read in
parts, and a new release comes at the end of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from feeds.model.feed import ALL
from feeds.model.life import Translation
from feeds.model.listing import PageStub
from feeds.model.release import ReleaseId
from feeds.store.schema import filings, releases
from feeds.store.sitemap_parts import SitemapPart, lies_in

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
