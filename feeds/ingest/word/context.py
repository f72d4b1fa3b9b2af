"""What is known while a part of a Word document is read: fields, pictures, changes, losses."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

from feeds.ingest.fields import EmbeddedPicture
from feeds.ingest.word.package import Relation, WordPackage
from feeds.ingest.word.styles import Look, Styles, W, is_on, properties, val

R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
V = "{urn:schemas-microsoft-com:vml}"

# Marks in the text, which mammoth passes on, and `feeds.ingest.word.form` replaces. Unicode keeps
# these code points free for such uses; they are removed from the text itself.

RIGHT_TO_LEFT = "\ufdd0"
ITEM, ITEM_END = "\ufdd1", "\ufdd2"
THING, THING_END = "\ufdd3", "\ufdd4"
MARKS = re.compile("[\ufdd0-\ufdef]")

#: Elements that only hold what is published; those of a kind with content of their own do not
#: stand here.
WRAPPERS = frozenset(
    W + name for name in ("ins", "moveTo", "smartTag", "customXml", "dir", "bdo", "sdtContent")
)
DELETED = frozenset(W + name for name in ("del", "moveFrom"))
_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".emf": "image/emf",
    ".wmf": "image/wmf",
}
#: Fields whose words stand in the instruction, and nowhere else.
_SPOKEN = ("EQ", "SYMBOL")
_LINK = re.compile(r'\\(\w)|"([^"]*)"|([^\s"]+)')


@dataclass(slots=True)
class _Field:
    """A field that is open."""

    instruction: str = ""
    is_result: bool = False
    has_words: bool = False
    link: str | None = None


@dataclass(slots=True)
class Found:
    """What the pass has met: what is left out, and what stands for marks."""

    tracked: set[str] = field(default_factory=set)  #: ids of tracked changes
    counts: Counter[str] = field(default_factory=Counter)
    things: list[str] = field(default_factory=list)  #: HTML by the number in its mark
    pictures: dict[str, EmbeddedPicture] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)

    def thing(self, html: str) -> str:
        """Returns the mark of a piece of HTML."""
        self.things.append(html)
        return f"{THING}{len(self.things) - 1}{THING_END}"


class Context:
    """What the lines of one part share."""

    def __init__(self, package: WordPackage, part: str, styles: Styles, found: Found) -> None:
        self.links: dict[str, str] = {}  #: addresses by the id that the new XML has for them
        self.notes: list[tuple[str, str]] = []  #: kind and id of the notes, in order
        self.table_style = ""
        self.styles = styles
        self.found = found  #: what was met in all parts
        self._package = package
        self._relations = package.relations(part)
        self._fields: list[_Field] = []

    def is_placeholder(self, control: Element) -> bool:
        """Whether a content control shows only what to write into it."""
        is_placeholder = is_on(control.find(f"{W}sdtPr"), "showingPlcHdr")
        self.found.counts["placeholder"] += is_placeholder
        return is_placeholder

    def note_change(self, element: Element) -> None:
        """Counts a tracked change, if *element* is one."""
        if element.tag.removeprefix(W) in (
            "ins",
            "del",
            "moveTo",
            "moveFrom",
            "cellDel",
            "cellIns",
        ):
            kind = element.tag.removeprefix(W)[:3]
            self.found.tracked.add(f"{kind}{element.get(f'{W}id', len(self.found.tracked))}")

    # Fields, which may span paragraphs.

    @property
    def is_instruction(self) -> bool:
        """Whether the text belongs to the instruction of a field."""
        return any(not each.is_result for each in self._fields)

    def field_char(self, kind: str) -> None:
        """Opens, divides or closes a field."""
        if kind == "begin":
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            opened = self._fields[-1]
            opened.is_result, opened.link = True, link_of(opened.instruction)
        elif kind == "end" and self._fields:
            closed = self._fields.pop()
            name = closed.instruction.split(maxsplit=1)[:1]
            if name and name[0].upper() in _SPOKEN and not closed.has_words:
                self.found.counts["field"] += 1
            if self._fields and closed.has_words and self._fields[-1].is_result:
                self._fields[-1].has_words = True

    def instruct(self, text: str) -> None:
        """Adds to the instruction of the innermost field."""
        if self._fields and not self._fields[-1].is_result:
            self._fields[-1].instruction += text

    def speak(self) -> None:
        """Records that the innermost field has words."""
        if self._fields:
            self._fields[-1].has_words = True

    @property
    def link(self) -> str | None:
        """The target of the fields that are open."""
        return next((one.link for one in reversed(self._fields) if one.link), None)

    # Looks, relations and pictures.

    def look(self, run: Element, style: str | None) -> Look:
        """Returns how a run looks."""
        settings = run.find(f"{W}rPr")
        named = "" if settings is None else val(settings.find(f"{W}rStyle"))
        return self.styles.look(
            properties(settings), paragraph=style, run=named, table=self.table_style
        )

    def relation(self, relation_id: str | None) -> Relation | None:
        """Returns what this part calls by an id."""
        return self._relations.get(relation_id or "")

    def picture(self, relation_id: str | None, alt: str, *, is_decorative: bool) -> str:
        """Returns the mark of a picture, or its description if it is not there."""
        relation = self.relation(relation_id)
        if relation is None:
            return alt
        alt = "" if is_decorative else alt
        if relation.is_external:
            return self.found.thing(f'<img src="{escape(relation.target)}" alt="{escape(alt)}">')
        name = PurePosixPath(relation.target).name
        if name not in self.found.pictures:
            if not self._package.has(relation.target):
                self.found.losses.append(f"the picture {name}, which is missing in the document")
                return alt
            suffix = PurePosixPath(name).suffix.lower()
            self.found.pictures[name] = EmbeddedPicture(
                name=name,
                media_type=_MEDIA_TYPES.get(suffix, "application/octet-stream"),
                data=self._package.data(relation.target),
                alt=alt,
            )
        return self.found.thing(f'<img src="cid:{escape(name)}" alt="{escape(alt)}">')

    def link_id(self, link: str) -> str:
        """Returns the id of an address in the new XML."""
        for known, target in self.links.items():
            if target == link:
                return known
        self.links[f"l{len(self.links)}"] = link
        return f"l{len(self.links) - 1}"


def link_of(instruction: str) -> str | None:
    """Returns the target of a HYPERLINK field; None for other fields."""
    name, _, rest = instruction.strip().partition(" ")
    if name.upper() != "HYPERLINK":
        return None
    address, anchor, switch = "", "", ""
    for switched, quoted, bare in _LINK.findall(rest):
        if switched:
            switch = switched.lower() if switched.lower() in "lot" else ""
            continue
        if switch == "l":
            anchor = quoted or bare
        elif not switch and not address:
            address = quoted or bare
        switch = ""
    return f"{address}#{anchor}" if anchor else address or None


def chosen(alternatives: Element) -> Element:
    """Returns the branch that a program of today shows, or the other one if that has nothing."""
    branches = [*alternatives.findall(f"{MC}Choice"), *alternatives.findall(f"{MC}Fallback")]
    shown = (branch for branch in branches if any(each.tag in _VISIBLE for each in branch.iter()))
    return next(shown, branches[0] if branches else alternatives)


_VISIBLE = frozenset(
    (
        f"{A}blip",
        f"{W}txbxContent",
        f"{W}t",
        f"{V}imagedata",
        f"{V}textpath",
        f"{WP}docPr",
        f"{W}sym",
    )
)
