"""``communique hub status`` and ``canary``."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.hub_server import HubServer, Manner
from tests.support.running_service import Service


@pytest.fixture
def service(tmp_path: Path, hub: HubServer) -> Service:
    """A configured service that watches a hub beside its own; it does not run."""
    service = Service(folder=tmp_path / "newsroom", hubs=(hub.url,))
    service.write_main({"canary": {"watches": True}, "own_hub": {"offered": True}})
    return service


def test_hubs_are_asked_by_hand_and_their_states_shown(line: CommandLine, hub: HubServer) -> None:
    hub.manner = Manner(status=202)
    ours = f"{line.service.base_url}/hub"
    topic = f"{line.service.base_url}/feeds/all.atom"
    asked = line.run("hub", "canary")
    assert asked.columns == [["asked", ours, topic, "-"], ["asked", hub.url, topic, "202 Accepted"]]
    assert asked.talk.splitlines()[-1] == "2 hubs asked"
    assert line.run("hub", "canary").lines == []
    assert line.run("hub", "canary", "--hub", hub.url).columns[0][1] == hub.url
    assert len(hub.arrivals) == 2
    shown = line.run("hub", "status").columns
    assert [columns[1] for columns in shown if columns[0] == "hub"] == [ours, hub.url]
    words = [columns[1] for columns in shown if columns[0] == "standing"]
    assert words[0] == "quiet: was just asked for a subscription"
    assert words[1].startswith("unverified: has not verified our subscription in 2 askings")
    assert ["subscriptions", "0 active, 0 suspended, 1 pending"] in shown


def test_the_same_for_programs(line: CommandLine, hub: HubServer) -> None:
    hub.manner = Manner(status=403, body=b"not you")
    line.run("hub", "canary")
    ours, theirs = line.results("hub", "status")
    assert (ours["is_ours"], theirs["is_ours"]) == (True, False)
    assert (theirs["hub"], theirs["standing"]) == (hub.url, "denied")
    assert theirs["words"] == "denies our subscription: 403 Forbidden: not you"
    assert theirs["canary"]["state"] == "denied"
    assert ours["deliveries"]["delivered"] == 0
    assert "deliveries" not in theirs
    [status] = line.results("status")
    assert status["hubs"][hub.url]["standing"] == "denied"


def test_a_hub_that_refuses_pings_is_named_with_its_reason(
    line: CommandLine, hub: HubServer, seed: Path
) -> None:
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    hub.manner = Manner(status=500, body=b"out of paper")
    line.run("hub", "retry")
    [_, theirs] = line.results("hub", "status")
    assert theirs["standing"] == "refusing"
    assert theirs["words"] == ("does not take pings: 500 Internal Server Error: out of paper")
    assert theirs["last_failure"] == "500 Internal Server Error: out of paper"
    assert theirs["pings"]["retrying"] > 0


def test_a_hub_that_nobody_watches_cannot_be_asked(line: CommandLine) -> None:
    asked = line.run("hub", "canary", "--hub", "https://none.example/")
    assert asked.code == 1
    assert "there is no canary at the hub 'https://none.example/'" in asked.talk
