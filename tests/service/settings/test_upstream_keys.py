"""``upstreams`` in communique.yaml, and the faults that a person is told of, with their lines."""

import pytest

from tests.support.config_files import MAIN, ConfigFolder

CATEGORIES = """\
categories:
  - {slug: tax, title: Tax, was: [taxes], languages: [{language: fr, title: Impôts}]}
  - {slug: aid, title: Aid}
unions:
  - {slug: money, title: Money, any_of: [tax, aid]}
"""


def upstreams(*items: str) -> str:
    return MAIN + "upstreams:\n" + "".join(f"  - {item}\n" for item in items)


def upstream(rest: str, slug: str = "council", url: str = "https://council.example/feed") -> str:
    return f"{{slug: {slug}, url: '{url}', {rest}}}"


def test_upstreams_that_go_into_categories_are_no_fault(config: ConfigFolder) -> None:
    written = upstreams(
        upstream("categories: [tax, aid], names: {Food aid: aid, 2026: tax}"),
        upstream("categories: [tax]", "council-fr", "https://council.example/feed?lang=fr"),
    )
    assert config.faults(written, CATEGORIES) == []


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        pytest.param(
            "categories: [aid, taxx]",
            "3:76: upstreams.0.categories.1: no category has the slug 'taxx'; did you mean tax?",
            id="unknown",
        ),
        pytest.param(
            "categories: [taxes]",
            "3:71: upstreams.0.categories.0: no category has the slug 'taxes'; did you mean tax?",
            id="a former slug",
        ),
        pytest.param(
            "categories: [money]",
            "3:71: upstreams.0.categories.0: 'money' is a union: name the categories that it is "
            "made of",
            id="a union",
        ),
        pytest.param(
            "categories: [all]",
            "3:71: upstreams.0.categories.0: every release is in 'all': name a category",
            id="the feed of everything",
        ),
        pytest.param(
            "categories: [tax-fr]",
            "3:71: upstreams.0.categories.0: 'tax-fr' is a feed of one language: name its "
            "category; did you mean tax?",
            id="a feed of one language",
        ),
        pytest.param(
            "categories: [aid], names: {Food aid: ade}",
            "3:95: upstreams.0.names.Food aid: no category has the slug 'ade'; did you mean aid?",
            id="unknown for a name",
        ),
        pytest.param(
            "categories: [aid], names: {Food aid: money}",
            "3:95: upstreams.0.names.Food aid: 'money' is a union: name the categories that it is "
            "made of",
            id="a union for a name",
        ),
        pytest.param(
            "categories: [aid], names: {2026: ade}",
            "3:91: upstreams.0.names.2026: no category has the slug 'ade'; did you mean aid?",
            id="a name that is a number",
        ),
        pytest.param(
            "categories: [aid], names: {Press: aid, Tax: tax, ' PRESS ': tax}",
            "3:107: upstreams.0.names. PRESS : also stands on line 3, as 'Press': case and white "
            "space do not count",
            id="a name that stands there twice",
        ),
        pytest.param(
            "categories: [aid], names: {',': aid}",
            "3:85: upstreams.0.names.,: expected a name with letters, got ','",
            id="a name without letters",
        ),
        pytest.param(
            "categories: []",
            "3:70: upstreams.0.categories: expected at least one item",
            id="no category",
        ),
        pytest.param(
            "names: {Press: aid}",
            "3:5: upstreams.0.categories: is missing",
            id="categories are missing",
        ),
        pytest.param(
            "categories: [aid], names: {Press: Not A Slug}",
            "3:92: upstreams.0.names.Press: expected at most 64 of a-z",
            id="no slug",
        ),
    ],
)
def test_categories_that_do_not_exist_are_faults(
    config: ConfigFolder, rest: str, expected: str
) -> None:
    [fault] = config.faults(upstreams(upstream(rest)), CATEGORIES)
    assert fault.startswith(f"communique.yaml:{expected}")


@pytest.mark.parametrize(
    ("slug", "url", "expected"),
    [
        pytest.param(
            "council",
            "https://other.example/",
            "4:12: upstreams.1.slug: slug 'council' appears twice; first on line 3",
            id="slug",
        ),
        pytest.param(
            "other",
            "https://council.example/feed",
            "4:24: upstreams.1.url: url 'https://council.example/feed' appears twice; first on "
            "line 3",
            id="url",
        ),
        pytest.param(
            "other",
            "HTTPS://Council.EXAMPLE:443/feed",
            "4:24: upstreams.1.url: url 'HTTPS://Council.EXAMPLE:443/feed' appears twice; first "
            "on line 3",
            id="url that is written otherwise",
        ),
    ],
)
def test_upstreams_that_appear_twice_are_faults(
    config: ConfigFolder, slug: str, url: str, expected: str
) -> None:
    rest = "categories: [tax]"
    [fault] = config.faults(upstreams(upstream(rest), upstream(rest, slug, url)), CATEGORIES)
    assert fault == f"communique.yaml:{expected}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:word@council.example/feed", "expected an address without a user name"),
        ("https://council.example/feed#top", "expected an address without a fragment (#top)"),
        ("council.example/feed", "expected an absolute http or https URL"),
        ("file:///etc/feed", "expected an absolute http or https URL"),
    ],
)
def test_addresses_that_nobody_can_poll_are_faults(
    config: ConfigFolder, url: str, expected: str
) -> None:
    [fault] = config.faults(upstreams(upstream("categories: [tax]", url=url)), CATEGORIES)
    assert fault.startswith("communique.yaml:3:26: upstreams.0.url: ")
    assert expected in fault
    assert "word" not in fault
