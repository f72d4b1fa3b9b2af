"""Upstreams: when they are polled, who polls them, and what was seen in them, on both databases."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from feeds.errors import StoreConflict
from feeds.model.upstream import (
    CarriedItem,
    ConfiguredUpstream,
    Move,
    PollResult,
    PollTarget,
    Validators,
)
from feeds.store.database import Database
from feeds.store.upstreams import APART
from tests.support.newsrooms import NOON, later

ONE = ConfiguredUpstream(slug="one", url="https://one.example/feed", host="one.example")
TWO = ConfiguredUpstream(slug="two", url="https://two.example/feed", host="two.example")
UNTIL = later(minutes=15)
FAILED = PollResult(
    slug="one", at=NOON, due_at=later(hours=1), result="answered 500", is_success=False
)
UNCHANGED = PollResult(
    slug="one", at=NOON, due_at=later(hours=1), result="304", is_success=True, is_not_modified=True
)
READ = replace(
    UNCHANGED,
    result="2 items",
    is_not_modified=False,
    validators=Validators(url="https://one.example/feed", etag='"a"', last_modified=None),
    title="One",
    taken=2,
    left_out={"not wanted by the filters": 3},
)
ITEM = CarriedItem(
    upstream="one",
    item="i1",
    shared="s1",
    source_key="upstream:k1",
    digest="d",
    seen_at=NOON,
    taken_at=NOON,
    categories=("Finance",),
)


def configure(database: Database, *configured: ConfiguredUpstream) -> None:
    with database.transaction() as tx:
        tx.upstreams.configure(configured, now=NOON)


def claim(database: Database, worker: str = "w", **limits: object) -> list[str]:
    given = {"limit": 10, "per_host": 2, "now": NOON, "until": UNTIL, **limits}
    with database.transaction() as tx:
        return [one.slug for one in tx.upstreams.claim(worker=worker, **given)]  # type: ignore[arg-type]


def test_what_is_due_is_claimed_once_and_by_a_few_of_each_host(database: Database) -> None:
    of_one = [replace(ONE, slug=f"one-{i}") for i in range(5)]
    configure(database, *of_one, TWO)
    now = later(minutes=1)
    assert claim(database, now=now) == ["one-0", "two", "one-1"]
    # Two of that host are claimed, by whomever: no more of it until they are done.
    assert claim(database, "other", now=now) == []
    assert claim(database, "other", now=UNTIL, without_hosts=["two.example"]) == ["one-0", "one-1"]


def test_upstreams_of_one_host_begin_apart(database: Database) -> None:
    configure(database, *[replace(ONE, slug=f"one-{i}") for i in range(3)], TWO)
    with database.read() as tx:
        due = {one.slug: one.due_at for one in tx.upstreams.listed()}
    assert due == {
        "one-0": NOON, "one-1": NOON + APART, "one-2": NOON + 2 * APART, "two": NOON
    }  # fmt: skip


def test_workers_that_claim_at_the_same_time_never_get_the_same(database: Database) -> None:
    configure(database, *[replace(ONE, slug=f"u{i:02}", host=f"h{i}") for i in range(30)])
    start, taken = Barrier(3), list[list[str]]()

    def work(name: str) -> None:
        start.wait()
        taken.append(claim(database, name, limit=30))

    workers = [Thread(target=work, args=(f"w{i}",)) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(slug for some in taken for slug in some) == [f"u{i:02}" for i in range(30)]


def test_a_poll_is_recorded_by_the_worker_that_claimed_it_alone(database: Database) -> None:
    configure(database, ONE)
    assert claim(database) == ["one"]
    with database.transaction() as tx:
        tx.upstreams.record([replace(FAILED, result="of another")], worker="another")
        assert tx.upstreams.listed()[0].last_result is None
        tx.upstreams.record([FAILED], worker="w")
    with database.read() as tx:
        [one] = tx.upstreams.listed()
    assert (one.failures, one.failing_since, one.state) == (1, NOON, "failing")
    assert (one.due_at, one.last_success_at, one.polls) == (FAILED.due_at, None, 0)
    assert claim(database) == []
    assert claim(database, now=FAILED.due_at) == ["one"]


def test_validators_stay_with_a_304_and_are_replaced_by_a_document(database: Database) -> None:
    configure(database, ONE)
    for result in (READ, UNCHANGED, FAILED):
        claim(database, now=later(hours=1))
        with database.transaction() as tx:
            tx.upstreams.record([result], worker="w")
    with database.read() as tx:
        [one] = tx.upstreams.listed()
    assert one.validators == READ.validators
    assert (one.polls, one.not_modified, one.not_modified_share) == (2, 1, 0.5)
    assert (one.taken, one.left_out, one.title) == (2, READ.left_out, "One")
    claim(database, now=later(hours=1))
    with database.transaction() as tx:
        fresh = Validators(url="https://one.example/feed", last_modified="Mon")
        tx.upstreams.record([replace(READ, validators=fresh)], worker="w")
    with database.read() as tx:
        [one] = tx.upstreams.listed()
    assert one.validators == fresh
    assert one.left_out == {"not wanted by the filters": 6}


def test_results_of_all_kinds_are_stored_together(database: Database) -> None:
    slugs = [f"u{number}" for number in range(5)]
    configure(database, *[replace(ONE, slug=slug, host=slug) for slug in slugs])
    claim(database)
    moved = Move(to="https://there.example/", since=NOON)
    before = [replace(READ, slug=slug, due_at=NOON, move=moved) for slug in slugs]
    with database.transaction() as tx:
        tx.upstreams.record(before, worker="w")
    claim(database)
    with database.transaction() as tx:
        tx.upstreams.record([replace(FAILED, slug="u0", due_at=NOON)], worker="w")
    claim(database)
    at, due_at = later(minutes=1, seconds=0.25), later(minutes=5)
    unchanged = replace(UNCHANGED, slug="u0", at=at, due_at=due_at)
    with database.transaction() as tx:
        tx.upstreams.record([replace(unchanged, slug="u4")], worker="another")
        results = [
            unchanged,
            replace(unchanged, slug="u1", move=moved),
            replace(unchanged, slug="u2", fetch_url=moved.to, host="there.example"),
            replace(FAILED, slug="u3", at=at, due_at=due_at),
        ]
        tx.upstreams.record(results, worker="w")
    with database.read() as tx:
        stored = {one.slug: one for one in tx.upstreams.listed()}
    assert stored["u0"] == replace(
        stored["u4"],
        slug="u0",
        host="u0",
        due_at=due_at,
        last_poll_at=at,
        last_success_at=at,
        first_success_at=NOON,
        last_result="304",
        polls=2,
        not_modified=1,
        move=None,
    )
    assert (stored["u0"].failures, stored["u0"].failing_since) == (0, None)
    assert (stored["u1"].move, stored["u1"].not_modified) == (moved, 1)
    assert (stored["u2"].fetch_url, stored["u2"].host) == (moved.to, "there.example")
    assert (stored["u3"].failures, stored["u3"].failing_since) == (1, at)
    assert stored["u4"].last_result == READ.result
    # Those that were recorded may be claimed again, and the other's alone is still claimed.
    assert claim(database, "next", now=due_at) == ["u0", "u1", "u2", "u3"]


def test_a_claim_has_what_the_next_poll_depends_on(database: Database) -> None:
    configure(database, ONE)
    claim(database)
    moved = Move(to="https://there.example/", since=NOON)
    with database.transaction() as tx:
        read = replace(READ, move=moved, is_partial=True, due_at=NOON)
        tx.upstreams.record([read], worker="w")
    claim(database)
    with database.transaction() as tx:
        tx.upstreams.record([replace(FAILED, move=moved, due_at=NOON)], worker="w")
    with database.transaction() as tx:
        claimed = tx.upstreams.claim(worker="w", now=NOON, until=UNTIL, limit=9, per_host=1)
    assert claimed == [
        PollTarget(
            slug="one",
            fetch_url=ONE.url,
            host=ONE.host,
            due_at=NOON,
            validators=READ.validators,
            move=moved,
            is_partial=True,
            failures=1,
            first_success_at=NOON,
        )
    ]


def test_on_sqlite_many_are_claimed_and_recorded_by_one_statement_each(
    sqlite_database: Database,
) -> None:
    slugs = [f"u{number:03}" for number in range(300)]
    configure(sqlite_database, *[replace(ONE, slug=slug, host=slug) for slug in slugs])
    ran: list[str] = []
    with sqlite_database.transaction() as tx:
        driver = tx.connection.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(ran.append)
        assert len(tx.upstreams.claim(
            worker="w", now=NOON, until=UNTIL, limit=300, per_host=1, without_hosts=["other"]
        )) == 300  # fmt: skip
        tx.upstreams.record([replace(UNCHANGED, slug=slug) for slug in slugs], worker="w")
        driver.set_trace_callback(None)
    assert [statement.split()[0] for statement in ran] == ["UPDATE", "UPDATE"]
    with sqlite_database.read() as tx:
        assert {one.polls for one in tx.upstreams.listed()} == {1}


def test_another_address_begins_anew_and_what_is_gone_comes_back(database: Database) -> None:
    configure(database, ONE, TWO)
    claim(database)
    with database.transaction() as tx:
        moved = Move(to="https://there.example/", since=NOON)
        tx.upstreams.record([replace(READ, move=moved), replace(READ, slug="two")], worker="w")
    configure(database, replace(ONE, url="https://new.example/feed", host="new.example"))
    with database.read() as tx:
        [one] = tx.upstreams.listed()
        assert tx.upstreams.by_slug("two") is None
    assert (one.fetch_url, one.host) == ("https://new.example/feed", "new.example")
    assert (one.validators, one.move, one.due_at, one.taken) == (None, None, NOON, 2)
    assert one.first_success_at == NOON  # what it carried before is not news again
    configure(database, ONE, TWO)
    with database.read() as tx:
        two = tx.upstreams.by_slug("two")
    assert two is not None
    assert (two.validators, two.due_at) == (READ.validators, READ.due_at)


def test_paused_and_ended_ones_are_not_polled_until_they_are_resumed(database: Database) -> None:
    configure(database, ONE, TWO)
    claim(database)
    with database.transaction() as tx:
        gone = replace(FAILED, slug="two", is_ended=True)
        tx.upstreams.record([replace(FAILED, due_at=NOON), gone], worker="w")
        assert tx.upstreams.pause("one", now=NOON)
        assert not tx.upstreams.pause("one", now=NOON)
        assert not tx.upstreams.is_any_due(now=later(days=9))
    assert claim(database, now=later(days=9)) == []
    with database.transaction() as tx:
        assert [one.state for one in tx.upstreams.listed()] == ["paused", "ended"]
        assert tx.upstreams.resume("one", now=NOON)
        assert tx.upstreams.resume("two", now=NOON)
        assert not tx.upstreams.resume("two", now=NOON)
    assert claim(database) == ["one", "two"]


def test_a_host_rests_as_a_whole(database: Database) -> None:
    configure(database, ONE, replace(ONE, slug="one-b"), TWO)
    with database.transaction() as tx:
        assert tx.upstreams.pause_host("one.example", until=later(hours=2)) == 2
    assert claim(database, now=later(hours=1)) == ["two"]


def test_claims_of_a_worker_that_is_gone_are_released(database: Database) -> None:
    configure(database, ONE, TWO)
    claim(database, limit=1)
    claim(database, "other")
    with database.transaction() as tx:
        tx.upstreams.release_claims(worker="w")
    assert claim(database, "next") == ["one"]
    with database.transaction() as tx:
        tx.upstreams.release_claims()
    assert claim(database, "next") == ["one", "two"]


def test_one_id_has_one_owner_and_all_who_carry_it_are_known(database: Database) -> None:
    configure(database, ONE, TWO)
    other = replace(ITEM, upstream="two", item="i2", is_owner=False, seen_at=later(hours=1))
    with database.transaction() as tx:
        tx.upstream_items.store([ITEM])
        tx.upstream_items.store([other])
    with database.read() as tx:
        assert tx.upstream_items.of("one", ["i1", "none"]) == {"i1": ITEM}
        assert tx.upstream_items.owners(["s1", "s2"]) == {"s1": ITEM}
        assert tx.upstream_items.carriers(["upstream:k1"]) == [ITEM, other]
        assert tx.upstream_items.present("two") == [other]
        assert tx.upstream_items.taken_since("one", NOON - timedelta(days=1)) == 1
        assert tx.upstream_items.taken_since("one", NOON) == 0
    with pytest.raises(StoreConflict), database.transaction() as tx:
        tx.upstream_items.store([replace(other, is_owner=True)])


def test_items_that_were_left_out_are_forgotten_when_their_feed_has_them_no_more(
    database: Database,
) -> None:
    configure(database, ONE)
    left = replace(ITEM, item="i3", shared=None, source_key=None, taken_at=None, reason="draft")
    with database.transaction() as tx:
        tx.upstream_items.store([ITEM, left, replace(left, item="i4")])
        tx.upstream_items.forget_left_out("one", except_=["i4"])
    with database.read() as tx:
        assert sorted(tx.upstream_items.of("one", ["i1", "i3", "i4"])) == ["i1", "i4"]
