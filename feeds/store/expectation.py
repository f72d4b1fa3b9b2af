"""Which store a database must be, and how much it must hold.

A server that takes over from another may lack the last commits: a copy receives them a moment
later. A service that went on with such a copy would publish editions with numbers that readers have
seen already, and give documents that it reads again another id.
"""

from feeds.errors import StoreBehind, StoreReplaced, StoreUnavailable
from feeds.store.state import StoreState


class Expectation:
    """What is known of a store. Safe to share between threads."""

    def __init__(self, label: str, known: StoreState | None) -> None:
        """Begins with what a former process knew.

        Args:
            label: The database's URL without its password.
            known: The last known state; None to expect nothing.
        """
        self._label = label
        self._known = known
        #: Whether this process has compared the store with what was known of it.
        self.is_met = known is None

    @property
    def known(self) -> StoreState | None:
        """The newest state that was seen."""
        return self._known

    def compare(self, found: StoreState | None, *, is_standby: bool = False) -> None:
        """Refuses another store, and one that lacks what it held when it was seen last.

        Args:
            found: The state of the store; None if it has no tables or no id.
            is_standby: Whether the server is a copy that receives what another one stores.

        Raises:
            StoreReplaced: This is another store.
            StoreBehind: The store lacks changes that were seen.
            StoreUnavailable: The server is a standby that lacks changes.
        """
        known = self._known
        if known is not None:
            self._require(known, found, is_standby=is_standby)
        newest = self._known  # another thread may have seen more meanwhile
        if found is not None and (newest is None or not found.is_behind(newest)):
            self._known = found
        self.is_met = True

    def saw(self, changes: int) -> None:
        """Records how many changes the store holds, as another query has found."""
        known = self._known
        if known is not None and changes > known.changes:
            self._known = StoreState(id=known.id, changes=changes, restores=known.restores)

    def _require(self, known: StoreState, found: StoreState | None, *, is_standby: bool) -> None:
        if found is None or found.id != known.id:
            raise StoreReplaced(
                f"the store at {self._label} is another one than at the last start: put that one "
                "back, or a copy of it, and run 'communique store restored'; to go on with this "
                "one instead, run 'communique store adopt'"
            )
        if not found.is_behind(known):
            return
        missing, of = known.changes - found.changes, known.changes
        lacks = f"lacks the last {missing} of {of} changes" if missing > 0 else "lacks changes"
        if is_standby:
            raise StoreUnavailable(
                f"the server at {self._label} is a standby and {lacks}: name the primary server in "
                "store.url, or several servers and target_session_attrs=read-write"
            )
        raise StoreBehind(
            f"the store at {self._label} {lacks} that it held when it was used last: it is an "
            "older copy, a file without its log ('-wal'), or a server that took over before it had "
            "everything; put the newer one back, or run 'communique store restored' to go on with "
            "this one"
        )
