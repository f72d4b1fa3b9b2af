"""What stands at the head of a release and is not its text: embargo notices, release marks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from feeds.errors import DocumentRefused
from feeds.html.tree import Node, ancestors, children, inner_html, parse, remove, replace, text_of
from feeds.ingest.characters import clean, shown
from feeds.ingest.embargo_words import EmbargoNotice, may_tell, notice_in
from feeds.ingest.written_moments import read_written

# Notices of an embargo at the head of a release, and marks such as "FOR IMMEDIATE RELEASE".

#: Notices of words that might be a heading ("Embargo") count in so many lines.
_FIRST_LINES = 3
#: And all others, with which a line begins that goes on. Further down they are lines of their own.
_OPENING_LINES = 12

_IMMEDIATE = re.compile(
    r"(?:(?:press|news|media) release\W+)?for\s+immediate\s+(?:release|publication|distribution)"
    r"|immediate\s+release|(?:pour|à)\s+(?:diffusion|publication)\s+immédiate"
    r"|(?:zur\s+)?(?:sofortigen?\s+)(?:veröffentlichung|verbreitung)"
    r"|para\s+(?:su\s+)?(?:publicación|difusión|divulgación)\s+inmediata"
    r"|para\s+(?:publicação|divulgação)\s+imediata"
    r"|(?:per|da)\s+(?:la\s+)?(?:pubblicazione|diffusione)\s+immediata"
    r"|voor\s+onmiddellijke\s+(?:publicatie|verspreiding)|для\s+немедленн\w+\s+(?:публикации|распространения)"
    r"|للنشر\s+(?:الفوري|فورا?ً?)|(?:供)?即时发布|即時發[布佈]|立即发布",
    re.IGNORECASE,
)
_PRESS_RELEASE = re.compile(
    r"(?:press|media|news)\s+(?:release|statement)|(?:presse|medien)(?:mitteilung|information)"
    r"|communiqué\s+(?:de\s+presse|aux\s+médias)|comunicado\s+(?:de\s+prensa|de\s+imprensa|à\s+imprensa)"
    r"|nota\s+(?:de\s+prensa|à\s+imprensa)|comunicato\s+stampa|persbericht|pressmeddelande"
    r"|pressemeddelelse|pressemelding|lehdistötiedote|пресс-релиз|بيان\s+صحفي|新闻稿|新聞稿|プレスリリース|보도자료",
    re.IGNORECASE,
)
#: Around such a mark: stars, dashes, brackets.
_AROUND = " \t*-–—_=#:|.,!()[]•·"
_BEFORE_DATE = re.compile(r"[\s:|,–—-]*(?:vom\s)?", re.IGNORECASE)
_BEHIND = re.compile(r"\s*(?:[:|]|[–—-]\s)\s*")


@dataclass(frozen=True, slots=True)
class Opening:
    """What was found in lines, and what is left of them."""

    lines: list[str | None]  #: None where a line goes; as many as there were
    notices: list[EmbargoNotice]


def mark_in(line: str) -> str | None:
    """What is left of *line* behind a mark; None when it has none.

    "Press release" is a mark only when at most a date follows.
    """
    bare = line.strip(_AROUND)
    found = _PRESS_RELEASE.match(bare)
    if found is not None and _is_date(bare, found.end()):
        return ""
    return immediate_in(line)


def immediate_in(line: str) -> str | None:
    """What is left of *line* behind "For immediate release"; None when it is another line."""
    bare = line.strip(_AROUND)
    found = _IMMEDIATE.match(bare)
    if found is None:
        return None
    if _is_date(bare, found.end()):
        return ""
    behind = _BEHIND.match(bare, found.end())
    return bare[behind.end() :] if behind else None


def _is_date(text: str, start: int) -> bool:
    """True when nothing but a date and a time of day follows."""
    before = _BEFORE_DATE.match(text, start)
    said = read_written(text, before.end() if before else start)
    return not text[said.end :].strip(_AROUND)


def opening_of(
    lines: Sequence[str], *, mended: list[str], field: str, has_marks: bool = True
) -> Opening:
    """Take notices and marks out of *lines*.

    Args:
        lines: Of a title, or of a body; blank ones do no harm.
        mended: Gets a warning for each line that goes.
        field: What the warnings call it.
        has_marks: Marks go as well.
    """
    left: list[str | None] = list(lines)
    notices: list[EmbargoNotice] = []
    for count, (index, following) in enumerate(_filled(lines)):
        line = lines[index]
        if left[index] is None:
            continue
        notice = _notice(line, None if following is None else lines[following], count)
        if notice is not None:
            notices.append(notice)
            left[index] = None if notice.is_whole_line else notice.rest or line
            if notice.line != line and following is not None:
                left[following] = None
            mended.append(f"{field}: tells of an embargo: {shown(notice.line)}")
        elif has_marks and count < _FIRST_LINES and (rest := mark_in(line)) is not None:
            left[index] = rest or None
            mended.append(f"{field}: {shown(line.strip())} left out")
    return Opening(left, notices)


def _filled(lines: Sequence[str]) -> Iterator[tuple[int, int | None]]:
    """The lines that say something, each with the one that follows it."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    yield from zip_longest(filled, filled[1:])


