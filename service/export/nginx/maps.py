"""Generates nginx ``map`` blocks for negotiation, preconditions and ranges."""

import re
from collections.abc import Iterable, Iterator, Sequence

from feeds.model.feed import Format
from feeds.model.medium import MEDIA_PATH
from service.export.layout import ENDINGS, UNDATED
from service.http_rules import HTML_TYPE, MAX_ACCEPT_CHARS, PROBLEM_TYPE, Coding
from service.web.encoded_variants import SMALLEST_FIRST

# The syntax of ``map`` blocks, and comparisons of numbers by regular expressions.

#: Prefix of all generated variables; nginx has a single namespace.
PREFIX = "communique_"

Rule = tuple[str, str]


def var(name: str) -> str:
    """Returns a reference to a generated variable, braced, so that any letter may follow."""
    return f"${{{PREFIX}{name}}}"


def quoted(text: str) -> str:
    """Returns a quoted parameter, in which variables are expanded."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """Returns a text as a value, without the expansion of variables."""
    return text.replace("$", var("dollar"))


def map_block(source: str, name: str, rules: Iterable[Rule], *, default: str = "") -> str:
    """Returns the block that sets a variable by the first of *rules* that matches.

    Args:
        source: The text that is matched, with variables.
        name: Name of the variable, without the prefix.
        rules: Pairs of a pattern and a value. A pattern is an exact text, or ``~`` and a regular
            expression (``~*`` to ignore case). Exact texts have precedence.
        default: The value when no rule matches.
    """
    lines = [f"    default {quoted(default)};"]
    lines += [f"    {quoted(pattern)} {quoted(value)};" for pattern, value in rules]
    return "\n".join([f"map {quoted(source)} ${PREFIX}{name} {{", *lines, "}\n"])


def greater() -> str:
    """Returns a pattern for two numbers with a space between, the first one being greater.

    Both must have the same number of digits.
    """
    digits = "|".join(f"{digit}\\d* \\1[0-{digit - 1}]" for digit in range(1, 10))
    return f"~^(\\d*)(?:{digits})"


def padded(source: str, name: str, before: str, behind: str, *, width: int) -> str:
    """Returns a block that sets a variable to a number of the source, padded with zeros.

    Args:
        source: The text.
        name: Name of the variable.
        before: An expression for the text before the number, from the beginning.
        behind: An expression for the text behind it.
        width: Number of digits. A number with more digits becomes all nines.
    """
    rules = [
        (f"~*{before}0*(\\d{{{digits}}}){behind}", f"{'0' * (width - digits)}$1")
        for digits in range(1, width + 1)
    ]
    return map_block(source, name, [*rules, (f"~*{before}\\d+{behind}", "9" * width)])


# Preconditions and ranges (RFC 9110 sections 13 and 14).
#
# These are the service's rules (`service.http_rules.decisions` and `.entity_tags`). nginx's own
# differ: it knows only entity tags that it makes from a file's time and size. The values of the
# current version are parsed from its name (`service.export.layout`), with which
# ``$communique_held`` ends.

#: No document's size has more digits, and nginx parses no longer number.
_DIGITS = 18

#: Suffixes that servers and proxies append to the tag of a compressed representation.
_SUFFIX = r"(?:(?:--?|;)(?:gzip|br|zstd|deflate|df))?"

PART = "part"
WHOLE = "whole"
UNSATISFIABLE = "unsatisfiable"


def held_maps() -> Iterator[str]:
    """Yields revision, date, profile and size of the current version, and its tag and file."""
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
    """Yields ``$communique_known``: the client has it, in any coding; ``…_if_match_fails``."""
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
            # RFC 9110 8.8.3.2, strong comparison: no prefix, and no suffix removed.
            (r'~^([^ ]+) (?:(?s:.*)[\s,])?"\1"', ""),
        ],
        default="1",
    )


def range_maps() -> Iterator[str]:
    """Yields ``$communique_range``: the whole, a part that nginx sends, or unsatisfiable."""
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


# Content negotiation (RFC 9110 sections 12.4.2, 12.5.1 and 12.5.3).
#
# These are the service's rules (`service.http_rules.negotiation`). A weight is written as five
# digits, 10000 for 1; for a media type a sixth digit says how exactly it was named. Numbers with
# the same number of digits can be compared by a regular expression, so the candidates are compared
# one after the other, and the greater one is kept.

#: A longer field counts as absent.
_TOO_LONG = f"~^(?s:.{{{MAX_ACCEPT_CHARS + 1}}})"

#: Weight of ``identity`` when it is not named: less than all named codings.
_UNNAMED_IDENTITY = "00001"
_NOTHING = "00000"

#: Patterns of weights, and their five-digit forms.
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
    """Yields ``$communique_coding``: the content coding, or ``refused``."""
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
    # Clients that do not send the field usually cannot decode any coding.
    absent = [("", Coding.IDENTITY.value), (_TOO_LONG, Coding.IDENTITY.value)]
    yield map_block("$http_accept_encoding", "coding_of_text", absent, default=var("coding_liked"))
    # Pictures and files are compressed in themselves, and there is no other form of them.
    media = [(f"~^{MEDIA_PATH}", Coding.IDENTITY.value)]
    yield map_block("$uri", "coding", media, default=var("coding_of_text"))


def type_maps() -> Iterator[str]:
    """Yields ``$communique_liked``: a format, or nothing for the page; ``$communique_form``."""
    offered = {each.value: each.media_type for each in Format} | {"html": HTML_TYPE}
    machine = {"problem": PROBLEM_TYPE, "plain": "application/json"}
    for name, media_type in (offered | machine).items():
        yield map_block("$http_accept", f"like_{name}", _preference(media_type), default="000000")
    yield from _contest("type", list(offered), weight="like")
    yield map_block(
        f"{var('type_winner')}|{var('like_html')}",
        "liked",
        [
            ("~^00000", ""),
            # A client that accepts the formats and the page by */* only gets the page.
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
    """Returns rules for the weight of one coding; none matches when it is absent or invalid.

    RFC 9110 8.4.1.3: "x-gzip" is equivalent to "gzip".
    """
    start = rf"~*(?:^|,)\s*(?:x-)?{expression}"
    return [
        (rf"{start}(?:{_Q}{numeral})?\s*(?:,|$)" if weight == "10000"
         else rf"{start}{_Q}{numeral}\s*(?:,|$)", weight)
        for numeral, weight in _WEIGHTS
    ]  # fmt: skip


def _preference(media_type: str) -> list[Rule]:
    """Returns rules for the preference of a type. RFC 9110 12.5.1: the most specific counts."""
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
    """Yields the candidate with the greatest weight, as ``weight name``; of equals, the first."""
    holder = f"{var(f'{weight}_{candidates[0]}')} {candidates[0]}"
    for candidate in candidates[1:]:
        own = var(f"{weight}_{candidate}")
        last = candidate == candidates[-1]
        winner = f"{name}_winner" if last else f"{name}_before_{candidate}"
        rules = [(greater(), f"{own} {candidate}")]
        yield map_block(f"{own} {holder}", winner, rules, default=holder)
        holder = var(winner)


def _weight_greater() -> Rule:
    """Returns a rule for two preferences of which the first has the greater weight.

    How exactly the types were named does not count.
    """
    digits = "|".join(rf"{d}\d* \1[0-{d - 1}]" for d in range(1, 10))
    # The common prefix has at most four digits, because the sixth digit is not part of the weight.
    return rf"~^(\d{{0,4}})(?:{digits})", "1"
