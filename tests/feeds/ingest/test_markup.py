"""Summaries, and what else is read out of clean HTML."""

import pytest

from feeds.ingest.markup import opening, shortened, text_of

LONG = "A paragraph that is long enough to tell what the release is about, in a few words."


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param(f"<h1>T</h1><p>{LONG}</p>", LONG, id="first paragraph"),
        pytest.param(f"<p>FOR IMMEDIATE RELEASE</p><p>{LONG}</p>", LONG, id="telling one"),
        pytest.param("<p>a</p><p>b</p>", "a", id="only short ones"),
        pytest.param("<ul><li>a</li><li>b</li></ul>", "a b", id="no paragraph"),
        pytest.param(f'<p lang="en">AT&amp;T<br>{LONG}<b>!</b></p>', f"AT&T {LONG}!", id="text"),
        pytest.param('<img src="https://e.org/a">', "", id="no words"),
    ],
)
def test_a_summary_is_the_first_telling_paragraph(markup: str, expected: str) -> None:
    assert opening(markup, max_chars=300) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three", "one two three"),
        ("one two three four", "one two…"),
        ("one two, three four", "one two…"),
        ("onetwothreefourfive", "onetwothreef…"),
        ("這是一個很長的句子沒有任何空格可以用來斷開", "這是一個很長的句子沒有任…"),
        ("onetwothreefoe\u0316\u0316\u0316urfive", "onetwothreef…"),
    ],
)
def test_a_long_text_is_cut_at_a_word(text: str, expected: str) -> None:
    assert shortened(text, max_chars=13) == expected


def test_the_text_of_markup_keeps_words_apart() -> None:
    assert (
        text_of("<p>a</p><p>b<br>c</p><table><tr><td>d</td><td>e</td></tr></table>") == "a b c d e"
    )
