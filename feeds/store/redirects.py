"""Old addresses that imports brought along, and what each leads to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from feeds.model.feed import Format
from feeds.model.redirect import (
    OldAddress,
    RedirectTarget,
    ToFeed,
    ToNothing,
    ToPage,
    ToRelease,
)
from feeds.store.dialects import upsert
from feeds.store.schema import redirects, releases

#: The front page, which nothing else can stand at.
_HOME = "/"


@dataclass(frozen=True, slots=True)
class FoundRedirect:
    """A stored redirect that fits a request."""

    address: str  #: the old address, in its normal form
    target: RedirectTarget
    slug: str | None  #: of the release, if the target is one


class Redirects:
    """Redirects over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_for_releases(
        self, addresses: Mapping[str, Iterable[str]], *, now: datetime
    ) -> list[str]:
        """Stores that old addresses lead to releases, in the transaction that stores these.

        An address that led elsewhere leads to its new release from now on. A release may be under
        embargo: its addresses lead nowhere until it is public.

        Args:
            addresses: By the id of a release: absolute addresses, or paths with or without a query.
            now: The present moment.

        Returns:
            Those that no server can be asked for, such as ``mailto:``, and those too long.
        """
        targets: dict[str, RedirectTarget] = {}
        unusable = []
        for release_id, each in addresses.items():
            for text in each:
                try:
                    address = str(OldAddress.read(text))
                except ValueError:
                    unusable.append(text)
                    continue
                if address != _HOME:
                    targets[address] = ToRelease(release_id)
        self.add(targets, now=now)
        return unusable

    def add(self, targets: Mapping[str, RedirectTarget], *, now: datetime) -> None:
        """Stores redirects by their old addresses, which are in their normal form.

        An address that led elsewhere leads there no more.
        """
        rows = [_pack(address, targets[address], now) for address in sorted(targets)]
        upsert(self._connection, redirects, rows, keep=["added_at"])

    def find(self, addresses: Sequence[str]) -> FoundRedirect | None:
        """The redirect of the first of these addresses that has one.

        Addresses of a release that is not public are not found.
        """
        found = {
            row.address: row for row in self._connection.execute(_FIND, {"asked": list(addresses)})
        }
        return next((_redirect(found[each]) for each in addresses if each in found), None)

    def listed(self, *, after: str = "", limit: int) -> list[FoundRedirect]:
        """All redirects but those to releases that are not public, by address, behind *after*."""
        parameters = {"after": after, "limit": limit}
        return [_redirect(row) for row in self._connection.execute(_LIST, parameters)]

    def count(self) -> int:
        """The number of redirects, including those to releases that are not public."""
        counted = select(func.count()).select_from(redirects)
        return int(self._connection.execute(counted).scalar_one())


_PUBLIC = (
    select(redirects, releases.c.slug)
    .select_from(redirects.outerjoin(releases, releases.c.id == redirects.c.release_id))
    .where(or_(redirects.c.release_id.is_(None), releases.c.id.is_not(None)))
)
_FIND = _PUBLIC.where(redirects.c.address.in_(bindparam("asked", expanding=True)))
_LIST = (
    _PUBLIC.where(redirects.c.address > bindparam("after"))
    .order_by(redirects.c.address)
    .limit(bindparam("limit"))
)


def _pack(address: str, target: RedirectTarget, now: datetime) -> dict[str, Any]:
    return {
        "address": address,
        "release_id": target.release_id if isinstance(target, ToRelease) else None,
        "feed": target.slug if isinstance(target, ToFeed) else None,
        "format": target.format.value if isinstance(target, ToFeed) else None,
        "page": target.address if isinstance(target, ToPage) else None,
        "added_at": now,
    }


def _redirect(row: Row[Any]) -> FoundRedirect:
    target: RedirectTarget = ToNothing()
    if row.release_id is not None:
        target = ToRelease(row.release_id)
    elif row.feed is not None:
        target = ToFeed(row.feed, Format(row.format))
    elif row.page is not None:
        target = ToPage(row.page)
    return FoundRedirect(row.address, target, row.slug)
