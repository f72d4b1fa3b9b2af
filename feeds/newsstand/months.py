"""Lists of releases by month, for people: every release of a feed is in one of them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from zoneinfo import ZoneInfo

from feeds.errors import MonthNotFound
from feeds.model import months
from feeds.model.edition import newest_first
from feeds.model.feed import ALL
from feeds.model.months import (
    FeedMonths,
    Month,
    MonthCount,
    MonthPage,
    MonthPlace,
    Neighbours,
    place_at,
)
from feeds.model.release import Release
from feeds.store.database import Database, Transaction
from feeds.store.months import ListPlace

#: How many pages of a month a page links to: on each side of it, and between the first and last.
PLACES_BESIDE, PLACES_BETWEEN = 2, 10

#: A page with more releases than this between it and both ends of its month is found by where its
#: part begins, which is remembered. Passing over so few costs less than remembering.
MAX_SKIPPED = 1_000

#: Of how many months, each in one language or all, is remembered where their parts begin. A month
#: with 120,000 releases takes 200 kB.
MONTHS_REMEMBERED = 16


class PartPlaces:
    """Where the parts of long months begin, until the month changes. Safe to share."""

    def __init__(self) -> None:
        self._known: OrderedDict[object, tuple[object, Sequence[ListPlace]]] = OrderedDict()
        self._lock = Lock()

    def find(
        self, key: object, state: object, read: Callable[[], Sequence[ListPlace]]
    ) -> Sequence[ListPlace]:
        """Returns the places of a month.

        Args:
            key: What names the month, and its feed.
            state: What is different once the month has changed.
            read: Reads them from the store; called if they are not known in this state.
        """
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0] == state:
                self._known.move_to_end(key)
                return known[1]
        places = read()
        with self._lock:
            self._known[key] = state, places
            self._known.move_to_end(key)
            while len(self._known) > MONTHS_REMEMBERED:
                self._known.popitem(last=False)
        return places


class MonthLists:
    """The months of the feeds in one store. Safe to share between threads and processes."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        """Lists months by a time zone."""
        self._database = database
        self._zone = zone
        self._part_places = PartPlaces()

    def page(self, slug: str, place: MonthPlace) -> MonthPage:
        """Returns a page of a feed's list.

        Raises:
            MonthNotFound: There are no such releases, or no such part.
        """
        with self._database.read() as tx:
            of_feed = tx.months.of(slug)
            listed = of_feed.listed(place.language)
            at = next((n for n, one in enumerate(listed) if one.month == place.month), None)
            if at is None or _is_only_language(of_feed, place.language):
                raise MonthNotFound(slug, place.path)
            count = listed[at].releases
            parts = months.full_parts(count)
            if place.number is not None and not 1 <= place.number <= parts:
                raise MonthNotFound(slug, place.path)
            changed_at = of_feed.changed_at(place.month, place.month)
            releases = self._releases(tx, slug, place, count=count, changed_at=changed_at)
        following = listed[at - 1] if at else None
        preceding = listed[at + 1] if at + 1 < len(listed) else None
        own = 0 if place.number is None else parts - place.number + 1

        def beside(index: int, other: MonthCount | None, other_index: int) -> MonthPlace | None:
            if 0 <= index <= parts:
                return place_at(listed[at], place.language, index)
            return None if other is None else place_at(other, place.language, other_index)

        earlier = beside(own + 1, preceding, 0)
        last = 0 if following is None else months.full_parts(following.releases)
        later = beside(own - 1, following, last)
        return MonthPage(
            place=place,
            count=count,
            first=_first(place, count) + 1,
            releases=releases,
            places=[
                place_at(listed[at], place.language, index) for index in _shown(parts + 1, own)
            ],
            languages=of_feed.languages(place.month),
            earlier=earlier,
            later=later,
            changed_at=of_feed.changed_at(
                None if preceding is None else preceding.month,
                None if following is None else following.month,
            ),
        )

    def neighbours(self, release: Release) -> Neighbours:
        """Returns the releases before and after a public one, by publication."""
        with self._database.read() as tx:
            published = release.content.published
            before = tx.months.beside(published, release.id, is_later=False)
            after = tx.months.beside(published, release.id, is_later=True)
            pages = tx.release_pages.with_ids([one for one in (before, after) if one is not None])
            previous = None if before is None else pages.get(before)
            following = None if after is None else pages.get(after)
            changed_at = tx.months.changed_at(
                ALL,
                None if previous is None else Month.of(previous.published, self._zone),
                None if following is None else Month.of(following.published, self._zone),
            )
        return Neighbours(
            previous=previous,
            next=following,
            month=Month.of(published, self._zone),
            changed_at=changed_at,
        )

    def _releases(
        self,
        tx: Transaction,
        slug: str,
        place: MonthPlace,
        *,
        count: int,
        changed_at: datetime | None,
    ) -> list[Release]:
        month, language, part = place.month, place.language, months.RELEASES_A_PART
        begins = _first(place, count)
        ends = count if place.number is None else begins + part
        # From the end that is nearer; the latest page reads no more than it shows.
        is_latest_first = count - ends < begins
        skip = count - ends if is_latest_first else begins
        if skip <= MAX_SKIPPED:
            ids = tx.months.releases(
                slug,
                month,
                self._zone,
                language=language,
                skip=skip,
                limit=ends - begins,
                is_latest_first=is_latest_first,
            )
        else:
            places = self._part_places.find(
                (slug, month, language),
                (count, changed_at),
                lambda: tx.months.places(slug, month, self._zone, language=language, every=part),
            )
            # The part may have gone between the count and this read.
            ids = (
                []
                if begins // part >= len(places)
                else tx.months.releases_from(
                    places[begins // part],
                    slug,
                    month,
                    self._zone,
                    language=language,
                    limit=ends - begins,
                )
            )
        return newest_first(list(tx.releases.by_ids(ids).values()))


def _shown(pages: int, own: int) -> list[int]:
    """Returns the pages of a month that one of them links to: a few, however many there are.

    The first and the last, those beside it, and some between; the way from each to the next leads
    to all.
    """
    between = range(0, pages, max(1, pages // PLACES_BETWEEN))
    beside = range(max(0, own - PLACES_BESIDE), min(pages, own + PLACES_BESIDE + 1))
    return sorted({*between, *beside, pages - 1})


def _is_only_language(listed: FeedMonths, language: str | None) -> bool:
    """Whether a page of this language would be the same as the one of all languages."""
    return language is not None and len(listed.languages()) == 1


def _first(place: MonthPlace, count: int) -> int:
    """Returns how many releases of the month come before those of a page."""
    parts = months.full_parts(count) if place.number is None else place.number - 1
    return parts * months.RELEASES_A_PART
