"""The hub process: verifications and deliveries."""

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.store.database import Database, Transaction
from service import logs
from service.application import Application
from service.commit_signal import CommitSignal
from service.failures import Failures
from service.liveness import Liveness
from service.processes import background
from service.processes.active_configuration import ProcessStart
from service.scheduler import Scheduler, Timer
from service.settings import Settings
from service.store_clock import StoreClock, machine_clock
from service.stores import record_known
from service.websub.hub.dispatcher import STOP_WITHIN_S, Dispatcher
from service.websub.hub.upkeep import end_lapsed_subscriptions
from service.wiring import build_application, deliveries, verifications, worker_name

_log = logs.get_logger("service.hub_process")  # not __name__: it is run as a program

UPKEEP, UPKEEP_EVERY_S = "upkeep", 30.0

#: The hub gives way to readers and newsrooms where processor time is short, because subscribers do
#: not wait for it. A busy processor gives a thirtieth of its time to this niceness. With a lower
#: value, feeds would be answered late during a distribution (``bench/fan_out_p99.py``); with a
#: higher one, pushes to thousands would take minutes on a busy machine.
NICENESS = 15

#: Linux divides a processor equally between sessions, and niceness counts only within a session
#: unless it is set for the session's group too (sched(7), "The autogroup feature"). The file does
#: not exist where that feature is off.
AUTOGROUP = Path("/proc/self/autogroup")

#: The interpreter's switch interval. Each response needs the interpreter a few times, and at
#: Python's default of 5 ms the thread that updates the store would delay the network.
SWITCH_EVERY_S = 0.0005

#: The garbage collector looks for cycles after so many new objects. A delivery makes a dozen, none
#: of them in a cycle, and Python's default of 700 has it look after every sixty deliveries.
COLLECT_AFTER = 10_000


class Hub:
    """The hub's threads, for the current configuration."""

    def __init__(
        self,
        database: Database,
        liveness: Liveness | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._database = database
        self._liveness = liveness or Liveness()
        self._worker = worker_name()
        self._clock = StoreClock(database)
        self._signal = CommitSignal(database)
        self._failures = failures
        self._scheduler = Scheduler(now=machine_clock, failures=failures)
        self._dispatchers: list[tuple[Dispatcher[Any], threading.Thread]] = []

    def start(self, settings: Settings) -> None:
        """Starts to work."""
        with suppress(StoreUnavailable):
            self._clock.compare()
        self._clock.follow()
        self._signal.start()
        self.configure(settings)
        self._scheduler.start()

    def configure(self, settings: Settings) -> None:
        """Replaces the configuration.

        Requests under way by the former one are finished meanwhile.
        """
        application = build_application(settings, self._database, self._clock)
        for dispatcher, _ in self._dispatchers:
            dispatcher.stop(within_s=2 * settings.own_hub.timeout_seconds)
        is_at_work = settings.own_hub.offered and self._clock.is_trusted
        if is_at_work:
            self._dispatchers = self._begin(application)
        else:
            self._dispatchers = []
            self._liveness.end_parts()

        def keep_up() -> None:
            record_known(settings, self._database)  # this machine may have no jobs process
            if settings.own_hub.offered:
                end_lapsed_subscriptions(self._database, application.catalogue, now=self._clock())

        self._scheduler.set(Timer(name=UPKEEP, job=keep_up, every_s=UPKEEP_EVERY_S))

    def now(self) -> datetime:
        """Returns the current time, by the store's clock."""
        return self._clock()

    def stop(self) -> None:
        """Stops. Work that takes long is abandoned, and done again by the next process."""
        self._scheduler.stop()
        self._signal.close()
        for dispatcher, _ in self._dispatchers:
            dispatcher.stop()
        for _, thread in self._dispatchers:
            thread.join(2 * STOP_WITHIN_S)
        self._clock.stop()
        with suppress(StoreUnavailable, StoreConflict), self._database.transaction() as tx:
            # Other processes can do the abandoned work at once, before the claims expire.
            tx.subscriptions.release_claims(now=self._clock(), worker=self._worker)

    def _begin(self, application: Application) -> list[tuple[Dispatcher[Any], threading.Thread]]:
        started: list[tuple[Dispatcher[Any], threading.Thread]] = []
        for make in (verifications, deliveries):
            dispatcher: Dispatcher[Any] = make(
                application,
                worker=self._worker,
                part=self._liveness.part(make.__name__),
                failures=self._failures,
                signal=self._signal,
            )
            thread = threading.Thread(
                target=_run, args=[dispatcher], name=make.__name__, daemon=True
            )
            thread.start()
            started.append((dispatcher, thread))
        return started


def _run(dispatcher: Dispatcher[Any]) -> None:
    try:
        dispatcher.run()
    except Exception:
        _log.exception("hub thread failed")
        # End the process: the supervisor starts a new one with both threads.
        os.kill(os.getpid(), signal.SIGTERM)


def _release(tx: Transaction) -> None:
    tx.subscriptions.release_claims(now=machine_clock())


def _lower_priority() -> None:
    with suppress(OSError):
        os.nice(NICENESS)
    if os.getsid(0) == os.getpid():  # otherwise the group includes the process that started this
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICENESS))


def main(start: ProcessStart) -> int:
    """Works until a signal asks to stop, or until the supervisor is gone."""
    _lower_priority()
    sys.setswitchinterval(SWITCH_EVERY_S)
    gc.set_threshold(COLLECT_AFTER)
    return background.run(start, role="hub", make=Hub, release=_release)


if __name__ == "__main__":
    sys.exit(main(ProcessStart.unsupervised(Path(sys.argv[1]))))
