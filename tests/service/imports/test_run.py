"""The run of an import: its tally, what a second run and a run that was cut off do."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds import render
from feeds.address_patterns import AddressPattern
from feeds.errors import StoreUnavailable
from feeds.imports.drafting import ImportSource
from feeds.imports.items import Item
from feeds.imports.wxr import read_wxr
from feeds.model.feed import Format, Window
from feeds.redirects import RedirectMap, RedirectRule
from feeds.store.database import Database
from service.imports import FileCopier, ImportOptions, ImportTally, MediaChoice, run, run_import
from service.imports.report import report_lines, report_page, report_text
from tests.support.newsrooms import NOON, Office, catalogue, draft, later, tell_hubs
from tests.support.wordpress import export, post

WINDOW = Window(entries=3, days=0, bytes=1_000_000)


@pytest.fixture
def office(database: Database) -> Office:
    """A running newsroom with two releases of today, whose hub knows them."""
    opened = Office(database, catalogue(hubs=("https://hub.example.net/",), window=WINDOW))
    opened.change(clock=lambda: later(minutes=5))
    opened.add(draft("id:1", title="First"), draft("id:2", title="Second"))
    opened.publish()
    tell_hubs(database, now=later(minutes=1))
    return opened


def copier(office: Office, *, is_dry_run: bool = False) -> FileCopier:
    """One that asks nobody."""
    return FileCopier(
        office.database,
        office.application.media,
        None,
        MediaChoice.KEEP,
        max_bytes=1,
        own_media="https://news.example.org/media/",
        by="x",
        is_dry_run=is_dry_run,
    )


def bring(
    office: Office,
    data: bytes,
    *,
    is_dry_run: bool = False,
    is_news: bool = False,
    key: str = "1",
    stop: Callable[[Iterator[Item]], Iterable[Item]] = lambda items: items,
) -> ImportTally:
    """Import an export."""
    head, items = read_wxr(BytesIO(data), zone=ZoneInfo("Europe/Zurich"))
    source = ImportSource.of(head, document="export.xml", name=None, language=None)
    options = ImportOptions(source=source, key=key, is_dry_run=is_dry_run, is_news=is_news)
    files = copier(office, is_dry_run=is_dry_run)
    return run_import(office.application, stop(items), options, files=files)


MIXED = [
    post(1, title="Newest", terms=[("category", "tax", "Tax"), ("post_tag", "x", "Finance")]),
    post(2, title="Older", date_gmt="2018-05-04 09:00:00", comments=3),
    post(3, status="draft", title="Not done"),
    post(4, password="secret", title="Not for all"),
    post(5, kind="page", title="About"),
    post(6, kind="page", title="Contact"),
    post(7, title="Soon", status="future", date_gmt="2026-03-02 20:00:00"),
    post(
        8,
        title="No zone",
        date="2018-01-01 11:00:00",
        date_gmt="0000-00-00 00:00:00",
        body="[poll id=1]Words.",
    ),
    post(9, title="Oldest", date_gmt="2010-01-01 00:00:00", guid="45863 at https://old.example"),
    post(10, title="Empty", body=" "),
    post(11, title="No id", guid=""),
]


def figures(tally: ImportTally) -> dict[str, Any]:
    shown = {"taken", "updated", "unchanged", "scheduled", "comments", "ids_kept", "ids_new"}
    return {name: value for name, value in tally.as_json().items() if name in shown}


def ids(office: Office, archive: int | None = None) -> list[str]:
    if archive is None:
        document = office.newsstand.document("all", Format.JSON)
        assert document is not None
    else:
        document = office.newsstand.archive("all", archive, Format.JSON, now=NOON).document
    return [item["id"] for item in json.loads(render.decompress(document.gzip))["items"]]


def test_all_that_an_import_does_is_counted_by_reason(office: Office) -> None:
    tally = bring(office, export(*MIXED))
    assert figures(tally) == {
        "taken": 5,
        "updated": 0,
        "unchanged": 0,
        "scheduled": 1,
        "comments": 3,
        "ids_kept": 4,
        "ids_new": 1,
    }
    assert {reason: each.count for reason, each in tally.left_out.items()} == {
        "draft": 1,
        "protected by a password": 1,
        "of another kind: post_type page": 2,
        "not readable: body: body is empty": 1,
    }
    lines = tally.left_out["of another kind: post_type page"].examples
    assert [each.partition(": ")[2] for each in lines] == ["About", "Contact"]
    assert tally.ids_mapped.examples == ["45863 at https://old.example"]
    assert tally.dates_without_zone.examples == ["No zone"]
    assert {name: one.matches for name, one in tally.categories.items()} == {
        "Tax": [],
        "Finance": ["finance"],
    }
    assert tally.categories["Tax"].below == ["Money"]
    assert tally.lost["shortcode [poll]"].count == 1
    assert tally.items == len(MIXED) == tally.taken + tally.scheduled + tally.left


def test_a_dry_run_says_the_very_same_and_stores_nothing(office: Office) -> None:
    before = office.newsroom.releases(limit=99)
    said = bring(office, export(*MIXED), is_dry_run=True)
    assert office.newsroom.releases(limit=99) == before
    done = bring(office, export(*MIXED))
    assert said.as_json() == done.as_json()
    assert report_text(said) == report_text(done)


def test_a_second_run_updates_and_doubles_nothing(office: Office) -> None:
    bring(office, export(*MIXED))
    count = len(office.newsroom.releases(limit=99))
    again = [post(1, title="Newest, put right"), *MIXED[1:]]
    tally = bring(office, export(*again), key="2")
    assert (tally.taken, tally.updated, tally.unchanged) == (0, 1, 4)
    assert tally.scheduled == 1
    assert len(office.newsroom.releases(limit=99)) == count
    assert bring(office, export(*again), key="2").unchanged == 5


def test_a_site_that_moved_to_https_is_the_same_source(office: Office) -> None:
    bring(office, export(post(1)))
    data = export(post(1)).replace(
        b"base_blog_url>https://old.example<", b"base_blog_url>http://old.example/<"
    )
    assert bring(office, data, key="2").unchanged == 1


def test_it_is_no_news_in_a_running_newsroom(office: Office) -> None:
    before = ids(office)
    bring(office, export(*MIXED))
    office.publish(now=later(minutes=6))
    assert ids(office)[:2] == before
    assert ids(office)[2] == "https://old.example/?p=1"
    assert tell_hubs(office.database, now=later(hours=9)) == []
    stored = office.newsroom.release("https://old.example/?p=1")
    assert stored.release.updated == stored.release.content.published
    pages = office.newsstand.newest_release_pages(
        since=NOON - timedelta(days=9999), until=later(days=1), limit=99, is_news=True
    )
    assert {page.title for page in pages} == {"First", "Second"}


def test_as_news_it_is_as_if_published_now(office: Office) -> None:
    bring(office, export(post(1), post(2)), is_news=True)
    office.publish(now=later(minutes=6))
    assert set(ids(office)) >= {"https://old.example/?p=1", "https://old.example/?p=2"}
    assert tell_hubs(office.database, now=later(hours=9))


def test_what_was_scheduled_is_news_at_its_minute(office: Office) -> None:
    bring(office, export(*MIXED))
    end = later(hours=8)
    office.newsroom.embargoes.release(now=end)
    office.publish(now=end)
    assert "https://old.example/?p=7" in ids(office)
    assert tell_hubs(office.database, now=later(hours=9))


def test_old_addresses_lead_to_the_release(office: Office) -> None:
    tally = bring(office, export(*MIXED))
    release = office.newsroom.release("https://old.example/?p=1").release
    with office.database.read() as tx:
        for address in ("/2019/05/post-1", "/?p=1"):
            found = tx.redirects.find([address])
            assert found is not None, address
            assert found.slug == release.slug
        assert tally.addresses == tx.redirects.count()


def test_old_addresses_that_cannot_lead_here_are_told_in_a_dry_run_too(office: Office) -> None:
    items = [
        post(1, link="https://old.example/media/one/", guid="urn:uuid:1"),
        post(2, guid="https://old.example/?p=" + "x" * 2_000),
        post(3, link="https://old.example/"),
    ]
    said = bring(office, export(*items), is_dry_run=True)
    assert said.own_addresses.examples == [
        "https://old.example/media/one/",
        "https://old.example/",
    ]
    assert said.unusable_addresses.count == 1
    assert said.addresses == 4  # by number, and the page of the second
    assert said.as_json() == bring(office, export(*items)).as_json()


def test_old_addresses_that_lead_elsewhere_are_told_in_a_dry_run_too(office: Office) -> None:
    """Those that another release has, from this run or an earlier one, and those of a rule."""
    rule = RedirectRule(
        text="/ruled", pattern=AddressPattern.read("/ruled"), to="https://www.example.org/"
    )
    office.change(redirects=RedirectMap([rule], office.catalogue))
    bring(office, export(post(1, link="https://old.example/a/")))
    again = export(
        post(11, link="https://old.example/a", guid="urn:uuid:11"),
        post(12, link="https://old.example/b", guid="urn:uuid:12"),
        post(13, link="https://old.example/b/", guid="urn:uuid:13"),
        post(14, link="https://old.example/ruled/", guid="urn:uuid:14"),
    )
    said = bring(office, again, is_dry_run=True)
    assert said.moved_addresses.examples == ["https://old.example/a", "https://old.example/b/"]
    assert said.ruled_addresses.examples == ["https://old.example/ruled/"]
    assert said.as_json() == bring(office, again).as_json()
    repeated = bring(office, again)
    assert (repeated.unchanged, repeated.moved_addresses.count) == (4, 0)


def test_a_link_that_no_server_takes_costs_no_release(office: Office) -> None:
    links = ["https://old.example/" + "x" * 2_100, "mailto:press@old.example", "http://[x/"]
    items = [post(n, link=link, guid=f"urn:uuid:{n}") for n, link in enumerate(links, 1)]
    tally = bring(office, export(*items))
    assert (tally.taken, tally.left) == (3, 0)


def test_figures_of_one_are_in_the_singular() -> None:
    tally = ImportTally(items=1, taken=1, comments=1, ids_kept=1, addresses=2)
    assert [line.strip() for line in report_text(tally)] == [
        "1  item in the export",
        "1  taken",
        "1  comment, which is not taken",
        "1  id kept as readers know it",
        "2  old addresses that lead to the releases",
    ]
    page = report_page(tally, title="x", is_dry_run=False)
    assert "<bdi>item in the export</bdi>" in page
    assert "<bdi>items in the export</bdi>" not in page


def test_the_end_of_a_long_list_is_counted() -> None:
    tally = ImportTally(items=25)
    for number in range(25):
        tally.miss_file(f"reason {number}", url="https://old.example/a.png")
    tally.lose(["embed"], example="a short list")
    lines = report_text(tally)
    assert [line.split()[0] for line in lines[-3:]] == ["1", "1", "a"]
    del lines[-3:]
    assert lines[-1].split() == ["5", "more:", "see", "--report", "or", "--json"]
    assert len([line for line in lines if "reason" in line]) == 20


def many(count: int) -> bytes:
    """Posts in the order of their numbers, which is not that of their dates."""
    numbers = sorted(range(1, count + 1), key=lambda number: (number * 37) % 101)
    return export(
        *(
            post(
                number,
                title=f"Old {number}",
                date_gmt=f"2019-01-01 00:{number // 60:02}:{number % 60:02}",
            )
            for number in numbers
        )
    )


def test_a_run_that_is_cut_off_goes_on_where_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ITEMS_A_BATCH", 10)
    data = many(45)

    def broken(items: Iterator[Item]) -> Iterator[Item]:
        for number, item in enumerate(items):
            if number == 25:
                raise StoreUnavailable("the power is cut")
            yield item

    with pytest.raises(StoreUnavailable):
        bring(office, data, stop=broken)
    assert office.newsroom.releases(limit=99)[0].release.content.title.startswith("Old")
    assert len(office.newsroom.releases(limit=99)) == 22
    tally = bring(office, data)
    whole = bring(office, data, is_dry_run=True)
    assert (tally.items, tally.taken, tally.unchanged) == (45, 45, 0)
    assert whole.unchanged == 45
    # The checkpoint is gone: the next run begins anew.
    assert bring(office, data).unchanged == 45


def test_archives_wait_for_the_end_of_the_import(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ITEMS_A_BATCH", 50)
    counts = []

    def watched(items: Iterator[Item]) -> Iterator[Item]:
        for number, item in enumerate(items):
            if number % 50 == 49:
                office.publish(now=later(minutes=5))
                counts.append(len(office.newsstand.archives("all")))
            yield item

    bring(office, many(250), stop=watched)
    assert set(counts) == {0}
    office.publish(now=later(minutes=6))
    archives = office.newsstand.archives("all")
    oldest_first = [one for n in range(1, len(archives) + 1) for one in reversed(ids(office, n))]
    old = [f"https://old.example/?p={number}" for number in range(1, 251)]
    assert [each for each in oldest_first if each in old] == old[: len(oldest_first)]
    assert len(set(oldest_first) | set(ids(office))) == 252


def test_a_run_that_died_holds_the_archives_for_a_while_only(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ITEMS_A_BATCH", 10)

    def broken(items: Iterator[Item]) -> Iterator[Item]:
        yield from (item for item, _ in zip(items, range(40), strict=False))
        raise StoreUnavailable("the power is cut")

    with pytest.raises(StoreUnavailable):
        bring(office, many(50), stop=broken)
    office.publish(now=later(minutes=6))
    assert office.newsstand.archives("all") == []
    office.add(draft("id:3", title="Third"), now=later(minutes=20))
    office.publish(now=later(minutes=20))
    assert office.newsstand.archives("all")


def test_what_was_corrected_here_is_not_undone(office: Office) -> None:
    bring(office, export(post(1), post(2)))
    known = office.newsroom.release("https://old.example/?p=1").release
    corrected = draft(known.source_key, title="Put right here")
    office.newsroom.take_in([corrected], now=later(minutes=6), by="anna")
    office.newsroom.retract("https://old.example/?p=2", reason="Wrong.", by="x", now=later(hours=1))
    tally = bring(office, export(post(1, title="Old text"), post(2, title="Old too")), key="2")
    assert tally.left_out["changed here since it was imported"].count == 2
    assert office.newsroom.release(known.id).release.content.title == "Put right here"


def test_one_id_of_two_systems_is_two_releases(office: Office) -> None:
    bring(office, export(post(1, guid="http://localhost/?p=1")))
    other = export(post(1, title="Other", guid="http://localhost/?p=1")).replace(
        b"old.example", b"other.example"
    )
    said = bring(office, other, key="2", is_dry_run=True)
    tally = bring(office, other, key="2")
    assert said.as_json() == tally.as_json()
    assert (tally.taken, tally.ids_kept, tally.ids_mapped.count) == (1, 0, 1)


def test_an_id_that_no_index_takes_is_mapped_and_stops_nothing(office: Office) -> None:
    # No two characters alike in a row: PostgreSQL compresses others before it refuses them.
    numbers = (number * number * 7919 % 20_011 for number in range(2_000))
    guid = "".join(chr(0x4E00 + number) for number in numbers)
    tally = bring(office, export(post(1, guid=guid), post(2)))
    assert (tally.taken, tally.ids_kept, tally.ids_mapped.count) == (2, 1, 1)
    assert bring(office, export(post(1, guid=guid), post(2)), key="2").unchanged == 2


def test_the_report_is_a_page_without_markup_of_others(office: Office) -> None:
    tally = bring(office, export(post(1, status="draft", title="<script>alert(1)</script>")))
    page = report_page(tally, title="a & b.xml", is_dry_run=True)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "a &amp; b.xml" in page
    assert any(line.name == "draft" and line.count == 1 for line in report_lines(tally))


def test_a_tally_is_read_as_it_was_stored(office: Office) -> None:
    tally = bring(office, export(*MIXED))
    assert ImportTally.from_json(json.loads(json.dumps(tally.as_json()))) == tally
