"""Work at intervals: regeneration of editions, embargoes, the write-ahead log."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from feeds.model.edition import Edition, RenderTrouble
from feeds.model.feed import ALL
from feeds.model.release import AuditAction, AuditEvent, Release, ReleaseId, kind_of_subject
from feeds.newsroom import FOLDER, Newsroom
from feeds.newsstand import FEEDS_A_RUN, Newsstand
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.logs import get_logger

# Regeneration of stale feeds.

_log = get_logger(__name__)

#: More editions than this, as after a bulk intake, are logged as a count.
MAX_EDITIONS_LOGGED_SINGLY = 8


def regenerate(
    newsstand: Newsstand,
    *,
    now: Callable[[], datetime],
    worker: str,
    progress: Callable[[], object] = lambda: None,
) -> list[Edition | RenderTrouble]:
    """Makes the next edition of every stale feed, and logs the outcomes.

    Args:
        newsstand: Has the feeds.
        now: The clock.
        worker: Name of this process.
        progress: Called after each batch of feeds: many batches take long.

    Raises:
        StoreUnavailable: Try again. Editions stored until then stay; the other feeds are still
            stale.
    """
    stale = newsstand.stale(now=now(), worker=worker)
    outcomes: list[Edition | RenderTrouble] = []
    # Each run gets its own moment: one moment for all would be long past at the last run.
    for run in _runs(stale):
        outcomes += newsstand.regenerate(run, now=now(), worker=worker)
        progress()
    _log_outcomes(outcomes)
    return outcomes


def _runs(stale: Sequence[str]) -> Iterator[Sequence[str]]:
    """Divides many feeds into runs. The feed of everything, which most readers poll, is first."""
    if len(stale) > FEEDS_A_RUN and ALL in stale:
        yield [ALL]
        stale = [slug for slug in stale if slug != ALL]
    for start in range(0, len(stale), FEEDS_A_RUN):
        yield stale[start : start + FEEDS_A_RUN]


def _log_outcomes(outcomes: Sequence[Edition | RenderTrouble]) -> None:
    published = [one for one in outcomes if isinstance(one, Edition) and one.changed]
    if len(published) > MAX_EDITIONS_LOGGED_SINGLY:
        _log.info("editions published", feeds=len(published))
    for outcome in outcomes:
        _log_outcome(outcome, is_one_of_many=len(published) > MAX_EDITIONS_LOGGED_SINGLY)


def _log_outcome(outcome: Edition | RenderTrouble, *, is_one_of_many: bool) -> None:
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
        log = _log.debug if is_one_of_many else _log.info
        log(
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


# The log of what people did by commands, which have no log of their own.

#: How often the audit log is read.
AUDIT_POLL_EVERY_S = 5.0

#: More events than this since the last poll, as after a bulk intake, are logged as counts.
MAX_EVENTS_LOGGED = 100

#: Names of upstreams begin so in the audit log; what comes from them was logged when it came.
CARRIED_BY = "upstream:"

#: Actions on releases that may not be public: neither slug nor title is logged.
_OF_EMBARGOES = frozenset(
    {
        AuditAction.EMBARGOED,
        AuditAction.EMBARGO_MOVED,
        AuditAction.EMBARGO_LIFTED,
        AuditAction.EMBARGO_DROPPED,
    }
)


class CommandLog:
    """Logs what commands did to releases, from the audit log. For one caller at a time.

    What came from a watched folder, with a token or from the desk was logged by the process that
    took it in.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: int | None = None

    def run(self) -> None:
        """Logs the events since the last call; the first call logs none.

        Raises:
            StoreUnavailable: The store cannot be reached. The events are logged by a later call.
        """
        with self._database.read() as tx:
            if self._last is None:
                self._last = tx.audit_log.last()
                return
            events = tx.audit_log.after(self._last, limit=MAX_EVENTS_LOGGED + 1)
            if not events:
                return
            is_many = len(events) > MAX_EVENTS_LOGGED
            last = tx.audit_log.last() if is_many else events[-1][0]
            counts = tx.audit_log.counted(after=self._last, to=last) if is_many else []
            names = {by for _, by, _ in counts} or {event.by for _, event in events}
            others = {FOLDER, *(name for name in names if name.startswith(CARRIED_BY))}
            others |= tx.tokens.names_among(sorted(names))
            others |= tx.users.names_among(sorted(names))
            subjects = [] if is_many else [ReleaseId(event.subject) for _, event in events]
            known = tx.releases.by_ids(subjects)
        self._last = last
        # The end of an embargo is logged when it comes, as a count.
        for action, by, count in counts:
            if by not in others and action is not AuditAction.PUBLISHED:
                _log.info("done by command", action=action.value, by=by, count=count)
        for _, event in [] if is_many else events:
            if event.by not in others and event.action is not AuditAction.PUBLISHED:
                _log_event(event, known.get(ReleaseId(event.subject)))


