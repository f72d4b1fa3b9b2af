"""A configured newsroom for commands, and documents for it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ready_stores
from tests.support.command_line import CommandLine
from tests.support.hub_books import HubBooks
from tests.support.hub_server import HubServer, running_hub
from tests.support.ready_stores import PostgresStores
from tests.support.running_service import ROOT, Service
from tests.support.subscriber import Subscriber, running_subscriber


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging belongs to the process: what a command sets is taken back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A newsroom without a store yet, which will be on either database."""
    folder = tmp_path / "newsroom"
    if request.param == "sqlite":
        yield Service(folder=folder)
        return
    stores: PostgresStores = request.getfixturevalue("postgres_stores")
    with stores.made(is_empty=True) as url:
        yield Service(folder=folder, store_url=url)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub that is well."""
    with running_hub() as hub:
        yield hub


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    """A subscriber that is well."""
    with running_subscriber() as subscriber:
        yield subscriber


@pytest.fixture
def books(line: CommandLine, seed: Path) -> Iterator[HubBooks]:
    """The books of a hub in a newsroom with a release in two feeds and their first editions."""
    line.service.write_main({"own_hub": {"offered": True, "first_retry_seconds": 3600}})
    assert line.run("release", "add", str(seed)).code == 0
    assert line.run("feed", "render").code == 0
    with line.service.opened_store() as database:
        yield HubBooks(database)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A configured service that does not run, and has no store yet."""
    return Service(folder=tmp_path / "newsroom")


@pytest.fixture
def storeless(service: Service) -> CommandLine:
    """The command line with that configuration, before the first start."""
    return CommandLine(service=service)


@pytest.fixture
def line(storeless: CommandLine) -> CommandLine:
    """The same over an empty store."""
    ready_stores.make_sqlite(storeless.service.folder / "data" / "communique.db").close()
    return storeless


@pytest.fixture
def seed() -> Path:
    """The user's own document; it belongs into *cooperation*."""
    return ROOT / "config" / "samples" / "000_e053d2e383822934.txt"


@pytest.fixture
def samples() -> Path:
    """Sample releases in JSON Lines, 90 of them, HTML and plain."""
    return ROOT / "config" / "samples" / "us-congress.jsonl"
