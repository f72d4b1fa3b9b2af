"""``communique store backup`` and ``restore``, on both databases."""

import json
import re
import shutil
import stat
import tarfile
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from feeds.model.feed import ALL, Format
from feeds.store.database import Database
from service.jobs.backup_files import opened
from service.jobs.backups import write_configuration
from tests.support.command_line import CommandLine
from tests.support.newsrooms import Office, draft
from tests.support.ready_stores import PostgresStores
from tests.support.running_service import Service, document


@pytest.fixture
def newsroom(either_service: Service) -> CommandLine:
    """A newsroom with a release in two feeds, whose store is on either database."""
    return _filled(either_service)


def _filled(service: Service) -> CommandLine:
    line = CommandLine(service=service)
    path = service.folder / "first.txt"
    path.write_text(document("Release 1", "Finance"), encoding="utf-8")
    assert line.run("store", "upgrade").code == 0
    assert line.run("release", "add", str(path)).code == 0
    assert line.run("feed", "render").code == 0
    return line


def _backup(line: CommandLine, *arguments: str) -> dict[str, Any]:
    [record] = line.results("store", "backup", *arguments)
    return record


def _documents(service: Service) -> dict[str, bytes]:
    with service.opened_store() as database, database.read() as tx:
        found = {each: tx.documents.get(ALL, each) for each in Format}
    return {each.value: one.gzip for each, one in found.items() if one is not None}


