"""The head block: lines such as ``Embargo: …`` above the title of a document that people write."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum, auto

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.embargo_words import EmbargoNotice, notice_in
from feeds.ingest.fields import SourceRecord


class _Kind(Enum):
    ONE = auto()  #: one value; a second line of the name is refused
    MANY = auto()  #: each line is an entry
    BARS = auto()  #: each line has entries between bars
    CORRECTION = auto()
    EMBARGO = auto()


@dataclass(frozen=True, slots=True)
class _HeadField:
    """A field of the head block."""

    name: str  #: as in docs/releases-in.md
    kind: _Kind = _Kind.ONE
    #: A line that stands alone is a field only with such a value: else it may be the headline.
    alone: str = r"(?!)"


_DATED = r"\d{4}-\d\d"
_ANY = ""
#: By the word before the colon, in lower case.
HEAD_FIELDS: Mapping[str, _HeadField] = {
    "title": _HeadField("title", alone=_ANY),
    "summary": _HeadField("summary"),
    "published": _HeadField("published", alone=_DATED),
    "date": _HeadField("published", alone=_DATED),
    "embargo": _HeadField("embargoed_until", _Kind.EMBARGO, alone=_DATED),
    "updated": _HeadField("updated", alone=_DATED),
    "category": _HeadField("categories", _Kind.MANY, alone=_ANY),
    "categories": _HeadField("categories", _Kind.BARS, alone=_ANY),
    "language": _HeadField("language", alone=r"[A-Za-z]{2,3}(?:[-_]\w+)*\Z"),
    "url": _HeadField("url", alone="https?://"),
    "id": _HeadField("source_key", alone=_ANY),
    "author": _HeadField("authors", _Kind.MANY),
    "contact": _HeadField("contacts", _Kind.MANY),
    "place": _HeadField("place"),
    "number": _HeadField("number"),
    "rights": _HeadField("rights"),
    "license": _HeadField("license", alone="https?://"),
    "licence": _HeadField("license", alone="https?://"),
    "media": _HeadField("media", _Kind.MANY, alone=r"\S+\.[A-Za-z0-9]{2,5}(?:\s*\||\Z)"),
    "related": _HeadField("related", _Kind.MANY, alone="https?://"),
    "work": _HeadField("work"),
    "translation of": _HeadField("translation_of", alone=_ANY),
    "correction": _HeadField("correction", _Kind.CORRECTION, alone="(?i:minor|major)\\b"),
    "retract": _HeadField("retract", alone=_ANY),
    "reason": _HeadField("reason"),
}

_LINE = re.compile(r"\s*([A-Za-z][A-Za-z -]{0,24}?)\s*:(?!//)\s*(.*?)\s*")
_WEIGHT = re.compile(r"(minor|major)\b[\s.,:;–—-]*", re.IGNORECASE)
#: How alike a misspelt name is.
_ALIKE = 0.8


@dataclass(slots=True)
class HeadBlock:
    """What the head block of a document says."""

    fields: dict[str, object] = field(default_factory=dict)
    lines_by_field: dict[str, int] = field(default_factory=dict)
    notices: list[EmbargoNotice] = field(default_factory=list)
    count: int = 0  #: how many of the lines belong to it


def read_head_block(lines: Sequence[str], numbers: Sequence[int] | None = None) -> HeadBlock:
    """Reads the head block from the beginning of *lines*; see docs/sending-a-release.md.

    Args:
        lines: The first lines of the document that are not blank.
        numbers: The number of each in the document, for messages; None if lines have none.

    Raises:
        DocumentRefused: A field is misspelt, empty, or stands twice.
    """
    head = HeadBlock()
    split = _split(lines)
    for index, (written, value) in enumerate(split):
        line = None if numbers is None else numbers[index]
        try:
            _add(head, written, value)
        except DocumentRefused as fault:
            fault.line = line
            raise
        head.count += 1
        if line is not None:
            head.lines_by_field.setdefault(HEAD_FIELDS[_known(written)].name, line)
    return head


def _known(written: str) -> str:
    return " ".join(written.lower().replace("-", " ").split())


def _split(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Returns name and value of the lines that are a head block, misspelt names included."""
    found: list[tuple[str, str]] = []
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts is None or not (_known(parts[1]) in HEAD_FIELDS or _meant(parts[1])):
            break
        found.append((parts[1], parts[2]))
    if len(found) == 1 and not _is_block_alone(*found[0]):
        return []
    return found if any(_known(name) in HEAD_FIELDS for name, _ in found) or len(found) == 1 else []


