"""Links made of addresses in plain text; docs/releases-in.md, "Bodies"."""

import time

import pytest

from feeds.ingest.paragraphs import linked


def link(shown: str, address: str | None = None) -> str:
    return f'<a href="{address or shown}">{shown}</a>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("More at https://example.org/a.", f"More at {link('https://example.org/a')}."),
        ("(see https://example.org/a_(b)).", f"(see {link('https://example.org/a_(b)')})."),
        ("[https://example.org]", f"[{link('https://example.org')}]"),
        ("<https://example.org/a>", f"&lt;{link('https://example.org/a')}&gt;"),
        ('"https://example.org/a"', f'"{link("https://example.org/a")}"'),
        ("“https://example.org/a”", f"“{link('https://example.org/a')}”"),
        ("https://example.org/a’s page", f"{link('https://example.org/a')}’s page"),
        ("https://example.org/a…", f"{link('https://example.org/a')}…"),
        ("https://example.org/?a=1&b=2#c!?",
         f"{link('https://example.org/?a=1&amp;b=2#c')}!?"),
        ("www.example.org, or so", f"{link('www.example.org', 'https://www.example.org')}, or so"),
        ("HTTP://example.org", link("HTTP://example.org")),
        ("https://straße.example/ä—und",
         f"{link('https://straße.example/ä', 'https://xn--strae-oqa.example/%C3%A4')}—und"),
        ("詳細はhttps://example.jp/news/1をご覧ください。",
         f"詳細は{link('https://example.jp/news/1')}をご覧ください。"),
        ("见https://example.cn/新闻，谢谢",
         f"见{link('https://example.cn/新闻', 'https://example.cn/%E6%96%B0%E9%97%BB')}，谢谢"),
        ("（www.example.jp）", f"（{link('www.example.jp', 'https://www.example.jp')}）"),
        ("«https://example.org»", f"«{link('https://example.org')}»"),
        ("انظر https://example.org، شكرا", f"انظر {link('https://example.org')}، شكرا"),
        ("Write to press@example.org.",
         f"Write to {link('press@example.org', 'mailto:press@example.org')}."),
        ("mailto:a.b+c@example.org",
         f"mailto:{link('a.b+c@example.org', 'mailto:a.b+c@example.org')}"),
        ("連絡先info@example.jpまで",
         f"連絡先{link('info@example.jp', 'mailto:info@example.jp')}まで"),
        ("https://example.org/100% of it",
         f"{link('https://example.org/100%', 'https://example.org/100%25')} of it"),
    ],
)  # fmt: skip
def test_an_address_is_a_link(text: str, expected: str) -> None:
    assert linked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "xhttps://example.org",
        "foo.www.example.org",
        "javascript:alert(1)",
        "javascript:www.example.org",
        "ftp://example.org",
        "data:text/html,x",
        "https://",
        "www.",
        "https://example.org:99999/",
        "http://256.1.1.1/",
        "a@b",
        "@example.org",
        "p. 5@home",
        "2006.Next",
    ],
)
def test_what_is_none_stays_text(text: str) -> None:
    assert linked(text) == text


def test_it_is_escaped() -> None:
    assert linked("<b> & \"c\" 'd'") == "&lt;b&gt; &amp; \"c\" 'd'"
    assert linked("https://example.org/'onx='1") == link(
        "https://example.org/'onx='1", "https://example.org/&#x27;onx=&#x27;1"
    )


def test_a_hundred_thousand_characters_take_no_time() -> None:
    pieces = ("http://a", "a@", "www.", "https://a(", "a.b.", "a@a.", "x", ")", "https://")
    started = time.process_time()
    for piece in pieces:
        linked(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 5
