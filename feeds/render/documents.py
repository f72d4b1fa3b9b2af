"""Fragments of entries, and the documents that they are assembled into; the table of formats."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from feeds.errors import InvalidFeed, RenderFailed
from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Category, Format, Site
from feeds.model.release import ReleaseStub
from feeds.render import atom, json_feed, rss
from feeds.render.content import as_shown
from feeds.render.dates import rfc822, rfc3339
from feeds.render.frame import Frame

# The table of formats. A format more is a file more and a row more.


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How one format is written."""

    version: int  #: raise it when the same entry is to be written differently from now on
    fragment: Callable[[Entry, Site], bytes]
    frame: Callable[[FeedHead, Site], Frame]
    moment: Callable[[datetime], str] | None  #: how ``frame`` writes ``updated``, if it does
    names_newsroom: bool = False  #: whether an entry without an author has the newsroom's


WRITERS: Mapping[Format, Writer] = {
    Format.ATOM: Writer(version=8, fragment=atom.fragment, frame=atom.frame, moment=rfc3339),
    Format.RSS: Writer(
        version=8, fragment=rss.fragment, frame=rss.frame, moment=rfc822, names_newsroom=True
    ),
    Format.JSON: Writer(version=8, fragment=json_feed.fragment, frame=json_feed.frame, moment=None),
}


# Entries, each rendered once for a format, and known again without rendering.

#: Hex digits of a fingerprint: 128 bits.
FINGERPRINT_LENGTH = 32


def render_fragment(entry: Entry, feed_format: Format, site: Site) -> bytes:
    """*Entry* in one format: an ``<entry>``, an ``<item>`` or a JSON object, UTF-8.

    Of a retracted release it is a stand-in, in XML with a tombstone before it. It declares no
    namespaces: the root of each document declares the ones it uses. It does not depend on the feed
    it will stand in.

    Raises:
        RenderFailed: The format cannot hold this release.
    """
    try:
        # Made anew, a release checks itself. Formats differ in what they cannot hold (JSON holds
        # a NUL); the model's promise is one, and so all formats list the same releases.
        checked = replace(entry, release=as_shown(entry.release))
        return WRITERS[feed_format].fragment(checked, site)
    # All of them: whatever it is about this release, the feed must go on without it, and the
    # reason is kept for ops to see.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise RenderFailed(entry.release.id, feed_format, reason) from error


def fingerprint(
    stub: ReleaseStub, categories: Sequence[Category], feed_format: Format, site: Site
) -> str:
    """A digest of all that `render_fragment` reads: while it stays, the fragment does.

    It is made of the digest of the release's content, so a window of fifty releases is checked
    without their text. The revision is not in it: a correction of nothing that is shown changes
    nothing.

    Args:
        stub: The release's present revision.
        categories: Those of the entry.
        feed_format: Its writer's version counts too.
        site: The address of the release's page counts, and in RSS the newsroom's name.

    Returns:
        `FINGERPRINT_LENGTH` hex digits, the same in every process.
    """
    writer = WRITERS[feed_format]
    seen = (
        feed_format,
        writer.version,
        site.author.name if writer.names_newsroom else None,
        stub.id,
        site.release_page(stub.slug),
        stub.digest,
        stub.updated,
        [(category.slug, category.title) for category in categories],
    )
    # JSON keeps the fields apart, and in ASCII it can even hold what UTF-8 cannot.
    text = json.dumps(seen, default=str)
    return sha256(text.encode("ascii")).hexdigest()[:FINGERPRINT_LENGTH]


def writer_versions() -> dict[str, int]:
    """The version of each format's writer: when one is raised, every document is made again."""
    return {feed_format: writer.version for feed_format, writer in WRITERS.items()}


# Documents: fragments, joined inside what a feed says of itself.

#: Frames remembered: from one edition of a feed to the next only the moment is another one, and
#: to have feedgen write a head takes as long as to compress an entry.
FRAMES_KEPT = 1024

#: Stands in a remembered frame where the moment is to stand. No feed was updated then.
_SOME_MOMENT = datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)


def assemble(head: FeedHead, feed_format: Format, site: Site, fragments: Sequence[bytes]) -> bytes:
    """A feed's document in one format, UTF-8.

    Args:
        head: What the document says before its entries.
        feed_format: The format; *fragments* must be of the same.
        site: Makes the addresses.
        fragments: Results of `render_fragment`, in the order in which they are to stand.

    Raises:
        InvalidFeed: The feed is described with what the format cannot hold.
    """
    around, entries = frame(head, feed_format, site).around(fragments)
    return b"".join(around.pieces(entries))


def frame(head: FeedHead, feed_format: Format, site: Site) -> Frame:
    """What stands around the entries of a feed's document in one format.

    Raises:
        InvalidFeed: The feed is described with what the format cannot hold.
    """
    writer, moment = WRITERS[feed_format], head.updated
    written = _written(replace(head, updated=_SOME_MOMENT), feed_format, site)
    if writer.moment is None:
        return written
    blank = writer.moment(_SOME_MOMENT).encode()
    if written.head.count(blank) != 1:  # A title may be what it likes, even this.
        return _written(head, feed_format, site)
    return replace(written, head=written.head.replace(blank, writer.moment(moment).encode()))


@lru_cache(maxsize=FRAMES_KEPT)
def _written(head: FeedHead, feed_format: Format, site: Site) -> Frame:
    try:
        return WRITERS[feed_format].frame(head, site)
    except ValueError as error:
        raise InvalidFeed(head.feed.slug, f"cannot be written as {feed_format}: {error}") from error
