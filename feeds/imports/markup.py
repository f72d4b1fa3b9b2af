"""Markup in feeds and exports: absolute addresses in it, the files it shows, and its plain text."""

import re
from urllib.parse import urljoin

from feeds.errors import DocumentRefused
from feeds.html.plain_text import blocks_of, line_of
from feeds.html.tree import Node, attribute, find, inner_html, parse, set_attribute
from feeds.imports.items import FileReference
from feeds.ingest.characters import clean
from feeds.ingest.nesting import check_nesting

_REFERRING = ("href", "src", "poster", "cite", "data", "longdesc", "background")
_MAY_REFER = re.compile(rf"(?:{'|'.join(_REFERRING)}|srcset)\s*=|<img\b", re.IGNORECASE)
_HAS_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
#: XHTML that is written as start and end tag, which HTML reads as two line breaks.
_END_OF_VOID = re.compile(
    "</(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)>", re.IGNORECASE
)
_REFERENCE = re.compile(r"&(?=#?\w+;)")
#: No-break spaces are meant.
_SPACE = re.compile(r"[ \t\r\n]+")
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*\Z", re.DOTALL)


def joined(base: str | None, reference: str) -> str:
    """Returns *reference*, absolute where *base* is; as it is where either cannot be parsed."""
    reference = reference.strip()
    if not base or not reference or _HAS_SCHEME.match(reference):
        return reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def read_body(markup: str, *, base: str | None) -> tuple[str, tuple[FileReference, ...]]:
    """Returns HTML with absolute addresses, and the pictures, sounds and films in it.

    What is too deeply nested is returned as it is: it is refused when it is cleaned.

    Args:
        markup: HTML, not cleaned.
        base: Absolute base of the addresses in it.
    """
    if wrapped := _CDATA.match(markup):
        # Escaped twice. HTML would read it as a comment.
        markup = wrapped[1]
    markup = _END_OF_VOID.sub("", markup)
    if not _MAY_REFER.search(markup):
        return markup, ()
    try:
        check_nesting(markup)
    except DocumentRefused:
        return markup, ()
    body = parse(clean(markup, field="body", warnings=[]))
    changed = [_make_absolute(node, base) for node in find(body, _SELECTOR)]
    files = dict.fromkeys(
        FileReference(url=url, alt=attribute(node, "alt"), in_body=True)
        for node in find(body, "img[src],video[src],audio[src],source[src]")
        if _HAS_SCHEME.match(url := attribute(node, "src") or "") and not url.startswith("data:")
    )
    return inner_html(body) if any(changed) else markup, tuple(files)


_SELECTOR = ",".join(f"[{name}]" for name in (*_REFERRING, "srcset"))


def _make_absolute(node: Node, base: str | None) -> bool:
    changed = False
    for name in _REFERRING:
        written = attribute(node, name)
        if written and not written.startswith("#") and (url := joined(base, written)) != written:
            set_attribute(node, name, url)
            changed = True
    srcset = attribute(node, "srcset")
    if srcset:
        absolute = ", ".join(
            " ".join([joined(base, parts[0]), *parts[1:]])
            for candidate in re.split(r",\s+", srcset.strip())
            if (parts := candidate.split())
        )
        if absolute != srcset:
            set_attribute(node, "srcset", absolute)
            changed = True
    return changed


def plain_line(text: str, *, is_html: bool, language: str = "") -> str:
    """Returns *text* on one line, without markup, as text of a record whose body is HTML.

    Such texts have their references decoded once more, so an ``&amp;`` that is meant is escaped.
    """
    if is_html:
        try:
            check_nesting(text, field="title")
            tree = parse(clean(text, field="title", warnings=[]))
            text = line_of(blocks_of(tree, language=language))
        except DocumentRefused:
            pass
    return _REFERENCE.sub("&amp;", _SPACE.sub(" ", text).strip())


def beginning(text: str, limit: int) -> str:
    """Returns the first words of *text*, with an ellipsis if there are more characters."""
    if len(text) <= limit:
        return text
    words = text[: limit - 1]
    if " " in words[limit // 2 :]:
        words = words[: words.rindex(" ")]
    return f"{words.rstrip(' ,;:–-')}…"
