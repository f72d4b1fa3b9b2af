"""Transactions that meet: the loser reads again what the winner stored."""

from collections.abc import Callable
from typing import TypeVar

from feeds.errors import StoreConflict
from feeds.store.database import Database, Transaction

#: Two intakes that meet on one release, or an intake and the end of an embargo.
MAX_TRIES = 5

_Done = TypeVar("_Done")


def in_one_go(database: Database, work: Callable[[Transaction], _Done]) -> _Done:
    """Do *work* in one transaction; again, from its start, when another one was first.

    Raises:
        StoreConflict: Others were first each time.
        StoreUnavailable: Nothing was stored.
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            with database.transaction() as tx:
                return work(tx)
        except StoreConflict:
            if attempt == MAX_TRIES:
                raise
    raise AssertionError  # the loop returns or raises
