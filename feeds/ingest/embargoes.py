"""Until when nobody may see a release."""

from collections.abc import Mapping
from datetime import datetime

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.dates import in_utc, read_moment_or_day
from feeds.ingest.fields import optional_text
from feeds.ingest.rules import IntakeRules

FIELD = "embargoed_until"


def read_embargo(
    fields: Mapping[str, object], *, rules: IntakeRules, mended: list[str]
) -> datetime | None:
    """The end of a record's embargo, in UTC; None when it has none.

    A slip here would publish, so a field that was probably meant is refused, and an empty one.

    Raises:
        DocumentRefused: It is no moment, or stands under another name.
    """
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
