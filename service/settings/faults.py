"""Faults of a configuration, with the place, the reason and a suggestion for each."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from service.errors import ServiceError

#: The way from the root of a file to a value: names of keys, and indexes of list items from 0.
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLocation:
    """The place of a key or value: in a file, an environment variable, or ``--set``."""

    file: str  #: the file as the operator named it, ``environment COMMUNIQUE_…`` or ``--set …``
    line: int | None = None  #: 1 for the first; None outside files
    column: int | None = None  #: 1 for the first

    def __str__(self) -> str:
        numbers = (self.line, self.column)
        return ":".join([self.file, *(str(number) for number in numbers if number is not None)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFault:
    """One fault that must be corrected before the configuration can be used."""

    place: SourceLocation
    path: str  #: the key with its sections: ``categories.3.names.0``; empty for a whole file
    message: str  #: what was expected and what was found
    suggestion: str | None = None  #: what was probably meant

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        # The place "--set KEY" names the key already.
        is_named = not self.path or self.place.file.endswith(f" {self.path}")
        where = str(self.place) if is_named else f"{self.place}: {self.path}"
        return f"{where}: {self.message}{hint}"

    @property
    def file(self) -> str:
        """The file, environment variable or ``--set`` at fault."""
        return self.place.file

    @property
    def line(self) -> int | None:
        """The line, 1 for the first; None outside files."""
        return self.place.line

    @property
    def column(self) -> int | None:
        """The column, 1 for the first; None outside files."""
        return self.place.column


class ConfigInvalid(ServiceError):
    """The configuration cannot be used. The message lists all faults, in the order of the files."""

    def __init__(self, faults: Iterable[ConfigFault], /) -> None:
        self.faults = tuple(faults)
        count = "one fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = "".join(f"\n  {fault}" for fault in self.faults)
        super().__init__(f"{count} in the configuration{lines}")


def dotted(path: KeyPath) -> str:
    """Returns *path* in the dotted form of messages and ``--set``."""
    return ".".join(str(part) for part in path)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Returns the word of *known* most similar to *word*, or None if none is similar enough."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None
