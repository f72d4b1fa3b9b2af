"""Remains of other systems in exported bodies are removed where they are certain."""

import pytest

from tests.feeds.ingest.bodies.cleaning import cleaned, told

CDATA = "removed remains of an XML export: CDATA"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<![CDATA[<p>a</p>]]>", "<p>a</p>"),
        (" <![CDATA[<p>a</p>]]>\n", "<p>a</p>"),
        ("<p>a</p>]]>", "<p>a</p>"),
        ("<![CDATA[<p>a</p>]]><![CDATA[<p>b</p>]]>", "<p>a</p><p>b</p>"),
        ("<![CDATA[<p>a ]]]]><![CDATA[> b</p>]]>", "<p>a ]]&gt; b</p>"),
    ],
)
def test_section_marks_of_xml_go(body: str, expected: str) -> None:
    assert cleaned(body) == expected
    assert told(body) == [CDATA]


def test_a_body_that_was_escaped_twice_is_read() -> None:
    assert cleaned("&lt;p&gt;a &lt;b&gt;b&lt;/b&gt;&lt;/p&gt;") == "<p>a <b>b</b></p>"
    assert cleaned("&amp;lt;div&amp;gt;a&amp;lt;/div&amp;gt;") == "<div>a</div>"
    assert told("&lt;p&gt;a&lt;/p&gt;") == [
        "was escaped twice; the second escape was undone: “<p>a</p>”"
    ]
    assert cleaned("&lt;p&gt;&lt;script&gt;x&lt;/script&gt;a&lt;/p&gt;") == "<p>a</p>"


@pytest.mark.parametrize(
    "body",
    [
        "<p>&lt;p&gt;a&lt;/p&gt;</p>",
        "The &lt;p&gt; element, ended by &lt;/p&gt;, is old.",
        "<p>a&lt;br&gt;b</p>",
    ],
)
def test_in_doubt_it_is_told(body: str) -> None:
    assert "&lt;" in cleaned(body)
    (warning,) = told(body)
    assert warning.startswith("holds what looks like a tag, and is kept as text: “")


def test_code_may_hold_tags() -> None:
    assert told("<p>Write <code>&lt;p&gt;a&lt;/p&gt;</code></p><pre>&lt;/b&gt;</pre>") == []
    assert told("<p>if a &lt; b and b &gt; c</p>") == []


def test_a_body_that_is_escaped_without_end_is_a_text() -> None:
    body = "<p>a</p>"
    for _ in range(6):
        body = body.replace("&", "&amp;").replace("<", "&lt;")
    assert cleaned(body).count("&amp;") == cleaned(cleaned(body)).count("&amp;") == 2


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><p>a</p>", "<p>a</p>"),
        ("<xml><w:x>b</w:x><p>a</p>", "<p>a</p>"),
        ("<w:LatentStyles>b</w:LatentStyles><p>a<o:p></o:p></p>", "<p>a</p>"),
        ("<p>a<o:p>&nbsp;</o:p></p>", "<p>a&nbsp;</p>"),
        ("<!--[if gte mso 9]><xml>b</xml><![endif]--><p>a</p>", "<p>a</p>"),
        ("<p><![if !supportLists]>1. <![endif]>a</p>", "<p>1. a</p>"),
        ("<st1:City>Bern</st1:City>", "Bern"),
        ("<!-- wp:paragraph --><p>a</p><!-- /wp:paragraph -->", "<p>a</p>"),
    ],
)
def test_what_word_writes_for_itself_goes(body: str, expected: str) -> None:
    assert cleaned(body) == expected
    assert told(body) == []


def test_shortcodes_are_told() -> None:
    assert told('<p>[caption id="a"]x[/caption] [1] [sic]</p>') == (
        ['holds what looks like a shortcode, and is kept as text: “[caption id="a"]”']
    )
