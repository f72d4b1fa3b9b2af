import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.settings.faults import SourceLocation
from service.settings.yaml_reader import MAX_DEPTH, read_yaml


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read_yaml(text, file="f.yaml").faults]


def test_every_key_and_value_has_its_place() -> None:
    document = read_yaml("a: 1\nb:\n  - x\n  - y: 2\n", file="f.yaml")
    assert document.data == {"a": 1, "b": ["x", {"y": 2}]}
    assert document.keys["b", 1, "y"] == SourceLocation(file="f.yaml", line=4, column=5)
    assert document.values["b", 1, "y"] == SourceLocation(file="f.yaml", line=4, column=8)
    assert str(document.values["b", 0]) == "f.yaml:3:5"
    assert str(document.values[()]) == "f.yaml:1:1"


def test_a_column_counts_characters_not_bytes() -> None:
    assert read_yaml("{é: ü, b: 2}", file="f").keys["b",] == SourceLocation(
        file="f", line=1, column=8
    )


def test_quoted_text_is_text_and_keys_are_always_text() -> None:
    document = read_yaml("a: '5'\n2024: x\nno: y\n", file="f")
    assert document.data == {"a": "5", "2024": "x", "no": "y"}


def test_an_empty_file_says_nothing_and_has_no_fault() -> None:
    document = read_yaml("# only a comment\n", file="f")
    assert (document.data, document.faults, document.is_readable) == (None, [], True)


def test_a_repeated_key_is_told_with_its_first_line_and_the_first_value_stays() -> None:
    document = read_yaml("a:\n  b: 1\n  b: 2\n", file="f.yaml")
    assert [str(fault) for fault in document.faults] == [
        "f.yaml:3:3: a.b: appears twice; first on line 2"
    ]
    assert document.data == {"a": {"b": 1}}


def test_an_alias_is_what_its_anchor_is() -> None:
    document = read_yaml("a: &x {n: 1}\nb: *x\n", file="f")
    assert document.data == {"a": {"n": 1}, "b": {"n": 1}}
    assert document.values["b", "n"].line == 1  # where one has to mend it


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a:\n\t- b", "f.yaml:2:1: not YAML: *this is a tab*", id="tab"),
        pytest.param("b: 1\na: 'x\nd: 3", "f.yaml:2:4: *quote is never closed*", id="quote"),
        pytest.param("a: [1,\nb: 3", "f.yaml:1:4: *bracket is never closed*", id="bracket"),
        pytest.param("a: @x", "f.yaml:1:4: *quote text that begins with this*", id="reserved"),
        pytest.param("a: 1\nb:y\nc: 1", "f.yaml:2:1: *needs a ':' and a space*", id="no space"),
        pytest.param("a:y\nb: 1", "f.yaml:2:2: *line above*no space*", id="no space before"),
        pytest.param("a: News: all", "f.yaml:1:8: *quote text that contains*", id="two colons"),
        pytest.param("a:\n  - b\n c: 3", "f.yaml:3:2: *indentation does not match*", id="indent"),
        pytest.param("a: *x", "f.yaml:1:4: no anchor &x*", id="unknown alias"),
        pytest.param("a: &x [*x]", "f.yaml:1:8: no anchor &x*", id="alias of itself"),
        pytest.param("a: !!set {x}", "f.yaml:1:4: tags*", id="tag"),
        pytest.param("? [a]\n: b", "f.yaml:1:3: expected the name of a key", id="key"),
        pytest.param("a: 1\n---\nb: 2", "f.yaml:2:1: a second YAML document*", id="two"),
        pytest.param("a:\n  é\x07", "f.yaml:2:4: *U+0007*", id="control"),
        pytest.param("a: \udc80", "f.yaml:1:4: *U+DC80*", id="lone surrogate"),
    ],
)
def test_broken_syntax_is_told_with_its_place_and_what_to_do(text: str, expected: str) -> None:
    start, *parts = expected.split("*")
    (fault,) = faults(text)
    assert fault.startswith(start)
    assert all(part in fault for part in parts)
    assert read_yaml(text, file="f.yaml").is_readable is False


def test_deep_nesting_is_refused_where_it_gets_too_deep() -> None:
    depth = MAX_DEPTH + 10
    (fault,) = faults("[" * depth + "]" * depth)
    assert fault == f"f.yaml:1:{MAX_DEPTH + 2}: nested deeper than {MAX_DEPTH} levels"


def test_a_million_brackets_are_refused_at_once() -> None:
    """By libyaml itself, where it is new enough; it then reads ahead of our count."""
    (fault,) = faults("[" * 1_000_000)
    assert fault.startswith("f.yaml:1:")
    assert fault.endswith(f": nested deeper than {MAX_DEPTH} levels")


def test_a_billion_laughs_end_soon() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    started = time.perf_counter()
    (fault,) = faults("\n".join(lines))
    assert "aliases included" in fault
    assert time.perf_counter() - started < 5


DATA = st.recursive(
    st.text("abc: #'\"\n\té-[]{}", max_size=8) | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner),
    max_leaves=10,
)


@given(DATA)
def test_what_yaml_writes_is_read_back(data: object) -> None:
    document = read_yaml(yaml.safe_dump(data, allow_unicode=True), file="f")
    assert document.faults == []
    assert document.data == data
