"""A feed that gets another slug stays the same feed; one that ends says so once, and is gone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from feeds import render
from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, Feed, FeedClosure, Format, Redirect
from feeds.render.checks import check
from feeds.store.database import Database
from tests.support.newsrooms import SITE, Office, draft, feed, later

HUB = "https://hub.example.net/"
ATOM = "{http://www.w3.org/2005/Atom}"
ENDING = FeedClosure(
    on=later(hours=2),
    gone_at=later(days=90),
    words="This feed has ended.\n\nMoney & more are\nunder <all>.",
    onward=Redirect(url="https://news.example.org/feeds/all", title="All & everything"),
)


def described(*feeds: Feed) -> Catalogue:
    """A newsroom with these feeds, and with categories of their slugs that are called Finance."""
    own = [Category(slug=one.slug, title=one.slug, names=("Finance",)) for one in feeds]
    return Catalogue(SITE, own, [feed(ALL), *feeds])


def money(slug: str = "money", **settings: object) -> Feed:
    return feed(slug, hubs=(HUB,), **settings)


def identity(database: Database, slug: str) -> str:
    with database.read() as tx:
        return tx.feeds.identity(slug).id


def written(office: Office, feed_format: Format, slug: str = "money") -> bytes:
    document = office.newsstand.document(slug, feed_format)
    assert document is not None
    return render.decompress(document.gzip)


def as_json(office: Office, slug: str = "money") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written(office, Format.JSON, slug))
    return found


def due(database: Database, slug: str, **when: float) -> int:
    with database.read() as tx:
        return sum(ping.feed == slug for ping in tx.pings.due(now=later(**when)))


@pytest.fixture
def office(database: Database) -> Office:
    """A newsroom with one release in *money*, in its second edition."""
    opened = Office(database, described(money()))
    opened.publish()
    opened.add(draft("id:1", "Finance"), now=later(minutes=1))
    opened.publish(now=later(minutes=1))
    return opened


def test_a_renamed_feed_keeps_its_id_its_entries_and_its_count(
    office: Office, database: Database
) -> None:
    """feeds_must 10: a new id would mark everything unread."""
    before, entries = identity(database, "money"), as_json(office)["items"]
    office.configure(described(money("finance", was=("money",))), now=later(hours=1))
    assert office.publish(now=later(hours=1))["finance"] == 3
    assert identity(database, "finance") == before
    after = as_json(office, "finance")
    assert after["feed_url"] == "https://news.example.org/feeds/finance.json"
    assert [one["id"] for one in after["items"]] == [one["id"] for one in entries]
    assert office.newsroom.release("id:1").feeds == ("all", "finance")


def test_the_last_edition_is_served_and_no_hub_told_until_the_next_is_made(
    office: Office, database: Database
) -> None:
    office.configure(described(money("finance", was=("money",))), now=later(hours=1))
    assert as_json(office, "finance")["items"]
    assert due(database, "finance", hours=1, seconds=1) == 0
    office.publish(now=later(hours=1))
    assert due(database, "finance", hours=1, seconds=1) == 3


def test_a_rename_that_was_applied_is_applied_no_more(office: Office) -> None:
    renamed = described(money("finance", was=("money",)))
    office.configure(renamed, now=later(hours=1))
    office.publish(now=later(hours=1))
    assert office.configure(renamed, now=later(hours=2)) == 0
    assert office.newsstand.stale(now=later(hours=2)) == []


def test_a_crash_between_rename_and_the_rest_is_mended_by_the_next_start(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = identity(database, "money")
    renamed = described(money("finance", was=("money",)))
    with monkeypatch.context() as patched:
        patched.setattr("feeds.newsroom.assignment.CatalogueUpdate._renamed", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            office.configure(renamed, now=later(hours=1))
    office.configure(renamed, now=later(hours=2))
    assert office.publish(now=later(hours=2))["finance"] == 3
    assert identity(database, "finance") == before


def test_a_feed_that_had_ended_comes_back_under_its_new_slug(
    office: Office, database: Database
) -> None:
    before = identity(database, "money")
    office.configure(described(), now=later(hours=1))
    office.configure(described(money("finance", was=("money",))), now=later(hours=2))
    assert office.publish(now=later(hours=2))["finance"] == 3
    assert identity(database, "finance") == before


def test_a_rename_is_undone_by_another_one(office: Office, database: Database) -> None:
    before = identity(database, "money")
    office.configure(described(money("finance", was=("money",))), now=later(hours=1))
    office.configure(described(money("money", was=("finance",))), now=later(hours=2))
    assert identity(database, "money") == before
    assert office.newsroom.release("id:1").feeds == ("all", "money")


def test_a_feed_under_way_takes_the_slug_of_one_that_ended(
    office: Office, database: Database
) -> None:
    before = identity(database, "money")
    funds = Category(slug="funds", title="Funds")
    own = [Category(slug="money", title="Finance"), funds]
    both = Catalogue(SITE, own, [feed(ALL), money(), feed("funds")])
    office.configure(both, now=later(minutes=30))
    office.configure(described(money()), now=later(hours=1))
    office.configure(described(money("funds", was=("money",))), now=later(hours=2))
    assert identity(database, "funds") == before


def test_of_two_feeds_that_become_one_the_present_one_stays(
    office: Office, database: Database
) -> None:
    both = Catalogue(
        SITE,
        [Category(slug="money", title="Finance"), Category(slug="funds", title="Funds")],
        [feed(ALL), money(), feed("funds")],
    )
    office.configure(both, now=later(hours=1))
    present = identity(database, "funds")
    office.configure(described(feed("funds", was=("money",))), now=later(hours=2))
    assert identity(database, "funds") == present
    assert office.newsroom.release("id:1").feeds == ("all", "funds")


def test_before_its_end_a_feed_is_as_it_was(office: Office) -> None:
    office.configure(described(money(ending=ENDING)), now=later(hours=1))
    assert office.newsstand.stale(now=later(hours=1)) == []
    assert office.newsroom.closures.announce(now=later(hours=1, minutes=59)) == []


def test_at_its_end_a_feed_says_farewell_once_in_every_format(
    office: Office, database: Database
) -> None:
    office.configure(described(money(ending=ENDING)), now=later(hours=1))
    assert office.newsroom.closures.announce(now=ENDING.on) == ["money"]
    assert office.newsroom.closures.announce(now=ENDING.on) == []
    assert set(office.publish(now=ENDING.on)) == {"money"}
    assert due(database, "money", hours=2, seconds=1) == 3
    top = as_json(office)
    last = top["items"][0]
    assert top["expired"] is True  # JSON Feed 1.1: "the feed is finished"
    assert last["title"] == "This feed has ended."
    assert last["url"] == "https://news.example.org/feeds/all"
    assert last["date_published"] == "2026-03-02T14:00:00Z"
    assert "<p>Money &amp; more are under &lt;all&gt;.</p>" in last["content_html"]
    assert (
        'href="https://news.example.org/feeds/all">All &amp; everything</a>' in last["content_html"]
    )
    entry = ET.fromstring(written(office, Format.ATOM)).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == last["id"]
    assert entry.findtext(f"{ATOM}updated") == "2026-03-02T14:00:00Z"
    item = ET.fromstring(written(office, Format.RSS)).find("channel/item")
    assert item is not None
    assert item.findtext("guid") == last["id"]
    for each in Format:
        assert check(written(office, each), each, now=ENDING.on) == []


def test_the_farewell_keeps_its_id_when_its_words_change(office: Office) -> None:
    office.configure(described(money(ending=ENDING)), now=later(hours=3))
    office.publish(now=later(hours=3))
    before = as_json(office)["items"][0]
    other = replace(ENDING, words="Over.", onward=None)
    renamed = described(money("finance", was=("money",), ending=other))
    office.configure(renamed, now=later(hours=4))
    office.publish(now=later(hours=4))
    after = as_json(office, "finance")["items"][0]
    assert (after["id"], after["title"]) == (before["id"], "Over.")
    assert after["url"] == "https://news.example.org/feeds/finance"


def test_another_process_that_was_first_leaves_nothing_to_say(office: Office) -> None:
    office.configure(described(money(ending=ENDING)), now=later(hours=1))
    other = Office(office.database, office.catalogue)
    assert other.newsroom.closures.announce(now=ENDING.on) == ["money"]
    assert office.newsroom.closures.announce(now=ENDING.on) == []


def test_what_is_published_after_the_end_is_in_all_alone(office: Office) -> None:
    office.configure(described(money(ending=ENDING)), now=later(hours=1))
    late, early = later(hours=2), later(hours=2) - timedelta(seconds=1)
    office.add(
        draft("id:2", "Finance", published=late),
        draft("id:3", "Finance", published=early),
        now=later(hours=3),
    )
    assert office.newsroom.release("id:2").feeds == ("all",)
    assert office.newsroom.release("id:3").feeds == ("all", "money")
    assert office.newsroom.releases(is_unfiled=True) == []


def test_a_feed_whose_end_is_taken_back_has_what_it_missed(office: Office) -> None:
    office.configure(described(money(ending=ENDING)), now=later(hours=1))
    office.add(draft("id:2", "Finance", published=later(hours=2)), now=later(hours=3))
    office.configure(described(money()), now=later(hours=4))
    office.publish(now=later(hours=4))
    assert office.newsroom.release("id:2").feeds == ("all", "money")
    top = as_json(office)
    assert "expired" not in top
    assert len(top["items"]) == 2


def test_a_feed_that_is_gone_gets_no_edition_and_so_no_ping(office: Office) -> None:
    office.configure(described(money(ending=ENDING)), now=later(days=91))
    assert "money" not in office.publish(now=later(days=91))
