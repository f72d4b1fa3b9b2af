"""A backup of a service that publishes meanwhile, and a service over what was restored of it."""

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

from tests.support.command_line import CommandLine
from tests.support.publishing import Publishing, token_of
from tests.support.running_service import CATEGORIES, Service, document, running, wait_until

ADDRESSES = [
    f"/feeds/{slug}.{end}" for slug in ("all", "finance") for end in ("atom", "rss", "json")
]


def _source_keys(backup: Path, folder: Path) -> set[str]:
    with tarfile.open(backup) as tar:
        tar.extract("communique-backup/store.db", folder, filter="data")
    path = folder / "communique-backup" / "store.db"
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as store:
        return {key for (key,) in store.execute("SELECT source_key FROM releases")}


def test_a_backup_under_load_has_all_and_what_is_restored_is_served(tmp_path: Path) -> None:
    service = Service(folder=tmp_path / "newsroom")
    loaded, quiet = tmp_path / "loaded.tar", tmp_path / "quiet.tar"
    line = CommandLine(service=service)
    assert line.run("store", "upgrade").code == 0
    token = token_of(service)
    with running(service):
        with Publishing(service, token) as publishing:
            wait_until(lambda: len(publishing.acknowledged) > 20)
            before = set(publishing.acknowledged)
            backup = service.run("store", "backup", str(loaded))
            after = len(publishing.acknowledged)
        assert backup.returncode == 0, backup.stderr
        assert after > len(before)  # it went on meanwhile
        assert before <= _source_keys(loaded, tmp_path)

        service.drop("last.txt", document("The last one", "Finance"))
        wait_until(lambda: "The last one" in service.titles("finance"))
        assert line.run("store", "backup", str(quiet)).code == 0
        assert "another service" in line.run("store", "restore", str(quiet)).talk
        served = {address: service.get(address).body for address in ADDRESSES}

    _serve_elsewhere(service, quiet, tmp_path / "elsewhere", served)


def _serve_elsewhere(former: Service, backup: Path, folder: Path, served: dict[str, bytes]) -> None:
    other = Service(folder=folder, port=former.port)
    for path in (other.main, other.categories):
        path.unlink()
    # The drill of docs/backup.md.
    restored = CommandLine(service=other).run(
        *("store", "restore", str(backup), "--configuration", str(folder)),
        *("--set", f"data_folder={folder / 'data'}"),
    )
    assert restored.code == 0, restored.talk
    assert other.categories.read_text("utf-8") == CATEGORIES
    text = other.main.read_text("utf-8")
    other.main.write_text(text.replace(str(former.folder), str(folder)), encoding="utf-8")
    with running(other):
        assert {address: other.get(address).body for address in ADDRESSES} == served
        other.drop("next.txt", document("It goes on", "Finance"))
        wait_until(lambda: "It goes on" in other.titles("finance"))
