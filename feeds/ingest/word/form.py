"""Parses a Word document. The only importer of mammoth."""

import re
import zipfile
from collections.abc import Mapping
from html import escape, unescape
from io import BufferedReader, BytesIO
from xml.etree.ElementTree import Element

import mammoth

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.embargo_words import EmbargoNotice, notice_in
from feeds.ingest.fields import Parsed
from feeds.ingest.html_records import HtmlDocument, record_of
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import read_bytes
from feeds.ingest.word.body import Part
from feeds.ingest.word.context import ITEM, ITEM_END, RIGHT_TO_LEFT, THING, THING_END, Found, V
from feeds.ingest.word.package import WordPackage
from feeds.ingest.word.styles import Numbering, Styles, W


def read_word(stream: BufferedReader, rules: IntakeRules) -> Parsed:
    """Returns the one record of a Word document, or its refusal."""
    try:
        data = read_bytes(
            stream, max_bytes=rules.max_file_bytes, remedy="compress its pictures, or shorten it"
        )
        return _read(WordPackage(data), rules)
    except RecursionError:
        return DocumentRefused("the document is nested too deeply", remedy="take tables apart")
    except DocumentRefused as fault:
        return fault


def _read(package: WordPackage, rules: IntakeRules) -> Parsed:
    simple = _Simplified(package)
    if simple.found.tracked and not rules.has_tracked_changes:
        raise DocumentRefused(
            f"the document has tracked changes ({len(simple.found.tracked)})",
            remedy="accept or reject all of them (Review, Accept, Accept All), and save it again",
        )
    markup, unknown = to_html(simple.parts)
    found = simple.found
    header = _header(package)
    return record_of(
        HtmlDocument(
            markup=_finished(markup, found.things),
            fields={},
            warnings=_warnings(found),
            notices=header.notices,
            left_out=[*_left_out(package, found), *header.left_out, *unknown],
            pictures=tuple(found.pictures.values()),
        )
    )


# The new document, which mammoth reads.

_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_LEVELS = range(9)


class _Simplified:
    """The parts of a document that says only what is published."""

    def __init__(self, package: WordPackage) -> None:
        """Makes the parts.

        Raises:
            DocumentRefused: The document cannot be read whole.
        """
        self.found = Found()
        self.parts: dict[str, str] = {"word/numbering.xml": _numbering()}
        self._package = package
        self._styles = Styles(_root(package, "styles"))
        self._numbers = Numbering(_root(package, "numbering"), self._styles)
        text = Part(package, package.main, self._styles, self._numbers, self.found)
        body = package.xml(package.main).find(f"{W}body")
        blocks = "".join(text.blocks(body)) if body is not None else ""
        if text.context.is_instruction:
            raise DocumentRefused(
                "the Word document has a field that does not end",
                remedy="open it in Word, update or remove the field, and save it again",
            )
        self._add("document", f"<w:body>{blocks}</w:body>", text.context.links)
        for kind in ("footnote", "endnote"):
            self._add_notes(kind, [note_id for each, note_id in text.context.notes if each == kind])

    def _add_notes(self, kind: str, wanted: list[str]) -> None:
        part = next(iter(self._package.parts(f"{kind}s")), None)
        if part is None or not wanted:
            return
        reader = Part(self._package, part, self._styles, self._numbers, self.found)
        by_id = {note.get(f"{W}id"): note for note in self._package.xml(part)}
        notes = (
            f'<w:{kind} w:id="{escape(each)}">{"".join(reader.blocks(by_id[each]))}</w:{kind}>'
            for each in dict.fromkeys(wanted)
            if each in by_id
        )
        self._add(f"{kind}s", "".join(notes), reader.context.links)

    def _add(self, name: str, content: str, links: Mapping[str, str]) -> None:
        self.parts[f"word/{name}.xml"] = f"<w:{name} {_NAMESPACES}>{content}</w:{name}>"
        base = "http://schemas.openxmlformats.org"
        relations = "".join(
            f'<Relationship Id="{link_id}" TargetMode="External" Target="{escape(target)}" '
            f'Type="{base}/officeDocument/2006/relationships/hyperlink"/>'
            for link_id, target in links.items()
        )
        self.parts[f"word/_rels/{name}.xml.rels"] = (
            f'<Relationships xmlns="{base}/package/2006/relationships">{relations}</Relationships>'
        )


def _root(package: WordPackage, kind: str) -> Element | None:
    part = next(iter(package.parts(kind)), None)
    return None if part is None else package.xml(part)


def _numbering() -> str:
    """Returns two lists: 1 has bullets, 2 has numbers."""
    definitions = "".join(
        f'<w:abstractNum w:abstractNumId="{number}">'
        + "".join(f'<w:lvl w:ilvl="{n}"><w:numFmt w:val="{kind}"/></w:lvl>' for n in _LEVELS)
        + "</w:abstractNum>"
        for number, kind in ((1, "bullet"), (2, "decimal"))
    )
    numbers = "".join(
        f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in (1, 2)
    )
    return f"<w:numbering {_NAMESPACES}>{definitions}{numbers}</w:numbering>"


