"""What it costs that a Word document is read safely: ours over mammoth alone on the same file.

Ours is everything from the bytes to the draft: limits, the pass over the XML, mammoth, the title,
the cleaning of the HTML, the summary. The file has what Word writes into twenty pages: runs with
fonts and languages, revision marks, headings, lists, tables, links and footnotes.
"""

import zipfile
from collections.abc import Iterator
from html import escape
from io import BytesIO

import mammoth

from bench.figure import Figure, Unmeasurable, tell
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import RULES
from feeds.ingest import read_documents
from feeds.model.release import Draft

PAGES = 20
PARAGRAPHS_A_PAGE = 6
ROUNDS = 5
_BASE = "http://schemas.openxmlformats.org"
_W = f'xmlns:w="{_BASE}/wordprocessingml/2006/main"'
_R = f'xmlns:r="{_BASE}/officeDocument/2006/relationships"'
_SENTENCE = (
    "The government has decided on the budget, which grows by two percent to 12,4 billion, and has "
    "asked the departments to report by the end of March on what they have done."
)
_LOOK = (
    '<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/>{}<w:sz w:val="22"/>'
    '<w:szCs w:val="22"/><w:lang w:val="en-GB"/>'
)


def _run(text: str, more: str = "") -> str:
    settings = _LOOK.format(more)
    return (
        f'<w:r w:rsidRPr="00A77B3E"><w:rPr>{settings}</w:rPr>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    )


def _paragraph(content: str, settings: str = "") -> str:
    return (
        f'<w:p w:rsidR="00A77B3E" w:rsidRDefault="00000000"><w:pPr>{settings}'
        f'<w:spacing w:after="120"/></w:pPr>{content}<w:proofErr w:type="spellEnd"/></w:p>'
    )


def _text(number: int) -> str:
    """A paragraph in pieces, as Word cuts it where somebody typed again."""
    half = len(_SENTENCE) // 2
    pieces = _run(_SENTENCE[:half]) + _run(_SENTENCE[half:]) + _run(" CO", "<w:b/>")
    pieces += _run("2", '<w:vertAlign w:val="subscript"/>') + _run(f" in {2000 + number}. ")
    pieces += _run(_SENTENCE) + '<w:bookmarkStart w:id="1" w:name="_Toc1"/>'
    return pieces + '<w:hyperlink r:id="h">' + _run("See the report", "<w:u/>") + "</w:hyperlink>"


def _page(number: int, paragraphs: int) -> Iterator[str]:
    yield _paragraph(_run(f"Chapter {number}"), '<w:pStyle w:val="Heading2"/>')
    for each in range(paragraphs):
        note = f'<w:r><w:footnoteReference w:id="{number + 1}"/></w:r>' if not each else ""
        yield _paragraph(_text(each) + note)
    for _ in range(4):
        item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
        yield _paragraph(_run(_SENTENCE), item)
    cell = f"<w:tc><w:tcPr><w:tcW w:w='2000'/></w:tcPr>{_paragraph(_run('12,4 billion'))}</w:tc>"
    yield f"<w:tbl><w:tblPr/>{f'<w:tr>{cell * 4}</w:tr>' * 5}</w:tbl>"


def document(pages: int) -> bytes:
    """A Word document of about so many pages."""
    body = "".join(part for n in range(pages) for part in _page(n, PARAGRAPHS_A_PAGE))
    title = _paragraph(_run("The budget"), '<w:pStyle w:val="Title"/>')
    notes = "".join(
        f'<w:footnote w:id="{n + 1}">{_paragraph(_run(_SENTENCE))}</w:footnote>'
        for n in range(pages)
    )
    level = '<w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    kinds = ("styles", "numbering", "footnotes")
    office = f"{_BASE}/officeDocument/2006/relationships"
    styles = "".join(map(_style, ("Title", "heading 2")))
    relations = "".join(
        f'<Relationship Id="{kind}" Type="{office}/{kind}" Target="{kind}.xml"/>' for kind in kinds
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_BASE}/package/2006/content-types"/>',
        "word/document.xml": f"<w:document {_W} {_R}><w:body>{title}{body}</w:body></w:document>",
        "word/footnotes.xml": f"<w:footnotes {_W}>{notes}</w:footnotes>",
        "word/styles.xml": f"<w:styles {_W}>{styles}</w:styles>",
        "word/numbering.xml": f'<w:numbering {_W}><w:abstractNum w:abstractNumId="0">{level}'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
        "word/_rels/document.xml.rels": "<Relationships "
        f'xmlns="{_BASE}/package/2006/relationships">'
        f'{relations}<Relationship Id="h" Type="{office}/hyperlink" '
        'Target="https://example.org/report" TargetMode="External"/></Relationships>',
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in parts.items():
            written.writestr(name, content)
    return packed.getvalue()


def _style(name: str) -> str:
    style_id = name.title().replace(" ", "")
    return f'<w:style w:type="paragraph" w:styleId="{style_id}"><w:name w:val="{name}"/></w:style>'


def measure(scale: float) -> float:
    """Ours over mammoth's."""
    data = document(max(1, round(PAGES * min(1, scale))))

    def ours() -> None:
        [draft] = read_documents(BytesIO(data), document="a.docx", rules=RULES)
        if not isinstance(draft, Draft):
            raise Unmeasurable(f"expected a draft, got {draft}")

    turns = {
        "mammoth": lambda: timed_ms(lambda: mammoth.convert_to_html(BytesIO(data))),
        "ours": lambda: timed_ms(ours),
    }
    medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    tell(
        f"a Word document of {PAGES} pages to a draft: {medians['ours']:.0f} ms, "
        f"to HTML by mammoth alone {medians['mammoth']:.0f} ms"
    )
    return medians.over("ours", "mammoth")


FIGURE = Figure(name="word", bound=2, measure=measure)
