import pytest

from tests.support.config_files import MAIN, ConfigFolder

TAX = "{slug: tax, title: Tax}"
AID = "{slug: aid, title: 'Trade, aid', names: [Food]}"


def categories(*items: str, rest: str = "") -> str:
    return "categories:\n" + "".join(f"  - {item}\n" for item in items) + rest


def test_categories_unions_and_groups_that_fit_are_no_fault(config: ConfigFolder) -> None:
    rest = """\
groups: [Money]
unions:
  - {slug: all-but-tax, title: Tax, any_of: [all], none_of: [tax], group: Money}
"""
    assert config.faults(MAIN, categories(TAX, AID, rest=rest)) == []


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(
            "{slug: tax, title: Taxes}",
            "3:12: categories.1.slug: slug 'tax' appears twice; first on line 2",
            id="slug",
        ),
        pytest.param(
            "{slug: b, title: Levies, names: [x, ' TAX ']}",
            "3:41: categories.1.names.1: name ' TAX ' also belongs to category 'tax', on line 2",
            id="name and title, folded",
        ),
        pytest.param(
            "{slug: b, title: tax}",
            "3:22: categories.1.title: name 'tax' also belongs to category 'tax', on line 2",
            id="two titles",
        ),
        pytest.param(
            "{slug: b, title: ' , '}",
            "3:22: categories.1.title: expected a name with letters, got ' , '",
            id="only commas",
        ),
        pytest.param(
            "{slug: all, title: All}",
            "3:12: categories.1.slug: expected another slug: 'all' is the feed of everything",
            id="reserved",
        ),
        pytest.param(
            "{slug: b, title: B, group: Mony}",
            "3:32: categories.1.group: no group 'Mony' in groups; did you mean Money?",
            id="unknown group",
        ),
        pytest.param(
            "{slug: b, title: B, names: x}",
            "3:32: categories.1.names: expected a list",
            id="a name that is no list",
        ),
        pytest.param(
            "{slug: b, title: B, language: en_US}",
            "3:35: categories.1.language: expected a BCP 47 language tag, such as 'en-US'",
            id="language",
        ),
        pytest.param(
            "{slug: b, title: B, hubs: [x]}",
            "3:32: categories.1.hubs.0: expected the URL of a WebSub hub",
            id="hub",
        ),
        pytest.param(
            "{slug: b, title: B, hubs: [http://h/, http://h/]}",
            "3:43: categories.1.hubs.1: hub 'http://h/' appears twice",
            id="hub twice",
        ),
        pytest.param(
            "{slug: b, title: B, author: {email: a@b}}",
            "3:25: categories.1.author.name: is missing",
            id="author without a name",
        ),
        pytest.param(
            "{slug: b, title: B, naems: [x]}",
            "3:25: categories.1.naems: no such key; did you mean names?",
            id="typo",
        ),
        pytest.param(
            "{slug: b, title: B, entries: 5}",
            "3:25: categories.1.entries: no such key; did you mean window.entries?",
            id="a key that stands deeper",
        ),
        pytest.param("5", "3:5: categories.1: expected a section", id="no category"),
    ],
)
def test_what_a_category_has_wrong_is_told(
    config: ConfigFolder, second: str, expected: str
) -> None:
    (fault,) = config.faults(MAIN, categories(TAX, second, rest="groups: [Money]\n"))
    assert fault.startswith(f"categories.yaml:{expected}")


def test_normalisation_twins_are_one_name(config: ConfigFolder) -> None:
    twins = categories(r'{slug: a, title: "caf\u00e9"}', r'{slug: b, title: "CAFE\u0301"}')
    (fault,) = config.faults(MAIN, twins)
    assert "also belongs to category 'a'" in fault


def test_a_category_may_repeat_its_own_title_as_a_name(config: ConfigFolder) -> None:
    assert config.faults(MAIN, categories("{slug: a, title: A, names: [a, A]}")) == []


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        pytest.param("any_of: []", "any_of: expected at least one item", id="nothing"),
        pytest.param("none_of: [tax]", "any_of: is missing: Slugs of categories", id="no any_of"),
        pytest.param(
            "any_of: [aid, taxs]",
            "any_of.1: no category has the slug 'taxs'; did you mean tax?",
            id="unknown",
        ),
        pytest.param(
            "any_of: [aid], none_of: [zzz]",
            "none_of.0: no category has the slug 'zzz'",
            id="unknown exception",
        ),
        pytest.param("any_of: [u]", "any_of.0: 'u' is a union: name the categories", id="union"),
        pytest.param(
            "any_of: [all], none_of: [all]",
            "none_of.0: excluding 'all' leaves the union empty",
            id="all but all",
        ),
        pytest.param(
            "any_of: [tax], none_of: [tax, aid]",
            "none_of: leaves the union empty: none_of excludes every category of any_of",
            id="cancels itself",
        ),
        pytest.param(
            "any_of: [tax], none_of: [tax]",
            "none_of: leaves the union empty: none_of excludes every category of any_of",
            id="cancels itself exactly",
        ),
    ],
)
def test_what_a_union_has_wrong_is_told(config: ConfigFolder, union: str, expected: str) -> None:
    rest = f"unions:\n  - {{slug: u, title: U, {union}}}\n"
    faults = config.faults(MAIN, categories(TAX, AID, rest=rest))
    assert faults
    assert faults[0].startswith("categories.yaml:5:")
    assert f" unions.0.{expected}" in faults[0]


