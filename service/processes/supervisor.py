"""``communique serve``: activates the configuration, starts the processes and supervises them."""

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
from service.memory import (
    fill_gaps,
    keep_few_arenas,
    release_free_memory,
    release_libraries,
)
from service.processes.active_configuration import ProcessStart, activate
from service.processes.child_processes import FROZEN_AFTER_S, ChildProcess, fork
from service.processes.file_modes import UMASK, keep_private
from service.processes.listening import AddressTaken, ListeningAddress
from service.processes.locks import (
    EXCLUSIVE_ROLES,
    AlreadyRunning,
    CannotLock,
    Presence,
    holder_of,
    role_lock,
    run_folder,
)
from service.processes.service_manager import ServiceManager
from service.processes.signals import STOPS, Signals
from service.processes.supervisor_line import SupervisorLine
from service.settings import ConfigInvalid, Settings, Sources, catalogue, parse
from service.store_clock import machine_clock
from service.stores import (
    make_ready,
    memory_folder,
    open_database,
    remove_memory_folder,
    require_access,
    write_fault,
)

_log = logs.get_logger(__name__)

WEB, JOBS, HUB = "web", "jobs", "hub"

#: The modules of the roles, in the order of their start: a hub that is pinged must be able to fetch
#: the edition. They are imported by name before the first fork, so that all processes share them.
MODULES = {
    WEB: "service.processes.web",
    JOBS: "service.processes.jobs",
    HUB: "service.processes.hub",
}

#: A web process that sends no heartbeat for this long is killed, because readers wait for it.
FROZEN_WEB_AFTER_S = 30.0

#: How many connections the system accepts ahead of the web processes.
BACKLOG = 2048

#: How long the web processes may take to start.
START_WITHIN_S = 30.0

#: How long to wait for another service that is stopping on the same data folder.
FORMER_STOPS_WITHIN_S = 20.0

#: How often the supervisor checks its processes. A death is noticed at once.
CHECK_EVERY_S = 1.0

#: How often the supervisor checks whether the disk can be written.
CHECK_DISK_EVERY_S = 1.0

#: What the log says about the effect of a disk that cannot be written.
EFFECT = "stored content is served; nothing new is stored, published or pushed"

#: Sections that a running service cannot change. A configuration with such a change is rejected:
#: otherwise a process that is restarted would use another store than the others.
FIXED = ("http", "store", "data_folder")


class CannotServe(ServiceError):
    """The service cannot be started; the message says what to do."""


def supervise(read: Callable[[], Sources], *, roles: Collection[str] = tuple(MODULES)) -> int:
    """Serves until SIGTERM or SIGINT; reloads on SIGHUP and when files change.

    Args:
        read: Reads the configuration's current files.
        roles: The roles of this machine's processes; the hub runs only while it is offered.

    Returns:
        The exit code: 0 after a signal, 1 if the service could not be started.

    Raises:
        ConfigInvalid: The first configuration is invalid; nothing was started.
    """
    sources = read()
    settings = _checked(sources, roles)
    logs.configure(settings.log.level, settings.log.format)
    try:
        return Supervisor(read, sources, settings, roles).run()
    except CannotServe as error:
        _log.error("cannot serve", reason=str(error))
        return 1


