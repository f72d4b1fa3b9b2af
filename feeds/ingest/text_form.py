"""Parses the plain-text form: title, blank line, paragraphs, a last line of time and categories.

A head block, embargo notices, and a label such as "For immediate release" may stand above the
title. Below a head block the last line may be missing.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader

from feeds.errors import DocumentRefused
from feeds.ingest.characters import clean, shown
from feeds.ingest.dates import human_day, read_moment
from feeds.ingest.embargo_words import EmbargoNotice
from feeds.ingest.fields import RETRACT, Parsed, SourceRecord
from feeds.ingest.head_block import HeadBlock, read_head_block, retraction_record
from feeds.ingest.openings import opening_of, text_after_label
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import read_whole

#: A headline wrapped to fit a page has a few short lines: at most 62 characters in real ones. More
#: lines, or longer ones, are a paragraph with a forgotten blank line above it.
MAX_TITLE_LINES = 5
MAX_TITLE_LINE_CHARS = 150

_LAST_LINE = "2019-05-21T16:38:50+00:00 Tuesday, 21 May 2019|Category|Another category|"
_FORM = f"a title, a blank line, paragraphs, and a last line such as {_LAST_LINE}"
#: A time stamp, followed by a date for people.
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d(?:[ ]\d\d:\S*|\S*))\s*(.*)", re.ASCII)
#: A line that was probably meant as the last line of the form, but has no time stamp.
_MEANT_AS_LAST = re.compile(r"\d.*|.*\|\s*")


def parse_text_form(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the one record of a document in the text form; see docs/releases-in.md."""
    try:
        yield _read(read_whole(stream, max_bytes=rules.max_document_bytes))
    except DocumentRefused as fault:
        yield fault


