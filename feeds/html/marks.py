"""What an inline element means in plain text: raised text, fractions, quotation marks."""

import re
from types import MappingProxyType

from feeds.model.text import fallbacks

# The quotation marks of each language: HTML's ``<q>`` has none in its text.

#: Outer and inner marks, and whose they are. All other languages have those of English.
#: Source: CLDR 48.2, ``delimiters``; of the Chinese regions, by the script that they write.
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
#: French parts its marks from what they hold, by a space at which no line ends. CLDR has the bare
#: marks, as browsers do. Not so in Switzerland.
_SPACED = frozenset({"fr", "fr-ca"})

#: What a quotation may begin and end with already.
_ANY_MARK = frozenset('"“”„‟«»‹›‘’‚‛「」『』〝〞〟＂')


def quotation_marks(language: str, depth: int) -> tuple[str, str]:
    """What opens and closes a quotation.

    Args:
        language: Of the text that it stands in, BCP 47.
        depth: In how many other quotations it stands.
    """
    tag = next((each for each in fallbacks(language) if each in _MARKS_BY_LANGUAGE), "en")
    marks = _MARKS_BY_LANGUAGE.get(tag, _OF_ENGLISH)
    at = 2 * (depth % 2)
    opening, closing = marks[at], marks[at + 1]
    if tag in _SPACED and opening == "«":
        return f"{opening}\N{NO-BREAK SPACE}", f"\N{NO-BREAK SPACE}{closing}"
    return opening, closing


def is_marked(quotation: str) -> bool:
    """True when a quotation has marks of its own, as where an editor has typed them too."""
    text = quotation.strip()
    return len(text) > 1 and text[0] in _ANY_MARK and text.rstrip(".,;:!?")[-1:] in _ANY_MARK


# What an inline element means, said in plain text: raised and lowered text, fractions, gaps.
#
# The text of a block is gathered with marks in the places of such elements. The marks are controls
# that XML forbids, and so no clean HTML holds them. Once the block is complete, and what stands
# before and behind a mark is known, each becomes what it has to be.

SUP = "\x01"  #: raised from here to `END`
SUB = "\x02"  #: lowered from here to `END`
END = "\x03"
NOTE = "\x05"  #: raised as `SUP` is, and it leads to a note
GONE = "\x04"  #: something was struck here
PICTURE = "\x06"  #: around the words that stand for a picture
OPENED = "\x07"  #: behind an opening quotation mark
CLOSED = "\x08"  #: before a closing one
LINE = "\x0b"  #: the line ends

_MARK = re.compile("[\x01-\x08]")
_LINE_END = re.compile(" ?\x0b ?")
_MANY_LINE_ENDS = re.compile("\n{3,}")
#: The innermost first: what is raised in something raised is written before that is.
_INNERMOST = re.compile("([\x01\x02\x05])([^\x01\x02\x03\x05]*)\x03")
#: Deeper ones are written one behind the other.
_MAX_DEPTH = 4
_FRACTION = re.compile(
    "\x01 ?([0-9]{1,3}) ?\x03 ?[/\u2044\u2215] ?(?:\x02 ?([0-9]{1,4}) ?\x03|([0-9]{1,4}))"
)
_STRUCK = re.compile("([,;]?)( ?)\x04(?: ?\x04)*( ?)([,;.:!?]?)")
_PICTURE = re.compile("(?: ?\x06)+ ?")
_QUOTED = re.compile("\x07 ?| ?\x08")

