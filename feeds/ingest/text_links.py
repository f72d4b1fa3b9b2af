"""Addresses in plain text become links.

Rejected: linkify-it-py, which knows neither an address in Japanese text nor one before ``»``, and
takes 20 seconds for 100 kB of brackets.
"""

import html
import re
from collections.abc import Iterator

from feeds.ingest.addresses import MAX_URL_CHARS, absolute

_SCHEMES = frozenset({"http", "https", "mailto"})
#: Letters of scripts without spaces between words: an address may begin right behind one, and one
#: right behind a letter or digit of an address is not of it.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
#: What no address in running text holds: white space, quotation marks and brackets of all kinds,
#: dashes that part sentences, and the punctuation of Chinese, Japanese and Arabic.
_OUTSIDE = (
    '\\s\\x00-\\x1f<>"`{}|\\\\^«»‹›“”„‟‘’‚‛—―…'
    "\u3000-\u3004\u3008-\u3020\u30fb\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff5b\uff5d\uff61-\uff64،؛؟۔"
)
_ADDRESS = re.compile(
    rf"(?<![^\W{_UNSPACED}])(?:https?://|(?<![.:/@-])www\.(?=[^\W_]))"
    rf"(?:[^{_OUTSIDE}{_UNSPACED}]|(?<![A-Za-z0-9])[{_UNSPACED}])+"
    r"|(?<![A-Za-z0-9._%+'@/-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}"
    r"@[a-zA-Z0-9\u00a1-\u10ff][a-zA-Z0-9\u00a1-\u10ff-]{0,62}"
    r"(?:\.[a-zA-Z0-9\u00a1-\u10ff][a-zA-Z0-9\u00a1-\u10ff-]{0,62}){0,8}\.[a-zA-Z\u00a1-\u10ff]{2,63}",
    re.IGNORECASE,
)
#: Behind an address these end the sentence; inside they are its own.
_TRAILING = ".,:;!?'*_~"
_CLOSING = {")": "(", "]": "["}


def linked(text: str) -> str:
    """*Text* as HTML: escaped, with its web and e-mail addresses as links.

    A link is what begins with ``http://``, ``https://`` or ``www.``, which becomes https, and an
    e-mail address. A scheme that could do harm is never one.
    """
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    done = 0
    for found in _ADDRESS.finditer(text):
        shown = _without_end_of_sentence(found[0])
        address = _address_of(shown)
        if address is None:
            continue
        yield html.escape(text[done : found.start()], quote=False)
        yield f'<a href="{html.escape(address)}">{html.escape(shown, quote=False)}</a>'
        done = found.start() + len(shown)
    yield html.escape(text[done:], quote=False)


def _address_of(shown: str) -> str | None:
    head = shown[:8].lower()
    if head.startswith("www."):
        reference = f"https://{shown}"
    elif head.startswith(("http://", "https://")):
        reference = shown
    else:
        reference = f"mailto:{shown}"
    address = absolute(reference, base="", schemes=_SCHEMES)
    return address if address and len(address) <= MAX_URL_CHARS else None


def _without_end_of_sentence(address: str) -> str:
    """*Address* without what belongs to the sentence around it: full stops, a closing bracket."""
    surplus = {
        closing: address.count(closing) - address.count(opening)
        for closing, opening in _CLOSING.items()
    }
    end = len(address)
    while end:
        last = address[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return address[:end]
