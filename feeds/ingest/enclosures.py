"""Files that belong to a release."""

import re
from collections.abc import Mapping

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, absolute
from feeds.ingest.characters import shown
from feeds.ingest.fields import at_most, items, short_line
from feeds.ingest.rules import IntakeRules
from feeds.model.release import Enclosure

_FIELDS = ("enclosures", "attachments", "enclosure")
#: Each with the names that RSS and JSON Feed have for it.
_TYPE_FIELDS = ("media_type", "mime_type", "type")
_LENGTH_FIELDS = ("length_bytes", "size_in_bytes", "length")
#: RFC 6838 section 4.2, ``type-name "/" subtype-name``.
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_DIGITS = re.compile(r"[0-9]{1,18}")
#: A database column of eight bytes.
_MAX_LENGTH_BYTES = 2**63 - 1


def read_enclosures(
    fields: Mapping[str, object], *, base: str, rules: IntakeRules, mended: list[str]
) -> tuple[Enclosure, ...]:
    """The enclosures of a record, each address once, in its order.

    Args:
        fields: Of the record.
        base: What relative addresses are relative to.
        rules: Tell the limits.
        mended: Gets warnings.

    Raises:
        DocumentRefused: One of them lacks its address, type or length. Readers plan a download
            by these, so they are not guessed.
    """
    by_url: dict[str, Enclosure] = {}
    for name in _FIELDS:
        values = items(fields, name)
        at_most(len(values), rules.max_enclosures, field=name)
        for position, value in enumerate(values):
            enclosure = _read_one(value, f"{name}[{position}]", base, rules, mended)
            by_url.setdefault(enclosure.url, enclosure)
    return tuple(by_url.values())


def _read_one(
    value: object, field: str, base: str, rules: IntakeRules, mended: list[str]
) -> Enclosure:
    if not isinstance(value, dict):
        raise _refusal(field, f"is not an object: {shown(value)}")
    return Enclosure(
        url=_url(value, field, base),
        media_type=_media_type(value, field),
        length_bytes=_length(value, field),
        title=_title(value, field, rules, mended),
    )


def _title(
    value: Mapping[str, object], field: str, rules: IntakeRules, mended: list[str]
) -> str | None:
    written = value.get("title")
    if not isinstance(written, str):
        return None
    limit = rules.max_title_chars
    title = short_line(written, limit, field=f"{field}.title", is_markup=False, mended=mended)
    return title or None


def _url(value: Mapping[str, object], field: str, base: str) -> str:
    written = value.get("url")
    url = absolute(written, base=base, schemes=FETCH_SCHEMES) if isinstance(written, str) else None
    if url is None:
        raise _refusal(f"{field}.url", f"is not a web address: {shown(written)}")
    return url


def _media_type(value: Mapping[str, object], field: str) -> str:
    written = _first(value, _TYPE_FIELDS)
    if written is None:
        raise _refusal(f"{field}.type", "is missing")
    media_type = written.partition(";")[0].strip().lower() if isinstance(written, str) else ""
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise _refusal(f"{field}.type", f"is not a media type: {shown(written)}")
    return media_type


def _length(value: Mapping[str, object], field: str) -> int:
    written = _first(value, _LENGTH_FIELDS)
    if written is None:
        raise _refusal(f"{field}.length", "is missing")
    if isinstance(written, str) and _DIGITS.fullmatch(written.strip()):
        written = int(written)
    if type(written) is int and 0 < written <= _MAX_LENGTH_BYTES:  # True is no length
        return written
    raise _refusal(f"{field}.length", f"is not a number of bytes: {shown(written)}")


def _first(value: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _refusal(field: str, fact: str) -> DocumentRefused:
    return DocumentRefused(
        f"{field} {fact}",
        remedy='give {"url": …, "type": "audio/mpeg", "length": 1234567} for each enclosure',
        field=field,
    )
