"""What processes that work in the background have in common: their life, from start to stop."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from signal import SIGTERM
from typing import Protocol

from feeds.errors import StoreUnavailable
from feeds.model.process import ProcessState
from feeds.store.database import Database, Transaction
from service import logs
from service.accepted import AcceptedWatch, ProcessStart, accepted
from service.alone import CannotLock, Occupied, role_lock
from service.failures import Failures
from service.heartbeat import beating
from service.liveness import Liveness
from service.proofs import Prover, proving
from service.settings import Settings
from service.signals import Signals
from service.store_clock import machine_clock
from service.stores import open_database
from service.wiring import worker_name

_log = logs.get_logger(__name__)

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


class Work(Protocol):
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
    make: Callable[[Database, Liveness, Failures], Work],
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

        watch = partial(AcceptedWatch, start, on_orphaned=orphaned)

        def work_once() -> None:
            settings = accepted(start.path)
            database = open_database(settings)
            try:
                with _alone(settings, database, role, release):
                    work = make(database, liveness, failures)
                    with proving(_prover(database, liveness, role, now=work.now)):
                        _work(work, settings, watch, signals, begun=partial(_begun, failures, role))
            finally:
                database.close()

        try:
            _try_until_done(work_once, watch, signals, failures, role)
        except Occupied as error:
            _log.error("cannot work", role=role, reason=str(error))
            return 1
        finally:
            failures.close()
    return 0


def _try_until_done(
    work_once: Callable[[], None],
    make_watch: Callable[..., AcceptedWatch],
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
                _log.error("cannot work", role=role, reason=str(error), remedy="tried again")
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
        _log.info("works again", role=role)


def _prover(
    database: Database, liveness: Liveness, role: str, *, now: Callable[[], datetime]
) -> Prover:
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
    return Prover(database, liveness, started, now=now)


def _work(
    work: Work,
    settings: Settings,
    make_watch: Callable[..., AcceptedWatch],
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
