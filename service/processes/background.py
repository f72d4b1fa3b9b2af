"""The life of a process that works in the background, from start to stop."""

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
from service import logs
from service.failures import Failures
from service.liveness import Liveness
from service.logs import get_logger
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

# How a process tells its supervisor that it lives: a byte up the line, every second.
#
# That needs neither the disk nor the store, which may be full, away or frozen without any fault of
# the process. No byte comes while a part of the work stands still.

_log = get_logger(__name__)

#: How often the supervisor is told.
BEAT_EVERY_S = 1.0


@contextmanager
def beating(line: SupervisorLine, liveness: Liveness) -> Iterator[None]:
    """Tell the supervisor, until the end of the block, that the work goes on.

    Args:
        line: To the supervisor; nothing is told on one that is not open.
        liveness: Says whether it does.
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
    told: str | None = None
    while True:
        stuck = liveness.stuck()
        if stuck is None:
            line.beat()
        elif stuck != told:
            _log.error("work stands still", part=stuck, remedy="the process is replaced")
        told = stuck
        if is_over.wait(BEAT_EVERY_S):
            return


# What processes that work in the background have in common: their life, from start to stop.

_worker_log = logs.get_logger(__name__)

#: The supervisor has seen that nobody has it; this is for a predecessor that is being killed.
LOCK_WITHIN_S = 5.0

#: The pause before it is tried again to begin with the work, where the store or the disk does not
#: let us: twice as long each time, up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0

#: What a process that lost its supervisor may take to finish. After that it goes, whatever it is
#: at: the next service waits for its lock, and everything under way is found again in the store.
ORPHAN_LIVES_S = 15.0


#: What fails of a process that cannot begin.
BEGIN = "start"


class WorkLoop(Protocol):
    """What a process does, by the configuration of the moment."""

    def start(self, settings: Settings) -> None:
        """Begin to work."""
        ...

    def configure(self, settings: Settings) -> None:
        """Work by another configuration from here on."""
        ...

    def now(self) -> datetime:
        """The moment, by the clock that the work goes by."""
        ...

    def stop(self) -> None:
        """Finish what is under way, and come to rest."""
        ...


def run(
    start: ProcessStart,
    *,
    role: str,
    make: Callable[[Database, Liveness, Failures], WorkLoop],
    release: Callable[[Transaction], object],
) -> int:
    """Work until told to stop by a signal, or until the supervisor is gone.

    Args:
        start: The configuration to begin with, and the line to the supervisor.
        role: Names the work. On SQLite one process does it alone.
        make: Gives the work, which says of itself whether it goes on, and what of it fails.
        release: On SQLite, frees what is still claimed: it was claimed by a process that died.

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

        def work_once() -> None:
            settings = active_configuration(start.path)
            database = open_database(settings)
            try:
                with _alone(settings, database, role, release):
                    work = make(database, liveness, failures)
                    with reporting(_prover(database, liveness, role, now=work.now)):
                        _work(work, settings, watch, signals, begun=partial(_begun, failures, role))
            finally:
                database.close()

        try:
            _try_until_done(work_once, watch, signals, failures, role)
        except AlreadyRunning as error:
            _worker_log.error("cannot work", role=role, reason=str(error))
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
    """Work; and again after a pause, while the store or the disk does not let us begin.

    To end, and be started anew by the supervisor, would be a line in the log each time.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            work_once()
            return
        except (CannotLock, StoreUnavailable) as error:
            if failures.failed(BEGIN, error):
                _worker_log.error("cannot work", role=role, reason=str(error), remedy="tried again")
        watch = make_watch(on_change=_pass_over)
        watch.start()
        try:
            if signals.wait(pause_s):
                return
        finally:
            watch.stop()
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _pass_over(_: Settings) -> None:
    """The next try reads what was accepted."""


def _begun(failures: Failures, role: str) -> None:
    if failures.worked(BEGIN, at_once=True):
        _worker_log.info("works again", role=role)


def _prover(
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
    watch = make_watch(on_change=work.configure)
    watch.start()
    signals.wait()
    watch.stop()
    work.stop()


@contextmanager
def _alone(
    settings: Settings, database: Database, role: str, release: Callable[[Transaction], object]
) -> Iterator[None]:
    """On SQLite, make sure that no other process does this work on this store.

    So whatever is still claimed was claimed by a process that died, and is free at once. On
    PostgreSQL other machines may be at work, and claims of the dead run out by themselves.
    """
    if not database.is_sqlite:
        yield
        return
    with role_lock(settings.data_folder, role, wait_s=LOCK_WITHIN_S):
        with database.transaction() as tx:
            release(tx)
        yield
