"""Rules for old addresses: which one a request fits, and the one address that it leads to."""

from datetime import timedelta
from time import perf_counter, process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.address_patterns import AddressPattern, is_ours
from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Format
from feeds.model.redirect import OldAddress
from feeds.redirects import RedirectMap, RedirectRule
from tests.support.newsrooms import NOON, SITE, feed

BASE = SITE.base_url
ENDING = FeedClosure(on=NOON, gone_at=NOON + timedelta(days=1), words="Over.")
CATALOGUE = Catalogue(
    SITE,
    [Category(slug=slug, title=slug.title()) for slug in ("tax", "health")],
    [feed(ALL), feed("tax", was=("taxes",)), feed("health", ending=ENDING)],
)


def rule(old: str, **target: object) -> RedirectRule:
    return RedirectRule(text=old, pattern=AddressPattern.read(old), **target)  # type: ignore[arg-type]


def where(rules: list[RedirectRule], asked: str) -> str | None:
    """Where a request leads: below the base URL, ``gone``, or None."""
    found = RedirectMap(rules, CATALOGUE).answer(OldAddress.read(asked))
    if found is None:
        return None
    return "gone" if found.location is None else found.location.removeprefix(BASE)


RULES = [
    rule("/feed/", feed="all"),
    rule("/?feed=rss2", feed="all"),
    rule("/?cat=3&feed=atom", feed="tax", format=Format.ATOM),
    rule("/?feed={kind}&cat=9", is_gone=True),
    rule("/comments/feed", is_gone=True),
    rule("/blog?format=rss", feed="taxes", format=Format.JSON),
    rule("/category/{slug}/feed/", feed="{slug}"),
    rule("/feeds/posts/default", feed="all", format=Format.ATOM),
    rule("/{year:digits}/{month:digits}/{slug}.html", release="{slug}"),
    rule("/wp-content/{rest...}", to="https://old.example/wp-content/{rest...}"),
    rule("/tag/{tag}", to="/search?q={tag}"),
    rule("/rss.xml", to="/feed/"),
    rule("/news.rss", to="/feeds/taxes.rss"),
    rule("/home", to=f"{BASE}/"),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/feed/", "/feeds/all.rss"),
        ("/feed", "/feeds/all.rss"),
        ("/feed/?utm_source=x", "/feeds/all.rss"),
        ("//feed//", "/feeds/all.rss"),
        ("/%66eed/", "/feeds/all.rss"),
        ("https://elsewhere.example/feed/", "/feeds/all.rss"),
        ("/Feed/", None),
        ("/?feed=rss2", "/feeds/all.rss"),
        ("/?feed=rss2&paged=2", "/feeds/all.rss"),
        ("/?feed=rss", None),
        ("/?feed=atom&cat=3", "/feeds/tax.atom"),
        ("/?cat=3&x=1&feed=atom&y", "/feeds/tax.atom"),
        ("/?cat=9&feed=rss2", "gone"),  # more parameters than the second rule
        ("/?cat=3", None),
        ("/", None),
        ("/comments/feed/", "gone"),
        ("/blog?format=rss", "/feeds/tax.json"),
        ("/blog", None),
        ("/category/tax/feed/", "/feeds/tax.rss"),
        ("/category/taxes/feed/", "/feeds/tax.rss"),
        ("/category/none/feed/", None),
        ("/category/a/b/feed/", None),
        ("/feeds/posts/default", "/feeds/all.atom"),
        ("/2019/05/caf%c3%a9.html", "/releases/caf%C3%A9"),
        ("/2019/may/x.html", None),
        ("/2019/05/.html", None),
        ("/wp-content/a%20b/c.png", "https://old.example/wp-content/a%20b/c.png"),
        ("/wp-content", None),
        ("/wp-content/../../x", None),
        ("/wp-content/%2e%2e/x", None),
        ("/tag/R&D+x", "/search?q=R%26D%2Bx"),
        ("/rss.xml", "/feeds/all.rss"),
        ("/news.rss", "/feeds/tax.rss"),
        ("/home", "/"),
        ("/feeds/tax.rss", None),
    ],
)
def test_a_request_leads_to_one_address(asked: str, expected: str | None) -> None:
    assert where(RULES, asked) == expected


