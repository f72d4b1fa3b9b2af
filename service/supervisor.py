"""``communique serve``: accepts the configuration, starts the processes, and looks after them."""

import os
import sys
import time
from collections.abc import Callable, Collection
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from signal import SIGHUP

from feeds.errors import FeedsError
from service import logs
from service.accepted import activate
from service.address import AddressTaken, ListeningAddress
from service.alone import AlreadyRunning, Presence, role_lock, run_folder
from service.children import ChildProcess
from service.errors import ServiceError
from service.private import UMASK, keep_private
from service.settings import ConfigInvalid, Settings, Sources, parse
from service.signals import STOPS, Signals
from service.stores import make_ready, open_database

_log = logs.get_logger(__name__)

WEB, JOBS, HUB = "web", "jobs", "hub"

#: In this order: a hub that is pinged must be able to fetch the edition.
#: Each is run as ``python -m MODULE FILE PARENT [PIPE]``: the accepted configuration, our process
#: id, and where it tells us that it lives.
MODULES = {
    WEB: "service.web_process",
    JOBS: "service.jobs_process",
    HUB: "service.hub_process",
}

#: Work that one process does alone where the store is SQLite.
ALONE = (JOBS, HUB)

#: What a process may take to come up.
START_WITHIN_S = 30.0

#: How long to wait for a service that is just stopping on the same data folder.
ALONE_WITHIN_S = 20.0

#: How often the supervisor looks at its processes.
LOOK_EVERY_S = 0.2

#: What a running service cannot change. A configuration that does is not taken: a process that
#: had to be started anew would else work on another store than its neighbour.
FIXED = ("http", "store", "data_folder")


class CannotServe(ServiceError):
    """The service cannot be started; the message says what to do."""


def supervise(read: Callable[[], Sources], *, roles: Collection[str] = tuple(MODULES)) -> int:
    """Serve until told to stop by SIGTERM or SIGINT; reload on SIGHUP and when files change.

    Args:
        read: Reads the configuration's files as they are now.
        roles: Which processes this machine runs; the hub's only while the hub is offered.

    Returns:
        The exit code: 0 after a signal, 1 when the service could not be started.

    Raises:
        ConfigInvalid: The configuration is bad from the start; nothing was started.
    """
    sources = read()
    settings = parse(sources)
    logs.configure(settings.log.level, settings.log.format)
    try:
        return Supervisor(read, sources, settings, roles).run()
    except CannotServe as error:
        _log.error("cannot serve", reason=str(error))
        return 1


