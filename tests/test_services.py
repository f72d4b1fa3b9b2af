"""What the suite starts ends with it."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support import postgres
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
