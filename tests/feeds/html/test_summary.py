"""Summaries derived from running text."""

from time import process_time

import pytest

from feeds.html.summary import shortened, summary_of, was_made_of
from feeds.html.tree import parse

LONG = "A paragraph that is long enough to tell what the release is about, in a few words."
OTHER = "Another text which is also as long as a paragraph has to be, but it is not the one."
CJK = "政府は新しい橋を開通させたと月曜日に発表した。工事は三年かかった。"


def summary(html: str, language: str = "en", max_chars: int = 300) -> str:
    """Returns the summary of *html*."""
    return summary_of(parse(html), language=language, max_chars=max_chars)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(f"<h1>T</h1><p>{LONG}</p>", LONG, id="first paragraph"),
        pytest.param(f"<p>FOR IMMEDIATE RELEASE</p><p>{LONG}</p>", LONG, id="telling one"),
        pytest.param("<p>a</p><p>b</p>", "a", id="only short ones"),
        pytest.param("<ul><li>a</li><li>b</li></ul>", "a b", id="no paragraph"),
        pytest.param(f'<p lang="en">AT&amp;T<br>{LONG}<b>!</b></p>', f"AT&T {LONG}!", id="text"),
        pytest.param('<img src="https://e.org/a">', "", id="no words"),
        pytest.param('<p><img src="https://e.org/a" alt="A map"></p>', "A map", id="a picture"),
        pytest.param(f'<p><img src="x" alt="Logo">{LONG}</p>', LONG, id="a picture beside"),
        pytest.param(f"<div>{LONG}</div><p>{OTHER}</p>", LONG, id="text in a div"),
        pytest.param(f"{LONG}<p>{OTHER}</p>", LONG, id="text in no element"),
        pytest.param(f"<b>{LONG}</b><br><br>{OTHER}", LONG, id="paragraphs made of line breaks"),
        pytest.param(
            f"<p>FOR IMMEDIATE RELEASE<br>Contact: Jane Example, +41 31 000 00 00<br>{LONG}</p>",
            LONG,
            id="lines that only say what it is",
        ),
        pytest.param(
            "<div>The office opened the</div><div>new crossing on Monday, after</div>"
            "<div>three years of work.</div>",
            "The office opened the new crossing on Monday, after three years of work.",
            id="a hard-wrapped mail",
        ),
        pytest.param(f"<p>Press release: {LONG}</p>", LONG, id="a label on the same line"),
        pytest.param(f"<p>BERN, 2 May – {LONG}</p>", f"BERN, 2 May – {LONG}", id="dateline"),
        pytest.param(f"<p>By 2030, {LONG}</p>", f"By 2030, {LONG}", id="no byline"),
        pytest.param(
            f'<p>{LONG}<a href="#n1"><sup>[1]</sup></a></p>', LONG, id="without marks of notes"
        ),
        pytest.param("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b 1 | 2", id="a table"),
        pytest.param(
            f"<table><tr><td><p>{LONG}</p></td></tr></table><p>{OTHER}</p>", LONG, id="a layout"
        ),
    ],
)
def test_a_summary_is_the_first_telling_paragraph(html: str, expected: str) -> None:
    assert summary(html) == expected


@pytest.mark.parametrize(
    "name", ["figure", "aside", "header", "footer", "nav", "blockquote", "address", "h2", "ul"]
)
def test_what_stands_outside_of_the_text_is_passed_over(name: str) -> None:
    outside = f"<{name}><p>{OTHER}</p></{name}>"
    assert summary(f"{outside}<p>{LONG}</p>") == LONG
    assert OTHER in summary(outside)


def test_a_caption_is_no_summary() -> None:
    html = (
        '<figure><img src="a.jpg" alt=""><figcaption><p>The minister at the opening of the new '
        "crossing. Photo: Example Agency / Jane Example, all rights reserved</p></figcaption>"
        f"</figure><table><caption>{OTHER}</caption><tr><th>{OTHER}<th>a</table><p>{LONG}</p>"
    )
    assert summary(html) == LONG


def test_a_quotation_that_is_all_there_is_has_its_marks() -> None:
    assert summary(f"<blockquote>{LONG}</blockquote>") == f"“{LONG}”"
    assert summary(f"<p>Statement:</p><blockquote>{LONG}</blockquote>", "de") == f"„{LONG}“"
    assert summary(f"<blockquote>“{LONG}”</blockquote>") == f"“{LONG}”"


