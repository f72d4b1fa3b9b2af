"""An upgrade to a next version, over real processes: under load, and with a disk that gets full."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.support.command_line import CommandLine
from tests.support.next_version import REVISION, VARIABLE, NextVersion, make_migrations
from tests.support.postgres import URL_VARIABLE
from tests.support.publishing import Publishing, source_keys, token_of
from tests.support.ready_stores import PostgresStores
from tests.support.running_service import Service, document, running, wait_until
from tests.support.small_disk import SmallDisk, small_disk


@pytest.fixture(params=["sqlite", "postgres"])
def url_of(request: pytest.FixtureRequest) -> Iterator[list[str | None]]:
    """URLs of two empty stores on the same kind of database; None for SQLite files."""
    if request.param == "sqlite":
        yield [None, None]
        return
    stores: PostgresStores = request.getfixturevalue("postgres_stores")
    with stores.made(is_empty=True) as one, stores.made(is_empty=True) as other:
        yield [one, other]


def test_a_backup_and_an_upgrade_under_load_lose_nothing(
    url_of: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(make_migrations(tmp_path)))
    service = Service(folder=tmp_path / "newsroom", store_url=url_of[0])
    assert CommandLine(service=service).run("store", "upgrade").code == 0
    publishing = Publishing(service, token_of(service))
    following, backup = NextVersion.of(service), tmp_path / "one.tar"
    with publishing:
        with running(service):
            wait_until(lambda: len(publishing.acknowledged) > 20)
            in_backup = set(publishing.acknowledged)
            made = service.run("store", "backup", str(backup))
            assert made.returncode == 0, made.stderr
            _go_on(publishing)
            upgraded = following.run("store", "upgrade", "--yes")
            assert upgraded.returncode == 0, upgraded.stderr
            assert f"schema {REVISION}" in upgraded.stdout
            _go_on(publishing)  # by the version before
            assert publishing.refused == []
        with running(following):
            _go_on(publishing)
    assert set(publishing.acknowledged) <= source_keys(service)
    assert "Traceback" not in service.log

    elsewhere = Service(folder=tmp_path / "elsewhere", store_url=url_of[1])
    restored = CommandLine(service=elsewhere).run("store", "restore", str(backup))
    assert restored.code == 0, restored.talk
    assert in_backup <= source_keys(elsewhere)


def _go_on(publishing: Publishing) -> None:
    """Wait until releases that were sent from now on are acknowledged."""
    before = len(publishing.acknowledged)
    wait_until(lambda: len(publishing.acknowledged) > before + 2)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """A disk of its own."""
    with small_disk("64m") as disk:
        yield disk


def test_an_upgrade_that_fills_the_disk_leaves_the_store_as_it_was(
    disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than what is left, and a log that a killed process may leave behind, have room for.
    monkeypatch.setenv(VARIABLE, str(make_migrations(tmp_path, megabytes=8)))
    service = Service(folder=disk.folder / "newsroom")
    following = NextVersion.of(service)
    with running(service):
        service.drop("1.txt", document("First", "Finance"))
        wait_until(lambda: service.titles() == ["First"])
        _refused(following, disk, "store", "upgrade", "--yes", "--no-backup")
        service.drop("2.txt", document("Second", "Finance"))  # the version before goes on
        wait_until(lambda: "Second" in service.titles())
    # The start makes a backup first, which fits.
    _refused(following, disk, "serve")
    assert service.run("store", "check").returncode == 0
    with running(following):
        assert sorted(following.titles()) == ["First", "Second"]
        assert f'"schema": "{REVISION}"' in following.log


def _refused(following: NextVersion, disk: SmallDisk, *command: str) -> None:
    disk.leave_kib(2_500)
    refused = following.run(*command)
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1, said
    assert "its disk is full" in said
    assert "not upgraded, because no backup" not in said  # it was the migration
    assert "Traceback" not in said
    disk.resize("64m")


@pytest.fixture
def url_on(disk: SmallDisk, postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database whose tables are on that disk."""
    if os.environ.get(URL_VARIABLE):
        pytest.skip("needs a server on this machine")
    tables, name = disk.folder / "tables", f"suite_{uuid4().hex}"
    tables.mkdir()
    if os.geteuid() == 0:
        shutil.chown(tables, "postgres")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE {name} LOCATION '{tables}'")
        connection.execute(f"CREATE DATABASE {name} TABLESPACE {name}")
        yield postgres_server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP TABLESPACE {name}")


def test_a_server_whose_disk_gets_full_keeps_the_store_as_it_was(
    url_on: str, disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(make_migrations(tmp_path, megabytes=4)))
    service = Service(folder=tmp_path / "newsroom", store_url=url_on)
    line = CommandLine(service=service)
    assert line.run("store", "upgrade").code == 0
    following = NextVersion.of(service)
    _refused(following, disk, "store", "upgrade", "--yes", "--no-backup")
    assert line.run("store", "check").code == 0  # by the version before
    assert following.run("store", "upgrade", "--yes", "--no-backup").returncode == 0
