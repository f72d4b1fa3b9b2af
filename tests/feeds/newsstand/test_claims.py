"""Editions that take long to make: their claims last as long as the work, and no longer."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from threading import Event
from time import sleep
from typing import Any

import pytest

from feeds import render
from feeds.errors import StoreConflict
from feeds.model.edition import Edition
from feeds.model.feed import Category, Format
from feeds.newsstand import FEEDS_A_RUN, Newsstand, edition_builder
from feeds.newsstand.assembly import GzipAssembler
from feeds.store.database import Database
from feeds.store.feeds import Feeds
from tests.support.newsrooms import Office, catalogue, draft, later
from tests.support.ready_stores import url_of
from tests.support.set_clock import Clock

CATEGORIES = 19


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database: Database) -> Office:
    """An office with 20 feeds, more than are regenerated in one go, and nothing published."""
    names = [f"topic-{number:02}" for number in range(CATEGORIES)]
    office = Office(database, catalogue([Category(slug=each, title=each) for each in names]))
    office.add(*(draft(f"id:{each}", each, title=each) for each in names))
    return office


class Host:
    """A host over the same store. Its clock is the one that all of them go by."""

    def __init__(
        self, office: Office, clock: Clock, worker: str, *, database: Database | None = None
    ) -> None:
        store = database or office.database
        self._newsstand = Newsstand(store, office.catalogue, monotonic=clock)
        self._clock = clock
        self._began_s = clock.now_s
        self._worker = worker

    def now(self) -> datetime:
        return later(seconds=self._clock.now_s - self._began_s)

    def free(self) -> set[str]:
        """Feeds that it would make editions of."""
        return set(self._newsstand.stale(now=self.now(), worker=self._worker))

    def publish(self, slugs: list[str] | None = None) -> set[str]:
        """Make editions of these feeds, or of all that are free; says of which it did."""
        asked = slugs or sorted(self.free())
        made = self._newsstand.regenerate(asked, now=self.now(), worker=self._worker)
        return {one.feed for one in made if isinstance(one, Edition)}


def slow(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: Callable[[], None]
) -> None:
    """Have something done before each call of a function."""
    function = getattr(owner, name)

    def slowed(*args: Any) -> Any:
        before()
        return function(*args)

    monkeypatch.setattr(owner, name, slowed)


@pytest.mark.parametrize(
    ("owner", "name", "seconds"),
    [(render, "render_fragment", 2.0), (render, "frame", 9.0), (GzipAssembler, "assemble", 9.0)],
    ids=["entries", "documents", "compression"],
)
def test_a_slow_host_keeps_what_it_claimed(
    office: Office,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    seconds: float,
) -> None:
    """Each of several hosts used to take the feeds over in turn, and nobody published."""
    first, second = Host(office, clock, "first"), Host(office, clock, "second")
    slugs = sorted(office.catalogue.feeds)[:16]
    taken: set[str] = set()

    def time_passes() -> None:
        clock.passes(seconds)
        taken.update(second.free().intersection(slugs))

    slow(monkeypatch, owner, name, time_passes)
    assert first.publish(slugs) == set(slugs)
    assert clock.now_s > Clock().now_s + 90
    assert taken == set()
    assert {state.slug for state in office.newsstand.feeds() if not state.is_stale} == set(slugs)


def test_a_second_run_is_claimed_by_the_time_at_which_it_begins(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims of one call's later runs began when the call did, and were over before they began."""
    first, second = Host(office, clock, "first"), Host(office, clock, "second")
    renders, left = count(1), list[set[str]]()

    def time_passes() -> None:
        clock.passes(3.0)
        if next(renders) > FEEDS_A_RUN * len(Format):
            left.append(second.free())

    slow(monkeypatch, render, "frame", time_passes)
    assert first.publish() == set(office.catalogue.feeds)
    assert left == [set()] * 4 * len(Format)


def test_a_host_that_hangs_loses_its_claims_in_time(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editions are then those of the host that took the feeds over."""
    first, second = Host(office, clock, "first"), Host(office, clock, "second")
    slugs = ["all", "topic-00", "topic-01", "topic-02"]
    renders, published = 0, list[set[str]]()

    def hang() -> None:
        nonlocal renders
        renders += 1
        clock.passes(5.0)
        if renders == 9:
            clock.passes(20.0)
            assert not second.free().intersection(slugs)
            clock.passes(10.0)
            published.append(second.publish())

    slow(monkeypatch, render, "frame", hang)
    assert first.publish(slugs) == set()
    assert published == [set(office.catalogue.feeds)]


def test_claims_are_renewed_while_threads_compress(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed, is_renewed = Event(), list[bool]()
    renew = Feeds.renew

    def renew_and_note(*given: Any, **named: Any) -> None:
        renew(*given, **named)
        renewed.set()

    def time_passes() -> None:
        clock.passes(10.0)
        is_renewed.append(renewed.wait(20.0))

    monkeypatch.setattr(edition_builder, "SMALL_BYTES", 0)
    monkeypatch.setattr(edition_builder, "RENEW_CLAIMS_EVERY_S", 0.01)
    monkeypatch.setattr(Feeds, "renew", renew_and_note)
    slow(monkeypatch, GzipAssembler, "assemble", time_passes)
    assert Host(office, clock, "first").publish(["all"]) == {"all"}
    assert is_renewed == [True] * 3


def test_a_run_asks_the_store_for_nothing_more_until_a_third_of_its_claim_has_passed(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals: list[float] = []
    began_s = clock.now_s
    monkeypatch.setattr(Feeds, "renew", lambda *_, **__: renewals.append(clock.now_s - began_s))
    slow(monkeypatch, render, "frame", lambda: clock.passes(3.0))
    host = Host(office, clock, "first")
    host.publish(["all"])
    assert renewals == []
    host.publish(["topic-00", "topic-01", "topic-02"])
    assert renewals == [9.0 + 12.0, 9.0 + 24.0]


def test_claims_that_cannot_be_renewed_do_no_harm_to_the_edition(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another transaction holds the rows for long."""
    tries = count(1)

    def renew(*_: object, **__: object) -> None:
        next(tries)
        raise StoreConflict

    monkeypatch.setattr(Feeds, "renew", renew)
    slow(monkeypatch, render, "frame", lambda: clock.passes(5.0))
    assert Host(office, clock, "first").publish(["all", "topic-00"]) == {"all", "topic-00"}
    assert next(tries) > 3


def test_postgresql_does_not_end_the_reading_of_a_slow_run(
    postgres_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends transactions that are silent for long; here, for a second."""
    url = f"{url_of(postgres_database)}&options=-c%20idle_in_transaction_session_timeout%3D1000"
    office = Office(postgres_database)
    office.add(*(draft(f"id:{number}", title=f"Release {number}") for number in range(5)))
    impatient = Database.open(url)
    host = Host(office, clock, "first", database=impatient)

    def time_passes() -> None:
        clock.passes(10.0)
        sleep(0.1)

    slow(monkeypatch, render, "render_fragment", time_passes)
    try:
        assert host.publish(["all"]) == {"all"}
    finally:
        impatient.close()
    assert "all" not in office.newsstand.stale(now=host.now())
