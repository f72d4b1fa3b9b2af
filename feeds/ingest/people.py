"""Authors, as a name, an object, or a list of either."""

import re
from collections.abc import Mapping

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, MAX_URL_CHARS, absolute, has_broken_escape
from feeds.ingest.characters import is_blank, one_line, shown
from feeds.ingest.fields import at_most, items, short_line
from feeds.ingest.rules import IntakeRules
from feeds.model.release import Person

#: Where authors may stand. ``components`` are the divisions that issued a release: they are its
#: author where no person is named.
_FIELDS = ("authors", "author", "components")
_EMAIL = re.compile(r"[^@\s<>,;\"']+@[^@\s<>,;\"']+")


def read_authors(
    fields: Mapping[str, object], *, is_markup: bool, rules: IntakeRules, mended: list[str]
) -> tuple[Person, ...]:
    """The authors of a record, each once, in its order.

    A name is never split: ``Martin Luther King, Jr.`` is one person.

    Args:
        fields: Of the record.
        is_markup: Its body is HTML, so that names may hold character references.
        rules: Tell the limits.
        mended: Gets warnings.

    Raises:
        DocumentRefused: An author is neither text nor object, has no name, or there are too many.
    """
    for field in _FIELDS:
        values = items(fields, field)
        at_most(len(values), rules.max_authors, field=field)
        reader = _Reader(field, is_markup=is_markup, rules=rules, mended=mended)
        people = dict.fromkeys(person for value in values if (person := reader.read(value)))
        if people:
            return tuple(people)
    return ()


class _Reader:
    def __init__(
        self, field: str, *, is_markup: bool, rules: IntakeRules, mended: list[str]
    ) -> None:
        self._field = field
        self._is_markup = is_markup
        self._rules = rules
        self._mended = mended

    def read(self, value: object) -> Person | None:
        if isinstance(value, str):
            name = self._name(value)
            return None if is_blank(name) else Person(name=name)
        if isinstance(value, dict):
            return self._read_object(value)
        raise self._refusal(value)

    def _read_object(self, value: Mapping[str, object]) -> Person:
        email = self._email(value.get("email"))
        name = self._name(value.get("name")) or email
        if not name or is_blank(name):
            raise self._refusal(value)
        uri = self._address(value.get("url") or value.get("uri"))
        return Person(name=name, email=email, uri=uri)

    def _name(self, value: object) -> str:
        return short_line(
            self._text(value),
            self._rules.max_name_chars,
            field=self._field,
            is_markup=self._is_markup,
            mended=self._mended,
        )

    def _line(self, value: object) -> str:
        # One character too many is enough to see that it is no address.
        text = self._text(value)[: MAX_URL_CHARS + 1]
        return one_line(text, field=self._field, is_markup=self._is_markup, mended=self._mended)

    def _text(self, value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._refusal(value)
        return value

    def _email(self, value: object) -> str | None:
        email = self._line(value)
        if _EMAIL.fullmatch(email) and len(email) <= self._rules.max_name_chars:
            return email
        if email:
            self._mended.append(f"{self._field}: {shown(email)} is no e-mail address; left out")
        return None

    def _address(self, value: object) -> str | None:
        text = self._line(value)
        address = absolute(text, base=f"{self._rules.base_url}/", schemes=FETCH_SCHEMES)
        if has_broken_escape(text) or len(address or "") > MAX_URL_CHARS:
            address = None
        if text and address is None:
            self._mended.append(f"{self._field}: {shown(text)} is no web address; left out")
        return address

    def _refusal(self, value: object) -> DocumentRefused:
        return DocumentRefused(
            f"{self._field} names nobody: {shown(value)}",
            remedy='write a name, or {"name": …, "email": …, "url": …}, or a list of these',
            field=self._field,
        )
