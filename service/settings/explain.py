"""Converts pydantic's errors to faults: place, key, what was expected, what was found."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.settings.faults import ConfigFault, KeyPath, SourceLocation, dotted, nearest
from service.settings.section import Section, leaves, plain_type, section_at
from service.settings.value_types import Secret, StoreUrl, hide_password
from service.settings.yaml_reader import YamlDocument

_MAX_SHOWN_CHARS = 60

_EXPECTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "expected text",
    "int_type": lambda _: "expected a whole number",
    "int_from_float": lambda _: "expected a whole number",
    "float_type": lambda _: "expected a number",
    "bool_type": lambda _: "expected true or false",
    "dict_type": lambda _: "expected lines of 'name: text', indented",
    "tuple_type": lambda _: "expected a list, such as [a, b] or lines that begin with '- '",
    "model_type": lambda _: "expected a section: lines of 'key: value', indented",
    "literal_error": lambda context: f"expected {context['expected']}",
    "greater_than": lambda context: f"expected more than {context['gt']:,}",
    "greater_than_equal": lambda context: f"expected at least {context['ge']:,}",
    "less_than_equal": lambda context: f"expected at most {context['le']:,}",
    "too_short": lambda _: "expected at least one item",
    "value_error": lambda context: str(context["error"]),
}


def explain(
    error: ValidationError, document: YamlDocument, root: type[Section]
) -> Iterator[ConfigFault]:
    """Yields a fault for each error of *document*, which was checked against *root*."""
    for details in error.errors(include_url=False):
        path = _as_written(document, tuple(details["loc"]))
        section = section_at(root, path[:-1])
        if details["type"] == "extra_forbidden":
            yield _unknown_key(document, root, section, path)
        elif details["type"] == "missing":
            yield _missing(document, section, path)
        else:
            yield _wrong(document, section, path, details)


def _as_written(document: YamlDocument, path: KeyPath) -> KeyPath:
    """Returns *path* as it is in the file: a hub that is only a URL has no key ``url`` there."""
    return path[:-1] if isinstance(document.at(*path[:-1]), str) else path


def place_of_value(document: YamlDocument, path: KeyPath) -> SourceLocation:
    """Returns where the value at *path* begins, or the nearest value that contains it."""
    for length in range(len(path), -1, -1):
        if place := document.values.get(path[:length]):
            return place
    return SourceLocation(file=document.file, line=1, column=1)


def place_of_key(document: YamlDocument, path: KeyPath) -> SourceLocation:
    """Returns where the key at *path* is, or the nearest value that contains it."""
    for length in range(len(path), 0, -1):
        place = document.keys.get(path[:length]) or document.values.get(path[:length])
        if place:
            return place
    return place_of_value(document, ())


def _unknown_key(
    document: YamlDocument, root: type[Section], section: type[Section] | None, path: KeyPath
) -> ConfigFault:
    siblings = section.model_fields if section else {}
    meant = _meant_key(root, section, path) or nearest(str(path[-1]), siblings)
    message = "no such key" if meant else f"no such key here; known are {', '.join(siblings)}"
    return ConfigFault(
        place=place_of_key(document, path), path=dotted(path), message=message, suggestion=meant
    )


def _meant_key(root: type[Section], section: type[Section] | None, path: KeyPath) -> str | None:
    """Returns the path of a key with this name, deeper in the section or in another one."""
    places = [section] if section else []
    if not any(isinstance(part, int) for part in path):
        places.append(root)
    for place in places:
        for leaf in sorted(leaves(place), key=lambda name: name.count(".")):
            if leaf.rpartition(".")[2] == path[-1]:
                return leaf
    return None


def _missing(document: YamlDocument, section: type[Section] | None, path: KeyPath) -> ConfigFault:
    field = section.model_fields.get(str(path[-1])) if section else None
    help_line = (field.description or "").removeprefix("Required: ") if field else ""
    # Point to the item, not to its first key, which may be far from where the key belongs.
    return ConfigFault(
        place=place_of_key(document, path[:-1]),
        path=dotted(path),
        message=f"is missing: {help_line}" if help_line else "is missing",
    )


def _wrong(
    document: YamlDocument, section: type[Section] | None, path: KeyPath, details: ErrorDetails
) -> ConfigFault:
    value, context = details["input"], details.get("ctx", {})
    reason = _EXPECTED.get(details["type"])
    expected = reason(context) if reason else details["msg"]
    message = expected if _is_secret(section, path) else f"{expected}, got {describe(value)}"
    suggestion = None
    if details["type"] == "literal_error" and isinstance(value, str):
        suggestion = nearest(value, [part.strip("'") for part in _choices(context["expected"])])
    return ConfigFault(
        place=place_of_value(document, path),
        path=dotted(path),
        message=message + _hint(details["type"], value),
        suggestion=suggestion,
    )


def _choices(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _is_secret(section: type[Section] | None, path: KeyPath) -> bool:
    field = section.model_fields.get(str(path[-1])) if section and path else None
    return field is not None and plain_type(field.annotation) in (StoreUrl, Secret)


def _hint(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return " (put it in quotes)"
    if kind in ("int_type", "float_type") and isinstance(value, str):
        digits = value.replace("_", "").replace(",", "").replace(" ", "")
        return f" (write {digits}, without quotes)" if digits.isdecimal() else ""
    return ""


def describe(value: object) -> str:
    """Describes a value for an error message; a long text is shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        value = hide_password(value)  # faults go to logs
        shown = value if len(value) <= _MAX_SHOWN_CHARS else value[: _MAX_SHOWN_CHARS - 1] + "…"
        return repr(shown)
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "a section"
