"""Removes embargo notices and labels such as "FOR IMMEDIATE RELEASE" from the head of a release."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from feeds.errors import DocumentRefused
from feeds.html.tree import Node, ancestors, children, inner_html, parse, remove, replace, text_of
from feeds.ingest.characters import clean, shown
from feeds.ingest.embargo_words import EmbargoNotice, may_hold_notice, notice_in
from feeds.ingest.written_moments import read_written

# Lines: embargo notices and labels at the beginning of a title or a body.

#: Notices that might be a heading ("Embargo"), and labels, count in this many lines.
_FIRST_LINES = 3
#: Notices followed by text on their line count in this many lines. Further down a notice must be a
#: line of its own.
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
#: Decoration around a label: stars, dashes, brackets.
_AROUND = " \t*-–—_=#:|.,!()[]•·"
_BEFORE_DATE = re.compile(r"[\s:|,–—-]*(?:vom\s)?", re.IGNORECASE)
_BEHIND = re.compile(r"\s*(?:[:|]|[–—-]\s)\s*")


@dataclass(frozen=True, slots=True)
class Opening:
    """The notices found in lines, and the remaining lines."""

    lines: list[str | None]  #: as many as there were; None for a removed line
    notices: list[EmbargoNotice]


def text_after_label(line: str) -> str | None:
    """Returns the rest of *line* after a label; None when it has none.

    "Press release" is a label only when at most a date follows.
    """
    bare = line.strip(_AROUND)
    found = _PRESS_RELEASE.match(bare)
    if found is not None and _is_date(bare, found.end()):
        return ""
    return text_after_immediate(line)


def text_after_immediate(line: str) -> str | None:
    """Returns the rest of *line* after "For immediate release"; None for other lines."""
    bare = line.strip(_AROUND)
    found = _IMMEDIATE.match(bare)
    if found is None:
        return None
    if _is_date(bare, found.end()):
        return ""
    behind = _BEHIND.match(bare, found.end())
    return bare[behind.end() :] if behind else None


def _is_date(text: str, start: int) -> bool:
    """Whether only a date and a time of day follow."""
    before = _BEFORE_DATE.match(text, start)
    moment = read_written(text, before.end() if before else start)
    return not text[moment.end :].strip(_AROUND)


def opening_of(
    lines: Sequence[str], *, warnings: list[str], field: str, has_labels: bool = True
) -> Opening:
    """Removes notices and labels from *lines*.

    Args:
        lines: Lines of a title or a body, blank ones included.
        warnings: Receives a warning for each line removed.
        field: Name of the text in warnings.
        has_labels: Whether labels are removed too.
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
            warnings.append(f"{field}: contains an embargo notice: {shown(notice.line)}")
        elif has_labels and count < _FIRST_LINES and (rest := text_after_label(line)) is not None:
            left[index] = rest or None
            warnings.append(f"{field}: {shown(line.strip())} left out")
    return Opening(left, notices)


def _filled(lines: Sequence[str]) -> Iterator[tuple[int, int | None]]:
    """Yields the index of each line that is not blank, and of the next such line."""
    filled = [index for index, line in enumerate(lines) if line.strip()]
    yield from zip_longest(filled, filled[1:])


def _notice(line: str, following: str | None, count: int) -> EmbargoNotice | None:
    if not may_hold_notice(line):
        return None
    found = notice_in(line)
    # The phrase may stand on one line and the moment on the next.
    if following is not None and (found is None or not found.until.is_stated):
        broken = notice_in(f"{line} {following}")
        if broken is not None and broken.is_whole_line and broken.until.is_stated:
            found = broken
    if found is None or (count >= _FIRST_LINES and not found.is_strong):
        return None
    if count >= _OPENING_LINES and not (found.is_whole_line and found.until.is_stated):
        return None
    return found


# HTML: embargo notices in the lines of a clean body, as a reader sees them.

#: Elements that do not break a line (HTML, "Phrasing content").
_INLINE = frozenset(
    """
    a abbr acronym b bdi bdo cite code del dfn em i ins kbd mark q rp rt ruby s samp small span
    strike strong sub sup time tt u var wbr
    """.split()  # noqa: SIM905
)
#: Elements whose text is not shown. Only in uncleaned HTML.
_NO_PROSE = frozenset({"script", "style", "template", "title"})
#: Elements that make a paragraph visible without words.
_SHOWN = frozenset({"img", "video", "audio", "table", "hr", "ul", "ol"})


