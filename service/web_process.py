"""The web process: ``python -m service.web_process FILE PARENT``; see ``supervisor``.

The only importer of granian. Its workers are processes of their own; each makes its application
by `application`, and swaps the newsroom in it when another configuration is accepted.
"""

import os
import signal
import sys
import time
from pathlib import Path

from granian import Granian
from granian.constants import Interfaces

from feeds.categories import Catalogue
from feeds.newsstand import Newsstand
from feeds.store.changes import Changes
from service import logs
from service.accepted import AcceptedWatch, accepted
from service.settings import Settings
from service.web import Front, Shelf, Watch, create_app
from service.wiring import Installation, install, open_database, utc_now

#: How granian's workers are told of the file: they are started by name, without arguments.
#: It does not begin with ``COMMUNIQUE_``, which would make it a setting.
ACCEPTED_VARIABLE = "ACCEPTED_COMMUNIQUE_CONFIGURATION"
PARENT_VARIABLE = "PARENT_OF_COMMUNIQUE_WORKERS"

#: What a stopping worker may take to finish the answers it is at.
STOP_WITHIN_S = 10


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

    def configure(self, settings: Settings) -> None:
        """Take another configuration; requests under way keep what they began with."""
        self._installation = install(settings, self._installation.database)


def application() -> Front:
    """The WSGI application of one worker."""
    path = Path(os.environ[ACCEPTED_VARIABLE])
    settings = accepted(path)
    logs.configure(settings.log.level, settings.log.format)
    database = open_database(settings)
    newsroom = CurrentNewsroom(install(settings, database))
    parent = int(os.environ[PARENT_VARIABLE])
    AcceptedWatch(path, parent=parent, on_change=newsroom.configure, on_orphaned=_stop).start()
    shelf = Shelf(
        max_bytes=settings.http.cache_megabytes * 1024 * 1024,
        watch=Watch(Changes(database), clock=time.monotonic),
    )
    return Front(create_app(newsroom, shelf, clock=utc_now), state=newsroom, shelf=shelf)


def serve(path: Path, *, parent: int) -> None:
    """Serve until told to stop by a signal, or until *parent*, a process id, is gone."""
    settings = accepted(path)
    logs.configure(settings.log.level, settings.log.format)
    os.environ[ACCEPTED_VARIABLE] = str(path)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    AcceptedWatch(path, parent=parent, on_change=lambda _: None, on_orphaned=_stop).start()
    Granian(
        f"{__spec__.name}:{application.__name__}",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.http.host,
        port=settings.http.port,
        workers=settings.http.workers,
        blocking_threads=settings.http.threads,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN_S,
        log_dictconfig=logs.PASS_ON,
        process_name=None,
    ).serve()


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), parent=int(sys.argv[2]))
