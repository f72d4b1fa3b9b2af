"""The normal form of clean HTML.

It relies on what the sanitizer writes: no ``<`` or ``>`` that is not a tag's (in text and
attributes they are ``&lt;`` and ``&gt;``).
"""

import re
import unicodedata
from itertools import takewhile

from feeds.ingest.characters import nfc, without_piles

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