def _meant(written: str) -> str | None:
    close = get_close_matches(_known(written), HEAD_FIELDS, n=1, cutoff=_ALIKE)
    return close[0] if close else None


def _is_block_alone(written: str, value: str) -> bool:
    """Whether one line is a head block, and no headline such as "Correction: who said what"."""
    known = _known(written)
    if known in HEAD_FIELDS:
        return bool(value) and re.match(HEAD_FIELDS[known].alone, value) is not None
    meant = HEAD_FIELDS[_meant(written) or "title"]
    # "Embrago: 2026-12-01T09:00+01:00" as a headline would be published before its time.
    return meant.alone != _ANY and re.match(meant.alone, value) is not None


def add_field(head: HeadBlock, name: str, value: object, *, written: str) -> None:
    """Adds a field that stands elsewhere: in front matter, or among the facts about a page.

    Values that are no text are kept as they are; so are fields that a head block has not.

    Args:
        head: Receives it.
        name: A name of `HEAD_FIELDS`, or another field of docs/releases-in.md.
        value: As the document has it.
        written: What the document calls it, for messages.

    Raises:
        DocumentRefused: An embargo has no clear end.
    """
    known = HEAD_FIELDS.get(name)
    if known is None:
        head.fields.setdefault(name.replace(" ", "_"), value)
    elif known.kind is _Kind.EMBARGO and isinstance(value, str):
        _add_embargo(head, written, value)
    elif known.kind is _Kind.CORRECTION and isinstance(value, str):
        head.fields[known.name] = _correction(value)
    elif known.kind in (_Kind.MANY, _Kind.BARS):
        _entries(head, known.name).extend(value if isinstance(value, list) else [value])
    else:
        head.fields.setdefault(known.name, value)


def _add(head: HeadBlock, written: str, value: str) -> None:
    known = HEAD_FIELDS.get(_known(written))
    if known is None:
        meant = (_meant(written) or "").capitalize()
        raise DocumentRefused(
            f"{shown(written)} is no field of the head block",
            remedy=f"write {meant}:, or put a blank line and the title above it",
            field=written,
        )
    if not value:
        raise DocumentRefused(
            f"{shown(written)} has no value in the head block",
            remedy="write the value behind the colon, or remove the line",
            field=known.name,
        )
    if known.kind is _Kind.MANY:
        _entries(head, known.name).append(value)
    elif known.kind is _Kind.BARS:
        _entries(head, known.name).extend(
            part for each in value.split("|") if (part := each.strip())
        )
    elif known.name in head.fields:
        raise DocumentRefused(
            f"{known.name} stands twice in the head block",
            remedy="remove one of the two lines",
            field=known.name,
        )
    elif known.kind is _Kind.EMBARGO:
        _add_embargo(head, written, value)
    else:
        head.fields[known.name] = _correction(value) if known.kind is _Kind.CORRECTION else value


def _entries(head: HeadBlock, name: str) -> list[object]:
    entries = head.fields.setdefault(name, [])
    if not isinstance(entries, list):  # only `_Kind.MANY` and `_Kind.BARS` get here
        raise TypeError(name)
    return entries


def _add_embargo(head: HeadBlock, written: str, value: str) -> None:
    if re.match(_DATED, value):
        head.fields["embargoed_until"] = value
        return
    notice = notice_in(f"Embargo: {value}") or notice_in(value)
    if notice is None:
        raise DocumentRefused(
            f"{shown(written)} does not say until when: {shown(value)}",
            remedy="write day, time and offset, such as Embargo: 2026-11-03T09:00:00+01:00",
            field="embargoed_until",
        )
    head.notices.append(notice)


def _correction(value: str) -> object:
    """Returns "minor", "minor; a comma", or a note alone, as a record has them."""
    weight = _WEIGHT.match(value)
    if weight is None:
        return {"note": value}
    note = value[weight.end() :].strip()
    return {"weight": weight[1], "note": note} if note else weight[1]


def retraction_record(head: HeadBlock, text: str) -> SourceRecord:
    """Returns the record of a document whose head block retracts a release.

    Args:
        head: The head block.
        text: What follows it: the reason, if the block has none.
    """
    fields = {"reason": " ".join(text.split()), **head.fields}
    return SourceRecord(fields=fields, is_whole_document=True, lines_by_field=head.lines_by_field)
