"""Lists of pages for search engines (sitemaps.org 0.9; Google's extension for news)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from feeds.model.feed import ALL, Site
from feeds.model.listing import PageStub
from feeds.model.text import FORBIDDEN_IN_XML, whole_second
from service.web.answers import answer_bytes, last_change, page_date
from service.web.recall import recallable
from service.web.request_context import RequestContext, request_context
from service.web.wording import PageAlternate, page_alternates

MEDIA_TYPE = "application/xml; charset=utf-8"

#: sitemaps.org allows 50,000 URLs and 50 MB a file. Fewer make an answer that is written in a
#: fraction of a second, and let a search engine fetch less again. Late-comers may double it.
URLS_A_FILE = 10_000

#: Search engines come a few times a day.
MAX_AGE_S = 60 * 60

#: Google: "Include URLs for articles published in the last two days", a thousand at the most.
NEWS_AGE = timedelta(days=2)
MAX_NEWS_URLS = 1_000
#: News is looked at by the minute. A page leaves this list without anybody having changed it, so
#: nobody may keep the list for long.
NEWS_MAX_AGE_S = 5 * 60

_EVER = datetime(1, 1, 2, tzinfo=UTC)  #: before all that is dated
_NEARLY_A_SECOND = timedelta(microseconds=999_999)

_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_SITEMAPS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XHTML = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'

blueprint = Blueprint("sitemaps", __name__)


@blueprint.get("/sitemap.xml")
@recallable
def show() -> Response:
    """Answer with all pages; or, when they do not fit into one file, with the list of its parts."""
    room = request_context()
    date = _date(room)
    parts = room.newsstand.sitemap_parts(size=URLS_A_FILE)
    if len(parts) == 1:
        return _answer(write_urls(_urls(room, 1)), MAX_AGE_S, date)
    return _answer(write_index(map(room.site.sitemap_part, parts)), MAX_AGE_S, date)


@blueprint.get("/sitemap-<int:number>.xml")
@recallable
def part(number: int) -> Response:
    """Answer with one part of the list of all pages; they count from 1."""
    room = request_context()
    date = _date(room)
    return _answer(write_urls(_urls(room, number)), MAX_AGE_S, date)


@blueprint.get("/news-sitemap.xml")
@recallable
def news() -> Response:
    """Answer with the pages of the last two days.

    It changes when a page comes, and when one leaves because it is no news any more.
    """
    room = request_context()
    date = _date(room)
    oldest = whole_second(room.now) - NEWS_AGE
    pages = room.newsstand.newest_release_pages(since=oldest, until=room.now, limit=MAX_NEWS_URLS)
    before = oldest - timedelta(microseconds=1)
    left = room.newsstand.newest_release_pages(since=_EVER, until=before, limit=1)
    # The first whole second in which a list with it, or without it, is to be had.
    came = [whole_second(page.published + _NEARLY_A_SECOND) for page in pages]
    gone = [whole_second(page.published) + NEWS_AGE + timedelta(seconds=1) for page in left]
    newest = max([date or _EVER, *came, *gone])
    is_known = date is not None and newest <= room.now
    return _answer(write_news(room.site, pages), NEWS_MAX_AGE_S, newest if is_known else None)


@dataclass(frozen=True, slots=True)
class Url:
    """A page in a list."""

    address: str
    changed: datetime | None = None  #: where it is known
    alternates: Sequence[PageAlternate] = ()  #: the pages of its translations, and itself


def write_urls(urls: Iterable[Url]) -> bytes:
    """Write a list of pages: addresses, with their last change and translations.

    Source: Google, "Tell Google about localized versions of your page", for ``xhtml:link``: each
    page lists all, itself too.
    """
    lines = [
        f"<url><loc>{_text(url.address)}</loc>"
        + (f"<lastmod>{_moment(url.changed)}</lastmod>" if url.changed else "")
        + "".join(_alternate(alternate) for alternate in url.alternates)
        + "</url>\n"
        for url in urls
    ]
    return f"{_XML}<urlset {_SITEMAPS} {_XHTML}>\n{''.join(lines)}</urlset>\n".encode()


def write_index(addresses: Iterable[str]) -> bytes:
    """Write a list of lists."""
    lines = [f"<sitemap><loc>{_text(address)}</loc></sitemap>\n" for address in addresses]
    return f"{_XML}<sitemapindex {_SITEMAPS}>\n{''.join(lines)}</sitemapindex>\n".encode()


def write_news(site: Site, pages: Sequence[PageStub]) -> bytes:
    """Write a list of news; the same bytes for the same pages."""
    lines = [
        f"<url><loc>{_text(site.release_page(page.slug))}</loc><news:news>"
        f"<news:publication><news:name>{_text(site.title)}</news:name>"
        f"<news:language>{news_language(page.language)}</news:language></news:publication>"
        f"<news:publication_date>{_moment(page.published)}</news:publication_date>"
        f"<news:title>{_text(page.title)}</news:title></news:news></url>\n"
        for page in pages
    ]
    return f"{_XML}<urlset {_SITEMAPS} {_NEWS}>\n{''.join(lines)}</urlset>\n".encode()


def news_language(tag: str) -> str:
    """Write a language (BCP 47) as the extension has it.

    "The language code must be a two- or three-letter ISO 639 code. Exception: for Simplified
    Chinese, use zh-cn; for Traditional Chinese, use zh-tw."
    """
    language, *others = tag.lower().split("-")
    if language != "zh":
        return language
    return "zh-tw" if {"hant", "tw", "hk", "mo"} & set(others) else "zh-cn"


def _urls(room: RequestContext, number: int) -> Iterable[Url]:
    """The addresses in one part; the first begins with the front page and the feeds' pages.

    Raises:
        NotFound: There is no such part.
    """
    pages = room.newsstand.sitemap_part(number, size=URLS_A_FILE)
    if pages is None:
        raise NotFound
    if number == 1:
        yield Url(room.site.home)
        for slug in room.catalogue.feeds:
            yield Url(room.site.feed_page(slug))
    for page in pages:
        alternates = page_alternates(page.language, page.slug, page.translations, room.site)
        yield Url(room.site.release_page(page.slug), page.updated, alternates)


def _alternate(alternate: PageAlternate) -> str:
    language, page = _text(alternate.language), _text(alternate.page)
    return f'<xhtml:link rel="alternate" hreflang="{language}" href="{page}"/>'


def _date(room: RequestContext) -> datetime | None:
    """When a page last came, left or changed. Read before the pages are: never too late a date."""
    newest = room.newsstand.newest_change() or _EVER
    return page_date(room, last_change(room, ALL), newest)


def _answer(document: bytes, max_age_s: int, date: datetime | None) -> Response:
    return answer_bytes(
        document,
        media_type=MEDIA_TYPE,
        cache_control=f"public, max-age={max_age_s}",
        modified_at=date,
    )


def _text(text: str) -> str:
    return escape(FORBIDDEN_IN_XML.sub("", text))


def _moment(moment: datetime) -> str:
    return f"{whole_second(moment):%Y-%m-%dT%H:%M:%SZ}"
