"""What stands inside a line: text, and the elements that say something about it."""

import re
from collections.abc import Callable
from functools import partial
from itertools import islice

from feeds.html import marks
from feeds.html.marks import is_marked, quotation_marks
from feeds.html.tree import Node, ancestors, attribute, children, find, text_of

# What stands for a formula in MathML.

_ANNOTATIONS = "annotation, annotation-xml"
#: What MathML writes and nobody sees: function application, invisible times, separator and plus.
_UNSEEN = str.maketrans("", "", "\u2061\u2062\u2063\u2064")


def formula(math: Node) -> str:
    """What a ``<math>`` says in a sentence, on one line.

    Its author may have written that: as ``alttext`` (MathML 3, 2.2.1), or as an annotation in TeX.
    Otherwise it is the formula's characters.
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
    for each in annotated:  # they stand behind what they annotate
        text = text.removesuffix(each).rstrip()
    return text


# What stands inside of a line: text, and elements that say something of it.

#: What is done when an element ends.
Leave = Callable[[], None]


def skip() -> None:
    """Says that nothing in an element is read."""


class InlineReader:
    """Gathers what stands on a line. A method that enters an element says what its end does."""

    def __init__(self, language: str, *, is_summary: bool) -> None:
        self.parts: list[str] = []  #: of the text that is being read
        self._is_marked = False  # a part is a mark
        self._language = language
        self._is_summary = is_summary
        self._quotations = 0  # that are open

    def _take(self, *, is_pre: bool) -> str:
        """What was gathered, as it is written; nothing of it stays."""
        text = "".join(self.parts)
        self.parts.clear()
        is_marked, self._is_marked = self._is_marked, False
        if text.isspace():
            return ""
        if not is_pre:
            text = _collapsed(text)
        if is_marked:
            text = marks.spoken(text, language=self._language, is_summary=self._is_summary)
        return _trimmed(text) if is_pre else text.strip(" \n")

    def _mark(self, *parts: str) -> None:
        self.parts += parts
        self._is_marked = True

    def raised(self, node: Node) -> Leave:
        """``<sup>``."""
        self._mark(marks.NOTE if _leads_to_note(node) else marks.SUP)
        return self._end_script

    def lowered(self, _node: Node) -> Leave:
        """``<sub>``."""
        self._mark(marks.SUB)
        return self._end_script

    def _end_script(self) -> None:
        self._mark(marks.END)

    def link(self, node: Node) -> Leave | None:
        """A link to a note, or back from it, is a mark; others are their text."""
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
        """``<q>``: browsers write the marks, by the language of the text that it stands in."""
        if self._quotations == _MAX_QUOTATIONS or self._is_marked_around(node):
            return None
        text = text_of(node)
        if not text.strip() or is_marked(text):
            return None
        spoken = (attribute(above, "lang") for above in ancestors(node))
        language = next(filter(None, spoken), self._language)
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
        """It is no longer so."""
        self._mark(marks.GONE)
        return skip

    def picture(self, node: Node) -> Leave:
        """Its words stand for it; a sign, such as an emoji's, is a part of the sentence."""
        alt = attribute(node, "alt") or ""
        if not any(map(str.isalnum, alt)):
            self.parts.append(alt)
        elif not self._is_summary:
            self._mark(marks.PICTURE, alt, marks.PICTURE)
        return skip

    def reading(self, node: Node) -> Leave | None:
        """``<rt>``: in parentheses, unless ``<rp>`` has them."""
        if node.prev is not None and node.prev.tag == "rp":
            return None
        self.parts.append("(")
        return self._end_reading

    def _end_reading(self) -> None:
        self.parts.append(")")

    def formula(self, node: Node) -> Leave:
        """``<math>``."""
        self.parts.append(formula(node))
        return skip

    def unread(self, _node: Node) -> Leave:
        """Nobody reads it."""
        return skip


def _trimmed(text: str) -> str:
    """Preformatted *text* without what nobody sees: spaces at the ends of lines, empty lines."""
    return "\n".join(map(str.rstrip, text.split("\n"))).strip("\n")


def _collapsed(text: str) -> str:
    """*Text* with its white space, as HTML sees it, made single spaces; no-break spaces stay."""
    # A pattern that replaces each run takes four times as long: most runs are one space.
    for white in "\n\t\r\f":
        if white in text:
            text = text.replace(white, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text


#: In one another. Deeper ones are left unmarked.
_MAX_QUOTATIONS = 8
_MAX_MARK_CHARS = 8
_is_mark = re.compile(r"[\[(]\w{1,4}[\])]|[\u2190-\u21ff\u23ce^][\ufe0e\ufe0f]?").fullmatch


def _is_fragment(link: Node) -> bool:
    return "#" in (attribute(link, "href") or "")


def _leads_to_note(node: Node) -> bool:
    around = [node.parent, *islice(children(node), 2)]
    return any(each is not None and each.tag == "a" and _is_fragment(each) for each in around)
