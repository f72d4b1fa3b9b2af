"""Notices of an embargo in clean HTML: its lines as a person sees them, and those that go."""

from dataclasses import dataclass, field

from feeds.html.tree import Node, ancestors, children, inner_html, parse, remove, replace, text_of
from feeds.ingest.embargo_words import Notice, may_tell
from feeds.ingest.openings import opening_of

#: All others break a line (HTML, "Phrasing content").
_INLINE = frozenset(
    """
    a abbr acronym b bdi bdo cite code del dfn em i ins kbd mark q rp rt ruby s samp small span
    strike strong sub sup time tt u var wbr
    """.split()  # noqa: SIM905
)
#: What a paragraph shows besides words.
_SHOWN = frozenset({"img", "video", "audio", "table", "hr", "ul", "ol"})


@dataclass(slots=True)
class _Line:
    texts: list[Node] = field(default_factory=list)
    end: Node | None = None  #: the ``<br>`` that ends it

    def __str__(self) -> str:
        return " ".join("".join(map(text_of, self.texts)).split())


def without_notices(markup: str, *, mended: list[str]) -> tuple[str, list[Notice]]:
    """*Markup* without the lines that tell of an embargo, and what they tell.

    Args:
        markup: Clean HTML.
        mended: Gets a warning for each line.
    """
    if not may_tell(markup):
        return markup, []
    body = parse(markup)
    lines = _lines(body)
    # Marks such as "Press release" may be a heading here; only notices go.
    opening = opening_of(list(map(str, lines)), mended=mended, field="body", has_marks=False)
    if not opening.notices:
        return markup, []
    for line, left in zip(lines, opening.lines, strict=True):
        if left is None:
            _take_out(line)
        elif left != str(line) and len(line.texts) == 1:
            replace(line.texts[0], left)
    return inner_html(body).strip(), opening.notices


def _lines(body: Node) -> list[_Line]:
    lines = [_Line()]
    _collect(body, lines)
    return [line for line in lines if str(line)]


def _collect(node: Node, lines: list[_Line]) -> None:
    for child in children(node):
        if child.is_text_node:
            lines[-1].texts.append(child)
        elif child.tag == "br":
            lines[-1].end = child
            lines.append(_Line())
        elif child.tag in _INLINE:
            _collect(child, lines)
        else:
            lines.append(_Line())
            _collect(child, lines)
            lines.append(_Line())


def _take_out(line: _Line) -> None:
    """Remove the words, the ``<br>`` behind them, and what is empty without them."""
    if line.end is not None:
        remove(line.end)
    for text in line.texts:
        above = list(ancestors(text))
        remove(text)
        for element in above[:-1]:
            if text_of(element).strip() or any(element.css_first(tag) for tag in _SHOWN):
                break
            remove(element)
