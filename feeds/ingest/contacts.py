"""Whom the press may ask, as a text, an object, or a list of either."""

import re
from collections.abc import Mapping

from feeds.errors import DocumentRefused
from feeds.ingest.characters import shown
from feeds.ingest.fields import at_most, items
from feeds.ingest.lines import Lines, first_of
from feeds.ingest.rules import IntakeRules
from feeds.model.release import Contact

_FIELDS = ("contacts", "contact")
_EMAIL = re.compile(r"[^@\s<>,;\"']+@[^@\s<>,;\"']+")
_REMEDY = 'write a text, or {"name": …, "phone": …, "email": …}, or a list of these'


def read_contacts(
    fields: Mapping[str, object], *, lines: Lines, rules: IntakeRules
) -> tuple[Contact, ...]:
    """The contacts of a record, each once, in its order.

    Raises:
        DocumentRefused: A contact names nobody, or an address in it is none: whoever calls a
            press office in a hurry is not to find out for us. Or there are too many.
    """
    for name in _FIELDS:
        values = items(fields, name)
        at_most(len(values), rules.max_contacts, field=name)
        reader = _Reader(lines, rules)
        read = (reader.read(value, f"{name}[{place}]") for place, value in enumerate(values))
        contacts = dict.fromkeys(contact for contact in read if contact)
        if contacts:
            return tuple(contacts)
    return ()


class _Reader:
    def __init__(self, lines: Lines, rules: IntakeRules) -> None:
        self._lines = lines
        self._rules = rules

    def read(self, value: object, field: str) -> Contact | None:
        if isinstance(value, dict):
            return self._read_object(value, field)
        if not isinstance(value, str):
            raise _refusal(field, "is neither text nor object", value)
        name = self._line(value, field)
        return Contact(name=name) if name else None

    def _read_object(self, value: Mapping[str, object], field: str) -> Contact:
        def line(*names: str) -> str | None:
            return self._line(first_of(value, *names), f"{field}.{names[0]}")

        organisation = line("organisation", "organization")
        email = self._email(value.get("email"), f"{field}.email")
        # A desk that is manned in turns has no name of its own.
        name = line("name") or organisation or email
        if not name:
            raise _refusal(field, "names nobody", value)
        return Contact(
            name=name,
            role=line("role"),
            organisation=None if organisation == name else organisation,
            phone=line("phone", "tel"),
            email=email,
            uri=self._lines.address(
                first_of(value, "uri", "url"),
                field=f"{field}.uri",
                base=f"{self._rules.base_url}/",
            ),
        )

    def _line(self, value: object, field: str) -> str | None:
        return self._lines.text(value, field=field, limit=self._rules.max_name_chars)

    def _email(self, value: object, field: str) -> str | None:
        email = self._line(value, field)
        if email and not _EMAIL.fullmatch(email):
            raise _refusal(field, "is no e-mail address", email)
        return email


def _refusal(field: str, fact: str, value: object) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}: {shown(value)}", remedy=_REMEDY, field=field)
