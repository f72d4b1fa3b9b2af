"""Embeds become a link, their fallback content, or a warning."""

import pytest

from tests.feeds.ingest.bodies.cleaning import cleaned, told

LINK = "an embed became a link: "
FALLBACK = "<object> was replaced by its fallback content: "


@pytest.mark.parametrize(
    ("body", "expected", "warnings"),
    [
        pytest.param(
            '<p>a</p><iframe src="https://v.example/e/1" title="Speech"></iframe>',
            '<p>a</p><p><a href="https://v.example/e/1">Speech</a></p>',
            [f"{LINK}https://v.example/e/1"], id="iframe"),
        pytest.param(
            '<p>See<iframe src="//v.example/e/1"></iframe>there</p>',
            '<p>See <a href="https://v.example/e/1">v.example</a> there</p>',
            [f"{LINK}https://v.example/e/1"], id="in a line"),
        pytest.param(
            '<div><iframe data-src="https://v.example/e" aria-label="Map"></iframe></div>',
            '<div><p><a href="https://v.example/e">Map</a></p></div>',
            [f"{LINK}https://v.example/e"], id="lazy"),
        pytest.param('<p>a</p><iframe src="about:blank"></iframe>', "<p>a</p>",
                     ["removed <iframe>"], id="blank"),
        pytest.param('<p>a</p><iframe src="https://t.example" width=0 height=0></iframe>',
                     "<p>a</p>", [], id="counts visitors"),
        pytest.param(
            '<a href="/x"><iframe src="/v" title="V"></iframe> a</a>',
            '<a href="https://e.org/x"> a</a><a href="https://e.org/v">V</a>',
            [f"{LINK}https://e.org/v"], id="in a link"),
        pytest.param(
            '<object data="/r.pdf"><p><a href="/r.pdf">Report</a></p></object>',
            '<p><a href="https://e.org/r.pdf">Report</a></p>',
            [f"{FALLBACK}https://e.org/r.pdf"], id="object"),
        pytest.param(
            '<object data="/r.pdf"><p>Cannot be shown.</p></object>',
            '<p>Cannot be shown.</p><p><a href="https://e.org/r.pdf">r.pdf</a></p>',
            [f"{FALLBACK}https://e.org/r.pdf"], id="object, words alone"),
        pytest.param('<object data="/r.pdf"></object>',
                     '<p><a href="https://e.org/r.pdf">r.pdf</a></p>',
                     [f"{LINK}https://e.org/r.pdf"], id="object, nothing in it"),
        pytest.param(
            '<object data="/c.png" type="image/png">Chart</object>',
            '<img src="https://e.org/c.png" alt="Chart">', [], id="object, picture"),
        pytest.param(
            '<object><param name="movie" value="/f.swf"><embed src="/f.swf"></object>',
            '<p><a href="https://e.org/f.swf">f.swf</a></p>',
            [f"{LINK}https://e.org/f.swf", f"{FALLBACK}https://e.org/f.swf"], id="player"),
        pytest.param("<p>a</p><applet code=x></applet>", "<p>a</p>", ["removed <applet>"],
                     id="applet"),
        pytest.param("<canvas>A table</canvas>", "A table",
                     ["<canvas> was replaced by its fallback content: “A table”"], id="canvas"),
        pytest.param("<p>a</p><canvas></canvas>", "<p>a</p>", ["removed <canvas>"],
                     id="empty canvas"),
        pytest.param("a<svg><text>42</text><text>%</text></svg>b", "a 42 % b",
                     ["a drawing was replaced by its words: “42 %”"], id="svg text"),
        pytest.param("<svg><title>Logo</title><path/></svg>", "Logo",
                     ["a drawing was replaced by its words: “Logo”"], id="svg title"),
        pytest.param("a<svg aria-hidden=true><title>Icon</title></svg>", "a", [], id="icon"),
        pytest.param("a<svg><path/></svg>", "a", ["removed <svg>"], id="svg"),
        pytest.param('<video src="blob:x" poster="/p.jpg" title="Speech"></video>',
                     '<img src="https://e.org/p.jpg" alt="Speech">',
                     ["<video> has no address that can be fetched: Speech"], id="poster"),
        pytest.param('<audio><source src="cid:1">Only <a href="/a.mp3">here</a></audio>',
                     'Only <a href="https://e.org/a.mp3">here</a>',
                     ["<audio> has no address that can be fetched: “Only here”"], id="audio"),
        pytest.param('<video data-src="/v.mp4"></video>',
                     '<video src="https://e.org/v.mp4" controls=""></video>', [], id="lazy video"),
        pytest.param('<video><source src="cid:1"><source src="/v.mp4"></video>',
                     '<video controls=""><source src="https://e.org/v.mp4"></video>',
                     [], id="one of two"),
        pytest.param("<p>a</p><form>b <input><select><option>c</select><textarea>d</textarea>"
                     "<button>e</button><input type=hidden></form>", "<p>a</p>b",
                     ["removed <button>, <form>, <input>, <select>, <textarea>"], id="form"),
        pytest.param('<a href="/r"><button>Read the report</button></a>',
                     '<a href="https://e.org/r">Read the report</a>', [], id="button in a link"),
        pytest.param("<p>a</p><script>b</script>", "<p>a</p>", ["removed <script>"], id="script"),
        pytest.param('<p>a</p><script type="application/ld+json">{}</script>', "<p>a</p>", [],
                     id="data"),
    ],
)  # fmt: skip
def test_something_stands_in_the_place_of_an_embed(
    body: str, expected: str, warnings: list[str]
) -> None:
    assert cleaned(body) == expected
    assert told(body) == warnings