@pytest.mark.parametrize(
    "line",
    [
        "FOR IMMEDIATE RELEASE – Monday, 2 November 2026 – No. 17-332 of the Example Office",
        "Press release of the Example Office of Bridges, Tunnels and Crossings, 2 November 2026",
        "News Release | Number 17-332 | Office of Public Affairs and Communication | May 2026",
        "EMBARGOED UNTIL 00.01 GMT ON MONDAY 2 NOVEMBER 2026 – NOT FOR PUBLICATION OR BROADCAST",
        "Embargoed until Monday 2 November 2026, 00:01 Greenwich Mean Time, in all of the media.",
        "Sperrfrist: Montag, 2. November 2026, 10.00 Uhr, auch für alle elektronischen Medien",
        "Medienmitteilung des Beispielamts für Brücken, Tunnel und Übergänge vom 2. November 2026",
        "Communiqué de presse de l’Office des ponts, tunnels et passages, le 2 novembre 2026",
        "Nota de prensa de la Oficina de puentes, túneles y pasos, a 2 de noviembre de 2026",
        "Пресс-релиз Управления мостов, тоннелей и переходов, 2 ноября 2026 года, город Пример",
        "بيان صحفي صادر عن مكتب الجسور والأنفاق والمعابر في المدينة بتاريخ ٢ نوفمبر ٢٠٢٦",
        "新闻稿：桥梁隧道和通道办公室二〇二六年十一月二日发布",
        "Contact: Jane Example, Head of Communications, Office of Bridges, room 12, first floor",
        "Media contact: Jane Example, Head of Communications, Office of Bridges, Example street",
        "Kontakt: Jane Beispiel, Leiterin Kommunikation, Amt für Brücken, Beispielstrasse 1, Bern",
        "Jane Example, Head of Communications, +41 31 000 00 00, jane.example@office.example.org",
        "For more information, please contact the press office of the Office of Bridges in Bern.",
        "Pour plus d’informations, veuillez vous adresser au service de presse de l’Office, Berne",
        "Photo: Example Agency / Jane Example, all rights reserved, for editorial use only, 2026",
        "© 2026 Example Office of Bridges, Tunnels and Crossings. All rights reserved everywhere.",
        "By Jane Example, Head of Communications at the Office of Bridges, Tunnels and Crossings",
        "OFFICE OPENS THE NEW CROSSING AFTER THREE YEARS OF WORK, MINISTER SPEAKS AT THE CEREMONY",
    ],
)
def test_furniture_is_passed_over(line: str) -> None:
    assert summary(f"<p>{line}</p><p>{LONG}</p>") == LONG
    assert summary(f"<p>{line}</p>") == line, "but not lost where there is nothing else"


@pytest.mark.parametrize(
    "text",
    [
        "Press releases of public offices are read by fewer people than ten years ago, says Jane.",
        "Contacts between the two offices were resumed on Monday, after three years of silence.",
        "The embargo on goods from Example ends on Monday, the minister said in the parliament.",
        "Von den drei Brücken, die das Amt geprüft hat, ist eine gesperrt worden. Zwei sind offen.",
        "Photos of the new crossing were shown on Monday, after three years of work in the dark.",
        "More information is needed, said the minister, before the new crossing can be opened.",
        "منظمة عالمية مهمتها تعزيز نظم التمثيل من خلال دعم مستخدمي لغة البرمجة R في كل المدن",
        "The number of crossings rose from 1 200 000 to 1 300 000 in 2025, the office said today.",
    ],
)
def test_sentences_are_no_furniture(text: str) -> None:
    assert summary(f"<p>{text}</p><p>{OTHER}</p>") == text


def test_chinese_japanese_and_korean_say_more_in_fewer_characters() -> None:
    assert len(CJK) < 60
    assert summary(f"<p>東京</p><p>{CJK}</p><p>{CJK * 3}</p>", "ja") == CJK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three", "one two three"),
        ("one two three four", "one two…"),
        ("one two, three four", "one two…"),
        ("onetwothreefourfive", "onetwothreef…"),
        ("這是一個很長的句子沒有任何空格可以用來斷開", "這是一個很長的句子沒有任…"),
        ("onetwothreefoe\u0316\u0316\u0316urfive", "onetwothreef…"),
        ("กกกกกกกกกกกที่ใหม่แล้ว", "กกกกกกกกกกก…"),
        ("aaaaaaaaaaa👩\u200d🚒bbbb", "aaaaaaaaaaa…"),
    ],
)
def test_a_long_text_is_cut_at_a_word(text: str, expected: str) -> None:
    assert shortened(text, max_chars=13) == expected


def test_what_former_versions_made_of_a_body_is_known_again() -> None:
    body = parse(f"<p>x</p><p>{LONG} It is <q>10<sup>6</sup></q> <del>and</del> more.</p>")
    assert was_made_of(f"{LONG} It is 106 and more.", body)
    assert was_made_of("A paragraph that is long enough…", body)
    assert not was_made_of("long enough to tell", body)
    assert not was_made_of("A paragraph that is long enough", body)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<p>a" * 50_000, id="short paragraphs"),
        pytest.param("<p>" + "a" * 1_000_000 + "</p>", id="one long word"),
        pytest.param("<p>" + "0 " * 300_000 + "</p>", id="digits"),
        pytest.param("<p>for more " * 50_000, id="beginnings of a contact"),
        pytest.param("<br>" * 50_000, id="line breaks"),
    ],
)
def test_odd_input_costs_no_more_than_its_length(html: str) -> None:
    begun = process_time()
    assert len(summary(html)) <= 300
    assert process_time() - begun < 3


def test_no_white_space_is_left_at_its_ends() -> None:
    assert shortened("\u00a0A schedule.\u00a0\u00a0", max_chars=300) == "A schedule."
