"""How a worker knows that what it holds in memory is still what the store has."""

from collections.abc import Callable
from threading import Event, Lock, Thread, Timer

from feeds.errors import StoreUnavailable
from feeds.store.changes import Changes
from service.logs import get_logger

_log = get_logger(__name__)

#: No answer is older than this at the moment it is given: what holds at one look holds so long.
#: With the time that a run takes to be stored, it stays below ``feeds.newsstand.SPREAD``, before
#: which no hub is told.
LEASE_S = 0.1

#: A look is due after this. One request makes it, while the others go by the look before. What
#: is left of the lease is the time to fetch what a look has found to be new.
LOOK_EVERY_S = 0.025

#: After a look that failed, nobody looks for so long; the store is asked for each request then.
PAUSE_S = 1.0

#: A look that takes longer says that the store is away: it may accept connections and never answer.
LOOK_WITHIN_S = 0.25

#: And one that takes this long says that nobody is to wait for it: all are refused at once, and
#: those who wait are told so, until a look is answered.
SILENT_AFTER_S = 1.0


class ChangeDetector:
    """Counts the changes of the store. Safe to share between threads.

    It has no clockwork of its own that could die or be late: whoever asks first after the last look
    has aged makes the next one, or has it made, some tens of microseconds on SQLite. So a worker
    that nobody asks does nothing, and the first answer after a pause is never old.
    """

    def __init__(
        self,
        changes: Changes,
        *,
        clock: Callable[[], float],
        lease_s: float = LEASE_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Make a watch that has not looked yet.

        Args:
            changes: Used by this watch alone.
            clock: Seconds that never go back.
            lease_s: How old a look may be for its result to count.
            look_every_s: How old it may be before the next one is made. 0: one a request.
        """
        self._changes = changes
        self.is_local = changes.is_local  #: no server has to answer
        self._clock = clock
        self._lease_s = lease_s
        self._look_every_s = look_every_s
        self._looking = Lock()
        self._is_quiet = Event()  #: no look is under way
        self._is_quiet.set()
        self._look_began_at = float("-inf")
        self._late_look: float | None = None  #: when the look began that was last found late
        self._lost_at = float("-inf")  #: since when the store is away, while it is
        self._good_at = float("-inf")  #: when the last good look began, however long ago
        self.is_away = False  #: the store cannot be asked: what is at hand is better than nothing
        self._generation = 0
        self._last_retraction: object = None
        #: Another number when a release was retracted or restored (not on SQLite).
        self.retractions = 0
        self._looked_at = float("-inf")  #: when the last good look *began*
        self._looks_again_at = float("-inf")
        #: Numbers before this one, oldest first, each with the beginning of the last look at it.
        self._judging = Lock()
        self._is_suspended = False  #: nobody is let through to the store but looks
        self._before: tuple[tuple[float, int], ...] = ()

    def version(self) -> int | None:
        """Return a number that is another one whenever the store may have changed.

        What was read from the store *after* a number was returned is current as long as this
        returns the same number.

        Returns:
            None when nobody knows: the store has to be asked.
        """
        now = self._clock()
        if now >= self._looks_again_at and self._looking.acquire(blocking=False):
            self._look_in_time()
        elif now - self._looked_at >= self._lease_s:
            self._wait()
        # In this order. The number only grows, and it grows before the moment is noted: so it
        # may be newer than the moment, which costs a question, but never older.
        is_fresh = now - self._looked_at < self._lease_s
        return self._generation if is_fresh else None

    def known(self, look_aside: Callable[[Callable[[], None]], object]) -> range | None:
        """Return the numbers at which memory may be trusted, without waiting for the store.

        The last is the one that `generation` returns. Those before it were the latest at a look
        whose lease lasts still: what was current then may be given out, while somebody asks what
        has come since.

        Args:
            look_aside: Has another thread call what it is given: the look that is due, if one is.

        Returns:
            None when nobody knows: the store has to be asked.
        """
        now = self._clock()
        if now >= self._looks_again_at and self._looking.acquire(blocking=False):
            self._begin()
            look_aside(self._look_aside)
        if now - self._looked_at >= self._lease_s:
            self._judge()
            return None
        newest = self._generation
        for looked_at, generation in self._before:
            if now - looked_at < self._lease_s:
                return range(generation, newest + 1)
        return range(newest, newest + 1)

    def age_s(self, generation: int | None, current_at: float) -> int | None:
        """Return how long ago a document was known to be current, in whole seconds.

        Args:
            generation: At which it was read.
            current_at: When that was, by this watch's clock.

        Returns:
            None while the store answers.
        """
        if not self.is_away:
            return None
        known_at = current_at
        if generation == self._generation:
            known_at = max(known_at, self._good_at)
        return max(0, int(self._clock() - known_at))

    def outdated_s(self, generation: int | None, current_at: float) -> float:
        """Return for how long the store was heard of after something was known to be current.

        Args:
            generation: At which it was read.
            current_at: When that was, by this watch's clock.

        Returns:
            0 for what was current when the store was last heard of.
        """
        return 0.0 if generation == self._generation else max(0.0, self._good_at - current_at)

    @property
    def away_s(self) -> float | None:
        """For how long the store does not answer; None while it does."""
        return self._clock() - self._lost_at if self.is_away else None

    def now(self) -> float:
        """The moment, by the clock of this watch."""
        return self._clock()

    def mark_unreachable(self, reason: str) -> None:
        """Note that the store does not answer, until a look says that it does."""
        if not self.is_away:
            self._lost_at = self._clock()
            self.is_away = True
            _log.warning(
                "store does not answer",
                reason=reason,
                effect="documents and pages are served from memory",
            )

    def _begin(self) -> None:
        self._look_began_at = self._clock()
        self._is_quiet.clear()

    def _look_in_time(self) -> None:
        self._begin()
        if self.is_local:
            self._look_aside()
        else:
            # In a thread that may be left behind: what a server that has stopped was asked, the
            # driver waits for.
            Thread(target=self._look_aside, name="look", daemon=True).start()
            self._wait()

    def _wait(self) -> None:
        if not self.is_away and not self._is_quiet.wait(LOOK_WITHIN_S):
            self._miss()
        else:
            self._judge()

    def _judge(self) -> None:
        """Note when the look that is under way takes too long."""
        is_late = self._clock() - self._look_began_at > LOOK_WITHIN_S
        if is_late and not self._is_quiet.is_set():
            self._miss()

    def _miss(self) -> None:
        began = self._look_began_at
        self.mark_unreachable("no answer")
        if self.is_local or self._late_look == began:
            return
        self._late_look = began
        rest_s = max(0.0, SILENT_AFTER_S - (self._clock() - began))
        timer = Timer(rest_s, self._suspend, args=[began])
        timer.daemon = True
        timer.start()

    def _suspend(self, began: float) -> None:
        """Let nobody wait for the store, if the look that began then is under way still."""
        with self._judging:
            is_same = began == self._late_look == self._look_began_at
            if is_same and not self._is_quiet.is_set():
                self._is_suspended = True
                self._changes.suspend("it does not answer")

    def _look_aside(self) -> None:
        try:
            self._look(self._clock())
        finally:
            self._is_quiet.set()
            self._looking.release()

    def _look(self, now: float) -> None:
        began = self._clock()
        try:
            if self._is_news():
                self._before = (
                    *(past for past in self._before if began - past[0] < self._lease_s),
                    (self._looked_at, self._generation),
                )
                self._generation += 1
                if self._changes.last_retraction != self._last_retraction:
                    self._last_retraction = self._changes.last_retraction
                    self.retractions += 1
        # Whatever it is, bugs of ours too: to watch is there for speed alone, and without it the
        # store is asked for each request, which tells readers and log what is wrong with it.
        except Exception as error:
            if isinstance(error, StoreUnavailable):
                self.mark_unreachable(str(error))
                if self._clock() - began < LOOK_WITHIN_S:
                    self._resume()  # all are told as fast as this look was
            else:
                _log.warning("store cannot be watched", reason=repr(error), next_look_s=PAUSE_S)
            self._looked_at, self._looks_again_at = float("-inf"), now + PAUSE_S
        else:
            self._looked_at, self._looks_again_at = began, now + self._look_every_s
            self._good_at = began
            self._resume()
            if self.is_away:
                self.is_away = False
                _log.info("store answers again")

    def _is_news(self) -> bool:
        began = self._clock()
        try:
            return self._changes.poll()
        except StoreUnavailable:
            # A connection may be gone that a server or a firewall found idle for too long.
            if self.is_local or self.is_away or self._clock() - began > LOOK_WITHIN_S:
                raise
        return self._changes.poll()

    def _resume(self) -> None:
        with self._judging:
            self._late_look = None  # it is answered
            if self._is_suspended:
                self._is_suspended = False
                self._changes.resume()