def parse_plain_text(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the same of a text whose last line may be missing, with its date and categories."""
    try:
        text = read_whole(stream, max_bytes=rules.max_document_bytes)
        yield _read(text, may_lack_end=True)
    except DocumentRefused as fault:
        yield fault


def _read(text: str, *, may_lack_end: bool = False) -> SourceRecord:
    warnings: list[str] = []
    lines = clean(text, field="document", warnings=warnings).replace("\u2029", "\n\n").split("\n")
    filled = [index for index, line in enumerate(lines) if line.strip()]
    if not filled:
        raise DocumentRefused("the document is empty", remedy=f"write {_FORM}")
    block = read_head_block([lines[index] for index in filled], [index + 1 for index in filled])
    filled = filled[block.count :]
    if RETRACT in block.fields:
        return retraction_record(block, "\n".join(lines[index] for index in filled))
    may_lack_end = may_lack_end or block.count > 0
    last = _read_end(lines, filled, block, warnings, may_lack_end=may_lack_end)
    head = _Head(lines, [index for index in filled if index < last], warnings)
    above, stated = head.below, "title" in block.fields
    title = [] if stated else _title_lines(above, last)
    body = _body_lines(above[len(title) :], last)
    if title:
        block.fields["title"] = _joined(lines, title, warnings)
        block.lines_by_field["title"] = title[0] + 1
    return SourceRecord(
        fields={
            **block.fields,
            "body": "\n".join(lines[body[0] : last]),
            "body_format": "text",
        },
        is_whole_document=True,
        lines_by_field={**block.lines_by_field, "body": body[0] + 1},
        warnings=tuple(warnings),
        notices=(*block.notices, *head.notices),
        may_be_undated=may_lack_end,
    )


def _read_end(
    lines: list[str],
    filled: list[int],
    block: HeadBlock,
    warnings: list[str],
    *,
    may_lack_end: bool,
) -> int:
    """Reads the last line into *block*; returns its index, or where the text ends without one."""
    if not filled:
        raise DocumentRefused(
            "nothing follows the head block", remedy="write title and text below it", field="body"
        )
    last = filled[-1]
    line = lines[last].strip()
    if may_lack_end and not ("|" in line and _STAMP.match(line)):
        return last + 1
    published, categories = _read_last_line(line, last + 1, warnings)
    for name, value in (("published", published), ("categories", categories)):
        if name in block.fields and value:
            raise DocumentRefused(
                f"{name} stands in the head block and in the last line",
                remedy="remove one of the two",
                line=last + 1,
                field=name,
            )
        block.lines_by_field.setdefault(name, last + 1)
        block.fields.setdefault(name, value)
    return last


class _Head:
    """The lines above the title: embargo notices, and labels."""

    def __init__(self, lines: list[str], filled: list[int], warnings: list[str]) -> None:
        self.notices: list[EmbargoNotice] = []
        self.below = filled  #: indices of the non-blank lines from the title on
        self._lines = lines
        self._warnings = warnings
        while self.below and (count := self._head_lines()):
            self.below = self.below[count:]

    def _head_lines(self) -> int:
        """Returns how many of the next lines belong to the head."""
        first, *_ = two = [self._lines[index] for index in self.below[:2]]
        warnings: list[str] = []
        opening = opening_of(two, warnings=warnings, field="document")
        if opening.lines[0] is not None or not (opening.notices or self._has_title_below()):
            return 0
        self._warnings += warnings[:1]
        if not opening.notices or text_after_label(first) is not None:
            return 1
        self.notices.append(opening.notices[0])
        return 1 if opening.notices[0].line == first else 2

    def _has_title_below(self) -> bool:
        """Returns False if "Press release" is the whole title."""
        below = self.below[1:]
        title = [index for count, index in enumerate(below) if index == below[0] + count]
        return 0 < len(title) < len(below) and _is_headline([self._lines[each] for each in title])


def _is_headline(lines: list[str]) -> bool:
    return len(lines) <= MAX_TITLE_LINES and max(map(len, lines)) <= MAX_TITLE_LINE_CHARS


def _title_lines(filled: list[int], last: int) -> list[int]:
    """Returns the indices of the lines up to the first blank one.

    *filled* are the indices of the non-blank lines above the *last* line.
    """
    if not filled:
        raise DocumentRefused(
            "the document has no title", remedy=f"write {_FORM}", line=last + 1, field="title"
        )
    title = [index for count, index in enumerate(filled) if index == filled[0] + count]
    if title[-1] + 1 == last:
        raise _no_blank_line(title)
    return title


def _body_lines(filled: list[int], last: int) -> list[int]:
    if filled:
        return filled
    raise DocumentRefused(
        "there are no paragraphs between the title and the last line",
        remedy="write the text of the release after the title and a blank line",
        line=last + 1,
        field="body",
    )


def _joined(lines: list[str], title: list[int], warnings: list[str]) -> str:
    """Returns the title on one line."""
    parts = [lines[index] for index in title]
    if len(parts) == 1:
        return parts[0]
    # Joining lines after a forgotten blank line would publish a paragraph as the headline.
    if not _is_headline(parts):
        raise _no_blank_line(title)
    warnings.append(f"title: its {len(parts)} lines were joined")
    return " ".join(parts)


def _no_blank_line(title: list[int]) -> DocumentRefused:
    return DocumentRefused(
        "there is no blank line after the title",
        remedy="write the title on the first line, and leave the second one blank",
        line=title[0] + 2,
        field="title",
    )


def _read_last_line(line: str, number: int, warnings: list[str]) -> tuple[str, list[str]]:
    """Returns the time stamp and the categories, as written.

    Raises:
        DocumentRefused: The line does not have the expected form.
    """
    stamp_and_day, *cells = line.split("|")
    found = _STAMP.match(stamp_and_day)
    if found is None:
        raise _no_stamp(line, number)
    if not cells:
        warnings.append("categories: the last line has none")
    elif cells.pop().strip():
        # Each category ends with "|", so a truncated line, and everything after it, can be noticed.
        raise DocumentRefused(
            "the last line does not end with |",
            remedy="end each category with |, and see whether the document is complete",
            line=number,
            field="categories",
        )
    written, day = found.groups()
    _compare(_read_stamp(written, number), day, warnings)
    return written, cells


def _read_stamp(written: str, number: int) -> datetime:
    try:
        return read_moment(written, field="published", warnings=[])
    except DocumentRefused as fault:
        fault.line = number
        raise


def _compare(stamp: datetime, written_day: str, warnings: list[str]) -> None:
    day = human_day(written_day)
    # Another time zone explains a difference of one day.
    if day is not None and abs((day - stamp.date()).days) > 1:
        warnings.append(
            f"published: the last line says {shown(written_day.strip())}, "
            f"but its time stamp {stamp.date()}; the time stamp counts"
        )


def _no_stamp(line: str, number: int) -> DocumentRefused:
    reason = "the document does not end with a line of time stamp and categories"
    if _MEANT_AS_LAST.fullmatch(line):
        reason = f"the last line does not begin with an ISO 8601 time stamp: {shown(line)}"
    return DocumentRefused(
        reason,
        remedy=f"end the document with a line such as {_LAST_LINE}",
        line=number,
        field="published",
    )
