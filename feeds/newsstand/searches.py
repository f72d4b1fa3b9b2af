"""Searches: pages of hits, and every search as a feed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import InvalidSearch, SearchPageNotFound
from feeds.html.plain_text import one_line
from feeds.model.edition import FeedHead
from feeds.model.feed import ALL, Format, Link
from feeds.model.release import Release
from feeds.model.search import (
    SearchCondition,
    SearchFault,
    SearchFilters,
    SearchHit,
    SearchPage,
    SearchQuery,
    TermQuery,
)
from feeds.model.text import is_language_tag, whole_second
from feeds.newsstand.entries import EntryCache, EntryLoader
from feeds.search.excerpts import excerpt, marked
from feeds.search.query import parse_query
from feeds.search.terms import language_term
from feeds.store.database import Database

#: Hits on a page.
PAGE_HITS = 10

#: Pages of a search. Whoever wants older hits narrows the search by date.
MAX_PAGES = 20

#: Entries in a search's feed: as many as a window has at least.
FEED_ENTRIES = 20

#: The entries of searches do not take the room of those that editions need.
CACHE_BYTES = 8 * 1024 * 1024

_DAY = timedelta(days=1)

#: The years in which a day has a beginning in every time zone, and a day after it.
_YEARS = range(1000, 9999)


class Searches:
    """Searches of the public releases. Safe to share between threads."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        self._entry_cache = EntryCache(max_bytes=CACHE_BYTES)

    def read(self, given: Mapping[str, str]) -> SearchQuery:
        """Reads the parameters of a search: ``q``, ``category``, ``language``, ``from``, ``to``.

        Empty ones do not count, and neither do others.

        Raises:
            InvalidSearch: One of them cannot be understood.
        """
        values = {name: value.strip() for name, value in given.items()}
        filters = SearchFilters(
            category=self._category(values.get("category", "")),
            language=_language(values.get("language", "")),
            since=_date("from", values.get("from", "")),
            until=_date("to", values.get("to", "")),
        )
        if filters.since and filters.until and filters.since > filters.until:
            raise InvalidSearch(SearchFault.DATE, "to: a day before the one of 'from'")
        return parse_query(values.get("q", ""), filters)

    def page(self, query: SearchQuery, *, number: int = 1) -> SearchPage:
        """Returns a page of hits.

        Raises:
            SearchPageNotFound: There is no such page; the first one always is.
            SearchTooSlow: The store gave up.
        """
        if number > MAX_PAGES:
            raise SearchPageNotFound(number)
        skip = (number - 1) * PAGE_HITS
        with self._database.searching() as tx:
            ids = tx.search.find(self._terms(query), skip=skip, limit=PAGE_HITS + 1)
            found = tx.releases.by_ids(ids[:PAGE_HITS]) if ids else {}
            language = None if ids else query.filters.language
            is_known = language is None or _has_language(tx.months.languages(ALL), language)
        if not found and number > 1:
            raise SearchPageNotFound(number)
        has_more = len(ids) > PAGE_HITS
        last = found.get(ids[PAGE_HITS - 1]) if has_more and number == MAX_PAGES else None
        return SearchPage(
            number=number,
            hits=tuple(
                _hit(found[one], query.conditions)
                for one in ids[:PAGE_HITS]
                if _is_public(found.get(one))
            ),
            first=skip + 1,
            has_next=has_more and number < MAX_PAGES,
            older=None if last is None else self._day_of(last),
            has_no_such_language=not is_known,
        )

    def is_behind(self) -> bool:
        """Whether releases were stored that are still to be indexed."""
        with self._database.read() as tx:
            return bool(tx.search.marked(limit=1))

    def document(self, query: SearchQuery, feed_format: Format) -> bytes:
        """Returns the newest hits as a feed, the same bytes for the same hits.

        Raises:
            FeedNotFound: No configuration was applied to the store yet.
            SearchTooSlow: The store gave up.
        """
        entry_loader = EntryLoader(self._catalogue, self._entry_cache)
        with self._database.searching() as tx:
            ids = tx.search.find(self._terms(query), skip=0, limit=FEED_ENTRIES)
            stubs = tx.releases.stubs(ids) if ids else {}
            page = entry_loader.whole_page(tx, tx.feed_entries.of_releases(ALL, ids))
            everything = tx.feeds.identity(ALL)
        # A document has to say a date. Without hits it is the newsroom's last change, after which
        # there still were none: a retraction may have taken the last hit away.
        updated = max((stub.updated for stub in stubs.values()), default=everything.changed_at)
        head = self._head(query, feed_format, feed_id=everything.id, updated=updated)
        bodies = [entry.body or b"" for entry in page.fragments(feed_format)]
        return render.assemble_once(head, feed_format, self._catalogue.site, bodies)

    def _head(
        self, query: SearchQuery, feed_format: Format, *, feed_id: str, updated: datetime
    ) -> FeedHead:
        site, parameters = self._catalogue.site, query.parameters
        filters = [value for name, value in parameters if name != "q"]
        feed = replace(
            self._catalogue.feeds[ALL],
            title=f"{query.text} – {site.title}",
            description=" · ".join([site.title, query.text, *filters]),
            hubs=(),
            cloud=None,
        )
        own = site.search_feed(parameters, feed_format)
        # As permanent as the feed of everything, whatever the host is called.
        name = f"{feed_id}#search?{parameters}"
        return FeedHead(
            id=uuid5(NAMESPACE_URL, name).urn,
            feed=feed,
            updated=whole_second(updated),
            links=(Link(rel="self", href=own),),
            page=site.search_page(parameters),
        )

    def _terms(self, query: SearchQuery) -> TermQuery:
        filters = query.filters
        conditions = [condition.terms for condition in query.conditions]
        if filters.language is not None:
            conditions.append((language_term(filters.language),))
        return TermQuery(
            conditions=conditions,
            feed=filters.category,
            since=None if filters.since is None else self._beginning(filters.since),
            before=None if filters.until is None else self._beginning(filters.until + _DAY),
        )

    def _day_of(self, release: Release) -> date:
        return release.content.published.astimezone(self._catalogue.site.time_zone).date()

    def _beginning(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self._catalogue.site.time_zone).astimezone(UTC)

    def _category(self, slug: str) -> str | None:
        slug = self._catalogue.slugs_by_former.get(slug, slug)
        if slug in ("", ALL):
            return None
        if slug not in self._catalogue.feeds:
            raise InvalidSearch(SearchFault.CATEGORY, "category: there is none of this name")
        return slug


def _language(tag: str) -> str | None:
    if not tag:
        return None
    if not is_language_tag(tag):
        raise InvalidSearch(SearchFault.LANGUAGE, "language: no language tag, such as 'pt-BR'")
    return tag.lower()


def _has_language(known: Iterable[str], tag: str) -> bool:
    """Whether one of these languages is the one asked for, or a variant of it."""
    return any(f"{each.lower()}-".startswith(f"{tag}-") for each in known)


def _date(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in _YEARS:
        raise InvalidSearch(SearchFault.DATE, f"{name}: no date, such as '2026-11-05'")
    return day


def _is_public(release: Release | None) -> bool:
    """Whether a hit still stands: on PostgreSQL it may have been retracted a moment ago."""
    return release is not None and release.retraction is None


def _hit(release: Release, conditions: tuple[SearchCondition, ...]) -> SearchHit:
    content = release.content
    text = one_line(content.body, language=content.language)
    shown = excerpt(text, conditions)
    if content.summary and not any(part.is_hit for part in shown):
        shown = excerpt(content.summary, conditions)
    return SearchHit(release=release, title=marked(content.title, conditions), excerpt=shown)
