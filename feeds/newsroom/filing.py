"""The one way to file releases: it tells what was filed by a configuration not in force."""

from collections.abc import Sequence

from feeds.categories import Catalogue
from feeds.descriptions import Descriptions
from feeds.model.release import Release
from feeds.store.database import Transaction


class Filer:
    """Files by one catalogue. Safe to share between threads and, over one store, processes.

    A process that has not reloaded yet, or that reloads before the others, files as well as it
    can. What it files is filed again by whoever has the configuration in force.
    """

    def __init__(self, catalogue: Catalogue, descriptions: Descriptions) -> None:
        self._catalogue = catalogue
        self._descriptions = descriptions

    def file(self, tx: Transaction, new: Sequence[Release], moved: Sequence[Release] = ()) -> None:
        """File each release into the feeds that its names mean.

        Args:
            tx: It holds the works (``Releases.hold_works``), so that no configuration is put in
                force meanwhile.
            new: Those that are in no feed yet.
            moved: Those that may be in some.
        """
        tx.filings.add([(one, self._catalogue.feeds_of(one.content)) for one in new])
        tx.filings.replace([(one, self._catalogue.feeds_of(one.content)) for one in moved])
        filed = [one.id for one in (*new, *moved)]
        if filed and not tx.configuration.is_in_force(self._descriptions.digest):
            tx.filings.doubt(filed)

    def is_filed(self, release: Release, feeds: Sequence[str]) -> bool:
        """True when *feeds* are those that its names mean.

        A retracted release stays where its notice is, or is in no feed any more.
        """
        return release.retraction is not None or tuple(feeds) == self._catalogue.feeds_of(
            release.content
        )
