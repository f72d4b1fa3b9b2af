"""nginx's ``map`` blocks: negotiation, preconditions and ranges by its own means."""

import re
from collections.abc import Iterable, Iterator, Sequence

from feeds.model.feed import Format
from service.export.layout import ENDINGS, UNDATED
from service.http_rules import HTML_TYPE, MAX_ACCEPT_CHARS, PROBLEM_TYPE, Coding
from service.web.encoded_variants import SMALLEST_FIRST

# Writes nginx's ``map`` blocks, and what regular expressions can say of numbers.

#: All our variables begin so; nginx has one space of names for everybody.
PREFIX = "communique_"

Rule = tuple[str, str]


def var(name: str) -> str:
    """A variable of ours as it stands in a text: braced, so that any letter may follow."""
    return f"${{{PREFIX}{name}}}"


def quoted(text: str) -> str:
    """A parameter. Variables in it are filled in."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """A text as a value that has no variables in it."""
    return text.replace("$", var("dollar"))


def map_block(source: str, name: str, rules: Iterable[Rule], *, default: str = "") -> str:
    """A variable of ours, by the first of *rules* that holds.

    Args:
        source: The text that is looked at, with variables.
        name: Of the variable, without the prefix.
        rules: What the source is, or ``~`` and a regular expression that finds itself in it
            (``~*`` for any case); and the value then. Exact texts go before expressions.
        default: The value when none holds.
    """
    lines = [f"    default {quoted(default)};"]
    lines += [f"    {quoted(pattern)} {quoted(value)};" for pattern, value in rules]
    return "\n".join([f"map {quoted(source)} ${PREFIX}{name} {{", *lines, "}\n"])


def greater() -> str:
    """Holds for two numbers of as many digits, with a space between, the first one greater."""
    digits = "|".join(f"{digit}\\d* \\1[0-{digit - 1}]" for digit in range(1, 10))
    return f"~^(\\d*)(?:{digits})"


def padded(source: str, name: str, before: str, behind: str, *, width: int) -> str:
    """A variable that holds a number of the source in *width* digits; more digits are all nines.

    Args:
        source: The text.
        name: Of the variable.
        before: An expression for what stands before the number, from the beginning.
        behind: Likewise for what stands behind it.
        width: Up to so many digits, without leading zeros.
    """
    rules = [
        (f"~*{before}0*(\\d{{{digits}}}){behind}", f"{'0' * (width - digits)}$1")
        for digits in range(1, width + 1)
    ]
    return map_block(source, name, [*rules, (f"~*{before}\\d+{behind}", "9" * width)])


# Whether a client has what there is, and which part it wants (RFC 9110 sections 13 and 14).
#
# The service's rules (`service.http_rules.decisions`, `.entity_tags`, `.ranges`), for what nginx
# would decide otherwise: it knows no entity tag but its own, of a file's time and size. What the
# held version is like is read from its name (`service.export.layout`), which ``$communique_held``
# ends with.

#: No document has more bytes, and nginx reads no longer number.
_DIGITS = 18

#: What servers and proxies append to the tag of a compressed representation.
_SUFFIX = r"(?:(?:--?|;)(?:gzip|br|zstd|deflate|df))?"

PART = "part"
WHOLE = "whole"
UNSATISFIABLE = "unsatisfiable"


def held_maps() -> Iterator[str]:
    """Revision, date, profile and size of the held version; its tag and file in the coding."""
    name = r"/([0-9a-f]+)\.([A-Za-z0-9]+)\.([0-9a-f]+)\.[\d-]+$"
    yield map_block(var("held"), "revision", [(f"~{name}", "$1")])
    yield map_block(var("held"), "profile", [(f"~{name}", "$3")])
    date = r"\.([A-Z][a-z]{2})(\d\d)([A-Z][a-z]{2})(\d{4})(\d\d)(\d\d)(\d\d)\.[^/]+$"
    yield map_block(var("held"), "date", [(f"~{date}", "$1, $2 $3 $4 $5:$6:$7 GMT")])
    yield map_block(var("date"), "age", [("", UNDATED)], default="dated")
    sizes = []
    for place, coding in enumerate(ENDINGS):
        others = [r"\d+"] * len(ENDINGS)
        others[place] = r"(\d+)"
        sizes.append((rf"~^{coding} .*\.{'-'.join(others)}$", "$1"))
    yield map_block(f"{var('coding')} {var('held')}", "size", sizes)
    endings = [(coding.value, ending) for coding, ending in ENDINGS.items()]
    yield map_block(var("coding"), "ending", endings)
    tagged = [(c.value, f"{var('revision')}-{c}") for c in ENDINGS if c is not Coding.IDENTITY]
    yield map_block(var("coding"), "opaque", tagged, default=var("revision"))


def precondition_maps() -> Iterator[str]:
    """``$communique_known``: the client has it, in whatever coding; ``…_if_match_fails``."""
    yield map_block(
        f"{var('revision')} $http_if_none_match",
        "known",
        [
            (r"~ \s*\*\s*$", "1"),
            (rf'~^([^ ]+) (?s:.*?)"\1{_SUFFIX}"', "1"),
            # Some readers lose the quotes.
            (rf'~^([^ ]+) (?:[^"]*,)?\s*\1{_SUFFIX}\s*(?:,[^"]*)?$', "1"),
        ],
    )
    yield map_block(
        f"{var('opaque')} $http_if_match",
        "if_match_fails",
        [
            (r"~ $", ""),
            (r"~ \s*\*\s*$", ""),
            # RFC 9110 8.8.3.2, strong comparison: nothing before the quotes, nothing taken off.
            (r'~^([^ ]+) (?:(?s:.*)[\s,])?"\1"', ""),
        ],
        default="1",
    )


def range_maps() -> Iterator[str]:
    """``$communique_range``: the whole, a part that nginx cuts out, or none that there is."""
    yield padded("$http_range", "first", "^bytes= *", "-", width=_DIGITS)
    yield padded("$http_range", "last", r"^bytes= *\d+-", " *$", width=_DIGITS)
    yield padded(var("size"), "length", "^", "$", width=_DIGITS)
    yield map_block(
        f"{var('length')} {var('first')}",
        "begins",
        [(r"~ $", "there"), (greater(), "there")],
        default="behind",
    )
    # RFC 9110 14.1.2: "An int-range is invalid if the last-pos value is present and less than
    # first-pos"; what is invalid is ignored.
    yield map_block(f"{var('first')} {var('last')}", "order", [(greater(), "reversed")])
    own = [(r"~ $", "1"), (r"~^([^ ]+) \s*\1\s*$", "1")]
    yield map_block(f'"{var("opaque")}" $http_if_range', "if_range_holds", own)
    yield map_block(
        f"$request_method {var('if_range_holds')} {var('begins')} {var('order')} $http_range",
        "range",
        [
            (r"~*^GET 1 there  bytes= *\d{1,18}-\d{0,18} *$", PART),
            (r"~*^GET 1 behind [a-z]* bytes= *\d+- *$", UNSATISFIABLE),
            (r"~*^GET 1 behind  bytes= *\d+-\d+ *$", UNSATISFIABLE),
            (r"~*^GET 1 there  bytes= *-0+ *$", UNSATISFIABLE),
            (r"~*^GET 1 there  bytes= *-\d{1,18} *$", PART),
        ],
        default=WHOLE,
    )


# What a client likes best, in nginx's own means (RFC 9110 sections 12.4.2, 12.5.1 and 12.5.3).
#
# The service's rules (`service.http_rules.negotiation`): a weight is written as five
# digits, 10000 for 1; for a media type a sixth one says how exactly it was named. Numbers of as
# many digits can be compared by a regular expression; so the candidates meet one after the other,
# and who is greater goes on.

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
