"""The old addresses of imported items: which ones will lead to the release, and which will not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from feeds.address_patterns import is_ours
from feeds.imports.items import ImportedItem
from feeds.model.redirect import OldAddress
from service.application import Application
from service.imports.tally import ImportTally


def old_addresses_of(item: ImportedItem) -> tuple[str, ...]:
    """Returns the addresses that led to an item, as written, each once."""
    return tuple(dict.fromkeys([*([item.link] if item.link else []), *item.old_addresses]))


@dataclass(frozen=True, slots=True)
class ClaimedAddresses:
    """The old addresses of one item, each as written, by what becomes of it."""

    leading: dict[str, str]  #: will lead to the release; by their normal form
    unusable: tuple[str, ...]  #: no server can be asked for them
    own: tuple[str, ...]  #: this newsroom has its own pages there
    ruled: tuple[str, ...]  #: a rule of the configuration answers
    #: an earlier item of the run has them as well; normal forms
    claimed: frozenset[str] = frozenset()
    #: ids of the releases to which some lead so far; by normal form
    holders: Mapping[str, str] = field(default_factory=dict)

    def count(self, tally: ImportTally, *, release_id: str) -> None:
        """Adds to the figures.

        Args:
            tally: Receives them.
            release_id: The release that the item becomes.
        """
        tally.addresses += len(self.leading)
        for text in self.unusable:
            tally.unusable_addresses.add(text)
        for text in self.own:
            tally.own_addresses.add(text)
        for text in self.ruled:
            tally.ruled_addresses.add(text)
        for address, text in self.leading.items():
            holder = self.holders.get(address, release_id)
            if address in self.claimed or holder != release_id:
                tally.moved_addresses.add(text)


class AddressClaims:
    """Tells what becomes of the old addresses of a run, the same in a dry run. For one thread."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._claimed: set[bytes] = set()  # of all items so far: 16 bytes for each address

    def skip(self, item: ImportedItem) -> None:
        """Records the addresses of an item that an earlier run took in."""
        self._claim(self._sorted(item))

    def of(self, items: Sequence[ImportedItem]) -> list[ClaimedAddresses]:
        """Returns what becomes of the addresses of items, in their order."""
        found = [self._sorted(item) for item in items]
        with self._application.database.read() as tx:
            holders = tx.redirects.releases_at(sorted({a for each in found for a in each.leading}))
        return [
            replace(
                each,
                claimed=self._claim(each),
                holders={one: holders[one] for one in each.leading if one in holders},
            )
            for each in found
        ]

    def _sorted(self, item: ImportedItem) -> ClaimedAddresses:
        leading: dict[str, str] = {}
        unusable, own, ruled = list[str](), list[str](), list[str]()
        for text in old_addresses_of(item):
            try:
                address = OldAddress.read(text)
            except ValueError:
                unusable.append(text)
                continue
            if not address.is_home_query and is_ours(address.path):
                own.append(text)
            elif self._application.redirects.answer(address) is not None:
                ruled.append(text)
            else:
                leading.setdefault(str(address), text)
        return ClaimedAddresses(
            leading=leading,
            unusable=tuple(unusable),
            own=tuple(own),
            ruled=tuple(ruled),
        )

    def _claim(self, found: ClaimedAddresses) -> frozenset[str]:
        """Claims the addresses; returns those that an earlier item has claimed."""
        digests = {each: blake2b(each.encode(), digest_size=16).digest() for each in found.leading}
        twice = frozenset(each for each, digest in digests.items() if digest in self._claimed)
        self._claimed.update(digests.values())
        return twice
