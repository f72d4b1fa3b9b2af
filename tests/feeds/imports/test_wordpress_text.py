"""Texts of WordPress: paragraphs by empty lines, and shortcodes."""

import pytest

from feeds.imports.wordpress_text import (
    GalleryPicture,
    ShortcodeReader,
    with_links,
    with_paragraphs,
)


def shown(text: str) -> tuple[str, tuple[str, ...]]:
    reader = ShortcodeReader(lambda _: ())
    return reader.replace(text), reader.left_out


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("One.", "<p>One.</p>"),
        ("One.\n\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("One.\r\n\r\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("One.\n \t\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("One,\ntwo.", "<p>One,<br>\ntwo.</p>"),
        ("One,<br />\ntwo.", "<p>One,<br /> two.</p>"),
        ("<em>One</em>\n\n<a href='x'>Two</a>", "<p><em>One</em></p>\n<p><a href='x'>Two</a></p>"),
        ("<h2>Head</h2>\nText.", "<h2>\nHead\n</h2>\n<p>Text.</p>"),
        (
            "Text.\n<ul>\n<li>One</li>\n</ul>\nMore.",
            "<p>Text.</p>\n<ul>\n<li>\nOne\n</li>\n</ul>\n<p>More.</p>",
        ),
        ("<blockquote>A.\n\nB.</blockquote>", "<blockquote>\n<p>A.</p>\n<p>B.</p>\n</blockquote>"),
        ("<li>A.\n\nB.</li>", "<li>\n<p>A.</p>\n<p>B.</p>\n</li>"),
        ("<p>A\nB</p>", "<p>\nA<br>\nB\n</p>"),
        ("<p>A<p>B", "<p>\nA\n<p>\nB"),
        ("<div>A\n\nB</div>\n\nC", "<div>\n<p>A</p>\n<p>B</p>\n</div>\n<p>C</p>"),
        ("A<hr />B", "<p>A</p>\n<hr />\n<p>B</p>"),
        ("</div>A", "</div>\n<p>A</p>"),
        ("", ""),
    ],
)
def test_empty_lines_are_paragraphs_and_line_ends_are_breaks(written: str, right: str) -> None:
    assert with_paragraphs(written) == right


def test_code_keeps_its_lines() -> None:
    code = "<pre>a\n\n<b>b</b>\n  c</pre>"
    made = with_paragraphs(f"One.\n\n{code}\n\nTwo.")
    assert code in made
    assert made.startswith("<p>One.</p>")
    assert "<p><pre>" not in made


def test_a_comment_ends_no_paragraph() -> None:
    assert with_paragraphs("One <!--more--> two.") == "<p>One <!--more--> two.</p>"


def test_a_caption_is_that_of_its_picture() -> None:
    text = '[caption id="x" width="3"]<a href="b"><img src="a.jpg" /></a> Two <em>people</em>'
    text += "[/caption]"
    assert shown(text)[0].strip() == (
        '<figure><a href="b"><img src="a.jpg" /></a>'
        "<figcaption>Two <em>people</em></figcaption></figure>"
    )
    old = '[caption caption="A &quot;b&quot;"]<img src="a.jpg">[/caption]'
    assert "<figcaption>" in shown(old)[0]


def test_recordings_and_embedded_pages_are_links() -> None:
    for text in (
        "[audio https://x.example/a.mp3]",
        '[video width="4" mp4="https://x.example/a.mp4"][/video]',
        "[embed]https://x.example/watch?v=1&amp;t=2[/embed]",
    ):
        made, left = shown(text)
        assert 'href="https://x.example/' in made, text
        assert left == ()
    assert with_links("Look:\n\nhttps://x.example/v\n").count("<a ") == 1
    assert with_links("Look: https://x.example/v here") == "Look: https://x.example/v here"
    assert "<a " not in with_links("<pre>\nhttps://x.example/v\n</pre>")


def test_other_shortcodes_are_left_out_and_told() -> None:
    made, left = shown('A [contact-form-7 id="1"] b [box color="red"]inner [b x=1]deep[/b][/box].')
    assert made == "A  b inner deep."
    assert left == ("1 shortcode [b]", "1 shortcode [box]", "1 shortcode [contact-form-7]")


@pytest.mark.parametrize(
    "text",
    [
        "He said [sic] so [1].",
        "a[i] = b[j]",
        "[…]",
        "<code>[x a=1]</code>",
        "[",
        "[]",
        "[[",
    ],
)
def test_brackets_that_are_no_shortcodes_stay(text: str) -> None:
    assert shown(text) == (text, ())


def test_an_escaped_shortcode_is_text() -> None:
    assert shown("Write [[gallery]].") == ("Write [gallery].", ())


def test_a_gallery_shows_its_pictures_or_is_told() -> None:
    picture = GalleryPicture(url='https://x.example/a"b.jpg', alt="<A>", caption="C & D")
    made = ShortcodeReader(lambda given: [picture] if given.get("ids") == "1,2" else [])
    text = made.replace('[gallery ids="1,2"]')
    assert 'alt="&lt;A&gt;"' in text
    assert "<figcaption>C &amp; D</figcaption>" in text
    assert made.left_out == ()
    assert shown("[gallery]") == ("", ("1 shortcode [gallery]",))


def test_hostile_texts_take_no_time() -> None:
    for text in (
        "[a x=1" * 20_000,
        "[a]" * 20_000,
        "[a x=1][/b]" * 5_000,
        "<p>" * 20_000,
        "\n\n" * 50_000,
    ):
        with_paragraphs(with_links(shown(text)[0]))
