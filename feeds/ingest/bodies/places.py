"""Where a body stands, and so where the addresses in it lead."""

from dataclasses import dataclass

from feeds.ingest.addresses import FETCH_SCHEMES, absolute, absolute_srcset


@dataclass(frozen=True, slots=True)
class Place:
    """Where the body that is being cleaned stands."""

    base: str  #: relative addresses start here; absolute
    page: str | None  #: the document's own address, if it has one

    def link(self, address: str) -> str | None:
        """Where a link leads, absolute; None when it cannot be followed.

        "#notes" means a place on the original page. A reader has no such page before him, so the
        link leads there if we know where it is, and is none otherwise.
        """
        if address.lstrip().startswith("#") and self.page is None:
            return None
        return absolute(address, base=self.base)

    def file(self, address: str | None) -> str | None:
        """The address of a picture, film or page, absolute; None when nobody can fetch it."""
        if not address:
            return None
        return absolute(address, base=self.base, schemes=FETCH_SCHEMES)

    def files(self, srcset: str | None) -> str | None:
        """The usable candidates of a ``srcset``; None when there is none."""
        return absolute_srcset(srcset, base=self.base) if srcset else None
