from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from feeds.model.feed import ALL, Cloud, Redirect, Window
from feeds.model.release import Person
from service.settings import catalogue, intake_rules, site
from tests.support.config_files import MAIN, ConfigFolder
from tests.support.newsrooms import NOON

FULL = """\
site:
  base_url: https://news.example/
  title: News
  subtitle: All there is
  language: en-GB
  author: {email: press@news.example}
hubs: [https://hub.example/]
feeds: {window: {entries: 30, days: 3}, ttl_minutes: 15}
"""
CATEGORIES = """\
groups: [Second, First]
all: {window: {days: 9}}
categories:
  - {slug: a, title: A}
  - slug: b
    title: B, with a comma
    names: [bee, Bees]
    description: About bees
    language: fr
    group: First
    window: {entries: 5, bytes: 9000}
    ttl_minutes: 60
    hubs: []
    author: {name: Keeper, uri: https://bees.example/}
  - {slug: c, title: C, group: Second, hubs: [https://other.example/]}
unions:
  - {slug: u, title: U, any_of: [a, b], none_of: [c], group: First}
"""


def test_a_feed_has_what_the_site_has_unless_it_says_otherwise(config: ConfigFolder) -> None:
    feeds = catalogue(config.load(FULL, CATEGORIES)).feeds
    desk = Person(name="News", email="press@news.example")
    plain, special = feeds["a"], feeds["b"]
    assert (plain.language, special.language) == ("en-GB", "fr")
    assert (plain.author, special.author) == (
        desk,
        Person(name="Keeper", uri="https://bees.example/"),
    )
    assert plain.window == Window(entries=30, days=3, bytes=250_000)
    assert special.window == Window(entries=5, days=3, bytes=9000)
    assert (plain.ttl_minutes, special.ttl_minutes) == (15, 60)
    assert (plain.description, special.description) == ("A", "About bees")


def test_hubs_are_the_sites_or_its_own_or_none(config: ConfigFolder) -> None:
    feeds = catalogue(config.load(FULL, CATEGORIES)).feeds
    own = "https://news.example/hub"
    assert feeds["a"].hubs == (own, "https://hub.example/")
    assert feeds["b"].hubs == (own,)
    assert feeds["c"].hubs == (own, "https://other.example/")


OWN_CLOUD = Cloud(domain="news.example", port=443, path="/cloud/pleaseNotify")


@pytest.mark.parametrize(
    ("main", "cloud"),
    [
        pytest.param("", OWN_CLOUD, id="our own"),
        pytest.param("rsscloud: {offered: false}", None, id="none"),
        pytest.param("own_hub: {offered: false}", None, id="no hub"),
        pytest.param(
            "own_hub: {offered: false}\n"
            "rsscloud: {register_url: 'http://c.example:5337/r?x=1', ping_url: 'http://c.example/p'}",
            Cloud(domain="c.example", port=5337, path="/r?x=1", ping_url="http://c.example/p"),
            id="another one",
        ),
    ],
)
def test_readers_of_rss_register_here_or_elsewhere_or_nowhere(
    config: ConfigFolder, main: str, cloud: Cloud | None
) -> None:
    feeds = catalogue(config.load(MAIN + main)).feeds
    assert {feed.cloud for feed in feeds.values()} == {cloud}


@pytest.mark.parametrize(
    ("url", "cloud"),
    [
        ("http://a.example", ("a.example", 80, "/")),
        ("http://127.0.0.1:8000/news/x", ("127.0.0.1", 8000, "/news/x")),
        ("https://[2001:db8::1]/x", ("[2001:db8::1]", 443, "/x")),
    ],
)
def test_a_cloud_is_told_by_domain_port_and_path(url: str, cloud: tuple[str, int, str]) -> None:
    made = Cloud.at(url)
    assert (made.domain, made.port, made.path) == cloud


def test_the_feed_of_everything_is_always_there_and_first(config: ConfigFolder) -> None:
    everything = catalogue(config.load(FULL, CATEGORIES)).feeds[ALL]
    assert (everything.title, everything.description) == ("News", "All there is")
    assert everything.window == Window(entries=30, days=9, bytes=250_000)
    assert list(catalogue(config.load(MAIN, "")).feeds) == [ALL]


def test_feeds_stand_in_the_order_of_their_groups(config: ConfigFolder) -> None:
    feeds = catalogue(config.load(FULL, CATEGORIES)).feeds
    assert list(feeds) == [ALL, "c", "b", "u", "a"]
    assert [feed.group for feed in feeds.values()] == [None, "Second", "First", "First", None]


def test_a_union_takes_these_but_not_those(config: ConfigFolder) -> None:
    filed = catalogue(config.load(FULL, CATEGORIES))
    assert filed.feeds_accepting({"a"}, language="en", published=NOON) == ("a", ALL, "u")
    assert filed.feeds_accepting({"a", "c"}, language="en", published=NOON) == ("a", ALL, "c")


def test_names_and_titles_claim(config: ConfigFolder) -> None:
    filed = catalogue(config.load(FULL, CATEGORIES))
    assert filed.match("BEES") == filed.match("b, with a comma") == ("b",)
    assert [category.slug for category in filed.categories.values()] == ["a", "b", "c"]


def test_the_site_is_what_the_public_sees(config: ConfigFolder) -> None:
    public = site(config.load(FULL))
    assert public.base_url == "https://news.example"
    assert (public.title, public.subtitle, public.language) == ("News", "All there is", "en-GB")
    assert public.author == Person(name="News", email="press@news.example")
    assert public.time_zone == ZoneInfo("UTC")


def test_the_time_zone_of_pages_is_not_that_of_documents(config: ConfigFolder) -> None:
    settings = config.load(FULL.replace("site:\n", "site:\n  time_zone: Asia/Tokyo\n"))
    assert site(settings).time_zone == ZoneInfo("Asia/Tokyo")
    assert intake_rules(settings).time_zone == ZoneInfo("UTC")


def test_intake_reads_by_the_rules_of_the_file(config: ConfigFolder) -> None:
    intake = (
        "intake: {time_zone: Asia/Tokyo, time_of_day: 07:15, max_title_chars: 99, "
        "tracked_changes: refused}\n"
    )
    rules = intake_rules(config.load(FULL + intake))
    assert (rules.base_url, rules.language) == ("https://news.example", "en-GB")
    assert not rules.has_tracked_changes
    assert (rules.time_zone, rules.time_of_day) == (ZoneInfo("Asia/Tokyo"), time(7, 15))
    assert rules.max_title_chars == 99


def test_moves_and_ends_reach_the_domain(config: ConfigFolder) -> None:
    main = "site: {base_url: https://news.example}\nfeeds: {farewell_days: 10}\n"
    main += 'intake: {time_zone: Europe/Berlin, time_of_day: "06:00"}\n'
    rest = "categories:\n  - {slug: a, title: A, was: [b, c]}\n"
    rest += "unions:\n  - {slug: u, title: U, any_of: [a], ended: {on: 2027-01-31, words: Over,"
    described = catalogue(config.load(main, rest + " moved_to: a}}\n"))
    assert described.slugs_by_former == {"b": "a", "c": "a"}
    ending = described.feeds["u"].ending
    assert ending is not None
    assert ending.on == datetime(2027, 1, 31, 5, tzinfo=UTC)  # as a release's bare date
    assert ending.gone_at == datetime(2027, 2, 10, 5, tzinfo=UTC)
    assert ending.onward == Redirect(url="https://news.example/feeds/a", title="A")
