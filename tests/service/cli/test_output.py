"""How results look."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli.output import aligned, counted, json_text, moment, plain


def test_columns_are_aligned_and_the_last_one_is_as_long_as_it_wants() -> None:
    rows = [("new", "merger", "a"), ("refused", "typo.md", "b" * 300)]
    assert aligned(rows) == ["new      merger   a", f"refused  typo.md  {'b' * 300}"]


def test_wide_characters_take_two_places() -> None:
    first, second = aligned([("新聞", "x"), ("news", "x")])
    assert (first, second) == ("新聞  x", "news  x")


def test_a_later_part_of_a_table_stands_below_the_earlier_one() -> None:
    widths: list[int] = []
    [first] = aligned([("unchanged", "x")], widths)
    [second] = aligned([("new", "x")], widths)
    assert first.index("x") == second.index("x")


def test_one_long_cell_does_not_push_the_others() -> None:
    _, short = aligned([("a" * 200, "x"), ("a", "x")])
    assert short == "a  x"


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_a_dash(nothing: object) -> None:
    assert aligned([(nothing, "x")]) == ["-  x"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("two\nlines", "two\\nlines", id="newline"),
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape sequence"),
        pytest.param("a\u202eb", "a\\u202eb", id="right-to-left override"),
        pytest.param("a\udcffb", "a\\udcffb", id="byte of a file name"),
        pytest.param("ab\u2028c", "ab\\u2028c", id="line separator"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiner of Persian"),
        pytest.param("„Müller“ – 新聞", "„Müller“ – 新聞", id="text"),
    ],
)
def test_no_title_repaints_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_a_cell_is_one_line_whatever_it_holds(text: str) -> None:
    assert len(plain(text).splitlines()) == 1


def test_moments_are_whole_seconds_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    assert moment(datetime(2019, 5, 21, 18, 38, 50, 999, berlin)) == "2019-05-21T16:38:50Z"


def test_json_is_one_line_with_moments_as_text() -> None:
    record = {"at": datetime(2019, 5, 21, tzinfo=UTC), "title": "新\n聞"}
    assert json_text(record) == '{"at": "2019-05-21T00:00:00Z", "title": "新\\n聞"}'


def test_what_has_no_form_in_json_is_a_bug() -> None:
    with pytest.raises(TypeError, match="set"):
        json_text({"feeds": {"all"}})


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 feeds"), (1, "1 feed"), (2, "2 feeds")], ids=str
)
def test_things_are_counted_in_words(count: int, said: str) -> None:
    assert counted(count, "feed") == said
