"""The lines of a Word document: what is published of a paragraph, as runs for mammoth."""

import re
from collections.abc import Callable, Iterable
from html import escape
from xml.etree.ElementTree import Element

from feeds.ingest.word.context import (
    DELETED,
    MARKS,
    MC,
    WP,
    WRAPPERS,
    A,
    Context,
    R,
    V,
    chosen,
    link_of,
)
from feeds.ingest.word.formulas import M, mathml
from feeds.ingest.word.styles import Look, W

_DECORATIVE = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"


class Line:
    """The content of one paragraph."""

    def __init__(self, context: Context, style: str | None) -> None:
        self.after: list[Element] = []  #: text boxes, which come after the paragraph
        self.is_shown = False
        self._context = context
        self._style = style
        self._pieces: list[tuple[str, Look, str | None]] = []  #: text, look, link
        self._was_hidden = False
        self._link: str | None = None

    def read(self, container: Element) -> None:
        """Reads the runs in *container*."""
        for element in container:
            read = _IN_LINE.get(element.tag)
            if read is not None:
                read(self, element)
            elif element.tag in WRAPPERS:
                self._context.note_change(element)
                self.read(element)
            elif element.tag in DELETED:
                self._context.note_change(element)

    def control(self, element: Element) -> None:
        """Reads a content control."""
        if not self._context.is_placeholder(element):
            self.read(element)

    def alternate(self, element: Element) -> None:
        """Reads the branch that is shown."""
        self.read(chosen(element))

    def simple_field(self, element: Element) -> None:
        """Reads a field with its result."""
        outer = self._link
        self._link = link_of(element.get(f"{W}instr", "")) or outer
        self.read(element)
        self._link = outer

    def hyperlink(self, element: Element) -> None:
        """Reads a link."""
        outer = self._link
        relation = self._context.relation(element.get(f"{R}id"))
        target = relation.target if relation is not None and relation.is_external else ""
        anchor = element.get(f"{W}anchor")
        self._link = (f"{target}#{anchor}" if anchor and "#" not in target else target) or outer
        self.read(element)
        self._link = outer

    def bookmark(self, element: Element) -> None:
        """Keeps the target of a link."""
        name = element.get(f"{W}name", "")
        if name and not name.startswith("_GoBack"):
            self._raw(f'<w:bookmarkStart w:id="0" w:name="{escape(name)}"/>')

    def formula(self, element: Element) -> None:
        """Keeps a formula."""
        if not self._context.is_instruction:
            self._add(self._context.found.thing(mathml(element)), Look())

    def paragraph_formula(self, element: Element) -> None:
        """Keeps the formulas of a paragraph of formulas."""
        for each in element.findall(f"{M}oMath"):
            self.formula(each)

    def run(self, element: Element) -> None:
        """Reads a run, unless it is hidden."""
        look = self._context.look(element, self._style)
        if look.is_hidden:
            self._skip(element)
            return
        if any(child.tag not in _SILENT for child in element):
            self._was_hidden = False
        self._run_content(element, look)

    def _run_content(self, element: Element, look: Look) -> None:
        for child in element:
            tag = child.tag
            if tag == f"{W}fldChar":
                self._context.field_char(child.get(f"{W}fldCharType", ""))
            elif tag == f"{W}instrText":
                self._context.instruct(child.text or "")
            elif self._context.is_instruction:
                continue
            elif tag in (f"{W}t", f"{M}t"):
                self._add(MARKS.sub("", child.text or ""), look)
            elif tag == f"{MC}AlternateContent":
                self._run_content(chosen(child), look)
            elif (said := _CHARACTERS.get(tag)) is not None:
                self._add(said, look)
            elif (read := _IN_RUN.get(tag)) is not None:
                read(self, child)

    def _skip(self, element: Element) -> None:
        """Passes over a hidden run, but not over the marks of fields in it."""
        for child in element:
            if child.tag == f"{W}fldChar":
                self._context.field_char(child.get(f"{W}fldCharType", ""))
            elif child.tag == f"{W}instrText":
                self._context.instruct(child.text or "")
            elif child.tag not in _SILENT and not self._context.is_instruction:
                self._context.found.counts["hidden"] += not self._was_hidden
                self._was_hidden = True

    def line_break(self, element: Element) -> None:
        """Keeps a break of a line; one of a page is a space."""
        kind = element.get(f"{W}type", "textWrapping")
        if kind == "textWrapping":
            self._raw("<w:r><w:br/></w:r>")
        else:
            self._add(" ", Look())

    def symbol(self, element: Element) -> None:
        """Keeps a character of a symbol font."""
        font, code = element.get(f"{W}font", ""), element.get(f"{W}char", "")
        if re.fullmatch("[0-9A-Fa-f]{1,6}", code):
            self._raw(f'<w:r><w:sym w:font="{escape(font)}" w:char="{code.upper()}"/></w:r>')
            self.is_shown = True

    def note(self, element: Element) -> None:
        """Keeps the reference to a note."""
        kind, note_id = element.tag.removeprefix(W), element.get(f"{W}id", "")
        self._context.notes.append((kind.removesuffix("Reference"), note_id))
        self._raw(f'<w:r><w:{kind} w:id="{escape(note_id)}"/></w:r>')
        self.is_shown = True

    def ruby(self, element: Element) -> None:
        """Keeps a word with its reading."""
        base, reading = (
            "".join(
                escape(text.text or "", quote=False)
                for part in element.findall(W + name)
                for text in part.iter(f"{W}t")
            )
            for name in ("rubyBase", "rt")
        )
        ruby = f"<ruby>{base}<rp>(</rp><rt>{reading}</rt><rp>)</rp></ruby>"
        self._add(self._context.found.thing(MARKS.sub("", ruby)), Look())

    def drawing(self, element: Element) -> None:
        """Keeps pictures and text boxes, or what describes a drawing."""
        boxes = [*element.iter(f"{W}txbxContent")]
        self.after += _outermost(boxes)
        settings = element.find(f".//{WP}docPr")
        alt = _alt(settings)
        if settings is not None and settings.get("hidden") in ("1", "true"):
            self._context.found.counts["hidden"] += 1
            return
        decorative = element.find(f".//{_DECORATIVE}")
        is_decorative = decorative is not None and decorative.get("val") in ("1", "true")
        blips = [*element.iter(f"{A}blip")]
        for blip in blips:
            own = alt if len(blips) == 1 else ""
            named = blip.get(f"{R}embed") or blip.get(f"{R}link")
            self._add(self._context.picture(named, own, is_decorative=is_decorative), Look())
        if not blips and not boxes and alt and not is_decorative:
            self._unshown(alt)
        elif len(blips) > 1 and alt:
            self._add(f" {alt} ", Look())

    def vml(self, element: Element) -> None:
        """Keeps the same of the drawings of older versions, and of embedded objects."""
        boxes = [*element.iter(f"{W}txbxContent")]
        self.after += _outermost(boxes)
        for path in element.iter(f"{V}textpath"):
            self._add(path.get("string", ""), Look())
        alts = [alt for shape in element.iter() if (alt := shape.get("alt"))]
        alt = alts[0] if alts else ""
        images = [*element.iter(f"{V}imagedata")]
        for image in images:
            mark = self._context.picture(image.get(f"{R}id"), alt, is_decorative=False)
            self._add(mark, Look())
        if element.tag == f"{W}object":
            self._context.found.losses.append(
                "an embedded object, such as a sheet: only its picture"
            )
        elif not images and not boxes and alt:
            self._unshown(alt)

    def _unshown(self, alt: str) -> None:
        """Puts the description of a chart or a drawing in its place."""
        self._add(f"[{MARKS.sub('', alt)}]", Look())
        self._context.found.losses.append(
            f"a chart or drawing: only its description is kept, {alt!r}"
        )

    def _add(self, text: str, look: Look) -> None:
        if not text:
            return
        if look.is_white and text.strip():
            self._context.found.counts["white"] += 1
        self._context.speak()
        self.is_shown = self.is_shown or text.strip() != ""
        link = self._context.link or self._link
        if self._pieces and self._pieces[-1][1:] == (look, link):
            self._pieces[-1] = (self._pieces[-1][0] + text, look, link)
        else:
            self._pieces.append((text, look, link))

    def _raw(self, xml: str) -> None:
        self._pieces.append((f"{_RAW}{xml}", _RAW_LOOK, self._context.link or self._link))

    def xml(self) -> str:
        """Returns the line as runs."""
        return "".join(self._piece(*piece) for piece in self._pieces)

    def _piece(self, text: str, look: Look, link: str | None) -> str:
        xml = text.removeprefix(_RAW) if look is _RAW_LOOK else run_xml(text, look)
        if not link:
            return xml
        address, _, anchor = link.partition("#")
        if not address:
            return f'<w:hyperlink w:anchor="{escape(anchor)}">{xml}</w:hyperlink>'
        return f'<w:hyperlink r:id="{self._context.link_id(link)}">{xml}</w:hyperlink>'


