"""Media types that a client accepts (RFC 9110 section 12.5.1)."""

import re
from collections.abc import Sequence

from service.http_rules.codings import MAX_ACCEPT_CHARS

PROBLEM_TYPE = "application/problem+json"
HTML_TYPE = "text/html"

_WEIGHT = re.compile(r"\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*")

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
