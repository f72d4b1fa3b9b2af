"""A release's body for readers that show no HTML."""

import re
from typing import Any, cast

from lxml import etree

_BLOCK_NAMES = (
    "address article aside blockquote div dl fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr main nav ol p pre section table ul"
)
#: Elements that stand apart from what is before and after them, by a blank line.
_BLOCKS = frozenset(_BLOCK_NAMES.split())
#: Elements that begin a new line.
_LINES = frozenset(("caption", "dd", "dt", "li", "tr"))

#: White space as HTML sees it; a no-break space is not among it.
_SPACE = re.compile("[ \t\n\r\f]+")


def plain_text(html: str) -> str:
    """*Html* as text: paragraphs parted by a blank line, list items begun with a dash.

    Args:
        html: A fragment of clean HTML, as `feeds.ingest` leaves it.

    Raises:
        ValueError: *html* holds characters that no markup can hold.
    """
    if not html.strip():
        return ""
    writer = _Writer()
    # The events that it lacks (comments, processing instructions) are thereby left out.
    parser = etree.HTMLParser(target=cast("Any", writer), huge_tree=True)
    parser.feed(html)
    return str(parser.close())


class _Writer:
    """Takes the parser's events, keeps the text. One for each document."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0  # line ends that are due before the next text
        self._mark = ""  # what the next text begins with
        self._open_pres = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._part(tag)
        if tag == "br":
            self._breaks += 1
        elif tag == "li":
            self._mark = "- "
        elif tag == "pre":
            self._open_pres += 1
        elif tag == "img":
            self.data(attributes.get("alt", ""))
        elif tag in {"td", "th"}:
            self.data(" ")

    def end(self, tag: str) -> None:
        """An element ends."""
        self._part(tag)
        if tag == "pre":
            self._open_pres -= 1

    def data(self, text: str) -> None:
        """Text between tags."""
        if not self._open_pres:
            text = _SPACE.sub(" ", text)
            if self._breaks or self._mark or not self._parts or self._parts[-1].endswith(" "):
                text = text.removeprefix(" ")
        if not text:
            return
        if self._parts and self._breaks:
            self._parts[-1] = self._parts[-1].rstrip(" \n")
            self._parts.append("\n" * min(self._breaks, 2))
        self._parts += (self._mark, text) if self._mark else (text,)
        self._breaks, self._mark = 0, ""

    def close(self) -> str:
        """The text of all."""
        return "".join(self._parts).strip()

    def _part(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._breaks = max(self._breaks, 2)
        elif tag in _LINES:
            self._breaks = max(self._breaks, 1)
