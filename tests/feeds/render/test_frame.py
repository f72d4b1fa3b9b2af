"""What stands around entries, when a part of a document is sent."""

from dataclasses import replace

import pytest

from feeds.model.edition import History
from feeds.model.feed import Format
from feeds.render import assemble, incomplete, render_fragment
from tests.support.rendering import SITE, entry_of, head_of

#: In a release that explains it.
SAYS_SO = "<p title='&lt;entry &lt;fh:complete/>'>Write <code>&lt;fh:complete/&gt;</code></p>"


def written(feed_format: Format, history: History) -> bytes:
    entry = entry_of(body=SAYS_SO.replace("&lt;", "<", 2))
    head = replace(head_of(feed_format), history=history)
    return assemble(head, feed_format, SITE, [render_fragment(entry, feed_format, SITE)])


@pytest.mark.parametrize("feed_format", Format)
def test_a_part_says_no_more_that_it_is_complete(feed_format: Format) -> None:
    """RFC 5005 section 2. Only the feed's own word goes, none of an entry's."""
    whole = written(feed_format, History.COMPLETE)
    part = incomplete(whole)
    assert part == whole.replace(b"<fh:complete/>", b"", feed_format is not Format.JSON)
    assert b"<fh:complete/>" in part


@pytest.mark.parametrize("feed_format", Format)
def test_a_part_of_a_part_stays_as_it_is(feed_format: Format) -> None:
    document = written(feed_format, History.PARTIAL)
    assert incomplete(document) == document
