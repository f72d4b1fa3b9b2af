"""Documents: fragments, joined inside what a feed says of itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from feeds.errors import InvalidFeed
from feeds.model.edition import FeedHead
from feeds.model.feed import Format, Site
from feeds.render.formats import WRITERS
from feeds.render.frame import Frame

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
