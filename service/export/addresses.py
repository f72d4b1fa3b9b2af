"""Lists every public address. An address that is not listed here is not exported."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, pairwise
from typing import NamedTuple
from urllib.parse import unquote

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format
from feeds.model.listing import PageStub
from feeds.model.medium import MEDIA_PATH
from feeds.model.months import Month
from feeds.newsstand import Newsstand
from service.settings import Settings
from service.web import assets_for
from service.web.sitemaps import URLS_A_FILE

#: Releases read in one query. Their pages are made one by one.
RELEASES_A_QUERY = 500


class PublicAddress(NamedTuple):
    """A public address."""

    path: str
    #: When its content last changed, if its bytes depend only on that content and the
    #: configuration; None when it has to be requested in each run.
    changed_at: datetime | None = None


def public_addresses(
    catalogue: Catalogue, newsstand: Newsstand, settings: Settings
) -> Iterator[PublicAddress]:
    """Yields all paths that readers may request, relative to the base URL, not encoded.

    Documents come first, since pollers request them. Lists come last: they name pages, which exist
    by then.
    """
    return chain(
        map(PublicAddress, _documents(catalogue)),
        _archives(catalogue, newsstand),
        map(PublicAddress, _former(catalogue)),
        map(PublicAddress, _assets(settings)),
        map(PublicAddress, _pages(catalogue)),
        _release_pages(catalogue, newsstand),
        _months(catalogue, newsstand),
        _media(newsstand),
        map(PublicAddress, _retracted(newsstand)),
        map(PublicAddress, _lists(newsstand)),
    )


def count_addresses(catalogue: Catalogue, newsstand: Newsstand) -> int:
    """Returns the approximate number of addresses, for a progress display."""
    return len(catalogue.feeds) * (len(Format) + 1) + newsstand.count_release_pages() + 12


def _documents(catalogue: Catalogue) -> Iterator[str]:
    for slug in catalogue.feeds:
        for each in Format:
            yield f"/feeds/{slug}.{each}"


def _archives(catalogue: Catalogue, newsstand: Newsstand) -> Iterator[PublicAddress]:
    """Yields archive documents, which change only when a release in them is retracted."""
    for slug in catalogue.feeds:
        for archive in newsstand.archives(slug):
            for each in Format:
                yield PublicAddress(
                    f"/feeds/{slug}/archive/{archive.number}.{each}", archive.changed_at
                )


def _former(catalogue: Catalogue) -> Iterator[str]:
    """Yields former addresses of feeds whose slug changed; they redirect to the new ones."""
    for slug in catalogue.slugs_by_former:
        yield f"/feeds/{slug}"
        yield from (f"/feeds/{slug}.{each}" for each in Format)


def _assets(settings: Settings) -> Iterator[str]:
    assets = assets_for(settings)
    yield from (assets.path(name) for name in sorted(assets.by_name))
    yield "/favicon.ico"


def _pages(catalogue: Catalogue) -> Iterator[str]:
    yield from ("/", "/releases")
    yield from (f"/feeds/{slug}" for slug in catalogue.feeds)


def _months(catalogue: Catalogue, newsstand: Newsstand) -> Iterator[PublicAddress]:
    """Yields the lists of releases by month; each changes with its releases, and its neighbours."""
    for slug in catalogue.feeds:
        home = catalogue.site.month_page(slug, "")
        for place, changed_at in newsstand.months(slug).places():
            yield PublicAddress(
                f"{unquote(home.removeprefix(catalogue.site.base_url))}{place.path}", changed_at
            )


def _release_pages(catalogue: Catalogue, newsstand: Newsstand) -> Iterator[PublicAddress]:
    """Yields the pages of releases, which change with the releases and with their neighbours."""
    months, zone = newsstand.months(ALL), catalogue.site.time_zone
    before: Month | None = None
    for page, following in _with_next(_stubs(newsstand)):
        after = None if following is None else Month.of(following.published, zone)
        changes = (page.changed_at, months.changed_at(before, after))
        changed_at = max(change for change in changes if change is not None)
        yield PublicAddress(f"/releases/{page.slug}", changed_at)
        yield from _former_revisions(page)
        before = Month.of(page.published, zone)


def _media(newsstand: Newsstand) -> Iterator[PublicAddress]:
    """Yields the addresses of stored files that public releases name; their bytes never change."""
    last = None
    while found := newsstand.public_media(behind=last, limit=RELEASES_A_QUERY):
        yield from (PublicAddress(f"{MEDIA_PATH}{u.digest}/{u.name}", at) for u, at in found)
        last = found[-1][0]


def _stubs(newsstand: Newsstand) -> Iterator[PageStub]:
    last = None
    while found := newsstand.release_pages(behind=last, limit=RELEASES_A_QUERY):
        yield from found
        last = found[-1]


def _with_next(pages: Iterator[PageStub]) -> Iterator[tuple[PageStub, PageStub | None]]:
    pairs = pairwise(chain(pages, [None]))
    yield from ((page, following) for page, following in pairs if page is not None)


def _former_revisions(page: PageStub) -> Iterator[PublicAddress]:
    for number in range(1, page.revision):
        yield PublicAddress(f"/releases/{page.slug}/revisions/{number}", page.changed_at)


def _retracted(newsstand: Newsstand) -> Iterator[str]:
    """Yields addresses of retracted releases, which have only a notice."""
    yield from (f"/releases/{slug}" for slug in newsstand.retracted_pages())


def _lists(newsstand: Newsstand) -> Iterator[str]:
    yield from ("/feeds.opml", "/robots.txt", "/news-sitemap.xml")
    parts = newsstand.sitemap_parts(size=URLS_A_FILE)
    if len(parts) > 1:
        yield from (f"/sitemap-{number}.xml" for number in parts)
    yield "/sitemap.xml"
