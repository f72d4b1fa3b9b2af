"""Reads the enclosures of a record: audio, video and other files that belong to a release."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, absolute
from feeds.ingest.characters import shown
from feeds.ingest.fields import Lines, at_most, check_escapes, first_of, items
from feeds.ingest.rules import IntakeRules
from feeds.model.release import Enclosure, UnmeasuredEnclosure

# Durations of audio and video, as podcasts write them.

#: ``1:02:03`` or ``62:03``, optionally with fractions, which some programs add.
_CLOCK = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-5][0-9])(?:\.[0-9]+)?")
_SECONDS = re.compile(r"([0-9]{1,7})(?:\.[0-9]+)?")
#: A sitting of parliament may last days; a value above a hundred hours is milliseconds by mistake.
MAX_DURATION_S = 100 * 3600


def read_duration(value: object, *, field: str) -> int | None:
    """Returns a duration in whole seconds, the fraction dropped; None for no value, or 0.

    Raises:
        DocumentRefused: *value* is neither a number of seconds nor ``hh:mm:ss``, or far too long.
    """
    if value is None or value == "":
        return None
    seconds = _seconds(value)
    if seconds is None or seconds > MAX_DURATION_S:
        raise DocumentRefused(
            f"{field} is not a duration: {shown(value)}",
            remedy="give seconds, such as 754, or hh:mm:ss, such as 00:12:34",
            field=field,
        )
    return seconds or None


def _seconds(value: object) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # NaN and infinity fail this comparison.
        return int(value) if 0 <= value <= MAX_DURATION_S else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if found := _SECONDS.fullmatch(text):
        return int(found[1])
    if not (found := _CLOCK.fullmatch(text)):
        return None
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    return (hours * 60 + minutes) * 60 + seconds


# Enclosures and their fields.

_FIELDS = ("enclosures", "attachments", "enclosure")
#: Each field also has the names of RSS and JSON Feed.
_TYPE_FIELDS = ("media_type", "mime_type", "type")
_LENGTH_FIELDS = ("length_bytes", "size_in_bytes", "length")
_DURATION_FIELDS = ("duration", "duration_s", "duration_in_seconds")
#: RFC 6838 section 4.2, ``type-name "/" subtype-name``.
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_DIGITS = re.compile(r"[0-9]{1,18}")
#: The largest value of an eight-byte database column.
_MAX_LENGTH_BYTES = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosures:
    """The enclosures of a record, divided by whether type and length are known."""

    measured: tuple[Enclosure, ...] = ()
    unmeasured: tuple[UnmeasuredEnclosure, ...] = ()


def read_enclosures(
    fields: Mapping[str, object], *, base: str, rules: IntakeRules, warnings: list[str]
) -> Enclosures:
    """Returns the enclosures of a record in its order, each address once.

    Readers plan a download by type and length, so neither is guessed. For enclosures without them
    `service.jobs.measuring` asks the file's server.

    Args:
        fields: The fields of the record.
        base: Base of relative addresses.
        rules: The limits.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: An enclosure has no address, or an invalid value.
    """
    # Other texts of an HTML release may contain character references; titles of files never do.
    reader = _EnclosureReader(base, rules, Lines(is_markup=False, warnings=warnings))
    by_url: dict[str, tuple[str, Enclosure]] = {}
    for name in _FIELDS:
        values = items(fields, name)
        at_most(len(values), rules.max_enclosures, field=name)
        for position, value in enumerate(values):
            field = f"{name}[{position}]"
            enclosure = reader.read(value, field)
            by_url.setdefault(enclosure.url, (field, enclosure))
    return _by_completeness(list(by_url.values()))


def _by_completeness(read: list[tuple[str, Enclosure]]) -> Enclosures:
    unmeasured = tuple(
        UnmeasuredEnclosure(field=field, position=position, known=enclosure)
        for position, (field, enclosure) in enumerate(read)
        if not is_measured(enclosure)
    )
    measured = tuple(enclosure for _, enclosure in read if is_measured(enclosure))
    return Enclosures(measured=measured, unmeasured=unmeasured)


def is_measured(enclosure: Enclosure) -> bool:
    """Whether both type and length of *enclosure* are known."""
    return bool(enclosure.media_type and enclosure.length_bytes)


def media_type_in(value: object) -> str | None:
    """Returns the media type in a field or header, without parameters; None if it is invalid."""
    media_type = value.partition(";")[0].strip().lower() if isinstance(value, str) else ""
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else None


def length_in(value: object) -> int | None:
    """Returns the number of bytes in a field or header; None unless it is at least 1."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    # ``type`` and not ``isinstance``: True is not a length.
    return value if type(value) is int and 0 < value <= _MAX_LENGTH_BYTES else None


class _EnclosureReader:
    def __init__(self, base: str, rules: IntakeRules, lines: Lines) -> None:
        self._base = base
        self._rules = rules
        self._lines = lines

    def read(self, value: object, field: str) -> Enclosure:
        if not isinstance(value, dict):
            raise _refusal(field, f"is not an object: {shown(value)}")
        rules, text, address = self._rules, self._lines.text, self._lines.address
        title, alt, credit = value.get("title"), value.get("alt"), value.get("credit")
        thumbnail = value.get("thumbnail")
        return Enclosure(
            url=self._url(value, field),
            media_type=_media_type(value, field),
            length_bytes=_length(value, field),
            # A title that is not a text has always been ignored.
            title=text(
                title if isinstance(title, str) else None,
                field=f"{field}.title",
                limit=rules.max_title_chars,
            ),
            alt=text(alt, field=f"{field}.alt", limit=rules.max_summary_chars),
            credit=text(credit, field=f"{field}.credit", limit=rules.max_name_chars),
            thumbnail=address(thumbnail, field=f"{field}.thumbnail", base=self._base),
            duration_s=read_duration(first_of(value, *_DURATION_FIELDS), field=f"{field}.duration"),
        )

    def _url(self, value: Mapping[str, object], field: str) -> str:
        written = value.get("url")
        if isinstance(written, str):
            check_escapes(written, field=f"{field}.url")
            url = absolute(written, base=self._base, schemes=FETCH_SCHEMES)
            if url is not None:
                return url
        raise _refusal(f"{field}.url", f"is not a web address: {shown(written)}")


def _media_type(value: Mapping[str, object], field: str) -> str:
    written = first_of(value, *_TYPE_FIELDS)
    if written is None:
        return ""
    media_type = media_type_in(written)
    if media_type is None:
        raise _refusal(f"{field}.type", f"is not a media type: {shown(written)}")
    return media_type


def _length(value: Mapping[str, object], field: str) -> int:
    written = first_of(value, *_LENGTH_FIELDS)
    if written is None:
        return 0
    length = length_in(written)
    if length is None:
        raise _refusal(f"{field}.length", f"is not a number of bytes: {shown(written)}")
    return length


def _refusal(field: str, fact: str) -> DocumentRefused:
    return DocumentRefused(
        f"{field} {fact}",
        remedy='give {"url": …, "type": "audio/mpeg", "length": 1234567} for each enclosure',
        field=field,
    )
