"""``communique hub subscriptions``, ``suspend``, ``resume``, ``drop`` and ``verify``."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feeds.model.subscription import Mode
from tests.support.command_line import CommandLine
from tests.support.hub_books import DAY_S, HubBooks
from tests.support.subscriber import CLOSES, UNCONFIRMED, WELL, Subscriber

SECRET = "correct horse battery staple"
ELSEWHERE = "https://reader.example.net/push?of=1&of=2"


def subscribe(books: HubBooks, callback: str, **terms: Any) -> int:
    """Somebody subscribed a moment ago; says the number."""
    return books.subscribe(callback, now=datetime.now(UTC), feed="cooperation", **terms)


def states(line: CommandLine) -> dict[str, str]:
    """The states of all subscriptions, by callback."""
    return {one["callback"]: one["state"] for one in line.results("hub", "subscriptions")}


# The list


def test_who_is_subscribed_is_listed(line: CommandLine, books: HubBooks) -> None:
    number = subscribe(books, ELSEWHERE)
    listed = line.run("hub", "subscriptions")
    [(no, state, topic, callback, signed, until)] = listed.columns
    assert (no, state, callback, signed) == (str(number), "active", ELSEWHERE, "unsigned")
    assert topic == f"{line.service.base_url}/feeds/cooperation.atom"
    assert until.startswith("until ")


def test_a_secret_is_shown_to_nobody(line: CommandLine, books: HubBooks) -> None:
    subscribe(books, ELSEWHERE, secret=SECRET)
    for command in ("subscriptions", "deliveries"):
        for form in ([], ["--json"]):
            shown = line.run(*form, "hub", command)
            assert shown.code == 0
            assert ELSEWHERE in shown.out
            assert "horse" not in shown.out + shown.talk
    assert "signed" in line.run("hub", "subscriptions").columns[0]
    [record] = line.results("hub", "subscriptions")
    assert record["has_secret"] is True
    assert (record["protocol"], record["lease_seconds"]) == ("websub", DAY_S)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        pytest.param([], 3, id="all"),
        pytest.param(["--feed", "cooperation"], 2, id="feed"),
        pytest.param(["--host", "reader.example.net"], 1, id="host"),
        pytest.param(["--state", "suspended"], 1, id="suspended"),
        pytest.param(["--state", "active", "--feed", "all"], 1, id="both"),
        pytest.param(["--host", "nobody.example.net"], 0, id="none"),
    ],
)
def test_the_list_can_be_narrowed(
    line: CommandLine, books: HubBooks, arguments: list[str], count: int
) -> None:
    subscribe(books, ELSEWHERE)
    subscribe(books, "https://b.example.net/")
    books.subscribe("https://c.example.net/", now=datetime.now(UTC), feed="all")
    line.run("hub", "suspend", "https://b.example.net/")
    assert len(line.results("hub", "subscriptions", *arguments)) == count


# Suspended, and resumed


def test_who_is_suspended_stands_in_the_list_with_the_reason(
    line: CommandLine, books: HubBooks
) -> None:
    subscribe(books, ELSEWHERE)
    done = line.run("hub", "suspend", ELSEWHERE, "--reason", "asked to\npause", "--by", "Ada")
    assert done.code == 0
    assert [columns[::2] for columns in done.columns] == [["suspended", ELSEWHERE]]
    listed = line.run("hub", "subscriptions")
    assert "asked to pause (Ada)" in listed.out
    assert states(line) == {ELSEWHERE: "suspended"}
    again = line.run("hub", "suspend", ELSEWHERE)
    assert (again.code, again.lines) == (0, [])
    assert "1 subscription left as they were" in again.talk


def test_who_is_resumed_is_owed_what_came_meanwhile(line: CommandLine, books: HubBooks) -> None:
    number = subscribe(books, ELSEWHERE)
    line.run("hub", "suspend", str(number))
    books.open(5, feed="cooperation", now=datetime.now(UTC))
    assert line.run("hub", "resume", str(number)).columns[0][0] == "resumed"
    assert states(line) == {ELSEWHERE: "active"}
    [delivery] = line.results("hub", "deliveries")
    assert (delivery["state"], delivery["wanted_edition"]) == ("due", 5)


def test_a_callback_stands_for_all_its_topics_and_a_host_for_all_its_callbacks(
    line: CommandLine, books: HubBooks
) -> None:
    subscribe(books, ELSEWHERE)
    books.subscribe(ELSEWHERE, now=datetime.now(UTC), feed="all")
    subscribe(books, "https://reader.example.net/other")
    subscribe(books, "https://b.example.net/")
    assert len(line.results("hub", "suspend", ELSEWHERE)) == 2
    assert len(line.results("hub", "suspend", "--host", "reader.example.net")) == 1
    assert states(line)["https://b.example.net/"] == "active"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["https://nobody.example.net/"], id="callback"),
        pytest.param(["4711"], id="number"),
        pytest.param(["9" * 40], id="huge number"),
        pytest.param(["--host", "nobody.example.net"], id="host"),
        pytest.param([ELSEWHERE, "4711"], id="one of two"),
    ],
)
def test_a_slip_of_the_pen_changes_nothing(
    line: CommandLine, books: HubBooks, arguments: list[str]
) -> None:
    subscribe(books, ELSEWHERE)
    for command in ("suspend", "resume", "drop", "verify"):
        answer = line.run("hub", command, *arguments)
        assert (answer.code, answer.out) == (1, "")
        assert answer.talk.startswith("communique: no subscription has ")
    assert states(line) == {ELSEWHERE: "active"}


def test_nothing_is_meant_by_no_name(line: CommandLine, books: HubBooks) -> None:
    subscribe(books, ELSEWHERE)
    for command in ("suspend", "resume", "drop"):
        assert line.run("hub", command).code == 2
    assert states(line) == {ELSEWHERE: "active"}


# Dropped


def test_who_is_dropped_is_told(line: CommandLine, books: HubBooks, subscriber: Subscriber) -> None:
    callback = subscriber.url("/push?of=1")
    subscribe(books, callback, secret=SECRET)
    dropped = line.run("hub", "drop", callback, "--reason", "moved house")
    assert [columns[::2] for columns in dropped.columns] == [["dropped", callback]]
    assert states(line) == {}
    told = line.run("hub", "verify")
    assert (told.code, told.columns[0][:2]) == (0, ["told", "denied"])
    [call] = subscriber.calls
    assert (call.field("hub.mode"), call.field("hub.reason")) == ("denied", "moved house")
    assert call.field("hub.topic") == f"{line.service.base_url}/feeds/cooperation.atom"
    assert line.results("hub", "verify") == []


def test_a_renewal_on_its_way_is_dropped_too(line: CommandLine, books: HubBooks) -> None:
    subscribe(books, ELSEWHERE)
    renewal = books.ask(ELSEWHERE, feed="cooperation")
    other = books.ask("https://b.example.net/", feed="cooperation")
    line.run("hub", "drop", ELSEWHERE)
    assert not books.confirm(renewal)
    assert books.confirm(other)


# Verified


def test_requests_that_wait_are_verified(
    line: CommandLine, books: HubBooks, subscriber: Subscriber
) -> None:
    subscriber.behave("/wrong", verify=UNCONFIRMED["wrong challenge"])
    for path in ("/right", "/wrong"):
        books.ask(subscriber.url(path), feed="cooperation")
    asked = line.run("hub", "verify")
    assert asked.code == 1
    outcome = {columns[3]: columns[:2] for columns in asked.columns}
    assert outcome == {
        subscriber.url("/right"): ["confirmed", "subscribe"],
        subscriber.url("/wrong"): ["refused", "subscribe"],
    }
    assert states(line) == {subscriber.url("/right"): "active"}


def test_a_request_that_was_put_off_is_verified_now(
    line: CommandLine, books: HubBooks, subscriber: Subscriber
) -> None:
    subscriber.behave("/callback", verify=[CLOSES, WELL])
    subscribe(books, subscriber.url())
    books.ask(subscriber.url(), mode=Mode.UNSUBSCRIBE, feed="cooperation")
    assert line.run("hub", "verify").columns[0][:2] == ["put off", "unsubscribe"]
    assert line.run("hub", "verify").columns[0][:2] == ["confirmed", "unsubscribe"]
    assert states(line) == {}


def test_a_subscriber_is_asked_whether_it_still_wants_it(
    line: CommandLine, books: HubBooks, subscriber: Subscriber
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=20)
    terms: dict[str, Any] = {"feed": "cooperation", "secret": SECRET, "lease_s": DAY_S}
    books.subscribe(subscriber.url(), now=long_ago, **terms)
    [before] = line.results("hub", "subscriptions")
    asked = line.run("hub", "verify", subscriber.url())
    assert (asked.code, asked.columns[0][:2]) == (0, ["confirmed", "subscribe"])
    [after] = line.results("hub", "subscriptions")
    assert after["expires_at"] > before["expires_at"]
    kept = ("number", "since", "has_secret", "lease_seconds")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    [call] = subscriber.verifications()
    assert call.field("hub.lease_seconds") == str(DAY_S)


def test_who_does_not_confirm_any_more_stays_until_its_lease_ends(
    line: CommandLine, books: HubBooks, subscriber: Subscriber
) -> None:
    subscriber.behave("/callback", verify=UNCONFIRMED["404"])
    number = subscribe(books, subscriber.url())
    asked = line.run("hub", "verify", str(number))
    assert (asked.code, asked.columns[0][0]) == (1, "refused")
    assert states(line) == {subscriber.url(): "active"}


def test_only_a_hub_verifies(line: CommandLine, books: HubBooks) -> None:
    subscribe(books, ELSEWHERE)
    answer = line.run("hub", "verify", "--set", "own_hub.offered=false")
    assert (answer.code, answer.out) == (1, "")
    assert "own_hub.offered is false" in answer.talk
