"""Documents checked: those of our feeds, and those in files."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feeds.model.feed import Format
from feeds.render import decompress
from feeds.render.checks import check, format_of
from service.wiring import Installation

#: More is no feed of anybody's.
MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a document."""

    document: str  #: the file as it was named, or ``slug.format``
    message: str


def is_file(name: str) -> bool:
    """True when *name* means a file: a feed's slug has neither dot nor slash."""
    return "." in name or "/" in name


def of_feed(installation: Installation, slug: str, *, now: datetime) -> list[list[Finding]]:
    """Check the current documents of a feed; a list for each of them."""
    return [_of_document(installation, slug, each, now=now) for each in Format]


def of_file(name: str, *, now: datetime) -> list[Finding]:
    """Check a document in a file, whoever made it."""
    try:
        with Path(name).open("rb") as file:
            document = file.read(MAX_FILE_BYTES)
    except OSError as error:
        return [Finding(document=name, message=f"cannot be read: {error.strerror}")]
    found = check(document, format_of(document), now=now)
    return [Finding(document=name, message=message) for message in found]


def _of_document(
    installation: Installation, slug: str, feed_format: Format, *, now: datetime
) -> list[Finding]:
    name = f"{slug}.{feed_format}"
    held = installation.newsstand.document(slug, feed_format)
    if held is None:
        message = "has no edition yet: communique feed render"
        return [Finding(document=name, message=message)]
    topic = installation.catalogue.site.topic(slug, feed_format)
    found = check(decompress(held.gzip), feed_format, now=now, topic=topic)
    return [Finding(document=name, message=message) for message in found]