def test_it_is_whole_private_and_recorded(newsroom: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = _backup(newsroom, str(folder))
    [path] = folder.iterdir()
    assert str(path) == made["backup"]
    assert re.fullmatch(r"communique-\d{8}T\d{6}Z\.tar", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made["size_bytes"] == path.stat().st_size
    with tarfile.open(path) as tar:
        names = [name.removeprefix("communique-backup/") for name in tar.getnames()]
        manifest = json.load(tar.extractfile("communique-backup/manifest.json"))  # type: ignore[arg-type]
    store = "store.pgdump" if newsroom.service.store_url else "store.db"
    assert names == [
        store, "configuration/communique.yaml", "configuration/categories.yaml", "manifest.json",
    ]  # fmt: skip
    assert manifest["rows"]["releases"] == made["releases"] == 1
    assert (manifest["store_id"], manifest["schema"]) == (made["store_id"], made["schema"])
    last = newsroom.results("status")[0]["last_backup"]
    assert last["at"] == made["at"]
    assert last["place"].endswith(f":{path}")


def test_files_of_pages_are_in_it_and_are_restored(newsroom: CommandLine, tmp_path: Path) -> None:
    own = newsroom.service.folder / "own"
    own.mkdir()
    (own / "newsroom.css").write_text("p {}", encoding="utf-8")
    (own / "problem.html").write_text("Ours", encoding="utf-8")
    (tmp_path / "elsewhere.css").write_text("p {}", encoding="utf-8")
    newsroom.service.write_main({"site": {"stylesheet": "own/newsroom.css", "templates": "own"}})
    path = Path(_backup(newsroom, str(tmp_path / "a.tar"))["backup"])
    folder = tmp_path / "restored"
    folder.mkdir()
    with opened(path) as backup:
        write_configuration(backup, folder)
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*.*")}
    assert found == {
        "communique.yaml", "categories.yaml", "own/newsroom.css", "own/problem.html"
    }  # fmt: skip


def test_a_restored_store_serves_the_same_bytes_by_the_same_ids(
    newsroom: CommandLine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "one.tar"
    made = _backup(newsroom, str(path))
    before, served = newsroom.results("release", "list"), _documents(newsroom.service)
    elsewhere = tmp_path / "elsewhere"
    if newsroom.service.store_url is None:
        _restore_elsewhere(newsroom, path, elsewhere, None)
        other = CommandLine(service=_moved(newsroom.service, elsewhere, None))
        _compare(other, before, served, made)
        return
    stores: PostgresStores = request.getfixturevalue("postgres_stores")
    with stores.made(is_empty=True) as url:
        _restore_elsewhere(newsroom, path, elsewhere, url)
        other = CommandLine(service=_moved(newsroom.service, elsewhere, url))
        _compare(other, before, served, made)


def _restore_elsewhere(
    line: CommandLine, path: Path, folder: Path, url: str | None
) -> list[dict[str, Any]]:
    sets = ["--set", f"data_folder={folder / 'data'}"] + (
        ["--set", f"store.url={url}"] if url else []
    )
    return line.results("store", "restore", str(path), "--configuration", str(folder), *sets)


def _moved(service: Service, folder: Path, url: str | None) -> Service:
    """The service over what was restored; only its folder and its database are others."""
    main = folder / "communique.yaml"
    text = main.read_text("utf-8").replace(str(service.folder / "data"), str(folder / "data"))
    if url is not None:
        text = text.replace(json.dumps(service.store_url), json.dumps(url))
    categories = (folder / "categories.yaml").read_text("utf-8")
    moved = Service(folder=folder, store_url=url, port=service.port)
    assert categories == moved.categories.read_text("utf-8")
    main.write_text(text, encoding="utf-8")
    return moved


def _compare(
    other: CommandLine,
    before: list[dict[str, Any]],
    served: dict[str, bytes],
    made: dict[str, Any],
) -> None:
    assert other.results("release", "list") == before
    assert _documents(other.service) == served
    assert served
    assert other.run("store", "check").code == 0
    assert other.results("status")[0]["last_backup"]["at"] == made["at"]


def test_a_place_that_is_not_empty_is_left_alone(newsroom: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "one.tar"
    _backup(newsroom, str(path))
    before = newsroom.results("release", "list")
    refused = newsroom.run("store", "restore", str(path))
    assert refused.code == 1
    assert "already: a backup is restored into an empty" in refused.talk
    assert newsroom.results("release", "list") == before


# What is the same whatever the database.


@pytest.fixture
def line(tmp_path: Path) -> CommandLine:
    """A newsroom on SQLite."""
    return _filled(Service(folder=tmp_path / "newsroom"))


def _damage(path: Path, at: bytes) -> None:
    data = bytearray(path.read_bytes())
    place = data.index(at)
    data[place] ^= 0xFF
    path.write_bytes(data)


@dataclass(frozen=True)
class _Lost:
    """A newsroom that lost its data folder, and has a good backup."""

    line: CommandLine
    good: Path

    def refusal(self, path: Path) -> str:
        """Why a backup is not restored; nothing is there then."""
        answer = self.line.run("store", "restore", str(path))
        assert answer.code == 1
        assert not (self.data / "communique.db").exists()
        return answer.talk

    def require_good(self) -> None:
        """The good one is restored, and lost again."""
        assert self.line.run("store", "restore", str(self.good)).code == 0
        shutil.rmtree(self.data)

    @property
    def data(self) -> Path:
        """Where the store was."""
        return self.line.service.folder / "data"


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> _Lost:
    """It is as empty after each test."""
    folder = tmp_path_factory.mktemp("lost")
    made = _Lost(_filled(Service(folder=folder / "newsroom")), folder / "good.tar")
    _backup(made.line, str(made.good))
    shutil.rmtree(made.data)
    return made


def test_a_damaged_backup_is_refused_by_the_name_of_the_part(lost: _Lost, tmp_path: Path) -> None:
    good, path = lost.good, tmp_path / "bad.tar"
    for part, mark in (
        ("store.db", b"Release 1"),
        ("configuration/categories.yaml", b"subregional"),
    ):
        shutil.copy(good, path)
        _damage(path, mark)
        assert f"is damaged: part {part} is not what was written" in lost.refusal(path)
    path.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    assert "has no manifest: it is no backup, or it was cut off" in lost.refusal(path)
    path.write_text("no tar at all", encoding="utf-8")
    assert "is no backup" in lost.refusal(path)
    lost.require_good()


def _with_manifest(path: Path, to: Path, **changes: object) -> None:
    with tarfile.open(path) as old, tarfile.open(to, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = content.read()
            if member.name.endswith("manifest.json"):
                data = json.dumps({**json.loads(data), **changes}).encode()
                member.size = len(data)
            new.addfile(member, BytesIO(data))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"format": 2}, "has format 2, and this version knows 1: it was made by a newer"),
        ({"schema": "9999"}, "has schema 9999, which this version does not know"),
        ({"kind": "postgresql"}, "is of a store on postgresql, and store.url is one on sqlite"),
        ({"rows": {"releases": 2}}, "is not what it says: table releases: 1 rows instead of 2"),
        ({"parts": 1}, "is damaged: manifest.json cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(
    lost: _Lost, tmp_path: Path, changes: dict[str, object], refusal: str
) -> None:
    path = tmp_path / "changed.tar"
    _with_manifest(lost.good, path, **changes)
    assert refusal in lost.refusal(path)


def test_another_store_is_not_restored_over_the_note_of_one(lost: _Lost) -> None:
    """What was lost would be forgotten: whose ids readers know."""
    lost.data.mkdir(exist_ok=True)
    note = lost.data / "communique.db-note"
    note.write_text('{"id": "another", "changes": 0}', encoding="utf-8")
    assert "says that another store was here" in lost.refusal(lost.good)
    with tarfile.open(lost.good) as tar:
        manifest = json.load(tar.extractfile("communique-backup/manifest.json"))  # type: ignore[arg-type]
    note.write_text(json.dumps({"id": manifest["store_id"], "changes": 999}), encoding="utf-8")
    lost.require_good()


def test_files_with_secrets_are_named_and_not_copied(
    line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = line.service.folder / "hub_password"
    secret.write_text("hunter2\n", encoding="utf-8")
    hub = {"url": "https://hub.example/", "username": "us", "password_file": "hub_password"}
    line.service.hubs = (hub,)  # type: ignore[assignment]
    line.service.write_main({})
    path = tmp_path / "one.tar"
    monkeypatch.setenv("COMMUNIQUE_HTTP__PORT", "8123")
    monkeypatch.setenv("COMMUNIQUE_SERVICE_HOST", "10.0.0.1")  # as Kubernetes sets it
    made = _backup(line, str(path), "--set", "site.title=Elsewhere")
    assert made["needs"] == [
        f"file {secret}",
        "variable COMMUNIQUE_HTTP__PORT",
        "--set site.title",
    ]
    assert b"hunter2" not in path.read_bytes()


def test_older_ones_of_the_same_store_are_deleted(line: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    first = Path(_backup(line, str(folder))["backup"])
    for day in ("20250101", "20250102"):
        shutil.copy(first, folder / f"communique-{day}T000000Z.tar")
    first.rename(folder / "communique-20250103T000000Z.tar")
    others = {"communique-20250104T000000Z.tar", "kept.tar"}
    _with_manifest(
        folder / "communique-20250103T000000Z.tar",
        folder / "communique-20250104T000000Z.tar",
        store_id="another",
    )
    shutil.copy(folder / "communique-20250103T000000Z.tar", folder / "kept.tar")
    made = _backup(line, str(folder), "--keep", "2")
    assert [Path(each).name for each in made["deleted"]] == [
        "communique-20250101T000000Z.tar",
        "communique-20250102T000000Z.tar",
    ]
    left = {path.name for path in folder.iterdir()}
    assert left == others | {"communique-20250103T000000Z.tar", Path(made["backup"]).name}


def test_no_file_is_overwritten_and_no_folder_guessed(line: CommandLine, tmp_path: Path) -> None:
    store = line.service.folder / "data" / "communique.db"
    before = store.read_bytes()
    for target, refusal in (
        (str(store), "there is no folder"),
        (str(tmp_path / "backup"), "there is no folder"),
        (str(tmp_path / "none" / "one.tar"), "No such file or directory"),
    ):
        answer = line.run("store", "backup", target)
        assert (answer.code, refusal in answer.talk) == (1, True), answer
    path = tmp_path / "one.tar"
    path.touch()
    assert "exists already" in line.run("store", "backup", str(path)).talk
    assert path.read_bytes() == b""
    assert store.read_bytes() == before
    assert line.run("store", "backup").code == 2


def test_what_a_killed_backup_left_is_removed_by_the_next(
    line: CommandLine, tmp_path: Path
) -> None:
    left = tmp_path / ".communique-backup-killed"
    left.mkdir()
    (left / "store.db").write_bytes(b"half of it")
    _backup(line, str(tmp_path / "one.tar"))
    assert not left.exists()


def test_a_copy_that_is_not_sound_is_no_backup(line: CommandLine, tmp_path: Path) -> None:
    with line.service.opened_store() as database, database.transaction() as tx:
        tx.connection.exec_driver_sql("DROP INDEX ix_filings_window")
    answer = line.run("store", "backup", str(tmp_path / "one.tar"))
    assert answer.code == 1
    assert "the copy is not sound, and was deleted: schema" in answer.talk
    assert not (tmp_path / "one.tar").exists()
    assert line.results("status")[0]["last_backup"] is None


def test_rows_free_pages_and_the_application_keep_their_numbers(
    line: CommandLine, tmp_path: Path
) -> None:
    """VACUUM INTO would number rows anew; the note beside a store counts by them."""
    with line.service.opened_store() as database:
        office = Office(database)
        office.add(draft("id:a", "finance"), draft("id:b", "finance"))
        with database.transaction() as tx:
            run = tx.connection.exec_driver_sql
            run("PRAGMA application_id = 77")
            run("UPDATE releases SET _rowid_ = _rowid_ + 1000")
    _backup(line, str(tmp_path / "one.tar"))
    with tarfile.open(tmp_path / "one.tar") as tar:
        tar.extract("communique-backup/store.db", tmp_path, filter="data")
    with (
        closing(Database.open(f"sqlite:///{tmp_path}/communique-backup/store.db")) as copy,
        line.service.opened_store() as database,
        copy.read() as there,
        database.read() as here,
    ):
        for question in (
            "SELECT _rowid_, id FROM releases ORDER BY 1", "PRAGMA application_id",
        ):  # fmt: skip
            rows = here.connection.exec_driver_sql(question).all()
            assert there.connection.exec_driver_sql(question).all() == rows
            assert rows != [(0,)]
        assert there.identity.state() == here.identity.state()
