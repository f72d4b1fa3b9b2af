"""Work at intervals: editions, embargoes that end, the write-ahead log."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from feeds.model.edition import Edition, RenderTrouble
from feeds.model.feed import ALL
from feeds.newsroom import Newsroom
from feeds.newsstand import FEEDS_A_RUN, Newsstand
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.logs import get_logger

# Regeneration: whatever is stale gets its next edition.

_log = get_logger(__name__)

#: More than these, as after a bulk intake, are told as a sum.
EDITIONS_TOLD_ONE_BY_ONE = 8


def regenerate(
    newsstand: Newsstand,
    *,
    now: Callable[[], datetime],
    worker: str,
    progress: Callable[[], object] = lambda: None,
) -> list[Edition | RenderTrouble]:
    """Make the next edition of every stale feed, and tell of each.

    Args:
        newsstand: Has the feeds.
        now: The clock.
        worker: Name of this process.
        progress: Called after each run of feeds: many runs take long.

    Raises:
        StoreUnavailable: Try again; what was stored until then stays, the rest is stale still.
    """
    stale = newsstand.stale(now=now(), worker=worker)
    outcomes: list[Edition | RenderTrouble] = []
    # Run by run, each with its own moment: that of the last would else be long past.
    for run in _runs(stale):
        outcomes += newsstand.regenerate(run, now=now(), worker=worker)
        progress()
    _tell(outcomes)
    return outcomes


def _runs(stale: Sequence[str]) -> Iterator[Sequence[str]]:
    """Divide many feeds into runs; first of all comes the feed that most readers wait for."""
    if len(stale) > FEEDS_A_RUN and ALL in stale:
        yield [ALL]
        stale = [slug for slug in stale if slug != ALL]
    for start in range(0, len(stale), FEEDS_A_RUN):
        yield stale[start : start + FEEDS_A_RUN]


def _tell(outcomes: Sequence[Edition | RenderTrouble]) -> None:
    published = [one for one in outcomes if isinstance(one, Edition) and one.changed]
    if len(published) > EDITIONS_TOLD_ONE_BY_ONE:
        _log.info("editions published", feeds=len(published))
    for outcome in outcomes:
        _tell_one(outcome, is_one_of_many=len(published) > EDITIONS_TOLD_ONE_BY_ONE)


def _tell_one(outcome: Edition | RenderTrouble, *, is_one_of_many: bool) -> None:
    if isinstance(outcome, RenderTrouble):
        _log.error(
            "regeneration failed",
            feed=outcome.feed,
            reason=f"{type(outcome.error).__name__}: {outcome.error}",
            retry_at=f"{outcome.retry_at:%Y-%m-%dT%H:%M:%SZ}",
            served="last good edition",
            exc_info=outcome.error,
        )
    elif outcome.changed:
        tell = _log.debug if is_one_of_many else _log.info
        tell(
            "edition published",
            feed=outcome.feed,
            edition=outcome.number,
            entries=outcome.entries,
            formats=",".join(outcome.changed),
        )
    if isinstance(outcome, Edition) and outcome.set_aside:
        _log.warning(
            "releases set aside",
            feed=outcome.feed,
            count=outcome.set_aside,
            see="communique status",
        )


# Embargoes: what is due comes out, in its second.

#: How often it is asked what ends next. Whatever is added or moved to a nearer end is found then.
LOOK_EVERY_S = 1.0


def wait_for_end(
    newsroom: Newsroom, *, now: Callable[[], datetime], is_over: threading.Event
) -> bool:
    """Wait for an embargo that ends before the next look; say whether one has ended.

    Args:
        newsroom: Is asked what ends next.
        now: Read again after each wait: the clock may have been set.
        is_over: Ends the waiting.
    """
    end = newsroom.next_embargo_end()
    while end is not None and not is_over.is_set():
        remaining_s = (end - now()).total_seconds()
        if remaining_s <= 0:
            return True
        if remaining_s > LOOK_EVERY_S:
            return False
        is_over.wait(remaining_s)
    return False


def release_due(newsroom: Newsroom, *, now: datetime) -> int:
    """Make public what is due, and tell how much it was: what it was, the feeds will say."""
    released = newsroom.release_embargoes(now=now)
    if released:
        _log.info("embargoes ended", count=released)
    return released


# SQLite's write-ahead log: written into the file itself while nobody writes.
#
# A log of ten thousand pages keeps a bulk intake fast. But whoever copies the file while the
# service runs would leave behind what is in the log, and that may be all there is.

#: Looks after which the log is written to the file also while others write.
LONGEST_LOOKS = 30


class StoreLog:
    """The log of one store. One caller at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = Changes(database)
        self._looks = 0  #: with something in the log

    def tend(self, note: Callable[[], object]) -> bool:
        """Empty the log when it was quiet since the last call, or has been in use for long.

        Args:
            note: Called when the log is empty: notes how much the store holds.

        Returns:
            True when the log was emptied.

        Raises:
            StoreUnavailable: The store cannot be written, or not be read.
        """
        has_news = self._changes.poll()
        if not has_news and not self._looks:
            return False
        self._looks += 1
        if has_news and self._looks < LONGEST_LOOKS:
            return False
        if not self._database.checkpoint():
            return False  # somebody reads in it: at the next look
        self._looks = 0
        note()
        return True

    def close(self) -> None:
        """Give its connection back."""
        self._changes.close()