def test_no_pattern_covers_what_is_ours() -> None:
    """So that a site with its pages at ``/{slug}`` can be moved."""
    rules = [rule("/{slug}", release="{slug}"), rule("/{rest...}", is_gone=True)]
    assert where(rules, "/about") == "/releases/about"
    assert where(rules, "/a/b") == "gone"
    for ours in ("/", "/livez", "/hub", "/hub/status", "/feeds/x", "/feeds/x.atom", "/api/v1/x"):
        assert where(rules, ours) is None
    for ours in ("/?utm_source=x", "/desk", "/redirects", "/search", "/feeds/x/archive/1.atom"):
        assert where(rules, ours) is None


def test_a_feed_that_ends_is_gone_with_its_old_addresses() -> None:
    rules = [rule("/a", feed="health"), rule("/b", to="/feeds/health.atom"), rule("/c", to="/a")]
    for asked in ("/a", "/b", "/c"):
        found = RedirectMap(rules, CATALOGUE).answer(OldAddress.read(asked))
        assert found is not None
        assert not found.is_gone(NOON)
        assert found.is_gone(NOON + timedelta(days=1))


@pytest.mark.parametrize("evil", ["//evil.example/", "/%5Cevil.example", "/http://evil.example"])
def test_nobody_is_led_to_a_server_of_the_senders_choice(evil: str) -> None:
    rules = [
        rule("/old/{rest...}", to="/releases/{rest...}"),
        rule("/go/{rest...}", to="https://www.example.org/{rest...}"),
        rule("/x", to="/old/{rest...}".replace("{rest...}", "a")),
    ]
    assert (where(rules, f"/old{evil}") or "").startswith("/releases/")
    assert (where(rules, f"/go{evil}") or "").startswith("https://www.example.org/")
    assert where(rules, f"{evil}/old/a") is None


@given(st.text(alphabet="/.%{}?&=:\\@#abc\r\n\0é", max_size=40))
def test_whatever_is_sent_stays_in_its_place_and_in_ascii(sent: str) -> None:
    rules = [
        rule("/x/{rest...}", to="https://www.example.org/y/{rest...}"),
        rule("/?q={value}", to="https://www.example.org/z?q={value}"),
    ]
    redirects = RedirectMap(rules, CATALOGUE)
    for asked in (
        OldAddress.of_request(b"/x/" + sent.encode(), ""),
        OldAddress.of_request(b"/", f"q={sent}"),
    ):
        found = redirects.answer(asked)
        if found is not None:
            assert found.location is not None
            assert found.location.startswith(
                ("https://www.example.org/y/", "https://www.example.org/z?q=")
            )
            assert found.location.isascii()
            assert found.location.isprintable()
            assert not {".", ".."} & set(found.location.split("/"))


@pytest.mark.parametrize(
    ("earlier", "later_one"),
    [
        ("/feed/", "/feed"),
        ("/?a=1&b=2", "/?b=2&a=1"),
        ("/category/{slug}/feed", "/category/tax/feed"),
        ("/{rest...}", "/a/b/c"),
        ("/{rest...}", "/a/{b}/c"),
        ("/a/{rest...}", "/a/{other...}"),
        ("/{any}.html", "/{year:digits}.html"),
        ("/p-{a}", "/p-x{b}"),
        ("/?p={n}", "/?p=12"),
    ],
)
def test_a_rule_that_is_never_used_is_found(earlier: str, later_one: str) -> None:
    rules = [rule(earlier, feed="all"), rule(later_one, feed="tax")]
    redirects = RedirectMap(rules, CATALOGUE)
    assert redirects.hidden_by(0) is None
    assert redirects.hidden_by(1) is rules[0]
    if earlier != "/feed/" and "&" not in earlier and "other" not in later_one:
        assert RedirectMap(rules[::-1], CATALOGUE).hidden_by(1) is None


@pytest.mark.parametrize(
    ("earlier", "later_one"),
    [
        ("/a", "/a?b=1"),
        ("/{n:digits}", "/tax"),
        ("/{n:digits}", "/{slug}"),
        ("/a/{b}", "/a/{b}/c"),
        ("/{a}/x", "/{rest...}"),
        ("/x{rest...}", "/{rest...}"),
        ("/?p={n:digits}", "/?p=x"),
    ],
)
def test_a_rule_that_is_used_at_times_is_none(earlier: str, later_one: str) -> None:
    redirects = RedirectMap([rule(earlier, feed="all"), rule(later_one, feed="tax")], CATALOGUE)
    assert redirects.hidden_by(1) is None


