"""What styles and numbering definitions of a Word document mean for a run and a paragraph."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = frozenset({"0", "false", "off", "none"})
#: The value of these in a paragraph's style and in a run's style are combined by "exclusive or"
#: (ISO/IEC 29500-1, 17.7.3).
_TOGGLES = ("b", "i", "strike", "vanish")
_OTHERS = ("dstrike", "vertAlign", "position", "u", "color")

Properties = Mapping[str, str]
_NONE: Properties = {}


def val(element: Element | None, default: str = "") -> str:
    """Returns ``w:val`` of an element."""
    return default if element is None else element.get(f"{W}val", default)


def is_on(parent: Element | None, name: str) -> bool:
    """Whether *parent* has the switch *name*, and it is on."""
    found = None if parent is None else parent.find(W + name)
    return found is not None and val(found, "1") not in _OFF


def properties(run: Element | None) -> Properties:
    """Returns the properties in a ``w:rPr`` that matter, by name."""
    if run is None:
        return _NONE
    return {
        name: val(found, "1")
        for name in (*_TOGGLES, *_OTHERS)
        if (found := run.find(W + name)) is not None
    }


@dataclass(frozen=True, slots=True)
class Look:
    """How a run looks, as far as it changes what it means."""

    is_bold: bool = False
    is_italic: bool = False
    is_underlined: bool = False
    is_struck: bool = False
    raised: str = ""  #: ``superscript``, ``subscript``
    is_hidden: bool = False
    is_white: bool = False


@dataclass(slots=True)
class _Style:
    name: str
    based_on: str | None
    run: Properties
    paragraph: Element | None


class Styles:
    """The styles of a document."""

    def __init__(self, root: Element | None) -> None:
        self._styles: dict[str, _Style] = {}
        self._defaults: Properties = _NONE
        self._default_paragraph: str | None = None
        self._run_cache: dict[str, Properties] = {}
        for element in () if root is None else root.iter(f"{W}style"):
            style_id = element.get(f"{W}styleId", "")
            self._styles[style_id] = _Style(
                name=val(element.find(f"{W}name")).lower(),
                based_on=val(element.find(f"{W}basedOn")) or None,
                run=properties(element.find(f"{W}rPr")),
                paragraph=element.find(f"{W}pPr"),
            )
            if (
                element.get(f"{W}default") in ("1", "true")
                and element.get(f"{W}type") == "paragraph"
            ):
                self._default_paragraph = style_id
        if root is not None:
            self._defaults = properties(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))

    def chain(self, style_id: str | None) -> Iterator[_Style]:
        """Yields a style and those that it is based on."""
        seen: set[str] = set()
        while style_id is not None and style_id not in seen and style_id in self._styles:
            seen.add(style_id)
            yield self._styles[style_id]
            style_id = self._styles[style_id].based_on

    def of_paragraph(self, paragraph: Element | None) -> str | None:
        """Returns the id of the style of a ``w:pPr``."""
        named = None if paragraph is None else val(paragraph.find(f"{W}pStyle"))
        return named or self._default_paragraph

    def look(self, direct: Properties, *, paragraph: str | None, run: str, table: str) -> Look:
        """Returns how a run looks.

        Args:
            direct: Its own properties.
            paragraph: The style of its paragraph.
            run: Its own style, or the empty text.
            table: The style of the table around it, or the empty text.
        """
        styles = [self._run_properties(each) for each in (run, paragraph or "", table) if each]
        if not direct and not any(styles) and not self._defaults:
            return _PLAIN
        toggled = {name: self._toggle(name, direct, styles) for name in _TOGGLES}
        levels = [direct, *styles, self._defaults]
        other = {name: next((one[name] for one in levels if name in one), "") for name in _OTHERS}
        # A heading is not emphasised because its style is bold: only what the run adds counts.
        own = [direct, self._run_properties(run) if run else _NONE]
        return Look(
            is_bold=toggled["b"] and any("b" in one for one in own),
            is_italic=toggled["i"] and any("i" in one for one in own),
            is_underlined=other["u"] not in ("", *_OFF) and any("u" in one for one in own),
            is_struck=toggled["strike"] or other["dstrike"] not in ("", *_OFF),
            raised=_raised(other["vertAlign"], other["position"]),
            is_hidden=toggled["vanish"],
            is_white=other["color"].upper() == "FFFFFF",
        )

    def _toggle(self, name: str, direct: Properties, styles: list[Properties]) -> bool:
        if name in direct:
            return direct[name] not in _OFF
        if self._defaults.get(name, "0") not in _OFF:
            return True
        return sum(one.get(name, "0") not in _OFF for one in styles) % 2 == 1

    def _run_properties(self, style_id: str) -> Properties:
        if style_id not in self._run_cache:
            found: dict[str, str] = {}
            for style in self.chain(style_id):
                found = {**style.run, **found}
            self._run_cache[style_id] = found
        return self._run_cache[style_id]

    def heading(self, paragraph: Element | None, style_id: str | None) -> str | None:
        """Returns ``Title``, ``Heading1`` to ``Heading6`` or ``Quote``; None for other styles."""
        for style in self.chain(style_id):
            if style.name in ("title", "quote", "intense quote"):
                return "Title" if style.name == "title" else "Quote"
            if style.name.startswith("heading ") and style.name[8:].isdecimal():
                return f"Heading{min(int(style.name[8:]), 6)}"
        levels = [None if paragraph is None else paragraph.find(f"{W}outlineLvl")]
        levels += [
            style.paragraph.find(f"{W}outlineLvl")
            for style in self.chain(style_id)
            if style.paragraph is not None
        ]
        level = next((val(each) for each in levels if each is not None), "")
        return f"Heading{int(level) + 1}" if level.isdecimal() and int(level) < 6 else None

    def is_right_to_left(self, paragraph: Element | None, style_id: str | None) -> bool:
        """Whether a paragraph runs from right to left."""
        chain = [style.paragraph for style in self.chain(style_id)]
        known = (each for each in [paragraph, *chain] if each is not None)
        stated = (each for each in known if each.find(f"{W}bidi") is not None)
        return is_on(next(stated, None), "bidi")

    def numbering(
        self, paragraph: Element | None, style_id: str | None
    ) -> tuple[str, int | None] | None:
        """Returns the ``numId`` and level of a paragraph; None if it has no number."""
        chain = [style.paragraph for style in self.chain(style_id)]
        numbers = [each.find(f"{W}numPr") for each in [paragraph, *chain] if each is not None]
        found = [each for each in numbers if each is not None]
        num_id = next((v for each in found if (v := val(each.find(f"{W}numId")))), "0")
        level = next((v for each in found if (v := val(each.find(f"{W}ilvl")))), "")
        return None if num_id == "0" else (num_id, int(level) if level.isdecimal() else None)


_PLAIN = Look()


def _raised(vertical: str, position: str) -> str:
    if vertical in ("superscript", "subscript"):
        return vertical
    try:
        half_points = float(position.removesuffix("pt")) * (2 if position.endswith("pt") else 1)
    except ValueError:
        return ""
    # Two points: less is a correction of a base line.
    if abs(half_points) < 4:
        return ""
    return "superscript" if half_points > 0 else "subscript"


# Numbering: what stands before a paragraph.


@dataclass(frozen=True, slots=True)
class Label:
    """The number or bullet of a paragraph."""

    level: int
    kind: str  #: ``bullet``; ``1``, ``a``, ``A``, ``i``, ``I`` as of ``<ol type>``; ``text``
    number: int = 0
    text: str = ""  #: for ``text``: as it is shown


@dataclass(slots=True)
class _Level:
    format: str
    text: str
    start: int
    style: str
    is_legal: bool


@dataclass(slots=True)
class _Number:
    abstract: str
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)
    is_begun: set[int] = field(default_factory=set)


class Numbering:
    """Counts the numbered paragraphs of a document, in order."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._links: dict[str, str] = {}
        self._numbers: dict[str, _Number] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._styles = styles
        for element in () if root is None else root.findall(f"{W}abstractNum"):
            abstract_id = element.get(f"{W}abstractNumId", "")
            self._abstract[abstract_id] = _levels(element)
            if link := val(element.find(f"{W}numStyleLink")):
                self._links[abstract_id] = link
        for element in () if root is None else root.findall(f"{W}num"):
            self._numbers[element.get(f"{W}numId", "")] = _number(element)

    def label(self, num_id: str, level: int | None, style_id: str | None) -> Label | None:
        """Counts a paragraph, and returns what stands before it; None if nothing does."""
        number = self._numbers.get(num_id)
        if number is None:
            return None
        abstract = self._resolved(number.abstract)
        levels = {**self._abstract.get(abstract, {}), **number.levels}
        if level is None:
            level = next((n for n, one in levels.items() if one.style and one.style == style_id), 0)
        this = levels.get(level)
        if this is None or this.format == "bullet":
            return None if this is None else Label(level, "bullet")
        counts = self._counts[abstract]
        self._count(counts, number, level, this)
        return _shown(levels, counts, level)

    def _resolved(self, abstract: str) -> str:
        """Returns the definition behind the link to a list style."""
        for style in self._styles.chain(self._links.get(abstract)):
            numbers = None if style.paragraph is None else style.paragraph.find(f"{W}numPr")
            named = self._numbers.get(val(None if numbers is None else numbers.find(f"{W}numId")))
            if named is not None:
                return named.abstract
        return abstract

    @staticmethod
    def _count(counts: dict[int, int], number: _Number, level: int, this: _Level) -> None:
        if level in number.starts and level not in number.is_begun:
            counts[level] = number.starts[level]
        else:
            counts[level] = counts[level] + 1 if level in counts else this.start
        number.is_begun.add(level)
        for deeper in [one for one in counts if one > level]:
            del counts[deeper]


