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

from feeds.categories import Catalogue
from feeds.newsstand import Newsstand
from feeds.store.changes import Changes
from feeds.store.database import Database
from service import logs
from service.accepted import AcceptedWatch, accepted
from service.address import Address
from service.failures import Failures
from service.settings import Settings
from service.store_clock import StoreClock, machine_clock
from service.store_writes import StoreWrites
from service.stores import open_database
from service.web import Bridge, Front, Press, Shelf, Watch, create_app
from service.web_process import ACCEPTED_VARIABLE, PARENT_VARIABLE, SERVER_LOG
from service.wiring import Installation, install

#: What a thread waits for the interpreter before it is made way for. A look at the store takes it
#: some ten times; at Python's own 5 ms, under full load, it would take longer than its lease lasts.
SWITCH_EVERY_S = 0.0005


class CurrentNewsroom:
    """The newsroom as it is configured now: what the application asks in each request."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self._installation.catalogue

    @property
    def newsstand(self) -> Newsstand:
        """Feeds out."""
        return self._installation.newsstand

    @property
    def press(self) -> Press:
        """What the API works with."""
        installed = self._installation
        return Press(
            catalogue=installed.catalogue,
            newsroom=installed.newsroom,
            rules=installed.rules,
            measure=installed.measure,
            limits=installed.settings.api,
        )

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self._installation.settings

    @property
    def database(self) -> Database:
        """The one of all configurations."""
        return self._installation.database

    def configure(self, settings: Settings) -> None:
        """Take another configuration; requests under way keep what they began with."""
        self._installation = install(
            settings, self._installation.database, self._installation.clock
        )


def application() -> Bridge:
    """The application of one worker."""
    path = Path(os.environ[ACCEPTED_VARIABLE])
    settings = accepted(path)
    logs.configure(settings.log.level, settings.log.format)
    # What a client does wrong is answered; a line each would let anybody fill the log.
    logging.getLogger(SERVER_LOG).setLevel(logging.ERROR)
    sys.setswitchinterval(SWITCH_EVERY_S)
    # Who was killed leaves workers behind, which have its listening socket.
    address = Address(settings.http.host, settings.http.port, data_folder=settings.data_folder)
    address.web.take()
    database = open_database(settings)
    clock = StoreClock(database)
    clock.follow()
    newsroom = CurrentNewsroom(install(settings, database, clock))
    parent = int(os.environ[PARENT_VARIABLE])
    AcceptedWatch(path, parent=parent, on_change=newsroom.configure, on_orphaned=_stop).start()
    shelf = Shelf(
        max_bytes=settings.http.cache_megabytes * 1024 * 1024,
        watch=Watch(Changes(database, of_documents=True), clock=time.monotonic),
    )
    failures = Failures("web", now=machine_clock, data_folder=settings.data_folder)
    app = create_app(
        newsroom,
        shelf,
        clock=clock,
        api=newsroom,
        hub=newsroom,
        warnings=clock.warnings,
        writes=StoreWrites(database, failures, data_folder=settings.data_folder),
    )
    front = Front(app, state=newsroom, shelf=shelf)
    # What there is now stays to the end. Without it, each full look for garbage goes through the
    # objects of all libraries, for tens of milliseconds in which nobody is answered.
    gc.collect()
    gc.freeze()
    return Bridge(front, threads=settings.http.threads)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