def test_circles_and_dead_ends_are_found_and_never_followed_for_ever() -> None:
    rules = [
        rule("/a", to="/b"),
        rule("/b", to="/c"),
        rule("/c", to="/a/"),
        rule("/x/{n}", to="/y/{n}"),
        rule("/y/{n}", to="/x/{n}"),
        rule("/longer/{rest...}", to="/longer/{rest...}/more"),
        rule("/none", to="/nothing-here"),
        rule("/tax", feed="taxation"),
        rule("/c/{slug}", feed="{slug}"),
    ]
    redirects = RedirectMap(rules, CATALOGUE)
    faults = [redirects.fault(one) or "" for one in rules]
    assert [fault.partition(":")[0] for fault in faults[:6]] == ["leads in circles"] * 6
    assert "no address of this newsroom" in faults[6]
    assert faults[7:] == ["no feed has the slug 'taxation'", ""]
    for asked in ("/a", "/x/1", "/longer/1", "/none"):
        assert redirects.answer(OldAddress.read(asked)) is None


@pytest.mark.parametrize(
    "text",
    ["feed", "//feed", "https://x.example/feed", "/{Slug}", "/{a}{b}", "/{a}-{b}", "/{a...}/b",
     "/{a}/{a}", "/{a", "/a}", "/?x={a...}", "/{a:letters}"],
)  # fmt: skip
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        AddressPattern.read(text)


def test_the_path_of_the_base_url_may_be_left_out() -> None:
    for text in ("/news/feed", "/feed"):
        assert AddressPattern.read(text, base_path="/news").exact_path == "/feed"
    assert AddressPattern.read("/newsroom/feed", base_path="/news").exact_path == "/newsroom/feed"


def test_no_request_takes_long_whatever_the_rules_are() -> None:
    """A thousand patterns that share their beginning, and requests that nearly fit all of them."""
    rules = [
        rule("/" + "/".join(f"{{a{n}}}" for n in range(8)) + f"/x{i}", feed="all")
        for i in range(1000)
    ]
    redirects = RedirectMap(rules, CATALOGUE)
    asked = OldAddress.of_request(b"/a" * 9, "&".join(f"p{n}={n}" for n in range(50)))
    began = perf_counter()
    for _ in range(20):
        assert redirects.answer(asked) is None
    assert perf_counter() - began < 2


def test_ours_are_told_from_others() -> None:
    assert is_ours("/feeds/tax.atom")
    assert is_ours("/feeds/tax/2026/03")
    assert not is_ours("/feeds/posts/default")
    assert not is_ours("/feeds/posts/default/-/label")
    assert not is_ours("/feed")
    assert not is_ours("/releases-old")
    assert is_ours("/releases/our-news-0123abcd")
    assert is_ours("/releases/0123abcd/revisions/1")
    assert not is_ours("/releases/our-news")


def test_a_target_may_be_a_release_whose_slug_the_request_names() -> None:
    to_release = rule("/press/{slug}", to="/releases/{slug}")
    assert where([to_release], "/press/our-news-0123abcd") == "/releases/our-news-0123abcd"
    assert RedirectMap([to_release], CATALOGUE).fault(to_release) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/feeds/posts/default", True),
        ("/feeds/posts/default/-/Tax", True),
        ("/feed/press/tax", True),
        ("/a/rss2", True),
        ("/rss.xml", True),
        ("/blog?format=RSS", True),
        ("/news?format=feed&type=atom", True),
        ("/blog", False),
        ("/about/feeds/and/more", False),
        ("/?p=12", False),
    ],
)
def test_addresses_of_feeds_are_told_from_others(asked: str, expected: bool) -> None:
    assert OldAddress.read(asked).looks_like_feed is expected


def test_patterns_below_many_rules_are_checked_as_fast_as_above_them() -> None:
    exact = [rule(f"/category/c{number}/feed", feed="all") for number in range(4000)]
    patterns = [rule(f"/old-{number}/{{any}}/feed", feed="all") for number in range(200)]

    def checked_s(rules: list[RedirectRule]) -> float:
        redirects = RedirectMap(rules, CATALOGUE)
        numbers = [number for number, each in enumerate(rules) if each in patterns]
        began = process_time()
        assert [redirects.hidden_by(number) for number in numbers] == [None] * len(patterns)
        return process_time() - began

    above = min(checked_s(patterns + exact) for _ in range(3))
    below = min(checked_s(exact + patterns) for _ in range(3))
    assert below < 3 * above
