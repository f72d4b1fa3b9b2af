"""Notices of an embargo at the head of a release, and marks such as "FOR IMMEDIATE RELEASE"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from feeds.ingest.characters import shown
from feeds.ingest.embargo_words import Notice, may_tell, notice_in
from feeds.ingest.written_moments import read_written

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
    notices: list[Notice]


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
    notices: list[Notice] = []
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


def _notice(line: str, following: str | None, count: int) -> Notice | None:
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
