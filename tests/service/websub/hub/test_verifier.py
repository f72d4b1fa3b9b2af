"""Callbacks are asked before anything counts (WebSub 5.2, 5.3): real sockets, a real store."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import Mode
from feeds.store.database import Database
from service.websub.hub.verifier import PAUSES_S, VERIFICATIONS_PER_HOST
from tests.support.hub_at_work import HubAtWork, now
from tests.support.newsrooms import catalogue
from tests.support.running_service import wait_for_end, wait_until
from tests.support.subscriber import (
    CLOSES,
    DRIPS_BODY,
    ENDLESS,
    HANGS,
    UNCONFIRMED,
    WELL,
    Manner,
    answers,
    loopback_hosts,
    redirects,
    running_subscriber,
)

DAY_S = 86_400


def settle(hub: HubAtWork, **limits: Any) -> None:
    """Ask all callbacks that are to be asked now."""
    hub.verifications(**limits).run_until_idle()


def test_a_callback_that_repeats_the_challenge_is_subscribed(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber() as reader:
        hub.ask(reader.url("/cb?a=%C3%A9+&a"), lease_s=DAY_S, secret="geheim")
        began = now()
        settle(hub)
        [call] = reader.calls
    assert call.method == "GET"
    assert call.target.startswith("/cb?a=%C3%A9+&a&hub.mode=subscribe&")
    assert call.field("hub.topic") == hub.topic()
    assert call.field("hub.lease_seconds") == str(DAY_S)
    assert len(call.field("hub.challenge")) >= 32
    assert "geheim" not in call.target
    [held] = hub.subscriptions
    assert (held.secret, held.lease_s, held.state) == ("geheim", DAY_S, "active")
    assert began <= held.expires_at - timedelta(seconds=DAY_S) <= now()
    assert hub.pending == []
    assert (hub.tally.verifications_sent, hub.tally.verifications_confirmed) == (1, 1)


@pytest.mark.parametrize("status", [200, 201, 202, 203, 299])
def test_any_success_confirms(sqlite_database: Database, status: int) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=answers(status))
        hub.ask(reader.url("/cb"))
        settle(hub)
    assert len(hub.subscriptions) == 1


@pytest.mark.parametrize("manner", UNCONFIRMED.values(), ids=UNCONFIRMED)
def test_anything_else_does_not(sqlite_database: Database, manner: Manner) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=manner)
        hub.ask(reader.url("/cb"))
        settle(hub)
        assert len(reader.calls) == 1
    assert (hub.subscriptions, hub.pending) == ([], [])
    assert (hub.tally.verifications_sent, hub.tally.verifications_confirmed) == (1, 0)


def test_a_redirect_is_not_followed(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=redirects(reader.url("/other")))
        hub.ask(reader.url("/cb"))
        settle(hub)
        assert [call.path for call in reader.calls] == ["/cb"]
    assert hub.subscriptions == []


def test_an_endless_answer_is_not_read_on(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=ENDLESS)
        hub.ask(reader.url("/cb"))
        settle(hub, timeout_s=5.0)
        wait_until(lambda: not reader.open_connections)
        assert reader.sent_bytes("/cb") < 10_000_000
    assert (hub.subscriptions, hub.pending) == ([], [])


@pytest.mark.parametrize("manner", [HANGS, CLOSES], ids=["hangs", "closes"])
def test_a_callback_that_gives_no_answer_is_asked_twice_more(
    sqlite_database: Database, manner: Manner
) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=manner)
        hub.ask(reader.url("/cb"))
        for tries, pause_s in enumerate(PAUSES_S, start=1):
            began = now()
            settle(hub, timeout_s=0.3)
            [waiting] = hub.pending
            assert waiting.attempts == tries
            settle(hub)  # it is not asked before its time
            assert len(reader.calls) == tries
            with sqlite_database.read() as tx:
                soon, at_last = (began + timedelta(seconds=pause_s + s) for s in (-1, 2))
                assert not tx.subscriptions.due(now=soon, limit=1)
                assert tx.subscriptions.due(now=at_last, limit=1)
            with sqlite_database.transaction() as tx:
                tx.subscriptions.make_requests_due(now=now())
        settle(hub, timeout_s=0.3)
        assert len(reader.calls) == len(PAUSES_S) + 1
        challenges = {call.field("hub.challenge") for call in reader.calls}
        assert len(challenges) == len(reader.calls), "each is used once"
    assert (hub.subscriptions, hub.pending) == ([], [])


def test_an_answer_at_last_counts(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=[CLOSES, WELL])
        hub.ask(reader.url("/cb"))
        settle(hub)
        assert hub.subscriptions == []
        with sqlite_database.transaction() as tx:
            tx.subscriptions.make_requests_due(now=now())
        settle(hub)
    assert len(hub.subscriptions) == 1


def test_a_forbidden_address_is_not_tried_again(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    hub.ask("http://10.1.2.3/cb")
    settle(hub)
    assert (hub.subscriptions, hub.pending) == ([], [])


def test_the_old_state_stands_until_the_new_one_is_confirmed(database: Database) -> None:
    """WebSub 5.1: a renewal that fails changes nothing, nor does an end that is not confirmed."""
    hub = HubAtWork(database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=answers(404))
        hub.subscribe(reader.url("/cb"), secret="old", lease_s=DAY_S)
        before = hub.subscriptions
        hub.ask(reader.url("/cb"), secret="new")
        hub.ask(reader.url("/cb"), mode=Mode.UNSUBSCRIBE)
        settle(hub)
        assert hub.subscriptions == before
        reader.behave("/cb", verify=WELL)
        hub.ask(reader.url("/cb"), secret="new", lease_s=2 * DAY_S)
        settle(hub)
        [renewed] = hub.subscriptions
        assert (renewed.id, renewed.secret, renewed.lease_s) == (before[0].id, "new", 2 * DAY_S)
        hub.ask(reader.url("/cb"), mode=Mode.UNSUBSCRIBE)
        settle(hub)
        assert reader.calls[-1].field("hub.mode") == "unsubscribe"
    assert hub.subscriptions == []


def test_of_two_wishes_the_later_one_counts_whichever_is_confirmed_first(
    database: Database,
) -> None:
    hub = HubAtWork(database)
    gate = threading.Event()
    with running_subscriber() as reader, hub.verifying(timeout_s=5.0):
        reader.behave("/cb", verify=[Manner(gate=gate), WELL])
        hub.ask(reader.url("/cb"))
        reader.wait_for_verifications(1)
        hub.ask(reader.url("/cb"), mode=Mode.UNSUBSCRIBE)
        reader.wait_for_verifications(2)
        wait_until(lambda: not hub.pending)
        gate.set()
        wait_until(lambda: hub.tally.verifications_sent == 2)
    assert hub.subscriptions == []


def test_a_denial_is_told_once_whatever_the_answer(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", verify=answers(500))
        hub.ask(reader.url("/cb"), mode=Mode.DENIED, reason="it has ended")
        settle(hub)
        [call] = reader.calls
    assert (call.field("hub.mode"), call.field("hub.reason")) == ("denied", "it has ended")
    assert hub.pending == []
    assert hub.tally.verifications_sent == 0


def test_a_topic_that_is_gone_by_now_is_denied(sqlite_database: Database) -> None:
    """WebSub 5.2: never silence."""
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        hub.ask(reader.url("/cb"), feed="health", format=Format.RSS)
        hub.office.configure(catalogue(list(catalogue().categories.values())[:2]), now=now())
        settle(hub)
        [call] = reader.calls
    assert call.field("hub.mode") == "denied"
    assert "health" in call.field("hub.reason")
    assert (hub.subscriptions, hub.pending) == ([], [])


def test_twenty_that_hang_hold_up_nobody(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    ill, well = "127.0.0.1", "127.0.0.2"
    with running_subscriber(ill, well) as reader:
        for number in range(20):
            reader.behave(f"/ill/{number}", verify=HANGS if number % 2 else DRIPS_BODY)
            hub.ask(reader.url(f"/ill/{number}", ill))
        for number in range(60):
            hub.ask(reader.url(f"/well/{number}", well))
        with hub.verifying(timeout_s=30.0):
            wait_until(lambda: len(hub.subscriptions) == 60)
            asked = [call for call in reader.calls if call.host == ill]
            assert len(asked) == VERIFICATIONS_PER_HOST


def test_no_host_is_asked_more_than_a_few_times_at_once(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    gate = threading.Event()
    with running_subscriber() as reader:
        for number in range(30):
            reader.behave(f"/{number}", verify=Manner(gate=gate))
            hub.ask(reader.url(f"/{number}"))
        with hub.verifying(timeout_s=30.0):
            reader.wait_for_verifications(VERIFICATIONS_PER_HOST)
            # Another host's question comes through meanwhile, so the verifier had its chance.
            with running_subscriber("127.0.0.9") as other:
                hub.ask(other.url("/cb"))
                other.wait_for_verifications(1)
                wait_until(lambda: len(hub.subscriptions) == 1)
            assert len(reader.calls) == VERIFICATIONS_PER_HOST
            gate.set()
            wait_until(lambda: len(hub.subscriptions) == 31)


def test_those_that_gave_no_answer_stand_behind_the_others(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    dead, living = loopback_hosts(3)[:2], loopback_hosts(3)[2]
    with running_subscriber(*dead, living) as reader:
        for number, host in enumerate(dead):
            reader.behave(f"/dead/{number}", verify=HANGS)
            hub.ask(reader.url(f"/dead/{number}", host))
        settle(hub, timeout_s=0.2)
        hub.ask(reader.url("/living", living))
        with sqlite_database.transaction() as tx:
            tx.subscriptions.make_requests_due(now=now())
        with hub.verifying(at_once=1, timeout_s=30.0):
            wait_until(lambda: len(hub.subscriptions) == 1)


def test_two_processes_share_the_work(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber(*loopback_hosts(20)) as reader:
        for number in range(100):
            hub.ask(reader.url(f"/{number}", reader.hosts[number % 20]))
        with hub.verifying(), hub.verifying():
            wait_until(lambda: len(hub.subscriptions) == 100)
        assert len(reader.calls) == 100


def test_an_answer_that_comes_while_it_stops_counts(database: Database) -> None:
    """At a reload the former questions come to their end beside the new ones."""
    hub, gate = HubAtWork(database), threading.Event()
    with running_subscriber() as reader:
        reader.behave("/cb", verify=Manner(gate=gate))
        hub.ask(reader.url("/cb"))
        dispatcher = hub.verifications(timeout_s=20.0)
        thread = threading.Thread(target=dispatcher.run)
        thread.start()
        reader.wait_for_verifications(1)
        dispatcher.stop(within_s=20)
        gate.set()
        wait_for_end(thread, within_s=30)
    assert len(hub.subscriptions) == 1
    assert hub.pending == []
