"""``redirects`` in categories.yaml, and the faults that a person is told of, with their lines."""

import pytest

from service.settings import redirect_rules
from tests.support.config_files import MAIN, ConfigFolder

HEAD = "categories:\n  - {slug: tax, title: Tax, was: [taxes]}\nredirects:\n"


def redirects(*items: str) -> str:
    return HEAD + "".join(f"  - {item}\n" for item in items)


def test_rules_that_lead_somewhere_are_no_fault(config: ConfigFolder) -> None:
    written = redirects(
        "{old: /feed/, feed: all}",
        "{old: '/?feed=atom&cat=3', feed: taxes, format: atom}",
        "{old: '/category/{slug}/feed', feed: '{slug}'}",
        "{old: '/{year:digits}/{slug}', release: '{slug}'}",
        "{old: /comments/feed, gone: true}",
        "{old: '/files/{rest...}', to: 'https://files.example/{rest...}'}",
        "{old: /rss, to: /feed}",
        "{old: /feeds/posts/default, feed: tax, format: json}",
    )
    assert config.faults(MAIN, written) == []
    rules = redirect_rules(config.load(MAIN, written))
    assert [rule.format for rule in rules[:3]] == ["rss", "atom", "rss"]
    assert [rule.is_gone for rule in rules].count(True) == 1


@pytest.mark.parametrize(
    ("items", "line", "expected"),
    [
        (["{feed: all}"], 4, "redirects.0.old: is missing"),
        (["{old: feed, feed: all}"], 4, "expected a path that begins with one slash"),
        (["{old: '/{a}{b}', feed: all}"], 4, "expected one capture between two slashes"),
        (["{old: /a}"], 4, "expected one of feed, release, to and gone"),
        (["{old: /a, feed: all, gone: true}"], 4, "expected one of feed, release, to and gone"),
        (["{old: /a, to: /feeds/all, format: rss}"], 4, "expected format with feed only"),
        (["{old: '/{a}/{b}', feed: '{a}-{b}'}"], 4, "expected at most one capture in feed"),
        (["{old: '/{a}', feed: '{b}'}"], 4, "expected {b} in old, too"),
        (["{old: /a, to: //evil.example/}"], 4, "expected a path such as /feeds/tax, or an"),
        (["{old: '/{a}', to: 'https://{a}.example/'}"], 4, "whose host has no {…}"),
        (["{old: /a, to: 'ftp://x.example/'}"], 4, "expected a path such as /feeds/tax"),
        (["{old: /a, gone: false}"], 4, "redirects.0.gone: expected"),
        (["{old: /livez, feed: all}"], 4, "'/livez' is an address of this newsroom"),
        (["{old: '/feeds/{slug}', feed: all}"], 4, "is an address of this newsroom"),
        (["{old: /, feed: all}"], 4, "is an address of this newsroom"),
        (["{old: /a, feed: taxx}"], 4, "no feed has the slug 'taxx'; did you mean tax?"),
        (["{old: /a, to: /nowhere}"], 4, "'/nowhere' is no address of this newsroom"),
        (["{old: /a, to: /b}", "{old: /b, to: /a/}"], 4, "leads in circles: /a → /b → /a"),
        (["{old: /a, feed: all}", "{old: /a/, feed: tax}"], 5, "'/a' on line 4 answers before"),
        (
            ["{old: '/c/{slug}/feed', feed: '{slug}'}", "{old: /c/x/feed, feed: all}"],
            5,
            "redirects.1.old: is never used: '/c/{slug}/feed' on line 4 answers before it",
        ),
    ],
)
def test_a_rule_without_effect_or_target_is_a_fault(
    config: ConfigFolder, items: list[str], line: int, expected: str
) -> None:
    faults = config.faults(MAIN, redirects(*items))
    assert len(faults) in (1, 2)
    assert faults[0].startswith(f"categories.yaml:{line}:")
    assert expected in faults[0]


def test_too_many_patterns_are_a_fault(config: ConfigFolder) -> None:
    items = [f"{{old: '/{number}/{{slug}}', feed: all}}" for number in range(1001)]
    [fault] = config.faults(MAIN, redirects(*items))
    assert "expected at most 1,000 rules with {…} in their paths" in fault
