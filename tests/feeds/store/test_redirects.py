"""Old addresses of imports, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from feeds.model.feed import Format
from feeds.model.intake import Intake
from feeds.model.redirect import (
    MAX_ADDRESS_CHARS,
    OldAddress,
    RedirectOrigin,
    RedirectTarget,
    RedirectUse,
    ToFeed,
    ToNothing,
    ToPage,
    ToRelease,
)
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later

FEED = ToFeed("finance", Format.RSS)


def find(database: Database, *addresses: str) -> tuple[str, RedirectTarget, str | None] | None:
    with database.read() as tx:
        found = tx.redirects.find(addresses)
    return None if found is None else (found.address, found.target, found.slug)


def test_old_addresses_of_a_release_lead_to_its_page_however_they_are_spelt(
    database: Database,
) -> None:
    office = Office(database)
    [one] = office.add(draft())
    written = ["https://old.example/2019/05/Caf%c3%a9/", "/?p=12&post_type=news", "mailto:a@b.c"]
    with database.transaction() as tx:
        unusable = tx.redirects.add_for_releases({one.release.id: written}, now=NOON)
    assert unusable == ["mailto:a@b.c"]
    target = ToRelease(one.release.id)
    for asked in ("/2019/05/Café", "//2019//05/Caf%C3%A9/", "http://elsewhere/2019/05/Caf%C3%A9"):
        address = str(OldAddress.read(asked))
        assert find(database, address) == ("/2019/05/Caf%C3%A9", target, one.release.slug)
    assert find(database, "/2019/05/caf%C3%A9", "/2019/05") is None
    asked = str(OldAddress.read("/?post_type=news&p=12"))
    assert find(database, "/none", asked) == (asked, target, one.release.slug)


def test_on_sqlite_the_driver_alone_finds_out_that_nothing_is_at_an_address(
    sqlite_database: Database,
) -> None:
    ran: list[str] = []
    with sqlite_database.read() as tx:
        event.listen(
            tx.connection,
            "before_cursor_execute",
            lambda _, __, statement, *___: ran.append(statement),
        )
        assert tx.redirects.find(["/a", "/b?c=%C3%A9", "/'"]) is None
        assert tx.redirects.find([]) is None
        assert ran == []
        # What another process imports meanwhile is found.
        with sqlite_database.transaction() as other:
            other.redirects.add({"/'": FEED}, now=NOON)
        found = tx.redirects.find(["/a", "/'"])
    assert found is not None
    assert (found.address, found.target, len(ran)) == ("/'", FEED, 1)


def test_addresses_of_what_is_not_public_lead_nowhere_until_it_is(database: Database) -> None:
    office = Office(database)
    waiting = replace(draft(), embargoed_until=later(hours=1))
    [held] = office.newsroom.take_in([waiting], now=NOON)
    assert isinstance(held, Intake)
    with database.transaction() as tx:
        tx.redirects.add_for_releases({held.release.id: ["/?p=1"]}, now=NOON)
        assert tx.redirects.count() == 1
        assert tx.redirects.listed(limit=10) == []
    assert find(database, "/?p=1") is None
    office.newsroom.embargoes.release(now=later(hours=1))
    assert find(database, "/?p=1") == ("/?p=1", ToRelease(held.release.id), held.release.slug)


def test_the_first_of_several_addresses_counts_and_the_last_target_of_one(
    database: Database,
) -> None:
    rows: dict[str, RedirectTarget] = {
        "/a": FEED,
        "/b": ToPage("https://www.example.org/"),
        "/c": ToNothing(),
    }
    with database.transaction() as tx:
        tx.redirects.add(rows, now=NOON)
        tx.redirects.add({"/a": ToPage("/")}, now=later(hours=1))
        assert [(one.address, one.target) for one in tx.redirects.listed(after="/a", limit=9)] == [
            ("/b", rows["/b"]),
            ("/c", rows["/c"]),
        ]
    assert find(database, "/a") == ("/a", ToPage("/"), None)
    assert find(database, "/c", "/b") == ("/c", ToNothing(), None)
    assert find(database, "/d", "/b") == ("/b", rows["/b"], None)


@pytest.mark.parametrize("empty", ["", "/", "https://old.example", "https://old.example/?#top"])
def test_nothing_is_stored_for_the_front_page(database: Database, empty: str) -> None:
    with database.transaction() as tx:
        unusable = tx.redirects.add_for_releases({"urn:uuid:1": [empty]}, now=NOON)
        assert (unusable, tx.redirects.count()) == ([""] if not empty else [], 0)


@pytest.mark.parametrize("text", ["relative", "ftp://old.example/a", "https:///a", "?p=1"])
def test_what_is_no_http_address_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        OldAddress.read(text)


def test_an_address_fits_into_an_index_of_postgresql(database: Database) -> None:
    longest = "/" + "a" * (MAX_ADDRESS_CHARS - 1)
    with database.transaction() as tx:
        unusable = tx.redirects.add_for_releases(
            {"urn:uuid:1": [longest, longest + "a", "/" + "é" * MAX_ADDRESS_CHARS]}, now=NOON
        )
        assert (len(unusable), tx.redirects.count()) == (2, 1)


def test_a_request_fits_redirects_with_fewer_parameters_the_most_first() -> None:
    asked = OldAddress.read("/blog/?feed=atom&cat=3&utm_source=x")
    fitting = [str(each) for each in asked.matching()]
    assert fitting[0] == str(asked)
    assert fitting.index("/blog?cat=3&feed=atom") < fitting.index("/blog?feed=atom")
    assert fitting[-1] == "/blog"
    assert len(set(fitting)) == len(fitting)
    home = OldAddress.read("/?feed=atom&x=1")
    assert [str(each) for each in home.matching()] == ["/?feed=atom&x=1", "/?feed=atom", "/?x=1"]


def test_invented_addresses_do_not_fill_the_store_nor_push_out_real_ones(
    database: Database,
) -> None:
    for number in range(30):
        with database.transaction() as tx:
            invented = {f"/{number}-{each}.xml": 1 for each in range(10)}
            tx.redirect_uses.add_missing(
                {"/real.xml": 2, **invented}, now=later(minutes=number), keep=20
            )
    with database.transaction() as tx:
        missing = tx.redirect_uses.missing(limit=100)
        assert len(missing) == 20 == tx.redirect_uses.count_missing()
        assert (missing[0].address, missing[0].requests) == ("/real.xml", 60)
        assert (missing[0].first_at, missing[0].last_at) == (NOON, later(minutes=29))
        assert tx.redirect_uses.has_missing(before=later(minutes=29))
        assert tx.redirect_uses.forget_missing(before=later(minutes=29)) == 9
        assert not tx.redirect_uses.has_missing(before=later(minutes=29))


def test_uses_of_redirects_add_up(database: Database) -> None:
    yaml, imported = RedirectOrigin.CONFIGURATION, RedirectOrigin.IMPORT
    for minute in (0, 1):
        with database.transaction() as tx:
            tx.redirect_uses.add({(yaml, "/a"): 2, (imported, "/a"): 1}, now=later(minutes=minute))
    with database.transaction() as tx:
        tx.redirect_uses.add({(yaml, "/b"): 1}, now=NOON)
        tx.redirect_uses.add({}, now=NOON)
        assert tx.redirect_uses.of_rules() == {
            "/a": RedirectUse(4, later(minutes=1)),
            "/b": RedirectUse(1, NOON),
        }
        used = tx.redirect_uses.most_imported(limit=1)
        assert used == {"/a": RedirectUse(2, later(minutes=1))}
