"""Parsers of JSON documents: one record, an array of records, or JSON Lines."""

import json
import re
from collections.abc import Iterator
from io import BufferedReader

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.fields import Parsed, SourceRecord
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import DocumentLine, read_lines, read_whole

_DECODER = json.JSONDecoder()
_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_REMEDY = 'a record looks like {"title": …, "body": …, "body_format": "text", "published": …}'


def parse_json(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the record of a `.json` document, or those of its array, in order.

    An array is read element by element, so the elements before a syntax error are kept.
    """
    try:
        text = read_whole(stream, max_bytes=rules.max_array_bytes)
        start = _skip_space(text, 0)
        if not text.startswith("[", start):
            yield _single(text, start, rules)
            return
        yield from _elements(text, start + 1, max_chars=rules.max_document_bytes)
    except DocumentRefused as fault:
        yield fault


def parse_json_lines(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the records of a document in JSON Lines (jsonlines.org), skipping blank lines."""
    for line in read_lines(stream, max_bytes=rules.max_document_bytes):
        if isinstance(line, DocumentRefused):
            yield line
        elif line.text.strip():
            yield _from_line(line)


def _from_line(line: DocumentLine) -> Parsed:
    try:
        value, end = _value(line.text, _skip_space(line.text, 0), line=line.number)
        _expect_end(line.text, end, line=line.number)
        return _record(value, line=line.number)
    except DocumentRefused as fault:
        return fault


def _single(text: str, start: int, rules: IntakeRules) -> SourceRecord:
    if len(text) > rules.max_document_bytes:
        raise DocumentRefused(
            f"the document has more than {rules.max_document_bytes} characters",
            remedy="make it smaller",
        )
    value, end = _value(text, start)
    _expect_end(text, end)
    return _record(value, is_whole_document=True)


def _elements(text: str, position: int, *, max_chars: int) -> Iterator[Parsed]:
    """Yields the elements of an array; *position* follows its opening bracket."""
    line, counted = 1, 0
    position = _skip_space(text, position)
    if text.startswith("]", position):
        _expect_end(text, position + 1)
        return
    while True:
        line, counted = line + text.count("\n", counted, position), position
        value, end = _value(text, position)
        yield _too_long(max_chars, line) if end - position > max_chars else _element(value, line)
        position = _skip_space(text, end)
        if text.startswith("]", position):
            _expect_end(text, position + 1)
            return
        if not text.startswith(",", position):
            raise _syntax("expected ',' or ']'", text, position)
        position = _skip_space(text, position + 1)


def _too_long(max_chars: int, line: int) -> DocumentRefused:
    fact = f"the record has more than {max_chars} characters"
    return DocumentRefused(fact, remedy="shorten the record", line=line)


def _element(value: object, line: int) -> Parsed:
    try:
        return _record(value, line=line)
    except DocumentRefused as fault:
        return fault


def _record(
    value: object, *, line: int | None = None, is_whole_document: bool = False
) -> SourceRecord:
    if not isinstance(value, dict):
        fact = f"a record is a JSON object, not {shown(value)}"
        raise DocumentRefused(fact, remedy=_REMEDY, line=line)
    return SourceRecord(fields=value, line=line, is_whole_document=is_whole_document)


def _value(text: str, position: int, *, line: int | None = None) -> tuple[object, int]:
    """Returns the JSON value at *position*, and where it ends.

    Raises:
        DocumentRefused: There is no valid JSON value.
    """
    try:
        value: object
        value, end = _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as fault:
        raise _syntax(fault.msg, text, fault.pos, line=line) from fault
    except ValueError as fault:  # an integer of thousands of digits
        raise _syntax("a number is too long", text, position, line=line) from fault
    except RecursionError as fault:
        raise _syntax("nested too deeply", text, position, line=line) from fault
    return value, end


def _expect_end(text: str, position: int, *, line: int | None = None) -> None:
    position = _skip_space(text, position)
    if position < len(text):
        raise _syntax("something follows the end of the JSON value", text, position, line=line)


def _skip_space(text: str, position: int) -> int:
    found = _WHITE_SPACE.match(text, position)
    return found.end() if found else position


def _syntax(fact: str, text: str, position: int, *, line: int | None = None) -> DocumentRefused:
    column = position - text.rfind("\n", 0, position)
    line = line or text.count("\n", 0, position) + 1
    return DocumentRefused(
        f"not JSON: {fact} at column {column}",
        remedy="mend the JSON there; a record a line needs the suffix .jsonl",
        line=line,
    )
