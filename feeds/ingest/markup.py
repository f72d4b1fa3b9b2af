"""Clean HTML as the sanitizer writes it: its text, its first paragraph, its normal form.

Everything here relies on that form: tags in lower case, attributes in double quotes, and no
``<`` or ``>`` that is not a tag's (in text and attributes they are ``&lt;`` and ``&gt;``).
"""

import html
import re
import unicodedata
from itertools import takewhile

from feeds.ingest.characters import nfc, without_piles

_AFTER_TAG = re.compile("(?<=>)[^\x00-\u02ff]+")
_TAG = re.compile("<[^>]*>")
_BREAK = re.compile(
    r"</?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|th|table|hr|blockquote|pre|dt|dd)\b[^>]*>"
)
_PARAGRAPH = re.compile(r"<p(?: [^>]*)?>(.*?)</p>", re.DOTALL)
_LOOSE_SPACE = re.compile("[ \t\n]+")

#: A paragraph that says something: datelines, "For immediate release" and bylines are shorter.
_TELLING_CHARS = 60


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


def text_of(markup: str) -> str:
    """What a person reads of *markup*, on one line."""
    text = _TAG.sub("", _BREAK.sub(" ", markup))
    return nfc(_LOOSE_SPACE.sub(" ", html.unescape(text)).strip())


def opening(markup: str, *, max_chars: int) -> str:
    """A summary made of *markup*: its first telling paragraph, cut at a word.

    Args:
        markup: Clean HTML.
        max_chars: The most characters that come back, the ellipsis among them.
    """
    first = ""
    for paragraph in _PARAGRAPH.finditer(markup):
        text = text_of(paragraph[1])
        if len(text) >= _TELLING_CHARS:
            return shortened(text, max_chars=max_chars)
        first = first or text
    return shortened(first or text_of(markup), max_chars=max_chars)


def shortened(text: str, *, max_chars: int) -> str:
    """*Text*, or as many of its first whole words as fit, with an ellipsis."""
    if len(text) <= max_chars:
        return text
    head, space, _ = text[:max_chars].rpartition(" ")
    # Chinese, Japanese and Thai have no spaces; there a word boundary is not to be found
    # without a dictionary, and a cut inside the line is what their readers are used to.
    if not space or len(head) < max_chars // 2:
        head = text[: max_chars - 1]
        while unicodedata.combining(text[len(head)]) and head:
            head = head[:-1]
    return f"{head.rstrip(' ,;:–—-')}…"
