"""Deliveries: the newest edition once to each, to one worker at a time, and none is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from random import Random
from typing import Any

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import Mode
from feeds.store.database import Database
from tests.support.hub_books import HubBooks, arrived, failed, given_up, gone
from tests.support.newsrooms import NOON, Office, later
from tests.support.statements import heard

OTHER = "https://other.example.net/push"


@pytest.fixture
def books(database: Database) -> HubBooks:
    """The books of a hub that nobody has subscribed at yet."""
    Office(database)
    return HubBooks(database)


@pytest.fixture
def number(books: HubBooks) -> int:
    """A subscription that nothing is owed to."""
    return books.subscribe()


def numbers(books: HubBooks, *, now: datetime = NOON, is_failing: bool = False) -> list[int]:
    """Whom something is to be sent to, in the order of the queue."""
    return [due.subscription_id for due in books.due(now=now, is_failing=is_failing)]


# What an edition owes to whom


def test_an_edition_is_owed_to_those_subscribed_to_its_topic(books: HubBooks, number: int) -> None:
    books.subscribe(feed="health")
    books.subscribe(format=Format.JSON)
    assert books.due() == []
    assert books.open(2) == 1
    [due] = books.due()
    assert (due.subscription_id, due.feed, due.format) == (number, "finance", Format.ATOM)
    assert books.state(number).state == "due"


def test_an_edition_is_opened_once(books: HubBooks, number: int) -> None:
    assert books.open(2) == 1
    assert books.open(2) == 0
    books.claim(number)
    books.settle(arrived(number, 2))
    assert books.open(2) == 0
    assert books.due() == []


def test_a_burst_of_editions_is_one_delivery(books: HubBooks, number: int) -> None:
    for edition in (2, 3, 4):
        books.open(edition, now=later(seconds=edition))
    assert numbers(books, now=later(seconds=2)) == [number]
    assert books.claim(number, now=later(seconds=5)) == {number}
    books.settle(arrived(number, 4, at=later(seconds=6)))
    state = books.state(number)
    assert (state.state, state.wanted_edition, state.delivered_edition) == ("delivered", 4, 4)
    assert state.delivered_at == later(seconds=6)


def test_an_edition_that_is_opened_while_one_is_sent_is_owed_at_once_after(
    books: HubBooks, number: int
) -> None:
    books.open(2)
    books.claim(number)
    books.open(3)
    assert books.due() == []
    books.settle(arrived(number, 2, at=later(seconds=1)))
    assert numbers(books, now=later(seconds=1)) == [number]


def test_an_edition_that_was_sent_before_it_was_opened_is_not_sent_again(
    books: HubBooks, number: int
) -> None:
    """The newest document is what is sent, and that may be newer than what was owed."""
    books.open(2)
    books.claim(number)
    books.settle(arrived(number, 3))
    assert books.open(3) == 0
    assert books.due() == []


def test_an_edition_that_is_opened_while_it_is_sent_is_not_sent_again(
    books: HubBooks, number: int
) -> None:
    books.open(2)
    books.claim(number)
    books.open(3)
    books.settle(arrived(number, 3))
    assert books.state(number).state == "delivered"


def test_an_edition_that_is_not_there_is_not_sent_for_ever(books: HubBooks, number: int) -> None:
    """A store restored in parts may owe what nobody has."""
    books.open(9)
    for at in (later(seconds=1), later(seconds=2)):
        assert books.claim(number, now=at) == {number}
        books.settle(arrived(number, 2, at=at))
    assert numbers(books, now=later(hours=1)) == []
    assert books.open(10) == 1


def test_who_came_before_the_hub_was_told_of_an_edition_gets_it(
    database: Database, books: HubBooks
) -> None:
    Office(database).publish()
    number = books.subscribe()
    assert books.open(1) == 1
    assert numbers(books) == [number]


def test_those_who_wait_longest_come_first(books: HubBooks) -> None:
    late, early = books.subscribe(), books.subscribe(OTHER, feed="health")
    books.open(2, feed="health")
    books.open(2, now=later(seconds=1))
    assert numbers(books, now=later(seconds=1)) == [early, late]


def test_what_is_due_can_leave_out_hosts_and_end_early(books: HubBooks) -> None:
    mine, other, third = books.subscribe(), books.subscribe(OTHER), books.subscribe(OTHER + "/2")
    books.open(2)
    with books.database.read() as tx:
        due = tx.deliveries.due
        busy = due(now=NOON, limit=9, without_hosts=["other.example.net"])
        assert [one.subscription_id for one in busy] == [mine]
        assert [one.subscription_id for one in due(now=NOON, limit=2)] == [mine, other]
        assert (
            due(now=NOON, limit=9, without_hosts=["reader.example.com", "other.example.net"]) == []
        )
    assert third > other


# Failures


def test_a_failure_waits_for_its_pause_among_those_that_fail(books: HubBooks, number: int) -> None:
    books.open(2)
    books.claim(number)
    books.settle(failed(number, at=later(seconds=1)))
    books.claim(number, now=later(seconds=31))
    books.settle(failed(number, at=later(seconds=32), retry_s=60))
    assert numbers(books, now=later(days=1)) == []
    assert numbers(books, now=later(seconds=91), is_failing=True) == []
    [due] = books.due(now=later(seconds=92), is_failing=True)
    assert (due.attempts, due.first_failed_at) == (2, later(seconds=1))
    state = books.state(number)
    assert (state.state, state.last_result, state.last_took_ms) == ("retrying", "500", 5)
    assert state.last_try_at == later(seconds=32)


def test_a_new_edition_leaves_a_failing_subscriber_its_pause(books: HubBooks, number: int) -> None:
    books.open(2)
    books.claim(number)
    books.settle(failed(number, retry_s=3600))
    assert books.open(3) == 1
    assert numbers(books) == numbers(books, is_failing=True) == []
    [due] = books.due(now=later(hours=1), is_failing=True)
    assert due.attempts == 1


def test_an_edition_during_a_try_that_fails_waits_with_it(books: HubBooks, number: int) -> None:
    books.open(2)
    books.claim(number)
    books.open(3)
    books.settle(failed(number))
    assert numbers(books, now=later(seconds=30), is_failing=True) == [number]
    books.claim(number, now=later(seconds=30))
    books.settle(arrived(number, 3, at=later(seconds=31)))
    state = books.state(number)
    assert (state.state, state.attempts, state.delivered_edition) == ("delivered", 0, 3)


def test_who_took_something_is_not_failing_any_more(books: HubBooks, number: int) -> None:
    books.open(2)
    books.claim(number)
    books.settle(failed(number))
    books.claim(number, now=later(seconds=30))
    books.settle(arrived(number, 2, at=later(seconds=31)))
    books.open(3, now=later(minutes=1))
    [due] = books.due(now=later(minutes=1))
    assert (due.attempts, due.first_failed_at) == (0, None)


def test_one_given_up_is_suspended_with_the_reason(books: HubBooks, number: int) -> None:
    books.open(2)
    books.claim(number)
    books.settle(failed(number))
    books.claim(number, now=later(hours=1))
    assert books.settle(given_up(number, at=later(hours=1))) == {number}
    state = books.state(number)
    assert (state.state, state.due_at) == ("suspended", None)
    assert state.subscription.suspended_at == later(hours=1)
    assert state.subscription.suspended_because == "500 for 3 days"
    assert books.open(3) == 0


@pytest.fixture
def given_up_one(books: HubBooks, number: int) -> int:
    """A subscription that the hub has suspended, after an hour of failures."""
    books.open(2)
    books.claim(number)
    books.settle(failed(number))
    books.claim(number, now=later(hours=1))
    books.settle(given_up(number, at=later(hours=1)))
    return number


def test_one_given_up_is_tried_once_with_each_new_edition(
    books: HubBooks, given_up_one: int
) -> None:
    """WebSub 7: the hub goes on trying at each new update, until the lease ends."""
    number = given_up_one
    assert books.due(now=later(hours=2), is_failing=True) == []
    for edition in (3, 4):
        moment = later(hours=edition)
        books.open(edition, now=moment)
        assert books.due(now=moment) == []
        [due] = books.due(now=moment, is_failing=True)
        assert due.is_suspended
        assert books.claim(number, now=moment) == {number}
        assert books.settle(given_up(number, at=moment)) == {number}
        assert books.due(now=later(days=20), is_failing=True) == []
        assert books.state(number).subscription.suspended_at == later(hours=1)


def test_an_edition_that_comes_out_during_the_one_try_has_one_of_its_own(
    books: HubBooks, given_up_one: int
) -> None:
    number, moment = given_up_one, later(hours=3)
    books.open(3, now=moment)
    books.claim(number, now=moment)
    books.open(4, now=moment)
    books.settle(given_up(number, at=moment)._replace(tried_edition=3))
    assert numbers(books, now=moment, is_failing=True) == [number]
    books.claim(number, now=moment)
    books.settle(given_up(number, at=moment)._replace(tried_edition=4))
    assert numbers(books, now=later(days=20), is_failing=True) == []


def test_one_given_up_that_takes_an_edition_is_well_again(
    books: HubBooks, given_up_one: int
) -> None:
    number, moment = given_up_one, later(hours=3)
    books.open(3, now=moment)
    books.claim(number, now=moment)
    assert books.settle(arrived(number, 3, at=moment, is_well_again=True)) == {number}
    state = books.state(number)
    assert (state.state, state.attempts, state.subscription.state) == ("delivered", 0, "active")
    assert state.subscription.suspended_because is None
    assert books.open(4, now=moment) == 1


def test_one_that_an_operator_suspends_is_left_alone_whatever_came_before(
    books: HubBooks, given_up_one: int
) -> None:
    number = given_up_one
    books.open(3, now=later(hours=2))
    with books.database.transaction() as tx:
        tx.subscriptions.suspend([number], now=later(hours=2), because="by hand")
    books.open(4, now=later(hours=3))
    assert books.due(now=later(days=1), is_failing=True) == books.due(now=later(days=1)) == []
    assert books.state(number).subscription.suspended_because == "by hand"


def test_one_that_wants_nothing_more_is_forgotten(books: HubBooks, number: int) -> None:
    other = books.subscribe(OTHER)
    books.open(2)
    books.claim(number, other)
    assert books.settle(gone(number), arrived(other, 2)) == {number, other}
    with books.database.read() as tx:
        assert [state.subscription.id for state in tx.deliveries.listed()] == [other]


# Claims


def test_a_delivery_goes_to_the_first_that_claims_it(books: HubBooks, number: int) -> None:
    other = books.subscribe(OTHER)
    books.open(2)
    assert books.claim(number, worker="one") == {number}
    assert books.claim(number, other, worker="two") == {other}
    assert books.claim(worker="two") == set()
    assert books.due() == []
    assert books.state(number).state == "sending"


def test_what_is_not_due_cannot_be_claimed(books: HubBooks, number: int) -> None:
    assert books.claim(number) == set()
    books.open(2, now=later(seconds=1))
    assert books.claim(number) == set()


@pytest.mark.parametrize("late", [arrived, lambda number, _: failed(number)])
def test_a_claim_that_ran_out_goes_to_another_and_its_result_is_ignored(
    books: HubBooks, number: int, late: Callable[[int, int], object]
) -> None:
    books.open(2)
    books.claim(number, worker="one")
    assert numbers(books, now=later(seconds=59)) == []
    assert numbers(books, now=later(seconds=60)) == [number]
    assert books.claim(number, worker="two", now=later(seconds=60)) == {number}
    assert books.settle(late(number, 2), worker="one") == set()  # type: ignore[arg-type]
    assert books.state(number).state == "sending"
    assert books.settle(arrived(number, 2), worker="two") == {number}
    assert books.settle(late(number, 2), worker="one") == set()  # type: ignore[arg-type]
    assert books.state(number).state == "delivered"


@pytest.mark.parametrize("late", [gone, given_up])
def test_a_late_result_neither_ends_nor_suspends(
    books: HubBooks, number: int, late: Callable[[int], object]
) -> None:
    books.open(2)
    books.claim(number, worker="one")
    books.settle(failed(number), worker="one")
    books.claim(number, worker="one", now=later(minutes=1))
    books.claim(number, worker="two", now=later(minutes=2))
    assert books.settle(late(number), worker="one") == set()  # type: ignore[arg-type]
    assert books.state(number).state == "sending"


def test_a_result_for_a_subscription_that_ended_meanwhile_is_forgotten(
    books: HubBooks, number: int
) -> None:
    books.open(2)
    books.claim(number)
    with books.database.transaction() as tx:
        tx.subscriptions.end([number])
    assert books.settle(arrived(number, 2)) == set()


# By hand


def test_failed_deliveries_are_due_at_once_when_somebody_asks(books: HubBooks) -> None:
    failing, under_way, other = (
        books.subscribe(),
        books.subscribe(OTHER),
        books.subscribe(OTHER + "2"),
    )
    health = books.subscribe(feed="health")
    fine = books.subscribe(OTHER + "3")
    books.open(2)
    books.open(2, feed="health")
    books.claim(failing, under_way, other, health)
    books.settle(failed(failing), failed(other), failed(health))
    with books.database.transaction() as tx:
        assert tx.deliveries.retry(now=NOON, feed="finance", host="reader.example.com") == 1
    assert numbers(books, is_failing=True) == [failing]
    with books.database.transaction() as tx:
        assert tx.deliveries.retry(now=NOON) == 2
    assert numbers(books, is_failing=True) == [failing, other, health]
    assert numbers(books) == [fine]
    [due, *_] = books.due(is_failing=True)
    assert due.attempts == 1


def test_subscribers_are_listed_and_counted_by_how_they_stand(books: HubBooks) -> None:
    fine, due, sending, retrying, suspended = (
        books.subscribe(f"https://{host}.example.net/") for host in "abcde"
    )
    books.open(2)
    books.claim(fine, sending, retrying)
    books.settle(arrived(fine, 2), failed(retrying))
    with books.database.transaction() as tx:
        tx.subscriptions.suspend([suspended], now=NOON, because="by hand")
    with books.database.read() as tx:
        listed = {one.subscription.id: one.state for one in tx.deliveries.listed(feed="finance")}
        of_host = tx.deliveries.listed(host="b.example.net")
        counted = tx.deliveries.counted()
        assert tx.deliveries.listed(feed="health") == []
    assert listed == {
        fine: "delivered",
        due: "due",
        sending: "sending",
        retrying: "retrying",
        suspended: "suspended",
    }
    assert [one.subscription.id for one in of_host] == [due]
    assert counted == dict.fromkeys(listed.values(), 1)


# Many at once


def test_claims_and_results_of_many_are_a_statement_each(books: HubBooks) -> None:
    ids = [books.subscribe(f"https://reader.example.com/{n}") for n in range(30)]
    books.open(2)
    rows = list[int]()

    def hear(_driver: object, text: str, given: Any, is_many: bool) -> None:
        if text.startswith("UPDATE"):
            rows.append(len(given) if is_many else 1)

    with books.database.unsynced() as tx, heard(tx.connection, hear):
        tx.deliveries.claim(ids, worker="one", now=NOON, until=later(minutes=1))
        results = [*(arrived(one, 2) for one in ids[:20]), *(failed(one) for one in ids[20:])]
        tx.deliveries.complete(results, worker="one")
    assert rows == [1, 1, 1]
    states = [books.state(number).state for number in ids]
    assert states == ["delivered"] * 20 + ["retrying"] * 10


def test_results_of_several_editions_and_texts_are_told_apart(books: HubBooks) -> None:
    ids = [books.subscribe(f"https://reader.example.com/{n}") for n in range(4)]
    books.open(3)
    books.claim(*ids)
    first, second, third, fourth = ids
    settled = books.settle(
        arrived(first, 2, at=later(seconds=1))._replace(result="200", took_ms=1),
        arrived(second, 3, at=later(seconds=2))._replace(result="202", took_ms=2),
        failed(third, at=later(seconds=3))._replace(result='"no"', took_ms=3),
        failed(fourth, at=later(seconds=4), retry_s=60)._replace(result="no: 'ü'", took_ms=4),
    )
    assert settled == set(ids)
    states = [books.state(number) for number in ids]
    assert [(one.last_result, one.last_took_ms, one.last_try_at) for one in states] == [
        ("200", 1, later(seconds=1)),
        ("202", 2, later(seconds=2)),
        ('"no"', 3, later(seconds=3)),
        ("no: 'ü'", 4, later(seconds=4)),
    ]
    assert [one.due_at for one in states] == [
        later(seconds=1), None, later(seconds=33), later(seconds=64)
    ]  # fmt: skip


SUBSCRIBERS = 120
WORKERS = 4
EDITIONS = 12


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for workers that know nothing of each other."""
    with ThreadPoolExecutor(WORKERS + 2) as threads:
        yield threads


