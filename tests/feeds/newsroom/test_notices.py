"""Notices: what readers get that never look at an entry again, in every feed and format."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from feeds import render
from feeds.model.feed import ALL, Category, Deltas, FeedClosure, Format, Window
from feeds.model.listing import DuePing
from feeds.model.release import Correction, Draft, Weight
from feeds.store.database import Database
from tests.support.newsrooms import Office, catalogue, draft, feed, later
from tests.support.parsers import ReadEntry, by_atoma

HUB = "https://hub.example.net/"
NOTE = "It was signed on Tuesday & not on <Monday>."
REASON = "It was not signed after all."
SECRET = "SECRET"
FEEDS = (ALL, "finance", "money", "money-en")
WINDOW = Window(entries=3, days=0, bytes=1_000_000)


def said(correction: Correction | None = None, **content: object) -> Draft:
    """The release, as its document has it now."""
    written = {"title": "A treaty", "body": f"<p>{SECRET}</p>", "summary": SECRET, **content}
    return replace(draft("id:1", "Finance", **written), correction=correction)  # type: ignore[arg-type]


def major(note: str = NOTE) -> Correction:
    return Correction(weight=Weight.MAJOR, note=note)


MINOR = Correction(weight=Weight.MINOR)


def described(**settings: Any) -> Any:
    """A category, a union of it, and the part of that in English."""
    settings = {"hubs": (HUB,), "window": WINDOW, "deltas": Deltas(), **settings}
    more = [
        feed("money", "finance", **settings),
        feed("money-en", "finance", only_in="en", **settings),
    ]
    return catalogue([Category(slug="finance", title="Finance")], more, **settings)


@pytest.fixture
def office(database: Database) -> Office:
    """A newsroom with the release, and one beside it; both are published."""
    opened = Office(database, described())
    opened.add(said(), draft("id:2", "Finance", title="Another"))
    opened.publish()
    return opened


def document(office: Office, slug: str = "finance", feed_format: Format = Format.JSON) -> bytes:
    found = office.newsstand.document(slug, feed_format)
    assert found is not None
    return render.decompress(found.gzip)


def entries(
    office: Office, slug: str = "finance", feed_format: Format = Format.JSON
) -> list[ReadEntry]:
    return by_atoma(document(office, slug, feed_format), feed_format)


def titles(office: Office, slug: str = "finance") -> list[str]:
    return [entry.title for entry in entries(office, slug)]


def notices(office: Office, slug: str = "finance") -> list[dict[str, Any]]:
    """What stands there beside the releases, as JSON Feed has it."""
    releases = {one.release.id for one in office.newsroom.releases(limit=1000)}
    items = json.loads(document(office, slug))["items"]
    return [item for item in items if item["id"] not in releases]


def correct(office: Office, now: datetime | None = None, *, note: str = NOTE, **as_: Any) -> None:
    """In an hour, unless it is said when; other words, unless it is said which."""
    now = now or later(hours=1)
    office.add(said(major(note), **{"body": "<p>Mended.</p>", **as_}), now=now)
    office.publish(now=now)


def retract(office: Office, now: datetime | None = None) -> None:
    """In two hours, unless it is said when."""
    now = now or later(hours=2)
    office.newsroom.retract("id:1", reason=REASON, by="ann", now=now)
    office.publish(now=now)


def restore(office: Office, now: datetime | None = None) -> None:
    """In three hours, unless it is said when."""
    now = now or later(hours=3)
    office.newsroom.restore("id:1", by="ann", now=now)
    office.publish(now=now)


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("slug", FEEDS)
def test_a_major_correction_is_told_in_an_entry_of_its_own(
    office: Office, slug: str, feed_format: Format
) -> None:
    correct(office, body="<p>Other words</p>")
    notice, *others = entries(office, slug, feed_format)
    assert notice.title == "Correction: A treaty"
    assert sorted(entry.title for entry in others) == ["A treaty", "Another"]
    release = office.newsroom.release("id:1").release
    assert notice.id not in {entry.id for entry in others}
    assert notice.link == office.catalogue.site.release_page(release.slug)
    assert f'<a href="{notice.link}">' in notice.content
    assert notice.published == later(hours=1)
    assert "It was signed on Tuesday &amp; not on &lt;Monday&gt;." in notice.content
    assert ">2 March 2026</time>:</strong>" in notice.content
    assert notice.summary == NOTE


def test_it_is_the_same_entry_in_every_feed_and_format(office: Office) -> None:
    correct(office)
    seen = {
        (entries(office, slug, each)[0].id, entries(office, slug, each)[0].title)
        for slug in FEEDS
        for each in Format
    }
    assert len(seen) == 1
    [item] = notices(office)
    assert item["date_published"] == item["date_modified"] == "2026-03-02T13:00:00Z"


def test_a_minor_correction_is_silent(office: Office) -> None:
    office.add(said(MINOR, title="A treatise"), now=later(hours=1))
    office.publish(now=later(hours=1))
    assert sorted(titles(office)) == ["A treatise", "Another"]


def test_one_push_brings_notice_and_entry(office: Office) -> None:
    told: list[DuePing] = []
    for step in (1, 2, 3):
        now = later(hours=step)
        (correct, retract, restore)[step - 1](office, now=now)
        with office.database.transaction() as tx:
            due = tx.pings.due(now=later(hours=step, minutes=1))
            for ping in due:
                tx.pings.accepted(ping, now=now, result="202")
        told += due
        topics = {(ping.feed, ping.format) for ping in due}
        assert topics == {(slug, each) for slug in FEEDS for each in Format}
        assert office.publish(now=later(hours=step, minutes=2)) == {}
    assert set(Counter((ping.feed, ping.format) for ping in told).values()) == {3}


def test_each_correction_has_a_notice_of_its_own_and_the_last_one_stands(office: Office) -> None:
    """Who holds the first one keeps it; who missed it is told of both by the second."""
    correct(office, title="One")
    [first] = notices(office)
    correct(office, title="Two", note="It was in June.", now=later(hours=2))
    [second] = notices(office)
    assert first["id"] != second["id"]
    assert second["title"] == "Correction: Two"
    content = second["content_html"]
    assert content.index("It was in June.") < content.index("It was signed on Tuesday")


def test_two_corrections_of_one_second_are_told_apart(office: Office) -> None:
    correct(office, title="One")
    [first] = notices(office)
    correct(office, title="Two")
    [second] = notices(office)
    assert first["date_published"] == second["date_published"]
    assert first["id"] != second["id"]


def test_a_slip_mended_after_a_correction_leaves_its_notice_the_same_entry(office: Office) -> None:
    correct(office, title="A traety")
    [before] = notices(office)
    office.add(said(MINOR, title="A treaty!"), now=later(hours=2))
    office.publish(now=later(hours=2))
    [after] = notices(office)
    assert after["title"] == "Correction: A treaty!"
    for same in ("id", "date_published", "date_modified"):
        assert after[same] == before[same]


def test_the_same_words_again_change_no_byte(office: Office) -> None:
    correct(office, title="One")
    before = document(office)
    correct(office, title="One", now=later(hours=2))
    assert document(office) == before


def test_a_restart_and_another_newsroom_make_the_same_bytes(
    office: Office, sqlite_database: Database
) -> None:
    """What is not in memory is made anew; ids come of the release's alone."""
    correct(office)
    restarted = Office(office.database, office.catalogue)
    other = Office(sqlite_database, described())
    other.add(said(), draft("id:2", "Finance", title="Another"))
    other.publish()
    correct(other)
    for each in Format:
        assert restarted.newsstand.render("finance", each) == document(office, "finance", each)
        assert entries(other, "finance", each) == entries(office, "finance", each)


