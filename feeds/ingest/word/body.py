"""The pass over the XML of a Word document: what is published of it, as simpler XML for mammoth.

Nothing is copied that is not known: text, and what changes its meaning. So a hidden passage, a
deletion in a place that nobody thought of, or a placeholder does not come out.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from feeds.errors import DocumentRefused
from feeds.ingest.word.context import (
    DELETED,
    ITEM,
    ITEM_END,
    MC,
    RIGHT_TO_LEFT,
    WRAPPERS,
    Context,
    Found,
    chosen,
)
from feeds.ingest.word.lines import Line, run_xml
from feeds.ingest.word.package import WordPackage
from feeds.ingest.word.styles import Label, Look, Numbering, Styles, W, is_on, properties, val


class Part:
    """A part of the document that has text: the text itself, or the notes."""

    def __init__(
        self, package: WordPackage, name: str, styles: Styles, numbering: Numbering, found: Found
    ) -> None:
        self.context = Context(package, name, styles, found)
        self._styles = styles
        self._numbering = numbering
        self._held: list[str] = []  #: text of a paragraph whose end is deleted
        self._levels: list[int] = []  #: levels of the list that is open

    def blocks(self, container: Element) -> Iterator[str]:
        """Yields paragraphs and tables as new XML."""
        for element in self._blocks(container):
            if element.tag == f"{W}p":
                yield from self._paragraph(element)
            else:
                yield from self._flush()
                yield from self._table(element)
        yield from self._flush()

    def _blocks(self, container: Element) -> Iterator[Element]:
        for element in container:
            tag = element.tag
            if tag in (f"{W}p", f"{W}tbl"):
                yield element
            elif tag == f"{W}sdt":
                if not self.context.is_placeholder(element):
                    yield from self._blocks(element)
            elif tag in WRAPPERS:
                self.context.note_change(element)
                yield from self._blocks(element)
            elif tag in DELETED:
                self.context.note_change(element)
            elif tag == f"{MC}AlternateContent":
                yield from self._blocks(chosen(element))
            elif tag in (f"{W}altChunk", f"{W}subDoc"):
                raise _foreign(tag.removeprefix(W))

    # Paragraphs.

    def _paragraph(self, element: Element) -> Iterator[str]:
        settings = element.find(f"{W}pPr")
        style = self._styles.of_paragraph(settings)
        line = Line(self.context, style)
        line.read(element)
        number = self._styles.numbering(settings, style)
        is_joined = self._is_joined(settings, style) or _is_drop_cap(settings)
        if is_joined and line.after == []:
            self._held.append(line.xml())
            return
        content = line.xml()
        if line.is_shown or any(self._held):
            yield self._block(settings, style, "".join([*self._held, content]), number)
        self._held = []
        for box in line.after:
            yield from self.blocks(box)

    def _block(
        self,
        settings: Element | None,
        style: str | None,
        content: str,
        number: tuple[str, int | None] | None,
    ) -> str:
        heading = self._styles.heading(settings, style)
        label = None if number is None else self._numbering.label(*number, style)
        start, kept = self._started(label, is_heading=heading is not None)
        if self._styles.is_right_to_left(settings, style):
            start += RIGHT_TO_LEFT
        styled = f'<w:pStyle w:val="{heading}"/>' if heading else ""
        text = run_xml(start, Look()) if start else ""
        return f"<w:p><w:pPr>{styled}{kept}</w:pPr>{text}{content}</w:p>"

    def _started(self, label: Label | None, *, is_heading: bool) -> tuple[str, str]:
        """Returns what stands before a paragraph, and its new numbering."""
        if label is None or label.kind == "text" or is_heading:
            self._levels = []
            if label is None or label.kind == "bullet":
                return "", ""
            text = label.text if label.kind == "text" else f"{label.number}."
            return f"{text} ", ""
        while self._levels and self._levels[-1] > label.level:
            self._levels.pop()
        if not self._levels or self._levels[-1] < label.level:
            self._levels.append(label.level)
        depth = min(len(self._levels), 5) - 1
        is_bullet = label.kind == "bullet"
        start = "" if is_bullet else f"{ITEM}{label.kind}{label.number}{ITEM_END}"
        number = 1 if is_bullet else 2
        numbering = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
        return start, numbering

    def _is_joined(self, settings: Element | None, style: str | None) -> bool:
        """Whether the end of the paragraph is deleted or hidden: the next one continues it."""
        mark = None if settings is None else settings.find(f"{W}rPr")
        if mark is None:
            return False
        for name in ("del", "moveFrom"):
            if (change := mark.find(W + name)) is not None:
                self.context.note_change(change)
                return True
        return self._styles.look(properties(mark), paragraph=style, run="", table="").is_hidden

    def _flush(self) -> Iterator[str]:
        """Yields what waits for a paragraph that does not come."""
        held, self._held = "".join(self._held), []
        if held:
            yield f"<w:p>{held}</w:p>"

    # Tables.

    def _table(self, element: Element) -> Iterator[str]:
        outer, self.context.table_style = (
            self.context.table_style,
            val(element.find(f"{W}tblPr/{W}tblStyle")),
        )
        self._levels = []
        rows = "".join(self._rows(element))
        self.context.table_style = outer
        self._levels = []
        if rows:
            yield f"<w:tbl>{rows}</w:tbl>"

    def _rows(self, container: Element) -> Iterator[str]:
        for row in self._inside(container, f"{W}tr"):
            settings = row.find(f"{W}trPr")
            if is_on(settings, "hidden"):
                self.context.found.counts["hidden"] += 1
                continue
            change = None if settings is None else settings.find(f"{W}del")
            if change is not None:
                self.context.note_change(change)
                continue
            cells = "".join(self._cells(row, settings))
            header = "<w:trPr><w:tblHeader/></w:trPr>" if is_on(settings, "tblHeader") else ""
            if cells:
                yield f"<w:tr>{header}{cells}</w:tr>"

    def _inside(self, container: Element, wanted: str) -> Iterator[Element]:
        """Yields rows or cells, also those in content controls and insertions."""
        for element in container:
            if element.tag == wanted:
                yield element
            elif element.tag in WRAPPERS:
                self.context.note_change(element)
                yield from self._inside(element, wanted)
            elif element.tag == f"{W}sdt" and not self.context.is_placeholder(element):
                yield from self._inside(element, wanted)
            elif element.tag in DELETED:
                self.context.note_change(element)

    def _cells(self, row: Element, settings: Element | None) -> Iterator[str]:
        before = val(None if settings is None else settings.find(f"{W}gridBefore"))
        if before.isdecimal() and int(before):
            yield _cell("<w:p/>", span=before)
        for cell in self._inside(row, f"{W}tc"):
            shape = cell.find(f"{W}tcPr")
            change = None if shape is None else shape.find(f"{W}cellDel")
            if change is not None:
                self.context.note_change(change)
                continue
            merged = None if shape is None else shape.find(f"{W}vMerge")
            yield _cell(
                "".join(self.blocks(cell)) or "<w:p/>",
                span=val(None if shape is None else shape.find(f"{W}gridSpan")),
                merge=None if merged is None else val(merged, "continue"),
            )


def _cell(content: str, *, span: str = "", merge: str | None = None) -> str:
    shape = f'<w:gridSpan w:val="{int(span)}"/>' if span.isdecimal() else ""
    if merge is not None:
        shape += f'<w:vMerge w:val="{"restart" if merge == "restart" else "continue"}"/>'
    return f"<w:tc><w:tcPr>{shape}</w:tcPr>{content}</w:tc>"


def _is_drop_cap(settings: Element | None) -> bool:
    frame = None if settings is None else settings.find(f"{W}framePr")
    return frame is not None and frame.get(f"{W}dropCap") in ("drop", "margin")


def _foreign(kind: str) -> DocumentRefused:
    return DocumentRefused(
        f"the document includes another document ({kind}), which no program but Word can read",
        remedy="open it in Word, and save it again as a Word document (.docx)",
    )
