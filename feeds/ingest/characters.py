"""Cleans text on the way in: controls that XML forbids, line ends, misread encodings, NFC."""

import html
import re
import unicodedata
from itertools import takewhile

from feeds.model.text import FORBIDDEN_IN_XML

# Plain text: controls that XML forbids are removed, line ends unified, characters normalised.

#: All line ends: CR LF, CR, NEL, LINE SEPARATOR, and the vertical tab and form feed with which word
#: processors write soft line breaks and page breaks. XML forbids the last two; removing them would
#: join two words.
_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028]")
#: DEL and the C1 controls. XML 1.0 section 2.2 discourages them, and no reader shows them.
_C1 = re.compile("[\x7f-\x9f]")
#: One pattern for all characters that need cleaning: most texts contain none of them.
_UNCLEAN = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u2029-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: The C1 controls read as windows-1252, as HTML reads ``&#146;`` (section 13.2.5.80). Five of them
#: have no meaning there.
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("windows-1252")
    for byte in range(0x80, 0xA0)
    if byte not in b"\x81\x8d\x8f\x90\x9d"
}
#: UTF-8 punctuation that was read as ISO 8859-1: ``â`` and two controls for an apostrophe. Read as
#: windows-1252 these would be ``â€™``, which occurs in no language.
_MISREAD_UTF_8 = re.compile("\xe2[\x80\x82\x84][\x80-\xbf]")
#: White space that is collapsed. No-break spaces are not: French typography puts them before ``!``
#: and ``?`` on purpose.
_LOOSE_SPACE = re.compile("[ \t\n\u2029]+")
#: A complete character reference. One without a semicolon is not decoded, so that addresses such as
#: ``?a=1&copy=2`` stay intact.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
#: Text that may contain a pile of combining marks; `_limit_marks` counts them.
_PILE = re.compile(r"[^\x00-\u02ff\w]{31,}")
#: "Significantly beyond what is required for any linguistic or technical usage" (UAX #15, 13.1).
#: Normalization sorts the marks on one character, and a million of them take it hours.
MAX_MARKS = 30
_FIRST_MARK = "\u0300"
#: Longest excerpt of a faulty value in a message.
_SHOWN_CHARS = 60


def clean(text: str, *, field: str, warnings: list[str]) -> str:
    """Returns *text* with line feeds as its only line ends, without forbidden characters.

    The result is not yet in NFC.

    Args:
        text: Any text, lone surrogates included.
        field: Name of the text in warnings.
        warnings: Receives a warning when characters were removed.
    """
    text = _without_piles(text, field=field, warnings=warnings)
    if _UNCLEAN.search(text) is None:
        return text
    if _C1.search(text):
        text = _without_c1(text, field=field, warnings=warnings)
    text = _NEWLINE.sub("\n", text)
    found = FORBIDDEN_IN_XML.findall(text)
    if not found:
        return text
    named = ", ".join(sorted({f"U+{ord(character):04X}" for character in found})[:5])
    warnings.append(f"{field}: {len(found)} characters removed that XML forbids ({named})")
    return FORBIDDEN_IN_XML.sub("", text)


def _without_c1(text: str, *, field: str, warnings: list[str]) -> str:
    """Returns *text* without DEL and C1 controls, except NEL, which is a line end.

    Other C1 controls show that windows-1252 or UTF-8 was read as ISO 8859-1. The text is repaired
    if every control can be explained that way; otherwise all of them are removed.
    """
    found = _C1.findall(text)
    if set(found) == {"\x85"}:
        return text
    named = ", ".join(sorted({f"U+{ord(character):04X}" for character in found})[:5])
    read = _MISREAD_UTF_8.sub(lambda misread: misread[0].encode("latin-1").decode(), text)
    if not _C1.search(read):
        warnings.append(
            f"{field}: {len(found)} controls read as the UTF-8 that they were ({named})"
        )
        return read
    if all(ord(character) in _WINDOWS_1252 for character in found):
        warnings.append(f"{field}: {len(found)} controls read as windows-1252 ({named})")
        return text.translate(_WINDOWS_1252)
    warnings.append(f"{field}: {len(found)} control characters removed ({named})")
    return _C1.sub(lambda control: "\n" if control[0] == "\x85" else "", text)


