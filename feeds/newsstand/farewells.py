"""The last entry of a feed that ends: what its readers are told, and where to go."""

from html import escape
from textwrap import shorten
from uuid import NAMESPACE_URL, uuid5

from feeds.errors import InvalidFeed
from feeds.model.edition import Entry
from feeds.model.feed import Ending, Feed, Site
from feeds.model.release import Content, Release, ReleaseId, SourceKey

#: About what a reader shows of a title.
MAX_TITLE_CHARS = 120


def farewell(feed: Feed, site: Site, *, feed_id: str) -> Entry:
    """Write the farewell of a feed that ends.

    Its id comes of the feed's, which is permanent: it never changes, whatever becomes of words,
    slug or host, and no table has to keep it. Published is when the feed ended. It speaks the
    feed's language, in the words of ops alone.

    Raises:
        InvalidFeed: The feed does not end.
    """
    ending = feed.ending
    if ending is None:
        raise InvalidFeed(feed.slug, "does not end")
    # Without another place, the feed's own page: once the feed is gone, that says so.
    page = site.feed_page(feed.slug) if ending.onward is None else ending.onward.url
    content = Content(
        title=shorten(ending.words.strip().splitlines()[0], MAX_TITLE_CHARS, placeholder=" …"),
        body=_body(ending),
        summary="",
        language=feed.language,
        published=ending.on,
    )
    release = Release(
        id=ReleaseId(uuid5(NAMESPACE_URL, f"{feed_id}#farewell").urn),
        source_key=SourceKey(f"farewell:{feed.slug}"),
        slug=feed.slug,
        revision=1,
        content=content,
        updated=ending.on,
        changed_at=ending.on,
    )
    return Entry(release=release, categories=(), page=page)


def _body(ending: Ending) -> str:
    body = "".join(f"<p>{escape(each)}</p>" for each in ending.paragraphs)
    if ending.onward is None:
        return body
    return f'{body}<p><a href="{escape(ending.onward.url)}">{escape(ending.onward.title)}</a></p>'
