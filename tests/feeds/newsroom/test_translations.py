"""Releases that are translations of each other know it, both ways and at any time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from feeds.model.feed import Format
from feeds.model.release import Details, Draft, ReleaseId, Retraction, SourceKey, Translation
from feeds.newsroom import Newsroom
from feeds.newsroom.retractions import relink
from feeds.store.database import Database
from tests.support.newsrooms import (
    NOON,
    WINDOW_OF_TWO,
    Office,
    catalogue,
    counting_ids,
    draft,
    later,
    tell_hubs,
)

HUB = "https://hub.example.net/"


def in_language(language: str, *names: str, work: str | None = "treaty", **content: Any) -> Draft:
    """A document in a language, of a work."""
    details = Details(work=work)
    return draft(f"id:{language}", *names, language=language, details=details, **content)


def links(office: Office, key: str) -> list[str]:
    """The languages that a release is linked to."""
    return [each.language for each in office.newsroom.release(key).release.translations]


def versions(database: Database, slug: str) -> list[tuple[str, datetime]]:
    """The validators of a feed's documents."""
    with database.read() as tx:
        held = tx.documents.versions([slug])
    return [(one.digest, one.modified_at) for _, one in sorted(held.items())]


def test_translations_that_come_together_are_linked_both_ways(database: Database) -> None:
    office = Office(database)
    french, german, english = office.add(*map(in_language, ("fr", "de", "en")))
    assert french.release.id != german.release.id != english.release.id
    assert office.newsroom.release("id:fr").release.translations == (
        Translation(language="de", slug=german.release.slug),
        Translation(language="en", slug=english.release.slug),
    )
    assert links(office, "id:de") == ["en", "fr"]
    assert links(office, "id:en") == ["de", "fr"]


def test_one_that_comes_later_changes_the_entry_of_the_original(database: Database) -> None:
    """Its validators move and its hubs are told, but it is no newer than it was."""
    office = Office(database, catalogue(hubs=(HUB,)))
    office.add(in_language("en", "Finance"))
    office.publish()
    before = office.newsroom.release("id:en").release
    tell_hubs(database, now=later(seconds=1))
    held = versions(database, "finance")
    office.add(in_language("fr", "Health"), now=later(hours=1))
    after = office.newsroom.release("id:en").release
    assert links(office, "id:en") == ["fr"]
    assert (after.updated, after.revision) == (before.updated, before.revision)
    assert after.face != before.face
    assert set(office.publish(now=later(hours=1))) == {"all", "finance", "health"}
    moved = versions(database, "finance")
    assert all(new[0] != old[0] and new[1] > old[1] for new, old in zip(moved, held, strict=True))
    assert b'hreflang="fr"' in office.newsstand.render("finance", Format.ATOM)
    told = tell_hubs(database, now=later(hours=1, seconds=1))
    feeds = ("all", "finance", "health")
    assert sorted(told) == sorted((feed, each) for feed in feeds for each in Format)


def test_an_original_keeps_its_place_in_the_window(database: Database) -> None:
    office = Office(database, catalogue(window=WINDOW_OF_TWO))
    office.add(in_language("en", "Finance"))
    office.add(draft("id:2", "Finance", title="Second"), now=later(days=2))
    office.add(draft("id:3", "Finance", title="Third"), now=later(days=3))
    office.publish(now=later(days=3))
    office.add(in_language("fr", "Health"), now=later(days=4))
    assert links(office, "id:en") == ["fr"]
    # Nothing in its feed shows it, so nothing changes there, and nobody is told.
    assert set(office.publish(now=later(days=4))) == {"all", "health"}


def test_the_original_may_come_last_and_need_not_name_the_work(database: Database) -> None:
    office = Office(database)
    office.add(in_language("fr", work="en"), in_language("de", work="en"))
    office.add(in_language("en", work=None), now=later(hours=1))
    assert links(office, "id:en") == ["de", "fr"]
    assert links(office, "id:fr") == ["de", "en"]


def test_an_original_is_named_by_its_address_too(database: Database) -> None:
    office = Office(database)
    original = draft("url:https://example.org/1", details=Details())
    office.add(original, in_language("fr", work="https://example.org/1"))
    assert links(office, "url:https://example.org/1") == ["fr"]


def test_a_correction_of_the_language_corrects_the_links(database: Database) -> None:
    office = Office(database)
    office.add(*map(in_language, ("fr", "de", "en")))
    mended = replace(
        in_language("fr"), content=replace(in_language("fr").content, language="fr-CA")
    )
    office.add(mended, now=later(hours=1))
    assert links(office, "id:de") == ["en", "fr-CA"]
    assert links(office, "id:fr") == ["de", "en"]


