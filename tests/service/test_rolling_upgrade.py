"""Two machines over one PostgreSQL are upgraded one by one, and feeds are served all the time."""

import threading
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.next_version import (
    REVISION,
    VARIABLE,
    NextVersion,
    installed,
    make_migrations,
)
from tests.support.ready_stores import PostgresStores
from tests.support.running_service import Service, document, running, wait_until


class _Reader:
    """Reads a feed of one host, again and again, until the end of the block."""

    def __init__(self, host: Service) -> None:
        self._host = host
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.statuses: list[int] = []

    def __enter__(self) -> "_Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._is_over.wait(0.02):
            self.statuses.append(self._host.get("/feeds/all.atom").status)


def test_one_host_serves_while_the_other_is_replaced(
    postgres_stores: PostgresStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = make_migrations(tmp_path)
    monkeypatch.setenv(VARIABLE, str(migrations))
    with postgres_stores.made() as url:
        one = Service(folder=tmp_path / "one", store_url=url)
        other = Service(folder=tmp_path / "other", store_url=url)
        other.write_main({"site": {"base_url": one.base_url}})
        with running(other), _Reader(other) as reader:
            with running(one):
                with installed(migrations):
                    answer = CommandLine(service=one).run("store", "upgrade", "--yes")
                assert answer.code == 0, answer
                # Both are of the version before, and go on.
                _publish(one, other, "After the upgrade")
            replaced = NextVersion.of(one)
            with running(replaced):
                assert f'"schema":"{REVISION}"' in replaced.log.replace(" ", "")
                # Each of the two has a version of its own.
                _publish(replaced, other, "By the next version")
                _publish(other, replaced, "By the version before")
        assert reader.statuses
        assert set(reader.statuses) == {200}


def _publish(by: Service, seen_at: Service, title: str) -> None:
    by.drop(f"{title}.txt", document(title, "Finance"))
    for host in (by, seen_at):
        wait_until(lambda host=host: title in host.titles())  # type: ignore[misc]
