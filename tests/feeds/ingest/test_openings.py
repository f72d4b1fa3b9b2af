"""Notices and labels at the head of a release; docs/releases-in.md."""

import pytest

from feeds.ingest.openings import opening_of
from tests.feeds.ingest.intake import accepted, refuse, refused, take

LAST = "2019-05-21T16:38:50+00:00 Tuesday, 21 May 2019|Finance|"
BODY = "BERN -- The office announced that it closes."


@pytest.mark.parametrize(
    "mark",
    [
        "FOR IMMEDIATE RELEASE",
        "*** For immediate release ***",
        "For Immediate Release: 21 May 2019",
        "PRESS RELEASE – FOR IMMEDIATE RELEASE",
        "FOR IMMEDIATE PUBLICATION",
        "Press release",
        "MEDIA RELEASE - 21 May 2019",
        "Pour diffusion immédiate",
        "COMMUNIQUÉ DE PRESSE",
        "Communiqué de presse, le 21 mai 2019",
        "Zur sofortigen Veröffentlichung",
        "Medienmitteilung",
        "Pressemitteilung vom 21. Mai 2019",
        "PARA SU PUBLICACIÓN INMEDIATA",
        "Nota de prensa",
        "Comunicato stampa",
        "Persbericht",
        "Пресс-релиз",
        "بيان صحفي",
        "للنشر الفوري",
        "新闻稿",
        "プレスリリース",
    ],
)
def test_a_mark_is_neither_title_nor_text(mark: str) -> None:
    form = accepted(f"{mark}\n\nOffice closes\n\n{BODY}\n\n{LAST}")
    close = accepted(f"{mark}\nOffice closes\n\n{mark}\n\n{BODY}\n\n{LAST}")
    text = take(title="Office closes", body=f"{mark}\n\n{BODY}")
    for draft in (form, close, text):
        assert (draft.content.title, draft.content.body) == ("Office closes", f"<p>{BODY}</p>")
        assert draft.content.summary == BODY
        assert any(warning.endswith("left out") for warning in draft.warnings)


def test_marks_and_notices_may_stand_together() -> None:
    draft = accepted(
        "PRESS RELEASE\n\nEMBARGOED UNTIL 3 November 2026, 09:00 CET\nFOR IMMEDIATE RELEASE\n\n"
        f"Office closes\n\n{BODY}\n\n{LAST}"
    )
    assert (draft.content.title, draft.content.body) == ("Office closes", f"<p>{BODY}</p>")
    assert f"{draft.embargoed_until:%Y-%m-%dT%H:%M}" == "2026-11-03T08:00"


def test_a_title_behind_a_mark_is_the_title() -> None:
    draft = take(title="FOR IMMEDIATE RELEASE: Office closes")
    assert draft.content.title == "Office closes"
    assert "left out the text before 'Office closes'" in draft.warnings[0]


def test_a_title_that_is_nothing_else_is_refused() -> None:
    refusal = refuse(title="FOR IMMEDIATE RELEASE")
    assert refusal.reason == "the title says nothing of the release: 'FOR IMMEDIATE RELEASE'"
    assert refused(f"FOR IMMEDIATE RELEASE\n\n{BODY}\n\n{LAST}").field == "title"


@pytest.mark.parametrize(
    "title",
    [
        "Press release",
        "Press release on the annual report",
        "Release party for Leap 15.3",
        "For immediate release of all prisoners, activists march",
        "Communiqué de presse du ministre sur l'eau",
    ],
)
def test_a_title_that_says_something_stays(title: str) -> None:
    """The label "Press release" also stays, if there is no other title."""
    draft = accepted(f"{title}\n\n{BODY}\n\n{LAST}")
    assert (draft.content.title, draft.warnings) == (title, ())
    assert take(title=title).content.title == title


def test_a_mark_further_down_is_text() -> None:
    lines = ["One.", "Two.", "Three.", "Press release"]
    assert take(body="\n\n".join(lines)).content.body.endswith("<p>Press release</p>")


@pytest.mark.parametrize("lines", [[], [""], [" ", "\t"]])
def test_lines_that_say_nothing_stay(lines: list[str]) -> None:
    warnings: list[str] = []
    assert list(opening_of(lines, warnings=warnings, field="body").lines) == lines
    assert warnings == []
