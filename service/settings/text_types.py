"""Text, names of things, and time, as settings hold them. Each says what it expects."""

import re
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from feeds.errors import DocumentRefused
from feeds.ingest.dates import read_moment_or_day
from feeds.ingest.rules import IntakeRules
from feeds.model.feed import ALL
from feeds.model.text import is_xml_text

MAX_SLUG_CHARS = 64

_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")

# RFC 5646 section 2.1, without grandfathered tags and the four- to eight-letter languages, of
# which none was ever registered: "english" is a mistake, not a language.
_LANGUAGE_TAG = (
    r"^[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WYZa-wyz](-[A-Za-z0-9]{2,8})+)*"
    r"(-[xX](-[A-Za-z0-9]{1,8})+)?$"
)
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?$"
#: Only whether a moment can be read is asked here; which one a bare date means is told later.
_ANY_RULES = IntakeRules(base_url="", language="en", time_zone=ZoneInfo("UTC"), time_of_day=time(0))
_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _text(text: str) -> str:
    clean = normalize("NFC", text.strip())
    if not is_xml_text(clean):
        raise ValueError("expected text without control characters: no feed can hold them")
    return clean


def _words(text: str) -> str:
    clean = _text(text)
    if not clean:
        raise ValueError("expected some text")
    return clean


def _moment(text: str) -> str:
    try:
        read_moment_or_day(text, field="", rules=_ANY_RULES, mended=[])
    except DocumentRefused as error:
        raise ValueError(
            "expected a date, such as '2027-12-31', or a moment with its offset from UTC, such as "
            "'2027-12-31T18:00:00+01:00'"
        ) from error
    return text


def _line(text: str) -> str:
    clean = " ".join(_text(text).split())
    if not clean:
        raise ValueError("expected some text")
    return clean


def _slug(text: str) -> str:
    if text == ALL:
        raise ValueError("expected another slug: 'all' is the feed of everything")
    if re.fullmatch(_SLUG, text) and len(text) <= MAX_SLUG_CHARS:
        return text
    raise ValueError(
        f"expected at most {MAX_SLUG_CHARS} of a-z, 0-9 and single hyphens{_slug_like(text)}"
    )


def _slug_like(text: str) -> str:
    plain = "".join(c for c in normalize("NFKD", text).casefold() if not combining(c))
    slug = _NOT_IN_SLUG.sub("-", plain).strip("-")[:MAX_SLUG_CHARS].rstrip("-")
    return f", such as {slug!r}" if slug and slug != ALL else ""


def _language(text: str) -> str:
    if re.fullmatch(_LANGUAGE_TAG, text):
        return _canonical(text)
    mended = text.replace("_", "-").split(".")[0]
    example = mended if re.fullmatch(_LANGUAGE_TAG, mended) else "en-GB"
    raise ValueError(f"expected a BCP 47 language tag, such as {_canonical(example)!r}")


def _canonical(tag: str) -> str:
    """Write *tag* in the case that RFC 5646 section 2.1.1 recommends."""
    subtags = tag.lower().split("-")
    for i, subtag in enumerate(subtags[1:], start=1):
        if len(subtags[i - 1]) == 1:
            break
        if len(subtag) == 2:
            subtags[i] = subtag.upper()
        elif len(subtag) == 4 and subtag.isalpha():
            subtags[i] = subtag.title()
    return "-".join(subtags)


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError) as error:  # an unknown key is a KeyError, a folder an OSError
        raise ValueError(_no_time_zone(text)) from error
    except KeyError as error:
        raise ValueError(_no_time_zone(text)) from error
    return text


def _no_time_zone(text: str) -> str:
    by_folded = {zone.casefold(): zone for zone in available_timezones()}
    found = get_close_matches(text.casefold(), by_folded, n=1)
    example = by_folded[found[0]] if found else "Europe/London"
    return f"expected a time zone of the IANA database, such as {example!r}"


def _time_of_day(value: object) -> time:
    if isinstance(value, str) and re.fullmatch(_TIME_OF_DAY, value):
        return time.fromisoformat(value)
    # 09:00 without quotes is 540 to a YAML 1.1 reader; ours gives text.
    raise ValueError("expected a time of day as HH:MM, such as '09:00'")


def _path(value: object) -> Path:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return Path(value)
    raise ValueError("expected a path")


#: Any text, also over several lines: NFC, without white space around it, fit for XML.
Text = Annotated[str, AfterValidator(_text)]

#: Some text, also over several lines.
Words = Annotated[str, AfterValidator(_words), Field(json_schema_extra={"minLength": 1})]

#: A date, or a date and time with its offset from UTC, as written.
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"pattern": _MOMENT})]

#: Some text, on one line.
Line = Annotated[str, AfterValidator(_line), Field(json_schema_extra={"minLength": 1})]

#: The key of a category or union: in addresses, and the ``term`` of feeds. Never ``all``.
Slug = Annotated[
    str,
    AfterValidator(_slug),
    Field(json_schema_extra={"pattern": _SLUG, "maxLength": MAX_SLUG_CHARS}),
]

#: A language tag in its canonical case.
Language = Annotated[
    str, AfterValidator(_language), Field(json_schema_extra={"pattern": _LANGUAGE_TAG})
]

#: A name of the IANA time zone database.
TimeZoneName = Annotated[str, AfterValidator(_time_zone)]

#: Hours and minutes, without a zone.
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _TIME_OF_DAY}),
]

#: A path, as written.
FilePath = Annotated[
    Path,
    BeforeValidator(_path),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