def _levels(element: Element) -> dict[int, _Level]:
    return {
        int(each.get(f"{W}ilvl", "0")): _Level(
            format=val(each.find(f"{W}numFmt"), "decimal"),
            text=val(each.find(f"{W}lvlText")),
            start=_whole(val(each.find(f"{W}start"), "1"), 1),
            style=val(each.find(f"{W}pStyle")),
            is_legal=is_on(each, "isLgl"),
        )
        for each in element.findall(f"{W}lvl")
        if each.get(f"{W}ilvl", "0").isdecimal()
    }


def _number(element: Element) -> _Number:
    number = _Number(val(element.find(f"{W}abstractNumId")))
    for override in element.findall(f"{W}lvlOverride"):
        level = _whole(override.get(f"{W}ilvl", "0"), 0)
        start = override.find(f"{W}startOverride")
        if start is not None:
            number.starts[level] = _whole(val(start), 1)
        number.levels |= _levels(override)
    return number


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise


#: The formats that ``<ol type>`` has.
_TYPES = {
    "decimal": "1",
    "lowerLetter": "a",
    "upperLetter": "A",
    "lowerRoman": "i",
    "upperRoman": "I",
}


def _shown(levels: dict[int, _Level], counts: dict[int, int], level: int) -> Label | None:
    this = levels[level]
    if this.text == f"%{level + 1}." and this.format in _TYPES:
        return Label(level, _TYPES[this.format], number=counts[level])
    text = this.text
    for other, one in levels.items():
        shape = "decimal" if this.is_legal else one.format
        text = text.replace(f"%{other + 1}", written(counts.get(other, one.start), shape))
    return Label(level, "text", text=text) if text.strip() else None


def written(number: int, shape: str) -> str:
    """Returns a number in one of Word's formats; in digits where we have none."""
    if shape == "none":
        return ""
    if shape in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)
        return letter if shape == "lowerLetter" else letter.upper()
    if shape in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman = _roman(number)
        return roman if shape == "lowerRoman" else roman.upper()
    return f"{number:02}" if shape == "decimalZero" else str(number)


def _roman(number: int) -> str:
    text = ""
    for value, letters in (
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
        (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ):  # fmt: skip
        text += letters * (number // value)
        number %= value
    return text
