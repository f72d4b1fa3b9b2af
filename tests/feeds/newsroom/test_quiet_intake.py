"""Imports: releases that are no news, and keep the ids under which readers know them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds import render
from feeds.model.feed import Format, Window
from feeds.model.intake import Intake, IntakeVerdict
from feeds.model.published_id import known_as
from feeds.model.release import AuditAction, Correction, Draft, Weight
from feeds.newsstand.archives import MAX_ENTRIES
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, catalogue, draft, later, tell_hubs

WINDOW = Window(entries=2, days=0, bytes=1_000_000)


def imported(number: int, *names: str, guid: str | None = None, **content: object) -> Draft:
    """A document of an export; the higher the number, the older it is."""
    key = f"import:{number:04}"
    published = NOON - timedelta(days=number)
    made = draft(key, *names, **{"title": f"Old {number}", "published": published, **content})  # type: ignore[arg-type]
    return replace(
        made, published_id=known_as(guid or f"https://old.example/?p={number}", source_key=key)
    )


def take_in(office: Office, drafts: Iterable[Draft], *, minutes: int = 1) -> list[Intake]:
    outcomes = office.newsroom.take_in(
        [*drafts], now=later(minutes=minutes), by="import", is_news=False
    )
    assert all(isinstance(each, Intake) for each in outcomes), outcomes
    return [each for each in outcomes if isinstance(each, Intake)]


def ids(office: Office, archive: int | None = None) -> list[str]:
    if archive is None:
        document = office.newsstand.document("all", Format.JSON)
        assert document is not None
    else:
        document = office.newsstand.archive("all", archive, Format.JSON, now=NOON).document
    return [item["id"] for item in json.loads(render.decompress(document.gzip))["items"]]


def old(*numbers: int) -> list[str]:
    return [f"https://old.example/?p={number}" for number in numbers]


@pytest.fixture
def office(database: Database) -> Office:
    """A running newsroom with two releases of today, whose hub knows them."""
    opened = Office(database, catalogue(hubs=("https://hub.example.net/",), window=WINDOW))
    opened.add(draft("id:1", title="First"), draft("id:2", title="Second"))
    opened.publish()
    tell_hubs(database, now=later(minutes=1))
    return opened


def test_old_releases_take_their_places_by_date_and_nothing_is_pushed(office: Office) -> None:
    before = ids(office)
    take_in(office, [imported(n) for n in (3, 1, 2)])
    office.publish(now=later(minutes=2))

    assert ids(office) == before
    assert tell_hubs(office.database, now=later(hours=1)) == []
    # The archives have them, newest first, as any archive.
    assert ids(office, archive=1)[-3:] == old(1, 2, 3)


def test_an_old_release_that_fits_the_window_is_shown_and_not_pushed(database: Database) -> None:
    office = Office(database, catalogue(hubs=("https://hub.example.net/",)))
    office.add(draft("id:1"))
    office.publish()
    tell_hubs(database, now=later(minutes=1))
    take_in(office, [imported(2), imported(1)])
    office.publish(now=later(minutes=2))

    assert ids(office)[1:] == old(1, 2)
    assert tell_hubs(database, now=later(hours=1)) == []


def test_news_after_an_import_is_news(office: Office) -> None:
    take_in(office, [imported(1)])
    office.publish(now=later(minutes=2))
    office.add(draft("id:3", title="Third"), now=later(minutes=3))
    office.publish(now=later(minutes=3))

    assert len(tell_hubs(office.database, now=later(hours=1))) == 3
    assert office.newsroom.release("id:3").release.id in ids(office)


def test_a_second_import_updates_without_news(office: Office) -> None:
    first = imported(5)
    take_in(office, [first])
    office.publish(now=later(minutes=2))
    archived = ids(office, archive=1)
    told = replace(
        imported(5, body="<p>Other words.</p>"),
        correction=Correction(weight=Weight.MAJOR, note="Note"),
    )
    [intake] = take_in(office, [told], minutes=3)
    office.publish(now=later(minutes=4))

    release = office.newsroom.release("import:0005").release
    assert intake.verdict is IntakeVerdict.CORRECTED
    assert release.content.body == "<p>Other words.</p>"
    assert (release.updated, release.notes, release.notice_since) == (
        first.content.published,
        (),
        None,
    )
    assert release.placed_at == first.content.published
    assert tell_hubs(office.database, now=later(hours=1)) == []
    # It is where it was, and the stored archive has its new text.
    assert ids(office, archive=1) == archived
    page = office.newsstand.archive("all", 1, Format.JSON, now=NOON).document
    assert b"Other words." in render.decompress(page.gzip)
    assert [event.action for event in office.newsroom.audit_events("import:0005")] == [
        AuditAction.ADDED,
        AuditAction.CORRECTED,
    ]


def test_updated_moves_to_a_later_date_that_the_source_states(office: Office) -> None:
    take_in(office, [imported(5)])
    stated = NOON - timedelta(days=1)
    take_in(office, [imported(5, title="New", updated=stated)], minutes=2)
    assert office.newsroom.release("import:0005").release.updated == stated
    take_in(office, [imported(5, title="Newer", updated=stated - timedelta(days=1))], minutes=3)
    assert office.newsroom.release("import:0005").release.updated == stated


def test_a_second_import_into_other_categories_leaves_the_archive(office: Office) -> None:
    take_in(office, [imported(5, "Finance"), imported(6, "Finance"), imported(7, "Finance")])
    office.publish(now=later(minutes=2))
    page = office.newsstand.archive("finance", 1, Format.JSON, now=NOON).document
    assert b"Old 7" in render.decompress(page.gzip)
    take_in(office, [imported(7, "Health")], minutes=3)
    office.publish(now=later(minutes=4))

    page = office.newsstand.archive("finance", 1, Format.JSON, now=NOON).document
    assert b"Old 7" not in render.decompress(page.gzip)
    assert office.newsroom.release("import:0007").feeds == ("all", "health")


def test_the_same_again_changes_nothing(office: Office) -> None:
    take_in(office, [imported(1)])
    office.publish(now=later(minutes=2))
    [intake] = take_in(office, [imported(1)], minutes=3)
    assert intake.verdict is IntakeVerdict.UNCHANGED
    assert office.newsstand.stale(now=later(minutes=4)) == []


def test_a_correction_of_an_old_release_is_news(office: Office) -> None:
    take_in(office, [imported(9)])
    office.publish(now=later(minutes=2))
    office.add(imported(9, title="Corrected"), now=later(minutes=3))
    office.publish(now=later(minutes=3))

    release = office.newsroom.release("import:0009").release
    assert release.placed_at == release.changed_at == later(minutes=3)
    assert release.published_id == imported(9).published_id
    assert old(9)[0] in ids(office)
    assert tell_hubs(office.database, now=later(hours=1))


def test_a_retraction_and_a_restoration_of_an_old_release_arrive(office: Office) -> None:
    take_in(office, [imported(9)])
    office.publish(now=later(minutes=2))
    office.newsroom.retract(old(9)[0], reason="In error.", by="x", now=later(minutes=3))
    office.publish(now=later(minutes=3))
    assert old(9)[0] in ids(office)
    office.newsroom.restore(old(9)[0], by="x", now=later(minutes=4))
    assert office.newsroom.release(old(9)[0]).release.placed_at == later(minutes=4)


def test_two_sites_with_one_guid_keep_two_releases_apart(office: Office) -> None:
    guid = "http://localhost/?p=1"
    take_in(office, [imported(1, guid=guid), imported(2, guid=guid)])
    take_in(office, [imported(3, guid=guid)], minutes=2)
    known = [office.newsroom.release(f"import:000{n}").release for n in (1, 2, 3)]
    assert known[0].guid == guid
    assert len({each.guid for each in known}) == len({each.atom_id for each in known}) == 3
    # No id of an entry that was born here is taken either.
    own = office.newsroom.release("id:1").release.id
    take_in(office, [imported(4, guid=own)], minutes=3)
    assert office.newsroom.release("import:0004").release.guid != own


def test_a_release_is_found_by_the_id_that_readers_know(office: Office) -> None:
    guid = "45863 at https://x"
    [intake] = take_in(office, [imported(1, guid=guid)])
    for name in (guid, intake.release.atom_id, intake.release.id, intake.release.slug):
        assert office.newsroom.release(name).release.id == intake.release.id


def test_an_id_that_is_a_slug_here_hides_no_release(office: Office) -> None:
    slug = office.newsroom.release("id:1").release.slug
    take_in(office, [imported(1, guid=slug)])
    assert office.newsroom.release(slug).release.source_key == "id:1"


def test_an_old_release_under_embargo_is_news_with_its_id(office: Office) -> None:
    until = later(days=1)
    held = replace(imported(1), embargoed_until=until)
    take_in(office, [held])
    assert held.published_id is not None
    named = office.newsroom.embargoes.named(held.published_id.value)
    assert named.draft.source_key == held.source_key
    office.newsroom.embargoes.release(now=until)
    release = office.newsroom.release("import:0001").release
    assert (release.guid, release.content.published) == (old(1)[0], until)
    assert release.placed_at == release.changed_at


@pytest.mark.parametrize("is_lifted", [False, True])
def test_a_release_that_waits_without_being_news_is_none_when_that_ends(
    office: Office, is_lifted: bool
) -> None:
    until = later(hours=1)
    waiting = replace(draft("id:3"), embargoed_until=until, is_news_at_release=False)
    office.newsroom.take_in([waiting], now=later(minutes=2))
    [embargo] = office.newsroom.embargoes.all()
    if is_lifted:
        office.newsroom.embargoes.lift(embargo.release_id, by="anna", now=later(minutes=3))
    else:
        assert office.newsroom.embargoes.release(now=until) == 1
    office.publish(now=until)
    assert tell_hubs(office.database, now=later(hours=2)) == []


def test_archives_of_many_are_closed_in_the_order_of_the_releases(database: Database) -> None:
    office = Office(database, catalogue(window=WINDOW))
    numbers = [*range(1, 2 * MAX_ENTRIES + 3)]
    # In an order of their own: exports go by the number of a post.
    take_in(office, [imported(n) for n in sorted(numbers, key=lambda n: (n * 37) % 101)])
    office.publish(now=later(minutes=2))
    assert ids(office) == old(1, 2)
    archives = [office.newsstand.archives("all")]
    newest_first = [each for n in range(len(archives[0]), 0, -1) for each in ids(office, n)]
    assert newest_first[-2 * MAX_ENTRIES :] == old(*numbers)[-2 * MAX_ENTRIES :]


def test_no_old_release_is_in_the_list_for_news_search_engines(office: Office) -> None:
    recent = imported(1, published=NOON - timedelta(hours=3))
    [intake] = take_in(office, [recent])
    since, until = NOON - timedelta(days=2), later(hours=1)
    pages = office.newsstand.newest_release_pages(since=since, until=until, limit=9, is_news=True)
    assert {page.title for page in pages} == {"First", "Second"}
    everything = office.newsstand.newest_release_pages(since=since, until=until, limit=9)
    assert intake.release.id in {page.id for page in everything}
    [page] = [page for page in everything if page.id == intake.release.id]
    assert page.updated == recent.content.published  # ``lastmod`` of the sitemap
