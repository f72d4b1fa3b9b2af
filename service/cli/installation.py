"""The rooms of the house over the configured store, opened for one command."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.migrate import missing_file
from feeds.store.store_file import gone
from service import logs
from service.application import Application
from service.cli.call import Invocation
from service.cli.configuration import settings_of
from service.errors import ServiceError
from service.settings import Settings
from service.store_clock import StoreClock
from service.stores import StoreNote, make_ready, open_database
from service.wiring import build_application

#: An SQLite database that lives and ends with its connection.
NOWHERE = "sqlite://"


class FeedsWouldEnd(ServiceError):
    """A command has a configuration without feeds that the store has."""

    def __init__(self, slugs: Sequence[str], /) -> None:
        super().__init__(
            f"this configuration has no feed {', '.join(slugs)}, but the store has: only the "
            "service ends or renames feeds, when it starts or reloads; is it the right "
            "configuration?"
        )
        self.slugs = tuple(slugs)


class StoreMissing(ServiceError):
    """A command wants to look at a store that nobody has made yet."""


@contextmanager
def to_read(call: Invocation, *, within_s: float | None = None) -> Iterator[Application]:
    """The rooms, for a command that only looks: nothing is made that is not there.

    Args:
        call: Says how.
        within_s: How long the command may take on PostgreSQL; without end when None.

    Raises:
        StoreMissing: There is no store yet.
        StoreOutdated: It is of another version.
        StoreUnavailable: It cannot be reached.
    """
    settings = settings_of(call)
    with there(settings) as database, _ended_after(database, within_s):
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
    """The rooms, for a command that changes something; the configuration is applied first.

    An SQLite store that is not there yet is made. One of another version is left alone: to
    upgrade it is a decision, with a service that may be running on it.

    Raises:
        FeedsWouldEnd: It is configured without feeds that the store has.
        StoreOutdated: The store is of another version.
        StoreUnavailable: It cannot be reached.
    """
    settings = settings_of(call)
    is_new = _missing_file(settings) is not None
    with opened(settings) as database:
        if is_new:
            make_ready(settings, database)
        migrate.require_current(database)
        application = build_application(settings, database, clock_of(database))
        _refuse_to_end_feeds(application)
        # As every start does: a name that was configured a moment ago counts already.
        application.newsroom.apply_catalogue(now=application.clock())
        yield application


def clock_of(database: Database) -> StoreClock:
    """The clock that a command goes by, which is the store's: this machine's may be wrong.

    Raises:
        StoreUnavailable: The store cannot be reached.
    """
    clock = StoreClock(database)
    clock.compare()
    return clock


def _refuse_to_end_feeds(application: Application) -> None:
    """A slip in a command's options must not take feeds from a service that is running."""
    with application.database.read() as tx:
        ended = sorted(set(tx.feeds.applied()) - set(application.catalogue.feeds))
    if ended:
        raise FeedsWouldEnd(ended)


@contextmanager
def to_try(call: Invocation) -> Iterator[Application]:
    """The rooms, for a command that says what it would do; over an empty store if there is none.

    Raises:
        StoreOutdated: The store is of another version.
        StoreUnavailable: It cannot be reached.
    """
    settings = settings_of(call)
    if _missing_file(settings) is None:
        with to_read(call) as application:
            yield application
        return
    database = Database.open(NOWHERE)
    try:
        migrate.upgrade(database)
        yield build_application(settings, database)
    finally:
        database.close()


@contextmanager
def there(
    settings: Settings, *, open_it: Callable[[Settings], Database] = open_database
) -> Iterator[Database]:
    """The configured database, as it is.

    Raises:
        StoreMissing: It is an SQLite file that nobody has made yet.
        StoreReplaced: It was made, and is gone.
    """
    if (path := _missing_file(settings)) is not None:
        raise StoreMissing(
            f"there is no store at {path} yet: 'communique serve' and 'communique release add' "
            "make one"
        )
    with opened(settings, open_it=open_it) as database:
        yield database


@contextmanager
def opened(
    settings: Settings, *, open_it: Callable[[Settings], Database] = open_database
) -> Iterator[Database]:
    """The configured database; an SQLite file is made when it is first used."""
    # A command tells its results itself: of the log only what went wrong unexpectedly.
    logs.configure("error", "text")
    database = open_it(settings)
    try:
        yield database
    finally:
        database.close()


def _missing_file(settings: Settings) -> Path | None:
    path = missing_file(settings.store.url.reveal())
    if path is not None and StoreNote(settings).read() is not None:
        raise gone(path)
    return path
