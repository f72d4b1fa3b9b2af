"""A worker's claims on feeds while it makes their editions, renewed as long as the work goes on."""

from collections.abc import Sequence
from datetime import timedelta

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.moment import Moment
from feeds.store.database import Database, Transaction
from feeds.store.feeds import ClaimedFeed

#: How long a claim lasts. A worker that died or hangs holds a feed no longer than this.
CLAIM = timedelta(seconds=30)

#: A run that takes longer than this renews its claims; most runs take milliseconds.
RENEWED_AFTER_S = CLAIM.total_seconds() / 3

#: The pause after a failed renewal.
TRIED_AGAIN_AFTER_S = 2.0


class Claims:
    """The claims of one run. The work itself calls `renew`, so work that hangs loses its claims."""

    def __init__(self, database: Database, moment: Moment, *, worker: str) -> None:
        """Begins without claims.

        Args:
            database: Stores the claims.
            moment: The clock that all workers use for claims.
            worker: The name of the worker that holds the claims.
        """
        self._database = database
        self.moment = moment  #: the clock of the run
        self._worker = worker
        self._slugs: list[str] = []
        self._next_s = 0.0

    def claim(self, tx: Transaction, slugs: Sequence[str], *, in_force: str) -> list[ClaimedFeed]:
        """Claims those of the given feeds that are stale and not claimed.

        Args:
            tx: A transaction.
            slugs: The feeds.
            in_force: Digest of a configuration: nothing is claimed while another one is in force.
        """
        self._next_s = self.moment.passed_s + RENEWED_AFTER_S
        now = self.moment()
        claimed = tx.feeds.claim(
            slugs,
            worker=self._worker,
            now=now,
            until=now + CLAIM,
            in_force=in_force,
        )
        self._slugs = [one.slug for one in claimed]
        return claimed

    def renew(self) -> None:
        """Renews the claims if a third of their time has passed.

        A call before that is cheap: it is made every few milliseconds of work. If the store cannot
        be written, the renewal is tried again a little later; the claims may expire meanwhile.
        """
        if not self._slugs or self.moment.passed_s < self._next_s:
            return
        try:
            with self._database.unsynced() as tx:
                until = self.moment() + CLAIM
                tx.feeds.renew(self._slugs, worker=self._worker, until=until)
        except (StoreConflict, StoreUnavailable):
            self._next_s = self.moment.passed_s + TRIED_AGAIN_AFTER_S
        else:
            self._next_s = self.moment.passed_s + RENEWED_AFTER_S
