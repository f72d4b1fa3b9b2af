"""Feeds of one language beside a feed, and entries whose categories speak their language."""

import json
from dataclasses import replace

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, Feed, Format
from feeds.store.database import Database
from tests.support.newsrooms import Office, catalogue, draft, feed, later, tell_hubs

ECONOMY = Category(slug="economy", title="Economy", titles=(("fr", "Économie"), ("ar", "اقتصاد")))
HUBS = ("https://hub.example.net/",)


def beside(slug: str, language: str) -> Feed:
    """A feed of one language beside the one of *slug*."""
    made = feed(f"{slug}-{language}", slug, language=language, hubs=HUBS)
    return replace(made, only_in=language, beside=slug)


PLAIN = catalogue([Category(slug="economy", title="Economy")], hubs=HUBS)
SPOKEN = catalogue(
    [ECONOMY], [beside("economy", "fr"), beside("economy", "ar"), beside(ALL, "fr")], hubs=HUBS
)


def languages(office: Office, slug: str) -> list[str]:
    """The languages of a feed's entries."""
    items = json.loads(office.newsstand.render(slug, Format.JSON))["items"]
    return sorted(item["language"] for item in items)


def office_with(database: Database, described: Catalogue) -> Office:
    """An office with a release in each of four languages, of which one is not filed."""
    office = Office(database, described)
    office.add(
        draft("id:1", "Economy", language="en"),
        draft("id:2", "Economy", language="fr-CA", title="Un traité"),
        draft("id:3", "Economy", language="ar", title="معاهدة"),
        draft("id:4", language="fr", title="Rien"),
    )
    office.publish()
    return office


def test_a_feed_holds_the_releases_in_its_language(database: Database) -> None:
    office = office_with(database, SPOKEN)
    assert languages(office, "economy") == ["ar", "en", "fr-CA"]
    assert languages(office, "economy-fr") == ["fr-CA"]
    assert languages(office, "economy-ar") == ["ar"]
    assert languages(office, "all-fr") == ["fr", "fr-CA"]


def test_languages_that_are_configured_later_take_what_there_is(database: Database) -> None:
    office = office_with(database, PLAIN)
    assert office.configure(SPOKEN, now=later(hours=1)) == 3
    office.publish(now=later(hours=1))
    assert languages(office, "economy-fr") == ["fr-CA"]
    assert languages(office, "all-fr") == ["fr", "fr-CA"]
    pushed = tell_hubs(database, now=later(hours=1, seconds=1))
    assert len(pushed) == len(set(pushed)) == len(SPOKEN.feeds) * len(Format)


def test_a_feed_whose_language_is_changed_holds_others(database: Database) -> None:
    office = office_with(database, SPOKEN)
    changed = replace(beside("economy", "fr"), only_in="ar")
    office.configure(catalogue([ECONOMY], [changed], hubs=HUBS), now=later(hours=1))
    office.publish(now=later(hours=1))
    assert languages(office, "economy-fr") == ["ar"]


def test_a_correction_of_the_language_moves_the_release(database: Database) -> None:
    office = office_with(database, SPOKEN)
    mended = draft("id:2", "Economy", language="ar", title="Un traité")
    [intake] = office.add(mended, now=later(hours=1))
    assert {"economy", "economy-fr", "economy-ar"} <= set(intake.feeds)
    assert {"economy-fr", "economy-ar", "all-fr"} <= set(office.publish(now=later(hours=1)))
    assert languages(office, "economy-fr") == []
    assert languages(office, "economy-ar") == ["ar", "ar", "ar"], "two releases and a notice"


def test_entries_show_categories_in_their_language(database: Database) -> None:
    """The term stays, whatever the language: it is the key."""
    office = office_with(database, SPOKEN)
    atom = office.newsstand.render("economy", Format.ATOM).decode()
    for title in ("Economy", "Économie", "اقتصاد"):
        assert f'<category term="economy" label="{title}"/>' in atom
    items = json.loads(office.newsstand.render("economy", Format.JSON))["items"]
    assert {(item["language"], *item["tags"]) for item in items} == {
        ("en", "Economy"),
        ("fr-CA", "Économie"),
        ("ar", "اقتصاد"),
    }


def test_a_translated_title_that_is_mended_reaches_the_entries(database: Database) -> None:
    office = office_with(database, SPOKEN)
    mended = replace(ECONOMY, titles=(("fr", "Économie et finances"), ("ar", "اقتصاد")))
    office.configure(catalogue([mended], hubs=HUBS), now=later(hours=1))
    assert "economy" in office.publish(now=later(hours=1))
    atom = office.newsstand.render("economy", Format.ATOM).decode()
    assert 'label="Économie et finances"' in atom
    assert 'label="Economy"' in atom


def test_feeds_beside_each_other_are_found_from_any_of_them() -> None:
    found = [one.slug for one in SPOKEN.feeds_beside("economy-ar")]
    assert found == ["economy", "economy-fr", "economy-ar"]
    assert [one.slug for one in SPOKEN.feeds_beside(ALL)] == [ALL, "all-fr"]
