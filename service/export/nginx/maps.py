"""Writes nginx's ``map`` blocks, and what regular expressions can say of numbers."""

from collections.abc import Iterable

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