_STYLE_MAP = """
p.Title => h1:fresh
p.Quote => blockquote > p:fresh
u => u
"""


def to_html(parts: Mapping[str, str]) -> tuple[str, list[str]]:
    """Returns a document's HTML by mammoth, and what mammoth left out.

    Args:
        parts: The document's parts by name.
    """
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as written:
        for name, content in parts.items():
            written.writestr(name, content)
    packed.seek(0)
    result = mammoth.convert_to_html(packed, style_map=_STYLE_MAP)
    unknown = [
        "a character of a symbol font that has no Unicode: " + each.message.rpartition(": ")[2]
        for each in result.messages
        if "unsupported character" in each.message
    ]
    return str(result.value), unknown


# What mammoth does not know: numbers of items, direction, pictures, formulas.

_INLINE = r"(?:<(?:a|b|em|i|s|strong|sub|sup|u)\b[^>]*>|</a>)*"
_ITEM = rf"<li>({_INLINE}){ITEM}(.)(\d+){ITEM_END}"
_LISTS = re.compile(rf"<ol>(?:{_ITEM})?|</ol>|{_ITEM}")
_RIGHT_TO_LEFT = re.compile(rf"<(p|li|h[1-6]|blockquote)\b([^>]*)>({_INLINE}){RIGHT_TO_LEFT}")
_THING = re.compile(f"{THING}(\\d+){THING_END}")
_BACK = re.compile(r' ?<a href="#(?:foot|end)note-ref-[^"]*">↑</a>')
_LEFT_OVER = re.compile("[\ufdd0-\ufdef]")


def _finished(markup: str, things: list[str]) -> str:
    markup = _Numberer().number(markup)
    markup = _RIGHT_TO_LEFT.sub(r'<\1\2 dir="rtl">\3', markup)
    markup = _THING.sub(lambda found: things[int(found[1])], _BACK.sub("", markup))
    return _LEFT_OVER.sub("", markup)


class _Numberer:
    """Gives lists the kinds of numbers, and items the numbers, that they have in Word."""

    def __init__(self) -> None:
        self._next: list[int] = []  #: for each list that is open, the number of its next item

    def number(self, markup: str) -> str:
        """Returns *markup* with ``type``, ``start`` and ``value``."""
        return _LISTS.sub(self._replaced, markup)

    def _replaced(self, found: re.Match[str]) -> str:
        if found[0].startswith("<ol"):
            number = int(found[3] or 1)
            self._next.append(number + 1)
            if found[2] is None:
                return found[0]
            kind = "" if found[2] == "1" else f' type="{found[2]}"'
            start = "" if number == 1 else f' start="{number}"'
            return f"<ol{kind}{start}><li>{found[1]}"
        if found[0] == "</ol>":
            del self._next[-1:]
            return found[0]
        number = int(found[6])
        is_next = bool(self._next) and self._next[-1] == number
        self._next[-1:] = [number + 1]
        return f"<li>{found[4]}" if is_next else f'<li value="{number}">{found[4]}'


# What the sender is told.


def _left_out(package: WordPackage, found: Found) -> list[str]:
    comments = sum(
        each.tag == f"{W}comment"
        for part in package.parts("comments")
        for each in package.xml(part)
    )
    counts = found.counts
    told = [
        (comments, "comment", ""),
        (counts["hidden"], "hidden passage", ""),
        (counts["placeholder"], "placeholder", " that nobody filled in"),
        (counts["field"], "field", " whose words stand in its code, such as EQ"),
    ]
    sentences = [f"{n} {noun}{'s' if n > 1 else ''}{rest}" for n, noun, rest in told if n]
    if changes := len(found.tracked):
        several = "s" if changes > 1 else ""
        sentences.insert(
            0,
            f"{changes} tracked change{several}: what was deleted; what was inserted stays",
        )
    return sentences + found.losses


def _warnings(found: Found) -> list[str]:
    count = found.counts["white"]
    if not count:
        return []
    return [f"body: {count} passage{'s' if count > 1 else ''} in white; see whether it is meant"]


class _Header:
    """The headers and footers of a document. They are not published."""

    def __init__(self, lines: list[str]) -> None:
        notices = ((line, notice_in(line)) for line in lines)
        self.notices: list[EmbargoNotice] = [found for _, found in notices if found is not None]
        text = " ".join(lines)
        excerpt = text if len(text) <= 60 else f"{text[:60].rstrip()}…"
        self.left_out = [f"headers and footers ({shown(excerpt)})"] if lines else []


def _header(package: WordPackage) -> _Header:
    lines: list[str] = []
    for part in [*package.parts("header"), *package.parts("footer")]:
        root = package.xml(part)
        texts = ("".join(t.text or "" for t in p.iter(f"{W}t")) for p in root.iter(f"{W}p"))
        marks = (path.get("string", "") for path in root.iter(f"{V}textpath"))
        lines += [" ".join(unescape(line).split()) for line in (*texts, *marks)]
    return _Header([line for line in dict.fromkeys(lines) if line])
