"""The web process: answers requests until it is asked to stop."""

import gc
import os
import socket
import sys
import threading
import time
from pathlib import Path

from feeds.errors import FeedsError
from feeds.model.alarm import AlarmKind
from feeds.store.changes import Changes
from service import logs
from service.alarms import CHECK_EVERY_S, AlarmRounds
from service.application import CurrentApplication
from service.failures import Failures
from service.memory import keep_few_arenas, map_documents_apart
from service.processes.active_configuration import ConfigurationWatch, ProcessStart
from service.processes.http_server import HttpServer
from service.processes.listening import ListeningAddress
from service.settings import Settings
from service.store_clock import StoreClock, machine_clock
from service.store_writes import StoreWrites
from service.stores import open_database, record_known
from service.web import (
    CacheMiddleware,
    ChangeDetector,
    DocumentCache,
    ReadershipWriter,
    RedirectCounter,
    RedirectUseWriter,
    RequestCounter,
    WsgiAdapter,
    create_app,
    shared_routes,
)
from service.wiring import alarm_keeper, build_application

_log = logs.get_logger("service.web_process")  # not __name__: it is run as a program

#: The interpreter's switch interval. A poll of the store needs the interpreter some ten times; at
#: Python's default of 5 ms, under full load, it would take longer than its result is valid.
SWITCH_EVERY_S = 0.0005

#: How long a process that lost its supervisor may take to finish: requests may wait for a store
#: that does not answer.
ORPHAN_LIVES_S = 15.0


#: How long a stopping process waits until the last counts of readers are stored.
COUNTS_STORED_WITHIN_S = 5.0


def serve(start: ProcessStart, listener: socket.socket) -> int:
    """Answers requests until a signal asks to stop, or until the supervisor is gone.

    Args:
        start: The configuration to start with, and the line to the supervisor.
        listener: A bound socket. Other processes may share it.

    Returns:
        The exit code.
    """
    settings = start.settings
    sys.setswitchinterval(SWITCH_EVERY_S)
    keep_few_arenas()
    map_documents_apart()
    # A new service waits while the processes of a killed one still hold the listening socket.
    address = ListeningAddress(
        settings.http.host, settings.http.port, data_folder=settings.data_folder
    )
    address.web.acquire()
    database = open_database(settings)
    clock = StoreClock(database)
    clock.follow()
    current = CurrentApplication(build_application(settings, database, clock))
    changes = Changes(database, of_documents=True)
    counter = RequestCounter()
    writer = ReadershipWriter(counter, current, now=clock)
    redirects = RedirectCounter()
    redirect_uses = RedirectUseWriter(redirects, current, now=clock)
    server = HttpServer(_wsgi_adapter(current, changes, clock, counter, redirects), listener)

    def configure(changed: Settings) -> None:
        # Requests under way keep the application that they started with.
        current.application = build_application(changed, database, clock)
        writer.configure()

    def orphaned() -> None:
        last = threading.Timer(ORPHAN_LIVES_S, os._exit, args=[1])
        last.daemon = True
        last.start()
        server.stop()

    watch = ConfigurationWatch(start, on_change=configure, on_orphaned=orphaned)
    watch.start()
    is_over = threading.Event()
    threading.Thread(
        target=_watch_jobs, args=[current, clock, is_over], name="alarm watch", daemon=True
    ).start()
    counting = threading.Thread(target=writer.run, name="readership", daemon=True)
    counting.start()
    using = threading.Thread(target=redirect_uses.run, name="redirect uses", daemon=True)
    using.start()
    # All objects of now live to the end. Unless they are frozen, each full garbage collection
    # visits those of all libraries, for tens of milliseconds in which no request is answered.
    gc.collect()
    gc.freeze()
    server.run(beat=start.line.beat)
    is_over.set()
    counter.stop()
    redirect_uses.stop()
    counting.join(COUNTS_STORED_WITHIN_S)
    using.join(COUNTS_STORED_WITHIN_S)
    watch.stop()
    clock.stop()
    database.close()
    return 0


def _watch_jobs(current: CurrentApplication, clock: StoreClock, is_over: threading.Event) -> None:
    """Raises the alarm that the jobs process cannot raise: that no jobs process works.

    Each web process does so, on each machine: the alarm is in the store, and sent once.
    """
    started_at = clock()
    rounds = AlarmRounds(monotonic=time.monotonic)
    while not is_over.wait(CHECK_EVERY_S):
        # This machine may have no jobs process.
        record_known(current.application.settings, current.application.database)
        if not clock.is_trusted:
            continue
        keeper = alarm_keeper(
            current.application, kinds=[AlarmKind.JOBS_IDLE], watching_since=started_at
        )
        try:
            rounds.run(keeper, now=clock)
        except FeedsError as error:
            # What is wrong with the store is logged, and shown by /readyz, by others.
            _log.debug("alarms not checked", reason=str(error))
        except Exception:
            _log.exception("alarms not checked")


def _wsgi_adapter(
    current: CurrentApplication,
    changes: Changes,
    clock: StoreClock,
    counter: RequestCounter,
    redirects: RedirectCounter,
) -> WsgiAdapter:
    settings = current.application.settings
    document_cache = DocumentCache(
        max_bytes=settings.http.cache_megabytes * 1024 * 1024,
        detector=ChangeDetector(changes, clock=time.monotonic),
    )
    data_folder = settings.data_folder
    failures = Failures("web", now=machine_clock, data_folder=data_folder)
    app = create_app(
        current,
        document_cache,
        clock=clock,
        routes=shared_routes(),
        warnings=clock.warnings,
        writes=StoreWrites(current.application.database, failures, data_folder=data_folder),
        redirects=redirects,
    )
    return WsgiAdapter(
        CacheMiddleware(
            app,
            current=current,
            document_cache=document_cache,
            counter=counter,
            redirects=redirects,
        ),
        threads=settings.http.threads,
    )


def main(path: Path) -> int:
    """Runs a web process without a supervisor."""
    start = ProcessStart.unsupervised(path)
    http = start.settings.http
    address = ListeningAddress(http.host, http.port, data_folder=start.settings.data_folder)
    listener = address.bind(within_s=0, pause=lambda _: False)
    return 1 if listener is None else serve(start, listener)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
