"""Limits the nesting of HTML before it is parsed, because parsing can cost far more than its size.

Thirty thousand nested ``<div>`` take a parser two seconds. Formatting elements that are left open
are repeated in every following paragraph, as the standard requires: 180 kB can become two
gigabytes. Press releases stay far below these limits.
"""

import re
from collections import Counter

from feeds.errors import DocumentRefused

#: Maximum depth. Browsers stop nesting at 512; libxml2, which many readers use, at 256 by default.
MAX_OPEN = 500
#: Maximum number of tags. The richest of a thousand real releases has 1,200.
MAX_TAGS = 50_000
#: Maximum number of characters that the parser may add by repeating formatting elements. Each wrong
#: ``<b>Title<b>`` adds a few characters to every paragraph.
MAX_REPEATED_CHARS = 4_000_000
#: A body whose number of tags times its length is smaller cannot exceed the limit above by much.
_HARMLESS = 2 * MAX_REPEATED_CHARS

_NAME = re.compile(r"<(/?[a-zA-Z][^\s/>]*)")
#: A comment, or a tag with its attributes; a ``>`` in a quoted value does not end the tag. An
#: unclosed one extends to the end, as in HTML. Possessive quantifiers avoid backtracking, so that
#: the time stays linear.
_TAG = re.compile(
    r"""<(?: !--.*?(?:-->|\Z)
          |  (/?[a-zA-Z][^\s/>]*+) (?: [^>=]++ | =\s*+(?:"[^"]*+"?|'[^']*+'?)?+ )*+ )""",
    re.DOTALL | re.VERBOSE,
)
#: Elements without an end tag, or with one that may be omitted because the next element implies it
#: (HTML, "Void elements" and "Optional tags"): they do not nest by themselves.
_UNNESTED = frozenset(
    """
    area base br col embed hr img input link meta param source track wbr
    body colgroup dd dt head html li optgroup option p rb rp rt rtc tbody td tfoot th thead tr
    """.split()  # noqa: SIM905
)
#: HTML section 13.2.4.3, "The list of active formatting elements".
_FORMATTING = frozenset(
    "a b big code em font i nobr s small strike strong tt u".split()  # noqa: SIM905
)


def check_nesting(body: str, *, field: str = "body") -> frozenset[str]:
    """Refuses *body* if it is nested so deeply that parsing it would cost too much.

    Returns:
        The lower-case names of its tags, those of end tags with their ``/``.

    Raises:
        DocumentRefused: *body* exceeds one of the limits.
    """
    tags = _NAME.findall(body)
    if len(tags) > MAX_TAGS:
        raise _refusal(f"holds {len(tags)} tags; more than {MAX_TAGS} are not read", field)
    if len(tags) * len(body) > _HARMLESS or _nested(tags) > MAX_OPEN:
        _check_open_elements(body, field)
    return frozenset(tag.lower() for tag in set(tags))


def _nested(tags: list[str]) -> int:
    """Returns an upper bound of the depth: the depth if no element were ever closed."""
    if len(tags) <= MAX_OPEN:
        return 0
    counts = Counter(tags)
    return counts.total() - sum(counts[name] for name in _UNNESTED)


def _check_open_elements(body: str, field: str) -> None:
    open_elements = _OpenElements()
    for tag in _TAG.finditer(body):
        if tag[1] is None:
            continue
        name = tag[1].lower()
        if name[0] == "/":
            open_elements.end(name[1:])
        else:
            open_elements.start(name, tag.end() - tag.start())
        if open_elements.depth > MAX_OPEN:
            raise _refusal(f"has more than {MAX_OPEN} elements open inside each other", field)
        if open_elements.repeated_chars > MAX_REPEATED_CHARS:
            raise _refusal(f"leaves too many elements open, a <{name}> among them", field)


class _OpenElements:
    """An approximation of the parser's stack: which elements are open, without their order."""

    def __init__(self) -> None:
        self.depth = 0
        self.repeated_chars = 0
        self._formatting_chars = 0
        self._lengths_by_name: dict[str, list[int]] = {}

    def start(self, name: str, length: int) -> None:
        self.repeated_chars += self._formatting_chars
        if name in _UNNESTED:
            return
        self._lengths_by_name.setdefault(name, []).append(length)
        self.depth += 1
        self._formatting_chars += length if name in _FORMATTING else 0

    def end(self, name: str) -> None:
        if lengths := self._lengths_by_name.get(name):
            length = lengths.pop()
            self.depth -= 1
            self._formatting_chars -= length if name in _FORMATTING else 0


def _refusal(fact: str, field: str) -> DocumentRefused:
    return DocumentRefused(
        f"the {field} {fact}", remedy=f"close the elements that the {field} opens", field=field
    )
