"""Content that is hidden on the page is not published, and a warning names it."""

import pytest

from tests.feeds.ingest.bodies.cleaning import cleaned, told


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>x</p>",
        "<p hidden=hidden>x</p>",
        '<div hidden="false"><p>x</p></div>',
        "<dialog><p>x</p></dialog>",
        '<p style="display:none">x</p>',
        '<p style="color:red; DISPLAY : none !important">x</p>',
        '<p style="/* a */display:none">x</p>',
        "<p style='background:url(\"a;b\");display:none'>x</p>",
        '<span style="mso-hide:all">x</span>',
        '<p style="visibility:hidden">x</p>',
        '<p style="visibility: collapse">x</p>',
        '<p style="opacity:0">x</p>',
        '<p style="opacity:0.0">x</p>',
        '<p style="font-size:0">x</p>',
        '<p style="font-size:0px">x <b>y</b></p>',
        '<div style="max-height:0;overflow:hidden">x</div>',
        '<div style="height:0px;overflow:hidden"><p>x</p></div>',
        '<div style="width:1px;height:1px;overflow:hidden">x</div>',
        '<span style="position:absolute;left:-9999px">x</span>',
        '<span style="position:absolute;top:-10000px">x</span>',
        '<span style="position:absolute;clip:rect(0, 0, 0, 0)">x</span>',
        '<span style="position:absolute;clip:rect(1px,1px,1px,1px)">x</span>',
    ],
)
def test_what_is_hidden_goes(hidden: str) -> None:
    assert "x" not in cleaned(f"<p>seen</p>{hidden}").replace("<p></p>", "")
    assert [warning.partition(":")[0] for warning in told(f"<p>seen</p>{hidden}")] == (
        ["removed what is hidden"]
    )


@pytest.mark.parametrize(
    "shown",
    [
        '<p aria-hidden="true">x</p>',
        '<p data-hidden="x" title="the hidden cost">x</p>',
        "<p class=hidden>x</p>",
        "<details><summary>y</summary>x</details>",
        '<p hidden="until-found">x</p>',
        "<dialog open>x</dialog>",
        '<p style="display:block">x</p>',
        '<p style="visibility:visible">x</p>',
        '<p style="opacity:.5">x</p>',
        '<p style="opacity:0;transform:translateY(20px)">x</p>',
        '<p style="visibility:hidden;animation-name:none">x</p>',
        '<div style="max-height:0;overflow:hidden;transition:max-height .2s">x</div>',
        '<div style="max-height:20em;overflow:hidden">x</div>',
        '<div style="height:0">x</div>',
        '<span style="position:relative;left:-9999px">x</span>',
        '<p style="font-size:0"><span style="font-size:14px">x</span></p>',
        "<p style=\"--note:'display:none'\">x</p>",
        '<p title="display:none">x</p>',
        "<p>x display:none</p>",
    ],
)
def test_what_is_shown_or_can_be_stays(shown: str) -> None:
    assert "x" in cleaned(shown)
    assert told(shown) == []


def test_pictures_among_letters_without_size_are_seen() -> None:
    """Mail layouts hide the white space between pictures this way."""
    body = '<td><div style="font-size:0"> <img src="a.png" alt="A"> y </div></td>'
    assert cleaned(body) == '<div><img src="https://e.org/n/a.png" alt="A"></div>'


def test_a_picture_that_a_script_shows_later_is_not_hidden() -> None:
    body = '<img style="opacity:0" data-src="a.png" alt="A">'
    assert cleaned(body) == '<img alt="A" src="https://e.org/n/a.png">'


def test_what_is_visible_again_stays() -> None:
    body = '<p>a <span style="visibility:hidden">b <i style="visibility:visible">c</i></span></p>'
    assert cleaned(body) == "<p>a <i>c</i></p>"
    assert told(body) == ["removed what is hidden: “b”"]


def test_a_warning_quotes_the_beginning_and_not_more_than_five() -> None:
    body = f"<p>a</p><p hidden>{'word ' * 40}</p>" + "<p hidden>b</p>" * 6
    warnings = told(body)
    assert warnings[0] == (
        "removed what is hidden: “word word word word word word word word word word word word…”"
    )
    assert warnings[-1] == "removed what is hidden: 2 more"
    assert len(warnings) == 6


def test_what_shows_nothing_goes_without_a_word() -> None:
    assert told('<p>a</p><div style="display:none"> <br></div><span hidden></span>') == []
    assert told('<p>a</p><div hidden><img src="a.png" alt="Chart"></div>') == (
        ["removed what is hidden: “Chart”"]
    )
