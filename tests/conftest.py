"""Fixtures for all: databases of both kinds, and newsrooms over them."""

import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings

from bench import cores
from feeds.store.database import Database
from tests.support import (
    compiled_pages,
    compiled_statements,
    fork_server,
    lock_order,
    open_connections,
    order,
    postgres,
    ready_stores,
)
from tests.support.ready_stores import PostgresStores
from tests.support.services import missing

# Processes that tests start find ``tests`` here, and not in a library that brings one along. For
# the same reason it is a package: one anywhere on the path goes before a folder that is none.
ROOT = Path(__file__).parents[1]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.getenv("PYTHONPATH")])])

# Nor do the hundreds of them compile all modules anew, where an image was made to leave no files.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

#: Audit events (https://docs.python.org/3/library/audit_events.html).
STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}

#: After how many of them the youngest are looked through for garbage; 700 otherwise.
NEW_OBJECTS = 10_000

# Deterministic, and without a deadline: a machine that is busy is no finding.
settings.register_profile("suite", deadline=None, derandomize=True)
# For ``make check``: a quarter of what ``make test`` makes up.
settings.register_profile("check", settings.get_profile("suite"), max_examples=25)
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let ``make check`` leave out what takes longer."""
    parser.addoption(
        "--no-processes",
        action="store_true",
        help="Skip each test that would start another process: a service, a database, a browser.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have such tests skipped when they are about to do so, and connections watched."""
    compiled_pages.share()
    compiled_statements.share()
    open_connections.watch()
    memory = postgres.fastest_folder()
    if memory is not None:
        # A commit waits for the disk some 4 ms, and tests make thousands of them.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
    fork_server.usual_environment()
    if config.getoption("no_processes"):
        settings.load_profile("check")
        config.pluginmanager.register(_NoProcesses())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among the tests and modules that are kept, now or later.

    To look through all of them takes a third of a second, and some figures ask for it each round.
    What tests leave is looked for less often than a program should: they leave little.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let workers begin with what takes longest."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = order.whole_first(items, workers)


class _NoProcesses:
    """Skips a test, or all that need a fixture, where another process would be started."""

    def __init__(self) -> None:
        self._is_testing = False
        sys.addaudithook(self._refuse)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Leave alone what pytest starts between tests, such as its workers."""
        self._is_testing = True
        try:
            return (yield)
        finally:
            self._is_testing = False

    def _refuse(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self._is_testing and event in STARTS_A_PROCESS:
            pytest.skip("needs another process")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: many tests wait, for services and for time limits.

    Those that start no process hardly wait, and each worker collects all tests for itself.
    """
    return len(cores.allowed()) + (0 if config.getoption("no_processes") else 1)


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[str | None]:
    given, folder = os.environ.get(postgres.URL_VARIABLE), postgres.binaries()
    if given or folder is None:
        yield given
        return
    with postgres.server(folder) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server(_postgres_server: str | None) -> str:
    """A real PostgreSQL."""
    if _postgres_server is None:
        missing("PostgreSQL", f"install its server, or set {postgres.URL_VARIABLE}")
    return _postgres_server


@pytest.fixture(scope="session")
def postgres_stores(postgres_server: str) -> Iterator[PostgresStores]:
    """Makes stores on a real PostgreSQL that have our tables."""
    stores = PostgresStores(postgres_server)
    yield stores
    stores.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'store' / 'communique.db'}"


@pytest.fixture
def postgres_url(postgres_schemas: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """An empty schema of a real PostgreSQL."""
    with postgres_schemas() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_schemas(postgres_server: str) -> Callable[[], AbstractContextManager[str]]:
    """Makes empty schemas of a real PostgreSQL, for what many tests share."""
    return partial(_schema, postgres_server)


@contextmanager
def _schema(server: str) -> Iterator[str]:
    name = f"suite_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        try:
            sign = "&" if "?" in server else "?"
            yield f"{server}{sign}options=-csearch_path%3D{name}"
        finally:
            connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; each test that asks for it runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An SQLite database with our tables, where the kind of database does not matter."""
    opened = ready_stores.make_sqlite(tmp_path / "store" / "communique.db")
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def postgres_database(postgres_stores: PostgresStores) -> Iterator[Database]:
    """A database of PostgreSQL alone, with our tables."""
    with postgres_stores.lent() as url:
        opened = Database.open(url)
        try:
            with lock_order.watched(opened._engine) as faults:
                yield opened
            assert faults == []
        finally:
            opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """A database with our tables; each test that asks for it runs on both kinds."""
    opened: Database = request.getfixturevalue(f"{request.param}_database")
    return opened


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """Each test begins with the log that Python has, whatever those before it configured."""
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    yield
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=False)


@pytest.fixture(autouse=True, scope="module")
def _connections() -> Iterator[None]:
    """A module closes the stores that it opened: what is collected later fails another's test."""
    yield
    assert open_connections.left() == []
