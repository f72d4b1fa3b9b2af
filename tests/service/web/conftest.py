"""A newsroom with real releases over SQLite, and a client to ask it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import Client

from service import passwords
from service.web import create_app
from tests.service.web.desk_room import Desk
from tests.service.web.offices import LAYERS, READERS, open_office, read_sample
from tests.support import open_connections
from tests.support.newsrooms import Office, later


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A newsroom with releases in English, Spanish, Arabic, Urdu and Hebrew. Only to be read."""
    opened = open_office(tmp_path_factory.mktemp("office"))
    opened.add(
        *read_sample("000_e053d2e383822934.txt"),
        *read_sample("govuk-examples.jsonl"),
        *read_sample("arabr-ar.jsonl"),
        *[draft for draft in read_sample("postgresql-multilingual.jsonl", limit=46)
          if draft.content.language == "he"],
    )  # fmt: skip
    opened.publish(now=later(minutes=1))
    open_connections.outlives_modules(opened.database)
    yield opened
    opened.database.close()


@pytest.fixture(scope="session")
def client(office: Office) -> FlaskClient:
    """A client of the newsroom with releases; it keeps no cookies."""
    return create_app(office.current).test_client(use_cookies=False)


@pytest.fixture
def empty_office(tmp_path: Path) -> Iterator[Office]:
    """A newsroom of one's own, configured and without any edition."""
    opened = open_office(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    """What is to be closed when a test is over."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=LAYERS)
def ask(
    request: pytest.FixtureRequest, empty_office: Office, closing: ExitStack
) -> Callable[[Office], Client]:
    """Makes a client of a newsroom; each test that asks for it runs on both layers."""
    return lambda office: LAYERS[request.param](office, closing)


@pytest.fixture(scope="session", params=READERS)
def reader(request: pytest.FixtureRequest, office: Office) -> Iterator[Client]:
    """A client of the newsroom with releases.

    Each test that asks for it runs on both layers, over the wire, and on nginx over an export.
    """
    with ExitStack() as stack:
        yield READERS[request.param](office, stack)


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes of passwords that take no time: they are to be slow for those who guess."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def room(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    if "real_hashes" not in request.fixturenames:
        request.getfixturevalue("cheap_hashes")
    office = open_office(tmp_path)
    yield Desk(office)
    office.database.close()
