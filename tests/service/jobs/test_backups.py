"""The scheduled backup, and what ends one in the middle."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from feeds.errors import BackupFailed
from feeds.store.backup import server_address
from feeds.store.database import Database
from service.jobs.backup_files import opened
from service.jobs.backups import back_up_when_due, make_backup, restore_store
from service.settings import Settings
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.ready_stores import PostgresStores, make_sqlite
from tests.support.small_disk import SmallDisk, small_disk

MAIN = """
site: {base_url: "https://news.example", title: News}
backup: {folder: ../backups, every_hours: 24, keep: 2}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configuration with a backup a day."""
    folder = tmp_path / "config"
    folder.mkdir()
    return ConfigFolder(folder).load(MAIN, "categories: []\n")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A store with a release."""
    with closing(make_sqlite(tmp_path / "data" / "communique.db")) as opened:
        with opened.transaction() as tx:
            tx.identity.name("one")
        Office(opened).add(draft("id:1"))
        yield opened


def _kept(settings: Settings) -> list[str]:
    folder = settings.backup.folder
    assert folder is not None
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_one_is_made_a_day_and_the_last_ones_stay(settings: Settings, database: Database) -> None:
    for hours, made in ((0, True), (23, False), (24, True), (47, False), (48, True)):
        now = partial(later, hours=hours)
        found = back_up_when_due(settings, database, now=now, should_stop=bool)
        assert (found is not None) == made
    assert _kept(settings) == [f"communique-2026030{day}T120000Z.tar" for day in (3, 4)]
    with database.read() as tx:
        last = tx.backups.last()
    assert last is not None
    assert last.taken_at == NOON + timedelta(hours=48)


def test_two_of_the_same_second_stand_beside_each_other(
    settings: Settings, database: Database
) -> None:
    """A service that cannot upgrade its store is started again at once, and makes one each time."""
    folder = settings.data_folder
    folder.mkdir(parents=True, exist_ok=True)
    made = [make_backup(settings, database, folder, now=NOON).path.name for _ in range(2)]
    assert made == ["communique-20260302T120000Z.tar", "communique-20260302T120001Z.tar"]


def test_one_that_is_broken_off_leaves_nothing(settings: Settings, database: Database) -> None:
    with pytest.raises(BackupFailed, match="broken off"):
        back_up_when_due(settings, database, now=lambda: NOON, should_stop=lambda: True)
    assert _kept(settings) == []
    # Whoever was killed in it is not waited for longer than its claim lasts.
    assert back_up_when_due(settings, database, now=lambda: NOON, should_stop=bool) is None
    assert back_up_when_due(settings, database, now=lambda: later(hours=7), should_stop=bool)


@pytest.fixture
def full_disk() -> Iterator[SmallDisk]:
    """A disk of its own with little room."""
    with small_disk("256k") as disk:
        yield disk


def test_a_disk_that_is_full_in_the_middle_is_said(
    settings: Settings, database: Database, full_disk: SmallDisk
) -> None:
    """Once within the copy of the store, and once when that fits, and the file does not."""
    office = Office(database)
    path = database.file
    assert path is not None
    database.checkpoint()
    small = path.stat().st_size
    assert small > 128 * 1024
    for size in ("256k", f"{small // 1024 + 100}k"):
        full_disk.resize(size)
        with pytest.raises(BackupFailed, match="full"):
            make_backup(settings, database, full_disk.folder, now=NOON)
        assert list(full_disk.folder.iterdir()) == []
    office.add(draft("id:2"))  # the store itself has lost nothing
    full_disk.resize("64m")
    make_backup(settings, database, full_disk.folder, now=NOON)
    assert [path.name for path in full_disk.folder.iterdir()] == ["communique-20260302T120000Z.tar"]


def test_a_disk_that_is_full_while_restoring_is_said(
    settings: Settings, database: Database, full_disk: SmallDisk, tmp_path: Path
) -> None:
    path = tmp_path / "one.tar"
    make_backup(settings, database, path, now=NOON)
    there = f"data_folder={full_disk.folder / 'data'}"
    elsewhere = ConfigFolder(tmp_path / "config").load(MAIN, overrides=[there])
    with opened(path) as source:
        with pytest.raises(BackupFailed, match="full"):
            restore_store(elsewhere, source, now=NOON)
        assert list((full_disk.folder / "data").iterdir()) == []
        full_disk.resize("64m")
        restored = restore_store(elsewhere, source, now=NOON)
    assert restored.manifest.rows["releases"] == 1
    names = {found.name for found in (full_disk.folder / "data").iterdir()}
    assert names == {"communique.db", "communique.db-note"}


@pytest.fixture
def on_a_server(postgres_stores: PostgresStores) -> Iterator[Database]:
    """A store with an id on PostgreSQL."""
    with postgres_stores.made() as url, closing(Database.open(url)) as opened:
        with opened.transaction() as tx:
            tx.identity.name("one")
        yield opened


def _old_pg_dump(folder: Path) -> None:
    program = folder / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n", encoding="utf-8")
    program.chmod(0o755)


def test_a_program_that_is_missing_or_too_old_is_said(
    settings: Settings,
    on_a_server: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    target = tmp_path / "one.tar"
    with pytest.raises(BackupFailed, match="pg_dump is missing: install PostgreSQL's client"):
        make_backup(settings, on_a_server, target, now=NOON)
    _old_pg_dump(programs)
    with pytest.raises(BackupFailed, match=r"is of PostgreSQL 9, and the server of \d+: install"):
        make_backup(settings, on_a_server, target, now=NOON)
    assert [path.name for path in tmp_path.glob("*.tar")] == []
    assert not list(tmp_path.glob(".communique-backup-*"))


def test_a_password_is_no_argument_that_others_see() -> None:
    address = server_address("postgresql+psycopg://us:hun%40ter2@db.example/news?connect_timeout=3")
    assert address.uri == "postgresql://us@db.example/news?connect_timeout=3"
    assert address.password == "hun@ter2"
