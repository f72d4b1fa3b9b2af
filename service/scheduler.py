"""Says when. The only importer of APScheduler; what is done stands in ``jobs``."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from feeds.errors import StoreConflict, StoreUnavailable
from service.failures import Failures
from service.logs import get_logger

_log = get_logger(__name__)

#: How often it is asked whether the clock was set back.
CLOCK_WATCH_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A job and how often it is done. It is never done twice at the same time."""

    name: str
    job: Callable[[], object]
    every_s: float


class Scheduler:
    """Runs timers in threads of this process, and any of them at once when asked."""

    def __init__(self, *, now: Callable[[], datetime], failures: Failures | None = None) -> None:
        """Make one that is not running yet.

        Args:
            now: This machine's clock.
            failures: Is told which timers fail.
        """
        self._now = now
        self._failures = failures or Failures("scheduler", now=now, over_after_s=0.0)
        self._under_way = 0
        self._is_stopping = False
        self._is_over = threading.Event()
        self._at_rest = threading.Condition()
        # A job that is still at work when its time comes again is passed over: that is meant, and
        # a bulk intake would fill the log with APScheduler's warnings of it.
        for part in ("scheduler", "executors.default"):
            logging.getLogger(f"apscheduler.{part}").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def set(self, timer: Timer) -> None:
        """Begin a timer, or change it: the job of this name, from now on, so often."""
        self._scheduler.add_job(
            self._run,
            "interval",
            args=[timer.name, timer.job],
            seconds=timer.every_s,
            id=timer.name,
            next_run_time=self._now(),
            replace_existing=True,
        )

    def wake(self, name: str, *, after: timedelta = timedelta(0)) -> None:
        """Do this job at once, or that much later; and then at its pace again."""
        try:
            self._scheduler.modify_job(name, next_run_time=self._now() + after)
        except JobLookupError:
            _log.debug("no such timer", timer=name)

    @property
    def jobs(self) -> dict[str, Callable[[], object]]:
        """What is done, by the names of the timers; for whoever does it by hand."""
        return {job.args[0]: job.args[1] for job in self._scheduler.get_jobs()}

    def start(self) -> None:
        """Begin to run."""
        self._scheduler.start()
        threading.Thread(target=self._watch_clock, name="clock", daemon=True).start()

    def stop(self) -> None:
        """Begin no job any more, and wait for those under way."""
        # APScheduler's own waiting holds a lock that `wake` needs: a job that wakes another one
        # while we stop would wait for us, and we for it.
        self._is_over.set()
        self._scheduler.shutdown(wait=False)
        with self._at_rest:
            self._is_stopping = True
            self._at_rest.wait_for(lambda: self._under_way == 0)

    def _watch_clock(self) -> None:
        """Bring forward what a clock that was set back has moved into the distance.

        APScheduler sleeps until a time of day. This thread sleeps by a clock that nobody sets.
        """
        while not self._is_over.wait(CLOCK_WATCH_S):
            for job in self._scheduler.get_jobs():
                latest = self._now() + 2 * job.trigger.interval
                if job.next_run_time is not None and job.next_run_time > latest:
                    _log.warning("the clock was set back", timer=job.id)
                    self.wake(job.id)

    def _run(self, name: str, job: Callable[[], object]) -> None:
        with self._at_rest:
            if self._is_stopping:
                return
            self._under_way += 1
        try:
            self._guard(name, job)
        finally:
            with self._at_rest:
                self._under_way -= 1
                self._at_rest.notify_all()

    def _guard(self, name: str, job: Callable[[], object]) -> None:
        """A job that fails is told here, and comes again at its time. What lasts is told once."""
        try:
            job()
        except (StoreUnavailable, StoreConflict) as error:
            if self._failures.failed(name, error):
                _log.error("store unavailable", timer=name, reason=str(error))
        except Exception as error:
            if self._failures.failed(name, error):
                _log.exception("job failed", timer=name)
        else:
            if self._failures.worked(name):
                _log.info("works again", timer=name)
