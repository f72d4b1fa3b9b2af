"""Reads the end of a release's embargo."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.dates import in_utc, read_moment_or_day
from feeds.ingest.embargo_words import EmbargoNotice
from feeds.ingest.fields import optional_text
from feeds.ingest.rules import IntakeRules

FIELD = "embargoed_until"
_REMEDY = (
    "write day, time and offset, such as EMBARGOED UNTIL 2026-11-03T09:00:00+01:00, or put the "
    f"moment into the field {FIELD!r}"
)


def read_embargo(
    fields: Mapping[str, object],
    *,
    notices: Sequence[EmbargoNotice] = (),
    published: datetime | None = None,
    rules: IntakeRules,
    warnings: list[str],
) -> datetime | None:
    """Returns the end of a record's embargo in UTC; None without one.

    A mistake here would publish a release early, so misspelled and empty fields are refused, and so
    are notices without a clear end.

    Args:
        fields: The fields of the record.
        notices: Embargo notices in its texts.
        published: The record's publication date; None when it could not be read.
        rules: Defaults and limits.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: The end is not a moment, is in a field of another name, or is ambiguous.
    """
    explicit = _read_field(fields, rules=rules, warnings=warnings)
    if explicit is None:
        return _end_in_words(notices, published)
    for notice in notices:
        bounds = notice.until.bounds()
        if bounds is not None and explicit < bounds[0]:
            raise DocumentRefused(
                f"{FIELD} is {explicit:%Y-%m-%dT%H:%M:%SZ}, which is before what the text says: "
                f"{shown(notice.line)}",
                remedy=f"put one of the two right; they may both say {_example(notice)}",
                field=FIELD,
            )
    return explicit


def _end_in_words(notices: Sequence[EmbargoNotice], published: datetime | None) -> datetime | None:
    """Returns the moment on which all *notices* agree; None without notices, or when it is past."""
    ends: set[datetime] = set()
    for notice in notices:
        end = None if notice.rest is None else notice.until.moment
        bounds = notice.until.bounds()
        if end is not None:
            ends.add(end)
        elif bounds is None or published is None or bounds[1] > published:
            raise DocumentRefused(
                f"the text says that it is under embargo, but not clearly until when: "
                f"{shown(notice.line)}",
                remedy=_REMEDY,
                field=FIELD,
            )
    if len(ends) > 1:
        ends_text = " and ".join(f"{end:%Y-%m-%dT%H:%M:%SZ}" for end in sorted(ends))
        raise DocumentRefused(
            f"the text says that it is under embargo until {ends_text}", remedy=_REMEDY, field=FIELD
        )
    return ends.pop() if ends else None


def _example(notice: EmbargoNotice) -> str:
    end = notice.until.moment
    return "EMBARGOED UNTIL 2026-11-03T09:00:00+01:00" if end is None else f"{end.isoformat()}"


def _read_field(
    fields: Mapping[str, object], *, rules: IntakeRules, warnings: list[str]
) -> datetime | None:
    for name, value in fields.items():
        if "embargo" in name.lower() and name != FIELD and value:
            raise DocumentRefused(
                f"an embargo is not read from {shown(name)}",
                remedy=f"rename it to {FIELD!r}, with the moment at which the embargo ends",
                field=FIELD,
            )
    written = optional_text(fields, FIELD)
    if written is not None:
        return read_embargo_end(written, rules=rules, warnings=warnings)
    if fields.get(FIELD) is not None:
        raise DocumentRefused(
            f"{FIELD} is empty", remedy="say when the embargo ends, or leave it out", field=FIELD
        )
    return None


def read_embargo_end(text: str, *, rules: IntakeRules, warnings: list[str]) -> datetime:
    """Returns a moment with its zone, or a bare date at the configured time of day, in UTC.

    When clocks change at that time, and two moments are possible, it is the later one.

    Raises:
        DocumentRefused: *text* is not a date, is impossible, or is a time without a zone.
    """
    end = read_moment_or_day(text.strip(), field=FIELD, rules=rules, warnings=warnings)
    return max(in_utc(end.replace(fold=fold)) for fold in (0, 1))
