"""The web process: ``python -m service.web_process FILE PARENT``; see ``supervisor``.

With `service.wire`, the only importer of uvicorn. Its workers are processes of their own; each
makes its application by `application`, and swaps the newsroom in it when another configuration is
accepted. Why uvicorn, and what else was measured, is in ``docs/figures.md``.
"""

import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from feeds.categories import Catalogue
from feeds.newsstand import Newsstand
from feeds.store.changes import Changes
from feeds.store.database import Database
from service import logs
from service.accepted import AcceptedWatch, accepted
from service.settings import Settings
from service.web import Bridge, Front, Press, Shelf, Watch, create_app
from service.wire import SILENCE_S, Wire
from service.wiring import Installation, install, open_database, utc_now

#: How uvicorn's workers are told of the file: they are started by name, without arguments.
#: It does not begin with ``COMMUNIQUE_``, which would make it a setting.
ACCEPTED_VARIABLE = "ACCEPTED_COMMUNIQUE_CONFIGURATION"
PARENT_VARIABLE = "PARENT_OF_COMMUNIQUE_WORKERS"

#: glibc keeps memory apart for each thread that asks for some, and what one has given back another
#: does not get: the workers once had 45 MiB more of it than they used. Others ignore the variable.
ARENAS_VARIABLE, ARENAS = "MALLOC_ARENA_MAX", "2"

#: What a stopping worker may take to finish the answers it is at.
STOP_WITHIN_S = 10

#: A worker that says nothing for so long is replaced. Its answer to "are you there" comes from a
#: thread of its own, so it takes more than a busy machine.
HUNG_AFTER_S = 30

#: What a thread waits for the interpreter before it is made way for. A look at the store takes it
#: some ten times; at Python's own 5 ms, under full load, it would take longer than its lease lasts.
SWITCH_EVERY_S = 0.0005

#: Where uvicorn says all that it says, not only errors.
SERVER_LOG = "uvicorn.error"


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
        self._installation = install(settings, self._installation.database)


def application() -> Bridge:
    """The application of one worker."""
    path = Path(os.environ[ACCEPTED_VARIABLE])
    settings = accepted(path)
    logs.configure(settings.log.level, settings.log.format)
    # What a client does wrong is answered; a line each would let anybody fill the log.
    logging.getLogger(SERVER_LOG).setLevel(logging.ERROR)
    sys.setswitchinterval(SWITCH_EVERY_S)
    database = open_database(settings)
    newsroom = CurrentNewsroom(install(settings, database))
    parent = int(os.environ[PARENT_VARIABLE])
    AcceptedWatch(path, parent=parent, on_change=newsroom.configure, on_orphaned=_stop).start()
    shelf = Shelf(
        max_bytes=settings.http.cache_megabytes * 1024 * 1024,
        watch=Watch(Changes(database), clock=time.monotonic),
    )
    app = create_app(newsroom, shelf, clock=utc_now, api=newsroom, hub=newsroom)
    front = Front(app, state=newsroom, shelf=shelf)
    # What there is now stays to the end. Without it, each full look for garbage goes through the
    # objects of all libraries, for tens of milliseconds in which nobody is answered.
    gc.collect()
    gc.freeze()
    return Bridge(front, threads=settings.http.threads)


def serve(path: Path, *, parent: int) -> None:
    """Serve until told to stop by a signal, or until *parent*, a process id, is gone."""
    settings = accepted(path)
    logs.configure(settings.log.level, settings.log.format)
    os.environ[ACCEPTED_VARIABLE] = str(path)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    os.environ.setdefault(ARENAS_VARIABLE, ARENAS)
    AcceptedWatch(path, parent=parent, on_change=lambda _: None, on_orphaned=_stop).start()
    logging.getLogger(SERVER_LOG).addFilter(_is_news)
    config = Config(
        f"{__spec__.name}:{application.__name__}",
        factory=True,
        interface="asgi3",
        http=Wire,
        ws="none",
        lifespan="off",
        loop="uvloop",
        host=settings.http.host,
        port=settings.http.port,
        workers=settings.http.workers,
        timeout_keep_alive=int(SILENCE_S),
        timeout_graceful_shutdown=STOP_WITHIN_S,
        timeout_worker_healthcheck=HUNG_AFTER_S,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    # Also for one worker: should it die, another one takes over the socket, and with it who waits.
    Multiprocess(config, sockets=[config.bind_socket()]).run()


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn tells of its every step, but for the death of a worker."""
    return record.levelno >= logging.WARNING or "died" in record.getMessage()


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), parent=int(sys.argv[2]))
