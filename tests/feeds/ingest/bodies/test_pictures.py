"""Pictures get a working address, or are replaced with their alt text."""

import pytest

from tests.feeds.ingest.bodies.cleaning import cleaned, told

GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
AT = "https://e.org/n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(f'<img src="{GIF}" data-src="a.png" alt="A">',
                     f'<img src="{AT}/a.png" alt="A">', id="data-src"),
        pytest.param('<img data-original="a.png">', f'<img src="{AT}/a.png">', id="data-original"),
        pytest.param('<img data-lazy-src="a.png">', f'<img src="{AT}/a.png">', id="data-lazy-src"),
        pytest.param(f'<img src="{GIF}" data-srcset="a.png 400w, b.png 1000w, c.png 4000w">',
                     f'<img src="{AT}/b.png" srcset="{AT}/a.png 400w, {AT}/b.png 1000w, '
                     f'{AT}/c.png 4000w">', id="data-srcset"),
        pytest.param('<img srcset="a.png, b.png 2x">',
                     f'<img srcset="{AT}/a.png, {AT}/b.png 2x" src="{AT}/b.png">', id="no src"),
        pytest.param('<img src="/i/blank.gif" data-src="a.png">', f'<img src="{AT}/a.png">',
                     id="stand-in"),
        pytest.param('<img class="lazyload" src="/i/x.jpg" data-src="a.png">',
                     f'<img src="{AT}/a.png">', id="blurred one"),
        pytest.param('<img src="a.png" data-src="large.png">', f'<img src="{AT}/a.png">',
                     id="not lazy"),
        pytest.param('<img class="lazy" data-src="a.png"><noscript><img src="b.png"></noscript>',
                     f'<img src="{AT}/b.png">', id="for both"),
        pytest.param(f'<noscript><img src="b.png"></noscript> <img src="{GIF}">',
                     f'<img src="{AT}/b.png">', id="for both, the other way round"),
        pytest.param('<img src="a.png"><noscript><img src="b.png"></noscript>',
                     f'<img src="{AT}/a.png"><img src="{AT}/b.png">', id="two pictures"),
        pytest.param('<amp-img src="a.png" alt="A"></amp-img>', f'<img src="{AT}/a.png" alt="A">',
                     id="amp"),
        pytest.param('<img src="a.png"><img src="https://t.example/1" width="1" height=1>',
                     f'<img src="{AT}/a.png">', id="counts visitors"),
        pytest.param('<p>a</p><img src="a,b.png" srcset="a,b.png 2x">',
                     f'<p>a</p><img src="{AT}/a,b.png" srcset="{AT}/a,b.png 2x">', id="comma"),
    ],
)  # fmt: skip
def test_the_address_that_works_is_used(body: str, expected: str) -> None:
    assert cleaned(body) == expected
    assert told(body) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            '<picture><source srcset="b.webp" type="image/webp"><img data-src="b.jpg"></picture>',
            f'<picture><source srcset="{AT}/b.webp" type="image/webp"><img src="{AT}/b.jpg">'
            "</picture>", id="lazy"),
        pytest.param(
            '<picture><source data-srcset="b.webp 1x"></picture>',
            f'<picture><source srcset="{AT}/b.webp 1x"><img src="{AT}/b.webp" alt=""></picture>',
            id="no img"),
        pytest.param(
            '<picture><source srcset="b.avif" type="image/avif">'
            '<source srcset="b.jpg" type="image/jpeg"><img alt="B"></picture>',
            f'<picture><source srcset="{AT}/b.avif" type="image/avif"><source '
            f'srcset="{AT}/b.jpg" type="image/jpeg"><img alt="B" src="{AT}/b.jpg"></picture>',
            id="what all can show"),
        pytest.param(
            '<picture><source srcset="cid:x"><img src="a.png"></picture>',
            f'<picture><img src="{AT}/a.png"></picture>', id="one usable"),
        pytest.param(
            '<p>a <picture><source srcset="cid:x"><img alt="B"></picture></p>', "<p>a B</p>",
            id="none usable"),
    ],
)  # fmt: skip
def test_there_is_no_picture_without_an_image(body: str, expected: str) -> None:
    assert cleaned(body) == expected


def test_a_picture_that_cannot_come_along_leaves_its_words() -> None:
    body = (
        '<p>a<img src="cid:1" alt="Chart">b</p><img src="file:///C:/x.jpg">'
        '<img src="blob:x" alt=" Photo "><a href="/r.pdf"><img src="data:image/png;base64,'
        + "A" * 400
        + '"></a><a href="/big.jpg"><img src="cid:2" alt="Bridge"></a>'
    )
    assert cleaned(body) == (
        '<p>a Chart b</p>Photo<a href="https://e.org/r.pdf">r.pdf</a>'
        '<a href="https://e.org/big.jpg">Bridge</a>'
    )
    assert told(body) == [
        "a picture could not be kept; its alt text replaces it: cid:1, “Chart”",
        "a picture could not be kept; its alt text replaces it: blob:x, “Photo”",
        "a picture could not be kept; its alt text replaces it: cid:2, “Bridge”",
        "a picture could not be kept, and it has no alt text: file:///C:/x.jpg",
        "a picture could not be kept, and it has no alt text: data:image/png",
    ]


def test_what_keeps_a_distance_goes_without_a_word() -> None:
    body = f'<p>a</p><img src="{GIF}"><img src="{GIF}" alt="">'
    assert cleaned(body) == "<p>a</p>"
    assert told(body) == []


def test_no_link_is_left_without_anything_to_click_on() -> None:
    assert cleaned('<p>a<a href="/x"></a><a href="/y"> <br></a></p>') == "<p>a <br></p>"
    assert cleaned("<p>a<a>b</a></p>") == "<p>a<a>b</a></p>"
