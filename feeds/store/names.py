"""Category names as releases give them, and which categories claim each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from feeds.model.text import fold
from feeds.store.schema import names
from feeds.store.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownName:
    """A name that a release gave, and the categories (slugs) that it was last filed under."""

    name: str
    categories: tuple[str, ...]


class Names:
    """Known names over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def learn(self, claims: Mapping[str, Sequence[str]]) -> None:
        """Note names that are new, as written, with the categories that claim each.

        Of a known name nothing changes: which categories its releases were filed under is for
        ``refiled`` to say, which moves them.
        """
        self._write(claims, keep=["name", "categories", "is_claimed"])

    def refiled(self, claims: Mapping[str, Sequence[str]]) -> None:
        """Note that all releases with these names are filed under these categories now."""
        self._write(claims, keep=["name"])

    def _write(self, claims: Mapping[str, Sequence[str]], *, keep: Sequence[str]) -> None:
        rows = {
            fold(name): {
                "folded": fold(name),
                "name": name,
                "categories": list(categories),
                "is_claimed": int(bool(categories)),
            }
            for name, categories in claims.items()
        }
        # Sorted, so that two intakes at once take their locks in the same order.
        upsert(self._connection, names, [rows[key] for key in sorted(rows)], keep=keep)

    def known(self) -> list[KnownName]:
        """All names, with the categories that they were last filed under."""
        wanted = select(names.c.name, names.c.categories).order_by(names.c.folded)
        return [
            KnownName(name=row.name, categories=tuple(row.categories))
            for row in self._connection.execute(wanted)
        ]
