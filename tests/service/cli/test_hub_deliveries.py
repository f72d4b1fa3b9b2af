"""``communique hub deliveries``, and ``retry`` where it concerns them."""

from datetime import UTC, datetime

import pytest

from tests.support.command_line import CommandLine
from tests.support.hub_books import HubBooks, failed, given_up
from tests.support.subscriber import Subscriber, answers

ELSEWHERE = "https://reader.example.net/push"
SECRET = "correct horse battery staple"


def now() -> datetime:
    """The clock of the command."""
    return datetime.now(UTC)


def subscribe(books: HubBooks, callback: str, **terms: str) -> int:
    """Somebody subscribed a moment ago; says the number."""
    return books.subscribe(callback, now=now(), feed="cooperation", **terms)


def fail(books: HubBooks, *numbers: int) -> None:
    """Deliveries were tried, and are to be tried again in an hour."""
    at = now()
    assert books.claim(*numbers, now=at) == set(numbers)
    books.settle(*(failed(number, at=at, retry_s=3600) for number in numbers))


def states(line: CommandLine, *arguments: str) -> dict[str, str]:
    """How deliveries stand, by callback."""
    return {one["callback"]: one["state"] for one in line.results("hub", "deliveries", *arguments)}


def waits(line: CommandLine) -> dict[str, bool]:
    """Whether the next try is in the future, by callback."""
    return {
        one["callback"]: datetime.fromisoformat(one["due_at"]) > now()
        for one in line.results("hub", "deliveries")
    }


def test_deliveries_are_listed_with_how_they_stand(line: CommandLine, books: HubBooks) -> None:
    subscribe(books, ELSEWHERE)
    [row] = line.run("hub", "deliveries").columns
    topic = f"{line.service.base_url}/feeds/cooperation.atom"
    assert row == ["delivered", topic, ELSEWHERE, "0", "-", "never tried"]
    line.run("hub", "retry")
    [row] = line.run("hub", "deliveries").columns
    assert row[0] == "due"
    assert row[-1].startswith("never tried; next ")


def test_those_that_fail_can_be_listed_alone(line: CommandLine, books: HubBooks) -> None:
    well, failing, dead = (subscribe(books, f"https://{host}.example.net/") for host in "abc")
    books.open(1, feed="cooperation", now=now())
    fail(books, failing, dead)
    later = now().replace(year=now().year + 1)
    books.claim(dead, now=later)
    books.settle(given_up(dead, at=later))
    assert states(line, "--failing") == {
        "https://b.example.net/": "retrying",
        "https://c.example.net/": "suspended",
    }
    assert states(line, "--host", "a.example.net") == {"https://a.example.net/": "due"}
    assert states(line, "--feed", "all") == {}
    assert well


def test_a_document_that_is_due_is_delivered_when_a_person_asks(
    line: CommandLine, books: HubBooks, subscriber: Subscriber
) -> None:
    subscribe(books, subscriber.url(), secret=SECRET)
    sent = line.run("hub", "retry", "--send")
    assert sent.code == 0
    told = [columns for columns in sent.columns if columns[0] == "delivered"]
    topic = f"{line.service.base_url}/feeds/cooperation.atom"
    assert [columns[1:3] for columns in told] == [[topic, subscriber.url()]]
    [call] = subscriber.deliveries()
    assert call.is_signed_with(SECRET)
    assert b"<feed" in call.body
    assert states(line) == {subscriber.url(): "delivered"}
    assert line.run("hub", "retry", "--send").lines == []
    assert len(subscriber.deliveries()) == 1


def test_failed_deliveries_are_left_to_the_service_unless_asked_for(
    line: CommandLine, books: HubBooks, subscriber: Subscriber
) -> None:
    failing = subscribe(books, subscriber.url())
    other = subscribe(books, ELSEWHERE)
    books.open(1, feed="cooperation", now=now())
    fail(books, failing, other)
    answer = line.run("hub", "retry", "--host", "127.0.0.1")
    assert (answer.code, answer.lines) == (0, [])
    assert "1 failed delivery made due, a running service makes them" in answer.talk
    assert subscriber.calls == []
    assert waits(line) == {subscriber.url(): False, ELSEWHERE: True}
    sent = line.run("hub", "retry", "--host", "127.0.0.1", "--send")
    assert (sent.code, sent.columns[0][0]) == (0, "delivered")
    assert states(line)[ELSEWHERE] == "retrying"


@pytest.mark.parametrize(
    ("status", "verdict", "state"),
    [
        pytest.param(500, "put off", {"retrying"}, id="fails"),
        pytest.param(302, "put off", {"retrying"}, id="redirects"),
        pytest.param(410, "ended", set(), id="gone"),
    ],
)
def test_a_delivery_that_fails_is_code_1(
    line: CommandLine,
    books: HubBooks,
    subscriber: Subscriber,
    status: int,
    verdict: str,
    state: set[str],
) -> None:
    subscriber.behave("/callback", deliver=answers(status))
    subscribe(books, subscriber.url())
    sent = line.run("hub", "retry", "--send")
    assert sent.code == 1
    [row] = [columns for columns in sent.columns if columns[2] == subscriber.url()]
    assert row[0] == verdict
    assert str(status) in row[3]
    assert set(states(line).values()) == state


def test_pings_to_another_hub_are_retried_without_deliveries(
    line: CommandLine, books: HubBooks
) -> None:
    number = subscribe(books, ELSEWHERE)
    books.open(1, feed="cooperation", now=now())
    fail(books, number)
    ours = f"{line.service.base_url}/hub"
    line.service.hubs = ("https://hub.invalid/",)
    line.service.write_main({"own_hub": {"offered": True}})
    line.run("hub", "retry", "--hub", "https://hub.invalid/")
    assert waits(line) == {ELSEWHERE: True}
    line.run("hub", "retry", "--hub", ours)
    assert waits(line) == {ELSEWHERE: False}


def test_only_a_hub_delivers(line: CommandLine, books: HubBooks) -> None:
    answer = line.run("hub", "retry", "--send", "--set", "own_hub.offered=false")
    assert (answer.code, answer.out) == (1, "")
