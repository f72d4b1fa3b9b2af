"""Text, languages and time, checked where a value is made."""

import re
from datetime import UTC, datetime, timedelta

from feeds.errors import InvalidRelease

# What the model asks of text and time, checked where a value is made.

#: Everything outside XML 1.0 ``Char`` (section 2.2): no XML document can hold these, not even
#: as a character reference. Lone surrogates are among them.
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FORBIDDEN_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\r")


def is_xml_text(text: str) -> bool:
    """True when an XML 1.0 document can hold *text*."""
    # As the pattern says, but three times as fast, and every text that is stored is asked.
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # lone surrogates
        return False
    if len(encoded.translate(None, _FORBIDDEN_CONTROLS)) < len(encoded):
        return False
    return "\ufffe" not in text and "\uffff" not in text


def fold(name: str) -> str:
    """A category name as it is compared: case and white space do not count.

    ``casefold`` rather than ``lower``: the German *ß* and *SS* are one name.
    """
    return " ".join(name.split()).casefold()


def require_utc(release_id: str, field: str, moment: datetime) -> None:
    """Refuse a moment without a zone, or in another zone than UTC.

    Raises:
        InvalidRelease: *moment* is naive or has another offset than zero.
    """
    if moment.utcoffset() is None:
        raise InvalidRelease(release_id, field, "has no time zone")
    if moment.utcoffset() != timedelta(0):
        raise InvalidRelease(release_id, field, f"is not in UTC: {moment.isoformat()}")


def whole_second(moment: datetime) -> datetime:
    """*Moment* in UTC without its fraction of a second: RSS and HTTP dates have none."""
    return moment.astimezone(UTC).replace(microsecond=0)


# Languages, as feeds and releases name them: BCP 47 tags in their canonical case.


def matches(tag: str, language_range: str) -> bool:
    """True when *tag* is the language of *language_range*, or a kind of it: ``fr-CA`` is ``fr``.

    Source: RFC 4647 section 3.3.1, "Basic Filtering".
    """
    tag, language_range = tag.lower(), language_range.lower()
    return tag == language_range or tag.startswith(f"{language_range}-")


def fallbacks(tag: str) -> list[str]:
    """What may stand for *tag*, in lower case, the nearest first: ``zh-hant-tw, zh-hant, zh``.

    Source: RFC 4647 section 3.4, "Lookup": a single letter goes with what it introduces.
    """
    subtags = tag.lower().split("-")
    found = []
    while subtags:
        found.append("-".join(subtags))
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return found


# Which way a language is written.

#: Languages written from right to left, unless a script subtag says otherwise (CLDR).
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
    """Tell how a language (BCP 47) is written: ``rtl``, ``ltr``, or ``auto`` when it is unknown.

    A script subtag decides, as ``az-Arab`` and ``az-Latn`` are one language.
    """
    primary, *subtags = language.lower().replace("_", "-").split("-")
    if primary in {"", "und", "mul", "zxx"}:
        return "auto"
    for subtag in subtags:
        if len(subtag) == _SCRIPT_LETTERS and subtag.isalpha():
            return "rtl" if subtag in _RTL_SCRIPTS else "ltr"
    return "rtl" if primary in _RTL_LANGUAGES else "ltr"
