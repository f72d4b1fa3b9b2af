"""RFC 5005 section 4: whoever follows ``prev-archive`` has everything, at any moment."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import ArchiveNotFound, FeedNotFound
from feeds.model.edition import FeedEntry, RenderTrouble
from feeds.model.feed import Category, Format, Site, Window
from feeds.model.history import notice_of
from feeds.model.release import ReleaseId
from feeds.newsstand import archives, edition_builder
from feeds.render.documents import WRITERS
from feeds.store.archives import Archives
from feeds.store.database import Database
from feeds.store.feeds import Feeds
from tests.support.history import rebuilt
from tests.support.newsrooms import NOON, SITE, Office, catalogue, draft, later
from tests.support.parsers import NAMESPACES, root_of

SMALL = Window(entries=4, days=0, bytes=1_000_000)


def office_with(database: Database, window: Window = SMALL) -> Office:
    return Office(database, catalogue(window=window))


def fetch(office: Office, slug: str, feed_format: Format) -> Callable[[str], bytes]:
    """Fetch by address, as a reader does; the newest archive's successor is what is current."""

    def get(url: str) -> bytes:
        if url == office.catalogue.site.topic(slug, feed_format):
            document = office.newsstand.document(slug, feed_format)
            assert document is not None
            return render.decompress(document.gzip)
        number = int(url.rpartition("/")[2].partition(".")[0])
        assert url == office.catalogue.site.archive(slug, number, feed_format)
        page = office.newsstand.archive(slug, number, feed_format, now=NOON)
        return render.decompress(page.document.gzip)

    return get


def assert_whole(office: Office, slug: str = "finance") -> None:
    """A reader that knows nothing but the links has what the store has, in each format.

    Beside it notices, in the subscription document alone.
    """
    listed = office.newsroom.releases(feed=slug, limit=10_000)
    expected = {one.release.id: one.release.content.title for one in listed}
    told = {str(each.id) for one in listed if (each := notice_of(one.release))}
    for feed_format in Format:
        topic = office.catalogue.site.topic(slug, feed_format)
        found = rebuilt(topic, feed_format, fetch(office, slug, feed_format))
        assert {key: title for key, title in found.items() if key not in told} == expected
        for number in range(1, office.newsstand.last_archive(slug) + 1):
            address = office.catalogue.site.archive(slug, number, feed_format)
            archive = fetch(office, slug, feed_format)(address).decode()
            assert not [each for each in told if each in archive]


def trickle(office: Office, count: int, *, first: int = 0) -> Iterator[int]:
    """Releases one by one, each published at once."""
    for number in range(first, first + count):
        office.add(draft(f"id:{number}", "Finance", title=f"No {number}"), now=later(hours=number))
        office.publish(now=later(hours=number))
        yield number


def test_the_history_is_whole_after_each_release(database: Database) -> None:
    """The links are made here and not by the store: one of the two is looked at more rarely."""
    office = office_with(database)
    every = 1 if database.is_sqlite else 5
    for number in trickle(office, 15):
        if number % every == every - 1:
            assert_whole(office)
    assert office.newsstand.last_archive("finance") > 2


def test_the_history_is_whole_after_a_bulk_intake(database: Database) -> None:
    """Documents are bounded by the window's bytes, archives too."""
    max_bytes = 20_000
    office = office_with(database, Window(entries=4, days=0, bytes=max_bytes))
    office.add(*(draft(f"id:{n}", "Finance", title=f"No {n}") for n in range(250)))
    office.publish()
    assert_whole(office)
    last = office.newsstand.last_archive("finance")
    numbers = range(1, last + 1)
    pages = [office.newsstand.archive("finance", n, Format.JSON, now=NOON) for n in numbers]
    assert max(page.document.size_bytes for page in pages) < max_bytes