def test_a_correction_that_leaves_the_work_leaves_its_links(database: Database) -> None:
    office = Office(database)
    office.add(*map(in_language, ("fr", "de", "en")))
    office.add(in_language("fr", work=None), now=later(hours=1))
    assert links(office, "id:fr") == []
    assert links(office, "id:de") == ["en"]


def test_a_correction_of_the_text_leaves_the_links(database: Database) -> None:
    office = Office(database)
    office.add(*map(in_language, ("fr", "de")))
    office.publish()
    [intake] = office.add(in_language("fr", title="Corrected"), now=later(hours=1))
    assert [each.language for each in intake.release.translations] == ["de"]
    assert links(office, "id:fr") == ["de"]
    assert office.newsroom.release("id:de").release.changed_at == NOON


def test_two_in_one_language_are_linked_to_others_and_not_to_each_other(
    database: Database,
) -> None:
    """RFC 4287 section 4.1.2: one alternate for a type and language. The first one is it."""
    office = Office(database)
    second = draft("id:fr2", language="fr", details=Details(work="treaty"), published=NOON)
    office.add(second, *map(in_language, ("fr", "de")))
    first = office.newsroom.release("id:fr").release
    assert office.newsroom.release("id:de").release.translations == (
        Translation(language="fr", slug=first.slug),
    )
    assert links(office, "id:fr") == links(office, "id:fr2") == ["de"]


def test_an_archive_that_was_fetched_keeps_its_bytes(database: Database) -> None:
    """RFC 5005 section 4: the content of an archive should not change."""
    office = Office(database, catalogue(window=WINDOW_OF_TWO))
    office.add(in_language("en", "Finance"))
    for day in range(1, 60):
        office.add(draft(f"id:{day}", "Finance", title=f"Day {day}"), now=later(days=day))
    office.publish(now=later(days=60))
    fetched = office.newsstand.archive("finance", 1, Format.ATOM, now=later(days=60))
    office.add(in_language("fr", "Finance"), now=later(days=61))
    office.publish(now=later(days=61))
    again = office.newsstand.archive("finance", 1, Format.ATOM, now=later(days=62))
    assert again == fetched


@pytest.mark.parametrize("round_number", range(3))
def test_two_that_come_at_the_same_moment_find_each_other(
    database: Database, round_number: int
) -> None:
    office = Office(database)
    mint = counting_ids()

    def add(language: str) -> None:
        def mint_id() -> ReleaseId:
            return ReleaseId(f"{mint()}-{language}")

        newsroom = Newsroom(database, office.catalogue, mint_id=mint_id)
        newsroom.take_in([in_language(language)], now=NOON)

    languages = ["ar", "de", "fr", "he"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, languages))
    for language in languages:
        assert links(office, f"id:{language}") == [each for each in languages if each != language]


def test_what_was_retracted_is_nobodys_translation_and_has_none(database: Database) -> None:
    """Whoever retracts stores it and links its work anew, in one transaction."""
    office = Office(database)
    office.add(*map(in_language, ("fr", "de", "en")))
    held = office.newsroom.release("id:fr").release
    retracted = replace(held, retraction=Retraction(at=later(hours=1), reason="An error"))
    for becomes, left in ((retracted, ["en"]), (held, ["en", "fr"])):
        with database.transaction() as tx:
            tx.releases.hold_works()
            current = tx.releases.by_ids([held.id])[held.id]
            release = replace(becomes, revision=current.revision + 1)
            tx.releases.replace([(current, release)], now=later(hours=1))
            relink(tx, office.catalogue, [current, release], now=later(hours=1))
        assert links(office, "id:de") == left
    assert links(office, "id:fr") == ["de", "en"]
    assert links(office, "id:en") == ["de", "fr"]


@pytest.mark.parametrize("waiting", [None, later(hours=9)], ids=["public", "waiting"])
def test_the_company_of_a_document_is_all_that_it_will_be_linked_to(
    database: Database, waiting: datetime | None
) -> None:
    """What waits under embargo too: nobody is asked when it comes out."""
    office = Office(database)
    original = replace(in_language("en", work=None), source_key=SourceKey("id:treaty"))
    others = (in_language("fr"), original, in_language("de", work="else"))
    office.add(*(replace(each, embargoed_until=waiting) for each in others))
    members = office.newsroom.other_members(in_language("it"))
    assert sorted(each.source_key for each in members) == ["id:fr", "id:treaty"]
    assert office.newsroom.other_members(in_language("es", work=None)) == []
    itself = office.newsroom.other_members(in_language("fr"))
    assert [each.source_key for each in itself] == ["id:treaty"]
