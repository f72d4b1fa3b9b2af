"""Notices arrive in readers that keep what they have: each one once, as an entry that is new."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from reader import make_reader

from feeds import render
from feeds.model.feed import ALL, Format
from feeds.model.release import Correction, Weight
from feeds.store.database import Database
from tests.conformance.test_newsboat import shown_of
from tests.support.newsrooms import NOON, Office, draft, later

XML = [Format.ATOM, Format.RSS]

Titles = dict[str, str]  #: what a reader holds, by id


@pytest.fixture
def steps(sqlite_database: Database) -> Iterator[tuple[str, Callable[[Format], bytes]]]:
    """The steps of a life: what the notice of each says, and the documents then."""

    def life() -> Iterator[tuple[str, Callable[[Format], bytes]]]:
        office = Office(sqlite_database)

        def document(feed_format: Format) -> bytes:
            found = office.newsstand.document(ALL, feed_format)
            assert found is not None
            return render.decompress(found.gzip)

        first = draft("id:1", "Finance", title="A treaty")
        office.add(first, draft("id:2", "Finance", title="Another"))
        office.publish(now=NOON)
        yield "", document
        major = Correction(weight=Weight.MAJOR, note="It was on Tuesday.")
        office.add(
            replace(draft("id:1", title="Two treaties"), correction=major), now=later(hours=1)
        )
        office.publish(now=later(hours=1))
        yield "Correction: Two treaties", document
        office.newsroom.retract("id:1", reason="Not signed.", by="ann", now=later(hours=2))
        office.publish(now=later(hours=2))
        yield "Retracted: Two treaties", document
        office.newsroom.restore("id:1", by="ann", now=later(hours=3))
        office.publish(now=later(hours=3))
        yield "Restored: Two treaties", document

    return life()


def walk(
    steps: Iterator[tuple[str, Callable[[Format], bytes]]],
    feed_format: Format,
    path: Path,
    look: Callable[[], Titles],
) -> None:
    """Let a reader look twice at each step, and compare what is new to it."""
    held: Titles = {}
    for title, document in steps:
        path.write_bytes(document(feed_format))
        seen = look()
        new = [seen[one] for one in seen.keys() - held.keys()]
        assert new == [title] if held else len(new) == 2
        assert look() == seen
        held = seen
    assert len(held) == 5


@pytest.mark.parametrize("feed_format", XML)
def test_newsboat_shows_each_once(
    steps: Iterator[tuple[str, Callable[[Format], bytes]]], feed_format: Format, tmp_path: Path
) -> None:
    path = tmp_path / f"document.{feed_format}"

    def look() -> Titles:
        return {str(one["id"]): str(one["title"]) for one in shown_of(path, tmp_path)}

    walk(steps, feed_format, path, look)


@pytest.mark.parametrize("feed_format", Format)
def test_the_reader_library_shows_each_once_and_unread(
    steps: Iterator[tuple[str, Callable[[Format], bytes]]], feed_format: Format, tmp_path: Path
) -> None:
    path = tmp_path / f"document.{feed_format}"
    name = f"document.{feed_format}"
    with make_reader(":memory:", feed_root=str(tmp_path)) as held:
        held.add_feed(name)

        def look() -> Titles:
            held.update_feed(name)
            return {one.id: str(one.title) for one in held.get_entries()}

        walk(steps, feed_format, path, look)
        told = {one.title for one in held.get_entries(read=False)}
        assert {"Correction: Two treaties", "Restored: Two treaties"} <= told
