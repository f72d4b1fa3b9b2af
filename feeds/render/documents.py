"""Documents: fragments, joined inside what a feed says of itself."""

from collections.abc import Sequence

from feeds.errors import InvalidFeed
from feeds.model.edition import FeedHead
from feeds.model.feed import Format, Site
from feeds.render.formats import WRITERS


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
    try:
        frame = WRITERS[feed_format].frame(head, site)
    except ValueError as error:
        raise InvalidFeed(head.feed.slug, f"cannot be written as {feed_format}: {error}") from error
    return frame.around(fragments)
