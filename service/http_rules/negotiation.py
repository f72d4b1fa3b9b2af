"""Content negotiation: codings, media types, pages for browsers (RFC 9110 section 12)."""

import re
from collections.abc import Sequence
from enum import StrEnum

# Content codings, and which one a client gets (RFC 9110 sections 8.4.1 and 12.5.3).

#: An ordinary Accept or Accept-Encoding has some hundred characters. A longer one counts as
#: absent, which saves parsing it.
MAX_ACCEPT_CHARS = 4096


class Coding(StrEnum):
    """A content coding in which representations are available."""

    IDENTITY = "identity"
    GZIP = "gzip"
    BROTLI = "br"
    ZSTD = "zstd"


#: ``identity`` is acceptable without being named (RFC 9110 12.5.3), but codings that a client names
#: are preferred.
_UNNAMED_IDENTITY = 0.0001
_WEIGHT = re.compile(r"\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*")


def choose_coding(accept_encoding: str | None, offered: Sequence[Coding]) -> Coding | None:
    """Chooses the content coding of a representation.

    Args:
        accept_encoding: As sent. Without the field the RFC allows any coding, but clients that do
            not send it usually cannot decode any.
        offered: The available codings, without ``identity``; the first wins a tie.

    Returns:
        None when the client accepts no available coding, nor ``identity``.
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
    """Parses names and weights, in lower case; elements with an invalid weight are left out."""
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
Preference = tuple[float, int]
_NOT_ACCEPTABLE: Preference = (0.0, 0)


def choose_type(accept: str | None, offered: Sequence[str], *, default: str) -> str:
    """Chooses the media type of an answer.

    Among the types with the highest weight, one that the client named goes before one that only
    ``*/*`` matches; then the first of *offered* wins.

    Args:
        accept: As sent.
        offered: Media types without parameters, in lower case.
        default: One of *offered*, for a client without a preference, and for one that accepts none
            of them: RFC 9110 12.5.1 lets a server disregard the field rather than answer 406.
    """
    ranges = _ranges(accept)
    preferences = {offer: _preference(offer, ranges) for offer in offered}
    best = max(preferences.values())
    if best[0] == 0 or (best[1] == 0 and preferences[default] == best):
        return default
    return next(offer for offer in offered if preferences[offer] == best)


def prefers_html(accept: str | None) -> bool:
    """Whether a client prefers a page to a problem document, as browsers do.

    A client that accepts anything counts as a program.
    """
    ranges = _ranges(accept)
    machine = max(_preference(one, ranges)[0] for one in (PROBLEM_TYPE, "application/json"))
    return _preference(HTML_TYPE, ranges)[0] > machine


def _preference(offer: str, ranges: dict[str, float]) -> Preference:
    """Returns the preference for a type. RFC 9110 12.5.1: the most specific range counts."""
    general = f"{offer.partition('/')[0]}/*"
    for exactness, name in ((2, offer), (1, general), (0, "*/*")):
        if name in ranges:
            weight = ranges[name]
            return (weight, exactness) if weight > 0 else _NOT_ACCEPTABLE
    return _NOT_ACCEPTABLE


def _ranges(accept: str | None) -> dict[str, float]:
    """Parses media ranges and their weights, in linear time; invalid ones are left out.

    Parameters other than the weight are ignored: none of the offered types has one that matters,
    and ``application/atom+xml;type=feed`` (RFC 5023 section 12) is a type that is offered.
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


# Navigations in a browser (Fetch Metadata Request Headers, W3C).

#: The field by which browsers distinguish navigations from requests of scripts, readers and
#: extensions. ``Sec-Fetch-Dest`` is not used: it would have to be in ``Vary``, too, or a cache
#: would answer a whole page with the response for an inner frame.
MODE_FIELD = "Sec-Fetch-Mode"
_NAVIGATE = "navigate"

#: With this key in the query, browsers get the document itself and not the feed's page.
RAW = "raw"


def is_navigation(sec_fetch_mode: str | None) -> bool:
    """Whether the address was typed, clicked or reloaded; false when the field is absent.

    Args:
        sec_fetch_mode: As sent. Several lines come joined, and do not match.
    """
    return sec_fetch_mode is not None and sec_fetch_mode.strip() == _NAVIGATE


def wants_raw(query: str) -> bool:
    """Whether ``raw`` is a key of a query, with any value and beside any other keys."""
    if RAW not in query:
        return False
    return any(part.partition("=")[0] == RAW for part in query.split("&"))
