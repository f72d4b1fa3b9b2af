"""Reads the fields of a record: checks their types and collects their faults."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, MAX_URL_CHARS, absolute, has_broken_escape
from feeds.ingest.characters import is_blank, one_line, shown
from feeds.ingest.embargo_words import EmbargoNotice
from feeds.model.intake import FieldFault, Refusal
from feeds.model.release import Origin

# What a parser yields: a record as written, and its position.

#: The field that names a release to retract, and the one that says why. A record with them has no
#: others.
RETRACT = "retract"
REASON = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPicture:
    """A picture inside a document. The body refers to it as ``cid:`` and its name."""

    name: str  #: unique in the document
    media_type: str  #: as the document says
    data: bytes
    alt: str  #: may be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One release as a document has it: parsed, but not checked."""

    fields: Mapping[str, object]  #: names as in docs/releases-in.md
    line: int | None = None  #: first line; None if the record is the whole document
    #: the document holds only this record, and its name identifies it
    is_whole_document: bool = False
    #: line of each field, where the parser knows it
    lines_by_field: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()  #: warnings of the parser
    notices: tuple[EmbargoNotice, ...] = ()  #: embargo notices found outside all fields
    #: a document that people write: without a date it is published when it is taken in
    may_be_undated: bool = False
    left_out: tuple[str, ...] = ()  #: what of the document is in no field, as sentences
    pictures: tuple[EmbeddedPicture, ...] = ()  #: those that stand in the body
    is_public: bool = False  #: it was public elsewhere already: embargoes in its text are over


#: What parsers yield. A fault concerns the record at its line, or the rest of the document.
Parsed = SourceRecord | DocumentRefused


# Inspection of one record: all faults are collected, so that a person learns of all of them at
# once.

_T = TypeVar("_T")


class Inspection:
    """The faults of one record, and the warnings about what was repaired in it."""

    def __init__(self, warnings: tuple[str, ...] = ()) -> None:
        self.faults: list[DocumentRefused] = []
        self.warnings: list[str] = list(warnings)

    def read(self, reader: Callable[[], _T], otherwise: _T) -> _T:
        """Returns the result of *reader*, or *otherwise* if it refuses, and records the fault."""
        try:
            return reader()
        except DocumentRefused as fault:
            self.faults.append(fault)
            return otherwise

    @property
    def unique_warnings(self) -> tuple[str, ...]:
        """The warnings, each once, in the order in which they were found."""
        return tuple(dict.fromkeys(self.warnings))

    def refusal(self, record: SourceRecord, *, document: str) -> Refusal:
        """Returns one refusal with all faults; its line and field are those of the first."""
        first = self.faults[0]
        line = first.line or record.lines_by_field.get(first.field or "", record.line)
        return Refusal(
            origin=Origin(document=document, line=line),
            reason="; ".join(fault.reason for fault in self.faults),
            remedy="; ".join(dict.fromkeys(fault.remedy for fault in self.faults)),
            field=first.field,
            faults=tuple(
                FieldFault(field=fault.field, reason=fault.reason, remedy=fault.remedy)
                for fault in self.faults
            ),
        )


def refused(fault: DocumentRefused, *, document: str) -> Refusal:
    """Returns the refusal for a parser's *fault*."""
    return Refusal(
        origin=Origin(document=document, line=fault.line),
        reason=fault.reason,
        remedy=fault.remedy,
        field=fault.field,
    )


# Language tags: well-formed, in the case that the IANA registry uses.

#: ``langtag`` of RFC 5646 section 2.1, without language subtags of four letters and more: none is
#: registered, and "english" would be one.
_LANGTAG = re.compile(
    r"""
    [a-z]{2,3} (?:-[a-z]{3}){0,3}       # language, extended language
    (?:-[a-z]{4})?                      # script
    (?:-(?:[a-z]{2}|[0-9]{3}))?         # region
    (?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*  # variants
    (?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*      # extensions
    (?:-x(?:-[a-z0-9]{1,8})+)?          # private use
    """,
    re.VERBOSE,
)

#: RFC 5646 section 4.4.1 requires room for 35; tags with extensions may be longer.
MAX_TAG_CHARS = 100


def read_language(text: str, *, warnings: list[str]) -> str:
    """Returns a BCP 47 tag in the case that RFC 5646 section 2.1.1 recommends.

    Args:
        text: As the document has it; ``pt_BR`` is corrected to ``pt-BR``.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: *text* is not a well-formed tag.
    """
    tag = text.strip().replace("_", "-")
    if len(tag) > MAX_TAG_CHARS or not tag.isascii() or not _LANGTAG.fullmatch(tag.lower()):
        raise DocumentRefused(
            f"language is not a BCP 47 tag: {shown(text)}",
            remedy="write it as en, pt-BR or zh-Hant",
            field="language",
        )
    if "_" in text:
        warnings.append(f"language: {shown(text.strip())} read as {tag!r}")
    return _cased(tag)


def _cased(tag: str) -> str:
    subtags = tag.lower().split("-")
    after_singleton = False
    for position, subtag in enumerate(subtags):
        if position and not after_singleton:
            # "all 2-letter subtags are in upper case and all 4-letter subtags are in title
            # case, unless they are at the start or occur after singletons"
            subtags[position] = {2: subtag.upper, 4: subtag.title}.get(len(subtag), subtag.lower)()
        after_singleton = after_singleton or len(subtag) == 1
    return "-".join(subtags)


# Typed access to fields.

#: How many times longer than its limit a text may be before it is cleaned of white space, controls
#: and character references.
UNCLEAN_TIMES = 20

