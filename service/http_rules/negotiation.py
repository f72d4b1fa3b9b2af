"""What a client accepts: codings, media types, pages for browsers (RFC 9110 section 12)."""

import re
from collections.abc import Sequence
from enum import StrEnum

# Content codings, and which one a client is given (RFC 9110 sections 8.4.1 and 12.5.3).

#: An honest Accept or Accept-Encoding has some hundred characters. A longer one counts as absent:
#: nothing is gained by reading it.
MAX_ACCEPT_CHARS = 4096


class Coding(StrEnum):
    """A content coding that representations are to be had in."""

    IDENTITY = "identity"
    GZIP = "gzip"
    BROTLI = "br"
    ZSTD = "zstd"


#: ``identity`` is acceptable without being named (RFC 9110 12.5.3), but what a client names is
#: liked better.
_UNNAMED_IDENTITY = 0.0001
_WEIGHT = re.compile(r"\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*")


def choose_coding(accept_encoding: str | None, offered: Sequence[Coding]) -> Coding | None:
    """Choose how a representation travels.

    Args:
        accept_encoding: As sent. Without the field any coding would be allowed, but clients that
            send none are those that can read none.
        offered: The codings that there are, without ``identity``; the first wins a tie.

    Returns:
        None when the client refuses every way that there is.
    """
    if accept_encoding is None or len(accept_encoding) > MAX_ACCEPT_CHARS:
        return Coding.IDENTITY
    weights = read_weights(accept_encoding)
    anything = weights.get("*")
    identity = weights.get("identity", _UNNAMED_IDENTITY if anything is None else anything)
    best, most = Coding.IDENTITY, identity
    for coding in reversed(offered):
        weight = weights.get(coding, anything or 0.0)
        if weight >= most:
            best, most = coding, weight
    return best if most > 0 else None


def read_weights(field: str) -> dict[str, float]:
    """Read names and weights, in small letters; one whose weight makes no sense is left out."""
    weights: dict[str, float] = {}
    for element in field.split(","):
        name, semicolon, parameter = element.partition(";")
        weight = _WEIGHT.fullmatch(parameter)
        if semicolon and weight is None:
            continue
        # RFC 9110 8.4.1.3: "x-gzip" is to be considered equivalent to "gzip".
        coding = name.strip().lower().removeprefix("x-")
        weights[coding] = max(weights.get(coding, 0.0), float(weight[1]) if weight else 1.0)
    return weights


# Media types that a client accepts (RFC 9110 section 12.5.1).

PROBLEM_TYPE = "application/problem+json"
HTML_TYPE = "text/html"


#: A weight, and how exactly the type was named: 2 by its name, 1 as ``text/*``, 0 as ``*/*``.
Liking = tuple[float, int]
_UNWANTED: Liking = (0.0, 0)


def choose_type(accept: str | None, offered: Sequence[str], *, default: str) -> str:
    """Choose the media type of an answer.

    Among those that a client likes best, one that it named goes before one that it let pass by
    ``*/*``, and then the first of *offered*.

    Args:
        accept: As sent.
        offered: Media types without parameters, in small letters.
        default: One of them, for a client that likes nothing in particular, or nothing of ours:
            RFC 9110 12.5.1 lets a server disregard the field rather than answer 406.
    """
    ranges = _ranges(accept)
    likings = {offer: _liking(offer, ranges) for offer in offered}
    best = max(likings.values())
    if best[0] == 0 or (best[1] == 0 and likings[default] == best):
        return default
    return next(offer for offer in offered if likings[offer] == best)


def prefers_html(accept: str | None) -> bool:
    """True when a client likes a page better than a problem document: a person's browser.

    A client that takes anything is a machine.
    """
    ranges = _ranges(accept)
    machine = max(_liking(one, ranges)[0] for one in (PROBLEM_TYPE, "application/json"))
    return _liking(HTML_TYPE, ranges)[0] > machine


def _liking(offer: str, ranges: dict[str, float]) -> Liking:
    """How much a type is liked. RFC 9110 12.5.1: the most specific range has precedence."""
    general = f"{offer.partition('/')[0]}/*"
    for exactness, name in ((2, offer), (1, general), (0, "*/*")):
        if name in ranges:
            weight = ranges[name]
            return (weight, exactness) if weight > 0 else _UNWANTED
    return _UNWANTED


def _ranges(accept: str | None) -> dict[str, float]:
    """Read media ranges and their weights, in linear time; those that make no sense are left out.

    Parameters beside the weight are not looked at: none of our types has any that matters, and
    ``application/atom+xml;type=feed`` (RFC 5023 section 12) is what we have.
    """
    ranges: dict[str, float] = {}
    if accept is None or len(accept) > MAX_ACCEPT_CHARS:
        return ranges
    for element in accept.split(","):
        name, *parameters = element.split(";")
        given = [one for one in parameters if one.partition("=")[0].strip() in ("q", "Q")]
        weight = _WEIGHT.fullmatch(given[0]) if given else None
        if "/" not in name or (given and weight is None):
            continue
        media_range = name.strip().lower()
        value = float(weight[1]) if weight else 1.0
        ranges[media_range] = max(ranges.get(media_range, 0.0), value)
    return ranges


# Who opens an address in a browser (Fetch Metadata Request Headers, W3C).

#: The field by which browsers tell a navigation from what scripts, readers and extensions fetch.
#: ``Sec-Fetch-Dest`` is not asked: it would have to be named in ``Vary``, too, or a cache hands
#: what an inner frame was given to the next whole page.
MODE_FIELD = "Sec-Fetch-Mode"
_NAVIGATE = "navigate"

#: With this in the query a document is a document, whoever opens it.
RAW = "raw"


def is_navigation(sec_fetch_mode: str | None) -> bool:
    """True when the address was typed, clicked or reloaded; false when the field says else, or no.

    Args:
        sec_fetch_mode: As sent; several lines come joined, and mean nothing.
    """
    return sec_fetch_mode is not None and sec_fetch_mode.strip() == _NAVIGATE


def wants_raw(query: str) -> bool:
    """True when ``raw`` is a key of a query, whatever its value, and whatever stands beside it."""
    if RAW not in query:
        return False
    return any(part.partition("=")[0] == RAW for part in query.split("&"))
