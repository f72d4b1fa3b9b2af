"""The claims of feeds whose editions are being made, and how they last as long as the work."""

from collections.abc import Sequence
from datetime import timedelta

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.moment import Moment
from feeds.store.database import Database, Transaction
from feeds.store.feeds import ClaimedFeed

#: A worker that died, or does nothing any more, holds a feed no longer than this.
CLAIM = timedelta(seconds=30)

#: A run that takes longer than this renews its claims; most take milliseconds.
RENEWED_AFTER_S = CLAIM.total_seconds() / 3

#: After a renewal that failed, the next one is tried.
TRIED_AGAIN_AFTER_S = 2.0


class Claims:
    """The claims of one run. `renew` is called by the work itself: work that hangs loses them."""

    def __init__(self, database: Database, moment: Moment, *, worker: str) -> None:
        """Begin without any.

        Args:
            database: Holds the claims.
            moment: By the clock that all workers' claims go by.
            worker: Whose claims they are.
        """
        self._database = database
        self.moment = moment  #: the clock of the run
        self._worker = worker
        self._slugs: list[str] = []
        self._next_s = 0.0

    def take(self, tx: Transaction, slugs: Sequence[str]) -> list[ClaimedFeed]:
        """Claim those of these feeds that are stale and free."""
        self._next_s = self.moment.passed_s + RENEWED_AFTER_S
        now = self.moment()
        claimed = tx.feeds.claim(slugs, worker=self._worker, now=now, until=now + CLAIM)
        self._slugs = [one.slug for one in claimed]
        return claimed

    def renew(self, reading: Transaction | None = None) -> None:
        """Have the claims last for their whole time again, if a third of it has passed.

        It is cheap until then, and is called every few milliseconds of work. A store that cannot be
        written is tried again a little later; the claims may run out meanwhile.

        Args:
            reading: The transaction in which the work reads, if there is one. PostgreSQL ends one
                that is silent for long.
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
        if reading is not None:
            reading.keep_open()
