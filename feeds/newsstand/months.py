"""Lists of releases by month, for people: every release of a feed is in one of them.

A month with many releases is divided into parts. A part is full and has an address of its own; its
releases are counted from the beginning of the month, so that a new release changes no part before
it. The rest, which is at least as much as a part, is the page at the month's own address.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from feeds.errors import MonthNotFound
from feeds.model.edition import newest_first
from feeds.model.feed import ALL
from feeds.model.months import FeedMonths, Month, MonthPage, Neighbours
from feeds.model.release import Release
from feeds.store.database import Database, Transaction

#: The number of releases in a part of a month.
RELEASES_A_PART = 100


def full_parts(count: int) -> int:
    """Returns the number of full parts of a month with so many releases.

    The page at the month's own address has at least as many releases as a part, if there are that
    many, and less than twice as many.
    """
    return max(0, count // RELEASES_A_PART - 1)


class MonthLists:
    """The months of the feeds in one store. Safe to share between threads and processes."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        """Lists months by a time zone."""
        self._database = database
        self._zone = zone

    def page(
        self, slug: str, month: Month, *, language: str | None, number: int | None
    ) -> MonthPage:
        """Returns a page of a month's list.

        Args:
            slug: The feed.
            month: The month.
            language: Only releases in this language (BCP 47, exact match); None for all.
            number: Of a full part, from 1 with the month's first releases; None for the rest.

        Raises:
            MonthNotFound: There are no such releases, or no such part.
        """
        with self._database.read() as tx:
            months = tx.months.of(slug)
            listed = months.listed(language)
            count = next((one.releases for one in listed if one.month == month), 0)
            parts = full_parts(count)
            if not count or (number is not None and number > parts):
                raise MonthNotFound(slug, month.path)
            releases = self._releases(tx, slug, month, language, number=number, count=count)
        earlier = next((one.month for one in listed if one.month < month), None)
        later = next((one.month for one in reversed(listed) if one.month > month), None)
        return MonthPage(
            month=month,
            language=language,
            number=number,
            parts=parts,
            count=count,
            releases=releases,
            languages=months.languages(month),
            earlier=earlier,
            later=later,
            changed_at=months.changed_at(earlier, later),
        )

    def neighbours(self, release: Release) -> Neighbours:
        """Returns the releases before and after a public one, by publication."""
        with self._database.read() as tx:
            published = release.content.published
            before = tx.months.beside(published, release.id, is_later=False)
            after = tx.months.beside(published, release.id, is_later=True)
            pages = tx.release_pages.with_ids([one for one in (before, after) if one is not None])
            months = tx.months.of(ALL)
        previous = None if before is None else pages.get(before)
        following = None if after is None else pages.get(after)
        return Neighbours(
            previous=previous,
            next=following,
            changed_at=self.changed_around(
                months,
                None if previous is None else previous.published,
                None if following is None else following.published,
            ),
        )

    def changed_around(
        self, months: FeedMonths, previous: datetime | None, following: datetime | None
    ) -> datetime | None:
        """Returns when the neighbours of a release last changed, or which releases they are.

        Counts by whole months: a release that comes between, or leaves, changes one of them.

        Args:
            months: The months of the feed of everything.
            previous: When the release before was published; None if there is none.
            following: When the release after was published.
        """
        first = None if previous is None else Month.of(previous, self._zone)
        last = None if following is None else Month.of(following, self._zone)
        return months.changed_at(first, last)

    def _releases(
        self,
        tx: Transaction,
        slug: str,
        month: Month,
        language: str | None,
        *,
        number: int | None,
        count: int,
    ) -> list[Release]:
        begins = (full_parts(count) if number is None else number - 1) * RELEASES_A_PART
        ends = count if number is None else number * RELEASES_A_PART
        # From the end that is nearer; the newest page reads no more than it shows.
        is_latest_first = count - ends < begins
        ids = tx.months.releases(
            slug,
            month,
            self._zone,
            language=language,
            skip=count - ends if is_latest_first else begins,
            limit=ends - begins,
            is_latest_first=is_latest_first,
        )
        found = tx.releases.by_ids(ids)
        return newest_first(list(found.values()))
