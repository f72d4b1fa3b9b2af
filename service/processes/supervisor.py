"""``communique serve``: activates the configuration, starts the processes, looks after them."""

import os
import socket
import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException
from importlib import import_module
from signal import SIGHUP

from feeds.errors import FeedsError, StoreReplaced, StoreUnavailable
from feeds.store import migrate
from feeds.store.database import Database
from service import logs
from service.errors import ServiceError
from service.failures import OVER_AFTER_S, Troubles, failures_of
from service.memory import keep_few_arenas, release_free_memory
from service.processes.active_configuration import ProcessStart, activate
from service.processes.child_processes import FROZEN_AFTER_S, ChildProcess, fork
from service.processes.file_modes import UMASK, keep_private
from service.processes.listening import AddressTaken, ListeningAddress
from service.processes.locks import AlreadyRunning, CannotLock, role_lock, run_folder
from service.processes.signals import STOPS, Signals
from service.processes.supervisor_line import SupervisorLine
from service.settings import ConfigInvalid, Settings, Sources, parse
from service.stores import (
    make_ready,
    memory_folder,
    open_database,
    remove_memory_folder,
    write_fault,
)

_log = logs.get_logger(__name__)

WEB, JOBS, HUB = "web", "jobs", "hub"

#: In this order: a hub that is pinged must be able to fetch the edition. They are imported by name,
#: and before the first process is forked: what they import is in memory once, for all of them.
MODULES = {
    WEB: "service.processes.web",
    JOBS: "service.processes.jobs",
    HUB: "service.processes.hub",
}

#: After this, one that gives no sign of life is killed: readers wait for it.
FROZEN_WEB_AFTER_S = 30.0

#: Work that one process does alone where the store is SQLite.
ALONE = (JOBS, HUB)

#: Connections that the system takes before a web process does.
BACKLOG = 2048

#: What a process may take to come up.
START_WITHIN_S = 30.0

#: How long to wait for a service that is just stopping on the same data folder.
ALONE_WITHIN_S = 20.0

#: How often the supervisor looks whether its processes live. That one died it hears at once.
LOOK_EVERY_S = 1.0

#: How often it looks whether the disk can be written.
LOOK_AT_DISK_EVERY_S = 1.0

