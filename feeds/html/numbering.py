"""The numbers of a list's items, as HTML's ``type`` has them: 3. c. C. iii. III."""

import re

from feeds.html.tree import Node, attribute, children

_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
#: CSS Counter Styles 3, 6.1 and 6.4: beyond, the numbers are decimal.
_MAX_ROMAN = 3999
_MAX_LETTERED = 10**6


def numeral(number: int, kind: str) -> str:
    """The *number* of an item.

    Args:
        number: Any; what a kind cannot say (no Roman zero) is decimal.
        kind: ``a``, ``A``, ``i`` or ``I``; anything else is decimal.
    """
    if kind in {"a", "A"} and 0 < number <= _MAX_LETTERED:
        letters = _letters(number)
    elif kind in {"i", "I"} and 0 < number <= _MAX_ROMAN:
        letters = _roman(number)
    else:
        return str(number)
    return letters.upper() if kind.isupper() else letters


def _letters(number: int) -> str:
    """Write *number* as a to z, aa, ab and so on."""
    letters = ""
    while number:
        number, last = divmod(number - 1, 26)
        letters = chr(ord("a") + last) + letters
    return letters


def _roman(number: int) -> str:
    letters = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        letters += sign * count
    return letters


class Counter:
    """Numbers the items of a list, an ``<ol>``."""

    def __init__(self, node: Node) -> None:
        is_reversed = attribute(node, "reversed") is not None
        start = _whole_number(attribute(node, "start"))
        if start is None:
            start = sum(child.tag == "li" for child in children(node)) if is_reversed else 1
        self._next = start
        self._step = -1 if is_reversed else 1
        self._kind = attribute(node, "type") or ""

    def label(self, item: Node) -> str:
        """What the next *item* begins with."""
        value = _whole_number(attribute(item, "value"))
        number = self._next if value is None else value
        self._next = number + self._step
        return f"{numeral(number, self._kind)}. "


def _whole_number(value: str | None) -> int | None:
    """A number as HTML reads it, unless it is one that no list has."""
    found = re.match(r"\s*([+-]?[0-9]{1,9})(?![0-9])", value or "")
    return int(found[1]) if found else None
