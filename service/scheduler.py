"""Timers for repeated jobs. This is the only module that imports APScheduler."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from feeds.errors import StoreConflict, StoreUnavailable
from service.failures import Failures
from service.logs import get_logger

_log = get_logger(__name__)

# A job that is still running when it is due again is skipped. That is intended, and a bulk intake
# would fill the log with APScheduler's warnings about it. Set here, before processes are forked:
# each new level is written to every logger there is.
for _part in ("scheduler", "executors.default"):
    logging.getLogger(f"apscheduler.{_part}").setLevel(logging.ERROR)

#: How often to check whether the clock was set back.
CLOCK_CHECK_EVERY_S = 1.0

#: When a job that was woken is tried again, in case APScheduler takes the former run for one that
#: has not ended: it counts the end some time after that.
TRY_AGAIN_AFTER = timedelta(milliseconds=20)

#: How many jobs run at the same time. A long intake and a backup leave some for all others.
THREADS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A job and how often it runs. It never runs twice at the same time."""

    name: str
    job: Callable[[], object]
    every_s: float


class Scheduler:
    """Runs timers in threads of this process, and any of them at once on request."""

    def __init__(self, *, now: Callable[[], datetime], failures: Failures | None = None) -> None:
        """Creates a scheduler that is not running yet.

        Args:
            now: This machine's clock.
            failures: Records which timers fail.
        """
        self._now = now
        self._failures = failures or Failures("scheduler", now=now, over_after_s=0.0)
        self._running = 0
        self._is_stopping = False
        self._is_over = threading.Event()
        self._is_idle = threading.Condition()
        # Used while `_is_idle` is held, by the names of timers:
        self._busy: set[str] = set()
        self._woken: set[str] = set()  #: and not run since
        self._again_at: dict[str, datetime] = {}  #: woken while they were running
        # Stores and triggers are given, not named: a name is looked up in the metadata of what is
        # installed, and imported, in each process that was forked.
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._on_skipped, EVENT_JOB_MAX_INSTANCES)

    def set(self, timer: Timer) -> None:
        """Adds a timer, or replaces the one of the same name. It runs at once, then repeatedly."""
        with self._is_idle:
            self._woken.add(timer.name)
            self._scheduler.add_job(
                self._run,
                IntervalTrigger(seconds=timer.every_s, timezone=UTC),
                args=[timer.name, timer.job],
                id=timer.name,
                next_run_time=self._now(),
                replace_existing=True,
            )

    def wake(self, name: str, *, after: timedelta = timedelta(0)) -> None:
        """Runs a job at once, or after a delay, and then at its usual interval again.

        A job that is running now may have passed by what it is woken for: it runs once more.
        """
        with self._is_idle:
            self._wake(name, self._now() + after)

    def _wake(self, name: str, at: datetime) -> None:
        if name in self._busy:
            self._again_at[name] = min(at, self._again_at.get(name, at))
            return
        try:
            self._scheduler.modify_job(name, next_run_time=at)
        except JobLookupError:
            _log.debug("no such timer", timer=name)
        else:
            self._woken.add(name)

    def _on_skipped(self, event: JobSubmissionEvent) -> None:
        """Has a job run that was due while its former run had not ended, if it was woken."""
        with self._is_idle:
            if event.job_id in self._woken and not self._is_stopping:
                self._wake(event.job_id, self._now() + TRY_AGAIN_AFTER)

    @property
    def jobs(self) -> dict[str, Callable[[], object]]:
        """The jobs by the names of their timers, for callers that run one directly."""
        return {job.args[0]: job.args[1] for job in self._scheduler.get_jobs()}

    def start(self) -> None:
        """Starts the timers."""
        self._scheduler.start()
        threading.Thread(target=self._check_clock, name="clock", daemon=True).start()

    def stop(self) -> None:
        """Starts no more jobs, and waits for the running ones."""
        # APScheduler's own waiting holds a lock that `wake` needs: it would deadlock with a job
        # that wakes another one meanwhile.
        self._is_over.set()
        self._scheduler.shutdown(wait=False)
        with self._is_idle:
            self._is_stopping = True
            self._is_idle.wait_for(lambda: self._running == 0)

    def _check_clock(self) -> None:
        """Runs jobs whose next run was moved far into the future because the clock was set back.

        APScheduler sleeps until a time of day. This thread sleeps by a monotonic clock.
        """
        while not self._is_over.wait(CLOCK_CHECK_EVERY_S):
            for job in self._scheduler.get_jobs():
                latest = self._now() + 2 * job.trigger.interval
                if job.next_run_time is not None and job.next_run_time > latest:
                    _log.warning("the clock was set back", timer=job.id)
                    self.wake(job.id)

    def _run(self, name: str, job: Callable[[], object]) -> None:
        with self._is_idle:
            if self._is_stopping:
                return
            self._running += 1
            self._busy.add(name)
            self._woken.discard(name)
        try:
            self._run_logged(name, job)
        finally:
            with self._is_idle:
                self._running -= 1
                self._busy.discard(name)
                again_at = self._again_at.pop(name, None)
                if again_at is not None and not self._is_stopping:
                    self._wake(name, max(again_at, self._now()))
                self._is_idle.notify_all()

    def _run_logged(self, name: str, job: Callable[[], object]) -> None:
        """Runs a job and logs its failure, a lasting one only once. The job runs again when due."""
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
