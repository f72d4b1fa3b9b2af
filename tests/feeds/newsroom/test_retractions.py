"""Releases are taken back, and stand again: in feeds, archives, deltas, lists, and to hubs."""

import json
from datetime import datetime, timedelta

import pytest

from feeds import render
from feeds.errors import AlreadyRetracted, InvalidReason, NotRetracted, ReleaseNotFound
from feeds.model.feed import ALL, Category, Deltas, Format, Window
from feeds.model.intake import IntakeVerdict
from feeds.model.listing import DuePing
from feeds.model.release import AuditAction, Draft
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, catalogue, draft, later
from tests.support.parsers import by_atoma

HUB = "https://hub.example.net/"
REASON = "It was sent out by mistake."
SECRET = "SECRET"
SMALL = Window(entries=3, days=0, bytes=1_000_000)


def secret(**content: object) -> Draft:
    """The release, which says SECRET."""
    said = {"title": "A loan", "body": f"<p>{SECRET}</p>", "summary": SECRET, **content}
    return draft("id:1", "Finance", **said)  # type: ignore[arg-type]


@pytest.fixture
def office(database: Database) -> Office:
    """A release, published, that is to be taken back, and one beside it."""
    described = catalogue(hubs=(HUB,), deltas=Deltas(), window=SMALL)
    opened = Office(database, described)
    opened.add(secret(), draft("id:2", "Finance", title="Another one"))
    opened.publish()
    return opened


def document(office: Office, slug: str = "finance", feed_format: Format = Format.ATOM) -> bytes:
    found = office.newsstand.document(slug, feed_format)
    assert found is not None
    return render.decompress(found.gzip)


def titles(office: Office, slug: str = "finance") -> list[str]:
    return [each.title for each in by_atoma(document(office, slug), Format.ATOM)]


def retract(office: Office) -> None:
    """In an hour, and published."""
    office.newsroom.retract("id:1", reason=REASON, by="ann", now=later(hours=1))
    office.publish(now=later(hours=1))


def restore(office: Office, *, now: datetime) -> None:
    office.newsroom.restore("id:1", by="bob", now=now)
    office.publish(now=now)


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("slug", [ALL, "finance"])
def test_every_feed_shows_the_notice_in_its_place(
    office: Office, slug: str, feed_format: Format
) -> None:
    retract(office)
    shown = document(office, slug, feed_format)
    assert SECRET.encode() not in shown
    assert REASON.encode() in shown
    titles = {each.title for each in by_atoma(shown, feed_format)}
    assert titles == {"Retracted: A loan", "Another one"}


def test_an_old_release_comes_to_the_top_of_the_window(office: Office) -> None:
    """Who reads the feed must hear of it, however long ago the release was published."""
    for n in range(3, 9):
        office.add(draft(f"id:{n}", "Finance", title=f"No {n}"), now=later(minutes=n))
        office.publish(now=later(minutes=n))
    assert "A loan" not in titles(office)
    retract(office)
    assert "Retracted: A loan" in titles(office)


def test_updated_and_the_validators_move(office: Office) -> None:
    before = office.newsstand.version("finance", Format.RSS)
    retract(office)
    after = office.newsstand.version("finance", Format.RSS)
    assert before is not None
    assert after is not None
    assert (after.digest != before.digest, after.modified_at) == (True, later(hours=1))
    listed = office.newsroom.release("id:1").release
    assert listed.retraction is not None
    assert (listed.updated, listed.retraction.at) == (later(hours=1), later(hours=1))


def test_it_is_later_than_what_was_said_within_the_same_second(office: Office) -> None:
    office.add(secret(published=NOON), now=NOON)
    held = office.newsroom.release("id:1").release
    release = office.newsroom.retract("id:1", reason=REASON, by="ann", now=NOON)
    assert release.updated == held.updated + timedelta(seconds=1)
    again = office.newsroom.restore("id:1", by="ann", now=NOON)
    assert again.updated == release.updated + timedelta(seconds=1)


def test_who_asks_what_is_new_gets_the_notice(office: Office) -> None:
    held = {each: office.newsstand.version("finance", each) for each in Format}
    retract(office)
    for feed_format, before in held.items():
        current = office.newsstand.document("finance", feed_format)
        assert current is not None
        assert before is not None
        plain = render.decompress(current.gzip)
        delta = office.newsstand.delta(current, plain, since=[before.digest])
        assert delta is not None
        # With an id of its own for who looks at no entry twice, and in the entry's place.
        notice, entry = by_atoma(delta.body, feed_format)
        assert notice.title == entry.title == "Retracted: A loan"
        assert notice.id != entry.id
        is_signal = b"retracted" if feed_format is Format.JSON else b"deleted-entry"
        assert is_signal in delta.body


