"""What the suite starts ends with it, and is what it says."""

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support import fork_server, postgres
from tests.support.ready_stores import PostgresStores
from tests.support.running_service import ROOT, wait_until
from tests.support.services import missing

RUN = """
import sys, time
from pathlib import Path
from tests.support import postgres
with postgres.server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(60)
"""


def _report(command: list[str], *, anew: bool) -> dict[str, object]:
    """What a process that was started says of itself: `tests.support.process_report`."""
    with TemporaryFile() as out, TemporaryFile() as talk:
        if anew:
            environment = dict(os.environ)  # readline sets variables that Python does not know
            code = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=talk,
            ).returncode
        else:
            code = fork_server.start(command, stdout=out.fileno(), stderr=talk.fileno()).wait(60)
        assert os.fstat(talk.fileno()).st_size > 0
        out.seek(0)
        report: dict[str, object] = json.load(out)
        return report | {"code": code}


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_a_process_that_is_forked_is_like_one_that_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [sys.executable, "-m", "tests.support.process_report", "one", "two words"]
    assert fork_server.can_start(command)
    monkeypatch.setenv("COMMUNIQUE_LOG__LEVEL", "debug")
    assert fork_server.can_start(command)
    forked, anew = (_report(command, anew=anew) for anew in (False, True))
    assert forked == anew
    assert forked["code"] == 3
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    assert not fork_server.can_start(command)


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_what_the_first_test_has_in_its_environment_is_not_there_for_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    server = fork_server._Server()
    server._end()
    monkeypatch.undo()
    assert server.environment == fork_server._server().environment


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_a_process_that_is_forked_can_be_killed() -> None:
    process = fork_server.start(
        [sys.executable, "-m", "tests.support.process_report", "wait"], stdout=1, stderr=2
    )
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    process.kill()  # once more does no harm


def test_a_run_that_is_killed_leaves_no_postgresql_behind() -> None:
    folder = postgres.binaries()
    if folder is None:
        missing("PostgreSQL", "install its server")
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        psycopg.connect(url).close()
        run.kill()
    home = Path(str(make_url(url).query["host"]))
    wait_until(lambda: not home.exists())
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_store_that_was_lent_is_lent_again_as_if_it_were_new(postgres_server: str) -> None:
    """Rows are gone and numbers begin again; what was changed otherwise is not lent any more."""
    stores = PostgresStores(postgres_server)
    row = "INSERT INTO acts (at, by, deed, subject) VALUES (1, 'x', 'x', 'x') RETURNING id"
    changes = (
        "DROP TABLE store_identity",
        "UPDATE alembic_version SET version_num = '9999'",
        "ANALYZE releases",
        "CREATE SCHEMA other",
        "ALTER DATABASE {name} SET lock_timeout = '1s'",
    )
    names = []
    with closing(stores):
        for change in ("", "", *changes, ""):
            with stores.lent() as url, psycopg.connect(url, autocommit=True) as connection:
                names.append(make_url(url).database)
                assert connection.execute(row).fetchone() == (1,)
                connection.execute(change.format(name=names[-1]))
    assert names[0] == names[1] == names[2]
    assert len(set(names)) == 1 + len(changes)