_RAISED = dict(zip("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=True))
_RAISED_SIGNS = frozenset(_RAISED.values())
_LOWERED = dict(zip("0123456789+-−=", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌", strict=True))

#: 5th, 1er, 2e, 1.º: raised by custom, and read aloud as they stand.
_ORDINALS = frozenset(
    """
    st nd rd th d er re ère ere e ème eme ième ieme es ers nde o os a as º ª ro do ra da ος η ο ste
    de
    """.split()  # noqa: SIM905
)
#: Languages that number by 1.º and 1.ª.
_WITH_O_AND_A = frozenset({"es", "pt", "it", "gl", "ca", "la", "fr"})
#: Mme, Cie, nos: the last letters of a shortened word.
_ENDINGS = frozenset("me mes lle lles gr ve te tes ie ies nt bre ts os as ns rs lo".split())  # noqa: SIM905
_VARIABLES = frozenset("ijkmnpqxyz")
_SIGNS = {"tm": "™", "sm": "℠", "mc": "MC", "md": "MD"}
_ROMAN = re.compile("[IVXLCDM]+")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_NOTE_MARK = re.compile(r"[(\[]?\s*(\w{1,3}(?:\s*[,;–-]\s*\w{1,3}){0,9})\s*[)\]]?")
_IS_PLAIN_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


def spoken(text: str, *, language: str, is_summary: bool) -> str:
    """*Text* without marks.

    Args:
        text: With white space collapsed.
        language: Of the release, BCP 47.
        is_summary: Leave out the marks of notes: the notes stand elsewhere.
    """
    if _MARK.search(text) is not None:
        text = _FRACTION.sub(_fraction, text)
        write = _Scripts(language.lower().partition("-")[0], is_summary=is_summary)
        for _ in range(_MAX_DEPTH):
            if SUP not in text and SUB not in text and NOTE not in text:
                break
            text = _INNERMOST.sub(write, text)
        text = _STRUCK.sub(_closed_up, text)
        text = _QUOTED.sub("", _PICTURE.sub(_apart, text))
        text = _MARK.sub("", text)
    return _MANY_LINE_ENDS.sub("\n\n", _LINE_END.sub("\n", text)) if LINE in text else text


def _fraction(found: re.Match[str]) -> str:
    """3 1/2: the parts of a mixed number are kept apart."""
    upper, lower, unmarked = found.groups()
    before = found.string[found.start() - 1] if found.start() else ""
    is_number = before.isdigit()
    if before.isalpha() or (unmarked and is_number and "\u2044" not in found[0]):
        return found[0]  # a unit such as m³/24 h, or 10⁶/2
    return f"{' ' if is_number else ''}{upper}/{lower or unmarked}"


def _closed_up(found: re.Match[str]) -> str:
    """What is left of the space and the commas on both sides of what was struck."""
    before, space, following, after = found.groups()
    if not after:
        return f"{before}{space or following}"
    if before:
        return after
    return f"{following}{after}" if after in "!?:;" and space else after


def _apart(found: re.Match[str]) -> str:
    before = found.string[found.start() - 1] if found.start() else ""
    after = found.string[found.end() : found.end() + 1]
    is_edge = not before or not after or before in f"([{LINE}" or after in f",.;:!?)]{LINE}"
    return "" if is_edge else " "


class _Scripts:
    """Writes what is raised or lowered, by what stands before it."""

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
            return _mapped(text, _RAISED) or text
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
        if (raised := _mapped(text, _RAISED)) is not None:
            return raised
        return _power(text) if before[-1] in ")]" and text in _VARIABLES else _noted(text)

    def _after_digit(self, text: str, before: str, after: str) -> str:
        if text == "o" and after in {"C", "F"}:
            return "°"
        if self._is_ordinal(text):
            return text
        if (raised := _mapped(text, _RAISED)) is not None:
            return raised
        if re.fullmatch("[0-9]{1,2}/[0-9]{1,2}", text):
            return f" {text}"
        is_raised_again = not _RAISED_SIGNS.isdisjoint(text)
        is_power = before.endswith("10") or text in _VARIABLES or is_raised_again
        return _power(text) if is_power else _noted(text)

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
        if (raised := _mapped(text, _RAISED)) is not None:
            return raised
        return _power(text) if len(base) == 1 else _noted(text)


def _mapped(text: str, signs: dict[str, str]) -> str | None:
    written = [signs.get(each) for each in text]
    return None if None in written else "".join(filter(None, written))


def _power(text: str) -> str:
    return f"^{text}" if len(text) == 1 else f"^({text})"


def _noted(text: str) -> str:
    """A mark that is no number, such as ``a``, ``1,2`` or ``b)``; and powers that look so."""
    found = _NOTE_MARK.fullmatch(text)
    return f"[{found[1]}]" if found else _power(text)


def _lowered(text: str, before: str) -> str:
    base = before[-1:]
    if not base.isalnum() and base not in {")", "]"}:
        return text
    if " " in text:
        return f" {text}"
    if _IS_PLAIN_NUMBER.fullmatch(text) or not any(map(str.isalnum, text)):
        return _mapped(text, _LOWERED) or f"_{text}" if base.isdigit() else text  # CO2, PM2.5
    if text in {"x", "X"} and base == "O":
        return text  # NOx
    return f"_{text}" if text.isalnum() else f"_({text})"
