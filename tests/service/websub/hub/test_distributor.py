"""Documents are delivered to those subscribed to them (WebSub 7, 8): real sockets, a real store."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from feeds.model.feed import Format
from feeds.store.database import Database
from service.websub import RetryPlan
from service.websub.publisher import spread_of
from tests.support.hub_at_work import AGENT, PATIENT, HubAtWork, now
from tests.support.newsrooms import SITE
from tests.support.running_service import wait_until
from tests.support.set_clock import Clock
from tests.support.subscriber import (
    CLOSES,
    DRIPS_BODY,
    DRIPS_HEAD,
    ENDLESS,
    HANGS,
    WELL,
    Manner,
    answers,
    loopback_hosts,
    redirects,
    running_subscriber,
)

#: Tried again as soon as the store is looked at.
EAGER = RetryPlan(first_s=0.05, longest_s=0.05, give_up_after_s=3600)


def settle(hub: HubAtWork, **limits: Any) -> None:
    """Deliver all that is due now."""
    hub.deliveries(**limits).run_until_idle()


def make_due(hub: HubAtWork) -> int:
    """Have what failed tried again now."""
    with hub.database.transaction() as tx:
        return tx.deliveries.retry(now=now())


def test_a_subscriber_gets_the_whole_document_signed(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber() as reader:
        hub.subscribe(reader.url("/cb?a=%C3%A9+&hub.mode=x"), secret="geheimé")
        document = hub.publish()
        settle(hub)
        [call] = reader.calls
    assert (call.method, call.target) == ("POST", "/cb?a=%C3%A9+&hub.mode=x")
    assert call.body == document
    assert call.header("Content-Type") == "application/atom+xml; charset=utf-8"
    assert call.header("Link") == f'<{hub.topic()}>; rel="self"'
    assert call.header("User-Agent") == AGENT
    assert call.header("Content-Encoding") is None
    assert call.is_signed_with("geheimé")
    assert "geheim" not in str(call)
    assert not {"cookie", "expect", "authorization"} & {name.lower() for name, _ in call.headers}
    [state] = hub.states
    assert (state.state, state.last_result) == ("delivered", "200")
    assert state.delivered_edition == state.wanted_edition > 0
    assert (hub.tally.deliveries_sent, hub.tally.deliveries_accepted) == (1, 1)


def test_without_a_secret_nothing_is_signed(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        settle(hub)
        assert reader.calls[0].header("X-Hub-Signature") is None


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_signed_as_configured(sqlite_database: Database, method: str) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        hub.subscribe(reader.url("/cb"), secret="geheim")
        hub.publish()
        settle(hub, signature_method=method)
        assert reader.calls[0].is_signed_with("geheim", method)


@pytest.mark.parametrize("feed_format", Format)
def test_each_format_is_a_topic_of_its_own(sqlite_database: Database, feed_format: Format) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        hub.subscribe(reader.url("/cb"), format=feed_format)
        hub.publish()
        settle(hub)
        [call] = reader.calls
    assert call.header("Content-Type") == f"{feed_format.media_type}; charset=utf-8"
    assert call.body == hub.office.newsstand.render("finance", feed_format)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_ends_it(sqlite_database: Database, status: int) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=answers(status))
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        settle(hub)
        assert make_due(hub) == 0
        settle(hub)
        assert len(reader.calls) == 1
    assert hub.states[0].state == "delivered"


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        pytest.param(answers(304), "304", id="304"),
        pytest.param(answers(400), "400", id="400"),
        pytest.param(answers(404), "404", id="404"),
        pytest.param(answers(500), "500", id="500"),
        pytest.param(redirects("http://127.0.0.1:9/x", 301), "301", id="301"),
        pytest.param(redirects("http://127.0.0.1:9/x", 307), "307", id="307"),
        pytest.param(HANGS, "no answer", id="hangs"),
        pytest.param(CLOSES, "", id="closes"),
    ],
)
def test_anything_else_is_tried_again_and_the_subscription_stays(
    sqlite_database: Database, manner: Manner, said: str
) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=[manner, WELL])
        hub.subscribe(reader.url("/cb"), secret="geheim")
        document = hub.publish()
        settle(hub, timeout_s=0.3)
        [failed] = hub.states
        assert (failed.state, failed.attempts) == ("retrying", 1)
        assert said in (failed.last_result or "")
        assert failed.due_at is not None
        assert failed.due_at > now() + timedelta(seconds=0.7 * PATIENT.first_s)
        assert make_due(hub) == 1
        settle(hub)
        assert [call.path for call in reader.calls] == ["/cb", "/cb"]
        assert reader.calls[1].body == document
        assert reader.calls[1].is_signed_with("geheim")
    assert hub.states[0].state == "delivered"
    assert (hub.tally.deliveries_sent, hub.tally.deliveries_accepted) == (2, 1)
    assert hub.tally.last_failure == failed.last_result


def test_retries_come_by_themselves(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber() as reader, hub.delivering(plan=EAGER):
        reader.behave("/cb", deliver=[answers(500), answers(500), WELL])
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        reader.wait_for_deliveries(3)
        wait_until(lambda: hub.states[0].state == "delivered")


def test_410_ends_the_subscription(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=answers(410))
        hub.subscribe(reader.url("/cb"))
        hub.subscribe(reader.url("/other"))
        hub.publish()
        settle(hub)
    assert [held.callback for held in hub.subscriptions] == [reader.url("/other")]


@pytest.mark.parametrize("manner", [ENDLESS, DRIPS_BODY], ids=["endless", "drips"])
def test_what_a_subscriber_answers_besides_is_ignored(
    sqlite_database: Database, manner: Manner
) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=manner)
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        settle(hub, timeout_s=0.5)
        wait_until(lambda: not reader.open_connections)
        assert reader.sent_bytes("/cb") < 10_000_000
    assert hub.states[0].state == "delivered"


def test_who_is_behind_gets_the_newest_edition_once(database: Database) -> None:
    hub = HubAtWork(database)
    gate = threading.Event()
    with running_subscriber() as reader, hub.delivering(timeout_s=30.0):
        reader.behave("/cb", deliver=[Manner(gate=gate), WELL])
        hub.subscribe(reader.url("/cb"))
        first = hub.publish("The first")
        reader.wait_for_deliveries(1)
        for title in ("The second", "The third", "The fourth"):
            newest = hub.publish(title)
        gate.set()
        reader.wait_for_deliveries(2)
        wait_until(lambda: hub.states[0].state == "delivered")
        assert [call.body for call in reader.calls] == [first, newest]


def test_who_failed_gets_the_newest_edition(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=[answers(500), WELL])
        hub.subscribe(reader.url("/cb"))
        hub.publish("The first")
        settle(hub)
        newest = hub.publish("The second")
        settle(hub)
        assert len(reader.calls) == 1, "news do not shorten the pause of who fails"
        make_due(hub)
        settle(hub)
        assert reader.calls[1].body == newest
        settle(hub)
        assert len(reader.calls) == 2


def test_an_edition_that_came_early_is_not_sent_again(sqlite_database: Database) -> None:
    """The newest stored one is sent; when the hub is told of it later, it has arrived."""
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        hub.subscribe(reader.url("/cb"))
        hub.publish("The first")
        hub.store_edition("The second")
        settle(hub)
        hub.open()
        settle(hub)
        assert len(reader.calls) == 1


def test_what_was_stored_a_moment_ago_waits_until_every_web_worker_shows_it(
    database: Database,
) -> None:
    """A subscriber that has read it asks for more, and must not be answered with less."""
    hub, clock, waits = HubAtWork(database), Clock(), []

    def sleep(seconds: float) -> None:
        waits.append((seconds, len(reader.calls)))
        clock.passes(seconds)

    def deliver() -> None:
        settle(hub, monotonic=clock, sleep=sleep)

    with running_subscriber() as reader:
        hub.subscribe(reader.url("/cb"))
        hub.publish("The first")
        deliver()
        assert waits == [], "its ping has waited"
        hub.publish("The second")
        hub.store_edition("The third")
        deliver()
        [(waited_s, calls_before)] = waits
        assert waited_s == pytest.approx(spread_of(database).total_seconds())
        assert calls_before == 1
        assert len(reader.calls) == 2
        hub.open()
        deliver()
        assert (len(waits), len(reader.calls)) == (1, 2)


def test_a_renewal_changes_the_secret_and_tries_again_at_once(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=[answers(500), WELL])
        hub.subscribe(reader.url("/cb"), secret="old")
        hub.publish()
        settle(hub)
        hub.subscribe(reader.url("/cb"), secret="new")
        settle(hub)
        first, second = reader.calls
        assert first.is_signed_with("old")
        assert second.is_signed_with("new")
        hub.subscribe(reader.url("/cb"))
        hub.publish("Another")
        settle(hub)
        assert reader.calls[2].header("X-Hub-Signature") is None


def test_an_expired_lease_gets_nothing(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        hub.subscribe(reader.url("/over"), lease_s=0)
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        settle(hub)
        assert [call.path for call in reader.calls] == ["/cb"]


def test_who_fails_for_too_long_has_one_try_with_each_edition(database: Database) -> None:
    """WebSub 7. A renewal or a success ends it, and then all is as it was."""
    hub = HubAtWork(database)
    short = RetryPlan(first_s=0.05, longest_s=0.05, give_up_after_s=0.3)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=answers(503))
        hub.subscribe(reader.url("/cb"))
        with hub.delivering(plan=short):
            hub.publish()
            wait_until(lambda: hub.states[0].state == "suspended")
        [held] = hub.subscriptions
        assert "503" in (held.suspended_because or "")
        tries = len(reader.calls)
        with hub.delivering(plan=short):
            for number in (1, 2):
                hub.publish(f"Still ill {number}")
                reader.wait_for_deliveries(tries + number)
                wait_until(lambda: hub.states[0].due_at is None)
            time.sleep(0.3)  # six of its pauses
            assert len(reader.calls) == tries + 2
            reader.behave("/cb", deliver=WELL)
            hub.publish("Well again")
            wait_until(lambda: hub.states[0].state == "delivered")
            hub.publish("And as before")
            reader.wait_for_deliveries(tries + 4)
    assert hub.subscriptions[0].state == "active"


def test_who_was_given_up_and_renews_is_sent_what_it_missed(database: Database) -> None:
    hub = HubAtWork(database)
    short = RetryPlan(first_s=0.05, longest_s=0.05, give_up_after_s=0.1)
    with running_subscriber() as reader:
        reader.behave("/cb", deliver=answers(503))
        hub.subscribe(reader.url("/cb"))
        with hub.delivering(plan=short):
            hub.publish()
            wait_until(lambda: hub.states[0].state == "suspended")
        tries = len(reader.calls)
        reader.behave("/cb", deliver=WELL)
        hub.subscribe(reader.url("/cb"))
        settle(hub)
        assert len(reader.calls) == tries + 1
    assert hub.states[0].state == "delivered"


def test_one_host_takes_no_more_than_its_part(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    slow, quick = loopback_hosts(2)
    gate = threading.Event()
    with running_subscriber(slow, quick) as reader:
        for number in range(200):
            reader.behave(f"/slow/{number}", deliver=Manner(gate=gate))
            hub.subscribe(reader.url(f"/slow/{number}", slow))
            hub.subscribe(reader.url(f"/quick/{number}", quick))
        with hub.delivering(at_once=32, per_host=8, timeout_s=30.0):
            hub.publish()
            reader.wait_until(
                lambda calls: sum(call.host == quick for call in calls) == 200, within_s=20
            )
            assert sum(call.host == slow for call in reader.calls) == 8
            gate.set()
            reader.wait_for_deliveries(400)
            wait_until(lambda: {state.state for state in hub.states} == {"delivered"})
        assert len(reader.calls) == 400


def test_twenty_that_never_answer_hold_up_nobody(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber(*loopback_hosts(21)) as reader:
        for number, host in enumerate(reader.hosts[:20]):
            reader.behave(f"/dead/{number}", deliver=HANGS if number % 2 else DRIPS_HEAD)
            hub.subscribe(reader.url(f"/dead/{number}", host))
        hub.subscribe(reader.url("/cb", reader.hosts[20]))
        with hub.delivering(at_once=64, timeout_s=30.0):
            hub.publish()
            reader.wait_for_deliveries(1, "/cb", within_s=5)


def test_those_known_to_fail_leave_room_for_the_others(sqlite_database: Database) -> None:
    """A quarter of the places at most, however many they are."""
    hub = HubAtWork(sqlite_database)
    with running_subscriber(*loopback_hosts(41)) as reader:
        living = reader.hosts[40]
        for number, host in enumerate(reader.hosts[:40]):
            reader.behave(f"/dead/{number}", deliver=[answers(500), HANGS])
            hub.subscribe(reader.url(f"/dead/{number}", host))
        hub.publish("The first")
        settle(hub)
        assert len(reader.calls) == 40
        hub.subscribe(reader.url("/cb", living))
        make_due(hub)
        with hub.delivering(at_once=8, timeout_s=30.0):
            reader.wait_for_deliveries(42)
            hub.publish("The second")
            reader.wait_for_deliveries(1, "/cb", within_s=5)
            assert len(reader.calls) == 43


def test_what_cannot_be_reached_holds_up_nobody(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        for url in ("http://10.1.2.3/cb", "http://no-such-host.invalid/cb", "http://[::1]/cb"):
            hub.subscribe(url)
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        settle(hub)
        assert len(reader.calls) == 1
    assert sorted(state.state for state in hub.states) == ["delivered", *["retrying"] * 3]


def test_two_processes_share_a_distribution(database: Database) -> None:
    hub = HubAtWork(database)
    with running_subscriber(*loopback_hosts(20)) as reader:
        for number in range(300):
            hub.subscribe(reader.url(f"/{number}", reader.hosts[number % 20]))
        with hub.delivering(timeout_s=30.0), hub.delivering(timeout_s=30.0):
            hub.publish()
            reader.wait_for_deliveries(300)
            wait_until(lambda: {state.state for state in hub.states} == {"delivered"})
        assert len(reader.calls) == 300


def test_a_canary_of_our_own_may_be_anywhere(sqlite_database: Database) -> None:
    """Only an address below our own hub's is exempt, and that one we made ourselves."""
    hub = HubAtWork(sqlite_database)
    hub.subscribe(f"{SITE.hub}/canary/x")
    hub.subscribe("https://news.example.org.evil.example/hub/x")
    hub.publish()
    settle(hub)
    assert {state.state for state in hub.states} == {"retrying"}


def test_what_ended_while_others_wrote_is_written_after_them(sqlite_database: Database) -> None:
    hub = HubAtWork(sqlite_database)
    gate = threading.Event()
    with running_subscriber() as reader, hub.delivering(timeout_s=30.0):
        reader.behave("/cb", deliver=Manner(gate=gate))
        hub.subscribe(reader.url("/cb"))
        hub.publish()
        reader.wait_for_deliveries(1)
        with sqlite_database.transaction():
            # Answered while somebody else writes: only the books wait for that.
            gate.set()
        wait_until(lambda: hub.states[0].state == "delivered")
        assert len(reader.calls) == 1
