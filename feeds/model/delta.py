"""What is new in a feed's document since an earlier one."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Former:
    """A document that is no longer current."""

    digest: str
    marks: AbstractSet[bytes]  #: of the entries that it held; see ``feeds.model.layout``


@dataclass(frozen=True, slots=True)
class Delta:
    """A feed of those entries alone that are new or changed since a former document."""

    base: str  #: digest of the former document
    body: bytes  #: uncompressed; a whole document in its format
    entries: int
