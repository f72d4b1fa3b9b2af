"""Deadlocks in PostgreSQL while two machines work on it, 3 ms away.

Both run the whole service, in all its processes, over one database. Both are sent releases at the
same time, in the same categories, and each corrects what the other one was sent; the configuration
of both changes meanwhile, and a subscriber of their hub is sent each edition. What counts is how
many deadlocks the server has counted in the end. Whoever loses one is run again, so nobody would
notice any.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import psycopg

from bench.figure import Figure, Unmeasurable, tell
from bench.remote_store import ROUND_TRIP_S, Side
from bench.slow_wire import slow_wire
from tests.support import postgres
from tests.support.running_service import CATEGORIES, Service, running
from tests.support.subscriber import Subscriber, running_subscriber

MACHINES = 2
#: Sent to each machine; every third is then corrected by the other one.
RELEASES = 150
RELOADS = 3
PUBLISHED_WITHIN_S = 60.0


@contextmanager
def _machines(folder: Path, store_url: str) -> Iterator[list[Side]]:
    services = [
        Service(folder=folder / str(number), store_url=store_url) for number in range(MACHINES)
    ]
    with ExitStack() as stack:
        for service in services:
            # One site: both stand behind one address, which here is that of the first one.
            changes: dict[str, dict[str, object]] = {
                "site": {"base_url": services[0].base_url},
                "own_hub": {"offered": True},
                "schedule": {"regenerate_seconds": 0.5},
            }
            service.write_main(changes)
        services[0].run("store", "upgrade")
        made = services[0].run("token", "make", "bench", "--action", "publish")
        if made.returncode:
            raise Unmeasurable(made.stderr)
        yield [
            Side(stack.enter_context(running(service)), made.stdout.strip()) for service in services
        ]


def measure(scale: float) -> float:
    """How many deadlocks the server has counted."""
    programs = postgres.binaries()
    if programs is None:
        raise Unmeasurable("no PostgreSQL server: apt-get install postgresql")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="communique-bench-")))
        url = stack.enter_context(postgres.server(programs))
        socket = Path(url.partition("?host=")[2]) / ".s.PGSQL.5432"
        port = stack.enter_context(slow_wire(socket, round_trip_s=ROUND_TRIP_S))
        store_url = f"postgresql://suite@127.0.0.1:{port}/postgres"
        subscriber = stack.enter_context(running_subscriber())
        sides = stack.enter_context(_machines(folder, store_url))
        _subscribe(sides, subscriber)
        releases = max(4, round(RELEASES * scale))
        begun = time.perf_counter()
        _send(sides, releases)
        took_ms = (time.perf_counter() - begun) * 1000
        last = f"Release {releases - 1}"
        deadline = time.monotonic() + PUBLISHED_WITHIN_S
        while not all(last in side.service.titles() for side in sides):
            if time.monotonic() > deadline:
                raise Unmeasurable(f"{last} did not come out")
            time.sleep(0.1)
        delivered = len(subscriber.wait_for_deliveries(1, within_s=PUBLISHED_WITHIN_S))
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT sum(deadlocks) FROM pg_stat_database").fetchone()
    tell(
        f"{MACHINES} machines, {releases} releases each in {took_ms:.0f} ms, {delivered} deliveries"
    )
    return float(row[0]) if row else 0.0


def _subscribe(sides: list[Side], subscriber: Subscriber) -> None:
    for slug in ("all", "finance"):
        service = sides[0].service
        form = {
            "hub.mode": "subscribe",
            "hub.topic": f"{service.base_url}/feeds/{slug}.atom",
            "hub.callback": subscriber.url(f"/{slug}"),
        }
        connection = HTTPConnection("127.0.0.1", service.port, timeout=10)
        try:
            fields = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/hub", urlencode(form), fields)
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != 202:
            raise Unmeasurable(f"the hub answered {status}")
    subscriber.wait_for_verifications(2)


def _send(sides: list[Side], releases: int) -> None:
    with ThreadPoolExecutor(2 * len(sides)) as pool:
        # Two streams to each machine.
        sent = [
            pool.submit(_send_some, sides, machine, range(start, releases, 2))
            for machine in range(len(sides))
            for start in (0, 1)
        ]
        for number in range(RELOADS):
            time.sleep(1)
            for side in sides:
                words = json.dumps(f"Finance, {number}")
                side.service.categories.write_text(
                    CATEGORIES.replace("title: Finance", f"title: {words}\n    names: [Finance]")
                )
        for each in sent:
            each.result()


def _send_some(sides: list[Side], machine: int, numbers: range) -> None:
    for number in numbers:
        key = machine + len(sides) * number
        sides[machine].send(key, f"Release {number}")
        if number % 3 == 0:
            sides[machine - 1].send(key, f"Release {number}, corrected", status=200)


FIGURE = Figure(name="deadlocks", bound=0.0, measure=measure)
