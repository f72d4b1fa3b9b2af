"""Reads YAML with the place of every key and value. The only module that imports PyYAML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import yaml

from service.settings.faults import ConfigFault, KeyPath, SourceLocation, dotted

# Plain scalars, resolved by the core schema of YAML 1.2.2 (section 10.3.2), as editors do. PyYAML
# resolves them by YAML 1.1, where ``language: no`` (Norwegian) is false and ``time_of_day: 09:00``
# is the number 540.

Scalar = str | int | float | bool | None

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
# No setting needs more digits; Python refuses to parse more than 4300.
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,15}")
_OCTAL = re.compile(r"0o[0-7]{1,20}")
# Infinity and "not a number" are left out: no setting can have such a value.
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?")

_READERS = (
    (_NULL, lambda _: None),
    (_TRUE, lambda _: True),
    (_FALSE, lambda _: False),
    (_DECIMAL, int),
    (_HEXADECIMAL, lambda text: int(text, 16)),
    (_OCTAL, lambda text: int(text, 8)),
    (_FLOAT, float),
)


def read_scalar(text: str) -> Scalar:
    """Reads a plain (unquoted) scalar: null, true or false, a number, or else the text itself."""
    for pattern, reader in _READERS:
        if pattern.fullmatch(text):
            return reader(text)
    return text


# Documents with the places of keys and values.
#
# The parser reads PyYAML's events, not its composed nodes, to limit nesting and the expansion of
# aliases and to find repeated keys: the cost of a hostile file is proportional to its size.

#: The deepest key has five levels.
MAX_DEPTH = 20
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
#: A thousand categories are some 20,000 values. Each use of an alias counts, so that a "billion
#: laughs" document exceeds this limit.
MAX_VALUES = 200_000

# YAML 1.2.2 section 5.1, c-printable.
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Explanations of libyaml's messages, by a part of the message.
_HINTS = {
    "mapping values are not allowed": "quote text that contains ': '; otherwise the line "
    "above has the wrong indentation, or no space after its ':'",
    "cannot start any token": "quote text that begins with this character",
    "could not find expected ':'": "a key needs a ':' and a space after it",
    "unexpected end of stream": "the quote is never closed",
    "expected ',' or": "the bracket is never closed",
    "did not find expected": "the indentation does not match the lines above",
    "unknown escape": "write the text in single quotes",
}


@dataclass(slots=True)
class YamlDocument:
    """The data of a YAML file, with places and faults. A repeated key has its first value."""

    file: str
    data: object = None  #: dicts, lists and scalars; None for an empty or broken file
    is_readable: bool = True  #: False if the syntax is invalid; *data* is None then
    keys: dict[KeyPath, SourceLocation] = field(default_factory=dict)  #: where each key is
    values: dict[KeyPath, SourceLocation] = field(default_factory=dict)  #: where each value begins
    faults: list[ConfigFault] = field(default_factory=list)

    def at(self, *path: str | int) -> object:
        """Returns the value at *path*, or None if there is none."""
        value = self.data
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def items_at(self, *path: str | int) -> list[object]:
        """Returns the items of the list at *path*; empty if the value is no list."""
        value = self.at(*path)
        return value if isinstance(value, list) else []


@dataclass(slots=True)
class _Node:
    """A value of the document; an alias is the same node as its anchor."""

    place: SourceLocation
    scalar: object = None
    items: "list[_Node] | None" = None
    pairs: "list[tuple[_Node, _Node]] | None" = None


class _Unreadable(Exception):
    def __init__(self, place: SourceLocation, message: str) -> None:
        super().__init__(message)
        self.fault = ConfigFault(place=place, path="", message=message)


def read_yaml(text: str, *, file: str) -> YamlDocument:
    """Reads one YAML document.

    Args:
        text: The document.
        file: The file name in places.

    Returns:
        Its data and places. Invalid syntax and repeated keys are in its ``faults``.
    """
    document = YamlDocument(file=file)
    if forbidden := _NOT_PRINTABLE.search(text):
        # libyaml finds them, too, but counts in bytes, and fails on lone surrogates.
        place = place_of(text, forbidden.start(), file=file)
        message = f"not YAML: character U+{ord(forbidden[0]):04X} is not allowed"
        _give_up(document, ConfigFault(place=place, path="", message=message))
        return document
    try:
        root = _Parser(text, document).parse()
        if root is not None:
            document.data = _Constructor(document).construct(root, ())
    except _Unreadable as unreadable:
        _give_up(document, unreadable.fault)
    except yaml.YAMLError as error:
        _give_up(document, _syntax_fault(error, text, file))
    return document


def _give_up(document: YamlDocument, fault: ConfigFault) -> None:
    document.data, document.is_readable = None, False
    document.faults.append(fault)


class _Parser:
    """Builds nodes from PyYAML's events."""

    def __init__(self, text: str, document: YamlDocument) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._document = document
        self._anchors: dict[str, _Node] = {}

    def parse(self) -> _Node | None:
        root = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise _Unreadable(self._place(event), "a second YAML document begins here")
                root = self._node(next(self._events), depth=0)
        return root

    def _node(self, event: yaml.Event, depth: int) -> _Node:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._anchored(event.anchor or "", place)
        if depth > MAX_DEPTH:
            raise _Unreadable(place, TOO_DEEP)
        if getattr(event, "tag", None) not in (None, "!"):
            raise _Unreadable(place, "tags (!…) are not read here: write the plain value")
        node = self._content(event, place, depth)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = node
        return node

    def _content(self, event: yaml.Event, place: SourceLocation, depth: int) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0]
            return _Node(place, scalar=read_scalar(event.value) if is_plain else event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return _Node(place, items=list(self._children(yaml.SequenceEndEvent, depth)))
        return _Node(place, pairs=list(self._pairs(depth)))

    def _children(self, end: type[yaml.Event], depth: int) -> Iterator[_Node]:
        while not isinstance(event := next(self._events), end):
            yield self._node(event, depth + 1)

    def _pairs(self, depth: int) -> Iterator[tuple[_Node, _Node]]:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _Unreadable(self._place(event), "expected the name of a key")
            # A key is always text, even if it looks like another value: `no:`, `2024:`.
            key = _Node(self._place(event), scalar=event.value)
            yield key, self._node(next(self._events), depth + 1)

    def _anchored(self, anchor: str, place: SourceLocation) -> _Node:
        if anchor not in self._anchors:
            # This includes an alias inside its own anchor, which is registered only at its end.
            raise _Unreadable(place, f"no anchor &{anchor} before this alias *{anchor}")
        return self._anchors[anchor]

    def _place(self, event: yaml.Event) -> SourceLocation:
        mark = cast("yaml.Mark", event.start_mark)  # the parser always gives one
        return SourceLocation(file=self._document.file, line=mark.line + 1, column=mark.column + 1)


class _Constructor:
    """Builds data from nodes, and records the place of each value."""

    def __init__(self, document: YamlDocument) -> None:
        self._document = document
        self._count = 0

    def construct(self, node: _Node, path: KeyPath) -> object:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _Unreadable(node.place, f"more than {MAX_VALUES} values, aliases included")
        self._document.values[path] = node.place
        if node.items is not None:
            return [self.construct(item, (*path, i)) for i, item in enumerate(node.items)]
        if node.pairs is not None:
            return self._mapping(node.pairs, path)
        return node.scalar

    def _mapping(self, pairs: list[tuple[_Node, _Node]], path: KeyPath) -> dict[str, object]:
        data: dict[str, object] = {}
        for key, value in pairs:
            name = str(key.scalar)
            key_path = (*path, name)
            if name in data:
                first = self._document.keys[key_path].line
                self._fault(key.place, key_path, f"appears twice; first on line {first}")
                continue
            self._document.keys[key_path] = key.place
            data[name] = self.construct(value, key_path)
        return data

    def _fault(self, place: SourceLocation, path: KeyPath, message: str) -> None:
        self._document.faults.append(ConfigFault(place=place, path=dotted(path), message=message))


def _syntax_fault(error: yaml.YAMLError, text: str, file: str) -> ConfigFault:
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None) or ""
    mark = getattr(error, "problem_mark", None)
    if context.startswith(("while scanning", "while parsing a flow")):
        # The unclosed quote or bracket begins there; libyaml notices it some lines later.
        mark = getattr(error, "context_mark", None) or mark
    offset = 0 if mark is None else _offset(text, mark)
    # libyaml reads ahead: newer versions stop at their own nesting limit before MAX_DEPTH.
    is_deep = "maximum nesting depth" in problem
    message = TOO_DEEP if is_deep else f"not YAML: {problem}"
    hint = next((hint for part, hint in _HINTS.items() if part in problem), None)
    if text[offset : offset + 1] == "\t":
        hint = "this is a tab: indent with spaces"
    place = place_of(text, offset, file=file)
    return ConfigFault(place=place, path="", message=f"{message} ({hint})" if hint else message)


def _offset(text: str, mark: yaml.Mark) -> int:
    lines = text.splitlines(keepends=True)
    return sum(len(line) for line in lines[: mark.line]) + mark.column


def place_of(text: str, offset: int, *, file: str) -> SourceLocation:
    """Returns the place of the character at *offset* in *text*."""
    before = text[:offset]
    line = before.count("\n") + 1
    return SourceLocation(file=file, line=line, column=offset - (before.rfind("\n") + 1) + 1)


# libyaml is ten times faster. PyYAML's wheels include it; a build from source may not.
_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)
