"""Editions: made once for a change, the last good one kept, numbers and dates that never lie."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import FeedNotFound
from feeds.model.edition import Edition, Entry, RenderTrouble
from feeds.model.feed import Cloud, Format, Site, Window
from feeds.render import documents
from feeds.render.documents import WRITERS, Writer
from feeds.store.database import Database
from tests.support.newsrooms import NOON, SITE, WINDOW_OF_TWO, Office, catalogue, draft, feed, later


def items(office: Office, slug: str = "all") -> list[dict[str, Any]]:
    """The entries of a feed's JSON document, as a reader gets them."""
    document = office.newsstand.document(slug, Format.JSON)
    assert document is not None
    body = render.decompress(document.gzip)
    assert (render.digest(body), len(body)) == (document.digest, document.size_bytes)
    found: list[dict[str, Any]] = json.loads(body)["items"]
    return found


def test_each_change_makes_one_edition_of_the_feeds_it_touches(database: Database) -> None:
    office = Office(database)
    assert set(office.publish()) == {"all", "cooperation", "finance", "health"}
    office.add(draft("id:1", "Finance"))
    assert office.publish() == {"all": 2, "finance": 2}
    assert office.publish() == {}
    assert [item["title"] for item in items(office, "finance")] == ["A treaty is signed"]


def test_a_feed_says_since_when_its_bytes_are_what_they_are(database: Database) -> None:
    office = Office(database)
    office.publish()
    office.add(draft("id:1", "Finance"), now=later(hours=1))
    office.publish(now=later(hours=1))
    finance = office.newsstand.version("finance", Format.ATOM)
    health = office.newsstand.version("health", Format.ATOM)
    assert finance is not None
    assert health is not None
    assert (finance.modified_at, health.modified_at) == (later(hours=1), NOON)


def test_each_edition_is_modified_later_than_the_one_before_even_by_a_clock_set_back(
    database: Database,
) -> None:
    office = Office(database)
    office.publish(now=later(hours=1))
    office.add(draft("id:1", "Finance"))
    office.publish(now=NOON)
    version = office.newsstand.version("finance", Format.RSS)
    assert version is not None
    assert (version.edition, version.modified_at) == (2, later(hours=1, seconds=1))


def test_a_stale_feed_whose_bytes_stay_the_same_keeps_its_edition(database: Database) -> None:
    """A correction of a release outside the window is such a case, but for the feed's date."""
    office = Office(database)
    office.publish()
    with database.transaction() as tx:
        tx.feeds.mark_stale(["health"], now=NOON)
    [edition] = office.newsstand.regenerate(["health"], now=later(hours=1), worker="test")
    assert isinstance(edition, Edition)
    assert (edition.number, edition.changed) == (1, ())


def versions(office: Office, slug: str) -> dict[Format, tuple[str, Any]]:
    """Digest and date of a feed's documents."""
    found = {each: office.newsstand.version(slug, each) for each in Format}
    return {each: (one.digest, one.modified_at) for each, one in found.items() if one is not None}