@pytest.mark.parametrize("feed_format", Format)
def test_a_retraction_is_told_with_its_reason_and_nothing_of_the_text(
    office: Office, feed_format: Format
) -> None:
    correct(office, body=f"<p>{SECRET} still</p>", note=SECRET)
    [corrected] = notices(office)
    retract(office)
    shown = document(office, "finance", feed_format)
    assert SECRET.encode() not in shown
    assert corrected["id"].encode() not in shown, "it would speak of what is gone"
    notice = entries(office, "finance", feed_format)[0]
    assert notice.title == "Retracted: A treaty"
    assert f"Reason: {REASON}" in notice.content
    assert "retracted on 2026-03-02" in notice.content
    assert notice.published == later(hours=2)


@pytest.mark.parametrize("feed_format", Format)
def test_who_was_told_of_the_retraction_is_told_that_it_is_restored(
    office: Office, feed_format: Format
) -> None:
    """Who never looks at an entry again would else hold it for retracted, for ever."""
    retract(office)
    restore(office)
    notice = entries(office, "finance", feed_format)[0]
    assert notice.title == "Restored: A treaty"
    assert "restored on 2026-03-02 and is valid again" in notice.content
    assert notice.published == later(hours=3)


def test_each_turn_of_a_life_has_an_id_of_its_own(office: Office) -> None:
    seen: list[str] = []
    for number in (1, 2, 3):
        correct(office, later(hours=10 * number), body=f"<p>{number}</p>")
        seen += [notice["id"] for notice in notices(office)]
        retract(office, later(hours=10 * number + 1))
        seen += [notice["id"] for notice in notices(office)]
        restore(office, later(hours=10 * number + 2))
        seen += [notice["id"] for notice in notices(office)]
    assert len(seen) == 9
    releases = {one.release.id for one in office.newsroom.releases()}
    assert len(set(seen) | releases) == len(seen) + len(releases)


