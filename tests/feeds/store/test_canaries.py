"""Canaries: one a hub, asked for by one process at a time; and what became of the pushes."""

from dataclasses import replace
from datetime import datetime

import pytest

from feeds.model.feed import Format
from feeds.model.listing import DuePing
from feeds.model.subscription import Canary, CanaryState, HubTally
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, catalogue, draft, later

HUB = "https://hub.example.net/"
CANARY = Canary(
    hub=HUB,
    feed="all",
    format=Format.ATOM,
    topic="https://news.example.org/feeds/all.atom",
    token="t0ken",
    secret="s3cret",
    due_at=NOON,
)


@pytest.fixture
def office(database: Database) -> Office:
    """A newsroom with a hub, and a canary there that nobody has asked for."""
    office = Office(database, catalogue(hubs=(HUB,)))
    office.publish()
    with database.transaction() as tx:
        assert tx.canaries.create(CANARY)
    return office


def now_is(office: Office, token: str = "t0ken") -> Canary:
    """The canary as it stands."""
    with office.database.read() as tx:
        found = tx.canaries.by_token(token)
    assert found is not None
    return found


def verify(office: Office, *, at: datetime = NOON) -> None:
    """Have the hub verify it for a day."""
    with office.database.transaction() as tx:
        tx.canaries.verified(
            "t0ken", now=at, expires_at=later(days=1), renew_at=later(hours=12), result="well"
        )


def publish(office: Office, number: int) -> str:
    """Bring out another edition; the digest of its document."""
    office.add(draft(f"id:{number}", title=f"Release {number}"), now=later(minutes=number))
    office.publish(now=later(minutes=number))
    with office.database.read() as tx:
        version = tx.documents.version("all", Format.ATOM)
    assert version is not None
    return version.digest


def expect(office: Office, *, at: datetime, hub: str = HUB) -> int:
    """Have the hub accept a ping for what there is; the edition."""
    with office.database.transaction() as tx:
        version = tx.documents.version("all", Format.ATOM)
        assert version is not None
        ping = DuePing(
            feed="all",
            format=Format.ATOM,
            hub=hub,
            edition=version.edition,
            wanted_seq=1,
            attempts=0,
            first_failed_at=None,
        )
        tx.canaries.expect(ping, told_at=at)
        return version.edition


def arrive(office: Office, digest: str, *, at: datetime) -> int | None:
    """Have a push come in."""
    with office.database.transaction() as tx:
        return tx.canaries.arrived(now_is(office), digest=digest, now=at)


def pushes(office: Office) -> list[tuple[int, datetime | None, datetime | None, int | None]]:
    """All pushes, newest first."""
    with office.database.read() as tx:
        return [
            (push.edition, push.told_at, push.arrived_at, push.arrived_edition)
            for push in tx.canaries.pushes(CANARY, limit=10)
        ]


def tally(office: Office) -> tuple[int, int]:
    """How many pushes were expected and seen."""
    with office.database.read() as tx:
        counted = tx.hub_tallies.listed().get(HUB, HubTally(hub=HUB))
    return counted.pushes_expected, counted.pushes_seen


def test_a_canary_for_the_same_topic_is_planted_once(office: Office) -> None:
    with office.database.transaction() as tx:
        assert not tx.canaries.create(replace(CANARY, token="other"))
        assert [canary.token for canary in tx.canaries.listed()] == ["t0ken"]


def test_another_topic_has_another_token_and_waits_for_nothing_of_the_old_one(
    office: Office,
) -> None:
    verify(office)
    publish(office, 1)
    expect(office, at=later(minutes=1))
    moved = replace(CANARY, topic="https://elsewhere.example/feeds/all.atom", token="new")
    with office.database.transaction() as tx:
        assert tx.canaries.create(moved)
        assert tx.canaries.listed() == [moved]
        assert tx.canaries.by_token("t0ken") is None
    assert pushes(office) == []


def test_hubs_that_are_no_longer_there_have_none(office: Office) -> None:
    with office.database.transaction() as tx:
        assert tx.canaries.retain([HUB]) == 0
        assert tx.canaries.retain(["https://other.example/"]) == 1
        assert tx.canaries.listed() == []


def test_only_one_process_asks_a_hub(office: Office) -> None:
    with office.database.transaction() as tx:
        assert [canary.hub for canary in tx.canaries.due(now=NOON)] == [HUB]
        assert tx.canaries.claim(CANARY, now=NOON, again_at=later(seconds=10))
        assert not tx.canaries.claim(CANARY, now=NOON, again_at=later(seconds=10))
        assert tx.canaries.due(now=later(seconds=9)) == []
        assert len(tx.canaries.due(now=later(seconds=10))) == 1
    asked = now_is(office)
    assert (asked.state, asked.attempts, asked.asked_at) == (CanaryState.ASKED, 1, NOON)


def test_what_a_hub_says_after_it_has_verified_changes_nothing(office: Office) -> None:
    with office.database.transaction() as tx:
        tx.canaries.claim(CANARY, now=NOON, again_at=later(seconds=10))
    verify(office)
    with office.database.transaction() as tx:
        tx.canaries.record_answer(CANARY, asked_at=NOON, result="400 Bad Request", is_refused=True)
    assert (now_is(office).state, now_is(office).last_result) == (CanaryState.VERIFIED, "well")
    assert now_is(office).due_at == later(hours=12)


