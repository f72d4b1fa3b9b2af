"""Subscriptions: the latest request that was confirmed counts, whatever order they come in."""

from itertools import pairwise
from threading import Thread

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import Mode, PushProtocol
from feeds.store.database import Database
from tests.support.hub_books import CALLBACK, DAY_S, HubBooks, arrived, failed, given_up
from tests.support.newsrooms import NOON, Office, later

OTHER = "https://other.example.net/push"


@pytest.fixture
def books(database: Database) -> HubBooks:
    """The books of a hub that nobody has subscribed at yet."""
    Office(database)
    return HubBooks(database)


def pending(books: HubBooks) -> list[int]:
    """The numbers of the requests that wait."""
    with books.database.read() as tx:
        return [one.id for one in tx.subscriptions.pending()]


# Requests


def test_a_request_waits_as_it_was_given_and_is_no_subscription(books: HubBooks) -> None:
    asked = books.ask(secret="geheim", lease_s=1234, client="192.0.2.7", wire=PushProtocol.RSSCLOUD)
    with books.database.read() as tx:
        assert tx.subscriptions.pending() == [asked]
        assert tx.subscriptions.due(now=NOON, limit=10) == [asked]
        assert tx.subscriptions.listed() == []
    assert books.open(2) == 0


def test_requests_are_counted_by_host_and_left_out_by_host(books: HubBooks) -> None:
    first, second, third = books.ask(), books.ask(OTHER), books.ask()
    with books.database.read() as tx:
        assert tx.subscriptions.pending_count() == 3
        assert tx.subscriptions.pending_count(host="reader.example.com") == 2
        busy = ["reader.example.com"]
        due = tx.subscriptions.due(now=NOON, limit=10, without_hosts=busy)
        assert [one.id for one in due] == [second.id]
        some = tx.subscriptions.due(now=NOON, limit=2)
        assert [one.id for one in some] == [first.id, second.id]
    assert third.id > second.id > first.id


def test_a_request_is_claimed_by_one_worker_until_its_time_is_over(books: HubBooks) -> None:
    asked = books.ask()
    with books.database.transaction() as tx:
        claim = tx.subscriptions.claim_requests
        assert claim([asked.id], worker="one", now=NOON, until=later(seconds=30)) == {asked.id}
        assert claim([asked.id], worker="two", now=NOON, until=later(seconds=30)) == set()
        assert tx.subscriptions.due(now=later(seconds=29), limit=10) == []
        at = later(seconds=30)
        assert claim([asked.id], worker="two", now=at, until=later(seconds=60)) == {asked.id}


def test_a_request_without_an_answer_is_asked_again_later(books: HubBooks) -> None:
    asked = books.ask()
    with books.database.transaction() as tx:
        tx.subscriptions.claim_requests([asked.id], worker="one", now=NOON, until=later(hours=1))
        tx.subscriptions.postpone(asked.id, until=later(seconds=5))
    with books.database.read() as tx:
        assert tx.subscriptions.due(now=later(seconds=4), limit=10) == []
        [again] = tx.subscriptions.due(now=later(seconds=5), limit=10)
    assert again.attempts == 1


def test_all_callbacks_can_be_asked_now_but_those_that_are_being_asked(books: HubBooks) -> None:
    put_off, held = books.ask(), books.ask(OTHER)
    with books.database.transaction() as tx:
        tx.subscriptions.postpone(put_off.id, until=later(hours=1))
        tx.subscriptions.claim_requests([held.id], worker="one", now=NOON, until=later(hours=1))
        assert tx.subscriptions.make_requests_due(now=NOON) == 1
        assert [one.id for one in tx.subscriptions.due(now=NOON, limit=10)] == [put_off.id]


def test_a_number_is_never_given_twice(books: HubBooks) -> None:
    first = books.ask()
    with books.database.transaction() as tx:
        tx.subscriptions.drop_requests([first.id])
    assert books.ask().id > first.id


# What a confirmation does


def test_a_confirmed_request_is_a_subscription_on_its_terms(books: HubBooks) -> None:
    number = books.subscribe(secret="geheim", lease_s=DAY_S, now=later(seconds=3))
    assert pending(books) == []
    with books.database.read() as tx:
        held = tx.subscriptions.get(number)
        assert tx.subscriptions.topics() == [("finance", Format.ATOM)]
    assert held is not None
    assert (held.callback, held.host, held.secret) == (CALLBACK, "reader.example.com", "geheim")
    assert (held.since, held.expires_at) == (later(seconds=3), later(days=1, seconds=3))
    assert held.state == "active"


