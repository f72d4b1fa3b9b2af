"""``kill -9`` of all processes while callbacks are asked, and while 400 subscribers are served.

No request and no delivery is lost. What was under way at that moment is done again, and nothing
else: how often is printed (``pytest -s``) and recorded with the test.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from feeds.store.database import Database
from tests.support.running_service import Service, document, running, wait_until
from tests.support.subscriber import (
    Call,
    Manner,
    Subscriber,
    loopback_hosts,
    running_subscriber,
)

SUBSCRIBERS = 400
REQUESTS = 120

#: Most deliveries under way. A kill repeats up to so many: two of them fewer than there are
#: subscribers.
AT_ONCE = 128

#: They take their time, so that much is under way when all is over.
SLOW = Manner(delay_s=0.05)

HUB: dict[str, object] = {
    "offered": True,
    "requests_per_minute": 100_000,
    "burst": 100_000,
    "pending_per_host": 100_000,
    "deliveries_at_once": AT_ONCE,
    "shortest_lease_seconds": 1,
}


def test_no_request_is_lost_while_callbacks_are_asked(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    service = hub_service(tmp_path)
    with running_subscriber(*loopback_hosts(20)) as reader:
        paths = slow_readers(reader, REQUESTS)
        with running(service):
            subscribe(service, reader, paths)
            reader.wait_for_verifications(REQUESTS // 4)
            kill_all(service)
        with service.opened_store() as database, running(service):
            wait_until(lambda: count(database) == REQUESTS)
            with database.read() as tx:
                assert tx.subscriptions.pending() == []
        asked = Counter(call.path for call in reader.verifications())
        assert set(asked) == set(paths)
        tell("callbacks asked again", asked.total() - REQUESTS, record_property)


def test_each_gets_the_newest_edition_however_often_it_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    service = hub_service(tmp_path)
    with running_subscriber(*loopback_hosts(50)) as reader:
        paths = slow_readers(reader, SUBSCRIBERS)
        with running(service):
            subscribe(service, reader, paths)
            with service.opened_store() as database:
                wait_until(lambda: count(database) == SUBSCRIBERS)
            service.drop("first.txt", document("The first", "Finance"))
            reader.wait_for_deliveries(SUBSCRIBERS // 5)
            kill_all(service)
        before = len(reader.deliveries())
        assert before < SUBSCRIBERS
        with running(service):
            reader.wait_for_deliveries(before + SUBSCRIBERS // 5)
            service.drop("second.txt", document("The second", "Finance"))
            reader.wait_until(has_second(SUBSCRIBERS // 5))
            kill_all(service)
        with running(service):
            newest = service.get("/feeds/finance.atom").body
            assert b"The second" in newest
            reader.wait_until(has_second(SUBSCRIBERS))
            with service.opened_store() as database:
                wait_until(lambda: delivered(database) == SUBSCRIBERS)
        for path in paths:
            calls = reader.deliveries(path)
            assert calls[-1].body == newest, "and nothing older after it"
            assert all(call.is_signed_with(secret_of(path)) for call in calls)
        repeats = sum(
            times - 1
            for path in paths
            for times in Counter(call.body for call in reader.deliveries(path)).values()
        )
        assert repeats <= 2 * AT_ONCE < SUBSCRIBERS
        tell("deliveries repeated", repeats, record_property)


def test_a_hub_process_that_dies_is_followed_by_another(tmp_path: Path) -> None:
    service = hub_service(tmp_path)
    with running_subscriber() as reader, running(service):
        [former] = wait_until(lambda: service.process_ids("hub"))
        os.kill(former, signal.SIGKILL)
        subscribe(service, reader, ["/0"])
        reader.wait_for_verifications(1)
        assert former not in service.process_ids("hub")


def hub_service(folder: Path) -> Service:
    """A service with a hub, that takes as many requests as a test has."""
    service = Service(folder=folder)
    service.write_main({"own_hub": HUB})
    return service


def slow_readers(reader: Subscriber, number: int) -> list[str]:
    """The paths of so many callbacks."""
    paths = [f"/{each}" for each in range(number)]
    for path in paths:
        reader.behave(path, verify=SLOW, deliver=SLOW)
    return paths


def subscribe(service: Service, reader: Subscriber, paths: Sequence[str]) -> None:
    """Ask the hub for a subscription for each of these callbacks, in turn at all hosts."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    for number, path in enumerate(paths):
        form = {
            "hub.mode": "subscribe",
            "hub.topic": f"{service.base_url}/feeds/finance.atom",
            "hub.callback": reader.url(path, reader.hosts[number % len(reader.hosts)]),
            "hub.secret": secret_of(path),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/hub", urlencode(form), headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:0]) == (202, b"")
    connection.close()


def secret_of(path: str) -> str:
    """Each has its own."""
    return f"the secret of {path}"


def kill_all(service: Service) -> None:
    """``kill -9`` on every process of the service, at once."""
    assert service.process is not None
    for number in service.process_ids():
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    service.process.wait()
    wait_until(lambda: not service.process_ids())


def count(database: Database) -> int:
    """How many subscriptions there are."""
    with database.read() as tx:
        return len(tx.subscriptions.listed())


def delivered(database: Database) -> int:
    """How many subscribers have all that they are to have."""
    with database.read() as tx:
        return tx.deliveries.counted()["delivered"]


def has_second(number: int) -> Callable[[Sequence[Call]], bool]:
    """Whether so many callbacks have the second edition."""

    def look(calls: Sequence[Call]) -> bool:
        return len({call.path for call in calls if b"The second" in call.body}) >= number

    return look


def tell(what: str, repeats: int, record_property: Callable[[str, object], None]) -> None:
    """The number is a fact to be known, not a bound to be kept."""
    record_property(what, repeats)
    print(f"\n{what}: {repeats}")  # noqa: T201  # for `pytest -s`
