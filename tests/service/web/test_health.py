"""Alive, and ready to be given requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from feeds.model.listing import ProcessState
from service.web import create_app
from tests.service.web.offices import CATALOGUE, open_office
from tests.support.hub_rooms import HubRoom
from tests.support.newsrooms import NOON, Office, later


def test_a_process_that_answers_is_alive(empty_office: Office) -> None:
    response = create_app(empty_office.current).test_client().get("/livez")
    assert (response.status_code, response.json) == (200, {"status": "alive"})
    assert response.headers["Cache-Control"] == "no-store"


def test_every_feed_needs_an_edition_first(empty_office: Office) -> None:
    client = create_app(empty_office.current).test_client()
    waiting = client.get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json == {
        "status": "waiting",
        "reasons": [f"feed {slug!r} has no edition yet" for slug in CATALOGUE.feeds],
    }
    empty_office.publish(now=later(minutes=1))
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json) == (200, {"status": "ready"})
    assert ready.headers["Cache-Control"] == "no-store"


def test_a_store_that_is_gone_is_told(empty_office: Office) -> None:
    """A file that is no database any more."""
    client = create_app(empty_office.current).test_client()
    empty_office.publish(now=later(minutes=1))
    with empty_office.database.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE feeds RENAME TO gone"))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json == {"status": "waiting", "reasons": ["the store cannot be reached"]}
    assert client.get("/livez").status_code == 200


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubRoom]:
    """A newsroom with editions, and with a hub of its own."""
    office = open_office(tmp_path)
    office.publish(now=later(minutes=1))
    yield HubRoom(office, tmp_path)
    office.database.close()


def readiness(hub: HubRoom, *known: ProcessState) -> tuple[int, object]:
    """What is answered at noon, of a service with these processes."""
    with hub.database.transaction() as tx:
        for state in known:
            tx.processes.record(state)
    client = create_app(hub.office.current, clock=lambda: NOON, has_hub=True).test_client()
    response = client.get("/readyz")
    return response.status_code, response.json


def process(role: str, *, worked_s_ago: float | None, host: str = "one") -> ProcessState:
    """A process that was started an hour ago."""
    return ProcessState(
        worker=f"{host}:{role}",
        role=role,
        host=host,
        pid=1,
        started_at=later(hours=-1),
        worked_at=None if worked_s_ago is None else later(seconds=-worked_s_ago),
        did=None,
        did_at=None,
    )


def test_jobs_that_do_not_work_are_told(hub: HubRoom) -> None:
    status, told = readiness(hub, process("jobs", worked_s_ago=40))
    assert status == 503
    reason = "nothing is published: no jobs process has worked for 40 s"
    assert told == {"status": "waiting", "reasons": [reason]}


def test_jobs_that_never_get_to_work_are_told(hub: HubRoom) -> None:
    status, told = readiness(hub, process("jobs", worked_s_ago=None))
    assert status == 503
    reason = "nothing is published: no jobs process has worked yet; one was started 3600 s ago"
    assert told == {"status": "waiting", "reasons": [reason]}


def test_jobs_at_work_on_any_machine_are_enough(hub: HubRoom) -> None:
    gone = process("jobs", worked_s_ago=400)
    works = process("jobs", worked_s_ago=29, host="two")
    assert readiness(hub, gone, works) == (200, {"status": "ready"})


def test_web_alone_is_ready_without_any_process(hub: HubRoom) -> None:
    assert readiness(hub) == (200, {"status": "ready"})


def test_a_hub_that_does_not_work_is_told_and_feeds_are_served(hub: HubRoom) -> None:
    known = process("jobs", worked_s_ago=1), process("hub", worked_s_ago=40)
    warning = "nothing is pushed: no hub process has worked for 40 s"
    assert readiness(hub, *known) == (200, {"status": "ready", "warnings": [warning]})


def test_a_hub_that_is_not_offered_need_not_work(hub: HubRoom) -> None:
    hub.configure(own_hub={"offered": False})
    known = process("jobs", worked_s_ago=1), process("hub", worked_s_ago=40)
    assert readiness(hub, *known) == (200, {"status": "ready"})
