import time
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.categories import Catalogue, CategoryMatches, name_key
from feeds.errors import InvalidFeed
from feeds.model.feed import ALL, Category, Feed, Site
from feeds.model.release import Person
from tests.support.newsrooms import NOON

DESK = Person(name="Press desk")
SITE = Site(base_url="https://news.example", title="News", language="en", author=DESK)
SEED_NAME = "International, regional, and subregional cooperation"


def category(slug: str, *names: str, title: str | None = None) -> Category:
    return Category(slug=slug, title=title or slug, names=names)


def feed(slug: str, any_of: tuple[str, ...] = (), none_of: tuple[str, ...] = ()) -> Feed:
    return Feed(
        slug=slug,
        title=slug,
        description="",
        language="en",
        author=DESK,
        any_of=any_of,
        none_of=none_of,
    )


def catalogue_of(*categories: Category, unions: tuple[Feed, ...] = ()) -> Catalogue:
    feeds = [feed(ALL), *(feed(one.slug, (one.slug,)) for one in categories), *unions]
    return Catalogue(SITE, categories, feeds)


TRADE = catalogue_of(
    category("trade", "Trade"),
    category("trade-aid", "Trade, aid"),
    category("aid", "Aid"),
    category("security", "Security"),
    category("cooperation", SEED_NAME),
    category("agriculture", "Agriculture, food and the sea", "food"),
)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("Trade", ("trade",), id="one name"),
        pytest.param("Trade, aid", ("trade-aid",), id="the longer name wins"),
        pytest.param("Aid, Trade", ("aid", "trade"), id="two names, in the order of the cell"),
        pytest.param("Trade, aid, security", ("trade-aid", "security"), id="longest from the left"),
        pytest.param("Security, Trade, aid", ("security", "trade-aid"), id="longest, later"),
        pytest.param("Trade, Trade", ("trade",), id="each once"),
        pytest.param(SEED_NAME, ("cooperation",), id="a name of three pieces"),
        pytest.param(f"Trade, {SEED_NAME}, Aid", ("trade", "cooperation", "aid"), id="between"),
        pytest.param("  tRADE ,\t AID\n", ("trade-aid",), id="case and white space"),
        pytest.param("Trade,aid", ("trade-aid",), id="no space after the comma"),
        pytest.param("Trade, , aid,", ("trade-aid",), id="empty pieces are no names"),
        pytest.param("Foo, Security", (), id="an unknown piece leaves the whole unclaimed"),
        pytest.param("Security, Foo", (), id="also at the end"),
        pytest.param("Regional", (), id="a piece of a name is not the name"),
        pytest.param("International, regional", (), id="nor are several"),
        pytest.param("Tradeaid", (), id="commas are not mere space"),
        pytest.param("", (), id="nothing"),
        pytest.param(" , ,", (), id="only commas"),
    ],
)
def test_a_cell_is_resolved_against_the_known_names(cell: str, expected: tuple[str, ...]) -> None:
    assert TRADE.match(cell) == expected


def test_a_cover_is_found_where_the_longest_first_name_leads_nowhere() -> None:
    catalogue = catalogue_of(category("ab", "A, B"), category("a", "A"), category("bc", "B, C"))
    assert catalogue.match("A, B, C") == ("a", "bc")


def test_the_title_is_a_name_too() -> None:
    assert catalogue_of(category("fraud", title="Fraud, waste")).match("FRAUD, WASTE") == ("fraud",)


def test_normalisation_twins_and_sharp_s_are_one_name() -> None:
    catalogue = catalogue_of(category("cafe", "Caf\N{LATIN SMALL LETTER E WITH ACUTE} Straße"))
    assert catalogue.match("CAFE\N{COMBINING ACUTE ACCENT} STRASSE") == ("cafe",)
    with pytest.raises(InvalidFeed):
        catalogue_of(category("one", "\u00e9"), category("two", "e\u0301"))


def test_marks_in_another_order_are_one_name() -> None:
    """The Unicode Standard 3.13, D145: decompose before folding; U+0345 folds to a letter."""
    assert name_key("α\u0345\u0301") == name_key("\u1fb4")


def test_filing_keeps_what_nothing_claims_as_it_was_written() -> None:
    names = ["Security", " Foo,  Bar", "Trade, aid", "security", " Foo,  Bar", "Baz"]
    assert TRADE.match_all(names) == CategoryMatches(
        categories=("security", "trade-aid"), unclaimed=(" Foo,  Bar", "Baz")
    )


def test_an_empty_catalogue_claims_nothing_and_takes_all() -> None:
    catalogue = catalogue_of()
    assert catalogue.match_all(["Trade"]) == CategoryMatches(categories=(), unclaimed=("Trade",))
    assert catalogue.feeds_accepting(frozenset(), language="en", published=NOON) == (ALL,)


PIECES = st.text("AaBbCc ßé", min_size=1, max_size=3).filter(lambda text: bool(text.strip()))
NAMES = st.lists(PIECES, min_size=1, max_size=3).map(", ".join)


def distinct(names: list[str]) -> dict[tuple[str, ...], str]:
    return {name_key(name): name for name in names}


