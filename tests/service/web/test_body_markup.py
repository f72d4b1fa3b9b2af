"""The body on a page: headings in order, tables that scroll, notes to editors that stand apart."""

import pytest

from service.web.body_markup import page_body

BEFORE, NOTE, AFTER = "<p>News.</p>", "<p>A note.</p>", "<p>About us.</p>"


HEADING = "<h2>Notes to Editors</h2>"
PARAGRAPH = "<p><strong>Notes to editors:</strong></p>"


@pytest.mark.parametrize(
    ("before", "notes", "after"),
    [
        # To the next heading that is as high, or to the end.
        (BEFORE, f"{HEADING}{NOTE}<h3>More</h3>{NOTE}", f"<h2>About</h2>{AFTER}"),
        (BEFORE, f"{PARAGRAPH}{NOTE}{AFTER}", ""),
        ("", f"{HEADING}", ""),
    ],
)
def test_notes_to_editors_stand_apart(before: str, notes: str, after: str) -> None:
    shown = f'{before}<section class="notes">{notes}</section>{after}'
    assert page_body(before + notes + after, table_label="Table") == shown


@pytest.mark.parametrize(
    "html",
    [
        f"<p>Notes to editors were sent.</p>{NOTE}",
        f"<ul><li><p>Notes to editors</p></li></ul>{NOTE}",
    ],
)
def test_words_about_editors_are_no_heading(html: str) -> None:
    assert page_body(html, table_label="Table") == html


@pytest.mark.parametrize(
    "heading",
    ["Editor’s note", "Notes aux rédactions :", "Hinweise für die Redaktion",
     "Notas para los editores", "ملاحظات للمحررين", "Примечания для редакторов", "编者注："],
)  # fmt: skip
def test_in_other_languages_too(heading: str) -> None:
    assert "<section" in page_body(f"<h3>{heading}</h3>{NOTE}", table_label="Table")


def test_a_table_scrolls_by_itself_and_by_keyboard() -> None:
    table = "<table><tbody><tr><td><table><tbody><tr><td>1</td></tr></tbody></table></td></tr>"
    table += "</tbody></table>"
    box = '<div class="scroller" role="group" aria-label="Tableau" tabindex="0">'
    assert page_body(BEFORE + table, table_label="Tableau") == f"{BEFORE}{box}{table}</div>"


@pytest.mark.parametrize(
    ("written", "shown"),
    [("1 2 2 3", "2 3 3 4"), ("3 3", "2 2"), ("2 4 5 2", "2 3 4 2"), ("4 3 6", "2 2 3"),
     ("2 3 2", "2 3 2")],
)  # fmt: skip
def test_headings_go_down_one_level_at_a_time_below_the_title(written: str, shown: str) -> None:
    def html(levels: str) -> str:
        return "".join(f"<h{level}>A <b>part</b></h{level}>" for level in levels.split())

    assert page_body(html(written), table_label="Table") == html(shown)