#: Other common names of the required fields. They are not read (a ``date`` may be anything), but
#: the refusal suggests them.
_ELSEWHERE = {
    "title": ("headline", "subject", "name"),
    "body": ("content", "content_html", "content_text", "html", "text", "description"),
    "published": ("date", "date_published", "published_at", "pubdate", "datetime"),
}


def optional_text(fields: Mapping[str, object], name: str) -> str | None:
    """Returns the text of a field; None when it is missing, null, or only white space.

    Raises:
        DocumentRefused: The field is present and not a text.
    """
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise DocumentRefused(
            f"{name} is not a text: {shown(value)}", remedy=f"write {name} in quotes", field=name
        )
    return value if value.strip() else None


def required_text(fields: Mapping[str, object], name: str) -> str:
    """Returns the text of a required field.

    Raises:
        DocumentRefused: The field is missing, empty, or not a text.
    """
    value = optional_text(fields, name)
    if value is not None:
        return value
    if name in fields:
        raise DocumentRefused(f"{name} is empty", remedy=f"give the {name}", field=name)
    meant = _near_miss(fields, name)
    remedy = f"rename {shown(meant)} to {name!r}" if meant else f"add the field {name!r}"
    raise DocumentRefused(f"{name} is missing", remedy=remedy, field=name)


def items(fields: Mapping[str, object], name: str) -> list[object]:
    """Returns the values of a field that may be a list, a single value, or missing."""
    value = fields.get(name)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def at_most(count: int, limit: int, *, field: str) -> None:
    """Refuses a list with more entries than *limit*.

    Raises:
        DocumentRefused: *count* is above *limit*.
    """
    if count > limit:
        raise DocumentRefused(
            f"{field} has {count} entries; at most {limit} are taken",
            remedy=f"shorten {field}",
            field=field,
        )


def fitting(text: str, limit: int, *, field: str) -> str:
    """Returns *text* if it has at most *limit* characters.

    Raises:
        DocumentRefused: *text* is longer.
    """
    if len(text) > limit:
        raise DocumentRefused(
            f"{field} has {len(text)} characters; at most {limit} are taken",
            remedy=f"shorten {field}",
            field=field,
        )
    return text


def short_line(text: str, limit: int, *, field: str, is_markup: bool, warnings: list[str]) -> str:
    """Returns *text* as one clean line of plain text with at most *limit* characters.

    Args:
        text: As the document has it.
        limit: Maximum length of the cleaned text.
        field: Name of the field in messages.
        is_markup: As for `one_line`.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: The text is longer, or so long that cleaning it would take seconds.
    """
    if len(text) > limit * UNCLEAN_TIMES:
        return fitting(text, limit, field=field)
    line = one_line(text, field=field, is_markup=is_markup, warnings=warnings)
    return fitting(line, limit, field=field)


def _near_miss(fields: Mapping[str, object], name: str) -> str | None:
    by_folded = {key.casefold(): key for key in _strings(fields)}
    if name in by_folded:
        return by_folded[name]
    for other in _ELSEWHERE.get(name, ()):
        if other in by_folded:
            return by_folded[other]
    close = get_close_matches(name, by_folded, n=1, cutoff=0.75)
    return by_folded[close[0]] if close else None


def _strings(fields: Iterable[str], limit: int = 100) -> list[str]:
    # A hostile record may have a million fields; the first hundred suffice for a suggestion.
    return [key[:50] for key, _ in zip(fields, range(limit), strict=False)]


# Short fields: one line of plain text, or one address.


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Reads short fields. *field* is the path in the record, such as ``contacts[0].phone``."""

    is_markup: bool  #: whether the body is HTML, so that texts may contain character references
    warnings: list[str]  #: receives warnings

    def text(self, value: object, *, field: str, limit: int) -> str | None:
        """Returns *value* as one clean line; None when it is missing or shows nothing.

        Raises:
            DocumentRefused: *value* is not a text, or longer than *limit* characters.
        """
        if value is None:
            return None
        if not isinstance(value, str):
            raise DocumentRefused(
                f"{field} is not a text: {shown(value)}",
                remedy=f"write {field} in quotes",
                field=field,
            )
        line = short_line(
            value, limit, field=field, is_markup=self.is_markup, warnings=self.warnings
        )
        return None if is_blank(line) else line

    def address(self, value: object, *, field: str, base: str = "") -> str | None:
        """Returns *value* as an absolute web address; None when it is missing or empty.

        Args:
            value: As the record has it.
            field: Its path in the record.
            base: Base of relative addresses; without one they are refused.

        Raises:
            DocumentRefused: *value* is not an address, has another scheme than http and https, or
                contains a percent sign that escapes nothing.
        """
        if value is None or value == "":
            return None
        written = value if isinstance(value, str) else ""
        check_escapes(written, field=field)
        address = absolute(written, base=base, schemes=FETCH_SCHEMES)
        if address is None:
            kind = "a web address" if base else "an absolute web address"
            raise DocumentRefused(
                f"{field} is not {kind}: {shown(value)}",
                remedy="write it with https:// and host, or leave it out",
                field=field,
            )
        return fitting(address, MAX_URL_CHARS, field=field)


def check_escapes(address: str, *, field: str) -> None:
    """Refuses an address with a percent sign that escapes nothing (RFC 3986 section 2.1).

    Servers treat such an address differently; some answer 400.

    Raises:
        DocumentRefused: *address* contains one.
    """
    if has_broken_escape(address):
        raise DocumentRefused(
            f"{field} holds a percent sign that escapes nothing: {shown(address)}",
            remedy="write %25 for a percent sign, and %20 or the like for what is escaped",
            field=field,
        )


def first_of(fields: Mapping[str, object], *names: str) -> object:
    """Returns the value of the first of *names* that is present."""
    return next((fields[name] for name in names if fields.get(name) is not None), None)
