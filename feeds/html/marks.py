"""Inline markup as plain text: quotation marks, superscripts, subscripts, fractions and notes."""

import re
from types import MappingProxyType

from feeds.model.text import fallbacks

# Quotation marks by language. The text of HTML's ``<q>`` contains none.

#: Outer and inner marks, and the languages that use them. All other languages use those of English.
#: Source: CLDR 48.2, ``delimiters``; the Chinese regions follow the script that they write.
_TABLE = """
«»“” ast blo bm br ca cv dyo el es es-us eu ewo ie it kab kk lij mg mua nnh pms sc sg ti
«»“” pt-ao pt-ch pt-cv pt-gq pt-gw pt-lu pt-mo pt-mz pt-pt pt-st pt-tl
«»„“ bas be bua ky os ru sah tyv uk
«»‹› am az-arab az-cyrl fa fr-ch gsw jgo kkj mzn rm sdh wae
„“‚‘ bs-cyrl cs de dsb et hr hsb is ksh lb luy mk nds sk sl
„”«» nmg pl ro
””’’ fi he lag rn se sn sv yi
«»‘’ dua el-polyton ksf nb nn no rw
«»«» fr ht hy oc yav
„”‚’ agq ff
„“„“ bg lt prg sgs
“”“” tk
„”‘’ bs
‘’“” fur ia ti-er tn
“”«» eo
「」『』 ja yue zh-hant zh-tw zh-hk zh-mo
»«›‹ kk-arab ug
«»„” shi zgh
„”»« hu szl
„”’’ sr
”“’‘ ar lld ms-arab syr ur
“”’‘ uz
„“«» ka
‘’‘’ nl
“’“” st
“”‘’ bm-nkoo ff-adlm uz-arab uz-cyrl
«»”“ fr-ca
"""
_OF_ENGLISH = "“”‘’"
_MARKS_BY_LANGUAGE = MappingProxyType(
    {
        language: marks
        for marks, *languages in map(str.split, _TABLE.split("\n")[1:-1])
        for language in languages
    }
)
#: French separates its marks from the quotation with a no-break space, except in Switzerland. CLDR
#: has the bare marks, as browsers do.
_SPACED = frozenset({"fr", "fr-ca"})

#: Marks with which a quotation may already begin and end.
_ANY_MARK = frozenset('"“”„‟«»‹›‘’‚‛「」『』〝〞〟＂')


def quotation_marks(language: str, depth: int) -> tuple[str, str]:
    """Returns the opening and the closing mark of a quotation.

    Args:
        language: BCP 47 tag of the text around the quotation.
        depth: The number of quotations around this one.
    """
    tag = next((each for each in fallbacks(language) if each in _MARKS_BY_LANGUAGE), "en")
    marks = _MARKS_BY_LANGUAGE.get(tag, _OF_ENGLISH)
    at = 2 * (depth % 2)
    opening, closing = marks[at], marks[at + 1]
    if tag in _SPACED and opening == "«":
        return f"{opening}\N{NO-BREAK SPACE}", f"\N{NO-BREAK SPACE}{closing}"
    return opening, closing


def is_marked(quotation: str) -> bool:
    """Whether a quotation has marks of its own, typed by an editor inside ``<q>``."""
    text = quotation.strip()
    return len(text) > 1 and text[0] in _ANY_MARK and text.rstrip(".,;:!?")[-1:] in _ANY_MARK


# Marks. While a block is read, raised and lowered text, notes, struck text, pictures, quotations
# and line breaks leave control characters in its text. XML forbids these controls, so clean HTML
# never contains them. Once the block is complete, and the characters around each mark are known,
# `resolve_marks` replaces the marks with plain text.

SUP = "\x01"  #: superscript up to `END`
SUB = "\x02"  #: subscript up to `END`
END = "\x03"
NOTE = "\x05"  #: superscript, like `SUP`, that refers to a note
STRUCK = "\x04"  #: struck text was left out here
PICTURE = "\x06"  #: around the alt text of a picture
OPENED = "\x07"  #: after an opening quotation mark
CLOSED = "\x08"  #: before a closing quotation mark
LINE = "\x0b"  #: a line break