#: What the log says of a disk that cannot be written.
EFFECT = "what is stored is served; nothing new is stored, published or pushed"

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
        self._written = settings.data_folder  #: what tells whether the disk can be written
        self._troubles = Troubles(over_after_s=OVER_AFTER_S)
        self._children: list[ChildProcess] = []
        self._address: ListeningAddress | None = None  #: while it serves the web
        self._listener: socket.socket | None = None  #: what its web processes accept from
        self._signals = Signals({*STOPS, SIGHUP})
        self._is_over = False
        self._is_asked_to_reload = False

    def run(self) -> int:
        """Start, look after the processes, and stop them."""
        with self._signals:
            try:
                self._prepare()
                self._serve()
            finally:
                self._let_go()
        return 0

    def _serve(self) -> None:
        try:
            if not self._is_over:
                self._start_all()
                self._look_after()
        finally:
            self._stop()
            with suppress(OSError):
                self._accepted.unlink(missing_ok=True)
            self._leave_memory()

    def _let_go(self) -> None:
        """Leave the address to others, whether or not it was ever served."""
        if self._listener is not None:
            self._listener.close()
        if self._address is not None:
            self._address.supervisor.release()
            self._address.web.release()

    def _start_all(self) -> None:
        self._share()
        self._listen()
        for role in self._wanted(self._settings):
            self._start(role)
        self._await_web()
        self._tell_started()

    def _share(self) -> None:
        """Have in memory what all processes need, before the first one is forked."""
        for role in self._roles:
            import_module(MODULES[role])
        import_module("service.wiring").page_version()
        keep_few_arenas()
        # A process that used what is free here would copy the page around it.
        release_free_memory()

    def _listen(self) -> None:
        """Have connections wait from here on: whoever comes before a web process is answered."""
        if self._listener is None or self._address is None:
            return
        try:
            self._listener.listen(BACKLOG)
        except OSError as error:  # two of us came at the same moment
            raise CannotServe(str(self._address.taken(error))) from error

    def _leave_memory(self) -> None:
        if self._address is not None:
            self._address.web.remove_from_memory()
            self._address.supervisor.remove_from_memory()
        failures_of(self._settings.data_folder)  # forgets those of the dead
        remove_memory_folder(self._settings.data_folder)

    def _is_told_to_stop(self, *, within_s: float, or_death: bool = False) -> bool:
        """Wait for signals, or for a process's death too; say whether the end was asked for."""
        lines = [child.line for child in self._children if child.line >= 0] if or_death else []
        came = self._signals.wait(within_s, or_end_of=lines)
        self._is_asked_to_reload |= SIGHUP in came
        self._is_over |= not STOPS.isdisjoint(came)
        return self._is_over

    def _prepare(self) -> None:
        try:
            self._make_ready()
        except OSError as error:
            where = error.filename or self._settings.data_folder
            raise CannotServe(
                f"cannot create {where}: {error.strerror}; the service needs a data_folder "
                "(--set data_folder=…) that it may write, with room on its disk"
            ) from error

    def _make_ready(self) -> None:
        settings = self._settings
        if WEB in self._roles:
            self._take_address()
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in settings.intake.folders:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                _log.error("folder cannot be made", folder=str(folder), reason=error.strerror)
        # From here on, for what its processes make, too.
        os.umask(UMASK)
        if self._address is not None:
            self._address.supervisor.acquire()
            self._address.web.acquire()
        try:
            database = open_database(settings)
            with closing(database):
                keep_private(settings.data_folder, database)
                if database.is_sqlite:
                    self._require_alone()
                schema = self._make_store_ready(database)
        except FeedsError as error:
            raise CannotServe(str(error)) from error
        _log.info("store ready", url=database.label, schema=schema)
        self._accept()

    def _make_store_ready(self, database: Database) -> str:
        """Bring the store to this version's schema, if it can be written; return the schema's name.

        Raises:
            FeedsError: It is of no use as it is.
        """
        self._written = database.file or self._written
        try:
            return make_ready(self._settings, database)
        except StoreReplaced:
            raise
        except StoreUnavailable as error:
            try:
                schema = migrate.require_current(database)
            except FeedsError:
                raise error from None
            self._tell_not_writable(str(error))
            return schema

    def _accept(self) -> None:
        """Keep the configuration for the processes; in memory when the disk takes nothing."""
        try:
            activate(self._seen, self._accepted)
        except OSError as error:
            try:
                self._accepted = memory_folder(self._settings.data_folder) / self._accepted.name
            except OSError:
                raise error from None
            activate(self._seen, self._accepted)
            self._tell_not_writable(f"cannot create {error.filename}: {error.strerror}")

    def _tell_not_writable(self, reason: str) -> None:
        """Log once that nothing can be stored, for whatever reason."""
        if self._troubles.is_news("disk", ""):
            _log.error("disk cannot be written", reason=reason, effect=EFFECT)

    def _look_at_disk(self) -> None:
        fault = write_fault(self._written)
        if fault is not None:
            self._tell_not_writable(f"{self._written}: {fault}")
        elif self._troubles.is_over("disk"):
            _log.info("disk can be written again")

    def _take_address(self) -> None:
        """Refuse a taken port here, with a sentence, before a worker dies of it."""
        http = self._settings.http
        address = ListeningAddress(http.host, http.port, data_folder=self._settings.data_folder)
        try:
            self._listener = address.bind(
                within_s=ALONE_WITHIN_S, pause=lambda s: self._is_told_to_stop(within_s=s)
            )
        except AddressTaken as error:
            raise CannotServe(str(error)) from error
        self._address = address

    def _require_alone(self) -> None:
        """Refuse a data folder that another service works on; wait for one that is stopping."""
        try:
            for role in ALONE:
                if role in self._roles:
                    # Where no lock can be made, nothing can be stored either, and each process
                    # waits until it can be.
                    with (
                        suppress(CannotLock),
                        role_lock(self._settings.data_folder, role, wait_s=ALONE_WITHIN_S),
                    ):
                        pass
        except AlreadyRunning as error:
            raise CannotServe(
                f"{error}; stop it, choose another data_folder, or serve with --only web"
            ) from error

    def _wanted(self, settings: Settings) -> list[str]:
        """What is to run: of a hub that is not offered, nothing."""
        return [role for role in self._roles if role != HUB or settings.own_hub.offered]

    def _start(self, role: str) -> None:
        """Start the processes of a role."""
        is_web = role == WEB
        for _ in range(self._settings.http.workers if is_web else 1):
            child = ChildProcess(
                role,
                partial(fork, partial(self._work, role), name=f"communique {role}"),
                frozen_after_s=FROZEN_WEB_AFTER_S if is_web else FROZEN_AFTER_S,
            )
            self._children.append(child)

    def _work(self, role: str, line: socket.socket) -> int:
        """Be the process that was forked for a role: let go of what is not for it, and work."""
        for child in self._children:
            child.close_line()
        module = import_module(MODULES[role])
        start = ProcessStart(
            settings=self._settings, path=self._accepted, line=SupervisorLine(line)
        )
        if self._address is not None:
            self._address.supervisor.release()
        code: int
        if role == WEB:
            code = module.serve(start, self._listener)
        else:
            if self._address is not None and self._listener is not None:
                self._address.web.release()
                self._listener.close()
            code = module.main(start)
        return code

    def _await_web(self) -> None:
        """Wait until the web answers, or cannot."""
        web = [child for child in self._children if child.role == WEB]
        deadline = time.monotonic() + START_WITHIN_S
        while web and not _is_live(self._settings.http.host, self._settings.http.port):
            if not all(child.is_running for child in web) or time.monotonic() > deadline:
                raise CannotServe("the web process did not come up; its own log says why")
            if self._is_told_to_stop(within_s=0.05):
                return

    def _tell_started(self) -> None:
        settings = self._settings
        running = "+".join(dict.fromkeys(child.role for child in self._children)) or "none"
        _log.info("serving", site=settings.site.base_url, processes=running)
        if JOBS in self._roles:
            for folder in settings.intake.folders:
                _log.info("watching for documents", folder=str(folder))

    def _look_after(self) -> None:
        next_reading = next_look_at_disk = time.monotonic()
        while not self._is_told_to_stop(within_s=self._pause_s(next_reading), or_death=True):
            for child in self._children:
                child.check()
            is_asked, self._is_asked_to_reload = self._is_asked_to_reload, False
            if is_asked or time.monotonic() >= next_reading:
                self._reload(is_asked=is_asked)
                next_reading = time.monotonic() + self._settings.schedule.config_seconds
            if time.monotonic() >= next_look_at_disk:
                self._look_at_disk()
                next_look_at_disk = time.monotonic() + LOOK_AT_DISK_EVERY_S

    def _pause_s(self, next_reading: float) -> float:
        """How long there is nothing to do, if nothing happens."""
        restarts = [child.restarts_in_s for child in self._children]
        due = [LOOK_EVERY_S, next_reading - time.monotonic()]
        return min(*due, *[each for each in restarts if each is not None])

    def _reload(self, *, is_asked: bool) -> None:
        """Accept the configuration if it is another one and good; else keep the running one."""
        sources = self._read()
        if sources == self._seen:
            if is_asked:
                self._tell_unchanged()
            return
        known = self._objections
        try:
            self._objections = self._take(sources, parse(sources))
        except ConfigInvalid as error:
            self._objections = [str(fault) for fault in error.faults]
        except OSError as error:
            # Tried again at the next look: the disk may have room by then.
            self._objections = [f"cannot write {error.filename}: {error.strerror}"]
            if is_asked or self._objections != known:
                self._tell_objections()
            return
        self._seen = sources
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
        for child in self._children:
            child.notify()
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
                self._start(role)
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
        web = [child for child in self._children if child.role == WEB]
        for child in reversed(self._children):
            if child not in web:
                child.stop()
        if self._listener is not None:
            self._listener.close()  # or whoever connects now would wait for nobody
        for child in web:
            child.ask_to_stop()
        for child in web:
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
