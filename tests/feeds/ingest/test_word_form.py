"""Word documents: what is hidden or deleted does not come out, and no meaning is lost."""

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from feeds.ingest.fields import SourceRecord
from feeds.ingest.reading import parser_for
from feeds.ingest.streams import peekable
from tests.feeds.ingest.intake import RULES, accepted, refused, retraction
from tests.feeds.ingest.word_files import PNG, drawing, field, p, r, style, word

RAISED = '<w:vertAlign w:val="superscript"/>'
HIDDEN = "<w:vanish/>"
HELD = '<w:rPr><w:del w:id="9" w:author="A"/></w:rPr>'


def deleted(content: str) -> str:
    return f'<w:del w:id="1" w:author="A">{content}</w:del>'


def tbl(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/>{''.join(rows)}</w:tbl>"


def tr(*cells: str, settings: str = "") -> str:
    return f"<w:tr><w:trPr>{settings}</w:trPr>{''.join(cells)}</w:tr>"


def tc(text: str, settings: str = "") -> str:
    return f"<w:tc><w:tcPr>{settings}</w:tcPr>{p(text)}</w:tc>"


def sdt(content: str, settings: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{settings}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def box(text: str) -> str:
    inside = f"<w:txbxContent>{p(text)}</w:txbxContent>"
    return (
        "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:anchor>"
        f"<wp:docPr id='1' name='Box'/><wps:txbx>{inside}</wps:txbx></wp:anchor></w:drawing>"
        f"</mc:Choice><mc:Fallback><w:pict><v:textbox>{inside}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )


def math(*content: str) -> str:
    return f"<m:oMath>{''.join(content)}</m:oMath>"


def mr(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


STYLES = (
    style("Hoch", "Raised", f"<w:rPr>{RAISED}</w:rPr>", kind="character")
    + style("Weg", "Struck", "<w:rPr><w:strike/></w:rPr>", kind="character")
    + style("Geheim", "Secret", f"<w:rPr>{HIDDEN}</w:rPr>")
    + style("Geheimer", "More secret", '<w:basedOn w:val="Geheim"/>')
    + style("Zeichen", "Hidden letters", f"<w:rPr>{HIDDEN}</w:rPr>", kind="character")
    + style("Rechts", "From the right", "<w:pPr><w:bidi/></w:pPr>")
    + style("Stufe", "Level", "<w:pPr><w:outlineLvl w:val='1'/></w:pPr>")
)

#: What is written, what comes out, and what is told.
CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # Tracked changes (W1).
    "deleted and inserted": (
        p(
            r("old ")
            + deleted("<w:r><w:delText>gone</w:delText></w:r>")
            + f'<w:ins w:id="2">{r("new")}</w:ins>'
        ),
        "<p>old new</p>",
        ("2 tracked changes",),
    ),
    "inserted, then deleted": (
        p(r("a") + f'<w:ins w:id="2">{deleted("<w:r><w:delText>b</w:delText></w:r>")}</w:ins>'),
        "<p>a</p>",
        ("2 tracked changes",),
    ),
    "moved": (
        p(f'<w:moveFrom w:id="1">{r("source")}</w:moveFrom>' + r("stays"))
        + p(f'<w:moveTo w:id="1">{r("target")}</w:moveTo>'),
        "<p>stays</p><p>target</p>",
        ("tracked",),
    ),
    "a deleted end of a paragraph": (
        p("one, ", settings=HELD) + p("two"),
        "<p>one, two</p>",
        ("1 tracked",),
    ),
    "a deleted row": (
        tbl(tr(tc("a")), tr(tc("gone"), settings='<w:del w:id="3"/>')),
        "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>",
        ("1 tracked",),
    ),
    "a deleted cell": (
        tbl(tr(tc("a"), tc("gone", '<w:cellDel w:id="3"/>'))),
        "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>",
        ("1 tracked",),
    ),
    "a deletion with a picture, a box and a formula in it": (
        p(
            r("a")
            + deleted(drawing("i", "secret") + box("secret") + r("secret") + math(mr("secret")))
        ),
        "<p>a</p>",
        ("1 tracked",),
    ),
    "a deletion in a formula": (
        p(math(mr("a"), '<w:del w:id="1"><m:r><m:t>+b</m:t></m:r></w:del>')),
        "<p>a</p>",
        (),
    ),
    # Hidden text (W2).
    "hidden by the run, by a style, by a style's base, by a run's style": (
        p(r("a") + r("secret", HIDDEN) + r("b") + r("secret", "<w:rStyle w:val='Zeichen'/>"))
        + p("secret", style="Geheim")
        + p(r("secret") + r("shown", '<w:vanish w:val="0"/>'), style="Geheimer"),
        "<p>ab</p><p>shown</p>",
        ("4 hidden passages",),
    ),
    "hidden twice is shown (17.7.3)": (
        p(r("shown", "<w:rStyle w:val='Zeichen'/>"), style="Geheim"),
        "<p>shown</p>",
        (),
    ),
    "a hidden row": (
        tbl(tr(tc("a")), tr(tc("x"), settings="<w:hidden/>")),
        "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>",
        ("1 hidden passage",),
    ),
    # Raised and struck letters (W4).
    "raised directly, by a style, by position; lowered": (
        p(
            r("10")
            + r("6", RAISED)
            + r(" 10")
            + r("7", "<w:rStyle w:val='Hoch'/>")
            + r(" 10")
            + r("8", '<w:position w:val="6"/>')
            + r(" H")
            + r("2", '<w:vertAlign w:val="subscript"/>')
        ),
        "<p>10<sup>6</sup> 10<sup>7</sup> 10<sup>8</sup> H<sub>2</sub></p>",
        (),
    ),
    "struck in three ways": (
        p(
            r("a", "<w:strike/>")
            + r("b", "<w:dstrike/>")
            + r("c", "<w:rStyle w:val='Weg'/>")
            + r("d")
        ),
        "<p><s>abc</s>d</p>",
        (),
    ),
    "split runs, bold, underlined; smart tags and directions": (
        p(
            r("Bu")
            + r("dget ")
            + r("b", "<w:b/>")
            + r("u", '<w:u w:val="single"/>')
            + f"<w:smartTag>{r('s')}</w:smartTag><w:dir w:val='rtl'>{r('d')}</w:dir>"
        ),
        "<p>Budget <strong>b</strong><u>u</u>sd</p>",
        (),
    ),
    # Text boxes (W5).
    "a text box, once and after its paragraph": (
        p(r("be") + box("in the box") + r("fore")),
        "<p>before</p><p>in the box</p>",
        (),
    ),
    # Fields (W6, X2).
    "fields": (
        p(field("PAGE", r("7")) + f'<w:fldSimple w:instr="AUTHOR">{r("Doe")}</w:fldSimple>')
        + p(
            field(f' IF {"".join(field("MERGEFIELD sum", r("900")))} > 5 "BIG" "SMALL" ', r("BIG"))
        ),
        "<p>7Doe</p><p>BIG</p>",
        (),
    ),
    "links by fields": (
        p(
            field('HYPERLINK "https://a.example/a" \\o "Tip text" \\t "_blank"', r("one"))
            + r(" ")
            + field('hyperlink https://b.example/ \\l "part"', r("two"))
            + r(" ")
            + f"<w:fldSimple w:instr='HYPERLINK \"https://c.example/\"'>{r('three')}</w:fldSimple>"
        ),
        (
            '<p><a href="https://a.example/a">one</a> <a href="https://b.example/#part">two</a> '
            '<a href="https://c.example/">three</a></p>'
        ),
        (),
    ),
    "a formula in a field's code": (p(r("a") + field("EQ \\f(1,2)", "")), "<p>a</p>", ("1 field",)),
    # Characters (W8).
    "symbols, hyphens, tabs and breaks": (
        p(
            '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/><w:t>a</w:t>'
            "<w:noBreakHyphen/><w:t>b</w:t>"
            '<w:cr/><w:t>c</w:t><w:br w:type="page"/><w:t>d</w:t><w:ptab/><w:t>e</w:t></w:r>'
        ),
        "<p>✓a\u2011b<br>c d\te</p>",
        (),
    ),
    # Tables (W9).
    "merged cells, a header, cells that begin later": (
        tbl(
            tr(tc("A"), tc("B"), settings="<w:tblHeader/>"),
            tr(tc("wide", '<w:gridSpan w:val="2"/>')),
            tr(tc("tall", '<w:vMerge w:val="restart"/>'), tc("1")),
            tr(tc("", "<w:vMerge/>"), tc("2")),
            tr(tc("late"), settings='<w:gridBefore w:val="1"/>'),
        ),
        (
            "<table><thead><tr><th><p>A</p></th><th><p>B</p></th></tr></thead><tbody>"
            '<tr><td colspan="2"><p>wide</p></td></tr>'
            '<tr><td rowspan="2"><p>tall</p></td><td><p>1</p></td></tr><tr><td><p>2</p></td></tr>'
            "<tr><td></td><td><p>late</p></td></tr></tbody></table>"
        ),
        (),
    ),
    # Direction (W10).
    "from right to left, directly and by a style": (
        p("שלום", settings="<w:bidi/>") + p("مرحبا", style="Rechts"),
        '<p dir="rtl">שלום</p><p dir="rtl">مرحبا</p>',
        (),
    ),
    # Formulas (W12).
    "formulas": (
        p(
            r("E = ")
            + math(mr("m"), f"<m:sSup><m:e>{mr('c')}</m:e><m:sup>{mr('2')}</m:sup></m:sSup>")
            + r(", ")
            + math(f"<m:f><m:num>{mr('1')}</m:num><m:den>{mr('n')}</m:den></m:f>")
            + r(", ")
            + math(f"<m:rad><m:deg/><m:e>{mr('x')}</m:e></m:rad>")
        ),
        "<p>E = mc<sup>2</sup>, 1/n, √x</p>",
        (),
    ),
    # Content controls (W14).
    "content controls": (
        p(
            r("a ")
            + sdt(r("Click or tap here to enter text."), "<w:showingPlcHdr/>")
            + sdt(r("value"))
        )
        + sdt(p("whole"))
        + p(sdt(r("☒"))),
        "<p>a value</p><p>whole</p><p>☒</p>",
        ("1 placeholder that nobody filled in",),
    ),
    # W15, Y1, X4
    "custom XML, readings, a drop cap": (
        p(
            f"<w:customXml>{r('x')}</w:customXml>"
            f"<w:r><w:ruby><w:rt>{r('かん')}</w:rt><w:rubyBase>{r('漢')}</w:rubyBase></w:ruby></w:r>"
        )
        + p("O", settings='<w:framePr w:dropCap="drop"/>')
        + p("nce"),
        "<p>x<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby></p><p>Once</p>",
        (),
    ),
    "pictures in words: a chart, VML, an object; decorative, hidden": (
        p(
            '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="C" descr="Costs fall"/><a:graphic>'
            '<a:graphicData><c:chart r:id="c"/></a:graphicData></a:graphic></wp:inline>'
            "</w:drawing></w:r>"
        )
        + p('<w:r><w:pict><v:shape alt="A map"><v:imagedata r:id="i"/></v:shape></w:pict></w:r>')
        + p(r("x") + drawing("i", "line", more='<adec:decorative val="1"/>')),
        "<p>[Costs fall]</p><p>A map</p><p>x</p>",
        ("a chart or drawing", "the picture image1.png ('A map')"),
    ),
    "a linked picture": (
        p(drawing("x", "A bridge", kind="link")),
        '<p><img src="https://example.org/b.jpg" alt="A bridge"></p>',
        (),
    ),
    "white letters are kept, and told": (
        p(r("white", '<w:color w:val="FFFFFF"/>')),
        "<p>white</p>",
        (),
    ),
    "headings and levels": (
        p("Part", style="berschrift1") + p("Section", style="Stufe") + p("x"),
        "<h1>Part</h1><h2>Section</h2><p>x</p>",
        (),
    ),
}
RELATIONS = {
    "i": ("image", "media/image1.png"),
    "x": ("image", "https://example.org/b.jpg"),
}


def take(body: str, **more: Any) -> Any:
    parts = {"word/media/image1.png": PNG, **more.pop("parts", {})}
    relations = {**RELATIONS, **more.pop("relations", {})}
    data = word(body, styles=STYLES, relations=relations, parts=parts, **more)
    return accepted(data, "budget.docx")


def test_what_is_meant_comes_out_and_what_is_hidden_does_not() -> None:
    wrong = []
    for name, (body, expected, told) in CASES.items():
        draft = take(body)
        left_out = " / ".join(draft.left_out)
        if draft.content.body != expected or not all(each in left_out for each in told):
            wrong.append((name, draft.content.body, left_out))
        if not told and draft.left_out:
            wrong.append((name, "tells", left_out))
        assert draft.content.title == "Budget"
    assert wrong == []


def test_numbers_are_those_that_word_shows() -> None:
    """W7, X5: levels, starts, overrides, styles, a list that is switched off."""

    def level(number: int, form: str, text: str, start: int = 1) -> str:
        return (
            f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
            f'<w:lvlText w:val="{text}"/></w:lvl>'
        )

    numbering = (
        f'<w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.", 3)}'
        f"{level(1, 'lowerLetter', '(%2)')}</w:abstractNum>"
        f'<w:abstractNum w:abstractNumId="1">{level(0, "decimal", "Article %1")}</w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="2">{level(0, "bullet", "•")}'
        f"{level(1, 'upperRoman', '%2.')}"
        "</w:abstractNum>"
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num>'
        '<w:num w:numId="4"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0">'
        '<w:startOverride w:val="7"/></w:lvlOverride></w:num>'
    )

    def item(text: str, number: int, at: int = 0) -> str:
        ilvl = f'<w:ilvl w:val="{at}"/>'
        return p(text, settings=f'<w:numPr>{ilvl}<w:numId w:val="{number}"/></w:numPr>')

    by_style = style("Artikel", "Article", '<w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr>')
    body = (
        item("three", 1) + item("a", 1, 1) + item("b", 1, 1) + p("between") + item("four", 1)
        + item("seven", 4) + item("off", 0) + item("first", 2) + p("second", style="Artikel")
        + item("dot", 3) + item("one", 3, 1) + item("two", 3, 1) + item("dot", 3)
    )  # fmt: skip
    data = word(
        body,
        styles=by_style,
        relations={"n": ("numbering", "numbering.xml")},
        parts={"word/numbering.xml": numbering},
    )
    assert accepted(data, "a.docx").content.body == (
        '<ol start="3"><li>three</li></ol><p>(a) a</p><p>(b) b</p><p>between</p>'
        '<ol start="4"><li>four</li><li value="7">seven</li></ol><p>off</p>'
        "<p>Article 1 first</p><p>Article 2 second</p>"
        '<ul><li>dot<ol type="I"><li>one</li><li>two</li></ol></li><li>dot</li></ul>'
    )


def test_notes_come_at_the_end_and_comments_headers_and_footers_do_not() -> None:
    """W3, W13: and an embargo that only the header states counts."""
    note = (
        f'<w:footnote w:id="2">{p(r("A ") + deleted(r("secret")) + r("note."))}</w:footnote>'
        f'<w:footnote w:id="3">{p("Never referred to.")}</w:footnote>'
    )
    data = word(
        p(r("Text") + '<w:r><w:footnoteReference w:id="2"/></w:r>')
        + p(
            '<w:commentRangeStart w:id="1"/>' + r("b") + '<w:r><w:commentReference w:id="1"/></w:r>'
        ),
        relations={
            "f": ("footnotes", "footnotes.xml"),
            "c": ("comments", "comments.xml"),
            "h": ("header", "header1.xml"),
        },
        parts={
            "word/footnotes.xml": note,
            "word/comments.xml": f'<w:comment w:id="1" w:author="A">{p("Really?")}</w:comment>',
            "word/header1.xml": p("City of Bern") + p("EMBARGOED UNTIL 1 December 2030, 09:00 UTC"),
        },
    )
    draft = accepted(data, "budget.docx")
    body = draft.content.body
    assert body.startswith('<p>Text<sup><a href="#n')
    assert '">[1]</a></sup></p><p>b</p><ol><li id="n' in body
    assert body.endswith("<p>A note.</p></li></ol>")
    assert draft.embargoed_until == datetime(2030, 12, 1, 9, tzinfo=UTC)
    assert draft.left_out == (
        "1 tracked change: what was deleted; what was inserted stays",
        "1 comment",
        "headers and footers ('City of Bern EMBARGOED UNTIL 1 December 2030, 09:00 UTC')",
    )


def test_pictures_are_yielded_with_their_bytes() -> None:
    data = word(
        p(drawing("i", "A bridge")),
        relations=RELATIONS,
        parts={"word/media/image1.png": PNG},
    )
    stream = peekable(BytesIO(data))
    [record] = parser_for("a.docx", stream).parse(stream, RULES)
    assert isinstance(record, SourceRecord)
    [picture] = record.pictures
    assert (picture.name, picture.media_type, picture.alt) == (
        "image1.png",
        "image/png",
        "A bridge",
    )
    assert picture.data == PNG
    assert record.fields["body"] == '<p><img src="cid:image1.png" alt="A bridge"></p>'


def test_the_head_block_the_title_and_the_strict_form() -> None:
    head = p("Embargo: 2030-05-21T17:00:00Z") + p("Category: Finance") + p("Press release")
    data = word(head + p("It grows."), is_strict=True)
    data = _without_title(data)
    draft = accepted(data, "a.docx")
    assert (draft.content.title, draft.content.body) == ("It grows.", "<p>Second.</p>")
    assert draft.content.category_names == ("Finance",)
    assert draft.embargoed_until == datetime(2030, 5, 21, 17, tzinfo=UTC)
    assert draft.left_out == ("the line 'Press release' above the title",)
    assert draft.source_key == "file:a.docx"
    gone = word(p("Retract: budget.docx") + p("Reason: It was wrong."))
    assert retraction(_without_title(gone), "r.docx").name == "budget.docx"
    assert accepted(data, "-").content.title == "It grows."


def _without_title(data: bytes) -> bytes:
    """Returns the document without its first paragraph, and with one more at the end."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "word/document.xml":
                text = text.replace(p("Budget", style="Titel"), "")
                text = text.replace("</w:body>", f"{p('Second.')}</w:body>")
            new.writestr(name, text)
    return packed.getvalue()


def _elsewhere(data: bytes) -> bytes:
    """Returns the document with a directory that is said to begin behind the file's end."""
    end = data.rindex(b"PK\x05\x06") + 16
    return data[:end] + (2**31).to_bytes(4, "little") + data[end + 4 :]


@pytest.mark.parametrize(
    ("data", "reason", "remedy"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "Word 97 to 2003", ".docx"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
            "password",
        ),
        (b"{\\rtf1 x}", "RTF", ".docx"),
        (b"%PDF-1.7", "another kind", ".docx"),
        (b"PK\x03\x04 cut off", "damaged", ".docx"),
        (_elsewhere(word("")), "damaged", ".docx"),
        (word('<w:altChunk r:id="a"/>'), "includes another document (altChunk)", "save it again"),
        (word(p(field("PAGE", r("1"))[:-50] + "")), "damaged", ".docx"),
        (
            word(p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' + r("lost"))),
            "a field that does not end",
            "remove the field",
        ),
        (
            word(
                "",
                parts={
                    "word/styles.xml": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'
                },
            ),
            "not the XML of a Word document",
            ".docx",
        ),
        (
            word("", parts={"word/styles.xml": f'<?xml version="1.0"?><a>{" " * 9_000_000}</a>'}),
            "part of 9",
            "smaller",
        ),
        (word("<w:sdt><w:sdtContent>" * 90 + "</w:sdtContent></w:sdt>" * 90), "150 deep", "tables"),
        (word("", parts={f"word/a{n}.xml": "" for n in range(3001)}), "parts", "smaller"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_whole_is_refused(data: bytes, reason: str, remedy: str) -> None:
    refusal = refused(data, "budget.docx")
    assert reason in refusal.reason
    assert remedy in refusal.remedy


def test_a_document_too_large_or_with_tracked_changes_is_refused_where_the_rules_say_so() -> None:
    small = replace(RULES, max_file_bytes=1000)
    settled = replace(RULES, has_tracked_changes=False)
    refusal = refused(word(p(r("a") + deleted(r("b")))), "a.docx", settled)
    assert refusal.reason == "the document has tracked changes (1)"
    assert accepted(word(p("a")), "a.docx", settled).content.title == "Budget"
    assert (
        refused(word(p("x" * 5)), "a.docx", small).reason == "the document has more than 1000 bytes"
    )