_RAW = "\ufddf"
_RAW_LOOK = Look(raised="raw")
#: Content of a run that shows nothing.
_SILENT = frozenset(
    W + name
    for name in (
        "rPr", "lastRenderedPageBreak", "fldChar", "instrText", "annotationRef", "footnoteRef",
        "endnoteRef", "separator", "continuationSeparator", "commentReference", "delText",
        "delInstrText",
    )
)  # fmt: skip
_CHARACTERS = {
    f"{W}tab": "\t",
    f"{W}ptab": "\t",
    f"{W}noBreakHyphen": "\u2011",
    f"{W}softHyphen": "\u00ad",
}
_IN_RUN: dict[str, Callable[[Line, Element], None]] = {
    f"{W}br": Line.line_break,
    f"{W}cr": Line.line_break,
    f"{W}sym": Line.symbol,
    f"{W}footnoteReference": Line.note,
    f"{W}endnoteReference": Line.note,
    f"{W}ruby": Line.ruby,
    f"{W}drawing": Line.drawing,
    f"{W}pict": Line.vml,
    f"{W}object": Line.vml,
}
_IN_LINE: dict[str, Callable[[Line, Element], None]] = {
    f"{W}r": Line.run,
    f"{M}r": Line.run,
    f"{W}hyperlink": Line.hyperlink,
    f"{W}fldSimple": Line.simple_field,
    f"{W}sdt": Line.control,
    f"{W}bookmarkStart": Line.bookmark,
    f"{M}oMath": Line.formula,
    f"{M}oMathPara": Line.paragraph_formula,
    f"{MC}AlternateContent": Line.alternate,
}


def run_xml(text: str, look: Look) -> str:
    """Returns a run for mammoth."""
    switches = "".join(
        f"<w:{name}/>"
        for name, is_set in (
            ("b", look.is_bold),
            ("i", look.is_italic),
            ("strike", look.is_struck),
        )
        if is_set
    )
    if look.is_underlined:
        switches += '<w:u w:val="single"/>'
    if look.raised:
        switches += f'<w:vertAlign w:val="{look.raised}"/>'
    settings = f"<w:rPr>{switches}</w:rPr>" if switches else ""
    parts = "<w:tab/>".join(
        f'<w:t xml:space="preserve">{escape(part, quote=False)}</w:t>' if part else ""
        for part in text.split("\t")
    )
    return f"<w:r>{settings}{parts}</w:r>"


def _outermost(boxes: Iterable[Element]) -> list[Element]:
    """Returns text boxes without those that stand in another one, or in a second branch."""
    inner = {id(each) for box in boxes for each in box.iter(f"{W}txbxContent") if each is not box}
    return [box for box in boxes if id(box) not in inner]


def _alt(settings: Element | None) -> str:
    if settings is None:
        return ""
    return settings.get("descr") or settings.get("title") or ""
