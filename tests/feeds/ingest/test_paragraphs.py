"""Text bodies become paragraphs; see docs/releases-in.md, "Bodies"."""

import pytest

from feeds.ingest.paragraphs import to_paragraphs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\n\nb", "<p>a</p>\n<p>b</p>", id="blank line"),
        pytest.param("a\n \t\n\n\nb\n", "<p>a</p>\n<p>b</p>", id="more white space"),
        pytest.param("a\nb", "<p>a</p>\n<p>b</p>", id="lines, if there is no blank one"),
        pytest.param("a\n b\n\nc", "<p>a<br>b</p>\n<p>c</p>", id="lines inside a paragraph"),
        pytest.param("a\r\rb\r\n\r\nc\x85\u2028d", "<p>a</p>\n<p>b</p>\n<p>c</p>\n<p>d</p>",
                     id="any newline"),
        pytest.param("a\u2029b", "<p>a</p>\n<p>b</p>", id="paragraph separator"),
        pytest.param("a\x0bb\x0cc", "<p>a</p>\n<p>b</p>\n<p>c</p>", id="soft and page breaks"),
        pytest.param("a\n\n\u200b\n\nb", "<p>a</p>\n<p>b</p>", id="nothing to be seen"),
        pytest.param("<b>&amp;</b>", "<p>&lt;b&gt;&amp;amp;&lt;/b&gt;</p>", id="never markup"),
        pytest.param("“a” – 'b'", "<p>“a” – 'b'</p>", id="quotes stay"),
        pytest.param("\u0338a", "<p>&#x338;a</p>", id="combining character first"),
        pytest.param("a > \u0338b", "<p>a &gt; \u0338b</p>", id="combining character inside"),
    ],
)  # fmt: skip
def test_paragraphs(text: str, expected: str) -> None:
    assert to_paragraphs(text, warnings=[]) == expected