@pytest.mark.parametrize(
    ("math", "expected"),
    [
        ("<mn>3.5</mn>", "3.5"),
        ("<mi>x</mi><mo>=</mo><mn>2</mn>", "x = 2"),
        ("<mrow><mo>-</mo><mn>2</mn></mrow>", "-2"),
        ("<msup><mn>10</mn><mn>6</mn></msup>", "10<sup>6</sup>"),
        ("<msub><mi>CO</mi><mn>2</mn></msub>", "CO<sub>2</sub>"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x<sub>i</sub><sup>2</sup>"),
        ("<mfrac><mn>1</mn><mn>2</mn></mfrac>", "1/2"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>", "(a + b)/2"),
        ("<msqrt><mi>x</mi></msqrt>", "√x"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "∛x"),
        ("<mi>f</mi><mo>&#x2061;</mo><mo>(</mo><mi>x</mi><mo>)</mo>", "f(x)"),
        ('<semantics><mn>7</mn><annotation encoding="application/x-tex">7</annotation></semantics>',
         "7"),
        ('<semantics><munder/><annotation encoding="TeX">S_i</annotation></semantics>', "S_i"),
        ("<munder><mo>∑</mo><mi>i</mi></munder>", "∑i"),
    ],
)  # fmt: skip
def test_a_formula_stays_in_its_sentence(math: str, expected: str) -> None:
    body = f"<p>grew by <math>{math}</math> per cent</p>"
    assert cleaned(body) == f"<p>grew by {expected} per cent</p>"
    assert [warning.partition(":")[0] for warning in told(body)] == ["a formula became text"]


def test_a_formula_is_read_once_and_by_its_alternative_text_where_it_is_too_much() -> None:
    assert cleaned('<p>a <math alttext="S"><munder><mo>∑</mo><mi>i</mi></munder></math></p>') == (
        "<p>a S</p>"
    )
    katex = (
        '<span class="katex"><span class="katex-mathml"><math><mi>x</mi></math></span>'
        '<span class="katex-html" aria-hidden="true"><span>x</span></span></span>'
    )
    assert cleaned(f"<p>where {katex} is</p>") == "<p>where x is</p>"
    assert cleaned('<p>a <script type="math/tex">x^2</script></p>') == "<p>a x^2</p>"
