"""Checks of text, languages and time for values of the model."""

import re
from datetime import UTC, datetime, timedelta

from feeds.errors import InvalidRelease

# Text and time.

#: Everything outside ``Char`` of XML 1.0 (section 2.2), including lone surrogates. No XML document
#: can contain these characters, not even as character references.
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FORBIDDEN_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r")


def is_xml_text(text: str) -> bool:
    """Whether an XML 1.0 document can contain *text*."""
    # Equivalent to the pattern but three times as fast; it runs on every text that is stored.
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # lone surrogates
        return False
    if len(encoded.translate(None, _FORBIDDEN_CONTROLS)) < len(encoded):
        return False
    return "\ufffe" not in text and "\uffff" not in text


def fold(name: str) -> str:
    """Returns a category name for comparison, ignoring case and white space.

    Uses ``casefold``, not ``lower``: the German *ß* and *SS* are equal then.
    """
    return " ".join(name.split()).casefold()


def require_utc(release_id: str, field: str, moment: datetime) -> None:
    """Checks that a moment is in UTC.

    Raises:
        InvalidRelease: *moment* is naive or has another offset than zero.
    """
    if moment.utcoffset() is None:
        raise InvalidRelease(release_id, field, "has no time zone")
    if moment.utcoffset() != timedelta(0):
        raise InvalidRelease(release_id, field, f"is not in UTC: {moment.isoformat()}")


def whole_second(moment: datetime) -> datetime:
    """Returns *moment* in UTC without its fraction of a second: RSS and HTTP dates have none."""
    return moment.astimezone(UTC).replace(microsecond=0)


# Language tags: BCP 47, in canonical case.


_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}")


def is_language_tag(text: str) -> bool:
    """Whether *text* has the form of a language tag, registered or not (RFC 5646 section 2.1)."""
    return _LANGUAGE_TAG.fullmatch(text) is not None


def matches(tag: str, language_range: str) -> bool:
    """Whether *tag* is the language *language_range* or a variant of it: ``fr-CA`` matches ``fr``.

    Source: RFC 4647 section 3.3.1, "Basic Filtering".
    """
    tag, language_range = tag.lower(), language_range.lower()
    return tag == language_range or tag.startswith(f"{language_range}-")


def fallbacks(tag: str) -> list[str]:
    """Returns the fallbacks of *tag*, in lower case, nearest first: ``zh-hant-tw, zh-hant, zh``.

    Source: RFC 4647 section 3.4, "Lookup": a single letter is removed with the subtag after it.
    """
    subtags = tag.lower().split("-")
    found = []
    while subtags:
        found.append("-".join(subtags))
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return found


# Writing direction.

#: Languages written from right to left unless a script subtag says otherwise (CLDR).
_RTL_LANGUAGES = {
    *("ar", "arc", "azb", "bal", "ckb", "dv", "fa", "glk", "he", "iw", "ji", "khw", "ks"),
    *("lrc", "mzn", "nqo", "pnb", "prs", "ps", "sd", "sdh", "syr", "ug", "ur", "yi"),
}
_RTL_SCRIPTS = {
    *("adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc"),
    *("thaa", "yezi"),
}
_SCRIPT_LETTERS = 4


def direction(language: str) -> str:
    """Returns the direction of a language (BCP 47): ``rtl``, ``ltr``, or ``auto`` if unknown.

    A script subtag decides, because ``az-Arab`` and ``az-Latn`` are one language.
    """
    primary, *subtags = language.lower().replace("_", "-").split("-")
    if primary in {"", "und", "mul", "zxx"}:
        return "auto"
    for subtag in subtags:
        if len(subtag) == _SCRIPT_LETTERS and subtag.isalpha():
            return "rtl" if subtag in _RTL_SCRIPTS else "ltr"
    return "rtl" if primary in _RTL_LANGUAGES else "ltr"
