"""What a client likes best, in nginx's own means (RFC 9110 sections 12.4.2, 12.5.1 and 12.5.3).

The service's rules (`service.http_rules.codings`, `.media_types`): a weight is written as five
digits, 10000 for 1; for a media type a sixth one says how exactly it was named. Numbers of as many
digits can be compared by a regular expression; so the candidates meet one after the other, and who
is greater goes on.
"""

import re
from collections.abc import Iterator, Sequence

from feeds.model.feed import Format
from service.export.nginx.maps import Rule, greater, map_block, var
from service.http_rules import HTML_TYPE, MAX_ACCEPT_CHARS, PROBLEM_TYPE, Coding
from service.web.codecs import SMALLEST_FIRST

#: A longer field counts as absent.
_TOO_LONG = f"~^(?s:.{{{MAX_ACCEPT_CHARS + 1}}})"

#: ``identity`` that is not named: below all that is.
_UNNAMED_IDENTITY = "00001"
_NOTHING = "00000"

#: Numerals of a weight, and how they are written here.
_WEIGHTS = (
    (r"1(?:\.0{0,3})?", "10000"),
    (r"0(?:\.0{0,3})?", _NOTHING),
    (r"0\.(\d)0{0,2}", "0$1000"),
    (r"0\.(\d\d)0?", "0$100"),
    (r"0\.(\d\d\d)", "0$10"),
)
_Q = r"\s*;\s*q\s*=\s*"

REFUSED = "refused"


def coding_maps() -> Iterator[str]:
    """``$communique_coding``: how the body travels, or ``refused``."""
    for name, expression in (*((c.value, c.value) for c in (Coding.IDENTITY, *SMALLEST_FIRST)),
                             ("star", r"\*")):  # fmt: skip
        yield map_block("$http_accept_encoding", f"own_{name}", _coding_weights(expression))
    star = [("", _NOTHING)]
    yield map_block(var("own_star"), "q_unnamed", star, default=var("own_star"))
    star = [("", _UNNAMED_IDENTITY)]
    yield map_block(var("own_star"), "q_unnamed_identity", star, default=var("own_star"))
    for coding in (Coding.IDENTITY, *SMALLEST_FIRST):
        unnamed = "q_unnamed_identity" if coding is Coding.IDENTITY else "q_unnamed"
        own = f"own_{coding}"
        yield map_block(var(own), f"q_{coding}", [("", var(unnamed))], default=var(own))
    names = [coding.value for coding in (*SMALLEST_FIRST, Coding.IDENTITY)]
    yield from _contest("coding", names, weight="q")
    yield map_block(
        var("coding_winner"), "coding_liked", [(f"~^{_NOTHING}", REFUSED), ("~ (.+)$", "$1")]
    )
    # Clients that send no such field are those that can read none.
    absent = [("", Coding.IDENTITY.value), (_TOO_LONG, Coding.IDENTITY.value)]
    yield map_block("$http_accept_encoding", "coding", absent, default=var("coding_liked"))


def type_maps() -> Iterator[str]:
    """``$communique_liked``: a format's name or nothing, for the page; ``$communique_form``."""
    offered = {each.value: each.media_type for each in Format} | {"html": HTML_TYPE}
    machine = {"problem": PROBLEM_TYPE, "plain": "application/json"}
    for name, media_type in (offered | machine).items():
        yield map_block("$http_accept", f"like_{name}", _liking(media_type), default="000000")
    yield from _contest("type", list(offered), weight="like")
    yield map_block(
        f"{var('type_winner')}|{var('like_html')}",
        "liked",
        [
            ("~^00000", ""),
            # Who lets everything pass by */* alone, the page too, gets the page.
            (r"~^(\d{5}0) \w+\|\1$", ""),
            ("~ html", ""),
            (r"~ (\w+)", "$1"),
        ],
    )
    for name in machine:
        yield map_block(
            f"{var('like_html')} {var(f'like_{name}')}", f"more_than_{name}", [_weight_greater()]
        )
    more = "".join(var(f"more_than_{name}") for name in machine)
    yield map_block(more, "form", [("11", "html")], default="json")


def _coding_weights(expression: str) -> list[Rule]:
    """The weight of one coding; nothing when it is not named, or by a weight that makes no sense.

    RFC 9110 8.4.1.3: "x-gzip" is equivalent to "gzip".
    """
    start = rf"~*(?:^|,)\s*(?:x-)?{expression}"
    return [
        (rf"{start}(?:{_Q}{numeral})?\s*(?:,|$)" if weight == "10000"
         else rf"{start}{_Q}{numeral}\s*(?:,|$)", weight)
        for numeral, weight in _WEIGHTS
    ]  # fmt: skip


def _liking(media_type: str) -> list[Rule]:
    """How much a type is liked. RFC 9110 12.5.1: the most specific range has precedence."""
    general = f"{media_type.partition('/')[0]}/*"
    rules = [(_TOO_LONG, "000000")]
    for exactness, name in ((2, media_type), (1, general), (0, "*/*")):
        named = re.escape(name)
        start = rf"~*(?:^|,)\s*{named}\s*(?:;(?!\s*q\s*=)[^;,]*)*"
        for numeral, weight in _WEIGHTS:
            given = rf"{_Q}{numeral}\s*(?:;[^,]*)?"
            given = f"(?:{given})?" if weight == "10000" else given
            is_unwanted = weight == _NOTHING
            value = "000000" if is_unwanted else f"{weight}{exactness}"
            rules.append((rf"{start}{given}(?:,|$)", value))
    return rules


def _contest(name: str, candidates: Sequence[str], *, weight: str) -> Iterator[str]:
    """The heaviest of the candidates as ``weight name``; of equals, the first."""
    holder = f"{var(f'{weight}_{candidates[0]}')} {candidates[0]}"
    for candidate in candidates[1:]:
        own = var(f"{weight}_{candidate}")
        last = candidate == candidates[-1]
        winner = f"{name}_winner" if last else f"{name}_before_{candidate}"
        rules = [(greater(), f"{own} {candidate}")]
        yield map_block(f"{own} {holder}", winner, rules, default=holder)
        holder = var(winner)


def _weight_greater() -> Rule:
    """Of two likings, the first weight is greater: how exactly they were named is left out."""
    digits = "|".join(rf"{d}\d* \1[0-{d - 1}]" for d in range(1, 10))
    # The common beginning has four digits at the most: the sixth one is no part of the weight.
    return rf"~^(\d{{0,4}})(?:{digits})", "1"
