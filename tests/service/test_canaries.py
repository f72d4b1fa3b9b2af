"""Whether hubs push what they are told of, seen by a service that runs, over real sockets."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.pushing_hub import PushingHub, ask, running_pushing_hub
from tests.support.running_service import Service, document, running, wait_until

FINANCE = "Finance"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging belongs to the process: what a command sets is taken back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def hubs() -> Iterator[list[PushingHub]]:
    """Three hubs that are well."""
    with ExitStack() as stack:
        yield [stack.enter_context(running_pushing_hub()) for _ in range(3)]


def watching(folder: Path, hubs: list[PushingHub], **canary: object) -> Service:
    """A service that watches these hubs."""
    service = Service(folder=folder, hubs=tuple(hub.url for hub in hubs))
    service.write_main({"canary": {"watches": True, **canary}})
    return service


def status(service: Service) -> dict[str, dict[str, Any]]:
    """What ``hub status`` says, by hub."""
    return {one["hub"]: one for one in CommandLine(service=service).results("hub", "status")}


def all_standings(service: Service) -> dict[str, str]:
    """How each hub does."""
    return {hub: one["standing"] for hub, one in status(service).items()}


def all_seen(service: Service, hub: str) -> bool:
    """Whether all has come that was expected.

    That is one push or two: the hub may have had our subscription when it was told of the very
    first edition, before any release.
    """
    pushes = status(service)[hub]["pushes"]
    return bool(pushes["seen"] == pushes["expected"] > 0)


def test_hubs_that_push_are_slow_or_mute_are_told_apart(
    tmp_path: Path, hubs: list[PushingHub]
) -> None:
    well, slow, mute = hubs
    mute.is_mute = True
    with running(watching(tmp_path, hubs, missing_after_seconds=1)) as service:
        wait_until(lambda: all(hub.subscribers for hub in hubs))
        # A push of the first edition that is as slow would come with the second one's content.
        wait_until(lambda: status(service)[slow.url]["pings"]["accepted"] >= 1)
        slow.delay_s = 2.0
        service.drop("one.txt", document("A first release", FINANCE))
        wait_until(lambda: set(all_standings(service).values()) == {"well", "slow", "mute"})
        told = status(service)
        assert all_standings(service) == {well.url: "well", slow.url: "slow", mute.url: "mute"}
        assert told[mute.url]["words"].startswith("accepts pings, but no push ever arrived")
        assert told[well.url]["pushes"]["median_delay_s"] < 1
        assert told[slow.url]["pushes"]["worst_delay_s"] > 2
        owed = told[mute.url]["pushes"]
        assert owed["seen"] == 0
        assert owed["missing"] == owed["expected"] >= 1
        assert owed["median_delay_s"] is owed["last_arrived_at"] is None
        assert told[well.url]["pings"]["accepted"] >= 1
        assert set(well.pushed) == {204}
        assert [form["hub.topic"] for form in well.asked] == [f"{service.base_url}/feeds/all.atom"]
        line = CommandLine(service=service)
        assert f"{mute.url}  mute: accepts pings" in line.run("status").out
        secret = well.asked[0]["hub.secret"]
        shown = line.run("hub", "status").out + line.run("hub", "canary").out
        assert secret not in shown + service.log
        token = well.asked[0]["hub.callback"].rpartition("/")[2]
        assert token not in shown


def test_a_hub_that_sends_on_what_is_new_alone_is_seen_and_one_that_lost_our_secret_is_not(
    tmp_path: Path, hubs: list[PushingHub]
) -> None:
    part, forger, deaf = hubs
    part.make = lambda body: body[: len(body) // 2]
    forger.secret = lambda secret: f"not {secret}"
    deaf.is_deaf = True
    with running(watching(tmp_path, hubs)) as service:
        wait_until(lambda: part.subscribers and forger.subscribers)
        service.drop("one.txt", document("A first release", FINANCE))
        wait_until(lambda: part.pushed and forger.pushed)
        assert (set(part.pushed), set(forger.pushed)) == ({204}, {403})
        wait_until(lambda: all_seen(service, part.url))
        told = status(service)
        assert told[forger.url]["pushes"]["seen"] == 0
        assert "not signed by our secret" in told[forger.url]["canary"]["last_result"]
        assert told[deaf.url]["canary"]["state"] == "asked"
        # What the timer does can be done by hand, and at once.
        line = CommandLine(service=service)
        assert line.run("hub", "canary", "--hub", deaf.url).columns[0][:2] == ["asked", deaf.url]
        wait_until(lambda: len(deaf.asked) >= 2)
        assert status(service)[deaf.url]["standing"] == "unverified"
        assert line.run("hub", "canary", "--hub", "https://none.example/").code == 1


def test_a_denial_is_told_and_a_hub_that_is_no_longer_there_is_forgotten(
    tmp_path: Path, hubs: list[PushingHub]
) -> None:
    denying, leaving, _ = hubs
    denying.denies = "topic unwanted"
    with running(watching(tmp_path, hubs[:2])) as service:
        wait_until(lambda: leaving.subscribers)
        wait_until(lambda: all_standings(service)[denying.url] == "denied")
        assert "topic unwanted" in status(service)[denying.url]["words"]
        service.hubs = (denying.url,)
        service.write_main({"canary": {"watches": True}})
        wait_until(lambda: list(status(service)) == [denying.url])
        [callback] = leaving.subscribers
        # Without a signature it is 403 while there is a subscription.
        wait_until(lambda: ask("POST", callback, b"")[0] == 410)
        service.drop("one.txt", document("A first release", FINANCE))
        leaving.take({"hub.mode": "publish", "hub.url": f"{service.base_url}/feeds/all.atom"})
        assert leaving.pushed[-1] == 410


def test_our_own_hub_is_watched_like_any_other(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    service.write_main({"canary": {"watches": True}, "own_hub": {"offered": True}})
    ours = f"{service.base_url}/hub"
    with running(service):
        wait_until(lambda: status(service)[ours]["canary"]["state"] == "verified")
        service.drop("one.txt", document("A first release", FINANCE))
        wait_until(lambda: status(service)[ours]["standing"] == "well")
        wait_until(lambda: all_seen(service, ours))
        told = status(service)[ours]
        assert told["pushes"]["worst_delay_s"] < 5
        assert told["subscriptions"] == {"active": 1, "suspended": 0}
        # The totals are written down a moment later.
        wait_until(lambda: status(service)[ours]["deliveries"]["accepted"] >= 1)

        def are_the_same() -> bool:
            seen = status(service)[ours]["pushes"]["seen"]  # another one may have arrived
            metrics = service.get("/metrics").body.decode()
            return (
                f'communique_hub_pushes_seen_total{{hub="{ours}"}} {seen}.0\n' in metrics
                and f'communique_hub_standing{{hub="{ours}",standing="well"}} 1.0\n' in metrics
            )

        wait_until(are_the_same)  # numbers are kept for a second
