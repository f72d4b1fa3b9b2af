"""Regeneration: whatever is stale gets its next edition."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from feeds.model.edition import Edition, Trouble
from feeds.model.feed import ALL
from feeds.newsstand import FEEDS_A_RUN, Newsstand
from service.logs import get_logger

_log = get_logger(__name__)

#: More than these, as after a bulk intake, are told as a sum.
EDITIONS_TOLD_ONE_BY_ONE = 8


def regenerate(
    newsstand: Newsstand,
    *,
    now: Callable[[], datetime],
    worker: str,
    progress: Callable[[], object] = lambda: None,
) -> list[Edition | Trouble]:
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
    outcomes: list[Edition | Trouble] = []
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


def _tell(outcomes: Sequence[Edition | Trouble]) -> None:
    published = [one for one in outcomes if isinstance(one, Edition) and one.changed]
    if len(published) > EDITIONS_TOLD_ONE_BY_ONE:
        _log.info("editions published", feeds=len(published))
    for outcome in outcomes:
        _tell_one(outcome, is_one_of_many=len(published) > EDITIONS_TOLD_ONE_BY_ONE)


def _tell_one(outcome: Edition | Trouble, *, is_one_of_many: bool) -> None:
    if isinstance(outcome, Trouble):
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
