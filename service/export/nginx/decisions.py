"""Whether a client has what there is, and which part it wants (RFC 9110 sections 13 and 14).

The service's rules (`service.http_rules.decisions`, `.entity_tags`, `.ranges`), for what nginx
would decide otherwise: it knows no entity tag but its own, of a file's time and size. What the held
version is like is read from its name (`service.export.layout`), which ``$communique_held`` ends
with.
"""

from collections.abc import Iterator

from service.export.layout import ENDINGS, UNDATED
from service.export.nginx.maps import greater, map_block, padded, var
from service.http_rules import Coding

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
