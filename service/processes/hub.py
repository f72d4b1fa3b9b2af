"""The hub process: verifications and deliveries."""

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
from service.failures import Failures
from service.liveness import Liveness
from service.processes import background
from service.processes.active_configuration import ProcessStart
from service.scheduler import Scheduler, Timer
from service.settings import Settings
from service.store_clock import StoreClock, machine_clock
from service.websub.hub.dispatcher import STOP_WITHIN_S, Dispatcher
from service.websub.hub.upkeep import end_lapsed_subscriptions
from service.wiring import build_application, deliveries, verifications, worker_name

_log = logs.get_logger("service.hub_process")  # not __name__: it is run as a program

UPKEEP, UPKEEP_EVERY_S = "upkeep", 30.0

#: Readers and newsrooms come first where a processor is short: subscribers wait for nothing. One
#: that is full gives a thirtieth of its time to what is so nice. If it were less nice, feeds would
#: be answered late during a distribution (``bench/fan_out_p99.py``); nicer, and pushes to
#: thousands would take minutes on a machine that is full.
NICENESS = 15

#: Linux has sessions share a processor alike, and niceness counts only within one of them, unless
#: its group is told of it (sched(7), "The autogroup feature"). Not there where it is otherwise.
AUTOGROUP = Path("/proc/self/autogroup")

#: What a thread waits for the interpreter before it is made way for. Each answer needs it some
#: times, and at Python's own 5 ms the thread that keeps the books would hold up the network.
SWITCH_EVERY_S = 0.0005


class Hub:
    """The hub's threads, for the configuration of the moment."""

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
        self._failures = failures
        self._scheduler = Scheduler(now=machine_clock, failures=failures)
        self._dispatcher: list[tuple[Dispatcher[Any], threading.Thread]] = []

    def start(self, settings: Settings) -> None:
        """Begin to work."""
        with suppress(StoreUnavailable):
            self._clock.compare()
        self._clock.follow()
        self.configure(settings)
        self._scheduler.start()

    def configure(self, settings: Settings) -> None:
        """Work by another configuration from here on.

        What is under way by the former one comes to its end beside it.
        """
        application = build_application(settings, self._database, self._clock)
        former = self._dispatcher
        for dispatcher, _ in former:
            dispatcher.stop(within_s=2 * settings.own_hub.timeout_seconds)
        is_at_work = settings.own_hub.offered and self._clock.is_trusted
        if is_at_work:
            self._dispatcher = self._begin(application)
        else:
            self._dispatcher = []
            self._liveness.end_parts()

        def keep_up() -> None:
            if settings.own_hub.offered:
                end_lapsed_subscriptions(self._database, application.catalogue, now=self._clock())

        self._scheduler.set(Timer(name=UPKEEP, job=keep_up, every_s=UPKEEP_EVERY_S))

    def now(self) -> datetime:
        """The moment, by the store's clock."""
        return self._clock()

    def stop(self) -> None:
        """Begin nothing more; what takes long is left, and done again by the next process."""
        self._scheduler.stop()
        for dispatcher, _ in self._dispatcher:
            dispatcher.stop()
        for _, thread in self._dispatcher:
            thread.join(2 * STOP_WITHIN_S)
        with suppress(StoreUnavailable, StoreConflict), self._database.transaction() as tx:
            # What was left is for others to do, and at once. Else it waits until the claims are
            # over.
            tx.subscriptions.release_claims(now=self._clock(), worker=self._worker)

    def _begin(self, application: Application) -> list[tuple[Dispatcher[Any], threading.Thread]]:
        begun: list[tuple[Dispatcher[Any], threading.Thread]] = []
        for make in (verifications, deliveries):
            dispatcher: Dispatcher[Any] = make(
                application,
                worker=self._worker,
                part=self._liveness.part(make.__name__),
                failures=self._failures,
            )
            thread = threading.Thread(
                target=_run, args=[dispatcher], name=make.__name__, daemon=True
            )
            thread.start()
            begun.append((dispatcher, thread))
        return begun


def _run(dispatcher: Dispatcher[Any]) -> None:
    try:
        dispatcher.run()
    except Exception:
        _log.exception("work broke off")
        # Half a hub is none: the supervisor starts a whole one.
        os.kill(os.getpid(), signal.SIGTERM)


def _release(tx: Transaction) -> None:
    tx.subscriptions.release_claims(now=machine_clock())


def _stand_back() -> None:
    with suppress(OSError):
        os.nice(NICENESS)
    if os.getsid(0) == os.getpid():  # else whoever started us is of our group
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICENESS))


def main(start: ProcessStart) -> int:
    """Work until told to stop by a signal, or until the supervisor is gone."""
    _stand_back()
    sys.setswitchinterval(SWITCH_EVERY_S)
    return background.run(start, role="hub", make=Hub, release=_release)


if __name__ == "__main__":
    sys.exit(main(ProcessStart.unsupervised(Path(sys.argv[1]))))
