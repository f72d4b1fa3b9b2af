"""Characters cleaned on the way in: no controls that XML forbids, one kind of newline, NFC."""

import html
import re
import unicodedata
from itertools import takewhile

from feeds.model.text import FORBIDDEN_IN_XML

# Characters at the door: what XML forbids goes, newlines become one kind, text becomes NFC.

#: What ends a line somewhere: CR LF, CR, NEL, LINE SEPARATOR, and the vertical tab and form feed
#: by which word processors write a soft break and a page break. XML forbids the last two; were
#: they just removed, two words would become one.
_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028]")
#: DEL and the C1 controls: XML 1.0 section 2.2 discourages them, and no reader shows them.
_C1 = re.compile("[\x7f-\x9f]")
#: Everything that these look for, in one pass: most texts hold none of it.
_UNCLEAN = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u2029-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What the C1 controls are in windows-1252, as HTML reads ``&#146;`` (section 13.2.5.80): five of
#: them are nothing there.
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("windows-1252")
    for byte in range(0x80, 0xA0)
    if byte not in b"\x81\x8d\x8f\x90\x9d"
}
#: Punctuation in UTF-8 that was read as ISO 8859-1: ``â`` and two controls for an apostrophe. In
#: windows-1252 these would be ``â€™``, which stands in no language.
_MISREAD_UTF_8 = re.compile("\xe2[\x80\x82\x84][\x80-\xbf]")
#: White space that a title may hold by accident. The no-break space and its kin are left alone:
#: French typography puts them before ``!`` and ``?`` on purpose.
_LOOSE_SPACE = re.compile("[ \t\n\u2029]+")
#: A complete character reference. Without its semicolon it is left alone, so that addresses such
#: as ``?a=1&copy=2`` stay what they are.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
#: What may be a pile of combining marks; whether it is one is seen mark by mark.
_PILE = re.compile(r"[^\x00-\u02ff\w]{31,}")
#: "Significantly beyond what is required for any linguistic or technical usage" (UAX #15, 13.1).
#: Normalization sorts the marks on one character, and a million of them take it hours.
MAX_MARKS = 30
_FIRST_MARK = "\u0300"
#: So much of a faulty value is shown in a message.
_SHOWN_CHARS = 60


def clean(text: str, *, field: str, mended: list[str]) -> str:
    """*Text* with line feeds as its only newlines, without what no text needs; not yet NFC.

    Args:
        text: May hold anything, lone surrogates too.
        field: What the warning calls the text.
        mended: Gets a warning when characters were removed.
    """
    text = _without_piles(text, field=field, mended=mended)
    if _UNCLEAN.search(text) is None:
        return text
    if _C1.search(text):
        text = _without_c1(text, field=field, mended=mended)
    text = _NEWLINE.sub("\n", text)
    found = FORBIDDEN_IN_XML.findall(text)
    if not found:
        return text
    named = ", ".join(sorted({f"U+{ord(character):04X}" for character in found})[:5])
    mended.append(f"{field}: {len(found)} characters removed that XML forbids ({named})")
    return FORBIDDEN_IN_XML.sub("", text)


def _without_c1(text: str, *, field: str, mended: list[str]) -> str:
    """*Text* without DEL and C1 controls but for NEL, which is a newline.

    A text that holds other C1 controls beside it was windows-1252 or UTF-8, read as ISO 8859-1. It
    becomes what it was if each of them can be told; else all go.
    """
    found = _C1.findall(text)
    if set(found) == {"\x85"}:
        return text
    named = ", ".join(sorted({f"U+{ord(character):04X}" for character in found})[:5])
    read = _MISREAD_UTF_8.sub(lambda misread: misread[0].encode("latin-1").decode(), text)
    if not _C1.search(read):
        mended.append(f"{field}: {len(found)} controls read as the UTF-8 that they were ({named})")
        return read
    if all(ord(character) in _WINDOWS_1252 for character in found):
        mended.append(f"{field}: {len(found)} controls read as windows-1252 ({named})")
        return text.translate(_WINDOWS_1252)
    mended.append(f"{field}: {len(found)} control characters removed ({named})")
    return _C1.sub(lambda control: "\n" if control[0] == "\x85" else "", text)


def nfc(text: str) -> str:
    """*Text* in Unicode normalization form C, so that equal words are equal strings."""
    return unicodedata.normalize("NFC", without_piles(text))


def without_piles(text: str) -> str:
    """*Text* with at most `MAX_MARKS` combining marks in a row."""
    return _PILE.sub(_lower, text) if _may_hold_pile(text) else text


def _may_hold_pile(text: str) -> bool:
    """Look at each 31st character alone: a pile has one of those, and is searched for there."""
    if text.isascii():
        return False
    looked_at = text[MAX_MARKS :: MAX_MARKS + 1]
    if not looked_at or max(looked_at) < _FIRST_MARK:
        return False
    return any(
        _PILE.search(text, at * (MAX_MARKS + 1), (at + 2) * (MAX_MARKS + 1)) is not None
        for at, character in enumerate(looked_at)
        if character >= _FIRST_MARK
    )


def _lower(pile: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in pile[0]:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _without_piles(text: str, *, field: str, mended: list[str]) -> str:
    lower = without_piles(text)
    if len(lower) < len(text):
        count = len(text) - len(lower)
        mended.append(
            f"{field}: {count} combining marks removed; no character has more than {MAX_MARKS}"
        )
    return lower


def one_line(text: str, *, field: str, is_markup: bool, mended: list[str]) -> str:
    """*Text* as one clean line of plain text.

    Args:
        text: As the document has it.
        field: What warnings call it.
        is_markup: The record's body is HTML, and so its other fields may hold character
            references (``&#8211;`` in a fifth of one real set). They are decoded, once. What
            looks like a tag stays as text: "The <video> element" is a headline too.
        mended: Gets warnings.
    """
    if is_markup:
        text = _decode_references(text, field=field, mended=mended)
    return nfc(_LOOSE_SPACE.sub(" ", clean(text, field=field, mended=mended))).strip()


def _decode_references(text: str, *, field: str, mended: list[str]) -> str:
    decoded = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
    if decoded != text:
        mended.append(f"{field}: character references decoded")
    if _TAG.search(text):
        mended.append(f"{field}: holds what looks like a tag; it is kept as text")
    return decoded


def is_blank(text: str) -> bool:
    """True when nothing of *text* can be seen: only white space, format characters, controls."""
    return all(unicodedata.category(character) in _UNSEEN for character in text)


_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn"})


def shown(value: object) -> str:
    """*Value* as a message shows it: quoted, printable, and not too long."""
    if isinstance(value, str):
        value = value[: _SHOWN_CHARS + 1]
    text = repr(value) if isinstance(value, str | int | float | None) else _kind(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else type(value).__name__


# The normal form of clean HTML.
#
# It relies on what the sanitizer writes: no ``<`` or ``>`` that is not a tag's (in text and
# attributes they are ``&lt;`` and ``&gt;``).

_AFTER_TAG = re.compile("(?<=>)[^\x00-\u02ff]+")


def nfc_markup(markup: str) -> str:
    """*Markup* in NFC, without harm to its tags.

    ``>`` and U+0338 COMBINING LONG SOLIDUS OVERLAY compose to U+226F: normalized as it stands,
    ``<p>`` before such a character would cease to be a tag, and what follows it could become
    one. Such a character behind a tag is therefore written as a character reference.
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
