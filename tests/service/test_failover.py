"""Another PostgreSQL server takes over, without the last commits of the one before."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from tests.support import postgres
from tests.support.running_service import Service, document, running, wait_until
from tests.support.services import missing


@pytest.fixture
def address() -> Iterator[Path]:
    """The folder of the socket at which the service expects a server: a link to that of one."""
    folder = Path(mkdtemp(prefix="pg"))  # a socket's path has about a hundred bytes
    folder.chmod(0o755)
    yield folder / "server"
    shutil.rmtree(folder)


def _lead(address: Path, url: str) -> None:
    """Lead connections to this server from now on."""
    new = address.with_name("new")
    new.symlink_to(url.partition("host=")[2])
    new.replace(address)


def _put(service: Service, token: str) -> int:
    content = json.dumps({"title": "Put", "body": "Words.", "published": "2026-01-05"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request("PUT", "/api/v1/releases/put", body=content, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _note(service: Service) -> dict[str, object]:
    note: dict[str, object] = json.loads((service.folder / "data" / "store-note").read_text())
    return note


def test_a_copy_that_lags_is_not_taken_for_the_store(tmp_path: Path, address: Path) -> None:
    programs = postgres.binaries()
    if programs is None:
        missing("PostgreSQL", "install the package postgresql")
    url = f"postgresql://suite@/postgres?host={address}"
    service = Service(folder=tmp_path / "newsroom", store_url=url)
    with ExitStack() as first, ExitStack() as second:
        one = first.enter_context(postgres.server(programs))
        _lead(address, one)
        with running(service):
            token = service.run("token", "make", "desk", "--action", "publish").stdout.split()[-1]
            service.drop("1.txt", document("First", "Finance"))
            wait_until(lambda: service.titles() == ["First"])
            two = second.enter_context(postgres.server(programs, copy_of=one))
            before = _note(service)["changes"]
            service.drop("2.txt", document("Second", "Finance"))
            wait_until(lambda: "Second" in service.titles())
            wait_until(lambda: _note(service)["changes"] != before)

            _lead(address, two)
            first.close()
            wait_until(
                lambda: service.titles() and "is a standby and lacks the last" in service.log
            )

            with psycopg.connect(two, autocommit=True) as connection:
                connection.execute("SELECT pg_promote()")
            wait_until(lambda: service.titles() and "'communique store restored'" in service.log)
            assert sorted(service.titles()) == ["First", "Second"]  # from memory
            why = "nothing is published; the store lacks what was stored last"
            wait_until(lambda: why in service.get("/readyz").body.decode())
            assert _put(service, token) == 503
            for command in (["status"], ["store", "check"], ["release", "list"]):
                refused = service.run(*command)
                assert refused.returncode == 1, command
                assert "lacks the last 1 of" in refused.stdout + refused.stderr, command
            assert "Traceback" not in service.log

            accepted = service.run("store", "restored")
            assert accepted.returncode == 0, accepted.stderr
            wait_until(lambda: _put(service, token) == 201)
            # The copy knows nothing of the second document, which is read again.
            wait_until(lambda: sorted(service.titles()) == ["First", "Put", "Second"])
