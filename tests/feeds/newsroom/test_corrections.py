"""Corrections: how much they matter, what they move, and what is kept; on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feeds.errors import ReleaseNotFound
from feeds.model.history import steps
from feeds.model.intake import IntakeVerdict
from feeds.model.release import (
    ASSUMED_CORRECTION,
    AuditAction,
    ChangeNote,
    Correction,
    Draft,
    Weight,
)
from feeds.store.database import Database
from tests.support.newsrooms import NOON, Office, draft, later

MINOR = Correction(weight=Weight.MINOR)
MAJOR = Correction(weight=Weight.MAJOR, note="The treaty was not signed.")


def said(correction: Correction | None, **content: object) -> Draft:
    return replace(draft("id:1", "Finance", **content), correction=correction)  # type: ignore[arg-type]


def test_a_minor_correction_has_new_words_and_the_date_stays(database: Database) -> None:
    office = Office(database)
    [first] = office.add(said(None))
    [second] = office.add(said(MINOR, title="A treaty was signed"), now=later(hours=1))
    held = office.newsroom.release("id:1").release
    assert held == second.release
    assert held.content.title == "A treaty was signed"
    assert (held.updated, held.notes) == (first.release.updated, ())
    assert (held.revision, held.changed_at) == (2, later(hours=1))


def test_a_major_correction_moves_the_date_and_says_what_changed(database: Database) -> None:
    office = Office(database)
    office.add(said(None))
    office.add(said(MAJOR, title="No treaty"), now=later(hours=1))
    held = office.newsroom.release("id:1").release
    assert held.updated == later(hours=1)
    assert held.notes == (ChangeNote(at=later(hours=1), text="The treaty was not signed."),)


def test_a_note_has_the_date_that_the_document_gives(database: Database) -> None:
    office = Office(database)
    office.add(said(None))
    office.add(said(MAJOR, title="No treaty", updated=later(minutes=5)), now=later(hours=1))
    held = office.newsroom.release("id:1").release
    assert held.notes[0].at == held.updated == later(minutes=5)


def test_a_minor_correction_leaves_the_date_though_the_document_has_a_newer_one(
    database: Database,
) -> None:
    office = Office(database)
    [first] = office.add(said(None))
    office.add(said(MINOR, title="Treaty", updated=later(minutes=5)), now=later(hours=1))
    assert office.newsroom.release("id:1").release.updated == first.release.updated


def test_no_date_goes_back(database: Database) -> None:
    """A clock that was set back is no reason for a reader to miss a correction.

    Nor for whoever asks for its page by date: each correction is a second later than the last.
    """
    office = Office(database)
    office.add(said(None))
    office.add(said(MAJOR, title="Two"), now=later(hours=5))
    for correction in (MINOR, MAJOR):
        office.add(said(correction, title=f"{correction.weight}"), now=later(hours=2))
    held = office.newsroom.release("id:1").release
    assert (held.updated, held.changed_at) == (later(hours=5), later(hours=5, seconds=2))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This release has been corrected."),
        ("fr-CA", "Ce communiqué a été corrigé."),
        ("es", "Este comunicado ha sido corregido."),
        ("ar", "جرى تصويب هذا البيان."),
        ("ru", "В этот текст внесены исправления."),
        ("zh-Hant", "本新闻稿已更正。"),
        ("he", "This release has been corrected."),
    ],
)
@pytest.mark.parametrize("correction", [None, ASSUMED_CORRECTION, Correction(weight=Weight.MAJOR)])
def test_a_major_correction_without_a_note_gets_one(
    sqlite_database: Database, correction: Correction | None, language: str, text: str
) -> None:
    """Design, promise 4: "a major correction moves updated and says so"."""
    office = Office(sqlite_database)
    office.add(said(None, language=language))
    office.add(said(correction, language=language, title="New"), now=later(hours=1))
    held = office.newsroom.release("id:1").release
    assert [note.text for note in held.notes] == [text]


def test_a_silent_document_is_what_the_configuration_says(sqlite_database: Database) -> None:
    office = Office(sqlite_database)
    office.add(said(None))
    office.add(
        said(Correction(weight=Weight.MINOR, is_assumed=True), title="T"), now=later(hours=1)
    )
    assert office.newsroom.release("id:1").release.notes == ()


def test_a_release_that_is_only_filed_elsewhere_says_nothing_new(database: Database) -> None:
    """It comes into other feeds; whoever has read it has nothing to read again."""
    office = Office(database)
    [first] = office.add(said(ASSUMED_CORRECTION))
    [moved] = office.add(said(ASSUMED_CORRECTION, category_names=("Health",)), now=later(hours=1))
    assert (moved.verdict, moved.feeds) == (IntakeVerdict.CORRECTED, ("all", "finance", "health"))
    assert (moved.release.updated, moved.release.notes) == (first.release.updated, ())
    [told] = office.add(said(MAJOR, category_names=("Finance",)), now=later(hours=2))
    assert told.release.updated == later(hours=2)  # for it says so itself


def test_the_same_words_are_no_correction_whatever_is_said_of_them(database: Database) -> None:
    office = Office(database)
    office.add(said(None))
    for correction in (MINOR, MAJOR):
        [again] = office.add(said(correction), now=later(hours=1))
        assert again.verdict is IntakeVerdict.UNCHANGED
    assert office.newsroom.revisions("id:1") == []
    assert office.newsroom.audit_events("id:1") == []


def test_a_new_release_is_none_whatever_it_says(database: Database) -> None:
    office = Office(database)
    [taken] = office.add(said(MAJOR))
    assert (taken.verdict, taken.release.notes) == (IntakeVerdict.NEW, ())


def life(office: Office) -> None:
    """A release that was corrected three times."""
    office.add(said(None, title="One"))
    office.add(said(MAJOR, title="Two"), now=later(hours=1))
    office.add(said(MINOR, title="Three"), now=later(hours=2))
    office.add(said(None, title="Four"), now=later(hours=3))


def test_all_that_it_was_is_kept_with_what_stood_at_its_head(database: Database) -> None:
    office = Office(database)
    life(office)
    former = office.newsroom.revisions("id:1")
    assert [(each.step.number, each.content.title) for each in former] == [
        (3, "Three"),
        (2, "Two"),
        (1, "One"),
    ]
    assert [[note.text for note in each.notes] for each in former] == [[MAJOR.note]] * 2 + [[]]
    # A note stays for ever, and the newest is the last.
    held = office.newsroom.release("id:1").release
    assert [note.at for note in held.notes] == [later(hours=1), later(hours=3)]


def test_its_history_says_when_and_how_much(database: Database) -> None:
    office = Office(database)
    life(office)
    published = NOON - timedelta(hours=1)
    told = [(s.number, s.at, s.weight) for s in office.newsroom.history("id:1")]
    expected: list[tuple[int, datetime, Weight | None]] = [
        (4, later(hours=3), Weight.MAJOR),
        (3, later(hours=2), Weight.MINOR),
        (2, later(hours=1), Weight.MAJOR),
        (1, published, None),
    ]
    assert told == expected
    assert [s.note.text for s in office.newsroom.history("id:1") if s.note] == [
        "This release has been corrected.",
        MAJOR.note,
    ]


def test_a_release_that_was_never_corrected_has_one_step(database: Database) -> None:
    office = Office(database)
    [taken] = office.add(said(None))
    [step] = office.newsroom.history("id:1")
    assert step == steps(taken.release, [])[0]
    assert (step.number, step.weight, step.note) == (1, None, None)


def test_one_batch_may_correct_a_release_twice(database: Database) -> None:
    office = Office(database)
    office.add(said(None, title="One"), said(MAJOR, title="Two"), said(MINOR, title="Three"))
    former = office.newsroom.revisions("id:1")
    assert [each.content.title for each in former] == ["Two", "One"]
    assert [step.weight for step in office.newsroom.history("id:1")] == ["minor", "major", None]
    assert len(office.newsroom.audit_events("id:1")) == 2


def test_who_corrected_what_is_written_down(database: Database) -> None:
    office = Office(database)
    office.add(said(None, title="One"))
    office.newsroom.take_in([said(MAJOR, title="Two")], now=later(hours=1), by="ana")
    office.newsroom.take_in([said(MINOR, title="Three")], now=later(hours=2))
    acts = [
        act for act in office.newsroom.audit_events("id:1") if act.action is AuditAction.CORRECTED
    ]
    assert [(act.at, act.by, act.detail) for act in acts] == [
        (later(hours=1), "ana", f"major: {MAJOR.note}"),
        (later(hours=2), "folder", "minor"),
    ]


def test_a_preview_writes_nothing_down(database: Database) -> None:
    office = Office(database)
    office.add(said(None))
    office.newsroom.preview([said(MAJOR, title="Two")], now=later(hours=1))
    assert (office.newsroom.revisions("id:1"), office.newsroom.audit_events("id:1")) == ([], [])


@pytest.mark.parametrize("asked", ["revisions", "history", "audit_events"])
def test_a_release_that_is_not_there_has_no_past(sqlite_database: Database, asked: str) -> None:
    with pytest.raises(ReleaseNotFound):
        getattr(Office(sqlite_database).newsroom, asked)("id:1")
