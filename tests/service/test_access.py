"""A data folder of another user: one clear line, and no traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from feeds.errors import StoreUnavailable
from service.processes.supervisor import supervise
from service.settings import load, read_sources
from service.stores import require_access
from tests.support import ready_stores
from tests.support.command_line import run
from tests.support.running_service import Service

#: On every POSIX system the user ``nobody``, or no user at all.
OTHER_USER = 65534


@pytest.fixture
def service() -> Iterator[Service]:
    """A service with a store, in a folder that every user may pass through."""
    with TemporaryDirectory(prefix="communique-access-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Service(folder=folder)
        ready_stores.make_sqlite(folder / "data" / "communique.db").close()
        (folder / "data").chmod(0o700)
        yield made
        (folder / "data").chmod(0o700)


@contextmanager
def locked_out(service: Service) -> Iterator[None]:
    """Within the block this process may not open the data folder."""
    if os.geteuid() != 0:
        (service.folder / "data").chmod(0)
        yield
        return
    os.seteuid(OTHER_USER)
    try:
        yield
    finally:
        os.seteuid(0)


def test_the_owner_is_named(service: Service) -> None:
    settings = load(service.main, environ={})
    require_access(settings)
    with locked_out(service), pytest.raises(StoreUnavailable, match="cannot open /") as refused:
        require_access(settings)
    if os.geteuid() == 0:
        assert str(refused.value).endswith("run it as user root")
        assert f"{service.folder}/data belongs to user root" in str(refused.value)


def test_a_store_in_a_folder_that_is_open_to_all_is_told_likewise(service: Service) -> None:
    data = service.folder / "data"
    data.chmod(0o755)
    (data / "communique.db-note").write_text('{"id": "x", "changes": 0}')
    (data / "communique.db-note").chmod(0o600 if os.geteuid() == 0 else 0)
    if os.geteuid() == 0:
        os.seteuid(OTHER_USER)
    try:
        with pytest.raises(StoreUnavailable, match="db-note") as refused:
            require_access(load(service.main, environ={}))
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
    assert "adopt" not in str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["status"], id="status"),
        pytest.param(["release", "list"], id="to read"),
        pytest.param(["feed", "render"], id="to write"),
        pytest.param(["store", "upgrade"], id="store upgrade"),
        pytest.param(["store", "check"], id="store check"),
        pytest.param(["store", "adopt"], id="store adopt"),
    ],
)
def test_a_command_says_so_in_a_line(service: Service, arguments: list[str]) -> None:
    words = ["--config", str(service.main), *arguments]
    run(*words)  # what it imports may be in a folder of the first user
    with locked_out(service):
        answer = run(*words)
    assert (answer.code, answer.out, answer.talk.count("\n")) == (1, "", 1)
    assert answer.talk.startswith("communique: ")
    assert f"{service.folder}/data" in answer.talk


def test_the_service_says_so_in_a_line(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    with locked_out(service):
        assert supervise(partial(read_sources, service.main, environ={})) == 1
    [line] = capfd.readouterr().err.splitlines()
    assert "cannot serve" in line
    assert "cannot open /" in line
