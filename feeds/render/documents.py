"""Renders fragments, assembles documents from them, and lists the formats in one table."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from feeds.errors import InvalidFeed, RenderFailed
from feeds.model.edition import Entry, FeedHead, History
from feeds.model.feed import Category, Feed, Format, Link, Site
from feeds.model.phrases import phrase_versions, phrases_in
from feeds.model.release import ReleaseStub
from feeds.render import atom, json_feed, rss
from feeds.render.content import as_shown
from feeds.render.dates import rfc822, rfc3339
from feeds.render.frame import Frame

# The table of formats. A new format is a new file and a new row.


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Functions that write one format."""

    version: int  #: increase when the output for the same entry changes
    fragment: Callable[[Entry, Site], bytes]
    frame: Callable[[FeedHead, Site], Frame]
    moment: Callable[[datetime], str] | None  #: how ``frame`` writes ``updated``, if it does
    names_newsroom: bool = False  #: whether the newsroom is the default author of an entry


WRITERS: Mapping[Format, Writer] = {
    Format.ATOM: Writer(version=8, fragment=atom.fragment, frame=atom.frame, moment=rfc3339),
    Format.RSS: Writer(
        version=8, fragment=rss.fragment, frame=rss.frame, moment=rfc822, names_newsroom=True
    ),
    Format.JSON: Writer(version=8, fragment=json_feed.fragment, frame=json_feed.frame, moment=None),
}


# Fragments: each entry is rendered once per format and recognised by its fingerprint.

#: Length of a fingerprint in hex digits: 128 bits.
FINGERPRINT_LENGTH = 32


def render_fragment(entry: Entry, feed_format: Format, site: Site) -> bytes:
    """Renders *entry* in one format: an ``<entry>``, an ``<item>`` or a JSON object, UTF-8.

    For a retracted release it renders a replacement, in XML with a tombstone before it. A fragment
    declares no namespaces: the root of each document declares those that it uses. A fragment does
    not depend on the feed that contains it.

    Raises:
        RenderFailed: The format cannot represent this release.
    """
    try:
        # It checks the fields. Formats differ in what they can represent (JSON a NUL, XML none);
        # with the model's own check all formats list the same releases.
        shown = as_shown(entry.release)
        entry = entry if shown is entry.release else replace(entry, release=shown)
        return WRITERS[feed_format].fragment(entry, site)
    # Every exception: whatever is wrong with this release, the feed must continue without it, and
    # the reason is stored for operators.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise RenderFailed(entry.release.id, feed_format, reason) from error


def fingerprint(
    stub: ReleaseStub, categories: Sequence[Category], feed_format: Format, site: Site
) -> str:
    """Returns a digest of everything that `render_fragment` reads.

    It contains the digest of the release's content, so a window of fifty releases is checked
    without loading their text. It does not contain the revision: a correction that changes nothing
    visible changes no fragment.

    Args:
        stub: The current version of the release.
        categories: The categories of the entry.
        feed_format: The format, whose writer version enters the digest.
        site: Provides the address of the release's page and, for RSS, the newsroom's name.

    Returns:
        `FINGERPRINT_LENGTH` hex digits, the same in every process.
    """
    writer = WRITERS[feed_format]
    inputs: tuple[object, ...] = (
        feed_format,
        writer.version,
        site.author.name if writer.names_newsroom else None,
        stub.id,
        site.release_page(stub.slug),
        stub.digest,
        stub.updated,
        [(category.slug, category.title) for category in categories],
    )
    # Only where it differs from the first version, so that other entries keep their fragments.
    if (version := phrases_in(stub.language).version) > 1:
        inputs = (*inputs, f"phrases {version}")
    if stub.published_id is not None:
        inputs = (*inputs, astuple(stub.published_id))
    # JSON separates the fields, and in ASCII it can represent even lone surrogates.
    text = json.dumps(inputs, default=str)
    return sha256(text.encode("ascii")).hexdigest()[:FINGERPRINT_LENGTH]


def writer_versions() -> dict[str, int]:
    """The version of each format's writer, and of phrases; a change renders documents again."""
    formats = {feed_format.value: writer.version for feed_format, writer in WRITERS.items()}
    later = {language: number for language, number in phrase_versions().items() if number > 1}
    return {**formats, **{f"phrases {language}": number for language, number in later.items()}}


# Documents: fragments joined, with a head and a tail from the feed's description.

#: Size of the frame cache. Between editions of a feed only the date changes, and feedgen takes as
#: long to write a head as compressing an entry takes.
FRAME_CACHE_SIZE = 1024

#: A placeholder for the date in cached frames. No feed was updated then.
_PLACEHOLDER_DATE = datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)


def assemble_once(
    head: FeedHead, feed_format: Format, site: Site, fragments: Sequence[bytes]
) -> bytes:
    """Assembles a document as `assemble` does, of a head that need not be remembered.

    Raises:
        InvalidFeed: The format cannot represent the feed's description.
    """
    around, entries = _frame(head, feed_format, site).around(fragments)
    return around.document(entries)


def assemble(head: FeedHead, feed_format: Format, site: Site, fragments: Sequence[bytes]) -> bytes:
    """Assembles a feed's document in one format, UTF-8.

    Args:
        head: The feed's metadata for the head of the document.
        feed_format: The format; *fragments* must be in the same one.
        site: Provides the addresses.
        fragments: Results of `render_fragment`, in the order of the document.

    Raises:
        InvalidFeed: The format cannot represent the feed's description.
    """
    around, entries = frame(head, feed_format, site).around(fragments)
    return around.document(entries)


def frame(head: FeedHead, feed_format: Format, site: Site) -> Frame:
    """Renders the parts around the entries of a feed's document in one format.

    Raises:
        InvalidFeed: The format cannot represent the feed's description.
    """
    moment = WRITERS[feed_format].moment
    cached, date_at = _cached_frame(
        (head.id, head.feed, head.links, head.history, head.is_expired, head.page),
        feed_format,
        site,
    )
    if moment is None:
        return cached
    if date_at is None:
        return _frame(head, feed_format, site)
    date, start = moment(head.updated).encode(), cached.head
    return Frame(
        head=start[:date_at] + date + start[date_at + len(date) :],
        between=cached.between,
        tail=cached.tail,
        root=cached.root,
        date=date,
    )


#: The fields of a `FeedHead` without its date.
_UndatedHead = tuple[str, Feed, tuple[Link, ...], History, bool, str | None]


@lru_cache(maxsize=FRAME_CACHE_SIZE)
def _cached_frame(
    undated: _UndatedHead, feed_format: Format, site: Site
) -> tuple[Frame, int | None]:
    """Returns a frame with the placeholder, and where in its head that is; None if unknown."""
    feed_id, feed, links, history, is_expired, page = undated
    head = FeedHead(
        id=feed_id,
        feed=feed,
        updated=_PLACEHOLDER_DATE,
        links=links,
        history=history,
        is_expired=is_expired,
        page=page,
    )
    made, moment = _frame(head, feed_format, site), WRITERS[feed_format].moment
    if moment is None:
        return made, None
    placeholder = moment(_PLACEHOLDER_DATE).encode()
    # A title may contain the placeholder.
    return made, made.head.index(placeholder) if made.head.count(placeholder) == 1 else None


def _frame(head: FeedHead, feed_format: Format, site: Site) -> Frame:
    try:
        return WRITERS[feed_format].frame(head, site)
    except ValueError as error:
        raise InvalidFeed(head.feed.slug, f"cannot be written as {feed_format}: {error}") from error
