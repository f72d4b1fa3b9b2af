"""What a body lost on the way in, or has in another form, told to the person who sent it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

#: So many of one kind are told one by one.
MAX_TOLD = 5
#: Enough to find the place again.
EXCERPT_CHARS = 60


class Losses:
    """Warnings on one body, those of one kind together and no more than a person reads."""

    def __init__(self) -> None:
        self._whats_by_kind: dict[str, list[str]] = {}
        self._removed: set[str] = set()

    def tell(self, kind: str, what: str) -> None:
        """Warn of one thing.

        Args:
            kind: What happened, as a sentence to which *what* is added.
            what: To what: an address, an excerpt.
        """
        self._whats_by_kind.setdefault(kind, []).append(what)

    @contextmanager
    def from_the_end(self) -> Iterator["Losses"]:
        """Losses that are found from the body's end to its beginning, and told in its order."""
        found = Losses()
        yield found
        self._removed |= found._removed
        for kind, whats in found._whats_by_kind.items():
            self._whats_by_kind.setdefault(kind, []).extend(reversed(whats))

    def removed(self, names: Iterable[str]) -> None:
        """Warn that elements of these names went, and nothing stands in their place."""
        self._removed.update(names)

    def warnings(self) -> list[str]:
        """All of it, in sentences."""
        names = ", ".join(f"<{name}>" for name in sorted(self._removed))
        told = [f"body: removed {names}"] if names else []
        for kind, whats in self._whats_by_kind.items():
            told += [f"body: {kind}: {what}" for what in whats[:MAX_TOLD]]
            if len(whats) > MAX_TOLD:
                told.append(f"body: {kind}: {len(whats) - MAX_TOLD} more")
        return told


def excerpt(text: str) -> str:
    """The first words of *text*, in quotation marks, on one line."""
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= EXCERPT_CHARS else f"“{line[:EXCERPT_CHARS].rstrip()}…”"
