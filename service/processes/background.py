"""The life cycle of a background process (jobs or hub), from start to stop."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from signal import SIGTERM
from typing import Protocol

from feeds.errors import StoreUnavailable
from feeds.model.listing import ProcessState
from feeds.store.database import Database, Transaction
from service.failures import Failures
from service.liveness import Liveness
from service.logs import get_logger
from service.memory import release_libraries
from service.processes.active_configuration import (
    ConfigurationWatch,
    ProcessStart,
    active_configuration,
)
from service.processes.locks import AlreadyRunning, CannotLock, role_lock
from service.processes.reports import ProcessReporter, reporting
from service.processes.signals import Signals
from service.processes.supervisor_line import SupervisorLine
from service.settings import Settings
from service.store_clock import machine_clock
from service.stores import open_database
from service.wiring import worker_name

# Heartbeats: a process sends its supervisor one byte a second over the line.
#
# That needs neither the disk nor the store, which may be full, unavailable or frozen through no
# fault of the process. No byte is sent while a part of the work is stuck.

_log = get_logger(__name__)

#: How often a heartbeat is sent.
BEAT_EVERY_S = 1.0


@contextmanager
def beating(line: SupervisorLine, liveness: Liveness) -> Iterator[None]:
    """Sends heartbeats to the supervisor until the end of the block, while the work goes on.

    Args:
        line: The line to the supervisor; without one, nothing is sent.
        liveness: Knows whether the work goes on.
    """
    is_over = threading.Event()
    if line.is_open:
        beats = threading.Thread(
            target=_beat, args=[line, liveness, is_over], name="heartbeat", daemon=True
        )
        beats.start()
    try:
        yield
    finally:
        is_over.set()


def _beat(line: SupervisorLine, liveness: Liveness, is_over: threading.Event) -> None:
    logged: str | None = None
    while True:
        stuck = liveness.stuck()
        if stuck is None:
            line.beat()
        elif stuck != logged:
            _log.error("work is stuck", part=stuck, remedy="the process is replaced")
        logged = stuck
        if is_over.wait(BEAT_EVERY_S):
            return


# The run of a background process.

#: How long to wait for the lock. The supervisor has found it free, so its holder can only be a
#: predecessor that is being killed.
LOCK_WITHIN_S = 5.0

#: The pause before the next try to start, if the store or the disk does not allow it: twice as
#: long each time, up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0

#: How long a process that lost its supervisor may take to finish. Then it exits in any case: the
#: next service waits for its lock, and all unfinished work is found again in the store.
ORPHAN_LIVES_S = 15.0


#: The name of the failing work if a process cannot start.
BEGIN = "start"


class WorkLoop(Protocol):
    """The work of a process, by the current configuration."""

    def start(self, settings: Settings) -> None:
        """Starts to work."""
        ...

    def configure(self, settings: Settings) -> None:
        """Replaces the configuration."""
        ...

    def now(self) -> datetime:
        """Returns the current time, by the clock that the work uses."""
        ...

    def stop(self) -> None:
        """Finishes the current work and stops."""
        ...


def run(
    start: ProcessStart,
    *,
    role: str,
    make: Callable[[Database, Liveness, Failures], WorkLoop],
    release: Callable[[Transaction], object],
    on_away: Callable[[StoreUnavailable, Settings, Database], object] | None = None,
) -> int:
    """Works until a signal asks to stop, or until the supervisor is gone.

    Args:
        start: The configuration to start with, and the line to the supervisor.
        role: The name of the work. On SQLite only one process does it.
        make: Returns the work, which reports its progress and its failures.
        release: On SQLite, releases all claims left in the store by a process that died.
        on_away: Called with each try to start that fails because the store cannot be used.

    Returns:
        The exit code.
    """
    settings, liveness = start.settings, Liveness()
    failures = Failures(role, now=machine_clock, data_folder=settings.data_folder)
    with Signals() as signals, beating(start.line, liveness):

        def orphaned() -> None:
            last = threading.Timer(ORPHAN_LIVES_S, os._exit, args=[1])
            last.daemon = True
            last.start()
            signals.send(SIGTERM)

        watch = partial(ConfigurationWatch, start, on_orphaned=orphaned)

        first = [start.settings]  # parsed already, in memory that the processes share

        def work_once() -> None:
            settings = first.pop() if first else active_configuration(start.path)
            database = open_database(settings)
            try:
                with _exclusive(settings, database, role, release):
                    work = make(database, liveness, failures)
                    begun = partial(_record_start, failures, role)
                    with reporting(_reporter(database, liveness, role, now=work.now)):
                        _work(work, settings, watch, signals, begun=begun)
            except StoreUnavailable as error:
                if on_away is not None:
                    on_away(error, settings, database)
                raise
            finally:
                database.close()

        try:
            _try_until_done(work_once, watch, signals, failures, role)
        except AlreadyRunning as error:
            _log.error("cannot work", role=role, reason=str(error))
            return 1
        finally:
            failures.close()
    return 0


def _try_until_done(
    work_once: Callable[[], None],
    make_watch: Callable[..., ConfigurationWatch],
    signals: Signals,
    failures: Failures,
    role: str,
) -> None:
    """Works; tries again after a pause while the store or the disk does not allow a start.

    If the process ended instead, to be restarted by the supervisor, each try would be logged.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            work_once()
            return
        except (CannotLock, StoreUnavailable) as error:
            if failures.failed(BEGIN, error):
                _log.error("cannot work", role=role, reason=str(error), remedy="tried again")
        watch = make_watch(on_change=_ignore)
        watch.start()
        try:
            if signals.wait(pause_s):
                return
        finally:
            watch.stop()
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _ignore(_: Settings) -> None:
    """Does nothing: the next try reads the active configuration anyway."""


def _record_start(failures: Failures, role: str) -> None:
    if failures.worked(BEGIN, at_once=True):
        _log.info("works again", role=role)


def _reporter(
    database: Database, liveness: Liveness, role: str, *, now: Callable[[], datetime]
) -> ProcessReporter:
    started = ProcessState(
        worker=worker_name(),
        role=role,
        host=os.uname().nodename,
        pid=os.getpid(),
        started_at=now(),
        worked_at=None,
        did=None,
        did_at=None,
    )
    return ProcessReporter(database, liveness, started, now=now)


def _work(
    work: WorkLoop,
    settings: Settings,
    make_watch: Callable[..., ConfigurationWatch],
    signals: Signals,
    *,
    begun: Callable[[], None],
) -> None:
    work.start(settings)
    begun()
    release_libraries()
    watch = make_watch(on_change=work.configure)
    watch.start()
    signals.wait()
    watch.stop()
    work.stop()


@contextmanager
def _exclusive(
    settings: Settings, database: Database, role: str, release: Callable[[Transaction], object]
) -> Iterator[None]:
    """On SQLite, makes sure that no other process does this work on this store.

    All claims in the store are then those of dead processes, and are released at once. On
    PostgreSQL other machines may be working, and claims of dead processes expire by themselves.
    """
    if not database.is_sqlite:
        yield
        return
    with role_lock(settings.data_folder, role, wait_s=LOCK_WITHIN_S):
        with database.transaction() as tx:
            release(tx)
        yield