CHANGES = {
    "ttl_minutes": (feed("finance", ttl_minutes=7), {Format.RSS}),
    "cloud": (feed("finance", cloud=Cloud.at("https://cloud.example/")), {Format.RSS}),
    "group": (feed("finance", group="Money matters"), set()),
    "window": (feed("finance", window=WINDOW_OF_TWO), set()),
    "hubs": (feed("finance", hubs=("https://hub.example/",)), set(Format)),
    "title": (feed("finance", title="Money"), set(Format)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_document_does_not_hold_does_not_move_it(database: Database, name: str) -> None:
    """Neither ``<updated>`` and ``<lastBuildDate>``, nor tag and date; nor is a hub told."""
    changed_feed, changed = CHANGES[name]
    office = Office(database)
    office.add(draft("id:1", "Finance"))
    office.publish(now=later(minutes=1))
    before = versions(office, "finance")
    described = [
        changed_feed if one.slug == "finance" else one for one in catalogue().feeds.values()
    ]
    office.configure(
        Catalogue(SITE, list(catalogue().categories.values()), described), now=later(hours=1)
    )
    rendered = {each: office.newsstand.render("finance", each) for each in Format}
    assert office.publish(now=later(hours=1)) == ({"finance": 2} if changed else {})
    after = versions(office, "finance")
    assert {each for each in Format if after[each] != before[each]} == changed
    for each, (digest, modified_at) in after.items():
        assert render.digest(rendered[each]) == digest
        assert modified_at == (later(hours=1) if each in changed else later(minutes=1))


def test_a_document_names_itself_before_its_hubs(database: Database) -> None:
    """pubsubhubbub (npm) reads only the first link of a delivery (findings/pubsubhubbub-secret)."""
    office = Office(database)
    with_hub = [replace(one, hubs=("https://hub.example/",)) for one in catalogue().feeds.values()]
    office.configure(Catalogue(SITE, list(catalogue().categories.values()), with_hub), now=NOON)
    office.publish()
    for each in Format:
        document = office.newsstand.document("finance", each)
        assert document is not None
        assert [link.rel for link in document.links] == ["self", "hub"]


def test_a_title_moves_only_the_documents_that_show_it(database: Database) -> None:
    """A category's title stands in the entries that are filed there, and in no other."""
    office = Office(database)
    office.add(draft("id:1", "Finance"), draft("id:2", "Health"))
    office.publish(now=later(minutes=1))
    categories = [
        replace(one, title="Public health", names=("Health",)) if one.slug == "health" else one
        for one in catalogue().categories.values()
    ]
    kept = list(catalogue().feeds.values())
    office.configure(Catalogue(SITE, categories, kept), now=later(hours=1))
    assert set(office.publish(now=later(hours=1))) == {"all", "health"}


def test_what_changes_after_what_did_not_matter_is_dated_when_it_does(database: Database) -> None:
    office = Office(database)
    office.publish()
    office.configure(catalogue(ttl_minutes=7), now=later(hours=1))
    office.publish(now=later(hours=1))
    office.add(draft("id:1"), now=later(hours=2))
    office.publish(now=later(hours=2))
    document = office.newsstand.document("all", Format.ATOM)
    assert document is not None
    assert b"<updated>2026-03-02T14:00:00Z</updated>" in render.decompress(document.gzip)


def test_entries_stand_newest_publication_first(database: Database) -> None:
    office = Office(database)
    for hours in (2, 5, 1):
        office.add(draft(f"id:{hours}", title=str(hours), published=NOON - timedelta(hours=hours)))
    office.publish()
    assert [item["title"] for item in items(office)] == ["1", "2", "5"]


def test_the_window_is_what_changed_last_not_only_what_was_published_last(
    database: Database,
) -> None:
    office = Office(database, catalogue(window=WINDOW_OF_TWO))
    for day in range(5):
        office.add(draft(f"id:{day}", title=f"Day {day}"), now=later(days=2 * day))
    office.add(draft("id:0", title="Day 0, corrected"), now=later(days=20))
    office.publish(now=later(days=20))
    assert {item["title"] for item in items(office)} == {
        "Correction: Day 0, corrected",
        "Day 0, corrected",
        "Day 4",
    }


def test_the_window_holds_at_least_its_days_and_at_most_its_bytes(database: Database) -> None:
    burst = [draft(f"id:{n}", title=f"Number {n}") for n in range(30)]
    office = Office(database, catalogue(window=Window(entries=2, days=1, bytes=1_000_000)))
    office.add(*burst)
    office.publish()
    assert len(items(office)) == 30
    tight = catalogue(window=Window(entries=2, days=1, bytes=10_000))
    office.configure(tight, now=later(hours=1))
    office.publish(now=later(hours=1))
    assert 2 < len(items(office)) < 30
    tiny = catalogue(window=Window(entries=2, days=1, bytes=10))
    office.configure(tiny, now=later(hours=2))
    office.publish(now=later(hours=2))
    assert len(items(office)) == 1


def test_a_release_that_cannot_be_rendered_is_set_aside_and_the_feed_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database)
    office.add(draft("id:1", title="Good"), draft("id:2", title="Bad"))
    honest = WRITERS[Format.JSON].fragment

    def fails(entry: Entry, site: Site) -> bytes:
        if entry.release.content.title == "Bad":
            raise ValueError("cannot be written")
        return honest(entry, site)

    with monkeypatch.context() as patch:
        broken = dict(WRITERS) | {Format.JSON: replace(WRITERS[Format.JSON], fragment=fails)}
        patch.setattr(documents, "WRITERS", broken)
        office.publish()
    assert [item["title"] for item in items(office)] == ["Good"]
    [aside] = office.newsstand.set_aside()
    assert (aside.format, aside.reason) == (Format.JSON, "ValueError: cannot be written")
    office.add(draft("id:2", title="Bad, mended"), now=later(hours=1))
    office.publish(now=later(hours=1))
    shown = {item["title"] for item in items(office)}
    assert shown == {"Good", "Bad, mended", "Correction: Bad, mended"}
    assert office.newsstand.set_aside() == []


def test_the_last_good_edition_stays_when_regeneration_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database)
    office.publish()
    before = office.newsstand.document("all", Format.ATOM)
    office.add(draft("id:1"))
    with monkeypatch.context() as patch:
        patch.setattr(render, "frame", _raise_disk_full)
        [trouble] = office.newsstand.regenerate(["all"], now=NOON, worker="test")
    assert isinstance(trouble, RenderTrouble)
    assert office.newsstand.document("all", Format.ATOM) == before
    [state] = [state for state in office.newsstand.feeds() if state.slug == "all"]
    assert (state.is_stale, state.trouble) == (True, "OSError: disk full")
    assert office.newsstand.stale(now=NOON) == []
    assert office.publish(now=trouble.retry_at) == {"all": 2}
    assert office.newsstand.feeds()[0].trouble is None


