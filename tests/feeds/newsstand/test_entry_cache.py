"""What was set is remembered as long as it is current, and as long as there is room."""

from datetime import timedelta

import pytest

from feeds import render
from feeds.model.edition import entry_version
from feeds.model.feed import Format
from feeds.model.release import ReleaseId
from feeds.newsstand import Newsstand
from feeds.newsstand.entries import EntryCache, EntryKey, RenderedEntry
from feeds.store.database import Database
from feeds.store.documents import Fragment, Fragments
from tests.support.newsrooms import NOON, Office, draft, later


def key(number: int) -> EntryKey:
    return ReleaseId(f"urn:{number}"), "stamp"


def line(size_bytes: int) -> RenderedEntry:
    fragment = Fragment(fingerprint="f", body=b"x" * size_bytes)
    return RenderedEntry(
        release_id=ReleaseId("urn:1"), published=NOON, fragments={Format.ATOM: fragment}
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(entry_version("d1", NOON, ["finance", "health"]), id="filed elsewhere"),
        pytest.param(entry_version("d2", NOON, ["finance"]), id="corrected"),
        pytest.param(entry_version("d1", NOON + timedelta(seconds=1), ["finance"]), id="updated"),
        pytest.param(entry_version("d1", NOON, ["finance"], notice_since=NOON), id="with a notice"),
    ],
)
def test_a_line_is_found_only_while_nothing_of_its_release_changed(other: str) -> None:
    case, kept, release_id = EntryCache(), line(1), ReleaseId("urn:1")
    case.store((release_id, entry_version("d1", NOON, ["finance"])), kept)
    assert case.find((release_id, entry_version("d1", NOON, ["finance"]))) is kept
    assert case.find((release_id, other)) is None


def test_the_line_used_longest_ago_makes_room() -> None:
    case = EntryCache(max_bytes=30)
    for number in (1, 2, 3):
        case.store(key(number), line(10))
    case.find(key(1))
    case.store(key(4), line(10))
    assert [number for number in (1, 2, 3, 4) if case.find(key(number))] == [1, 3, 4]


def test_a_line_kept_twice_takes_its_room_once() -> None:
    case = EntryCache(max_bytes=30)
    for number in (1, 2, 2, 2):
        case.store(key(number), line(10))
    assert case.find(key(1)) is not None


def test_a_known_release_is_not_read_again_and_a_corrected_one_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database)
    office.add(draft("id:1", "Finance"), draft("id:2", "Health"))
    office.publish()
    asked: list[set[str]] = []
    honest = Fragments.ask_of

    def heard(self: Fragments, ids: list[ReleaseId]) -> object:
        asked.append(set(ids))
        return honest(self, ids)

    monkeypatch.setattr(Fragments, "ask_of", heard)
    [intake] = office.add(draft("id:1", "Finance", title="Corrected"), now=later(hours=1))
    office.publish(now=later(hours=1))
    assert set().union(*asked) == {intake.release.id}


def test_memory_changes_no_byte(database: Database) -> None:
    office = Office(database)
    for hour in range(3):
        office.add(draft(f"id:{hour}", "Finance"), now=later(hours=hour))
        office.publish(now=later(hours=hour))
    forgetful = Newsstand(database, office.catalogue)
    for feed_format in Format:
        kept = office.newsstand.document("finance", feed_format)
        assert kept is not None
        assert render.decompress(kept.gzip) == forgetful.render("finance", feed_format)
