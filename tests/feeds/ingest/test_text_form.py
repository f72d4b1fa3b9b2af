"""The text form; docs/releases-in.md, "The text form"."""

import re
from datetime import UTC, datetime

import pytest

from tests.feeds.ingest.intake import SEED_DOCUMENT, accepted, refused

LAST = "2019-05-21T16:38:50+00:00 Tuesday, 21 May 2019|Finance|"


def test_the_users_own_document() -> None:
    draft = accepted(SEED_DOCUMENT.read_bytes(), SEED_DOCUMENT.name)
    content = draft.content
    assert content.title == "CTED participates in Dushanbe Process Conference"
    assert content.published == datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)
    assert content.category_names == ("International, regional, and subregional cooperation",)
    assert content.language == "en"
    assert content.body.count("<p>") == 20
    words = "\n\n".join(re.findall("<p>(.*?)</p>", content.body))
    written = SEED_DOCUMENT.read_text(encoding="utf-8")
    assert words == written[written.index("\n\n") + 2 : written.rindex("\n\n")]
    assert "“Combating the financing of terrorism" in words
    assert content.summary.startswith("CTED participated in a two-day high-level conference")
    assert content.summary.endswith("held in Dushanbe on 16 and 17 May 2019.")
    assert draft.source_key == f"file:{SEED_DOCUMENT.name}"
    assert draft.warnings == ()
    assert content.updated is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Title\n\nBody\n\n{LAST}", id="no final newline"),
        pytest.param(f"Title\n\nBody\n\n{LAST}\n\n \n\t\n", id="blank lines at the end"),
        pytest.param(f"\n\nTitle\n\n\n\nBody\n\n\n{LAST}\n", id="more blank lines"),
        pytest.param(f"Title\n\nBody\n{LAST}", id="no blank line before the last"),
        pytest.param(f"Title\r\n\r\nBody\r\n\r\n{LAST}\r\n", id="CR LF"),
        pytest.param(f"Title\r\rBody\r\r{LAST}\r", id="CR"),
        pytest.param(f"Title\u2029Body\u2029{LAST}", id="paragraph separators"),
        pytest.param(f"\ufeffTitle\n\nBody\n\n{LAST}", id="byte order mark"),
        pytest.param(f"  Title \n \t\n Body\n\n  {LAST}  ", id="white space around"),
    ],
)
def test_the_form_is_read_leniently(text: str) -> None:
    content = accepted(text).content
    assert (content.title, content.body) == ("Title", "<p>Body</p>")
    assert content.category_names == ("Finance",)


@pytest.mark.parametrize(
    ("last", "names", "warned"),
    [
        pytest.param("2019-05-21T16:38:50Z|A, B|c|", ("A, B", "c"), False, id="no human date"),
        pytest.param("2019-05-21T16:38:50Z Tuesday|", (), False, id="no category"),
        pytest.param("2019-05-21T16:38:50Z 21 May 2019", (), True, id="not even a bar"),
        pytest.param("2019-05-21 16:38:50Z x| A  b ||a B|", ("A b",), False, id="twice, empty"),
    ],
)
def test_category_cells_are_kept_as_written(
    last: str, names: tuple[str, ...], warned: bool
) -> None:
    draft = accepted(f"Title\n\nBody\n\n{last}")
    assert draft.content.category_names == names
    assert draft.content.published == datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)
    assert bool(draft.warnings) is warned


