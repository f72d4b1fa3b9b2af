"""From a PUT to the feed: with a PostgreSQL that is 3 ms away, against SQLite on the same machine.

The service as it ships, in all its processes, is sent two releases a second over its API. Each is
looked for in the feed of everything, until it is there: what counts is the 99th percentile of that.
Both services run at the same time and are sent their releases in turns.

A deadlock in the server's statistics makes the figure void: whoever loses one is run again, which a
percentile may hide.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from bench.figure import Figure, Unmeasurable, tell
from bench.slow_wire import slow_wire
from tests.support import postgres
from tests.support.running_service import Service, running

ROUND_TRIP_S = 0.003
RELEASES = 120
#: One release for each of the two services, so many seconds after the one before.
EVERY_S = 0.5
LOOK_EVERY_S = 0.01
GIVE_UP_AFTER_S = 60.0
CATEGORIES = ("International, regional, and subregional cooperation", "Finance")


@dataclass(frozen=True, slots=True)
class Side:
    """A service that runs, and the token for it."""

    service: Service
    token: str

    def put(self, number: int) -> float:
        """Publish a release. Seconds until it stands in the feed of everything."""
        title = f"Release {number}"
        begun = time.perf_counter()
        self.send(number, title)
        while title not in self.service.titles():
            if time.perf_counter() - begun > GIVE_UP_AFTER_S:
                raise Unmeasurable(f"{title} did not come out within {GIVE_UP_AFTER_S:g} s")
            time.sleep(LOOK_EVERY_S)
        return time.perf_counter() - begun

    def send(self, number: int, title: str, *, status: int = 201) -> None:
        """Send a release, or a correction of it.

        Raises:
            Unmeasurable: It was not answered with *status*.
        """
        record = {
            "title": title,
            "body": f"<p>What the {number}th release says.</p>",
            "body_format": "html",
            "published": "2026-01-05T09:00:00Z",
            "categories": [CATEGORIES[number % 2]],
        }
        connection = HTTPConnection("127.0.0.1", self.service.port, timeout=GIVE_UP_AFTER_S)
        try:
            connection.request(
                "PUT",
                f"/api/v1/releases/number-{number}",
                json.dumps(record),
                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            )
            answered = connection.getresponse().status
        finally:
            connection.close()
        if answered != status:
            raise Unmeasurable(f"the release was answered {answered}")


@contextmanager
def _side(folder: Path, store_url: str | None) -> Iterator[Side]:
    service = Service(folder=folder, store_url=store_url)
    # As they are by default; those of the suite are shorter.
    service.write_main({"schedule": {"regenerate_seconds": 0.5}})
    service.run("store", "upgrade")
    made = service.run("token", "make", "bench", "--action", "publish")
    if made.returncode:
        raise Unmeasurable(made.stderr)
    with running(service):
        yield Side(service, made.stdout.strip())


def measure(scale: float) -> float:
    """The 99th percentile with the remote store over that with SQLite."""
    programs = postgres.binaries()
    if programs is None:
        raise Unmeasurable("no PostgreSQL server: apt-get install postgresql")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="communique-bench-")))
        url = stack.enter_context(postgres.server(programs))
        socket = Path(url.partition("?host=")[2]) / ".s.PGSQL.5432"
        port = stack.enter_context(slow_wire(socket, round_trip_s=ROUND_TRIP_S))
        remote_url = f"postgresql://suite@127.0.0.1:{port}/postgres"
        sides = {
            "remote": stack.enter_context(_side(folder / "remote", remote_url)),
            "local": stack.enter_context(_side(folder / "local", None)),
        }
        times = _times(sides, max(4, round(RELEASES * scale)))
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone()
    deadlocks = int(row[0]) if row else 0
    p99 = {name: sorted(taken)[int(0.99 * (len(taken) - 1))] for name, taken in times.items()}
    middle = {name: sorted(taken)[len(taken) // 2] for name, taken in times.items()}
    for name in sides:
        tell(f"{name}: p99 {p99[name] * 1000:.0f} ms, middle {middle[name] * 1000:.0f} ms")
    tell(f"{deadlocks} deadlocks")
    if deadlocks:
        raise Unmeasurable(f"{deadlocks} deadlocks")
    return p99["remote"] / p99["local"]


def _times(sides: dict[str, Side], releases: int) -> dict[str, list[float]]:
    # Each waits for its release in a thread of its own: the next one does not wait for it.
    with ThreadPoolExecutor(32) as pool:
        begun = {name: list[float]() for name in sides}
        waiting = []
        for number in range(releases):
            for name, side in sides.items():
                waiting.append((name, pool.submit(side.put, number)))
                time.sleep(EVERY_S / len(sides))
        for name, future in waiting:
            begun[name].append(future.result())
    return begun


FIGURE = Figure(name="remote_store", bound=4.0, measure=measure)