def test_callbacks_that_differ_in_their_query_are_two(books: HubBooks) -> None:
    assert books.subscribe(CALLBACK) != books.subscribe(CALLBACK + "&too")


def test_the_old_terms_stand_until_the_new_ones_are_confirmed(books: HubBooks) -> None:
    number = books.subscribe(secret="old", now=NOON)
    renewal = books.ask(secret=None, lease_s=2 * DAY_S)
    with books.database.read() as tx:
        held = tx.subscriptions.get(number)
        assert held is not None
        assert (held.secret, held.expires_at) == ("old", later(days=1))
    books.confirm(renewal, now=later(hours=1))
    with books.database.read() as tx:
        [held] = tx.subscriptions.listed()
    assert (held.id, held.secret, held.since) == (number, None, NOON)
    assert (held.confirmed_at, held.expires_at) == (later(hours=1), later(days=2, hours=1))


def test_a_renewal_that_is_not_confirmed_changes_nothing(books: HubBooks) -> None:
    number = books.subscribe(secret="old")
    renewal = books.ask(secret="new")
    with books.database.transaction() as tx:
        tx.subscriptions.drop_requests([renewal.id])
        held = tx.subscriptions.get(number)
    assert held is not None
    assert held.secret == "old"


def test_an_unsubscription_counts_once_confirmed(books: HubBooks) -> None:
    number = books.subscribe()
    leaving = books.ask(mode=Mode.UNSUBSCRIBE)
    assert books.open(2) == 1
    assert books.confirm(leaving)
    with books.database.read() as tx:
        assert tx.subscriptions.get(number) is None
        assert tx.deliveries.listed() == []
    assert books.open(3) == 0


def test_an_unsubscription_of_nothing_is_fine(books: HubBooks) -> None:
    assert books.confirm(books.ask(mode=Mode.UNSUBSCRIBE))
    assert pending(books) == []


def test_the_subscriptions_of_a_topic_have_numbers_near_each_other(books: HubBooks) -> None:
    """Rows lie in that order on SQLite: an edition reads few pages, and not one for each."""
    topics = ("finance", "health", "finance", "health", "cooperation", "finance")
    numbers = {
        books.subscribe(f"https://reader.example.com/{n}", feed=slug): slug
        for n, slug in enumerate(topics)
    }
    in_order = [numbers[number] for number in sorted(numbers)]
    borders = [slug for slug, after in pairwise(in_order) if slug != after]
    assert len(borders) == len(set(topics)) - 1


def test_a_subscription_has_no_number_that_another_one_had(books: HubBooks) -> None:
    first = books.subscribe()
    with books.database.transaction() as tx:
        tx.subscriptions.end([first])
    assert books.subscribe() != first


# The order of requests


def test_an_older_renewal_confirmed_late_does_not_count(books: HubBooks) -> None:
    older, newer = books.ask(secret="older"), books.ask(secret="newer")
    assert books.confirm(newer)
    assert not books.confirm(older)
    with books.database.read() as tx:
        assert [held.secret for held in tx.subscriptions.listed()] == ["newer"]


def test_a_subscription_that_was_ended_is_not_raised_by_an_older_request(books: HubBooks) -> None:
    books.subscribe()
    older, leaving = books.ask(), books.ask(mode=Mode.UNSUBSCRIBE)
    assert books.confirm(leaving)
    assert pending(books) == []
    assert not books.confirm(older)
    with books.database.read() as tx:
        assert tx.subscriptions.listed() == []


def test_an_older_unsubscription_confirmed_late_ends_nothing(books: HubBooks) -> None:
    leaving, coming = books.ask(mode=Mode.UNSUBSCRIBE), books.ask()
    assert books.confirm(coming)
    assert not books.confirm(leaving)
    with books.database.read() as tx:
        assert len(tx.subscriptions.listed()) == 1


def test_a_confirmation_leaves_later_requests_and_those_of_others_alone(books: HubBooks) -> None:
    of_other, of_json = books.ask(OTHER), books.ask(format=Format.JSON)
    first, later_one = books.ask(), books.ask(mode=Mode.UNSUBSCRIBE)
    assert books.confirm(first)
    assert pending(books) == [of_other.id, of_json.id, later_one.id]
    assert books.confirm(later_one)
    with books.database.read() as tx:
        assert tx.subscriptions.listed() == []


def test_a_request_takes_effect_once(books: HubBooks) -> None:
    asked = books.ask()
    assert books.confirm(asked)
    assert not books.confirm(asked, now=later(hours=1))


