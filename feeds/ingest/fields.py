"""The fields of a record, taken out with their type checked and their faults collected."""

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

# What a parser hands on: a record as its document has it, and where it stands.


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One release as a document has it: read, but not judged."""

    fields: Mapping[str, object]  #: by the names of docs/releases-in.md
    line: int | None = None  #: where it starts; None when it is the whole document
    is_whole_document: bool = False  #: the document is this record's own; its name identifies it
    lines_by_field: Mapping[str, int] = field(default_factory=dict)  #: where a parser knows them
    warnings: tuple[str, ...] = ()  #: the parser's own
    notices: tuple[EmbargoNotice, ...] = ()  #: of an embargo, which stood outside all fields


#: What parsers yield. A fault concerns the record at its line, or the rest of the document.
Parsed = SourceRecord | DocumentRefused


# The look at one record: every fault is kept, so that a person hears of all of them at once.

_T = TypeVar("_T")


class Inspection:
    """What was found wrong with one record, and what was mended in it."""

    def __init__(self, warnings: tuple[str, ...] = ()) -> None:
        self.faults: list[DocumentRefused] = []
        self.mended: list[str] = list(warnings)

    def read(self, reader: Callable[[], _T], otherwise: _T) -> _T:
        """What *reader* returns; if it refuses, the fault is kept and *otherwise* stands in."""
        try:
            return reader()
        except DocumentRefused as fault:
            self.faults.append(fault)
            return otherwise

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was mended, each told once, in the order it was found."""
        return tuple(dict.fromkeys(self.mended))

    def refusal(self, record: SourceRecord, *, document: str) -> Refusal:
        """All faults in one; the line and the field are the first one's."""
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
    """A parser's *fault* as the caller gets it."""
    return Refusal(
        origin=Origin(document=document, line=fault.line),
        reason=fault.reason,
        remedy=fault.remedy,
        field=fault.field,
    )


# Language tags: well-formed, and spelled as the registry does.

#: RFC 5646 section 2.1, ``langtag``, without language subtags of four letters and more: none is
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

#: RFC 5646 section 4.4.1 asks for room for 35; extensions may be longer.
MAX_TAG_CHARS = 100


def read_language(text: str, *, mended: list[str]) -> str:
    """A BCP 47 tag in the case that RFC 5646 section 2.1.1 recommends.

    Args:
        text: As the document has it; ``pt_BR`` is mended to ``pt-BR``.
        mended: Gets warnings.

    Raises:
        DocumentRefused: It is no well-formed tag.
    """
    tag = text.strip().replace("_", "-")
    if len(tag) > MAX_TAG_CHARS or not tag.isascii() or not _LANGTAG.fullmatch(tag.lower()):
        raise DocumentRefused(
            f"language is not a BCP 47 tag: {shown(text)}",
            remedy="write it as en, pt-BR or zh-Hant",
            field="language",
        )
    if "_" in text:
        mended.append(f"language: {shown(text.strip())} read as {tag!r}")
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


# The fields of a record, taken out with their type checked.

#: White space, controls and references may make a line so many times as long as it will be.
UNCLEAN_TIMES = 20

#: What the required fields are called elsewhere. They are not read (a ``date`` may be anything),
#: but the refusal says what was probably meant.
_ELSEWHERE = {
    "title": ("headline", "subject", "name"),
    "body": ("content", "content_html", "content_text", "html", "text", "description"),
    "published": ("date", "date_published", "published_at", "pubdate", "datetime"),
}


def optional_text(fields: Mapping[str, object], name: str) -> str | None:
    """The text of a field; None when it is missing, null, or white space only.

    Raises:
        DocumentRefused: It is there and no text.
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
    """The text of a field without which there is no release.

    Raises:
        DocumentRefused: It is missing, empty, or no text.
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
    """The values of a field that may be a list, one value, or missing."""
    value = fields.get(name)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def at_most(count: int, limit: int, *, field: str) -> None:
    """Refuse a list that is longer than *limit*.

    Raises:
        DocumentRefused: It is.
    """
    if count > limit:
        raise DocumentRefused(
            f"{field} has {count} entries; at most {limit} are taken",
            remedy=f"shorten {field}",
            field=field,
        )


def fitting(text: str, limit: int, *, field: str) -> str:
    """*Text*, if it has no more than *limit* characters.

    Raises:
        DocumentRefused: It has.
    """
    if len(text) > limit:
        raise DocumentRefused(
            f"{field} has {len(text)} characters; at most {limit} are taken",
            remedy=f"shorten {field}",
            field=field,
        )
    return text


def short_line(text: str, limit: int, *, field: str, is_markup: bool, mended: list[str]) -> str:
    """*Text* as one clean line of plain text with no more than *limit* characters.

    Args:
        text: As the document has it.
        limit: Of what is left of it.
        field: What messages call it.
        is_markup: See `one_line`.
        mended: Gets warnings.

    Raises:
        DocumentRefused: It has more; or so many that to clean them would take seconds.
    """
    if len(text) > limit * UNCLEAN_TIMES:
        return fitting(text, limit, field=field)
    line = one_line(text, field=field, is_markup=is_markup, mended=mended)
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
    # A hostile record can have a million fields; the first hundred will do for a hint.
    return [key[:50] for key, _ in zip(fields, range(limit), strict=False)]


# The short fields of a record: one line of plain text, or one address.


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Reads short fields, each named by its path in the record, such as ``contacts[0].phone``."""

    is_markup: bool  #: the record's body is HTML, so that its texts may hold character references
    mended: list[str]  #: gets warnings

    def text(self, value: object, *, field: str, limit: int) -> str | None:
        """*Value* as one clean line; None when it is missing or nothing of it can be seen.

        Raises:
            DocumentRefused: It is no text, or longer than *limit* characters.
        """
        if value is None:
            return None
        if not isinstance(value, str):
            raise DocumentRefused(
                f"{field} is not a text: {shown(value)}",
                remedy=f"write {field} in quotes",
                field=field,
            )
        line = short_line(value, limit, field=field, is_markup=self.is_markup, mended=self.mended)
        return None if is_blank(line) else line

    def address(self, value: object, *, field: str, base: str = "") -> str | None:
        """*Value* as an absolute web address; None when it is missing or empty.

        Args:
            value: As the record has it.
            field: Its path in the record.
            base: What relative addresses are relative to; without one they are refused.

        Raises:
            DocumentRefused: It is none, one with another scheme than http and https, or one that
                servers read in different ways.
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
    """Refuse an address in which a percent sign escapes nothing (RFC 3986 section 2.1).

    What a server makes of it is its own affair; some answer 400.

    Raises:
        DocumentRefused: There is one.
    """
    if has_broken_escape(address):
        raise DocumentRefused(
            f"{field} holds a percent sign that escapes nothing: {shown(address)}",
            remedy="write %25 for a percent sign, and %20 or the like for what is escaped",
            field=field,
        )


def first_of(fields: Mapping[str, object], *names: str) -> object:
    """The first of these fields that is there."""
    return next((fields[name] for name in names if fields.get(name) is not None), None)
