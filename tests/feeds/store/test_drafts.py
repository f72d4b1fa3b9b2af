"""Drafts of the desk, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from feeds.errors import DraftChanged, DraftNotFound
from feeds.model.release import Expected, SourceKey
from feeds.model.saved_draft import DraftPosition, SavedDraft
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later

ONE = SavedDraft(
    id="one",
    version=1,
    record={"title": "A bridge", "categories": ["Finance"], "contacts": [{"name": "Änne"}]},
    source_key=SourceKey("id:desk-one"),
    corrects=Expected(revision=3, face="f"),
    made_by="anna",
    made_at=NOON,
    changed_by="anna",
    changed_at=NOON,
)


def test_a_draft_comes_back_as_it_was_and_is_found_by_its_preview(database: Database) -> None:
    two = replace(ONE, id="two", corrects=None, preview="secret", changed_at=later(hours=1))
    with database.transaction() as tx:
        tx.drafts.add(ONE)
        tx.drafts.add(two)
    with database.read() as tx:
        assert tx.drafts.by_id("one") == ONE
        assert tx.drafts.by_preview("secret") == two
        assert tx.drafts.of_release(ONE.source_key, Expected(revision=3, face="f")) == [ONE]
        assert tx.drafts.of_release(ONE.source_key, Expected(revision=2, face="f")) == []
        assert tx.drafts.of_release(SourceKey("id:none"), Expected(revision=3, face="f")) == []
        for secret in ("", "none"):
            with pytest.raises(DraftNotFound):
                tx.drafts.by_preview(secret)


def test_drafts_of_a_work_are_found_by_their_language(database: Database) -> None:
    of_work = {"translation_of": "w", "language": "de"}
    found: dict[str, dict[str, Any]] = {
        "original": {"language": "de"},
        "first": of_work,
        "second": {"work": "w", "language": "de"},
        "other": {"work": "w", "language": "fr"},
        "odd": {"work": ["w"], "language": "de"},
    }
    with database.transaction() as tx:
        for number, (name, record) in enumerate(found.items()):
            begun = replace(ONE, id=name, record=record, corrects=None)
            tx.drafts.add(replace(begun, made_at=later(minutes=number)))
        tx.drafts.add(replace(ONE, record=of_work))
    with database.read() as tx:
        assert [one.id for one in tx.drafts.of_work("w", "de")] == ["first", "second"]
        assert tx.drafts.of_work("v", "de") == []


def test_of_two_who_begin_the_same_at_one_moment_one_is_the_first(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1"))
    [public] = [one.release for one in office.newsroom.releases()]
    drafts, meeting = office.newsroom.drafts, Barrier(4)

    def begin(number: int) -> tuple[str, str]:
        meeting.wait()
        who: dict[str, Any] = {"is_wanted": lambda _: True, "by": f"p{number}", "now": NOON}
        record = {"translation_of": "w", "language": "de"}
        key = SourceKey(f"id:desk-t{number}")
        return (
            drafts.begin_translation(f"t{number}", record, source_key=key, work="w", **who).id,
            drafts.begin_correction(f"c{number}", {}, of=public, **who).id,
        )

    with ThreadPoolExecutor(4) as pool:
        begun = {*pool.map(begin, range(4))}
    assert len({translation for translation, _ in begun}) == 1
    assert len({correction for _, correction in begun}) == 1
    assert len(drafts.listed(is_wanted=lambda _: True)) == 2


def test_a_draft_changes_only_from_the_version_that_was_seen(database: Database) -> None:
    with database.transaction() as tx:
        tx.drafts.add(ONE)
        second = replace(ONE, version=2, changed_by="berta")
        tx.drafts.change(second, seen=1)
        with pytest.raises(DraftChanged, match="by berta"):
            tx.drafts.change(replace(ONE, version=2), seen=1)
        with pytest.raises(DraftChanged, match="by berta"):
            tx.drafts.delete("one", seen=1)
    with database.transaction() as tx:
        assert tx.drafts.by_id("one") == second
        tx.drafts.delete("one", seen=2)
        with pytest.raises(DraftNotFound):
            tx.drafts.change(second, seen=2)
        with pytest.raises(DraftNotFound):
            tx.drafts.delete("one", seen=2)


def test_drafts_are_listed_from_the_last_changed_without_those_that_are_not_wanted(
    database: Database,
) -> None:
    with database.transaction() as tx:
        for number in range(250):
            tx.drafts.add(replace(ONE, id=f"d{number:03}", changed_at=later(minutes=number // 2)))
    found: list[str] = []
    after: DraftPosition | None = None
    with database.read() as tx:
        while page := tx.drafts.listed(
            after=after, limit=20, is_wanted=lambda one: one.id.endswith(("3", "4"))
        ):
            found += [one.id for one in page]
            after = DraftPosition(changed_at=page[-1].changed_at, id=page[-1].id)
    assert found == [f"d{n:03}" for n in reversed(range(250)) if n % 10 in (3, 4)]