@dataclass(slots=True)
class ShownLine:
    """A line of HTML, as a reader sees it."""

    texts: list[Node] = field(default_factory=list)
    end: Node | None = None  #: the ``<br>`` at its end

    def __str__(self) -> str:
        return " ".join("".join(map(text_of, self.texts)).split())


def without_notices(markup: str, *, warnings: list[str]) -> tuple[str, list[EmbargoNotice]]:
    """Returns *markup* without embargo notices, and the notices.

    Args:
        markup: Clean HTML.
        warnings: Receives a warning for each line removed.
    """
    if not may_hold_notice(markup):
        return markup, []
    body = parse(markup)
    lines = lines_of(body)
    # Labels such as "Press release" may be a heading here, so only notices are removed.
    opening = opening_of(list(map(str, lines)), warnings=warnings, field="body", has_labels=False)
    if not opening.notices:
        return markup, []
    for line, left in zip(lines, opening.lines, strict=True):
        if left is None:
            remove_line(line)
        elif left != str(line) and len(line.texts) == 1:
            replace(line.texts[0], left)
    return inner_html(body).strip(), opening.notices


def lines_of(body: Node) -> list[ShownLine]:
    """Returns the lines with words."""
    lines = [ShownLine()]
    _collect(body, lines)
    return [line for line in lines if str(line)]


def _collect(node: Node, lines: list[ShownLine]) -> None:
    for child in children(node):
        if child.is_text_node:
            lines[-1].texts.append(child)
        elif child.tag == "br":
            lines[-1].end = child
            lines.append(ShownLine())
        elif child.tag in _INLINE:
            _collect(child, lines)
        elif child.tag in _NO_PROSE or not child.is_element_node:
            continue
        else:
            lines.append(ShownLine())
            _collect(child, lines)
            lines.append(ShownLine())


def remove_line(line: ShownLine) -> None:
    """Removes a line: its words, the ``<br>`` after it, and elements that it leaves empty."""
    if line.end is not None:
        remove(line.end)
    for text in line.texts:
        above = list(ancestors(text))
        remove(text)
        for element in above[:-1]:
            if text_of(element).strip() or any(element.css_first(tag) for tag in _SHOWN):
                break
            remove(element)


# Records: removes notices and labels from all texts of one record, and keeps the notices.


class OpeningFilter:
    """Removes embargo notices and "For immediate release" from the texts of a record."""

    def __init__(self, notices: Iterable[EmbargoNotice], warnings: list[str]) -> None:
        """Starts with the notices that the parser found.

        Args:
            notices: Notices outside all fields.
            warnings: Receives a warning for each text removed.
        """
        self.notices = list(notices)
        self._warnings = warnings

    def title(self, title: str) -> str:
        """Returns *title* without notices and labels.

        Raises:
            DocumentRefused: Nothing is left.
        """
        rest = text_after_immediate(title)
        if rest is not None:
            self._warnings.append(f"title: left out the text before {shown(rest)}")
        left = self._without_notice(title if rest is None else rest, "title")
        if left:
            return left
        raise DocumentRefused(
            f"the title says nothing of the release: {shown(title)}",
            remedy="give the headline as the title",
            field="title",
        )

    def summary(self, summary: str, *, field: str) -> str:
        """Returns *summary* without notices and labels; empty when nothing is left."""
        return "" if text_after_immediate(summary) == "" else self._without_notice(summary, field)

    def text(self, body: str) -> str:
        """Returns a plain-text body without notices and labels."""
        body = clean(body, field="body", warnings=self._warnings).replace("\u2029", "\n\n")
        opening = opening_of(body.split("\n"), warnings=self._warnings, field="body")
        self.notices += opening.notices
        return "\n".join(line for line in opening.lines if line is not None)

    def html(self, body: str) -> str:
        """Returns a clean HTML body without notices."""
        left, notices = without_notices(body, warnings=self._warnings)
        self.notices += notices
        return left

    def _without_notice(self, line: str, field: str) -> str:
        notice = notice_in(line)
        if notice is None:
            return line
        self.notices.append(notice)
        self._warnings.append(f"{field}: contains an embargo notice: {shown(line)}")
        # An inseparable notice stays: the document is refused, or the embargo is stated elsewhere.
        return line if notice.rest is None else notice.rest
