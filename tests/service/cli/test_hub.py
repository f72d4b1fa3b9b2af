"""``communique hub``: what hubs were told."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.hub_server import WELL, HubServer, Manner
from tests.support.running_service import Service


@pytest.fixture
def service(tmp_path: Path, hub: HubServer) -> Service:
    """A configured service with a hub; it does not run."""
    return Service(folder=tmp_path / "newsroom", hubs=(hub.url,))


@pytest.fixture
def published(line: CommandLine, seed: Path) -> CommandLine:
    """A release in two feeds, with editions that no hub was told of."""
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    return line


def states(line: CommandLine) -> set[str]:
    """The states of all pings."""
    return {ping["state"] for ping in line.results("hub", "pings")}


def test_pings_are_due_when_editions_are_made(published: CommandLine, hub: HubServer) -> None:
    listed = published.run("hub", "pings")
    assert len(listed.lines) == 9
    due, topic, at, tries, *_ = listed.columns[0]
    assert (due, topic) == ("due", f"{published.service.base_url}/feeds/all.atom")
    assert (at, tries) == (hub.url, "0")
    assert "never tried; next " in listed.lines[0]


def test_whatever_is_due_is_sent(published: CommandLine, hub: HubServer) -> None:
    sent = published.run("hub", "retry")
    assert sent.code == 0
    assert len(hub.topics) == 9
    assert {columns[0] for columns in sent.columns} == {"told"}
    assert sorted(columns[1] for columns in sent.columns) == sorted(hub.topics)
    assert states(published) == {"told"}
    assert published.run("hub", "retry").lines == []


def test_a_hub_that_fails_is_code_1_and_stands_in_the_list(
    published: CommandLine, hub: HubServer
) -> None:
    hub.manner = Manner(status=500, body=b"out of paper")
    sent = published.run("hub", "retry")
    assert sent.code == 1
    assert {columns[0] for columns in sent.columns} == {"put off"}
    assert "500 Internal Server Error: out of paper; next " in sent.out
    failing = published.results("hub", "pings", "--failed")
    assert {(ping["state"], ping["tries"]) for ping in failing} == {("retrying", 1)}
    assert "out of paper" in failing[0]["last_result"]


def test_failed_pings_are_tried_again_when_a_person_asks(
    published: CommandLine, hub: HubServer
) -> None:
    hub.manner = Manner(status=500)
    # The time to give up is so short that each first try is the last one.
    published.run("hub", "retry", "--set", "websub.give_up_after_hours=0.0000001")
    published.run("hub", "retry", "--set", "websub.give_up_after_hours=0.0000001")
    hub.manner = WELL
    hub.forget()
    retried = published.run("hub", "retry")
    assert (retried.code, len(retried.lines)) == (0, 9)
    assert "9 failed pings made due, 9 sent" in retried.talk
    assert published.run("hub", "pings", "--failed").lines == []


def test_one_feed_can_be_retried_alone(published: CommandLine, hub: HubServer) -> None:
    hub.go_down()
    # Pauses of an hour: nothing else comes due meanwhile.
    published.service.write_main({"websub": {"first_retry_seconds": 3600}})
    published.run("hub", "retry")
    hub.come_up()
    retried = published.run("hub", "retry", "--feed", "cooperation")
    assert retried.code == 0
    topics = {
        f"{published.service.base_url}/feeds/cooperation.{s}" for s in ("atom", "rss", "json")
    }
    assert set(hub.topics) == topics


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["--feed", "finanse"], "no feed 'finanse'", id="feed"),
        pytest.param(
            ["--hub", "https://hub.example.org/"],
            "no feed is announced to the hub 'https://hub.example.org/'",
            id="hub",
        ),
    ],
)
def test_a_slip_of_the_pen_is_told(
    published: CommandLine, hub: HubServer, arguments: list[str], reason: str
) -> None:
    answer = published.run("hub", "retry", *arguments)
    assert (answer.code, answer.talk) == (1, f"communique: {reason}\n")
    assert hub.topics == []


def test_our_own_hub_is_told_without_a_request_and_listed_like_the_others(
    line: CommandLine, seed: Path, hub: HubServer
) -> None:
    line.service.write_main({"own_hub": {"offered": True}})
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    own = f"{line.service.base_url}/hub"
    due = [ping for ping in line.results("hub", "pings") if ping["hub"] == own]
    assert {ping["state"] for ping in due} == {"due"}
    assert line.run("hub", "retry", "--hub", own).code == 0
    told = [ping for ping in line.results("hub", "pings") if ping["hub"] == own]
    assert len(told) == len(due) == len(hub.topics)
    said = {(ping["state"], ping["last_result"]) for ping in told}
    assert said == {("told", "to be delivered to 0")}