def nfc(text: str) -> str:
    """Returns *text* in Unicode normalization form C, in which equal words are equal strings."""
    return unicodedata.normalize("NFC", without_piles(text))


def without_piles(text: str) -> str:
    """Returns *text* with at most `MAX_MARKS` combining marks in a row."""
    return _PILE.sub(_limit_marks, text) if _may_hold_pile(text) else text


def _may_hold_pile(text: str) -> bool:
    """Whether *text* may contain a pile, found by testing only each 31st character.

    A pile is so long that it contains one of those; only its surroundings are searched.
    """
    if text.isascii():
        return False
    sample = text[MAX_MARKS :: MAX_MARKS + 1]
    if not sample or max(sample) < _FIRST_MARK:
        return False
    return any(
        _PILE.search(text, at * (MAX_MARKS + 1), (at + 2) * (MAX_MARKS + 1)) is not None
        for at, character in enumerate(sample)
        if character >= _FIRST_MARK
    )


def _limit_marks(pile: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in pile[0]:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _without_piles(text: str, *, field: str, warnings: list[str]) -> str:
    lower = without_piles(text)
    if len(lower) < len(text):
        count = len(text) - len(lower)
        warnings.append(
            f"{field}: {count} combining marks removed; no character has more than {MAX_MARKS}"
        )
    return lower


def one_line(text: str, *, field: str, is_markup: bool, warnings: list[str]) -> str:
    """Returns *text* as one clean line of plain text.

    Args:
        text: As the document has it.
        field: Name of the text in warnings.
        is_markup: Whether the record's body is HTML, so that other fields may contain character
            references (``&#8211;`` in a fifth of one real set). They are decoded once. What looks
            like a tag stays as text: "The <video> element" is a headline too.
        warnings: Receives warnings.
    """
    if is_markup:
        text = _decode_references(text, field=field, warnings=warnings)
    return nfc(_LOOSE_SPACE.sub(" ", clean(text, field=field, warnings=warnings))).strip()


def _decode_references(text: str, *, field: str, warnings: list[str]) -> str:
    decoded = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
    if decoded != text:
        warnings.append(f"{field}: character references decoded")
    if _TAG.search(text):
        warnings.append(f"{field}: holds what looks like a tag; it is kept as text")
    return decoded


def is_blank(text: str) -> bool:
    """Whether nothing in *text* is visible: only white space, format characters, controls."""
    return all(unicodedata.category(character) in _UNSEEN for character in text)


_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn"})


def shown(value: object) -> str:
    """Returns *value* for a message: quoted, printable and short."""
    if isinstance(value, str):
        value = value[: _SHOWN_CHARS + 1]
    text = repr(value) if isinstance(value, str | int | float | None) else _kind(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else type(value).__name__


# Markup: NFC of clean HTML. Relies on the sanitiser, which leaves ``<`` and ``>`` only in tags; in
# text and attributes they are ``&lt;`` and ``&gt;``.

_AFTER_TAG = re.compile("(?<=>)[^\x00-\u02ff]+")


def nfc_markup(markup: str) -> str:
    """Returns *markup* in NFC without damaging its tags.

    ``>`` and U+0338 COMBINING LONG SOLIDUS OVERLAY compose to U+226F. Normalising ``<p>`` and such
    a character together would destroy the tag, and could turn the following text into one. Such a
    character after a tag is therefore written as a character reference.
    """
    markup = without_piles(markup)
    if unicodedata.is_normalized("NFC", markup):
        return markup
    return nfc(_AFTER_TAG.sub(_guarded, markup))


def _guarded(found: re.Match[str]) -> str:
    text = found[0]
    marks = "".join(takewhile(unicodedata.combining, text))
    if unicodedata.is_normalized("NFC", f">{marks}"):
        return text
    return f"&#x{ord(text[0]):x};{text[1:]}"