_MARK = re.compile("[\x01-\x08]")
_LINE_END = re.compile(" ?\x0b ?")
_MANY_LINE_ENDS = re.compile("\n{3,}")
#: The innermost superscript or subscript, which is resolved first.
_INNERMOST = re.compile("([\x01\x02\x05])([^\x01\x02\x03\x05]*)\x03")
#: Scripts nested deeper than this are written one after the other.
_MAX_DEPTH = 4
_FRACTION = re.compile(
    "\x01 ?([0-9]{1,3}) ?\x03 ?[/\u2044\u2215] ?(?:\x02 ?([0-9]{1,4}) ?\x03|([0-9]{1,4}))"
)
_STRUCK = re.compile("([,;]?)( ?)\x04(?: ?\x04)*( ?)([,;.:!?]?)")
_PICTURE = re.compile("(?: ?\x06)+ ?")
_QUOTED = re.compile("\x07 ?| ?\x08")

_SUPERSCRIPTS = dict(zip("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=True))
_SUPERSCRIPT_SIGNS = frozenset(_SUPERSCRIPTS.values())
_SUBSCRIPTS = dict(zip("0123456789+-−=", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌", strict=True))

#: Ordinal endings (5th, 1er, 2e, 1.º), superscript only by convention: written as plain letters.
_ORDINALS = frozenset(
    """
    st nd rd th d er re ère ere e ème eme ième ieme es ers nde o os a as º ª ro do ra da ος η ο ste
    de
    """.split()  # noqa: SIM905
)
#: Languages that write ordinals as 1.º and 1.ª.
_WITH_O_AND_A = frozenset({"es", "pt", "it", "gl", "ca", "la", "fr"})
#: Last letters of abbreviations: Mme, Cie, nos.
_ENDINGS = frozenset("me mes lle lles gr ve te tes ie ies nt bre ts os as ns rs lo".split())  # noqa: SIM905
_VARIABLES = frozenset("ijkmnpqxyz")
_SIGNS = {"tm": "™", "sm": "℠", "mc": "MC", "md": "MD"}
_ROMAN = re.compile("[IVXLCDM]+")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_NOTE_MARK = re.compile(r"[(\[]?\s*(\w{1,3}(?:\s*[,;–-]\s*\w{1,3}){0,9})\s*[)\]]?")
_IS_PLAIN_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


def resolve_marks(text: str, *, language: str, is_summary: bool) -> str:
    """Returns *text* with its marks replaced by plain text.

    Args:
        text: Text of a block, white space collapsed.
        language: BCP 47 tag of the release.
        is_summary: Whether to leave out references to notes, which a summary does not contain.
    """
    if _MARK.search(text) is not None:
        text = _FRACTION.sub(_fraction, text)
        write = _Scripts(language.lower().partition("-")[0], is_summary=is_summary)
        for _ in range(_MAX_DEPTH):
            if SUP not in text and SUB not in text and NOTE not in text:
                break
            text = _INNERMOST.sub(write, text)
        text = _STRUCK.sub(_close_gap, text)
        text = _QUOTED.sub("", _PICTURE.sub(_picture_gap, text))
        text = _MARK.sub("", text)
    return _MANY_LINE_ENDS.sub("\n\n", _LINE_END.sub("\n", text)) if LINE in text else text


def _fraction(found: re.Match[str]) -> str:
    """Returns the fraction as text. A mixed number keeps a space between its parts: 3 1/2."""
    upper, lower, unmarked = found.groups()
    before = found.string[found.start() - 1] if found.start() else ""
    is_number = before.isdigit()
    if before.isalpha() or (unmarked and is_number and "\u2044" not in found[0]):
        return found[0]  # not a fraction but a unit such as m³/24 h, or 10⁶/2
    return f"{' ' if is_number else ''}{upper}/{lower or unmarked}"


def _close_gap(found: re.Match[str]) -> str:
    """Returns what remains of the space and the commas on both sides of struck text."""
    before, space, following, after = found.groups()
    if not after:
        return f"{before}{space or following}"
    if before:
        return after
    return f"{following}{after}" if after in "!?:;" and space else after


def _picture_gap(found: re.Match[str]) -> str:
    before = found.string[found.start() - 1] if found.start() else ""
    after = found.string[found.end() : found.end() + 1]
    is_edge = not before or not after or before in f"([{LINE}" or after in f",.;:!?)]{LINE}"
    return "" if is_edge else " "


class _Scripts:
    """Writes superscripts and subscripts, depending on the text before them."""

    def __init__(self, primary: str, *, is_summary: bool) -> None:
        self._primary = primary
        self._is_summary = is_summary

    def __call__(self, found: re.Match[str]) -> str:
        mark, text = found[1], found[2].strip()
        before = found.string[max(found.start() - 20, 0) : found.start()].rstrip(END)
        after = found.string[found.end() : found.end() + 1]
        if not text:
            return found[2]
        if mark == SUB:
            return _lowered(text, before)
        if mark == NOTE or (text[0] == "[" and _NOTE_MARK.fullmatch(text)):
            return self._note(text)
        return self._raised(text, before, after)

    def _note(self, text: str) -> str:
        found = _NOTE_MARK.fullmatch(text)
        if found is None and len(text) > 3:
            return text
        if self._is_summary:
            return ""
        return f"[{found[1]}]" if found else text

    def _raised(self, text: str, before: str, after: str) -> str:
        base = before[-1:]
        if not any(map(str.isalnum, text)) or not base.strip():
            return _mapped(text, _SUPERSCRIPTS) or text
        if (sign := _SIGNS.get(text.lower())) is not None:
            return sign
        if " " in text:
            return f" {text}"
        if not base.isalnum():
            return self._after_sign(text, before)
        write = self._after_digit if base.isdigit() else self._after_letter
        return write(text, before, after)

    def _after_sign(self, text: str, before: str) -> str:
        if before[-2:-1].isdigit() and self._is_ordinal(text):
            return text  # 1.º
        if (raised := _mapped(text, _SUPERSCRIPTS)) is not None:
            return raised
        return _power(text) if before[-1] in ")]" and text in _VARIABLES else _note_or_power(text)

    def _after_digit(self, text: str, before: str, after: str) -> str:
        if text == "o" and after in {"C", "F"}:
            return "°"
        if self._is_ordinal(text):
            return text
        if (raised := _mapped(text, _SUPERSCRIPTS)) is not None:
            return raised
        if re.fullmatch("[0-9]{1,2}/[0-9]{1,2}", text):
            return f" {text}"
        is_raised_again = not _SUPERSCRIPT_SIGNS.isdisjoint(text)
        is_power = before.endswith("10") or text in _VARIABLES or is_raised_again
        return _power(text) if is_power else _note_or_power(text)

    def _is_ordinal(self, text: str) -> bool:
        plain = text.lower().strip(".")
        if plain in {"o", "a"}:
            return self._primary in _WITH_O_AND_A
        return plain in _ORDINALS

    def _after_letter(self, text: str, before: str, _after: str) -> str:
        word = _LAST_WORD.search(before)
        base, plain = word[0] if word else "", text.lower().strip(".")
        if plain in _ENDINGS or (_ROMAN.fullmatch(base) and plain in _ORDINALS):
            return text
        if len(base) == 1 and plain.isalpha() and plain not in _VARIABLES:
            return text  # nº, Dr
        if (raised := _mapped(text, _SUPERSCRIPTS)) is not None:
            return raised
        return _power(text) if len(base) == 1 else _note_or_power(text)


def _mapped(text: str, signs: dict[str, str]) -> str | None:
    written = [signs.get(each) for each in text]
    return None if None in written else "".join(filter(None, written))


def _power(text: str) -> str:
    return f"^{text}" if len(text) == 1 else f"^({text})"


def _note_or_power(text: str) -> str:
    """Returns a note reference such as ``a``, ``1,2`` or ``b)``, or a power that looks like one."""
    found = _NOTE_MARK.fullmatch(text)
    return f"[{found[1]}]" if found else _power(text)


def _lowered(text: str, before: str) -> str:
    base = before[-1:]
    if not base.isalnum() and base not in {")", "]"}:
        return text
    if " " in text:
        return f" {text}"
    if _IS_PLAIN_NUMBER.fullmatch(text) or not any(map(str.isalnum, text)):
        return _mapped(text, _SUBSCRIPTS) or f"_{text}" if base.isdigit() else text  # CO2, PM2.5
    if text in {"x", "X"} and base == "O":
        return text  # NOx
    return f"_{text}" if text.isalnum() else f"_({text})"