class Supervisor:
    """One service on one machine."""

    def __init__(
        self,
        read: Callable[[], Sources],
        sources: Sources,
        settings: Settings,
        roles: Collection[str],
    ) -> None:
        self._read = read
        self._seen = sources
        self._settings = settings
        #: Why the files as they are now were not taken; empty when they were.
        self._objections: list[str] = []
        self._roles = [role for role in MODULES if role in roles]
        name = f"accepted-{'-'.join(self._roles)}-{settings.http.port}.json"
        self._accepted = run_folder(settings.data_folder) / name
        self._children: list[ChildProcess] = []
        self._presence: Presence | None = None  #: while it serves the web
        self._signals = Signals({*STOPS, SIGHUP})
        self._is_over = False
        self._is_asked_to_reload = False

    def run(self) -> int:
        """Start, look after the processes, and stop them."""
        with self._signals:
            self._prepare()
            try:
                for role in self._wanted(self._settings):
                    self._children.append(self._start(role))
                    if role == WEB:
                        self._await_web()
                self._tell_started()
                self._look_after()
            finally:
                self._stop()
                self._accepted.unlink(missing_ok=True)
        return 0

    def _is_told_to_stop(self, *, within_s: float) -> bool:
        """Wait for signals; say whether one of them asks for the end."""
        came = self._signals.wait(within_s)
        self._is_asked_to_reload |= SIGHUP in came
        self._is_over |= not STOPS.isdisjoint(came)
        return self._is_over

    def _prepare(self) -> None:
        try:
            self._make_ready()
        except OSError as error:
            where = error.filename or self._settings.data_folder
            raise CannotServe(
                f"cannot make {where}: {error.strerror}; the service needs a data_folder "
                "(--set data_folder=…) that it may write, with room on its disk"
            ) from error

    def _make_ready(self) -> None:
        settings = self._settings
        if WEB in self._roles:
            self._take_address()
        for folder in (settings.data_folder, *settings.intake.folders):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # From here on, for what its processes make, too.
        os.umask(UMASK)
        if self._presence is not None:
            self._presence.take()
        try:
            database = open_database(settings)
            with closing(database):
                keep_private(settings.data_folder, database)
                if database.is_sqlite:
                    self._require_alone()
                schema = make_ready(settings, database)
        except FeedsError as error:
            raise CannotServe(str(error)) from error
        _log.info("store ready", url=database.label, schema=schema)
        activate(self._seen, self._accepted)

    def _take_address(self) -> None:
        """Refuse a taken port here, with a sentence, before a worker dies of it."""
        http = self._settings.http
        address = ListeningAddress(http.host, http.port, data_folder=self._settings.data_folder)
        try:
            address.wait_until_free(
                within_s=ALONE_WITHIN_S, pause=lambda s: self._is_told_to_stop(within_s=s)
            )
        except AddressTaken as error:
            raise CannotServe(str(error)) from error
        self._presence = address.supervisor

    def _require_alone(self) -> None:
        """Refuse a data folder that another service works on; wait for one that is stopping."""
        try:
            for role in ALONE:
                if role in self._roles:
                    with role_lock(self._settings.data_folder, role, wait_s=ALONE_WITHIN_S):
                        pass
        except AlreadyRunning as error:
            raise CannotServe(
                f"{error}; stop it, choose another data_folder, or serve with --only web"
            ) from error

    def _wanted(self, settings: Settings) -> list[str]:
        """What is to run: of a hub that is not offered, nothing."""
        return [role for role in self._roles if role != HUB or settings.own_hub.offered]

    def _start(self, role: str) -> ChildProcess:
        module = MODULES[role]
        return ChildProcess(
            role, [sys.executable, "-m", module, str(self._accepted), str(os.getpid())]
        )

    def _await_web(self) -> None:
        """Wait until the web answers: jobs begin to ping as soon as they are started."""
        deadline = time.monotonic() + START_WITHIN_S
        [web] = [child for child in self._children if child.role == WEB]
        while not _is_live(self._settings.http.host, self._settings.http.port):
            if not web.is_running or time.monotonic() > deadline:
                raise CannotServe("the web process did not come up; its own log says why")
            if self._is_told_to_stop(within_s=0.05):
                return

    def _tell_started(self) -> None:
        settings = self._settings
        running = "+".join(child.role for child in self._children) or "none"
        _log.info("serving", site=settings.site.base_url, processes=running)
        if JOBS in self._roles:
            for folder in settings.intake.folders:
                _log.info("watching for documents", folder=str(folder))

    def _look_after(self) -> None:
        next_look = time.monotonic()
        while not self._is_told_to_stop(within_s=LOOK_EVERY_S):
            for child in self._children:
                child.check()
            is_asked, self._is_asked_to_reload = self._is_asked_to_reload, False
            if is_asked or time.monotonic() >= next_look:
                self._reload(is_asked=is_asked)
                next_look = time.monotonic() + self._settings.schedule.config_seconds

    def _reload(self, *, is_asked: bool) -> None:
        """Accept the configuration if it is another one and good; else keep the running one."""
        sources = self._read()
        if sources == self._seen:
            if is_asked:
                self._tell_unchanged()
            return
        self._seen = sources
        try:
            self._objections = self._take(sources, parse(sources))
        except ConfigInvalid as error:
            self._objections = [str(fault) for fault in error.faults]
        except OSError as error:
            self._objections = [str(error)]
        self._tell_objections()

    def _take(self, sources: Sources, settings: Settings) -> list[str]:
        """Work by a good configuration from here on; or say what a running service cannot change.

        Raises:
            OSError: A folder, or the accepted configuration, cannot be made; nothing was taken.
        """
        fixed = [name for name in FIXED if getattr(settings, name) != getattr(self._settings, name)]
        if fixed:
            return [f"{name}: a change needs a restart" for name in fixed]
        for folder in settings.intake.folders:
            folder.mkdir(parents=True, exist_ok=True)
        activate(sources, self._accepted)
        for slug in sorted(_slugs(self._settings) - _slugs(settings)):
            _log.warning("feed ended", feed=slug, because="it is no longer configured")
        self._settings = settings
        logs.configure(settings.log.level, settings.log.format)
        _log.info("configuration taken", categories=len(settings.categories))
        self._have_wanted()
        return []

    def _have_wanted(self) -> None:
        """Start and end processes as the configuration wants it now."""
        wanted = self._wanted(self._settings)
        for child in [child for child in self._children if child.role not in wanted]:
            child.stop()
            self._children.remove(child)
            _log.info("process ended", process=child.role)
        for role in wanted:
            if all(child.role != role for child in self._children):
                self._children.append(self._start(role))
                _log.info("process started", process=role)

    def _tell_unchanged(self) -> None:
        """Whoever asks for a reload while the files cannot be taken is told so again."""
        if not self._objections:
            _log.info("configuration unchanged")
        self._tell_objections()

    def _tell_objections(self) -> None:
        for objection in self._objections:
            _log.error("configuration fault", fault=objection)
        if self._objections:
            _log.error("configuration not taken", faults=len(self._objections), running="unchanged")

    def _stop(self) -> None:
        _log.info("stopping")
        # Jobs first: what they finish can still be fetched.
        for child in reversed(self._children):
            child.stop()
        _log.info("stopped")


def _slugs(settings: Settings) -> set[str]:
    return {category.slug for category in settings.categories} | {
        union.slug for union in settings.unions
    }


def _is_live(host: str, port: int) -> bool:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what to ask, not to bind
    connection = HTTPConnection(everywhere.get(host, host), port, timeout=1)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
