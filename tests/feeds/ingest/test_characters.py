"""Cleaning of characters; docs/releases-in.md, "Characters"."""

import pytest

from feeds.ingest.characters import without_piles
from tests.feeds.ingest.intake import accepted, take

LAST = "2019-05-21T16:38:50+00:00 Tuesday, 21 May 2019|Finance|"


@pytest.mark.parametrize(
    ("written", "read", "warning"),
    [
        pytest.param("It\x92s \x93open\x94 \x96 now\x85", "It’s “open” – now…",
                     "5 controls read as windows-1252 (U+0085, U+0092", id="windows-1252"),
        pytest.param("Itâ\x80\x99s â\x82¬ 5", "It’s € 5",
                     "3 controls read as the UTF-8 that they were (U+0080, U+0082, U+0099)",
                     id="UTF-8"),
        pytest.param("AMANHÃ\x92", "AMANHÃ’", "1 controls read as windows-1252",
                     id="a letter before a quotation mark is no UTF-8"),
        pytest.param("café\x96\xa0bar", "café–\xa0bar", "1 controls read as windows-1252",
                     id="nor is one before a dash and a space"),
        pytest.param("a\x81b\x92c", "abc", "2 control characters removed (U+0081, U+0092)",
                     id="neither"),
        pytest.param("a\x7fb", "ab", "1 control characters removed (U+007F)", id="DEL"),
    ],
)  # fmt: skip
def test_controls_become_what_they_were_or_go(written: str, read: str, warning: str) -> None:
    """XML 1.0 section 2.2 discourages them, and no reader shows them."""
    draft = take(title=written, body=written, summary=written, place=written)
    content = draft.content
    assert (content.title, content.summary, content.details.place) == (read, read, read)
    assert content.body == f"<p>{read}</p>"
    for field in ("title", "body", "summary", "place"):
        assert any(warnings.startswith(f"{field}: {warning}") for warnings in draft.warnings)


def test_controls_in_an_html_body_become_what_they_were() -> None:
    draft = take(body="<p>It\x92s <b>\x93open\x94</b>, it&#146;s&#x81;</p>", body_format="html")
    assert draft.content.body == "<p>It’s <b>“open”</b>, it’s</p>"
    assert [each.partition(" (")[0] for each in draft.warnings] == [
        "body: 3 controls read as windows-1252",
        "body: 1 control characters removed",
    ]


def test_controls_in_a_text_form_become_what_they_were() -> None:
    draft = accepted(f"It\x92s open\n\nIt\x92s \x93open\x94\x85\n\n{LAST}")
    assert (draft.content.title, draft.content.body) == ("It’s open", "<p>It’s “open”…</p>")
    assert draft.warnings[0].startswith("document: 5 controls read as windows-1252")


def test_a_next_line_alone_is_a_newline() -> None:
    """NEL is a line end on IBM mainframes, where it comes from."""
    draft = take(title="a\x85b", body="a\x85b")
    assert (draft.content.title, draft.content.body) == ("a b", "<p>a</p>\n<p>b</p>")
    assert draft.warnings == ()
    assert take(body="a\x85\x81b").content.body == "<p>a</p>\n<p>b</p>"


@pytest.mark.parametrize("start", range(64))
def test_a_pile_of_marks_is_lowered_wherever_it_stands(start: int) -> None:
    text = "’" * start + "x" + "\u0301" * 31 + "y"
    assert without_piles(text) == "’" * start + "x" + "\u0301" * 30 + "y"
    text = "x" * start + "x" + "\u0301" * 30 + "’" * 40
    assert without_piles(text) == text
