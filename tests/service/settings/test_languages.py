"""Feeds beside a feed, each of one language; and categories that have a title in several."""

import pytest

from feeds.model.feed import ALL
from service.settings import catalogue
from tests.support.config_files import MAIN, ConfigFolder
from tests.support.newsrooms import NOON

SPOKEN = """\
all: {title: All, languages: [{language: fr, title: Tout}]}
categories:
  - slug: economy
    title: Economy
    was: [money]
    description: What it costs
    hubs: [https://hub.example/]
    languages:
      - {language: fr, title: Économie, description: Ce que cela coûte}
      - {language: ar, title: اقتصاد, slug: iqtisad}
  - {slug: tax, title: Tax}
unions:
  - slug: both
    title: Both
    any_of: [economy, tax]
    languages: [{language: zh-Hant, title: 全部}]
"""


def one(languages: str, rest: str = "") -> str:
    """A category with feeds of these languages, all on line 2."""
    return f"categories:\n  - {{slug: a, title: A, languages: [{languages}]}}\n{rest}"


def test_a_feed_of_each_language_stands_beside_the_feed(config: ConfigFolder) -> None:
    feeds = catalogue(config.load(MAIN, SPOKEN)).feeds
    beside = {slug: feed.beside for slug, feed in feeds.items() if feed.beside}
    assert beside == {
        "all-fr": ALL,
        "economy-fr": "economy",
        "iqtisad": "economy",
        "both-zh-hant": "both",
    }
    whole, french, arabic = feeds["economy"], feeds["economy-fr"], feeds["iqtisad"]
    assert (french.language, french.only_in) == ("fr", "fr")
    assert (french.title, french.description) == ("Économie", "Ce que cela coûte")
    assert (arabic.language, arabic.title, arabic.description) == ("ar", "اقتصاد", "اقتصاد")
    assert french.hubs == whole.hubs
    assert french.was == ("money-fr",)
    assert arabic.was == ()
    assert feeds["both-zh-hant"].any_of == ("economy", "tax")


def test_it_takes_the_releases_in_its_language_and_the_kinds_of_it(config: ConfigFolder) -> None:
    """RFC 4647 section 3.3.1: fr-CA is French, and frr is not."""
    filed = catalogue(config.load(MAIN, SPOKEN))
    taking = {
        language: filed.feeds_accepting({"economy"}, language=language, published=NOON)
        for language in ("en", "fr", "fr-CA", "frr", "zh-Hant-TW", "zh-Hans")
    }
    assert taking["en"] == taking["frr"] == taking["zh-Hans"] == ("all", "both", "economy")
    assert taking["fr"] == taking["fr-CA"] == ("all", "all-fr", "both", "economy", "economy-fr")
    assert taking["zh-Hant-TW"] == ("all", "both", "both-zh-hant", "economy")


def test_a_category_has_a_title_in_each_language(config: ConfigFolder) -> None:
    economy = catalogue(config.load(MAIN, SPOKEN)).categories["economy"]
    assert economy.title_in("en") == "Economy"
    assert economy.title_in("fr-CA") == "Économie"
    assert economy.title_in("ar") == "اقتصاد"


def test_a_translated_title_is_a_name_that_releases_may_use(config: ConfigFolder) -> None:
    filed = catalogue(config.load(MAIN, SPOKEN))
    assert filed.match("économie") == ("economy",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            one("{language: fr_FR, title: B}"),
            "2:48: categories.0.languages.0.language: expected a BCP 47 language tag, such as "
            "'fr-FR'",
            id="tag",
        ),
        pytest.param(
            one("{language: fr, title: B}, {language: FR, title: C}"),
            "2:74: categories.0.languages.1.language: language 'FR' appears twice; first on line 2",
            id="language twice",
        ),
        pytest.param(
            one("{language: fr, title: B}", "  - {slug: a-fr, title: C}\n"),
            "categories.1.slug: slug 'a-fr' appears twice; first on line 2",
            id="slug of another",
        ),
        pytest.param(
            one("{language: fr, title: B, slug: all}"),
            "categories.0.languages.0.slug: expected another slug: 'all' is the feed of everything",
            id="reserved",
        ),
        pytest.param(
            one("{language: fr, title: B}", "  - {slug: b, title: b}\n"),
            "categories.1.title: name 'b' also belongs to category 'a', on line 2",
            id="name of another",
        ),
        pytest.param(
            one("{language: fr}"),
            "categories.0.languages.0.title: is missing: Title of the feed, in that language.",
            id="no title",
        ),
        pytest.param(
            one("{language: fr, titel: B}"),
            "categories.0.languages.0.titel: no such key; did you mean title?",
            id="unknown key",
        ),
        pytest.param(
            one("{language: fr, title: B}", "  - {slug: c, title: C, was: [a-fr]}\n"),
            "categories.1.was.0: 'a-fr' is the slug of another feed, on line 2",
            id="former slug of another",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(
    config: ConfigFolder, text: str, expected: str
) -> None:
    faults = config.faults(MAIN, text)
    assert any(expected in str(fault) for fault in faults), faults


def test_a_feed_of_one_language_ends_with_the_other_in_its_own_words(config: ConfigFolder) -> None:
    text = """\
categories:
  - slug: a
    title: A
    ended: {on: 2027-01-31, words: This is over.}
    languages:
      - {language: fr, title: B, ended_words: C'est fini.}
      - {language: de, title: C}
"""
    feeds = catalogue(config.load(MAIN, text)).feeds
    endings = [feeds[slug].ending for slug in ("a", "a-fr", "a-de")]
    assert [ending and ending.words for ending in endings] == [
        "This is over.",
        "C'est fini.",
        "This is over.",
    ]
    assert len({ending and ending.on for ending in endings}) == 1


def test_an_end_may_lead_to_a_feed_of_one_language(config: ConfigFolder) -> None:
    over = "  - {slug: b, title: B, ended: {on: 2027-01-31, words: Over, moved_to: a-fr}}\n"
    feeds = catalogue(config.load(MAIN, one("{language: fr, title: Bé}", over))).feeds
    ending = feeds["b"].ending
    assert ending is not None
    assert ending.onward is not None
    assert ending.onward.url.endswith("/feeds/a-fr")
    assert ending.onward.title == "Bé"