def test_many_archives_are_closed_in_several_transactions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other writers get their turn between them, and no process has all of a history in memory."""
    monkeypatch.setattr(edition_builder, "MAX_UNARCHIVED", 20)
    monkeypatch.setattr(edition_builder, "ENTRIES_A_CLOSING", 10)
    monkeypatch.setattr(edition_builder, "MAX_WINDOW_ENTRIES", 5)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    closings: list[int] = []
    close = Archives.close

    def counted(self: Archives, feed: str, closed: Any, *, now: datetime) -> None:
        closings.append(sum(len(each.entries) for each in closed))
        close(self, feed, closed, now=now)

    monkeypatch.setattr(Archives, "close", counted)
    office = office_with(database)
    office.add(*(draft(f"id:{number}", "Finance") for number in range(60)))
    assert office.publish(now=later(hours=1)).keys() >= {"all", "finance"}
    assert sum(closings) > 100  # in two feeds
    assert max(closings) <= 20
    assert_whole(office)
    assert_whole(office, "all")
    office.add(draft("id:60", "Finance"), now=later(hours=2))
    office.publish(now=later(hours=2))
    assert_whole(office)


def test_archives_are_not_closed_for_a_worker_that_lost_its_claim(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edition_builder, "MAX_UNARCHIVED", 20)
    monkeypatch.setattr(edition_builder, "ENTRIES_A_CLOSING", 10)
    monkeypatch.setattr(edition_builder, "MAX_WINDOW_ENTRIES", 5)
    monkeypatch.setattr(Feeds, "is_claimed", lambda *_, **__: False)
    office = office_with(database)
    office.add(*(draft(f"id:{number}", "Finance") for number in range(60)))
    now = later(hours=1)
    made = office.newsstand.regenerate(["finance"], now=now, worker="slow")
    assert all(isinstance(one, RenderTrouble) for one in made)
    assert office.newsstand.last_archive("finance") == 0


def test_a_correction_of_an_old_release_is_in_the_subscription_document(
    database: Database,
) -> None:
    office = office_with(database)
    list(trickle(office, 12))
    assert_whole(office)  # and all archives were fetched by this
    office.add(draft("id:1", "Finance", title="Corrected"), now=later(hours=100))
    office.publish(now=later(hours=100))
    document = office.newsstand.document("finance", Format.JSON)
    assert document is not None
    assert b'"Corrected"' in render.decompress(document.gzip)
    assert_whole(office)
    every = 1 if database.is_sqlite else 4
    for number in trickle(office, 8, first=101):
        if number % every == 0:
            assert_whole(office)


def test_a_release_that_is_filed_into_a_feed_later_is_in_its_history(database: Database) -> None:
    """It changed before the feed's newest archive was closed, and belongs into a newer one."""
    office = office_with(database)
    office.add(draft("id:old", "Sea", title="Old"))
    office.publish()
    list(trickle(office, 12, first=1))
    wider = [Category(slug="finance", title="Finance", names=("Sea",))]
    office.configure(catalogue(wider, window=SMALL), now=later(hours=50))
    office.publish(now=later(hours=50))
    assert_whole(office)


def test_an_archive_keeps_its_bytes(database: Database) -> None:
    """RFC 5005 section 4: "Archive documents … SHOULD NOT change"."""
    office = office_with(database)
    list(trickle(office, 12))
    before = {f: office.newsstand.archive("finance", 1, f, now=NOON) for f in Format}
    assert all(page.is_final for page in before.values())
    office.add(draft("id:0", "Finance", title="Corrected"), now=later(hours=100))
    office.publish(now=later(hours=100))
    office.configure(catalogue([Category(slug="finance", title="Money")], window=SMALL), now=NOON)
    assert {f: office.newsstand.archive("finance", 1, f, now=NOON) for f in Format} == before


def test_under_another_address_it_has_other_links(database: Database) -> None:
    office = office_with(database)
    list(trickle(office, 12))
    assert_whole(office)
    moved = catalogue(window=SMALL)
    moved.site = Site(**{**_fields(moved.site), "base_url": "https://press.example.net"})
    office.configure(moved, now=later(hours=50))
    office.publish(now=later(hours=50))
    assert_whole(office)


