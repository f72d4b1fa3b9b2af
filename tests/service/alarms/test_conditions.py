"""What is wrong is found from what the store holds, and its words hold nothing of a release."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.model.alarm import AlarmKind, Condition
from feeds.model.feed import Format
from feeds.model.intake import Refusal
from feeds.model.listing import ProcessState
from feeds.model.release import Origin
from feeds.model.upstream import ConfiguredUpstream, PollResult
from feeds.store.database import Database
from feeds.store.state import LastBackup
from service.alarms import Machine, conditions, lateness
from service.alarms.conditions import MAX_OF_KIND, MAX_REFUSALS_READ
from service.settings import Settings
from tests.support.hub_books import HubBooks, failed
from tests.support.newsrooms import (
    NOON,
    Office,
    catalogue,
    default_settings,
    draft,
    later,
    tell_hubs,
)
from tests.support.process_states import JOBS

HERE = Machine(host="here")
HUB = "https://hub.example/"


def settings(**alarms: Any) -> Settings:
    """A configuration with these keys of ``alarms``."""
    usual = default_settings()
    return usual.model_copy(update={"alarms": usual.alarms.model_copy(update=alarms)})


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database, catalogue(hubs=(HUB,)))
    office.publish(now=NOON)
    tell_hubs(database, now=later(seconds=30))
    return office


def found(
    office: Office, now: datetime, *, machine: Machine = HERE, kind: AlarmKind | None = None
) -> list[Condition]:
    with office.database.read() as tx:
        seen = conditions(tx, office.application, machine, now=now).conditions
    return [one for one in seen if kind is None or one.kind is kind]


def test_nothing_is_wrong_where_nothing_is(office: Office) -> None:
    office.add(draft("id:1", "finance"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    assert found(office, later(minutes=5)) == []


def test_a_feed_that_waits_too_long_is_late(office: Office) -> None:
    office.add(draft("id:1", "finance", title="Secret merger"), now=NOON)
    assert found(office, later(minutes=10)) == []
    stale = found(office, later(minutes=10, seconds=1))
    assert [(one.kind, one.subject, one.since) for one in stale] == [
        (AlarmKind.FEED_STALE, "all", NOON),
        (AlarmKind.FEED_STALE, "finance", NOON),
    ]
    assert (
        stale[0].words == "feed 'all' has waited for its next edition since 2026-03-02 12:00:00 UTC"
    )
    office.change(settings=settings(off=("feed_stale",)))
    assert found(office, later(minutes=11)) == []


def test_a_feed_that_should_publish_and_does_not_is_quiet(office: Office) -> None:
    usual = default_settings()
    office.change(
        settings=usual.model_copy(
            update={"all": usual.all.model_copy(update={"expected_days": 7.0})}
        )
    )
    quiet = found(office, later(days=8), kind=AlarmKind.FEED_QUIET)
    assert [one.words for one in quiet] == [
        "feed 'all' has no release yet; one is expected every 7 days"
    ]
    office.add(draft("id:1", published=later(days=6)), now=later(days=6))
    office.publish(now=later(days=6))
    assert found(office, later(days=13)) == []
    [one] = found(office, later(days=13, seconds=1))
    assert (one.subject, one.since) == ("all", later(days=6))
    assert one.words.startswith("feed 'all' has had no release since 2026-03-08 12:00:00 UTC")


def refuse(office: Office, *names: str, line: int | None = None, now: datetime = NOON) -> None:
    for name in names:
        refusal = Refusal(
            origin=Origin(document=name, line=line),
            field="date",
            reason="'Merger day' is no date",
            remedy="write it as 2026-03-02",
        )
        office.newsroom.refuse([refusal], now=now)


def test_a_refused_document_is_told_without_its_name_which_may_be_a_headline(
    office: Office,
) -> None:
    refuse(office, "acme-buys-zenith.txt")
    [one] = found(office, NOON)
    assert (one.kind, one.since) == (AlarmKind.DOCUMENT_REFUSED, NOON)
    assert "acme" not in one.words + one.subject
    assert "Merger" not in one.words
    reason = "acme-buys-zenith.txt: date: 'Merger day' is no date; write it as 2026-03-02"
    assert one.detail == reason
    office.change(settings=settings(names_documents=True))
    [named] = found(office, NOON)
    assert (named.subject, named.words) == ("acme-buys-zenith.txt", f"document refused: {reason}")


def test_lines_of_one_document_are_one_alarm(office: Office) -> None:
    for line in (1, 2, 3):
        refuse(office, "many.jsonl", line=line, now=later(minutes=line))
    [one] = found(office, later(minutes=9))
    assert one.since == later(minutes=1)
    assert (one.detail or "").endswith("(and 2 more in it)")


def test_a_flood_of_refusals_is_read_in_part_and_says_so(office: Office) -> None:
    refuse(office, *(f"{number}.txt" for number in range(MAX_REFUSALS_READ + 5)))
    with office.database.read() as tx:
        seen = conditions(tx, office.application, HERE, now=NOON)
    assert len(seen.conditions) == MAX_OF_KIND
    assert seen.partial == {AlarmKind.DOCUMENT_REFUSED}


def test_a_release_that_is_held_back_after_its_minute_is_missed(office: Office) -> None:
    secret = replace(draft("id:1", title="Secret merger"), embargoed_until=later(hours=1))
    office.add(secret, now=NOON)
    assert found(office, later(hours=1, minutes=2)) == []
    [one] = found(office, later(hours=1, minutes=2, seconds=1))
    assert (one.kind, one.since) == (AlarmKind.EMBARGO_MISSED, later(hours=1))
    assert "merger" not in f"{one}".lower()


def ping(office: Office, result: str, *, now: datetime) -> None:
    """Have all pings fail."""
    with office.database.transaction() as tx:
        for due in tx.pings.due(now=now):
            tx.pings.postpone(due, now=now, until=now, result=result)
        tx.hub_tallies.failed(HUB, at=now, why=result)


def test_a_hub_that_refuses_pings_for_long_is_told(office: Office) -> None:
    office.add(draft("id:1"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    ping(office, "500 Internal Server Error", now=later(minutes=2))
    assert found(office, later(minutes=32)) == []
    ping(office, "502 Bad Gateway", now=later(minutes=32))
    [one] = found(office, later(minutes=33))
    assert (one.kind, one.subject, one.since) == (AlarmKind.HUB_MUTE, HUB, later(minutes=2))
    assert (one.words, one.detail) == (f"hub {HUB}: does not take pings", "502 Bad Gateway")


def test_a_certificate_that_expired_is_told_at_once(office: Office) -> None:
    office.add(draft("id:1"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    reason = f"{HUB}: certificate refused: certificate has expired"
    ping(office, reason, now=later(minutes=2))
    [one] = found(office, later(minutes=2))
    assert one.kind is AlarmKind.HUB_CERTIFICATE
    assert one.words == f"hub {HUB}: certificate refused: certificate has expired"


def test_hosts_whose_deliveries_fail_are_told_until_they_are_given_up(office: Office) -> None:
    books = HubBooks(office.database)
    office.change(settings=settings())
    ids = [books.subscribe(f"https://down.example/{name}") for name in ("one", "two")]
    books.subscribe("https://well.example/")
    books.open(9)
    books.claim(*ids)
    books.settle(*(failed(number) for number in ids))
    assert found(office, later(hours=6), kind=AlarmKind.DELIVERIES_FAILING) == []
    [one] = found(office, later(hours=6, seconds=1), kind=AlarmKind.DELIVERIES_FAILING)
    assert (one.subject, one.since) == ("down.example", NOON)
    assert one.words.startswith("deliveries to 2 subscribers on down.example have failed since")
    with office.database.transaction() as tx:
        tx.subscriptions.suspend(ids, now=later(hours=7), because="by hand")
    assert found(office, later(hours=7), kind=AlarmKind.DELIVERIES_FAILING) == []


def test_an_upstream_that_fails_for_long_or_is_gone_is_told(office: Office) -> None:
    url = "https://council.example/feed"
    given = {"slug": "council", "url": url, "categories": ["finance"]}
    known = {
        "site": {"base_url": "https://news.example.org"},
        "categories": [{"slug": "finance", "title": "Finance"}],
        "upstreams": [given],
    }
    office.change(settings=Settings.model_validate(known))
    council = ConfiguredUpstream(slug="council", url=url, host="council.example")
    failure = PollResult(
        slug="council", at=NOON, due_at=later(hours=1), result="answered 500", is_success=False
    )

    def record(result: PollResult) -> None:
        with office.database.transaction() as tx:
            tx.upstreams.configure([council], now=NOON)
            claim = {"now": result.at, "until": later(days=9), "limit": 1, "per_host": 1}
            tx.upstreams.claim(worker="w", slugs=["council"], **claim)  # type: ignore[arg-type]
            tx.upstreams.record([result], worker="w")

    record(failure)
    kind = AlarmKind.UPSTREAM_FAILING
    assert found(office, later(hours=24), kind=kind) == []
    [one] = found(office, later(hours=25), kind=kind)
    assert (one.subject, one.since, one.detail) == ("council", NOON, url)
    assert one.words == "upstream 'council' has failed since 2026-03-02 12:00:00 UTC: answered 500"
    record(replace(failure, at=later(hours=1), is_ended=True, result="answered 410 Gone"))
    [one] = found(office, later(hours=1), kind=kind)
    assert "is gone for good since" in one.words
    with office.database.transaction() as tx:
        tx.upstreams.pause("council", now=NOON)
    assert found(office, later(hours=25), kind=kind) == []


def note(office: Office, *states: ProcessState) -> None:
    with office.database.transaction() as tx:
        for state in states:
            tx.processes.record(state)


def test_a_role_whose_processes_all_stopped_working_is_idle(office: Office) -> None:
    worked = replace(JOBS, worked_at=NOON)
    note(office, worked, replace(worked, worker="b", host="two", worked_at=later(minutes=3)))
    note(office, replace(worked, worker="c", role="hub"))
    now = later(minutes=5)
    assert [one.kind for one in found(office, now)] == [AlarmKind.HUB_IDLE]
    [jobs, _] = found(office, later(minutes=6))
    assert (jobs.kind, jobs.since) == (AlarmKind.JOBS_IDLE, later(minutes=3))
    assert jobs.words == (
        "no jobs process has worked since 2026-03-02 12:03:00 UTC: nothing is published"
    )


def test_what_was_idle_before_this_process_began_is_given_time(office: Office) -> None:
    note(office, replace(JOBS, worked_at=NOON))
    machine = replace(HERE, watching_since=later(hours=9))
    assert found(office, later(hours=9, minutes=2), machine=machine) == []
    assert found(office, later(hours=9, minutes=3), machine=machine) != []


def test_a_backup_that_is_too_old_is_told(office: Office) -> None:
    assert found(office, later(days=99)) == []
    office.change(settings=settings(backup_hours=26.0))
    [never] = found(office, NOON)
    assert (never.kind, never.words) == (AlarmKind.BACKUP_OLD, "no backup was ever made")
    with office.database.transaction() as tx:
        tx.backups.record(LastBackup(taken_at=NOON, place="web-1:/backups", size_bytes=1))
    assert found(office, later(hours=26)) == []
    [old] = found(office, later(hours=26, seconds=1))
    assert (old.since, old.detail) == (NOON, "web-1:/backups")
    assert old.words == "the last backup is of 2026-03-02 12:00:00 UTC"


def test_a_disk_with_little_room_is_told(office: Office, tmp_path: Path) -> None:
    machine = replace(HERE, folders=(tmp_path, tmp_path / "gone"))
    office.change(settings=settings(disk_free_percent=0.0))
    assert found(office, NOON, machine=machine) == []
    office.change(settings=settings(disk_free_percent=100.1))
    [one] = found(office, NOON, machine=machine)
    assert (one.kind, one.subject.split()[0]) == (AlarmKind.DISK_NEARLY_FULL, "here")
    assert one.words.startswith(f"the disk of {tmp_path} on here has ")


def test_what_waits_is_measured_from_when_it_was_due(office: Office) -> None:
    usual = default_settings()
    with office.database.read() as tx:
        nothing = lateness(tx, usual, now=later(minutes=1))
    assert nothing.late(usual, now=later(days=1)) == []
    office.add(draft("id:1", "finance"), now=later(minutes=1))
    office.publish(now=later(minutes=1))
    office.add(draft("id:2", "health", title="Another"), now=later(minutes=2))
    secret = replace(draft("id:3", title="Secret"), embargoed_until=later(minutes=5))
    office.add(secret, now=later(minutes=3))
    HubBooks(office.database).subscribe("https://a.example/")
    with office.database.transaction() as tx:
        tx.deliveries.open("finance", Format.ATOM, edition=9, now=later(minutes=4))
    with office.database.read() as tx:
        seen = lateness(tx, usual, now=later(minutes=20))
        early = lateness(tx, usual, now=later(minutes=4))
    assert (seen.stale_feed, seen.stale_since) == ("all", later(minutes=2))
    assert seen.delivery_due_since == later(minutes=4)
    assert seen.embargo_ended_at == later(minutes=5)
    assert early.embargo_ended_at is None
    assert seen.ping_due_since is not None
    assert abs(seen.ping_due_since - later(minutes=1)) < timedelta(seconds=2)
    assert seen.late(usual, now=later(minutes=16)) == [
        "feed 'all' has been stale for 14m",
        "a ping has been due for 15m",
        "a delivery has been due for 12m",
        "a release is held back after its embargo for 11m",
    ]
