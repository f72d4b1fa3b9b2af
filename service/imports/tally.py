"""What an import counts: the same in a dry run and in the run itself."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from feeds.imports.items import LeftOut

#: Examples of each thing that is counted.
MAX_EXAMPLES = 3
#: Things of one kind that are counted apart; what comes later is counted together. A hostile export
#: has a reason of its own for each item.
MAX_KINDS = 200
#: Names of categories and tags that are listed.
MAX_NAMES = 5_000
#: The name under which all others are counted.
OTHERS = "…"
#: An address is one of the examples, and whoever looks for the file needs all of it.
_EXAMPLE_CHARS = 1_000
#: Of a title in front of what is said about it, and of a kind.
_NAME_CHARS = 120


@dataclass(slots=True)
class Counted:
    """Something that happened several times, with examples."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str = "", *, count: int = 1) -> None:
        """Counts once more, or *count* times."""
        self.count += count
        shown = _shortened(example, _EXAMPLE_CHARS)
        if shown and len(self.examples) < MAX_EXAMPLES and shown not in self.examples:
            self.examples.append(shown)


@dataclass(slots=True)
class NamedCategory:
    """A category or tag of the old system."""

    count: int = 0
    matches: list[str] = field(default_factory=list)  #: slugs here; empty: no category matches
    below: list[str] = field(default_factory=list)  #: the names above it, outermost first


@dataclass(slots=True)
class ImportTally:
    """The figures of an import."""

    items: int = 0  #: read so far, of all kinds
    taken: int = 0
    updated: int = 0
    unchanged: int = 0
    scheduled: int = 0  #: under embargo until their dates
    left_out: dict[str, Counted] = field(default_factory=dict)  #: by reason
    lost: dict[str, Counted] = field(default_factory=dict)  #: of items that were taken
    warnings: dict[str, Counted] = field(default_factory=dict)
    comments: int = 0  #: of items that were taken; none is
    ids_kept: int = 0
    ids_mapped: Counted = field(default_factory=Counted)  #: in Atom, or because another has it
    ids_new: int = 0  #: of items without an id
    dates_without_zone: Counted = field(default_factory=Counted)
    files_found: int = 0
    files_missing: dict[str, Counted] = field(default_factory=dict)  #: by reason
    categories: dict[str, NamedCategory] = field(default_factory=dict)
    addresses: int = 0  #: old addresses that lead to releases
    unusable_addresses: Counted = field(default_factory=Counted)
    own_addresses: Counted = field(default_factory=Counted)  #: where this newsroom's own pages are
    ruled_addresses: Counted = field(default_factory=Counted)  #: that a rule of `redirects` answers
    moved_addresses: Counted = field(default_factory=Counted)  #: that led to another release before
    feeds: list[str] = field(default_factory=list)  #: slugs of feeds that have some of it

    @property
    def left(self) -> int:
        """How many items were left out."""
        return sum(each.count for each in self.left_out.values())

    def leave(self, item: LeftOut) -> None:
        """Counts an item that is not taken."""
        reason = f"{item.reason}: {item.detail}" if item.detail else item.reason.value
        where = "" if item.line is None else f"line {item.line}: "
        name = _shortened(item.example, _NAME_CHARS)
        _of(self.left_out, reason, item.reason.value).add(f"{where}{name}".strip(" :"))

    def lose(self, what: Iterable[str], *, example: str) -> None:
        """Counts what of a taken item is not in its release, as sentences say."""
        for sentence in what:
            _of(self.lost, _kind(sentence), OTHERS).add(_shortened(example, _NAME_CHARS))

    def warn(self, warnings: Iterable[str], *, example: str) -> None:
        """Counts what was repaired in a taken item."""
        for warning in warnings:
            field_name, colon, _ = warning.partition(":")
            kind = field_name if colon else warning
            _of(self.warnings, _shortened(kind, _NAME_CHARS), OTHERS).add(
                f"{_shortened(example, _NAME_CHARS)}: {warning}"
            )

    def miss_file(self, reason: str, *, url: str) -> None:
        """Counts a file that could not be had."""
        _of(self.files_missing, reason, OTHERS).add(url)

    def name(
        self, names: Iterable[str], matches: Mapping[str, Iterable[str]], terms: Mapping[str, Any]
    ) -> None:
        """Counts the categories and tags of a taken item."""
        for each in names:
            is_listed = each in self.categories or len(self.categories) < MAX_NAMES
            named = self.categories.setdefault(each if is_listed else OTHERS, NamedCategory())
            named.count += 1
            named.matches = list(matches.get(each, ()))
            named.below = list(terms.get(each, named.below))

    def as_json(self) -> dict[str, Any]:
        """Returns the figures as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "ImportTally":
        """Reads what `as_json` returned."""
        tally = cls(**record)
        for name in ("left_out", "lost", "warnings", "files_missing"):
            setattr(tally, name, {key: Counted(**value) for key, value in record[name].items()})
        for name in _COUNTED:
            setattr(tally, name, Counted(**record[name]))
        named = record["categories"].items()
        tally.categories = {key: NamedCategory(**value) for key, value in named}
        return tally


_COUNTED = (
    "ids_mapped",
    "dates_without_zone",
    "unusable_addresses",
    "own_addresses",
    "ruled_addresses",
    "moved_addresses",
)


def _of(kinds: dict[str, Counted], kind: str, otherwise: str) -> Counted:
    if kind not in kinds and len(kinds) >= MAX_KINDS:
        kind = otherwise
    return kinds.setdefault(kind, Counted())


def _kind(sentence: str) -> str:
    """Returns a sentence without its number: "3 comments" and "1 comment" are of one kind."""
    number, _, rest = sentence.partition(" ")
    kind = rest if number.isdigit() else sentence
    kind = kind[:-1] if kind.endswith("s") and number.isdigit() else kind
    return _shortened(kind, _NAME_CHARS)


def _shortened(text: str, chars: int) -> str:
    """Returns a text in one line, with a sign of what was cut off."""
    line = " ".join(text.split())
    return line if len(line) <= chars else f"{line[: chars - 1].rstrip()}…"
