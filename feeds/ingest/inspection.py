"""The look at one record: every fault is kept, so that a person hears of all of them at once."""

from collections.abc import Callable
from typing import TypeVar

from feeds.errors import DocumentRefused
from feeds.ingest.records import Record
from feeds.model.intake import FieldFault, Refusal
from feeds.model.release import Origin

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

    def refusal(self, record: Record, *, document: str) -> Refusal:
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