def test_the_hubs_are_told_once_of_each(office: Office) -> None:
    def due(now: datetime) -> list[DuePing]:
        with office.database.read() as tx:
            return tx.pings.due(now=now)

    before = due(later(minutes=1))
    with office.database.transaction() as tx:
        for ping in before:
            tx.pings.accepted(ping, now=later(minutes=1), result="202")
    assert due(later(minutes=1)) == []
    retract(office)
    told = {(ping.feed, ping.format) for ping in due(later(hours=1, minutes=1))}
    assert told == {(slug, each) for slug in (ALL, "finance") for each in Format}


def test_who_and_why_are_written_down_for_ops_alone(office: Office) -> None:
    retract(office)
    restore(office, now=later(hours=2))
    release = office.newsroom.release("id:1").release
    with office.database.read() as tx:
        acts = tx.audit_log.of(release.id)
    assert [(each.action, each.by, each.at, each.detail) for each in acts] == [
        (AuditAction.RETRACTED, "ann", later(hours=1), REASON),
        (AuditAction.RESTORED, "bob", later(hours=2), None),
    ]
    assert b"ann" not in document(office)


def test_a_restored_release_has_its_text_again_and_no_tombstone(office: Office) -> None:
    retract(office)
    restore(office, now=later(hours=2))
    for feed_format in Format:
        shown = document(office, "finance", feed_format)
        assert SECRET.encode() in shown
        assert REASON.encode() not in shown
        assert b"deleted-entry" not in shown
    release = office.newsroom.release("id:1").release
    assert (release.updated, release.retraction) == (later(hours=2), None)


def test_what_cannot_be_done_is_told(office: Office) -> None:
    with pytest.raises(NotRetracted, match="nothing to restore"):
        office.newsroom.restore("id:1", by="ann", now=NOON)
    with pytest.raises(ReleaseNotFound):
        office.newsroom.retract("id:99", reason=REASON, by="ann", now=NOON)
    for reason in ("", " \u200b\n", "x" * 1001):
        with pytest.raises(InvalidReason):
            office.newsroom.retract("id:1", reason=reason, by="ann", now=NOON)
    retract(office)
    with pytest.raises(AlreadyRetracted, match="restore it first"):
        office.newsroom.retract("id:1", reason="Another", by="ann", now=NOON)


def test_a_reason_becomes_one_clean_line(office: Office) -> None:
    release = office.newsroom.retract("id:1", reason=" Cafe\u0301\n\x00closed ", by="ann", now=NOON)
    assert release.retraction is not None
    assert release.retraction.reason == "Café closed"


def test_the_same_document_that_comes_again_restores_nothing(office: Office) -> None:
    retract(office)
    [intake] = office.add(secret(), now=later(hours=2))
    assert (intake.verdict, intake.feeds) == (IntakeVerdict.UNCHANGED, ())
    assert office.publish(now=later(hours=2)) == {}
    assert "Retracted: A loan" in titles(office)


def test_a_correction_waits_for_the_restoring(office: Office) -> None:
    """It is the next revision, which nobody is shown; the notice stays as it is."""
    retract(office)
    before = document(office)
    corrected = secret(body="<p>Other words</p>")
    [intake] = office.add(corrected, now=later(hours=2))
    assert (intake.verdict, intake.feeds, intake.release.revision) == (
        IntakeVerdict.CORRECTED,
        (),
        2,
    )
    assert office.publish(now=later(hours=2)) == {}
    assert document(office) == before
    restore(office, now=later(hours=3))
    assert b"Other words" in document(office)


def test_a_correction_of_the_title_is_in_the_notice(office: Office) -> None:
    retract(office)
    office.add(secret(title="A grant"), now=later(hours=2))
    office.publish(now=later(hours=2))
    assert "Retracted: A grant" in titles(office)
    assert SECRET.encode() not in document(office)


def test_notices_go_when_their_time_is_over_and_not_before(office: Office) -> None:
    retract(office)
    just_before = later(days=30, minutes=59)
    assert office.newsroom.notices.expire(now=just_before) == []
    over = later(days=30, hours=1)
    [expired] = office.newsroom.notices.expire(now=over)
    assert expired.content.title == "A loan"
    assert set(office.publish(now=over)) == {ALL, "finance"}
    for feed_format in Format:
        shown = document(office, "finance", feed_format)
        assert REASON.encode() not in shown
        assert b"deleted-entry" not in shown
    assert titles(office) == ["Another one"]
    assert office.newsroom.notices.expire(now=over) == []


def test_the_clock_alone_changes_no_document(office: Office) -> None:
    """Bytes go by rows: a notice that is overdue stands until it is taken out."""
    retract(office)
    before = document(office)
    with office.database.transaction() as tx:
        tx.feeds.mark_stale(["finance"], now=later(hours=1))
    office.publish(now=later(days=90))
    assert document(office) == before


def test_a_notice_that_is_over_does_not_come_back(office: Office) -> None:
    """Neither by a correction, nor by a configuration that files it elsewhere."""
    retract(office)
    office.newsroom.notices.expire(now=later(days=31))
    office.add(secret(title="A grant"), now=later(days=32))
    moved = [Category(slug="loans", title="Loans", names=("Finance",))]
    office.configure(catalogue(moved), now=later(days=33))
    office.publish(now=later(days=33))
    assert office.newsroom.release("id:1").feeds == ()
    assert titles(office, "loans") == ["Another one"]