def test_a_union_must_not_have_the_slug_of_a_category(config: ConfigFolder) -> None:
    rest = "unions:\n  - {slug: tax, title: U, any_of: [tax]}\n"
    (fault,) = config.faults(MAIN, categories(TAX, rest=rest))
    assert fault == (
        "categories.yaml:4:12: unions.0.slug: slug 'tax' appears twice; first on line 2"
    )


def test_a_group_that_stands_twice_is_told(config: ConfigFolder) -> None:
    (fault,) = config.faults(MAIN, "groups: [Money, Law, Money]\n")
    assert fault == ("categories.yaml:1:22: groups.2: group 'Money' appears twice; first on line 1")


def test_the_checks_do_not_stop_at_what_the_models_refuse(config: ConfigFolder) -> None:
    faults = config.faults(MAIN, categories("{slug: A!, title: Tax}", "{slug: b, title: tax}"))
    assert len(faults) == 2
    assert "such as 'a'" in faults[0]
    assert "also belongs to category 'A!'" in faults[1]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param("b, title: B, was: [tax]}",
                     "3:31: categories.1.was.0: 'tax' is the slug of another feed, on line 2",
                     id="a live slug"),
        pytest.param("b, title: B, was: [b]}",
                     "3:31: categories.1.was.0: 'b' is the feed's present slug", id="its own"),
        pytest.param("b, title: B, was: [levies]}",
                     "3:31: categories.1.was.0: former slug 'levies' appears twice; first on "
                     "line 2",
                     id="claimed twice"),
        pytest.param("b, title: B, was: [all]}",
                     "3:31: categories.1.was.0: expected another slug: 'all' is the feed",
                     id="all"),
        pytest.param("b, title: B, was: [A B]}",
                     "3:31: categories.1.was.0: expected at most 64 of a-z", id="no slug"),
        pytest.param("b, title: B, ended: {on: soon, words: w}}",
                     "3:37: categories.1.ended.on: expected a date, such as '2027-12-31'",
                     id="no date"),
        pytest.param("b, title: B, ended: {on: 2027-01-01T10:00, words: w}}",
                     "3:37: categories.1.ended.on: expected a date", id="no zone"),
        pytest.param("b, title: B, ended: {on: 2027-01-01, words: w, moved_to: levies}}",
                     "ended.moved_to: no feed has the slug 'levies'; did you mean tax?",
                     id="moved to a former slug"),
        pytest.param("b, title: B, ended: {on: 2027-01-01, words: w, moved_to: b}}",
                     "categories.1.ended.moved_to: names the feed itself, which ends",
                     id="to itself"),
    ],
)  # fmt: skip
def test_a_move_or_an_end_that_leads_nowhere_is_told(
    config: ConfigFolder, second: str, expected: str
) -> None:
    first = "{slug: tax, title: Tax, was: [levies]}"
    faults = config.faults(MAIN, categories(first, "{slug: " + second))
    assert len(faults) == 1
    assert expected in faults[0]


def test_a_union_of_a_former_slug_is_told_the_present_one(config: ConfigFolder) -> None:
    rest = "unions:\n  - {slug: u, title: U, any_of: [levies]}\n"
    [fault] = config.faults(MAIN, categories("{slug: tax, title: Tax, was: [levies]}", rest=rest))
    assert fault.endswith("no category has the slug 'levies'; did you mean tax?")


@pytest.mark.parametrize(
    ("canary", "expected"),
    [
        pytest.param("{feed: tax}", [], id="there is one"),
        pytest.param("{feed: none, watches: false}", [], id="nobody watches"),
        pytest.param(
            "{feed: taxes}",
            ["communique.yaml:2:16: canary.feed: no feed has the slug 'taxes'; did you mean tax?"],
            id="there is none",
        ),
    ],
)
def test_the_watched_feed_is_one_that_there_is(
    config: ConfigFolder, canary: str, expected: list[str]
) -> None:
    assert config.faults(f"{MAIN}canary: {canary}\n", categories(TAX)) == expected
