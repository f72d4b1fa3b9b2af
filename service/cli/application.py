"""Builds the application over the configured store, for one command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import typer

from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.migrate import missing_file
from feeds.store.store_file import gone
from service import logs
from service.application import Application
from service.cli.call import Invocation
from service.cli.configuration import settings_of
from service.cli.output import plain, print_message
from service.errors import ServiceError
from service.settings import Settings
from service.store_clock import StoreClock
from service.stores import StoreNote, open_database, require_access
from service.wiring import build_application

#: An SQLite database in memory, which ends with its connection.
IN_MEMORY = "sqlite://"


class FeedsWouldEnd(ServiceError):
    """The command's configuration lacks feeds that the store has."""

    def __init__(self, slugs: Sequence[str], /) -> None:
        super().__init__(
            f"this configuration has no feed {', '.join(slugs)}, but the store has: only the "
            "service ends or renames feeds, when it starts or reloads; is it the right "
            "configuration?"
        )
        self.slugs = tuple(slugs)


class StoreMissing(ServiceError):
    """The store does not exist yet, and the command is none that creates it."""

    def __init__(self, path: Path, /) -> None:
        super().__init__(
            f"there is no store at {path}: 'communique serve', 'communique init' and 'communique "
            "store upgrade' create one; is it the right configuration?"
        )
        self.path = path


@contextmanager
def to_read(call: Invocation, *, within_s: float | None = None) -> Iterator[Application]:
    """Yields the application for a command that only reads. The store is not created.

    Args:
        call: The call, which names the configuration.
        within_s: How long the command may take on PostgreSQL, in seconds; None for no limit.

    Raises:
        StoreMissing: There is no store yet.
        StoreOutdated: The store has the schema of another version.
        StoreUnavailable: The store cannot be reached.
    """
    settings = settings_of(call)
    with existing_store(settings) as database, _ended_after(database, within_s):
        migrate.require_current(database)
        yield build_application(settings, database, clock_of(database))


@contextmanager
def _ended_after(database: Database, within_s: float | None) -> Iterator[None]:
    if within_s is None:
        yield
        return
    timer = Timer(within_s, database.suspend, args=[f"no answer within {within_s:.0f} s"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def to_write(call: Invocation) -> Iterator[Application]:
    """Yields the application for a command that writes, after applying the configuration.

    At the end the store is named on standard error, unless results are written as JSON. The store
    is neither created nor upgraded: a wrong configuration must not begin a second newsroom, and a
    service may be running on a store of another version.

    Raises:
        FeedsWouldEnd: The configuration lacks feeds that the store has.
        StoreMissing: There is no store yet.
        StoreOutdated: The store has the schema of another version.
        StoreUnavailable: The store cannot be reached.
    """
    settings = settings_of(call)
    with existing_store(settings) as database:
        migrate.require_current(database)
        application = build_application(settings, database, clock_of(database))
        _refuse_to_end_feeds(application)
        # Every start does this, too: category names that were configured just now apply at once.
        application.newsroom.apply_catalogue(now=application.clock())
        try:
            yield application
        except typer.Exit:  # refused in part
            name_store(call, database)
            raise
        name_store(call, database)


def name_store(call: Invocation, database: Database) -> None:
    """Prints, for people, which store a command wrote to."""
    if not call.as_json:
        print_message(f"store: {plain(database.label)}")


def clock_of(database: Database) -> StoreClock:
    """Returns the store's clock, which commands use because this machine's may be wrong.

    Raises:
        StoreUnavailable: The store cannot be reached.
    """
    clock = StoreClock(database)
    clock.compare()
    return clock


def _refuse_to_end_feeds(application: Application) -> None:
    """Raises if feeds would end: a wrong ``--config`` must not end feeds of a running service."""
    with application.database.read() as tx:
        ended = sorted(set(tx.feeds.applied()) - set(application.catalogue.feeds))
    if ended:
        raise FeedsWouldEnd(ended)


@contextmanager
def to_try(call: Invocation) -> Iterator[Application]:
    """Yields the application for a dry run; over an empty store in memory if there is none.

    Raises:
        StoreOutdated: The store has the schema of another version.
        StoreUnavailable: The store cannot be reached.
    """
    settings = settings_of(call)
    if _missing_file(settings) is None:
        with to_read(call) as application:
            yield application
        return
    database = Database.open(IN_MEMORY)
    try:
        migrate.upgrade(database)
        yield build_application(settings, database)
    finally:
        database.close()


@contextmanager
def existing_store(
    settings: Settings, *, open_it: Callable[[Settings], Database] = open_database
) -> Iterator[Database]:
    """Opens the configured database, which must exist.

    Raises:
        StoreMissing: The SQLite file has not been created yet.
        StoreReplaced: The SQLite file was created before, and is gone.
    """
    if (path := _missing_file(settings)) is not None:
        raise StoreMissing(path)
    with opened_store(settings, open_it=open_it) as database:
        yield database


@contextmanager
def opened_store(
    settings: Settings, *, open_it: Callable[[Settings], Database] = open_database
) -> Iterator[Database]:
    """Opens the configured database. A missing SQLite file is created on first use."""
    # Commands print their own results; from the log only unexpected errors are shown.
    logs.configure("error", "text")
    require_access(settings)
    database = open_it(settings)
    try:
        yield database
    finally:
        database.close()


def _missing_file(settings: Settings) -> Path | None:
    require_access(settings)
    path = missing_file(settings.store.url.reveal())
    if path is not None and StoreNote(settings).read() is not None:
        raise gone(path)
    return path


def known_categories(
    application: Application, slugs: Sequence[str] | None
) -> tuple[str, ...] | None:
    """Returns the categories of ``--category``, sorted; None for all.

    Raises:
        typer.BadParameter: One is unknown, which would allow nothing.
    """
    if not slugs:
        return None
    for slug in slugs:
        if slug not in application.catalogue.categories:
            raise typer.BadParameter(f"no category {slug!r}", param_hint="--category")
    return tuple(sorted(set(slugs)))
