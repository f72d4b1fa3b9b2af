"""Says when. The only importer of APScheduler; what is done stands in ``jobs``."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from feeds.errors import StoreConflict, StoreUnavailable
from service.logs import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A job and how often it is done. It is never done twice at the same time."""

    name: str
    job: Callable[[], object]
    every_s: float


class Scheduler:
    """Runs timers in threads of this process, and any of them at once when asked."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
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
            _guarded,
            "interval",
            args=[timer.name, timer.job],
            seconds=timer.every_s,
            id=timer.name,
            next_run_time=self._now(),
            replace_existing=True,
        )

    def wake(self, name: str) -> None:
        """Do this job at once, and then at its pace again."""
        try:
            self._scheduler.modify_job(name, next_run_time=self._now())
        except JobLookupError:
            _log.debug("no such timer", timer=name)

    def start(self) -> None:
        """Begin to run."""
        self._scheduler.start()

    def stop(self) -> None:
        """Begin no job any more, and wait for those under way."""
        self._scheduler.shutdown(wait=True)


def _guarded(name: str, job: Callable[[], object]) -> None:
    """A job that fails is told once, here, and comes again at its time."""
    try:
        job()
    except (StoreUnavailable, StoreConflict) as error:
        _log.error("store unavailable", timer=name, reason=str(error))
    except Exception:
        _log.exception("job failed", timer=name)
