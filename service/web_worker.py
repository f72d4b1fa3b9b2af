"""A worker of the web process: makes the application, and swaps the newsroom in it.

`service.web_process` starts workers by the name of `application`, and imports nothing of what they
are made of: it only looks after them.
"""

import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path

from feeds.store.changes import Changes
from service import logs
from service.accepted import ConfigurationWatch, active_configuration
from service.address import ListeningAddress
from service.application import CurrentApplication
from service.settings import Settings
from service.store_clock import StoreClock
from service.stores import open_database
from service.web import (
    CacheMiddleware,
    ChangeDetector,
    DocumentCache,
    WsgiAdapter,
    create_app,
)
from service.web_process import ACCEPTED_VARIABLE, PARENT_VARIABLE, SERVER_LOG
from service.wiring import build_application

#: What a thread waits for the interpreter before it is made way for. A look at the store takes it
#: some ten times; at Python's own 5 ms, under full load, it would take longer than its lease lasts.
SWITCH_EVERY_S = 0.0005


def application() -> WsgiAdapter:
    """The application of one worker."""
    path = Path(os.environ[ACCEPTED_VARIABLE])
    settings = active_configuration(path)
    logs.configure(settings.log.level, settings.log.format)
    # What a client does wrong is answered; a line each would let anybody fill the log.
    logging.getLogger(SERVER_LOG).setLevel(logging.ERROR)
    sys.setswitchinterval(SWITCH_EVERY_S)
    # Who was killed leaves workers behind, which have its listening socket.
    address = ListeningAddress(
        settings.http.host, settings.http.port, data_folder=settings.data_folder
    )
    address.web.take()
    database = open_database(settings)
    clock = StoreClock(database)
    clock.follow()
    current = CurrentApplication(build_application(settings, database, clock))

    def configure(changed: Settings) -> None:
        # Requests under way keep what they began with.
        current.application = build_application(changed, database, clock)

    parent = int(os.environ[PARENT_VARIABLE])
    ConfigurationWatch(path, parent=parent, on_change=configure, on_orphaned=_stop).start()
    document_cache = DocumentCache(
        max_bytes=settings.http.cache_megabytes * 1024 * 1024,
        detector=ChangeDetector(Changes(database, of_documents=True), clock=time.monotonic),
    )
    app = create_app(
        current,
        document_cache,
        clock=clock,
        has_api=True,
        has_hub=True,
        warnings=clock.warnings,
    )
    front = CacheMiddleware(app, current=current, document_cache=document_cache)
    # What there is now stays to the end. Without it, each full look for garbage goes through the
    # objects of all libraries, for tens of milliseconds in which nobody is answered.
    gc.collect()
    gc.freeze()
    return WsgiAdapter(front, threads=settings.http.threads)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
