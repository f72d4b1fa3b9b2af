"""The store is for the service's user alone, and what others may get at is told."""

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from feeds.store.database import Database
from feeds.store.migrate import upgrade
from service.processes.file_modes import faults, keep_private


@pytest.fixture(autouse=True)
def _everybody_may_read() -> Iterator[None]:
    """The usual mask of a shell."""
    before = os.umask(0o022)
    yield
    os.umask(before)


#: Makes a store in a data folder.
Opened = Callable[[Path], Database]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Makes a store in it, with the files that SQLite has beside it while somebody is connected."""
    with ExitStack() as stack:

        def open_in(data: Path) -> Database:
            database = Database.open(f"sqlite:///{data}/communique.db")
            stack.callback(database.close)
            upgrade(database)
            return database

        yield open_in


def modes(folder: Path) -> dict[str, str]:
    """Of a folder and what is in it, by name."""
    found = {path.name: path for path in [folder, *folder.iterdir()]}
    return {name: f"{stat.S_IMODE(path.stat().st_mode):o}" for name, path in found.items()}


def test_a_new_store_is_private_whatever_the_mask(data: Path, opened: Opened) -> None:
    database = opened(data)
    with database.transaction():
        files = {f"communique.db{end}": "600" for end in ("", "-wal", "-shm")}
        assert modes(data) == {"data": "700", **files}
    assert faults(data, database) == []


def test_an_older_store_is_made_private(
    data: Path, caplog: pytest.LogCaptureFixture, opened: Opened
) -> None:
    run = data / "run"
    run.mkdir(parents=True)
    database = opened(data)
    with database.transaction():
        for path in data.iterdir():
            path.chmod(0o755 if path == run else 0o644)
        assert len(faults(data, database)) == 2
        keep_private(data, database)
        assert set(modes(data).values()) == {"755", "700", "600"}, "the folder stays as it is"
    assert faults(data, database) == []
    told = [str(each.msg) for each in caplog.records if each.levelno == logging.WARNING]
    assert sum("made private" in each for each in told) == 4
    assert not any("not private" in each for each in told)


def test_who_may_replace_the_store_is_told(
    data: Path, caplog: pytest.LogCaptureFixture, opened: Opened
) -> None:
    database = opened(data)
    data.chmod(0o777)
    expected = [f"others may write into {data}: chmod go-w {data}"]
    assert faults(data, database) == expected
    keep_private(data, database)
    assert expected[0] in caplog.text
    assert faults(data, database) == expected, "the folder is the operator's"


def test_another_owner_is_told(data: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    database = opened(data)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 4711)
    told = faults(data, database)
    assert told
    assert all(f"belongs to user {owner}" in each for each in told)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert faults(data, database) == [], "root may do anything"


def test_a_store_that_is_in_no_file_has_none(tmp_path: Path) -> None:
    for url in ("sqlite://", "postgresql://nobody@127.0.0.1:9/none"):
        assert faults(tmp_path / "nothing", Database.open(url)) == []
