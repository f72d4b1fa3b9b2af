"""Detects changes of the store, so that a worker knows whether what it holds is current."""

from collections.abc import Callable
from threading import Event, Lock, Thread, Timer

from feeds.errors import StoreUnavailable
from feeds.store.changes import Changes
from service.logs import get_logger

_log = get_logger(__name__)

#: The greatest age of an answer when it is given: the result of a poll is valid for this long. The
#: second one holds for a store on a server, of which a poll takes a round trip, and to fetch what
#: it has found some more. No hub is pinged before an edition is as old as that: see
#: ``service.websub.publisher.SPREAD``.
MAX_AGE_S, REMOTE_MAX_AGE_S = 0.05, 0.1

#: A poll is due after this. One request makes it, while the others use the result of the poll
#: before. The rest of the max age is the time to fetch what a poll has found to be new. The second
#: one holds for a store on a server, and is the longest for a store in a file.
POLL_EVERY_S, REMOTE_POLL_EVERY_S = 0.01, 0.025

#: Polls of a file take at most one part of the time in so many, up to that longest pause: a store
#: with thousands of documents, or a processor that is busy with requests, is polled less often.
#: What was not taken is saved, in seconds at the most: a release is a handful of commits in a row,
#: after each of which a poll takes ten times as long.
POLLS_TAKE_ONE_IN, POLLS_SAVE_S = 40, 0.005

#: After a failed poll, the next one waits this long; meanwhile each request asks the store.
RETRY_AFTER_S = 1.0

#: A poll that takes longer means that the store is away: it may accept connections and never
#: answer.
POLL_TIMEOUT_S = 0.25

#: After a poll has taken this long, no request waits for the store: those that wait, and all new
#: ones, fail at once until a poll succeeds.
SUSPEND_AFTER_S = 1.0


