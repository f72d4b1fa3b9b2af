"""Sitemaps: lists of pages for search engines (sitemaps.org 0.9; Google's news extension)."""

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

#: sitemaps.org allows 50,000 URLs and 50 MB per file. With fewer, a file is written in a fraction
#: of a second, and a search engine refetches less. Releases that arrive late may double it.
URLS_A_FILE = 10_000

#: Search engines request sitemaps a few times a day.
MAX_AGE_S = 60 * 60

#: Google: "Include URLs for articles published in the last two days", and at most a thousand.
NEWS_AGE = timedelta(days=2)
MAX_NEWS_URLS = 1_000
#: News is requested every few minutes. A page leaves this list without any change to it, so caches
#: must not keep the list for long.
NEWS_MAX_AGE_S = 5 * 60

_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)  #: earlier than every date
_NEARLY_A_SECOND = timedelta(microseconds=999_999)

_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_SITEMAPS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XHTML = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'

blueprint = Blueprint("sitemaps", __name__)


@blueprint.get("/sitemap.xml")
@recallable
def show() -> Response:
    """Answers with all pages; or, if they do not fit into one file, with the list of the files."""
    context = request_context()
    date = _date(context)
    parts = context.newsstand.sitemap_parts(size=URLS_A_FILE)
    if len(parts) == 1:
        return _answer(write_urls(_urls(context, 1)), MAX_AGE_S, date)
    return _answer(write_index(map(context.site.sitemap_part, parts)), MAX_AGE_S, date)


@blueprint.get("/sitemap-<int:number>.xml")
@recallable
def part(number: int) -> Response:
    """Answers with one file of the list of all pages; files are numbered from 1."""
    context = request_context()
    date = _date(context)
    return _answer(write_urls(_urls(context, number)), MAX_AGE_S, date)


@blueprint.get("/news-sitemap.xml")
@recallable
def news() -> Response:
    """Answers with the pages of the last two days.

    The list changes when a page is added, and when one becomes too old.
    """
    context = request_context()
    date = _date(context)
    oldest = whole_second(context.now) - NEWS_AGE
    pages = context.newsstand.newest_release_pages(
        since=oldest, until=context.now, limit=MAX_NEWS_URLS, is_news=True
    )
    before = oldest - timedelta(microseconds=1)
    left = context.newsstand.newest_release_pages(since=_BEGINNING, until=before, limit=1)
    # The first whole second in which a list with the page, or without it, can be requested.
    added = [whole_second(page.published + _NEARLY_A_SECOND) for page in pages]
    removed = [whole_second(page.published) + NEWS_AGE + timedelta(seconds=1) for page in left]
    newest = max([date or _BEGINNING, *added, *removed])
    is_known = date is not None and newest <= context.now
    return _answer(write_news(context.site, pages), NEWS_MAX_AGE_S, newest if is_known else None)


@dataclass(frozen=True, slots=True)
class Url:
    """A page in a sitemap."""

    address: str
    changed: datetime | None = None  #: None where it is not known
    alternates: Sequence[PageAlternate] = ()  #: the page itself, and those of its translations


def write_urls(urls: Iterable[Url]) -> bytes:
    """Writes a sitemap: the URLs of pages, with their last change and translations.

    Source: Google, "Tell Google about localized versions of your page", for ``xhtml:link``: each
    page lists all translations, itself included. A release without translations names itself as
    well: a crawler that looks for one language would leave it out beside one that has some.
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
    """Writes a sitemap index: the list of the sitemaps."""
    lines = [f"<sitemap><loc>{_text(address)}</loc></sitemap>\n" for address in addresses]
    return f"{_XML}<sitemapindex {_SITEMAPS}>\n{''.join(lines)}</sitemapindex>\n".encode()


def write_news(site: Site, pages: Sequence[PageStub]) -> bytes:
    """Writes a news sitemap: the same bytes for the same pages."""
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
    """Converts a language tag (BCP 47) to a code of the news extension.

    "The language code must be a two- or three-letter ISO 639 code. Exception: for Simplified
    Chinese, use zh-cn; for Traditional Chinese, use zh-tw."
    """
    language, *others = tag.lower().split("-")
    if language != "zh":
        return language
    return "zh-tw" if {"hant", "tw", "hk", "mo"} & set(others) else "zh-cn"


def _urls(context: RequestContext, number: int) -> Iterable[Url]:
    """Yields the pages of one file; the first begins with the front page and the feeds' pages.

    Raises:
        NotFound: There is no such file.
    """
    pages = context.newsstand.sitemap_part(number, size=URLS_A_FILE)
    if pages is None:
        raise NotFound
    if number == 1:
        yield Url(context.site.home)
        for slug in context.catalogue.feeds:
            yield Url(context.site.feed_page(slug))
    for page in pages:
        address = context.site.release_page(page.slug)
        alternates = page_alternates(page.language, page.slug, page.translations, context.site)
        itself = PageAlternate(language=page.language, page=address)
        yield Url(address, page.updated, alternates or [itself])


def _alternate(alternate: PageAlternate) -> str:
    language, page = _text(alternate.language), _text(alternate.page)
    return f'<xhtml:link rel="alternate" hreflang="{language}" href="{page}"/>'


def _date(context: RequestContext) -> datetime | None:
    """Returns when a page was last added, removed or changed.

    To be called before the pages are read, so that the date is never too late for them.
    """
    newest = context.newsstand.newest_change() or _BEGINNING
    return page_date(context, last_change(context, ALL), newest)


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