def _raise_disk_full(*_: object) -> bytes:
    raise OSError("disk full")


def test_two_workers_never_make_the_same_edition(database: Database) -> None:
    office = Office(database)
    with database.transaction() as tx:
        until = later(seconds=30)
        claimed = tx.feeds.claim(["all"], worker="first", now=NOON, until=until)
        assert [claim.slug for claim in claimed] == ["all"]
    assert "all" not in office.publish()
    assert office.publish(now=until) == {"all": 1}
    with database.transaction() as tx:
        assert not tx.feeds.complete([(claimed[0], 7, "")], worker="first", now=NOON)


def test_a_change_during_a_regeneration_is_not_lost(database: Database) -> None:
    office = Office(database)
    office.publish()
    office.add(draft("id:1"))
    with database.transaction() as tx:
        [claimed] = tx.feeds.claim(["all"], worker="first", now=NOON, until=later(seconds=30))
    office.add(draft("id:2"))
    with database.transaction() as tx:
        settings = tx.feeds.applied()["all"].settings
        assert tx.feeds.complete([(claimed, 2, settings)], worker="first", now=NOON) == {"all"}
    assert office.newsstand.stale(now=NOON) == ["all"]


def test_a_feed_that_is_not_configured_is_not_found(database: Database) -> None:
    newsstand = Office(database).newsstand
    with pytest.raises(FeedNotFound):
        newsstand.document("sports", Format.ATOM)


def test_a_proof_is_what_the_next_edition_will_be(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1", "Finance"))
    proof = office.newsstand.render("finance", Format.ATOM)
    office.publish()
    document = office.newsstand.document("finance", Format.ATOM)
    assert document is not None
    assert render.decompress(document.gzip) == proof


def test_an_entry_is_rendered_once_however_many_feeds_hold_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database)
    office.publish()
    rendered: list[tuple[str, Format]] = []
    honest = render.render_fragment

    def counted(entry: Entry, feed_format: Format, site: Site) -> bytes:
        rendered.append((entry.release.content.title, feed_format))
        return honest(entry, feed_format, site)

    monkeypatch.setattr(render, "render_fragment", counted)
    office.add(draft("id:1", "Finance", "Health", title="One"))
    office.publish()
    assert sorted(rendered) == sorted(("One", feed_format) for feed_format in Format)
    office.add(draft("id:2", "Finance", title="Two"), now=later(hours=1))
    office.publish(now=later(hours=1))
    assert [title for title, _ in rendered].count("One") == len(Format)


def test_a_build_that_writes_otherwise_makes_all_entries_anew_and_moves_none(
    database: Database,
) -> None:
    """What an older build stored is not joined with what this one writes."""

    def older(writer: Writer) -> Writer:
        return replace(
            writer,
            version=writer.version - 1,
            fragment=lambda entry, site: writer.fragment(entry, site).replace(
                b"A treaty", b"A TREATY"
            ),
        )

    with pytest.MonkeyPatch.context() as patch:
        for feed_format, writer in WRITERS.items():
            patch.setitem(WRITERS, feed_format, older(writer))
        office = Office(database)
        office.add(draft("id:1", "Finance"))
        office.publish()
        [before] = items(office, "finance")
    upgraded = Office(database)
    editions = upgraded.publish(now=later(hours=1))
    assert editions == {"all": 2, "finance": 2}
    [after] = items(upgraded, "finance")
    assert (before.pop("title"), after.pop("title")) == ("A TREATY is signed", "A treaty is signed")
    assert after == before
    for feed_format in (Format.ATOM, Format.RSS):
        assert b"TREATY" not in upgraded.newsstand.render("finance", feed_format)


def test_a_feed_keeps_its_id_whatever_else_changes(database: Database) -> None:
    """RFC 4287 section 4.2.6: never on a new title or address; and no other newsroom has it."""
    office = Office(database)
    office.publish()
    first = _feed_id(office)
    moved = replace(SITE, base_url="https://elsewhere.example.org", title="Renamed")
    described = Catalogue(moved, [], [feed("all", title="All of it")])
    office.configure(described, now=later(hours=1))
    office.publish(now=later(hours=1))
    assert _feed_id(office) == first
    assert first.startswith("urn:uuid:")


def _feed_id(office: Office) -> str:
    root = etree.fromstring(office.newsstand.render("all", Format.ATOM))
    found = root.findtext("{http://www.w3.org/2005/Atom}id")
    assert found is not None
    return str(found)


def test_a_page_for_a_person_lists_what_was_published_last(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1", title="Today", published=NOON))
    old = NOON - timedelta(days=900)
    office.add(draft("id:2", title="Found in an old folder", published=old), now=later(hours=1))
    assert [one.content.title for one in office.newsstand.latest("all", limit=1)] == ["Today"]
