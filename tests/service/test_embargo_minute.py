"""The whole service in an embargo's minute: to the second, for many, and after a restart."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.hub_server import HubServer, running_hub
from tests.support.running_service import Service, running, wait_until

#: As long as the machine may be busy with other work.
SECOND = timedelta(seconds=1)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub that is well."""
    with running_hub() as hub:
        yield hub


@pytest.fixture
def service(tmp_path: Path, hub: HubServer) -> Service:
    """A service with that hub; it does not run yet."""
    return Service(folder=tmp_path, hubs=(hub.url,))


def embargoed(until: datetime, *, count: int = 1) -> str:
    """Documents that end together, a line each."""
    return "\n".join(
        json.dumps(
            {
                "id": str(number),
                "title": f"Secret {number}",
                "body": "It was kept.",
                "published": until.isoformat(),
                "embargoed_until": until.isoformat(),
                "categories": ["Finance"],
            }
        )
        for number in range(count)
    )


def whole_seconds_from_now(seconds: int) -> datetime:
    """A whole second."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)


def test_many_embargoes_end_in_their_second_and_the_hub_hears_of_it_once(
    service: Service, hub: HubServer
) -> None:
    with running(service):
        wait_until(lambda: len(hub.topics) == 9)
        hub.forget()
        until = whole_seconds_from_now(5)
        service.drop("secret.jsonl", embargoed(until, count=30))
        wait_until(lambda: "documents under embargo" in service.log)
        while not (seen := service.titles("finance")):
            time.sleep(0.02)
            assert datetime.now(UTC) < until + 5 * SECOND
        appeared = datetime.now(UTC)
        assert until <= appeared < until + SECOND, appeared - until
        assert len(seen) == 30
        arrivals = hub.wait_for(6)
        time.sleep(0.5)
        assert len(hub.topics) == 6
        assert arrivals
        [item, *_] = service.items("finance")
        assert item["date_published"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    told = [json.loads(line) for line in service.log.splitlines()]
    assert [(line["event"], line["count"]) for line in told if "embargo" in line["event"]] == [
        ("documents under embargo", 30),
        ("embargoes ended", 30),
    ]
    before = service.log.partition("embargoes ended")[0]
    assert "ecret" not in before


def test_an_embargo_that_ended_while_the_service_was_down_comes_out_at_its_start(
    service: Service,
) -> None:
    until = whole_seconds_from_now(12)
    with running(service):
        service.drop("secret.jsonl", embargoed(until))
        wait_until(lambda: "documents under embargo" in service.log)
        service.kill()
    assert datetime.now(UTC) < until
    wait_until(lambda: datetime.now(UTC) > until)
    with running(service):
        wait_until(lambda: service.titles("finance") == ["Secret 0"])
    assert service.run("release", "embargoes").stdout == ""


def test_an_embargo_that_is_lifted_is_public_at_once(service: Service) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    with running(service):
        service.drop("secret.jsonl", embargoed(until))
        wait_until(lambda: "documents under embargo" in service.log)
        assert service.run("release", "embargo", "id:0", "--lift").returncode == 0
        wait_until(lambda: service.titles("finance") == ["Secret 0"])


def test_two_machines_on_one_store_end_it_once(tmp_path: Path, postgres_url: str) -> None:
    one = Service(folder=tmp_path / "one", store_url=postgres_url)
    two = Service(folder=tmp_path / "two", store_url=postgres_url)
    with running(one), running(two):
        until = whole_seconds_from_now(4)
        one.drop("secret.jsonl", embargoed(until, count=20))
        wait_until(lambda: len(one.titles("finance")) == 20)
        assert datetime.now(UTC) >= until
        wait_until(lambda: len(two.titles("finance")) == 20)
    ended = [
        json.loads(line)["count"]
        for service in (one, two)
        for line in service.log.splitlines()
        if "embargoes ended" in line
    ]
    assert sum(ended) == 20