def _checked(sources: Sources, roles: Collection[str]) -> Settings:
    """Parses a configuration, and tries the templates of its own that a web process would use.

    Raises:
        ConfigInvalid: The configuration is invalid, or a template is faulty.
    """
    settings = parse(sources)
    if settings.page_templates and WEB in roles:
        # Imported only now: most newsrooms have none.
        import_module("service.web.trial").require_good_templates(settings)
    return settings


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
        self._sources = sources
        self._settings = settings
        #: Why the current files were rejected; empty if they were applied.
        self._faults: list[str] = []
        self._roles = [role for role in MODULES if role in roles]
        name = f"active-{'-'.join(self._roles)}-{settings.http.port}.json"
        self._active_file = run_folder(settings.data_folder) / name
        self._disk_path = settings.data_folder  #: checked for whether the disk can be written
        self._troubles = Troubles(over_after_s=OVER_AFTER_S)
        self._children: list[ChildProcess] = []
        self._address: ListeningAddress | None = None  #: while it serves the web
        self._listener: socket.socket | None = None  #: from which the web processes accept
        #: Held until this service begins to stop. Another one on an SQLite store is refused by it.
        self._exclusive = {
            role: Presence(settings.data_folder, f"{role}-supervisor")
            for role in self._roles
            if role in EXCLUSIVE_ROLES
        }
        self._signals = Signals({*STOPS, SIGHUP})
        self._manager = ServiceManager()
        self._is_over = False
        self._is_asked_to_reload = False

    def run(self) -> int:
        """Starts the processes, supervises them, and stops them."""
        with self._signals:
            try:
                self._manager.starting("preparing the store")
                self._prepare()
                self._serve()
            finally:
                self._release_address()
        return 0

    def _serve(self) -> None:
        try:
            if not self._is_over:
                self._start_all()
                self._supervise()
        finally:
            self._stop()
            with suppress(OSError):
                self._active_file.unlink(missing_ok=True)
            self._clean_memory_folder()

    def _release_address(self) -> None:
        """Releases the address, whether or not it was ever served."""
        if self._listener is not None:
            self._listener.close()
        if self._address is not None:
            self._address.supervisor.release()
            self._address.web.release()

    def _start_all(self) -> None:
        self._import_shared()
        self._listen()
        for role in self._required_roles(self._settings):
            self._start(role)
        self._await_web()
        self._log_started()
        release_libraries()

    def _import_shared(self) -> None:
        """Loads what all processes need before the first one is forked."""
        if WEB in self._roles:
            # First, because much of it is dropped again: what is imported behind it fills the gaps.
            import_module("service.web.page_language").load_languages(catalogue(self._settings))
        for role in self._roles:
            import_module(MODULES[role])
        import_module("service.wiring").program_version()
        if WEB in self._roles:
            import_module("service.web").shared_routes()
        keep_few_arenas()
        # A child that reused memory that is free here would copy the whole page.
        release_free_memory()
        fill_gaps()

    def _listen(self) -> None:
        """Starts to listen: connections wait until a web process runs, and are answered then."""
        if self._listener is None or self._address is None:
            return
        try:
            self._listener.listen(BACKLOG)
        except OSError as error:  # two services started at the same moment
            raise CannotServe(str(self._address.taken(error))) from error

    def _clean_memory_folder(self) -> None:
        if self._address is not None:
            self._address.web.remove_from_memory()
            self._address.supervisor.remove_from_memory()
        for presence in self._exclusive.values():
            presence.remove_from_memory()
        failures_of(self._settings.data_folder)  # removes the files of dead processes
        remove_memory_folder(self._settings.data_folder)

    def _should_stop(self, *, within_s: float, or_death: bool = False) -> bool:
        """Waits for signals, or also for a process's death; returns whether to stop."""
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
                "(--set data_folder=…) that it may write to, with room on its disk"
            ) from error

    def _make_ready(self) -> None:
        settings = self._settings
        if WEB in self._roles:
            self._bind_address()
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            require_access(settings)
        except StoreUnavailable as error:
            raise CannotServe(str(error)) from error
        for folder in settings.intake.folders:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                _log.error("folder cannot be created", folder=str(folder), reason=error.strerror)
        os.umask(UMASK)  # for the files of the child processes too
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
        self._activate()

    def _make_store_ready(self, database: Database) -> str:
        """Upgrades the store to this version's schema, if it can be written; returns its name.

        Raises:
            FeedsError: The store cannot be used as it is.
        """
        self._disk_path = database.file or self._disk_path
        try:
            self._upgrade_older(database)
            return make_ready(self._settings, database)
        except StoreReplaced:
            raise
        except StoreUnavailable as error:
            try:
                schema = migrate.require_current(database)
            except FeedsError:
                raise error from None
            self._log_not_writable(str(error))
            return schema

    def _upgrade_older(self, database: Database) -> None:
        """Upgrades an SQLite store of an earlier version, and keeps a backup of it as it was."""
        plan = migrate.plan(database)
        if plan is not None:
            # Imported only now: it is needed once a version.
            upgrading = import_module("service.jobs.upgrading")
            upgrading.upgrade_at_start(self._settings, database, plan, now=machine_clock)

    def _activate(self) -> None:
        """Writes the configuration for the processes; to memory if the disk cannot be written."""
        try:
            activate(self._sources, self._active_file)
        except OSError as error:
            try:
                folder = memory_folder(self._settings.data_folder)
            except OSError:
                raise error from None
            self._active_file = folder / self._active_file.name
            activate(self._sources, self._active_file)
            self._log_not_writable(f"cannot create {error.filename}: {error.strerror}")

    def _log_not_writable(self, reason: str) -> None:
        """Logs that nothing can be stored, once for all reasons."""
        if self._troubles.is_news("disk", ""):
            _log.error("disk cannot be written", reason=reason, effect=EFFECT)

    def _check_disk(self) -> None:
        fault = write_fault(self._disk_path)
        if fault is not None:
            self._log_not_writable(f"{self._disk_path}: {fault}")
        elif self._troubles.is_over("disk"):
            _log.info("disk can be written again")

    def _bind_address(self) -> None:
        """Binds the listening socket; reports a taken port before any process is started."""
        http = self._settings.http
        address = ListeningAddress(http.host, http.port, data_folder=self._settings.data_folder)
        try:
            self._listener = address.bind(
                within_s=FORMER_STOPS_WITHIN_S, pause=lambda s: self._should_stop(within_s=s)
            )
        except AddressTaken as error:
            raise CannotServe(str(error)) from error
        self._address = address

    def _require_alone(self) -> None:
        """Refuses a data folder that another service works on; waits for one that is stopping."""
        folder = self._settings.data_folder
        try:
            for role, presence in self._exclusive.items():
                if presence.is_held():
                    raise AlreadyRunning(folder, holder_of(folder, role))
                # If no lock can be created, nothing can be stored either, and each process waits
                # until the disk can be written.
                with suppress(CannotLock):
                    self._await_role(role)
                presence.acquire()
        except AlreadyRunning as error:
            raise CannotServe(
                f"{error}; stop it, choose another data_folder, or serve with --only web"
            ) from error

    def _await_role(self, role: str) -> None:
        """Waits until no process of a former service has the role.

        Raises:
            AlreadyRunning: A process still had it at the end of the time.
            CannotLock: The lock cannot be created.
        """
        folder = self._settings.data_folder
        try:
            with role_lock(folder, role, wait_s=0):
                return
        except AlreadyRunning:
            _log.info("waiting for a former service to end", process=holder_of(folder, role))
        with role_lock(folder, role, wait_s=FORMER_STOPS_WITHIN_S):
            return

    def _release_roles(self) -> None:
        """Lets the next service wait for the roles instead of being refused."""
        for presence in self._exclusive.values():
            presence.release()

    def _required_roles(self, settings: Settings) -> list[str]:
        """Returns the roles to run; the hub is left out unless it is offered."""
        return [role for role in self._roles if role != HUB or settings.own_hub.offered]

    def _start(self, role: str) -> None:
        """Starts the processes of a role."""
        is_web = role == WEB
        for _ in range(self._settings.http.workers if is_web else 1):
            child = ChildProcess(
                role,
                partial(fork, partial(self._work, role), name=f"communique {role}"),
                frozen_after_s=FROZEN_WEB_AFTER_S if is_web else FROZEN_AFTER_S,
            )
            self._children.append(child)

    def _work(self, role: str, line: socket.socket) -> int:
        """Runs a role in its forked process, after closing what belongs to other processes."""
        for child in self._children:
            child.close_line()
        module = import_module(MODULES[role])
        start = ProcessStart(
            settings=self._settings, path=self._active_file, line=SupervisorLine(line)
        )
        if self._address is not None:
            self._address.supervisor.release()
        self._release_roles()
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
        """Waits until the web processes answer.

        Raises:
            CannotServe: A web process died, or none answered in time.
        """
        web = [child for child in self._children if child.role == WEB]
        deadline = time.monotonic() + START_WITHIN_S
        while web and not _is_live(self._settings.http.host, self._settings.http.port):
            if not all(child.is_running for child in web) or time.monotonic() > deadline:
                raise CannotServe("the web process did not start; see its log lines above")
            if self._should_stop(within_s=0.05):
                return

    def _log_started(self) -> None:
        settings = self._settings
        running = "+".join(dict.fromkeys(child.role for child in self._children)) or "none"
        _log.info("serving", site=settings.site.base_url, processes=running)
        self._manager.ready(self._status())
        if JOBS in self._roles:
            for folder in settings.intake.folders:
                _log.info("watching for documents", folder=str(folder))

    def _status(self) -> str:
        """Returns one line for the service manager."""
        running = "+".join(dict.fromkeys(child.role for child in self._children)) or "nothing"
        rejected = f"; {len(self._faults)} faults in the new configuration" if self._faults else ""
        return f"serving {self._settings.site.base_url} ({running}){rejected}"

    def _supervise(self) -> None:
        next_reading = next_disk_check = time.monotonic()
        while not self._should_stop(within_s=self._pause_s(next_reading), or_death=True):
            for child in self._children:
                child.check()
            if all(child.is_heard for child in self._children):
                self._manager.feed_watchdog()
            is_asked, self._is_asked_to_reload = self._is_asked_to_reload, False
            if is_asked or time.monotonic() >= next_reading:
                if is_asked:
                    self._manager.reloading()
                self._reload(is_asked=is_asked)
                if is_asked:
                    self._manager.ready(self._status())
                next_reading = time.monotonic() + self._settings.schedule.config_seconds
            if time.monotonic() >= next_disk_check:
                self._check_disk()
                next_disk_check = time.monotonic() + CHECK_DISK_EVERY_S

    def _pause_s(self, next_reading: float) -> float:
        """Returns the time until the next check, reading or restart is due."""
        restarts = [child.restarts_in_s for child in self._children]
        due = [CHECK_EVERY_S, next_reading - time.monotonic()]
        return min(*due, *[each for each in restarts if each is not None])

    def _reload(self, *, is_asked: bool) -> None:
        """Applies the configuration if it is new and valid; otherwise keeps the running one."""
        sources = self._read()
        if sources == self._sources:
            if is_asked:
                self._log_unchanged()
            return
        known = self._faults
        try:
            self._faults = self._apply(sources, _checked(sources, self._roles))
        except ConfigInvalid as error:
            self._faults = [str(fault) for fault in error.faults]
        except OSError as error:
            # The next reading tries again: the disk may have room by then.
            self._faults = [f"cannot write {error.filename}: {error.strerror}"]
            if is_asked or self._faults != known:
                self._log_faults()
            return
        self._sources = sources
        self._log_faults()

    def _apply(self, sources: Sources, settings: Settings) -> list[str]:
        """Applies a valid configuration.

        Returns:
            The changes that a running service cannot make; with any, nothing was applied.

        Raises:
            OSError: A folder or the active configuration cannot be written; nothing was applied.
        """
        fixed = [name for name in FIXED if getattr(settings, name) != getattr(self._settings, name)]
        if fixed:
            return [f"{name}: a change needs a restart" for name in fixed]
        for folder in settings.intake.folders:
            folder.mkdir(parents=True, exist_ok=True)
        activate(sources, self._active_file)
        renamed = {
            former: feed.slug for feed in catalogue(settings).feeds.values() for former in feed.was
        }
        before = _slugs(self._settings)
        for slug in sorted(before - _slugs(settings)):
            if slug not in renamed:
                _log.warning("feed ended", feed=slug, because="it is no longer configured")
            elif renamed[slug] in before:
                _log.warning("feed ended", feed=slug, because=f"it is part of {renamed[slug]} now")
            else:
                _log.info("feed renamed", feed=renamed[slug], was=slug)
        self._settings = settings
        logs.configure(settings.log.level, settings.log.format)
        _log.info("configuration applied", categories=len(settings.categories))
        for child in self._children:
            child.notify()
        self._adjust_processes()
        return []

    def _adjust_processes(self) -> None:
        """Starts and stops processes as the configuration requires."""
        required = self._required_roles(self._settings)
        for child in [child for child in self._children if child.role not in required]:
            child.stop()
            self._children.remove(child)
            _log.info("process ended", process=child.role)
        for role in required:
            if all(child.role != role for child in self._children):
                self._start(role)
                _log.info("process started", process=role)

    def _log_unchanged(self) -> None:
        """Answers a request to reload unchanged files; their faults, if any, are logged again."""
        if not self._faults:
            _log.info("configuration unchanged")
        self._log_faults()

    def _log_faults(self) -> None:
        for fault in self._faults:
            _log.error("configuration fault", fault=fault)
        if self._faults:
            _log.error("configuration rejected", faults=len(self._faults), running="unchanged")

    def _stop(self) -> None:
        _log.info("stopping")
        self._manager.stopping()
        self._release_roles()
        # The web last: what the jobs publish while stopping can still be fetched.
        web = [child for child in self._children if child.role == WEB]
        others = [child for child in self._children if child.role != WEB]
        for child in others:
            child.ask_to_stop()
        for child in others:
            child.stop()
        if self._listener is not None:
            self._listener.close()  # otherwise new connections would wait without an answer
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
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # to connect, not to bind
    connection = HTTPConnection(loopback.get(host, host), port, timeout=1)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
