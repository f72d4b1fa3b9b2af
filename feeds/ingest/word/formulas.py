"""Formulas of Word (ISO/IEC 29500-1, 22.1) as MathML, which the cleaning writes out."""

import re
from collections.abc import Callable
from html import escape
from xml.etree.ElementTree import Element

from feeds.ingest.word.styles import W

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DELETED = (f"{W}del", f"{W}moveFrom")


def mathml(formula: Element) -> str:
    """Returns a formula as MathML, without what was deleted in it."""
    return f"<math>{_row(formula)}</math>"


def _row(element: Element | None) -> str:
    """Returns the content of *element* as one element of MathML."""
    if element is None:
        return "<mrow></mrow>"
    return f"<mrow>{''.join(_of(child) for child in element)}</mrow>"


def _of(element: Element) -> str:
    if element.tag in _DELETED:
        return ""
    if element.tag == f"{M}r":
        text = "".join(each.text or "" for each in element.findall(f"{M}t"))
        return "".join(map(_token, _TOKENS.findall(text)))
    build = _BUILDERS.get(element.tag.removeprefix(M))
    if build is not None:
        return build(element)
    is_properties = element.tag.endswith("Pr")
    return "" if is_properties else "".join(_of(child) for child in element)


#: A number, a word, or a sign.
_TOKENS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\S")


def _token(text: str) -> str:
    kind = "mn" if text[0].isdecimal() else "mi" if text[0].isalpha() else "mo"
    return f"<{kind}>{escape(text, quote=False)}</{kind}>"


def _part(element: Element, name: str) -> str:
    return _row(element.find(M + name))


def _chars(element: Element, kind: str, name: str, otherwise: str) -> str:
    found = element.find(f"{M}{kind}/{M}{name}")
    return otherwise if found is None else found.get(f"{M}val", "")


def _delimited(element: Element) -> str:
    begin, end = (
        _chars(element, "dPr", "begChr", "("),
        _chars(element, "dPr", "endChr", ")"),
    )
    between = f"<mo>{escape(_chars(element, 'dPr', 'sepChr', '|'))}</mo>"
    inside = between.join(_row(each) for each in element.findall(f"{M}e"))
    return f"<mrow><mo>{escape(begin)}</mo>{inside}<mo>{escape(end)}</mo></mrow>"


def _root(element: Element) -> str:
    degree = element.find(f"{M}deg")
    if degree is None or not "".join(degree.itertext()).strip():
        return f"<msqrt>{_part(element, 'e')}</msqrt>"
    return f"<mroot>{_part(element, 'e')}{_row(degree)}</mroot>"


def _sum(element: Element) -> str:
    sign = escape(_chars(element, "naryPr", "chr", "∫"))
    limits = f"<msubsup><mo>{sign}</mo>{_part(element, 'sub')}{_part(element, 'sup')}</msubsup>"
    return f"<mrow>{limits}{_part(element, 'e')}</mrow>"


def _matrix(element: Element) -> str:
    """Returns rows in brackets: a table of MathML would become one word."""
    rows = [_listed(row, ", ") for row in element.findall(f"{M}mr")]
    return f"<mrow><mo>[</mo>{'<mo>; </mo>'.join(rows)}<mo>]</mo></mrow>"


def _equations(element: Element) -> str:
    return _listed(element, "; ")


def _listed(element: Element, separator: str) -> str:
    parts = (_row(each) for each in element.findall(f"{M}e"))
    return f"<mrow>{f'<mo>{separator}</mo>'.join(parts)}</mrow>"


def _accented(element: Element) -> str:
    """Returns what is under an accent or a bar, with that behind it as a combining character."""
    is_bar = element.tag == f"{M}bar"
    sign = "\u0305" if is_bar else _chars(element, "accPr", "chr", "\u0302")
    return f"<mrow>{_part(element, 'e')}<mo>{escape(sign)}</mo></mrow>"


def _with(tag: str, *names: str) -> Callable[[Element], str]:
    """Returns a function that puts parts of an element into one of MathML."""
    return lambda element: f"<{tag}>{''.join(_part(element, name) for name in names)}</{tag}>"


_BUILDERS: dict[str, Callable[[Element], str]] = {
    "f": _with("mfrac", "num", "den"),
    "sSup": _with("msup", "e", "sup"),
    "sSub": _with("msub", "e", "sub"),
    "sSubSup": _with("msubsup", "e", "sub", "sup"),
    "limLow": _with("msub", "e", "lim"),
    "limUpp": _with("msup", "e", "lim"),
    "func": _with("mrow", "fName", "e"),
    "d": _delimited,
    "rad": _root,
    "nary": _sum,
    "m": _matrix,
    "eqArr": _equations,
    "acc": _accented,
    "bar": _accented,
}
