"""A retraction through the whole service: by command, to the hub and the readers, and out again."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_server import HubServer, running_hub
from tests.support.running_service import Service, document, running, wait_until

DAY_US = 24 * 3600 * 1_000_000
NOTICE = STAND_IN = "Retracted: A loan"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub that is well."""
    with running_hub() as hub:
        yield hub


@pytest.fixture
def service(tmp_path: Path, hub: HubServer) -> Iterator[Service]:
    """A service with that hub, running, with a release that the hub knows of."""
    with running(Service(folder=tmp_path, hubs=(hub.url,))) as service:
        wait_until(lambda: len(set(hub.topics)) == 9)
        hub.forget()
        service.drop("loan.txt", document("A loan", "Finance"))
        wait_until(lambda: service.titles("finance") == ["A loan"])
        hub.wait_for(6)
        hub.forget()
        yield service


def run(service: Service, *arguments: str) -> dict[str, object]:
    ran = service.run("release", *arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    told: dict[str, object] = json.loads(ran.stdout)
    return told


def let_days_pass(service: Service, days: int) -> None:
    """Have the retraction lie that far back."""
    with sqlite3.connect(service.folder / "data" / "communique.db", timeout=10) as store:
        store.execute("UPDATE releases SET notice_since = notice_since - ?", [days * DAY_US])
    store.close()


def test_a_release_is_retracted_restored_and_retracted_for_good(
    service: Service, hub: HubServer
) -> None:
    told = run(service, "retract", "loan.txt", "--reason", "Wrong figures", "--by", "ann")
    page = str(told["page"]).removeprefix(service.base_url)
    # At the moment of the ping the topics serve the notice: the hub fetches them at once.
    arrivals = hub.wait_for(6)
    assert service.titles("finance") == service.titles("all") == [NOTICE, STAND_IN]
    assert {each.topic.rpartition("/")[2].partition(".")[0] for each in arrivals} == {
        "all",
        "finance",
    }
    gone = service.get(page, Accept="text/html")
    assert (gone.status, b"Wrong figures" in gone.body) == (410, True)

    hub.forget()
    run(service, "restore", "loan.txt")
    hub.wait_for(6)
    assert service.titles("finance") == ["Restored: A loan", "A loan"]
    assert service.get(page).status == 200

    run(service, "retract", "loan.txt", "--reason", "Wrong figures")
    wait_until(lambda: service.titles("finance") == [NOTICE, STAND_IN])
    let_days_pass(service, 31)
    wait_until(lambda: service.titles("finance") == [])
    assert b"deleted-entry" not in service.get("/feeds/all.atom").body
    assert service.get(page).status == 410
    assert "retraction notice expired" in service.log