class ChangeDetector:
    """Counts the changes of the store. Safe to share between threads.

    It has no timer of its own that could die or be late: the first request after the last poll has
    aged makes the next one, or has it made, in some tens of microseconds on SQLite. So a worker
    without requests does nothing, and the first answer after a pause is never old.
    """

    def __init__(
        self,
        changes: Changes,
        *,
        clock: Callable[[], float],
        max_age_s: float | None = None,
        poll_every_s: float | None = None,
    ) -> None:
        """Makes a detector that has not polled yet.

        Args:
            changes: Used by this detector alone.
            clock: A monotonic clock, in seconds.
            max_age_s: The age up to which the result of a poll counts; None for the usual one.
            poll_every_s: The age at which the next poll is made; None for the usual one, 0 for one
                at each request.
        """
        self._changes = changes
        self.is_local = changes.is_local  #: no server has to answer
        self._clock = clock
        usual_age_s = MAX_AGE_S if self.is_local else REMOTE_MAX_AGE_S
        self._max_age_s = usual_age_s if max_age_s is None else max_age_s
        usual_pause_s = POLL_EVERY_S if self.is_local else REMOTE_POLL_EVERY_S
        self._poll_every_s = usual_pause_s if poll_every_s is None else poll_every_s
        self._saved_s = POLLS_SAVE_S  #: what polls may take in a row
        self._saved_at = clock()
        self._polling = Lock()
        self._is_idle = Event()  #: no poll is under way
        self._is_idle.set()
        self._poll_began_at = float("-inf")
        self._late_poll_began_at: float | None = None  #: beginning of the last poll found late
        self._away_since = float("-inf")  #: valid while `is_away`
        self.away_because = StoreUnavailable.in_short  #: the same
        self._succeeded_at = float("-inf")  #: beginning of the last successful poll, however old
        self.is_away = False  #: the store does not answer; serving from memory is the best choice
        self._version = 0
        self._last_retraction: object = None
        #: Changes when a release was retracted or restored (not on SQLite).
        self.retractions = 0
        self._polled_at = float("-inf")  #: when the poll that counts *began*
        self._next_poll_at = float("-inf")
        self._suspending = Lock()
        self._is_suspended = False  #: only polls get through to the store
        #: Earlier versions, oldest first, each with the beginning of the last poll that saw it.
        self._earlier: tuple[tuple[float, int], ...] = ()
        self._trusted = range(0)  #: what `trusted_versions` says until then
        self._trusted_until = float("-inf")

    def version(self) -> int | None:
        """Returns a number that changes whenever the store may have changed.

        What was read from the store *after* a number was returned is current as long as this
        returns the same number.

        Returns:
            None when the version is unknown and the store has to be asked.
        """
        now = self._clock()
        if now >= self._next_poll_at and self._polling.acquire(blocking=False):
            self._poll_in_time()
        elif now - self._polled_at >= self._max_age_s:
            self._wait()
        # The order matters. The version only grows, and it grows before the time is recorded: so
        # it may be newer than the time, which costs a query, but never older.
        is_fresh = now - self._polled_at < self._max_age_s
        return self._version if is_fresh else None

    @property
    def newest(self) -> int:
        """The version that the last successful poll has found."""
        return self._version

    def lately_trusted(self) -> range | None:
        """Returns what `trusted_versions` last returned, as long as it would return it again."""
        return self._trusted if self._clock() < self._trusted_until else None

    def trusted_versions(
        self, run_in_background: Callable[[Callable[[], None]], object]
    ) -> range | None:
        """Returns the versions at which memory may be trusted, without waiting for the store.

        The last one is what `version` returns. The earlier ones were the latest at a poll that is
        not older than the max age: what was current then may still be sent, while another thread
        fetches what has come since.

        Args:
            run_in_background: Has another thread call its argument: the poll that is due, if
                anything was committed, or if the store is on a server.

        Returns:
            None when no version is trusted and the store has to be asked.
        """
        now = self._clock()
        if now >= self._next_poll_at and self._polling.acquire(blocking=False):
            self._begin()
            if not self._is_quiet(now):
                run_in_background(self._poll_and_release)
        if now - self._polled_at >= self._max_age_s:
            self._check_lateness()
            return None
        # The times are read before the versions, so that these hold at least as long.
        newest_at, next_poll_at = self._polled_at, self._next_poll_at
        oldest_at, oldest = newest_at, self._version
        for polled_at, version in self._earlier:
            if now - polled_at < self._max_age_s:
                oldest_at, oldest = polled_at, version
                break
        trusted = self._trusted = range(oldest, self._version + 1)
        self._trusted_until = min(next_poll_at, oldest_at + self._max_age_s)
        return trusted

    def age_s(self, version: int | None, current_at: float) -> int | None:
        """Returns how long ago a document was known to be current, in whole seconds.

        Args:
            version: The version at which it was read.
            current_at: When it was read, by this detector's clock.

        Returns:
            None while the store answers.
        """
        if not self.is_away:
            return None
        known_at = current_at
        if version == self._version:
            known_at = max(known_at, self._succeeded_at)
        return max(0, int(self._clock() - known_at))

    def outdated_s(self, version: int | None, current_at: float) -> float:
        """Returns for how long polls succeeded after something was last known to be current.

        Args:
            version: The version at which it was read.
            current_at: When it was read, by this detector's clock.

        Returns:
            0 for what was current at the last successful poll.
        """
        return 0.0 if version == self._version else max(0.0, self._succeeded_at - current_at)

    @property
    def away_s(self) -> float | None:
        """How long the store has not answered; None while it does."""
        return self._clock() - self._away_since if self.is_away else None

    def now(self) -> float:
        """Returns the time by this detector's clock."""
        return self._clock()

    def mark_unreachable(self, reason: str, *, in_short: str = StoreUnavailable.in_short) -> None:
        """Records that the store cannot be used, until a poll succeeds.

        Args:
            reason: For the log.
            in_short: For whoever may not know where the store is.
        """
        if self.is_away and in_short in (self.away_because, StoreUnavailable.in_short):
            return
        if not self.is_away:
            self._away_since = self._clock()
        self.away_because = in_short
        self.is_away = True
        _log.warning(
            "store does not answer" if in_short == StoreUnavailable.in_short else "store refused",
            reason=reason,
            effect="documents and pages are served from memory",
        )

    def _begin(self) -> None:
        self._poll_began_at = self._clock()
        self._is_idle.clear()

    def _poll_in_time(self) -> None:
        self._begin()
        if self.is_local:
            self._poll_and_release()
        else:
            # In a thread that may be abandoned: the driver waits without limit for the answer of a
            # server that has stopped.
            Thread(target=self._poll_and_release, name="store-poll", daemon=True).start()
            self._wait()

    def _wait(self) -> None:
        if not self.is_away and not self._is_idle.wait(POLL_TIMEOUT_S):
            self._handle_late_poll()
        else:
            self._check_lateness()

    def _check_lateness(self) -> None:
        """Handles the poll that is under way if it takes too long."""
        is_late = self._clock() - self._poll_began_at > POLL_TIMEOUT_S
        if is_late and not self._is_idle.is_set():
            self._handle_late_poll()

    def _handle_late_poll(self) -> None:
        began = self._poll_began_at
        self.mark_unreachable("no answer")
        if self.is_local or self._late_poll_began_at == began:
            return
        self._late_poll_began_at = began
        rest_s = max(0.0, SUSPEND_AFTER_S - (self._clock() - began))
        timer = Timer(rest_s, self._suspend, args=[began])
        timer.daemon = True
        timer.start()

    def _suspend(self, began: float) -> None:
        """Lets no request wait for the store, if the poll that began then is still under way."""
        with self._suspending:
            is_same = began == self._late_poll_began_at == self._poll_began_at
            if is_same and not self._is_idle.is_set():
                self._is_suspended = True
                self._changes.suspend("it does not answer")

    def _poll_and_release(self) -> None:
        try:
            self._poll(self._clock())
        finally:
            self._is_idle.set()
            self._polling.release()

    def _is_quiet(self, now: float) -> bool:
        """Makes the poll that is due if it has nothing to find.

        Another thread would take the interpreter's lock from the one that answers requests, for
        longer than this takes: one request in a hundred would wait for it.
        """
        began = self._clock()
        is_quiet = not self.is_away and self._changes.is_quiet()
        if is_quiet:
            self._succeed(began, now)
            self._is_idle.set()
            self._polling.release()
        return is_quiet

    def _poll(self, now: float) -> None:
        began = self._clock()
        try:
            if self._has_changed():
                self._earlier = (
                    *(past for past in self._earlier if began - past[0] < self._max_age_s),
                    (self._polled_at, self._version),
                )
                self._version += 1
                if self._changes.last_retraction != self._last_retraction:
                    self._last_retraction = self._changes.last_retraction
                    self.retractions += 1
        # Any exception, our own bugs included: polling exists for speed alone. Without it each
        # request asks the store, which shows readers and the log what is wrong.
        except Exception as error:
            if isinstance(error, StoreUnavailable):
                self.mark_unreachable(str(error), in_short=error.in_short)
                if self._clock() - began < POLL_TIMEOUT_S:
                    self._resume()  # requests fail as fast as this poll did
            else:
                _log.warning(
                    "store cannot be polled", reason=repr(error), next_poll_s=RETRY_AFTER_S
                )
            self._polled_at, self._next_poll_at = float("-inf"), now + RETRY_AFTER_S
            self._trusted_until = float("-inf")
        else:
            self._succeed(began, now)
            self._resume()
            if self.is_away:
                self.is_away = False
                _log.info("store answers again")

    def _succeed(self, began: float, now: float) -> None:
        self._polled_at, self._next_poll_at = began, now + self._pause_s(began)
        self._trusted_until = float("-inf")
        self._succeeded_at = began

    def _pause_s(self, began: float) -> float:
        """Returns how long after a poll, which began then, the next one is due."""
        usual_s = self._poll_every_s
        if not self.is_local or not usual_s:
            return usual_s
        now = self._clock()
        saved_s = self._saved_s + (now - self._saved_at) / POLLS_TAKE_ONE_IN
        saved_s = min(saved_s, POLLS_SAVE_S) - (now - began)
        pause_s = max(usual_s, min(-saved_s * POLLS_TAKE_ONE_IN, REMOTE_POLL_EVERY_S))
        # What the longest pause does not make up for is forgotten.
        self._saved_s = max(saved_s, -pause_s / POLLS_TAKE_ONE_IN)
        self._saved_at = now
        return pause_s

    def _has_changed(self) -> bool:
        began = self._clock()
        try:
            return self._changes.poll()
        except StoreUnavailable:
            # A server or a firewall may have closed a connection that was idle for too long.
            if self.is_local or self.is_away or self._clock() - began > POLL_TIMEOUT_S:
                raise
        return self._changes.poll()

    def _resume(self) -> None:
        with self._suspending:
            self._late_poll_began_at = None  # that poll was answered
            if self._is_suspended:
                self._is_suspended = False
                self._changes.resume()