def test_it_can_be_restored_after_that(office: Office) -> None:
    retract(office)
    office.newsroom.notices.expire(now=later(days=31))
    restore(office, now=later(days=32))
    assert set(titles(office)) == {"Restored: A loan", "A loan", "Another one"}


def test_a_notice_moves_with_its_category(office: Office) -> None:
    retract(office)
    moved = [Category(slug="loans", title="Loans", names=("Finance",))]
    office.configure(catalogue(moved), now=later(hours=2))
    office.publish(now=later(hours=2))
    assert set(titles(office, "loans")) == {"Retracted: A loan", "Another one"}


def test_lists_of_pages_have_it_no_more(office: Office) -> None:
    held = office.newsroom.release("id:1").release
    retract(office)
    stand = office.newsstand
    pages = stand.release_pages(behind=None, limit=10)
    assert [page.title for page in pages] == ["Another one"]
    assert pages == stand.sitemap_part(1, size=10)
    assert pages == stand.newest_release_pages(since=later(days=-1), until=later(days=1), limit=10)
    assert stand.count_release_pages() == 1
    assert stand.release_pages_there([held.slug]) == set()
    assert stand.retracted_pages() == [held.slug]
    assert [each.content.title for each in stand.latest(ALL, limit=9)] == ["Another one"]
    restore(office, now=later(hours=2))
    assert (stand.count_release_pages(), stand.retracted_pages()) == (2, [])


def with_archives(office: Office) -> list[int]:
    """Let the release come into an archive, and say in which ones it is."""
    for n in range(3, 15):
        office.add(draft(f"id:{n}", "Finance", title=f"No {n}"), now=later(minutes=n))
        office.publish(now=later(minutes=n))
    last = office.newsstand.last_archive("finance")
    return [n for n in range(1, last + 1) if SECRET.encode() in archived(office, n)]


def archived(office: Office, number: int, feed_format: Format = Format.ATOM) -> bytes:
    page = office.newsstand.archive("finance", number, feed_format, now=NOON)
    return render.decompress(page.document.gzip)


@pytest.mark.parametrize("feed_format", Format)
def test_an_archive_that_was_fetched_holds_it_no_more(office: Office, feed_format: Format) -> None:
    [number] = with_archives(office)
    before = office.newsstand.archive("finance", number, feed_format, now=NOON)
    assert SECRET.encode() in render.decompress(before.document.gzip)
    retract(office)
    after = office.newsstand.archive("finance", number, feed_format, now=later(hours=1))
    assert SECRET.encode() not in render.decompress(after.document.gzip)
    assert after.document.digest != before.document.digest
    assert after.document.modified_at == later(hours=1)
    assert by_atoma(render.decompress(after.document.gzip), feed_format)


def test_an_archive_that_it_left_before_holds_it_no_more(office: Office) -> None:
    """A corrected release leaves its archive, whose kept bytes still say what it said."""
    [number] = with_archives(office)
    office.add(secret(title="A grant"), now=later(minutes=30))
    office.publish(now=later(minutes=30))
    assert SECRET.encode() in archived(office, number)
    retract(office)
    assert SECRET.encode() not in archived(office, number)


def test_other_archives_keep_their_bytes(office: Office) -> None:
    [number] = with_archives(office)
    others = [n for n in range(1, office.newsstand.last_archive("finance") + 1) if n != number]
    before = {n: archived(office, n) for n in others}
    retract(office)
    assert {n: archived(office, n) for n in others} == before


def test_the_archive_of_a_feed_that_ended_meanwhile_holds_it_no_more(office: Office) -> None:
    [number] = with_archives(office)
    described = office.catalogue
    office.configure(catalogue([Category(slug="health", title="Health")]), now=later(minutes=40))
    retract(office)
    office.configure(described, now=later(hours=2))
    assert SECRET.encode() not in archived(office, number)


def test_a_notice_comes_into_an_archive_and_goes_from_it(office: Office) -> None:
    retract(office)
    for n in range(3, 15):
        now = later(hours=2, minutes=n)
        office.add(draft(f"id:{n}", "Finance", title=f"No {n}"), now=now)
        office.publish(now=now)
    last = office.newsstand.last_archive("finance")
    [number] = [n for n in range(1, last + 1) if b"deleted-entry" in archived(office, n)]
    office.newsroom.notices.expire(now=later(days=31))
    assert b"deleted-entry" not in archived(office, number)


def test_json_has_the_same_ids_before_and_after(office: Office) -> None:
    def ids() -> list[str]:
        return [
            item["id"] for item in json.loads(document(office, "finance", Format.JSON))["items"]
        ]

    before = ids()
    retract(office)
    _notice, *after = ids()
    assert after == before
