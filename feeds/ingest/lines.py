"""The short fields of a record: one line of plain text, or one address."""

from collections.abc import Mapping
from dataclasses import dataclass

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, MAX_URL_CHARS, absolute, has_broken_escape
from feeds.ingest.characters import is_blank, shown
from feeds.ingest.fields import fitting, short_line


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