def test_each_delivery_goes_to_one_of_the_workers_that_claim_at_once(
    books: HubBooks, pool: ThreadPoolExecutor
) -> None:
    everybody = {books.subscribe(f"https://reader.example.com/{n}") for n in range(SUBSCRIBERS)}
    books.open(2)

    def claim_all(worker: int) -> set[int]:
        order = sorted(everybody)
        Random(worker).shuffle(order)
        taken: set[int] = set()
        for start in range(0, len(order), 10):
            taken |= books.claim(*order[start : start + 10], worker=str(worker))
        return taken

    shares = list(pool.map(claim_all, range(WORKERS)))
    assert sum(len(share) for share in shares) == len(everybody)
    assert set().union(*shares) == everybody


def test_nothing_is_lost_while_editions_come_and_subscribers_renew_fail_and_leave(
    books: HubBooks, pool: ThreadPoolExecutor
) -> None:
    """All that touches the same rows, at the same time and in any order: none fails or waits."""
    callbacks = [f"https://reader.example.com/{n}" for n in range(SUBSCRIBERS)]
    for callback in callbacks:
        books.subscribe(callback)
    leavers = callbacks[: SUBSCRIBERS // 4]

    def work(worker: int) -> None:
        random_fraction = Random(worker)
        name, now = str(worker), later(hours=1)
        while due := books.due(now=now) + books.due(now=now, is_failing=True):
            chosen = random_fraction.sample(due, min(len(due), 20))
            ids = [one.subscription_id for one in chosen]
            taken = list(books.claim(*ids, worker=name, now=now, for_s=3600))
            random_fraction.shuffle(taken)
            newest = newest_edition[0]
            books.settle(
                *(
                    failed(one, at=later(minutes=1))
                    if random_fraction.random() < 0.3
                    else arrived(one, newest)
                    for one in taken
                ),
                worker=name,
            )

    newest_edition = [1]

    def publish() -> None:
        for edition in range(2, 2 + EDITIONS):
            newest_edition[0] = edition
            books.open(edition)

    def renew_and_leave() -> None:
        for callback in leavers:
            books.subscribe(callback)
            assert books.confirm(books.ask(callback, mode=Mode.UNSUBSCRIBE))
            with books.database.transaction() as tx:
                tx.subscriptions.end_expired(now=NOON)

    first = [pool.submit(publish), pool.submit(renew_and_leave)]
    workers = [pool.submit(work, worker) for worker in range(WORKERS)]
    for job in first + workers:
        job.result(timeout=60)
    work(WORKERS)
    with books.database.read() as tx:
        states = tx.deliveries.listed()
    assert len(states) == SUBSCRIBERS - len(leavers)
    assert {(one.delivered_edition, one.state) for one in states} == {(1 + EDITIONS, "delivered")}
