"""Until when nobody may see a release."""

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
    mended: list[str],
) -> datetime | None:
    """The end of a record's embargo, in UTC; None when it has none.

    A slip here would publish, so a field that was probably meant is refused, an empty one, and
    words of an embargo whose end cannot be told.

    Args:
        fields: Of the record.
        notices: What its texts say in words.
        published: As the record says it; None when it could not be read.
        rules: What is assumed.
        mended: Gets warnings.

    Raises:
        DocumentRefused: It is no moment, stands under another name, or cannot be read beyond doubt.
    """
    explicit = _read_field(fields, rules=rules, mended=mended)
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
    """The one moment that all *notices* tell; None when there are none, or those are over."""
    ends: set[datetime] = set()
    for notice in notices:
        end = None if notice.rest is None else notice.until.moment
        bounds = notice.until.bounds()
        if end is not None:
            ends.add(end)
        elif bounds is None or published is None or bounds[1] > published:
            raise DocumentRefused(
                f"the text says that it is under embargo, and not beyond doubt until when: "
                f"{shown(notice.line)}",
                remedy=_REMEDY,
                field=FIELD,
            )
    if len(ends) > 1:
        told = " and ".join(f"{end:%Y-%m-%dT%H:%M:%SZ}" for end in sorted(ends))
        raise DocumentRefused(
            f"the text says that it is under embargo until {told}", remedy=_REMEDY, field=FIELD
        )
    return ends.pop() if ends else None


def _example(notice: EmbargoNotice) -> str:
    end = notice.until.moment
    return "EMBARGOED UNTIL 2026-11-03T09:00:00+01:00" if end is None else f"{end.isoformat()}"


def _read_field(
    fields: Mapping[str, object], *, rules: IntakeRules, mended: list[str]
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
        return read_embargo_end(written, rules=rules, mended=mended)
    if fields.get(FIELD) is not None:
        raise DocumentRefused(
            f"{FIELD} is empty", remedy="say when the embargo ends, or leave it out", field=FIELD
        )
    return None


def read_embargo_end(text: str, *, rules: IntakeRules, mended: list[str]) -> datetime:
    """A moment with its zone, or a bare day at the configured time of day; in UTC.

    Where the clocks are changed at that time of day, it is the later of the two moments that may
    be meant.

    Raises:
        DocumentRefused: It is another thing, cannot be, or is a time of day without a zone.
    """
    end = read_moment_or_day(text.strip(), field=FIELD, rules=rules, mended=mended)
    return max(in_utc(end.replace(fold=fold)) for fold in (0, 1))
