"""The analysis of text: which words it has, and by which term each is found.

One analysis of our own, because the two databases do not agree: SQLite's ``unicode61`` splits Hindi
at its vowel signs, PostgreSQL's parser takes ``Stuttgart/München`` for the name of a file, and
neither finds a word in Chinese or Thai, which are written without spaces. Both get our terms, and
split them at spaces only.

- A word is a run of letters, digits and the marks on them. ``l'État``, ``COVID-19`` and
  ``Stuttgart/München`` are two words each, which are found one by one, or together in this order.
- Case, compatibility forms, and the accents of Latin, Greek, Cyrillic, Hebrew and Arabic letters do
  not matter. Vowel signs and tones of other scripts do: they are letters there.
- Of scripts without spaces between words, each letter with its marks is a unit. Every two
  neighbours are a term (`terms_in_order`), as search engines do it for Chinese.
- A final *s* of a Latin word of five letters or more does not matter: ``floods``, ``ministères``.
  Neither does the article of an Arabic one, alone or behind a conjunction or preposition:
  ``البيان`` and ``والبيان`` are found by ``بيان``.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from operator import add
from typing import NamedTuple
from unicodedata import category, normalize

#: Changes when the same text gets other terms. Stored releases are then to be indexed anew.
VERSION = 1

#: Longer words are cut. PostgreSQL allows 2,046 bytes.
MAX_TERM_CHARS = 64

#: Words of which the folded form is remembered: about as many as a thousand releases have.
_REMEMBERED = 16_384

#: Scripts that are written without spaces between words, and Korean, whose particles follow their
#: nouns without one: Thai, Lao, Myanmar, Hangul, Khmer, Tai, kana, Bopomofo, Han, Yi.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u2e80-\u2fdf"
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u318f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
#: Digits and signs that lie among these scripts, but are no part of unspaced text.
_SPACED = "\u0e50-\u0e59\u0ed0-\u0ed9\u1040-\u1049\u17e0-\u17e9"

_ASCII_WORD = re.compile("[A-Za-z0-9]+")
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")

#: Half-width voicing marks of kana, which belong to the letter before.
_VOICING = "\uff9e\uff9f"

#: Invisible characters inside words: soft hyphen, joiners, marks of direction.
_INVISIBLE = "\u00ad\u061c\u200c-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"

#: Marks that are dropped: accents of Latin, Greek and Cyrillic, points of Hebrew, Arabic and
#: Syriac. And the invisible characters, tatweel, and selectors of variants.
_DROPPED = re.compile(
    f"[{_INVISIBLE}"
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0711\u0730-\u074a\u08d3-\u08e1\u08e3-\u08ff"
    "\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)

#: Letters that Unicode does not decompose, though people type them without the stroke or in two;
#: and letters that Arabic, Persian and Urdu write alike.
_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe",
        "ð": "d", "þ": "th", "ɓ": "b", "ɗ": "d", "ƙ": "k",
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ک": "ك",
    }
)  # fmt: skip

_MIN_PLURAL_CHARS = 5

#: The Arabic article, with the letters that are written together with it: and, so, with, as, for.
#: What is left has three letters or more, as nearly all nouns do.
_ARABIC_ARTICLE = re.compile("(?:[وفبك]?ال|لل)(?=.{3})")

#: The parts of Unicode that have marks: looking through all of it takes a tenth of a second.
_BLOCKS_WITH_MARKS = (
    (0x0300, 0x1E00), (0x20D0, 0x2100), (0x2CE0, 0x3100), (0xA660, 0xAC00), (0xFB1E, 0xFE30),
    (0x10100, 0x12000), (0x16A00, 0x17000), (0x1BC00, 0x1BCB0), (0x1CF00, 0x1F000),
    (0xE0100, 0xE01F0),
)  # fmt: skip


class Word(NamedTuple):
    """A word of a text, or a unit of a script without spaces."""

    term: str  #: as it is compared
    start: int  #: position in the text
    end: int
    is_unit: bool


def tokens(text: str) -> Iterator[Word]:
    """Yields the words and units of *text* in order."""
    for found in _pattern().finditer(text):
        term = fold_word(found[0])
        if term:
            yield Word(term, found.start(), found.end(), found.lastgroup == "unit")


def terms_and_units(text: str) -> tuple[list[str], list[str]]:
    """Returns the terms of *text* in order, and its units. Ten times as fast as `tokens`."""
    if text.isascii():
        return list(map(fold_word, _ASCII_WORD.findall(text))), []
    if _UNSPACED_LETTER.search(text) is None:
        return [term for term in map(fold_word, _spaced_words().findall(text)) if term], []
    terms: list[str] = []
    units: list[str] = []
    for run, word in _runs_and_words().findall(text):
        if word:
            terms.append(fold_word(word))
            continue
        letters = list(map(fold_word, _units().findall(run)))
        units += letters
        terms += map(add, letters, letters[1:]) if len(letters) > 1 else letters
    return [term for term in terms if term], units


@lru_cache(maxsize=_REMEMBERED)
def fold_word(word: str) -> str:
    """Returns the term of a word or unit; empty if nothing of it counts."""
    if word.isascii():
        term = word.lower()
    else:
        # As NFKC_Casefold does (Unicode 3.13, D147), with the marks off in between.
        term = normalize("NFKD", normalize("NFKD", word).casefold())
        term = normalize("NFC", _DROPPED.sub("", term).translate(_LETTERS))
        if not term.isascii():
            article = _ARABIC_ARTICLE.match(term)
            term = "".join(map(_counted, term[article.end() if article else 0 :]))
    if len(term) >= _MIN_PLURAL_CHARS and term.isascii() and term[-1] == "s" and term[-2] != "s":
        term = term[:-1]
    return term[:MAX_TERM_CHARS]


def forget_words() -> None:
    """Empties the memory of folded words: those of many releases take some megabytes."""
    fold_word.cache_clear()


def terms_in_order(found: Sequence[Word]) -> Iterator[str]:
    """Yields the terms of neighbouring tokens: of a run of units, every two that are neighbours."""
    for number, token in enumerate(found):
        if not token.is_unit:
            yield token.term
            continue
        follows = number + 1 < len(found) and _adjoin(token, found[number + 1])
        if follows:
            yield token.term + found[number + 1].term
        elif number == 0 or not _adjoin(found[number - 1], token):
            yield token.term


def is_alone(found: Sequence[Word], number: int) -> bool:
    """Whether a token is a unit without a neighbour: it is found by its letter."""
    token = found[number]
    before, after = found[number - 1 : number], found[number + 1 : number + 2]
    return (
        token.is_unit
        and not any(_adjoin(one, token) for one in before)
        and not any(_adjoin(token, one) for one in after)
    )


def _adjoin(token: Word, other: Word) -> bool:
    return token.is_unit and other.is_unit and token.end == other.start


def _counted(character: str) -> str:
    """Returns a character as it counts in a term: digits as 0 to 9, and no punctuation."""
    if character.isdecimal():
        return str(int(character))
    return character if character.isalnum() or category(character)[0] == "M" else ""


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(f"(?P<unit>{_units().pattern})|(?P<word>{_word_among_units()})")


@cache
def _runs_and_words() -> re.Pattern[str]:
    return re.compile(f"((?:{_units().pattern})+)|({_word_among_units()})")


@cache
def _units() -> re.Pattern[str]:
    return re.compile(rf"(?![{_SPACED}])(?=\w)[{_UNSPACED}][{_marks()}{_VOICING}]*")


def _word_among_units() -> str:
    return _word_of(rf"(?:[^\W_{_UNSPACED}]|[{_SPACED}])+")


def _word_of(letters: str) -> str:
    """Returns the pattern of a word: runs of letters, with marks between and behind them.

    Behind most words is a blank. It is told from marks before their class is tried, which is long.
    """
    return rf"{letters}(?:(?=[\u00ad-\U0010ffff])[{_marks()}{_INVISIBLE}]+(?:{letters})?)*"


@cache
def _spaced_words() -> re.Pattern[str]:
    return re.compile(_word_of(r"[^\W_]+"))


@cache
def _marks() -> str:
    """Returns the marks of Unicode, for a class of a pattern: Python's ``re`` has none for them."""
    return "".join(_marks_from(*block) for block in _BLOCKS_WITH_MARKS)


def _marks_from(start: int, end: int) -> str:
    """Returns the marks between two code points."""
    found: list[list[int]] = []
    for code in range(start, end):
        if category(chr(code))[0] == "M":
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)