@given(st.lists(NAMES, min_size=1, max_size=8), st.data())
def test_a_list_of_known_names_is_always_covered_by_what_it_is_made_of(
    names: list[str], data: st.DataObject
) -> None:
    known = list(distinct(names).items())
    catalogue = catalogue_of(*(category(f"c{i}", name) for i, (_, name) in enumerate(known)))
    chosen = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4))
    matched = catalogue.match(",".join(name for _, name in chosen))
    assert matched
    # Another cover than the one we built from is right too, but only if it says the same text.
    keys = {f"c{i}": key for i, (key, _) in enumerate(known)}
    assert {piece for slug in matched for piece in keys[slug]} == {
        piece for key, _ in chosen for piece in key
    }


@given(st.lists(NAMES, max_size=6), NAMES)
def test_a_cell_with_a_piece_that_no_name_holds_is_unclaimed(names: list[str], rest: str) -> None:
    catalogue = catalogue_of(
        *(category(f"c{i}", name) for i, name in enumerate(distinct(names).values()))
    )
    for cell in (f"Unheard, {rest}", f"{rest}, Unheard", f"{rest}, Unheard, {rest}"):
        assert catalogue.match(cell) == ()
        assert catalogue.match_all([cell]).unclaimed == (cell,)


@given(st.text(max_size=30), st.sampled_from(["NFC", "NFD"]))
def test_spellings_of_a_name_have_one_key(name: str, form: str) -> None:
    key = name_key(name)
    assert name_key(normalize(form, name)) == key  # type: ignore[arg-type]
    assert name_key("\t" + name.replace(",", " ,\n") + " ") == key
    assert name_key(", ".join(key)) == key


@given(st.lists(NAMES, max_size=6), st.lists(NAMES, max_size=6))
def test_filing_loses_no_name(names: list[str], given_names: list[str]) -> None:
    catalogue = catalogue_of(
        *(category(f"c{i}", name) for i, name in enumerate(distinct(names).values()))
    )
    matches = catalogue.match_all(given_names)
    assert list(matches.categories) == sorted(set(matches.categories))
    for name in given_names:
        matched = catalogue.match(name)
        assert set(matched) <= set(matches.categories)
        assert bool(matched) != (name in matches.unclaimed)


UNIONS = (
    feed("help", ("aid", "trade-aid"), none_of=("security",)),
    feed("calm", (ALL,), none_of=("security",)),
)
WITH_UNIONS = catalogue_of(
    category("trade-aid"), category("security"), category("aid"), unions=UNIONS
)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        pytest.param(set(), (ALL, "calm"), id="unfiled"),
        pytest.param({"aid"}, ("aid", ALL, "calm", "help"), id="category and unions"),
        pytest.param({"aid", "security"}, ("aid", ALL, "security"), id="but not those"),
        pytest.param({"gone"}, (ALL, "calm"), id="a category that was removed"),
    ],
)
def test_feeds_take_what_they_name(categories: set[str], expected: tuple[str, ...]) -> None:
    assert WITH_UNIONS.feeds_accepting(categories, language="en", published=NOON) == expected


@given(st.sets(st.sampled_from(["trade-aid", "security", "aid", "gone"])))
def test_the_index_agrees_with_each_feed(categories: set[str]) -> None:
    asked = [
        slug
        for slug, one in WITH_UNIONS.feeds.items()
        if one.accepts(categories, language="en", published=NOON)
    ]
    assert list(WITH_UNIONS.feeds_accepting(categories, language="en", published=NOON)) == sorted(
        asked
    )


def test_feeds_keep_their_order_with_all_first() -> None:
    catalogue = Catalogue(SITE, [category("b"), category("a")], [feed("b", ("b",)), feed(ALL)])
    assert list(catalogue.feeds) == [ALL, "b"]
    assert list(catalogue.categories) == ["b", "a"]


def test_labels_are_sorted_and_leave_out_what_was_removed() -> None:
    labels = TRADE.labels(["trade", "gone", "aid", "trade"], language="en")
    assert [label.slug for label in labels] == ["aid", "trade"]


@pytest.mark.parametrize(
    ("categories", "feeds", "reason"),
    [
        pytest.param([category("a"), category("a")], [feed(ALL)], "twice", id="category twice"),
        pytest.param([category("a")], [feed(ALL), feed(ALL)], "twice", id="feed twice"),
        pytest.param([category(ALL)], [feed(ALL)], "cannot be a category", id="reserved"),
        pytest.param([category("a")], [feed("a", ("a",))], "missing", id="no feed of everything"),
        pytest.param([category("a")], [feed(ALL), feed("u", ("b",))], "'b'", id="unknown in any"),
        pytest.param(
            [category("a")], [feed(ALL), feed("u", ("a",), ("b",))], "'b'", id="unknown in none"
        ),
        pytest.param(
            [category("a")], [feed(ALL), feed("u", ("a",), (ALL,))], "'all'", id="but not all"
        ),
        pytest.param(
            [category("a", "X, y"), category("b", "x,Y")], [feed(ALL)], "'a'", id="name twice"
        ),
        pytest.param([category("a", " , ")], [feed(ALL)], "empty name", id="empty name"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    categories: list[Category], feeds: list[Feed], reason: str
) -> None:
    with pytest.raises(InvalidFeed, match=reason):
        Catalogue(SITE, categories, feeds)


def test_one_category_may_say_its_name_twice() -> None:
    assert catalogue_of(category("a", "A", "a", title="A")).match("A") == ("a",)


def test_a_cell_of_a_hundred_thousand_commas_costs_no_more_than_its_length() -> None:
    started = time.perf_counter()
    assert TRADE.match("trade," * 100_000 + "nonsense") == ()
    assert time.perf_counter() - started < 5