def _fields(site: Site) -> dict[str, Any]:
    return {name: getattr(site, name) for name in Site.__slots__}


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_an_archive_says_what_it_is_and_what_is_around_it(
    sqlite_office: Office, feed_format: Format
) -> None:
    """RFC 5005 sections 3 and 4; the subscription document says less."""
    office, site = sqlite_office, sqlite_office.catalogue.site
    last = office.newsstand.last_archive("finance")
    middle = root_of(fetch(office, "finance", feed_format)(site.archive("finance", 2, feed_format)))
    assert _links(middle) == {
        "alternate": site.feed_page("finance"),
        "self": site.archive("finance", 2, feed_format),
        "current": site.topic("finance", feed_format),
        "prev-archive": site.archive("finance", 1, feed_format),
        "next-archive": site.archive("finance", 3, feed_format),
    }
    assert middle.xpath("//fh:archive", namespaces=NAMESPACES)
    oldest = root_of(fetch(office, "finance", feed_format)(site.archive("finance", 1, feed_format)))
    assert "prev-archive" not in _links(oldest)
    newest = root_of(fetch(office, "finance", feed_format)(site.topic("finance", feed_format)))
    assert _links(newest) == {
        "alternate": site.feed_page("finance"),
        "self": site.topic("finance", feed_format),
        "prev-archive": site.archive("finance", last, feed_format),
    }
    assert not newest.xpath("//fh:*", namespaces=NAMESPACES)


def _links(root: Any) -> dict[str, str]:
    found = root.xpath("/atom:feed/atom:link | /rss/channel/atom:link", namespaces=NAMESPACES)
    return {link.get("rel"): link.get("href") for link in found}


def test_json_feeds_next_url_goes_back_in_time(sqlite_office: Office) -> None:
    """JSON Feed 1.1: ``next_url`` is that of "the next n items"; it never leads round."""
    office, site = sqlite_office, sqlite_office.catalogue.site
    get = fetch(office, "finance", Format.JSON)
    last = office.newsstand.last_archive("finance")
    urls = [site.topic("finance", Format.JSON)]
    urls += [site.archive("finance", number, Format.JSON) for number in range(last, 0, -1)]
    documents = [json.loads(get(url)) for url in urls]
    assert [document["feed_url"] for document in documents] == urls
    assert [document.get("next_url") for document in documents] == [*urls[1:], None]


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_a_document_that_holds_everything_says_so(database: Database, feed_format: Format) -> None:
    """RFC 5005 section 2; "complete" and links to archives exclude each other."""
    office = office_with(database)
    get, topic = fetch(office, "finance", feed_format), None
    for number in trickle(office, 7):
        topic = topic or office.catalogue.site.topic("finance", feed_format)
        root = root_of(get(topic))
        is_complete = bool(root.xpath("//fh:complete", namespaces=NAMESPACES))
        assert is_complete is (number < SMALL.entries)
        assert ("prev-archive" in _links(root)) is not is_complete


def test_what_could_not_be_rendered_leaves_a_document_incomplete_and_an_archive_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_with(database)
    with monkeypatch.context() as patch:
        patch.setitem(WRITERS, Format.RSS, _unable(WRITERS[Format.RSS]))
        list(trickle(office, 8))
        page = office.newsstand.archive("finance", 1, Format.RSS, now=NOON)
        assert not page.is_final
        assert b"No 1" not in render.decompress(page.document.gzip)
    office.newsstand = type(office.newsstand)(database, office.catalogue)
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("DELETE FROM set_aside")
    page = office.newsstand.archive("finance", 1, Format.RSS, now=NOON)
    assert page.is_final
    assert b"No 1" in render.decompress(page.document.gzip)


def _unable(writer: Any) -> Any:
    def fail(entry: Any, site: Any) -> bytes:
        if entry.release.content.title == "No 1":
            raise ValueError("cannot hold this")
        made: bytes = writer.fragment(entry, site)
        return made

    return type(writer)(
        version=writer.version, fragment=fail, frame=writer.frame, moment=writer.moment
    )