def test_of_requests_confirmed_at_once_the_latest_counts(books: HubBooks) -> None:
    for turn in range(5):
        callback = f"https://reader.example.com/{turn}"
        modes = [Mode.SUBSCRIBE, Mode.UNSUBSCRIBE] * 4 + [Mode.SUBSCRIBE]
        asked = [
            books.ask(callback, mode=mode, secret=str(number)) for number, mode in enumerate(modes)
        ]
        threads = [Thread(target=books.confirm, args=(one,)) for one in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with books.database.read() as tx:
            [held] = tx.subscriptions.listed(callback=callback)
        assert held.secret == "8"
    assert pending(books) == []


# Renewal and deliveries


def test_a_renewal_sends_at_once_what_a_failing_subscriber_is_owed(books: HubBooks) -> None:
    number = books.subscribe()
    books.open(2)
    books.claim(number)
    books.settle(failed(number, retry_s=3600))
    books.subscribe(now=later(seconds=1))
    [due] = books.due(now=later(seconds=1))
    assert (due.subscription_id, due.attempts, due.first_failed_at) == (number, 0, None)


def test_a_renewal_leaves_what_is_being_sent_to_its_worker(books: HubBooks) -> None:
    number = books.subscribe()
    books.open(2)
    books.claim(number)
    books.subscribe(secret="new", now=later(seconds=1))
    assert books.due(now=later(seconds=1)) == []
    assert books.claim(number, worker="two", now=later(seconds=1)) == set()
    assert books.settle(arrived(number, 2)) == {number}
    assert books.state(number).state == "delivered"


def test_who_renews_while_the_last_try_fails_is_not_suspended(books: HubBooks) -> None:
    number = books.subscribe()
    books.open(2)
    books.claim(number)
    books.settle(failed(number))
    books.claim(number, now=later(days=3))
    books.subscribe(now=later(days=3), lease_s=30 * DAY_S)
    books.settle(given_up(number, at=later(days=3)))
    state = books.state(number)
    assert (state.state, state.attempts, state.due_at) == ("retrying", 1, later(days=3))


# Suspension


def test_nothing_is_sent_to_who_is_suspended(books: HubBooks) -> None:
    number, other = books.subscribe(), books.subscribe(OTHER)
    books.open(2)
    with books.database.transaction() as tx:
        assert tx.subscriptions.suspend([number], now=NOON, because="by hand") == 1
        assert tx.subscriptions.suspend([number], now=NOON, because="again") == 0
        held = tx.subscriptions.get(number)
        assert tx.subscriptions.counted() == {
            ("finance", Format.ATOM, "active"): 1,
            ("finance", Format.ATOM, "suspended"): 1,
        }
    assert held is not None
    assert (held.state, held.suspended_because) == ("suspended", "by hand")
    assert [due.subscription_id for due in books.due()] == [other]
    assert books.open(3) == 1


@pytest.mark.parametrize("way", ["resumed", "renewed"])
def test_who_is_back_gets_the_newest_of_what_was_missed(books: HubBooks, way: str) -> None:
    number = books.subscribe()
    with books.database.transaction() as tx:
        tx.subscriptions.suspend([number], now=NOON, because="by hand")
    books.open(2)
    books.open(3)
    assert books.due() == []
    if way == "renewed":
        books.subscribe(now=later(hours=1))
    else:
        with books.database.transaction() as tx:
            assert tx.subscriptions.resume([number], now=later(hours=1)) == 1
    assert [due.subscription_id for due in books.due(now=later(hours=1))] == [number]
    assert books.state(number).wanted_edition == 3


def test_who_missed_nothing_is_sent_nothing_when_resumed(books: HubBooks) -> None:
    number = books.subscribe()
    with books.database.transaction() as tx:
        tx.subscriptions.suspend([number], now=NOON, because="by hand")
        tx.subscriptions.resume([number], now=NOON)
    assert books.due() == []
    assert books.state(number).state == "delivered"


def test_to_resume_who_is_not_suspended_changes_no_pause(books: HubBooks) -> None:
    number = books.subscribe()
    books.open(2)
    books.claim(number)
    books.settle(failed(number))
    with books.database.transaction() as tx:
        assert tx.subscriptions.resume([number], now=NOON) == 0
    assert books.state(number).due_at == later(seconds=30)


def test_what_is_under_way_to_who_is_suspended_changes_nothing(books: HubBooks) -> None:
    number = books.subscribe()
    books.open(2)
    books.claim(number)
    with books.database.transaction() as tx:
        tx.subscriptions.suspend([number], now=NOON, because="by hand")
    assert books.settle(failed(number)) == set()
    assert books.state(number).state == "suspended"
    assert books.due(now=later(hours=1), is_failing=True) == []


# The end of a lease, of a feed, of a worker


def test_nothing_is_sent_when_the_lease_is_over(books: HubBooks) -> None:
    number = books.subscribe(lease_s=60)
    books.open(2, now=later(seconds=59))
    assert books.due(now=later(seconds=60)) == []
    assert books.open(3, now=later(seconds=60)) == 0
    with books.database.transaction() as tx:
        assert tx.subscriptions.end_expired(now=later(seconds=59)) == []
        assert [one.id for one in tx.subscriptions.end_expired(now=later(seconds=60))] == [number]
        assert tx.subscriptions.listed() == []
        assert tx.deliveries.listed() == []


def test_a_feed_that_is_renamed_takes_everything_along(books: HubBooks) -> None:
    number = books.subscribe(secret="geheim")
    waiting = books.ask(OTHER)
    books.open(2)
    with books.database.transaction() as tx:
        tx.feeds.rename("finance", "money")
    [due] = books.due()
    assert (due.subscription_id, due.feed, due.secret) == (number, "money", "geheim")
    books.claim(number)
    books.settle(arrived(number, 2))
    assert books.open(2, feed="money") == 0
    assert books.open(3, feed="money") == 1
    with books.database.read() as tx:
        [moved] = tx.subscriptions.pending()
    assert (moved.id, moved.request.feed) == (waiting.id, "money")
    assert books.confirm(moved)
    assert books.open(4, feed="money") == 2


def test_a_request_confirmed_just_after_its_feed_was_renamed_is_not_lost(books: HubBooks) -> None:
    """The callback was asked under the former slug, and answers now."""
    asked = books.ask()
    with books.database.transaction() as tx:
        tx.feeds.rename("finance", "money")
    assert books.confirm(asked)
    with books.database.read() as tx:
        [held] = tx.subscriptions.listed()
    assert held.feed == "money"


def test_a_feed_that_ended_keeps_its_subscribers_for_the_day_it_comes_back(books: HubBooks) -> None:
    number = books.subscribe()
    books.open(2)
    with books.database.transaction() as tx:
        tx.feeds.end(["finance"], now=NOON)
    assert books.due(now=later(hours=1)) == []
    with books.database.transaction() as tx:
        tx.feeds.begin({"finance": "urn:uuid:new"}, now=later(hours=1))
    assert books.open(3, now=later(hours=1)) == 1
    assert [due.subscription_id for due in books.due(now=later(hours=1))] == [number]


def test_what_a_dead_worker_held_is_free_again(books: HubBooks) -> None:
    asked, number = books.ask(OTHER), books.subscribe()
    books.open(2)
    books.claim(number)
    with books.database.transaction() as tx:
        tx.subscriptions.claim_requests([asked.id], worker="one", now=NOON, until=later(hours=1))
        tx.subscriptions.release_claims(now=later(seconds=1))
        assert [one.id for one in tx.subscriptions.due(now=later(seconds=1), limit=9)] == [asked.id]
    assert [due.subscription_id for due in books.due(now=later(seconds=1))] == [number]
    assert books.settle(arrived(number, 2)) == set()


def test_a_worker_that_stops_frees_what_it_held_and_no_more(books: HubBooks) -> None:
    mine, other = books.subscribe(), books.subscribe(OTHER)
    books.open(2)
    books.claim(mine, worker="one")
    books.claim(other, worker="two")
    with books.database.transaction() as tx:
        tx.subscriptions.release_claims(now=later(seconds=1), worker="one")
    assert [due.subscription_id for due in books.due(now=later(seconds=1))] == [mine]


# Lists


def test_subscriptions_are_listed_by_what_is_asked_for(books: HubBooks) -> None:
    mine, other = books.subscribe(), books.subscribe(OTHER)
    health = books.subscribe(feed="health")
    with books.database.read() as tx:
        listed = tx.subscriptions.listed
        assert [one.id for one in listed()] == [other, mine, health]
        assert [one.id for one in listed(feed="finance")] == [other, mine]
        assert [one.id for one in listed(host="other.example.net")] == [other]
        assert [one.id for one in listed(callback=CALLBACK)] == [mine, health]
        assert tx.subscriptions.get(999) is None