def test_what_a_hub_says_after_it_has_denied_changes_nothing_either(office: Office) -> None:
    with office.database.transaction() as tx:
        tx.canaries.claim(CANARY, now=NOON, again_at=later(seconds=10))
        tx.canaries.denied("t0ken", again_at=later(hours=6), result="denied: no")
        tx.canaries.record_answer(CANARY, asked_at=NOON, result="202 Accepted", is_refused=False)
    assert (now_is(office).state, now_is(office).last_result) == (CanaryState.DENIED, "denied: no")
    assert now_is(office).due_at == later(hours=6)


def test_a_refused_renewal_leaves_the_old_subscription_standing(office: Office) -> None:
    verify(office)
    at = later(hours=12)
    with office.database.transaction() as tx:
        tx.canaries.claim(now_is(office), now=at, again_at=later(hours=13))
        tx.canaries.record_answer(CANARY, asked_at=at, result="503", is_refused=True)
    assert (now_is(office).state, now_is(office).last_result) == (CanaryState.VERIFIED, "503")
    assert now_is(office).is_good(later(hours=23))
    assert not now_is(office).is_good(later(days=1))


def test_a_refused_asking_is_a_denial(office: Office) -> None:
    with office.database.transaction() as tx:
        tx.canaries.claim(CANARY, now=NOON, again_at=later(seconds=10))
        tx.canaries.record_answer(CANARY, asked_at=NOON, result="403 Forbidden", is_refused=True)
    assert now_is(office).state is CanaryState.DENIED


def test_nothing_is_owed_before_the_subscription_is_verified_nor_after_its_end(
    office: Office,
) -> None:
    publish(office, 1)
    expect(office, at=later(minutes=1))
    verify(office, at=later(minutes=2))
    expect(office, at=later(minutes=1))
    expect(office, at=later(days=1))
    expect(office, at=later(minutes=3), hub="https://other.example/")
    assert pushes(office) == []
    assert tally(office) == (0, 0)


def test_a_push_is_known_by_its_document(office: Office) -> None:
    verify(office)
    digest = publish(office, 1)
    edition = expect(office, at=later(minutes=1))
    assert pushes(office) == [(edition, later(minutes=1), None, None)]
    assert arrive(office, digest, at=later(minutes=2)) == edition
    assert arrive(office, digest, at=later(minutes=3)) == edition  # once more
    assert pushes(office) == [(edition, later(minutes=1), later(minutes=2), edition)]
    assert tally(office) == (1, 1)


def test_a_push_of_a_former_document_is_of_its_own_edition(office: Office) -> None:
    verify(office)
    former = publish(office, 1)
    first = expect(office, at=later(minutes=1))
    publish(office, 2)
    second = expect(office, at=later(minutes=2))
    assert arrive(office, former, at=later(minutes=3)) == first
    assert pushes(office) == [
        (second, later(minutes=2), None, None),
        (first, later(minutes=1), later(minutes=3), first),
    ]


def test_a_later_document_brings_those_that_were_left_out(office: Office) -> None:
    verify(office)
    publish(office, 1)
    first = expect(office, at=later(minutes=1))
    digest = publish(office, 2)
    second = expect(office, at=later(minutes=2))
    assert arrive(office, digest, at=later(minutes=3)) == second
    assert [(edition, by) for edition, _, _, by in pushes(office)] == [
        (second, second),
        (first, second),
    ]
    assert tally(office) == (2, 2)


def test_what_a_hub_made_itself_counts_for_the_newest_that_it_was_told_of(office: Office) -> None:
    verify(office)
    assert arrive(office, "a diff", at=NOON) is None
    publish(office, 1)
    told = expect(office, at=later(minutes=1))
    publish(office, 2)
    assert arrive(office, "a diff", at=later(minutes=3)) == told


def test_what_a_hub_made_itself_may_be_of_what_it_is_just_being_told_of(office: Office) -> None:
    verify(office)
    publish(office, 1)
    with office.database.transaction() as tx:
        due = next(
            ping
            for ping in tx.pings.due(now=later(minutes=2))
            if (ping.feed, ping.format) == ("all", Format.ATOM)
        )
        assert tx.pings.claim(due, now=later(minutes=2), until=later(minutes=3))
    assert arrive(office, "a diff", at=later(minutes=2)) == due.edition
    assert expect(office, at=later(minutes=2)) == due.edition
    assert tally(office) == (1, 1)


def test_a_push_may_be_faster_than_the_answer_to_the_ping(office: Office) -> None:
    verify(office)
    digest = publish(office, 1)
    edition = arrive(office, digest, at=later(minutes=1, seconds=1))
    assert tally(office) == (0, 0)
    expect(office, at=later(minutes=1))
    assert pushes(office) == [(edition, later(minutes=1), later(minutes=1, seconds=1), edition)]
    assert tally(office) == (1, 1)


def test_old_pushes_are_forgotten_told_or_not(office: Office) -> None:
    verify(office)
    digest = publish(office, 1)
    arrive(office, digest, at=later(minutes=1))
    publish(office, 2)
    expect(office, at=later(minutes=2))
    with office.database.transaction() as tx:
        assert tx.canaries.forget_pushes(before=later(minutes=1)) == 0
        assert tx.canaries.forget_pushes(before=later(minutes=2)) == 1
        assert tx.canaries.forget_pushes(before=later(minutes=3)) == 1