@pytest.mark.parametrize(
    ("text", "line", "field", "reason"),
    [
        pytest.param("", None, None, "the document is empty", id="empty"),
        pytest.param(" \n\n", None, None, "the document is empty", id="blank"),
        pytest.param("Title", 1, "published", "does not end with a line of", id="only a title"),
        pytest.param(
            "Title\n\nBody", 3, "published", "does not end with a line of", id="no last line"
        ),
        pytest.param(LAST, 1, "title", "no title", id="only a last line"),
        pytest.param(f"Title\n\n{LAST}", 3, "body", "no paragraphs", id="no body"),
        pytest.param(f"Title\n{LAST}", 2, "title", "no blank line after", id="no blank line"),
        pytest.param(
            f"Title\n{'long ' * 40}\n\nBody\n\n{LAST}", 2, "title", "no blank line after",
            id="a paragraph under the title",
        ),
        pytest.param(
            f"1\n2\n3\n4\n5\n6\n\nBody\n\n{LAST}", 2, "title", "no blank line after",
            id="many lines before the first blank one",
        ),
        pytest.param(
            "Title\n\nBody\n\n2019-05-21T16:38:50 Tuesday|Finance|", 5, "published",
            "published has no time zone", id="no zone",
        ),
        pytest.param(
            "Title\n\nBody\n\n2019-05-21 Tuesday, 21 May 2019|Finance|", 5, "published",
            "published is not an ISO 8601 time stamp", id="no time",
        ),
        pytest.param(
            "Title\n\nBody\n\n2019-02-30T16:38:50Z|Finance|", 5, "published",
            "published cannot be", id="no such day",
        ),
        pytest.param(
            "Title\n\nBody\n\n05/06/2019 16:38|Finance|", 5, "published",
            "does not begin with an ISO 8601 time stamp: '05/06/2019", id="ambiguous",
        ),
        pytest.param(
            "Title\n\nBody\n\nTuesday, 21 May 2019|Finance|", 5, "published",
            "does not begin with an ISO 8601 time stamp", id="human date only",
        ),
        pytest.param(
            "Title\n\nBody\n\n2019-05-21T16:38:50Z x|Finance|Inte", 5, "categories",
            "does not end with |", id="cut off",
        ),
        pytest.param(
            f"{'x' * 501}\n\nBody\n\n{LAST}", 1, "title",
            "title has 501 characters; at most 500", id="long title",
        ),
        pytest.param(f"\u200b\n\nBody\n\n{LAST}", 1, "title", "title is empty", id="unseen title"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_form_is_refused(
    text: str, line: int | None, field: str | None, reason: str
) -> None:
    refusal = refused(text)
    assert reason in refusal.reason
    assert (refusal.origin.document, refusal.origin.line) == ("release.txt", line)
    assert refusal.field == field
    assert refusal.remedy


def test_a_broken_headline_is_joined() -> None:
    draft = accepted(f"One headline \nover two lines\n\nBody\n\n{LAST}")
    assert draft.content.title == "One headline over two lines"
    assert draft.warnings == ("title: its 2 lines were joined",)


@pytest.mark.parametrize(
    ("day", "is_told"),
    [
        pytest.param("Tuesday, 21 May 2019", False, id="the same"),
        pytest.param("22 May 2019", False, id="another zone's"),
        pytest.param("May 21, 2019", False, id="American"),
        pytest.param("mardi 21 mai 2019", False, id="French: not compared"),
        pytest.param("31 April 2019", False, id="no such day: not compared"),
        pytest.param("Thursday, 23 May 2019", True, id="two days later"),
        pytest.param("21 May 2018", True, id="last year"),
    ],
)
def test_a_human_date_that_contradicts_is_told(day: str, is_told: bool) -> None:
    draft = accepted(f"T\n\nB\n\n2019-05-21T16:38:50+00:00 {day}|Finance|")
    assert draft.content.published.day == 21
    assert any("the time stamp counts" in warning for warning in draft.warnings) is is_told


def test_a_text_is_never_markup() -> None:
    content = accepted(f"<b>T&amp;</b>\n\n<p>a &lt; b</p>\n\n{LAST}").content
    assert content.title == "<b>T&amp;</b>"
    assert content.body == "<p>&lt;p&gt;a &amp;lt; b&lt;/p&gt;</p>"
    assert content.summary == "<p>a &lt; b</p>"