def test_a_correction_after_a_restoration_is_told_as_one(office: Office) -> None:
    retract(office)
    restore(office)
    correct(office, now=later(hours=4), title="Other")
    assert titles(office)[0] == "Correction: Other"


def test_a_document_corrected_under_its_embargo_makes_no_notice(office: Office) -> None:
    until = later(hours=5)
    waiting = replace(
        draft("id:9", "Finance", title="Waits", published=until), embargoed_until=until
    )
    office.add(waiting)
    mended = replace(waiting, correction=major(), content=replace(waiting.content, title="Waited"))
    office.add(mended, now=later(hours=1))
    office.newsroom.embargoes.release(now=until)
    office.publish(now=until)
    assert sorted(titles(office)) == ["A treaty", "Another", "Waited"]


def test_a_correction_that_waits_is_told_in_its_minute_and_not_before(office: Office) -> None:
    until = later(hours=5)
    before = document(office)
    office.add(replace(said(major(), title="New"), embargoed_until=until), now=later(hours=1))
    assert office.publish(now=later(hours=1)) == {}
    assert document(office) == before
    office.newsroom.embargoes.release(now=until)
    office.publish(now=until)
    assert titles(office)[0] == "Correction: New"
    assert entries(office)[0].published == until


def test_it_goes_when_its_time_is_over_and_the_release_stays(office: Office) -> None:
    correct(office, title="One")
    assert office.newsroom.notices.expire(now=later(days=30, minutes=59)) == []
    over = later(days=30, hours=1)
    [expired] = office.newsroom.notices.expire(now=over)
    assert expired.content.title == "One"
    assert set(office.publish(now=over)) == set(FEEDS)
    assert sorted(titles(office)) == ["Another", "One"]
    assert office.newsroom.notices.expire(now=over) == []
    listed = office.newsroom.release("id:1")
    assert (listed.release.updated, listed.feeds) == (later(hours=1), tuple(sorted(FEEDS)))


def test_a_second_correction_is_told_for_its_own_time(office: Office) -> None:
    correct(office, title="One")
    correct(office, title="Two", now=later(days=20))
    assert office.newsroom.notices.expire(now=later(days=31)) == []
    assert len(office.newsroom.notices.expire(now=later(days=50))) == 1


def test_feeds_that_do_not_show_it_any_more_have_no_new_edition_when_it_goes(
    office: Office,
) -> None:
    """There is nothing to be told of, and nobody to be pushed to."""
    correct(office)
    for number in range(3, 9):
        office.add(draft(f"id:{number}", "Finance", title=f"No {number}"), now=later(hours=number))
    office.publish(now=later(hours=9))
    assert "Correction: A treaty" not in titles(office)
    assert len(office.newsroom.notices.expire(now=later(days=31))) == 1
    assert office.publish(now=later(days=31)) == {}


def test_it_counts_as_no_release(office: Office) -> None:
    """N of the window, editions, lists, sitemaps, counts: all speak of releases."""
    office.add(
        *(draft(f"id:{n}", "Finance", title=f"No {n}") for n in (3, 4)), now=later(minutes=1)
    )
    office.publish(now=later(minutes=1))
    office.add(said(major(), title="One"), now=later(hours=1))
    [edition] = office.newsstand.regenerate(["finance"], now=later(hours=1), worker="test")
    office.publish(now=later(hours=1))
    assert edition.entries == WINDOW.entries  # type: ignore[union-attr]
    assert len(titles(office)) == WINDOW.entries + 1
    stand = office.newsstand
    assert stand.sizes()["finance"] == stand.count_release_pages() == 4
    pages = stand.newest_release_pages(since=later(days=-1), until=later(days=1), limit=10)
    assert len(pages) == 4
    assert "Correction: One" not in {page.title for page in pages}
    assert len(stand.latest("finance", limit=10)) == 4
    assert len(office.newsroom.releases(limit=10)) == 4


