"""Media: pictures and files of releases that are stored on this server, and their addresses."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from feeds.model.release import Content

#: Below the site's base URL.
MEDIA_PATH = "/media/"

#: SHA-256 of the bytes, in hex.
DIGEST = re.compile(r"[0-9a-f]{64}")

#: The path of a medium in an address: its digest and its name, which ends where a path does. The
#: host does not matter, so that a site that moved still knows its own files.
_ADDRESS = re.compile(rf"{MEDIA_PATH}({DIGEST.pattern})/([^\s\"'<>?#&/\\,]{{1,600}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMedium:
    """A file as the store has it. The bytes are stored beside it, in chunks."""

    digest: str  #: SHA-256 of the bytes, in hex
    media_type: str  #: as found in the bytes
    length_bytes: int
    name: str  #: of the first upload; releases may name it otherwise
    added_at: datetime
    added_by: str
    width: int | None = None  #: of a picture, as it is shown
    height: int | None = None


@dataclass(frozen=True, slots=True)
class MediumUse:
    """The address under which a document names a medium."""

    digest: str
    name: str

    @property
    def path(self) -> str:
        """The path of the address, encoded."""
        return medium_path(self.digest, self.name)


def medium_path(digest: str, name: str) -> str:
    """Returns the path of a medium below the site's base URL, encoded."""
    return f"{MEDIA_PATH}{digest}/{quote(name, safe='')}"


def media_in(content: Content) -> set[MediumUse]:
    """Returns the media that a release names: in its text, and as files and pictures beside it."""
    return set(_named(content))


def media_in_text(text: str) -> Iterator[MediumUse]:
    """Yields the media whose addresses are in a text: HTML, JSON or a single address."""
    if MEDIA_PATH in text:  # looking for this is much faster, and most texts have none
        for digest, name in _ADDRESS.findall(text):
            yield MediumUse(digest, unquote(name))


def media_in_record(record: Mapping[str, object]) -> set[MediumUse]:
    """Returns the media that the record of a draft names, in whatever field."""
    return set(media_in_text(json.dumps(record, ensure_ascii=False, default=str)))


def _named(content: Content) -> Iterator[MediumUse]:
    yield from media_in_text(content.body)
    for file in content.enclosures:
        yield from media_in_text(file.url)
        yield from media_in_text(file.thumbnail or "")
    for link in content.details.related:
        yield from media_in_text(link.url)
