"""Reads the inline content of one line: text, and elements that change its meaning."""

import re
from collections.abc import Callable
from functools import partial
from itertools import islice

from feeds.html import marks
from feeds.html.marks import is_marked, quotation_marks
from feeds.html.tree import Node, ancestors, attribute, children, find, text_of

# Formulas: MathML as one line of text.

_ANNOTATIONS = "annotation, annotation-xml"
#: Invisible operators of MathML: function application, times, separator and plus.
_UNSEEN = str.maketrans("", "", "\u2061\u2062\u2063\u2064")


def formula(math: Node) -> str:
    """Returns a ``<math>`` element as text on one line.

    The author's own text comes first: ``alttext`` (MathML 3, 2.2.1), then an annotation in TeX.
    Without either, the formula's characters are used.
    """
    text = attribute(math, "alttext") or _annotation(math) or _characters(math)
    return " ".join(text.translate(_UNSEEN).split())


def _annotation(math: Node) -> str:
    for each in find(math, "annotation"):
        encoding = (attribute(each, "encoding") or "").lower()
        if "tex" in encoding:  # application/x-tex, LaTeX; text/plain
            return text_of(each).strip()
    return ""


def _characters(math: Node) -> str:
    annotated = [text_of(each) for each in find(math, _ANNOTATIONS)]
    text = text_of(math)
    for each in annotated:  # annotations follow what they annotate
        text = text.removesuffix(each).rstrip()
    return text


# Inline elements: text, links, quotations, superscripts and pictures.

#: Called when an element ends.
Leave = Callable[[], None]


def skip() -> None:
    """Marks an element whose content is not read; used as a `Leave` value."""


class InlineReader:
    """Collects the inline content of one line.

    A method that enters an element returns the function to call at its end, `skip` to ignore its
    content, or None when nothing is to be done.
    """

    def __init__(self, language: str, *, is_summary: bool) -> None:
        self.parts: list[str] = []  #: pieces of the text that is being read
        self._is_marked = False  # whether `parts` holds a mark
        self._language = language
        self._is_summary = is_summary
        self._quotations = 0  # number of open quotations

    def _drain(self, *, is_pre: bool) -> str:
        """Returns the collected text and starts a new one."""
        text = "".join(self.parts)
        self.parts.clear()
        is_marked, self._is_marked = self._is_marked, False
        if text.isspace():
            return ""
        if not is_pre:
            text = _collapsed(text)
        if is_marked:
            text = marks.resolve_marks(text, language=self._language, is_summary=self._is_summary)
        return _trimmed(text) if is_pre else text.strip(" \n")

    def _mark(self, *parts: str) -> None:
        self.parts += parts
        self._is_marked = True

    def raised(self, node: Node) -> Leave:
        """Enters ``<sup>``."""
        self._mark(marks.NOTE if _leads_to_note(node) else marks.SUP)
        return self._end_script

    def lowered(self, _node: Node) -> Leave:
        """Enters ``<sub>``."""
        self._mark(marks.SUB)
        return self._end_script

    def _end_script(self) -> None:
        self._mark(marks.END)

    def link(self, node: Node) -> Leave | None:
        """Enters ``<a>``. Links to and from notes become marks; others are read as text."""
        inside = node.first_child
        if inside is None or not inside.is_text_node:
            return None
        text = (inside.text_content or "").strip()
        if len(text) > _MAX_MARK_CHARS or _is_mark(text) is None or not _is_fragment(node):
            return None
        if text[0] in "[(":
            self._mark(marks.NOTE, text, marks.END)
        return skip

    def quoted(self, node: Node) -> Leave | None:
        """Enters ``<q>``, whose quotation marks follow the language of the text around it.

        Browsers write these marks themselves; they are not in the element's text.
        """
        if self._quotations == _MAX_QUOTATIONS or self._is_marked_around(node):
            return None
        text = text_of(node)
        if not text.strip() or is_marked(text):
            return None
        languages = (attribute(above, "lang") for above in ancestors(node))
        language = next(filter(None, languages), self._language)
        opening, closing = quotation_marks(language, self._quotations)
        self._quotations += 1
        self._mark(opening, marks.OPENED)
        return partial(self._unquote, closing)

    def _is_marked_around(self, node: Node) -> bool:
        following = node.next
        if following is None or not following.is_text_node or not self.parts:
            return False
        return is_marked(self.parts[-1][-1:] + (following.text_content or "")[:1])

    def _unquote(self, closing: str) -> None:
        self._quotations -= 1
        self._mark(marks.CLOSED, closing)

    def struck(self, _node: Node) -> Leave:
        """Skips struck text, which is no longer valid."""
        self._mark(marks.STRUCK)
        return skip

    def picture(self, node: Node) -> Leave:
        """Replaces a picture with its alt text.

        An alt text without letters or digits, such as an emoji, is part of the sentence. A summary
        leaves out all others.
        """
        alt = attribute(node, "alt") or ""
        if not any(map(str.isalnum, alt)):
            self.parts.append(alt)
        elif not self._is_summary:
            self._mark(marks.PICTURE, alt, marks.PICTURE)
        return skip

    def reading(self, node: Node) -> Leave | None:
        """Enters ``<rt>``, which is put into parentheses unless ``<rp>`` provides them."""
        if node.prev is not None and node.prev.tag == "rp":
            return None
        self.parts.append("(")
        return self._end_reading

    def _end_reading(self) -> None:
        self.parts.append(")")

    def formula(self, node: Node) -> Leave:
        """Replaces ``<math>`` with its text."""
        self.parts.append(formula(node))
        return skip

    def ignored(self, _node: Node) -> Leave:
        """Skips an element that has no readable text."""
        return skip


def _trimmed(text: str) -> str:
    """Returns preformatted *text* without invisible white space.

    Removed are spaces at line ends, and empty lines at the beginning and the end.
    """
    return "\n".join(map(str.rstrip, text.split("\n"))).strip("\n")


def _collapsed(text: str) -> str:
    """Returns *text* with each run of HTML white space as one space; no-break spaces stay."""
    # Replacing each run with a regular expression takes four times as long: most runs are one
    # space.
    for white in "\n\t\r\f":
        if white in text:
            text = text.replace(white, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text


#: Quotations nested deeper than this get no quotation marks.
_MAX_QUOTATIONS = 8
_MAX_MARK_CHARS = 8
_is_mark = re.compile(r"[\[(]\w{1,4}[\])]|[\u2190-\u21ff\u23ce^][\ufe0e\ufe0f]?").fullmatch


def _is_fragment(link: Node) -> bool:
    return "#" in (attribute(link, "href") or "")


def _leads_to_note(node: Node) -> bool:
    around = [node.parent, *islice(children(node), 2)]
    return any(each is not None and each.tag == "a" and _is_fragment(each) for each in around)
