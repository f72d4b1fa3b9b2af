"""A release's place in a feed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from feeds.model.release import ReleaseId

#: Hex digits of a stamp: 128 bits.
STAMP_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Filed:
    """A release in a feed, without its text."""

    release_id: ReleaseId
    stamp: str  #: while it stays, so does the entry, under one configuration; see `stamp`
    archive: int | None  #: number of the archive document that it is in, if it is in one


def stamp(
    digest: str, updated: datetime, feeds: Iterable[str], *, notice_since: datetime | None = None
) -> str:
    """A digest of all that an entry, and a notice of it, are made of beside the configuration.

    It is kept with each filing, so that a feed's window tells which of its entries are known
    without a look at any release.

    Args:
        digest: The release's present face.
        updated: The release's; of whole seconds.
        feeds: Slugs of all feeds that it is filed in: the categories among them are labels.
        notice_since: The release's; with *updated*, it tells which notice stands beside it.
    """
    seen: list[object] = [digest, int(updated.timestamp()), sorted(feeds)]
    if notice_since is not None:
        seen.append(int(notice_since.timestamp()))
    return sha256(json.dumps(seen).encode("ascii")).hexdigest()[:STAMP_LENGTH]