def _notice(line: str, following: str | None, count: int) -> EmbargoNotice | None:
    if not may_tell(line):
        return None
    found = notice_in(line)
    # The words on one line, and the moment on the next.
    if following is not None and (found is None or not found.until.says_something):
        broken = notice_in(f"{line} {following}")
        if broken is not None and broken.is_whole_line and broken.until.says_something:
            found = broken
    if found is None or (count >= _FIRST_LINES and not found.is_strong):
        return None
    if count >= _OPENING_LINES and not (found.is_whole_line and found.until.says_something):
        return None
    return found


# Notices of an embargo in clean HTML: its lines as a person sees them, and those that go.

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


def without_notices(markup: str, *, mended: list[str]) -> tuple[str, list[EmbargoNotice]]:
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


# The head of one record: what stands there and is none of its text is taken out and kept.


class Head:
    """Takes notices of an embargo out of the texts of a record, and "For immediate release"."""

    def __init__(self, notices: Iterable[EmbargoNotice], mended: list[str]) -> None:
        """Know what a parser found already.

        Args:
            notices: That stood outside all fields.
            mended: Gets a warning for all that goes.
        """
        self.notices = list(notices)
        self._mended = mended

    def title(self, title: str) -> str:
        """*Title* without them.

        Raises:
            DocumentRefused: Nothing is left.
        """
        rest = immediate_in(title)
        if rest is not None:
            self._mended.append(f"title: left out what stands before {shown(rest)}")
        left = self._without_notice(title if rest is None else rest, "title")
        if left:
            return left
        raise DocumentRefused(
            f"the title says nothing of the release: {shown(title)}",
            remedy="give the headline as the title",
            field="title",
        )

    def summary(self, summary: str, *, field: str) -> str:
        """*Summary* without them; empty when nothing is left."""
        return "" if immediate_in(summary) == "" else self._without_notice(summary, field)

    def text(self, body: str) -> str:
        """A body of plain text without them."""
        body = clean(body, field="body", mended=self._mended).replace("\u2029", "\n\n")
        opening = opening_of(body.split("\n"), mended=self._mended, field="body")
        self.notices += opening.notices
        return "\n".join(line for line in opening.lines if line is not None)

    def html(self, body: str) -> str:
        """A body of clean HTML without notices."""
        left, notices = without_notices(body, mended=self._mended)
        self.notices += notices
        return left

    def _without_notice(self, line: str, field: str) -> str:
        notice = notice_in(line)
        if notice is None:
            return line
        self.notices.append(notice)
        self._mended.append(f"{field}: tells of an embargo: {shown(line)}")
        # What cannot be parted stays: either it is refused, or the embargo is told elsewhere.
        return line if notice.rest is None else notice.rest