def test_its_bytes_count_to_those_of_the_window(office: Office) -> None:
    """Who limits a document means the document."""
    correct(office)
    lengths = [len(json.dumps(item)) for item in json.loads(document(office))["items"]]
    bounded = Window(entries=3, days=0, bytes=sum(lengths) - min(lengths) // 2)
    office.configure(described(window=bounded), now=later(hours=2))
    office.publish(now=later(hours=2))
    assert titles(office) == ["Correction: A treaty", "A treaty"]
    office.configure(described(window=bounded, notices=False), now=later(hours=3))
    office.publish(now=later(hours=3))
    assert sorted(titles(office)) == ["A treaty", "Another"]


@pytest.mark.parametrize("feed_format", Format)
def test_who_asks_what_is_new_gets_notice_and_entry(office: Office, feed_format: Format) -> None:
    before = office.newsstand.version("finance", feed_format)
    correct(office, title="One")
    current = office.newsstand.document("finance", feed_format)
    assert before is not None
    assert current is not None
    plain = render.decompress(current.gzip)
    delta = office.newsstand.delta(current, plain, since=[before.digest])
    assert delta is not None
    assert [each.title for each in by_atoma(delta.body, feed_format)] == ["Correction: One", "One"]


def test_a_feed_may_go_without(office: Office) -> None:
    quiet = [feed("quiet", "finance", notices=False)]
    office.configure(catalogue([Category(slug="finance", title="Finance")], quiet), now=later())
    office.publish(now=later())
    correct(office, title="One")
    assert "Correction: One" in titles(office)
    assert sorted(titles(office, "quiet")) == ["Another", "One"]
    assert len(office.newsroom.notices.expire(now=later(days=31))) == 1
    assert set(office.publish(now=later(days=31))) == {ALL, "finance"}


def test_it_moves_with_its_release(office: Office) -> None:
    correct(office, title="One")
    [before] = notices(office)
    moved = [Category(slug="loans", title="Loans", names=("Finance",))]
    office.configure(catalogue(moved), now=later(hours=2))
    office.publish(now=later(hours=2))
    [after] = notices(office, "loans")
    assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])


def test_a_feed_that_ended_tells_of_what_it_holds(office: Office) -> None:
    ending = FeedClosure(on=later(minutes=30), gone_at=later(days=90), words="It is over.")
    ended = [feed("finance", "finance", ending=ending)]
    category = [Category(slug="finance", title="Finance")]
    settled = catalogue(category)
    feeds = [settled.feeds[ALL], *ended]
    office.configure(type(settled)(settled.site, category, feeds), now=later(minutes=40))
    office.publish(now=later(minutes=40))
    correct(office, title="One")
    assert titles(office)[:2] == ["It is over.", "Correction: One"]


def test_a_complete_document_stays_complete(office: Office) -> None:
    """RFC 5005 section 2: all there is; and that is less when the notice has gone."""
    assert b"<fh:complete/>" in document(office, "finance", Format.ATOM)
    correct(office)
    assert b"<fh:complete/>" in document(office, "finance", Format.ATOM)
    assert b"Correction: A treaty" in document(office, "finance", Format.ATOM)


def test_a_feed_of_one_release_may_hold_notices_alone(database: Database) -> None:
    office = Office(database, described())
    office.add(said())
    office.publish()
    retract(office, now=later(hours=1))
    assert titles(office) == ["Retracted: A treaty"] * 2
    office.newsroom.notices.expire(now=later(days=31))
    office.publish(now=later(days=31))
    assert titles(office) == []


@pytest.mark.parametrize(
    ("language", "corrected", "retracted", "restored"),
    [
        ("fr", "Rectificatif : A", "Retiré : A", "Rétabli : A"),
        ("es-MX", "Corrección: A", "Retirado: A", "Restablecido: A"),
        ("ar", "تصويب: A", "سُحب: A", "أُعيد نشره: A"),
        ("ru", "Исправление: A", "Отозвано: A", "Восстановлено: A"),
        ("zh-Hans", "更正：A", "已撤回：A", "已恢复：A"),
        ("he", "Correction: A", "Retracted: A", "Restored: A"),
    ],
)
def test_it_speaks_the_releases_language(
    sqlite_database: Database, language: str, corrected: str, retracted: str, restored: str
) -> None:
    office = Office(sqlite_database, described())
    office.add(said(title="A", language=language))
    office.publish()
    for step, title in ((correct, corrected), (retract, retracted), (restore, restored)):
        if step is correct:
            correct(office, title="A", language=language)
        else:
            step(office)
        [notice] = notices(office)
        assert (notice["title"], notice["language"]) == (title, language)
        is_leftward = language in ("ar", "he")
        assert notice["content_html"].startswith("<div") == is_leftward