def test_many_who_ask_at_once_get_the_same_bytes(database: Database) -> None:
    office = office_with(database)
    list(trickle(office, 12))
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(office.newsstand.archive, "finance", 1, Format.ATOM, now=NOON)
            for _ in range(16)
        ]
        [digest] = {one.result().document.digest for one in asked}
    assert digest


def test_what_there_is_not_is_not_found(sqlite_office: Office) -> None:
    last = sqlite_office.newsstand.last_archive("finance")
    for number in (0, -1, last + 1, 10**9):
        with pytest.raises(ArchiveNotFound):
            sqlite_office.newsstand.archive("finance", number, Format.ATOM, now=NOON)
    with pytest.raises(FeedNotFound):
        sqlite_office.newsstand.archive("none", 1, Format.ATOM, now=NOON)


@pytest.fixture
def sqlite_office(sqlite_database: Database) -> Office:
    """A feed with several archives."""
    office = office_with(sqlite_database)
    list(trickle(office, 12))
    return office


def loose(count: int, length: int = 1000) -> list[tuple[FeedEntry, int]]:
    return [(FeedEntry(ReleaseId(str(n)), "stamp", None), length) for n in range(count)]


def ids(*numbers: int) -> set[ReleaseId]:
    return {ReleaseId(str(n)) for n in numbers}


def closed(
    count: int, shown: set[ReleaseId], *, length: int = 1000, max_bytes: int = 1_000_000
) -> list[list[int]]:
    made = archives.closings_due(loose(count, length), shown, last=6, max_bytes=max_bytes)
    assert [closing.number for closing in made] == list(range(7, 7 + len(made)))
    return [[int(filed.release_id) for filed in closing.entries] for closing in made]


def test_nothing_is_closed_while_everything_is_shown() -> None:
    assert closed(4, ids(0, 1, 2, 3)) == []


def test_what_is_no_longer_shown_takes_half_of_the_rest_along() -> None:
    assert closed(5, ids(1, 2, 3, 4)) == [[0, 1, 2]]


def test_what_changed_late_and_is_not_shown_is_closed_all_the_same() -> None:
    assert closed(5, ids(0, 1, 2, 3)) == [[0, 1, 2, 3, 4]]


def test_an_archive_is_bounded_by_entries_and_by_bytes() -> None:
    assert [len(part) for part in closed(250, ids(249))] == [100, 100, 50]
    assert [len(part) for part in closed(10, ids(9), max_bytes=9000)] == [3, 3, 3, 1]
    assert [len(part) for part in closed(3, ids(2), length=90_000, max_bytes=9000)] == [1, 1, 1]


def test_days_do_not_matter_to_archives(database: Database) -> None:
    """A window that is wide in time shows more, and archives begin behind it."""
    office = office_with(database, Window(entries=2, days=1, bytes=1_000_000))
    for _ in trickle(office, 40):
        pass
    assert_whole(office)
    assert later(hours=39) - later(hours=15) == timedelta(days=1)


def test_a_feed_that_gets_another_slug_takes_its_archives_along(database: Database) -> None:
    office = office_with(database)
    list(trickle(office, 12))
    assert_whole(office)
    last = office.newsstand.last_archive("finance")
    money = Category(slug="money", title="Money", names=("Finance",))
    described = catalogue([money], window=SMALL)
    moved = replace(described.feeds["money"], was=("finance",))
    office.configure(Catalogue(SITE, [money], [described.feeds["all"], moved]), now=later(hours=50))
    assert office.newsstand.last_archive("money") >= last
    office.publish(now=later(hours=50))
    assert_whole(office, "money")


def test_a_feed_that_ends_and_comes_back_gives_no_number_twice(database: Database) -> None:
    """An archive's address is kept by caches for ever."""
    office = office_with(database)
    list(trickle(office, 12))
    last = office.newsstand.last_archive("finance")
    office.configure(catalogue([Category(slug="health", title="Health")]), now=later(hours=50))
    office.configure(catalogue(window=SMALL), now=later(hours=51))
    office.publish(now=later(hours=51))
    assert office.newsstand.last_archive("finance") > last
    assert_whole(office)
