"""Content codings, and which one a client is given (RFC 9110 sections 8.4.1 and 12.5.3)."""

import re
from collections.abc import Sequence
from enum import StrEnum

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
