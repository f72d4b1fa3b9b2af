"""Entries, each rendered once for a format, and known again without rendering."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from feeds.errors import RenderFailed
from feeds.model.edition import Entry
from feeds.model.feed import Category, Format, Site
from feeds.model.release import ReleaseStub
from feeds.render.formats import WRITERS
from feeds.render.stand_ins import as_shown

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
