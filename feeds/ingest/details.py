"""Reads the authors, contacts, related links and correction of a record."""

import re
from collections.abc import Mapping

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, MAX_URL_CHARS, absolute, has_broken_escape
from feeds.ingest.characters import is_blank, one_line, shown
from feeds.ingest.enclosures import media_type_in
from feeds.ingest.fields import Lines, at_most, first_of, fitting, items, read_language, short_line
from feeds.ingest.rules import IntakeRules
from feeds.model.release import Contact, Correction, Person, RelatedLink, Weight

# Authors: a name, an object, or a list of either.

#: Fields of authors. ``components`` are the divisions that issued a release: they are its author if
#: no person is named.
_AUTHOR_FIELDS = ("authors", "author", "components")
_EMAIL = re.compile(r"[^@\s<>,;\"']+@[^@\s<>,;\"']+")


def read_authors(
    fields: Mapping[str, object], *, is_markup: bool, rules: IntakeRules, warnings: list[str]
) -> tuple[Person, ...]:
    """Returns the authors of a record in its order, each once.

    A name is never split: ``Martin Luther King, Jr.`` is one person.

    Args:
        fields: The fields of the record.
        is_markup: Whether its body is HTML, so that names may contain character references.
        rules: The limits.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: An author is neither text nor object, or has no name, or there are too
            many.
    """
    for field in _AUTHOR_FIELDS:
        values = items(fields, field)
        at_most(len(values), rules.max_authors, field=field)
        reader = _AuthorReader(field, is_markup=is_markup, rules=rules, warnings=warnings)
        people = dict.fromkeys(person for value in values if (person := reader.read(value)))
        if people:
            return tuple(people)
    return ()


class _AuthorReader:
    def __init__(
        self, field: str, *, is_markup: bool, rules: IntakeRules, warnings: list[str]
    ) -> None:
        self._field = field
        self._is_markup = is_markup
        self._rules = rules
        self._warnings = warnings

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
            warnings=self._warnings,
        )

    def _line(self, value: object) -> str:
        # One character above the limit suffices to reject the address.
        text = self._text(value)[: MAX_URL_CHARS + 1]
        return one_line(text, field=self._field, is_markup=self._is_markup, warnings=self._warnings)

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
            self._warnings.append(
                f"{self._field}: {shown(email)} is not an e-mail address; left out"
            )
        return None

    def _address(self, value: object) -> str | None:
        text = self._line(value)
        address = absolute(text, base=f"{self._rules.base_url}/", schemes=FETCH_SCHEMES)
        if has_broken_escape(text) or len(address or "") > MAX_URL_CHARS:
            address = None
        if text and address is None:
            self._warnings.append(f"{self._field}: {shown(text)} is not a web address; left out")
        return address

    def _refusal(self, value: object) -> DocumentRefused:
        return DocumentRefused(
            f"{self._field} names nobody: {shown(value)}",
            remedy='write a name, or {"name": …, "email": …, "url": …}, or a list of these',
            field=self._field,
        )


# Press contacts: a text, an object, or a list of either.

_CONTACT_FIELDS = ("contacts", "contact")
_CONTACT_REMEDY = 'write a text, or {"name": …, "phone": …, "email": …}, or a list of these'


def read_contacts(
    fields: Mapping[str, object], *, lines: Lines, rules: IntakeRules
) -> tuple[Contact, ...]:
    """Returns the contacts of a record in its order, each once.

    Raises:
        DocumentRefused: A contact has no name, or an invalid address, or there are too many. An
            invalid address is refused because otherwise a journalist in a hurry would be the one to
            notice it.
    """
    for name in _CONTACT_FIELDS:
        values = items(fields, name)
        at_most(len(values), rules.max_contacts, field=name)
        reader = _ContactReader(lines, rules)
        read = (reader.read(value, f"{name}[{index}]") for index, value in enumerate(values))
        contacts = dict.fromkeys(contact for contact in read if contact)
        if contacts:
            return tuple(contacts)
    return ()


class _ContactReader:
    def __init__(self, lines: Lines, rules: IntakeRules) -> None:
        self._lines = lines
        self._rules = rules

    def read(self, value: object, field: str) -> Contact | None:
        if isinstance(value, dict):
            return self._read_object(value, field)
        if not isinstance(value, str):
            raise _contact_refusal(field, "is neither text nor object", value)
        name = self._line(value, field)
        return Contact(name=name) if name else None

    def _read_object(self, value: Mapping[str, object], field: str) -> Contact:
        def line(*names: str) -> str | None:
            return self._line(first_of(value, *names), f"{field}.{names[0]}")

        organisation = line("organisation", "organization")
        email = self._email(value.get("email"), f"{field}.email")
        # A duty press office has no person's name.
        name = line("name") or organisation or email
        if not name:
            raise _contact_refusal(field, "names nobody", value)
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
            raise _contact_refusal(field, "is no e-mail address", email)
        return email


