"""Wrapped lines, lists and marks in plain text; docs/releases-in.md, "Bodies"."""

import textwrap

import pytest

from feeds.ingest.paragraphs import to_paragraphs

STORY = (
    "The Federal Office of Roads opened the new crossing on Monday morning after three years of "
    "work. It carries 4,000 vehicles a day, and it cost less than was planned, which surprised "
    "nobody as much as those who had planned it. The minister was there, and so was the band."
)
GERMAN = (
    "Das Bundesamt für Strassen hat am Montag den neuen Übergang nach drei Jahren Bau eröffnet. "
    "Er trägt täglich 4000 Fahrzeuge und hat weniger gekostet, als im Voranschlag stand, "
    "was niemanden mehr überrascht hat als das Amt selbst."
)
ARABIC = "افتتح المكتب الاتحادي للطرق المعبر الجديد صباح يوم الاثنين بعد ثلاث سنوات من العمل " * 3


@pytest.mark.parametrize("width", [60, 66, 72, 78, 80])
@pytest.mark.parametrize("story", [STORY, GERMAN, ARABIC.strip()])
def test_wrapped_lines_flow_together(story: str, width: int) -> None:
    wrapped = "\n".join(textwrap.wrap(story, width, break_on_hyphens=False))
    assert (
        to_paragraphs(f"{wrapped}\n\n{wrapped}", warnings=[]) == f"<p>{story}</p>\n<p>{story}</p>"
    )
    assert to_paragraphs(wrapped, warnings=[]) == f"<p>{story}</p>"


def test_the_case_of_a_release_with_a_contact() -> None:
    text = (
        "The Federal Office of Roads opened the new crossing on Monday morning\n"
        "after three years of work. It carries 4,000 vehicles a day, and it cost\n"
        "less than was planned. More is told at https://www.example.org/crossing\n\n"
        "Press office\nTel. +41 31 000 00 00"
    )
    link = '<a href="https://www.example.org/crossing">https://www.example.org/crossing</a>'
    assert to_paragraphs(text, warnings=[]) == (
        "<p>The Federal Office of Roads opened the new crossing on Monday morning after three "
        "years of work. It carries 4,000 vehicles a day, and it cost less than was planned. "
        f"More is told at {link}</p>\n<p>Press office<br>Tel. +41 31 000 00 00</p>"
    )


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("Press office", "Federal Office of Roads", "3003 Bern"), id="address"),
        pytest.param(
            ("Office of Public Affairs of the Federal Ministry of the Interior",
             "Directorate-General for Communication and Stakeholder Relations", "3003 Bern"),
            id="long address",
        ),
        pytest.param(
            ("Contact: Office of Public Affairs, Federal Ministry of the Interior",
             "Telephone +41 31 000 00 00"), id="contact",
        ),
        pytest.param(
            ("Two roads diverged in a yellow wood,", "and sorry I could not travel both",
             "and be one traveler, long I stood"), id="verse",
        ),
        pytest.param(
            ("Il est un air pour qui je donnerais tout Rossini, tout Mozart,",
             "et tout Weber,", "un air très vieux, languissant et funèbre,"), id="long verse",
        ),
        pytest.param(("x" * 140, "and more of it " * 9, "and again"), id="never wrapped"),
    ],
)  # fmt: skip
def test_lines_that_end_on_purpose_stay_lines(lines: tuple[str, ...]) -> None:
    text = "\n".join(line.strip() for line in lines)
    assert to_paragraphs(f"A\n\n{text}", warnings=[]) == f"<p>A</p>\n<p>{text}</p>".replace(
        "\n", "<br>"
    ).replace("</p><br><p>", "</p>\n<p>")


def test_a_word_that_was_parted_or_has_a_hyphen() -> None:
    text = (
        "The office announced on Monday morning that all of its long-\n"
        "term plans were changed after three years of work, to the\u00ad\n"
        "ological surprise of those who had made them in the first place."
    )
    flowed = to_paragraphs(text, warnings=[])
    assert "its long-term plans" in flowed
    assert "to theological surprise" in flowed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("Three things:\n• a\n• b\n• c\n\nEnd.",
         "<p>Three things:</p>\n<ul><li>a</li><li>b</li><li>c</li></ul>\n<p>End.</p>"),
        ("* a\n\n* b\n\n* c", "<ul><li>a</li><li>b</li><li>c</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("3) a\n4) b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("1. a\n\n2. b\n\nc", "<ol><li>a</li><li>b</li></ol>\n<p>c</p>"),
        ("- a\n  goes on\n- b", "<ul><li>a goes on</li><li>b</li></ul>"),
        ("- a <b>\n- b", "<ul><li>a &lt;b&gt;</li><li>b</li></ul>"),
    ],
)  # fmt: skip
def test_items_in_a_row_are_a_list(text: str, expected: str) -> None:
    assert to_paragraphs(text, warnings=[]) == expected


def test_a_wrapped_item_is_one_item() -> None:
    item = "The Office of Roads opened the crossing on Monday morning after\nthree years of work."
    text = f"- {item}\n- {item}"
    one = f"<li>{item}</li>".replace("\n", " ")
    assert to_paragraphs(text, warnings=[]) == f"<ul>{one}{one}</ul>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. FC Köln wins\n\nMore.", "<p>1. FC Köln wins</p>\n<p>More.</p>"),
        ("• a\n\nb", "<p>• a</p>\n<p>b</p>"),
        ("a\n- b\nc\n\nd", "<p>a<br>- b<br>c</p>\n<p>d</p>"),
        ("1. a\n5. b\n\nc", "<p>1. a<br>5. b</p>\n<p>c</p>"),
        ("2024. a\n2025. b\n\nc", "<p>2024. a<br>2025. b</p>\n<p>c</p>"),
        ("-5 degrees\n-6 degrees\n\nc", "<p>-5 degrees<br>-6 degrees</p>\n<p>c</p>"),
        ("— Bonjour !\n— Bonsoir !\n\nc", "<p>— Bonjour !<br>— Bonsoir !</p>\n<p>c</p>"),
        ("  a\n  b\n\nc", "<p>a<br>b</p>\n<p>c</p>"),
    ],
)
def test_what_may_be_something_else_is_no_list(text: str, expected: str) -> None:
    assert to_paragraphs(text, warnings=[]) == expected


@pytest.mark.parametrize(
    "mark",
    ["###", "# # #", "##", "-30-", "- 30 -", "—30—", "ENDS", "-ENDS-", "– Ends –", "***END***",
     "- Ende -", "- FIN -", "-more-", "- MORE -"],
)  # fmt: skip
def test_a_mark_ends_a_release(mark: str) -> None:
    warnings: list[str] = []
    assert to_paragraphs(f"a\n\n{mark}\n", warnings=warnings) == "<p>a</p>"
    assert warnings == [f"body: {mark!r} left out"]
    assert to_paragraphs(f"a\nb\n{mark}", warnings=[]) == "<p>a</p>\n<p>b</p>"
    # As in a real release: "See Sen. Lee's full remarks below".
    behind = to_paragraphs(f"a\n\n{mark}\n\nNotes to editors: b", warnings=[])
    assert behind == "<p>a</p>\n<hr>\n<p>Notes to editors: b</p>"


@pytest.mark.parametrize("line", ["#", "30", "End", "FIN", "* * *", "# 1", "The end", "-31-"])
def test_what_may_be_something_else_is_no_mark(line: str) -> None:
    assert to_paragraphs(f"a\n\n{line}", warnings=[]) == f"<p>a</p>\n<p>{line}</p>"
