"""``communique store upgrade`` from this version to a next one, and back."""

import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from feeds.errors import StoreOutdated
from feeds.model.feed import ALL, Format
from feeds.store import migrate
from feeds.store.database import Database
from service.jobs.upgrading import upgrade_at_start
from service.settings import load
from service.store_clock import machine_clock
from tests.support import next_version
from tests.support.command_line import CommandLine
from tests.support.newsrooms import Office, draft
from tests.support.next_version import REVISION, installed, make_migrations
from tests.support.running_service import Service


@pytest.fixture(scope="module")
def migrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrations of a next version."""
    return make_migrations(tmp_path_factory.mktemp("next"))


@pytest.fixture
def older(either_service: Service) -> CommandLine:
    """A newsroom with a release, whose store is of this version."""
    return _filled(either_service)


def _filled(service: Service) -> CommandLine:
    line = CommandLine(service=service)
    assert line.run("store", "upgrade").code == 0
    with service.opened_store() as database:
        office = Office(database)
        office.add(draft("id:1", "finance"))
        office.publish()
    return line


def _backups(line: CommandLine) -> list[Path]:
    return sorted((line.service.folder / "data" / "backups").glob("*.tar"))


def test_it_says_what_it_will_do_and_keeps_a_backup(older: CommandLine, migrations: Path) -> None:
    former = migrate.revisions()[-1]
    with installed(migrations):
        # Without a terminal nobody can be asked.
        told = older.run("store", "upgrade")
        assert told.code == 1
        assert "nothing was upgraded: run it again with --yes" in told.talk
        assert told.lines[0].endswith(f"schema {former}, to be upgraded to {REVISION}")
        assert told.lines[1] == (
            f"{REVISION}  A table of subjects, and an index of titles; "
            "rows written again: 1 of releases"
        )
        assert told.lines[2].endswith("; then about 1 s")
        assert _backups(older) == []
        [done] = older.results("store", "upgrade", "--yes")
        assert (done["from"], done["schema"]) == (former, REVISION)
        [kept] = _backups(older)
        assert done["backup"] == str(kept)
        assert older.results("status")[0]["last_backup"]["place"].endswith(str(kept))
        again = older.run("store", "upgrade")
        assert (again.code, again.out.endswith(f": schema {REVISION}\n")) == (0, True)
    with tarfile.open(kept) as tar:
        assert "communique-backup/manifest.json" in tar.getnames()
    # A downgrade is refused, and the backup is the way back.
    for command in (["store", "upgrade"], ["release", "list"]):
        refused = older.run(*command)
        assert refused.code == 1
        assert "made by a newer Communiqué" in refused.talk
        assert "restore the backup that its upgrade kept" in refused.talk


def test_without_a_backup_only_when_told(older: CommandLine, migrations: Path) -> None:
    blocked = older.service.folder / "data" / "backups"
    blocked.parent.mkdir(exist_ok=True)
    blocked.touch()  # no folder can be created there
    with installed(migrations):
        refused = older.run("store", "upgrade", "--yes")
        assert refused.code == 1
        assert "not upgraded, because no backup can be made first" in refused.talk
        assert "--no-backup" in refused.talk
        [done] = older.results("store", "upgrade", "--yes", "--no-backup")
        assert (done["schema"], done["backup"]) == (REVISION, None)


def test_documents_are_read_by_the_old_version_meanwhile(
    older: CommandLine, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def read() -> None:
        with older.service.opened_store() as database, database.read() as tx:
            seen.append(tx.documents.get(ALL, Format.ATOM))

    read()
    monkeypatch.setattr(next_version, "in_the_middle", read)
    with installed(migrations):
        assert older.run("store", "upgrade", "--yes", "--no-backup").code == 0
    read()  # and after it
    assert seen[0] is not None
    assert seen == [seen[0]] * 3


def test_a_start_upgrades_a_file_with_a_backup_and_no_server(
    older: CommandLine, migrations: Path
) -> None:
    """Other machines may work with a server's: an operator says when."""
    settings = load(older.service.main, environ={})
    with (
        closing(Database.open(settings.store.url.reveal())) as database,
        installed(migrations),
    ):
        plan = migrate.plan(database)
        assert plan is not None
        if not database.is_sqlite:
            with pytest.raises(StoreOutdated, match="run 'communique store upgrade'"):
                upgrade_at_start(settings, database, plan, now=machine_clock)
            return
        upgraded = upgrade_at_start(settings, database, plan, now=machine_clock)
        assert upgraded.backup is not None
        assert [upgraded.backup.path] == _backups(older)
        assert migrate.plan(database) is None