def _contact_refusal(field: str, fact: str, value: object) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}: {shown(value)}", remedy=_CONTACT_REMEDY, field=field)


# Related links: an address, an object, or a list of either.

_RELATED_FIELD = "related"
_RELATED_REMEDY = (
    'write an address, or {"url": …, "title": …, "language": "fr"}, or a list of these'
)


def read_related_links(
    fields: Mapping[str, object], *, base: str, lines: Lines, rules: IntakeRules
) -> tuple[RelatedLink, ...]:
    """Returns the related links of a record in its order, each address once.

    Args:
        fields: The fields of the record.
        base: Base of relative addresses.
        lines: Reads texts and addresses.
        rules: The limits.

    Raises:
        DocumentRefused: A link has no address, or an invalid language or media type, or there are
            too many.
    """
    values = items(fields, _RELATED_FIELD)
    at_most(len(values), rules.max_related, field=_RELATED_FIELD)
    by_url: dict[str, RelatedLink] = {}
    for index, value in enumerate(values):
        field = f"{_RELATED_FIELD}[{index}]"
        link = _read_related_link(value, field, base, lines, rules)
        by_url.setdefault(link.url, link)
    return tuple(by_url.values())


def _read_related_link(
    value: object, field: str, base: str, lines: Lines, rules: IntakeRules
) -> RelatedLink:
    members = value if isinstance(value, dict) else {"url": value}
    url = lines.address(members.get("url"), field=f"{field}.url", base=base)
    if url is None:
        raise _related_refusal(f"{field}.url", "is missing")
    return RelatedLink(
        url=url,
        title=lines.text(members.get("title"), field=f"{field}.title", limit=rules.max_title_chars),
        language=_related_language(members.get("language"), f"{field}.language", lines),
        media_type=_related_media_type(
            first_of(members, "media_type", "type"), f"{field}.media_type"
        ),
    )


def _related_language(value: object, field: str, lines: Lines) -> str | None:
    if value is None or value == "":
        return None
    try:
        return read_language(value if isinstance(value, str) else "", warnings=lines.warnings)
    except DocumentRefused as fault:
        raise _related_refusal(field, f"is not a BCP 47 tag: {shown(value)}") from fault


def _related_media_type(value: object, field: str) -> str | None:
    if value is None or value == "":
        return None
    media_type = media_type_in(value)
    if media_type is None:
        raise _related_refusal(field, f"is not a media type: {shown(value)}")
    return media_type


def _related_refusal(field: str, fact: str) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}", remedy=_RELATED_REMEDY, field=field)


# Correction: its weight and note.

_CORRECTION_FIELD = "correction"
_CORRECTION_REMEDY = 'say "minor" or "major", or give {"weight": "major", "note": "what changed"}'


def read_correction(
    fields: Mapping[str, object], *, is_markup: bool, rules: IntakeRules, warnings: list[str]
) -> Correction:
    """Returns the correction that the record makes, if its release is already known.

    Args:
        fields: The fields of the record.
        is_markup: Whether its body is HTML; as for ``one_line``.
        rules: The default for records without the field, and the limits.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: The field is present, and contains neither weight nor note.
    """
    value = fields.get(_CORRECTION_FIELD)
    if value is None or value == "":
        return rules.correction
    if isinstance(value, str):
        return Correction(weight=_correction_weight(value, _CORRECTION_FIELD))
    if not isinstance(value, dict):
        raise _correction_refusal(
            _CORRECTION_FIELD, f"is neither a word nor an object: {shown(value)}"
        )
    note = _correction_note(value.get("note"), is_markup=is_markup, rules=rules, warnings=warnings)
    weight = value.get("weight")
    if weight is not None:
        return Correction(
            weight=_correction_weight(weight, f"{_CORRECTION_FIELD}.weight"), note=note
        )
    if note is None:
        raise _correction_refusal(_CORRECTION_FIELD, "has neither weight nor note")
    # A note is meant to be read, and notes of minor corrections are not shown.
    return Correction(weight=Weight.MAJOR, note=note)


def _correction_weight(value: object, field: str) -> Weight:
    if isinstance(value, str) and value.strip().lower() in set(Weight):
        return Weight(value.strip().lower())
    raise _correction_refusal(field, f"is neither minor nor major: {shown(value)}")


def _correction_note(
    value: object, *, is_markup: bool, rules: IntakeRules, warnings: list[str]
) -> str | None:
    field = f"{_CORRECTION_FIELD}.note"
    if value is None:
        return None
    if not isinstance(value, str):
        raise _correction_refusal(field, f"is not a text: {shown(value)}")
    note = one_line(value, field=field, is_markup=is_markup, warnings=warnings)
    return None if is_blank(note) else fitting(note, rules.max_note_chars, field=field)


def _correction_refusal(field: str, fact: str) -> DocumentRefused:
    return DocumentRefused(f"{field} {fact}", remedy=_CORRECTION_REMEDY, field=field)