def _log_event(event: AuditEvent, release: Release | None) -> None:
    named = {}
    if release is not None and event.action not in _OF_EMBARGOES:
        named = {"slug": release.slug, "title": release.content.title}
    kind, name = kind_of_subject(event.subject)
    fields = {"by": event.by, kind: name, **named}
    _log.info("done by command", action=event.action.value, **fields)


# Embargoes: releases come out in the second in which they are due.

#: Interval at which the next embargo end is read. A release that is added, or whose embargo is
#: moved forward, is found then.
EMBARGO_POLL_EVERY_S = 1.0


def wait_for_embargo_end(
    newsroom: Newsroom, *, now: Callable[[], datetime], is_over: threading.Event
) -> bool:
    """Waits for an embargo that ends before the next poll; returns whether one has ended.

    Args:
        newsroom: Has the embargoes.
        now: Read again after each wait: the clock may have been set.
        is_over: Ends the wait.
    """
    end = newsroom.embargoes.next_end()
    while end is not None and not is_over.is_set():
        remaining_s = (end - now()).total_seconds()
        if remaining_s <= 0:
            return True
        if remaining_s > EMBARGO_POLL_EVERY_S:
            return False
        is_over.wait(remaining_s)
    return False


def release_due(newsroom: Newsroom, *, now: datetime) -> int:
    """Publishes releases whose embargo has ended; returns and logs only their number."""
    released = newsroom.embargoes.release(now=now)
    if released:
        _log.info("embargoes ended", count=released)
    return released


# SQLite's write-ahead log: checkpointed into the database file while no process writes.
#
# A log of ten thousand pages keeps a bulk intake fast. But a copy of the database file alone, made
# while the service runs, lacks what is in the log, and that may be all the data.

#: Interval at which the log is polled. A log without a new commit since the last poll is quiet.
WAL_POLL_EVERY_S = 1.0

#: Number of polls after which the log is checkpointed even if other processes are writing.
MAX_POLLS = 30


class WalCheckpointer:
    """Checkpoints the write-ahead log of one store. For one caller at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes = Changes(database)
        self._polls = 0  #: since the log was last empty

    def run(self, on_checkpoint: Callable[[], object]) -> bool:
        """Empties the log when there was no write since the last call, or it is due anyway.

        Args:
            on_checkpoint: Called when the log is empty: records the size of the store.

        Returns:
            True when the log was emptied.

        Raises:
            StoreUnavailable: The store cannot be written, or cannot be read.
        """
        has_news = self._changes.poll()
        if not has_news and not self._polls:
            return False
        self._polls += 1
        if has_news and self._polls < MAX_POLLS:
            return False
        if not self._database.checkpoint():
            return False  # a reader still uses the log: try at the next poll
        self._polls = 0
        on_checkpoint()
        return True

    def close(self) -> None:
        """Releases the connection."""
        self._changes.close()
