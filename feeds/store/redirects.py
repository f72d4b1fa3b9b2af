"""Old addresses: those that imports brought along, and how often redirects are used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, bindparam, delete, func, or_, select

from feeds.errors import StoreUnavailable
from feeds.model.feed import Format
from feeds.model.redirect import (
    MissingFeed,
    OldAddress,
    RedirectOrigin,
    RedirectTarget,
    RedirectUse,
    ToFeed,
    ToNothing,
    ToPage,
    ToRelease,
)
from feeds.store.dialects import has_one_writer, insert_into, lock_in_order, upsert
from feeds.store.schema import missing_feeds, redirect_uses, redirects, releases

#: Addresses that are asked for at once.
ADDRESSES_A_QUERY = 1000

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
        if has_one_writer(self._connection) and not self._has_any(addresses):
            return None
        found = {
            row.address: row for row in self._connection.execute(_FIND, {"asked": list(addresses)})
        }
        return next((_redirect(found[each]) for each in addresses if each in found), None)

    def _has_any(self, addresses: Sequence[str]) -> bool:
        """Whether one of these is stored, on SQLite.

        By the driver: scanners ask for thousands of addresses at which nothing is, and SQLAlchemy
        takes thirty times as long for that.
        """
        driver = self._connection.connection.driver_connection
        if driver is None:
            raise StoreUnavailable("the connection is lost")
        places = ",".join("?" * len(addresses))
        query = f"SELECT 1 FROM redirects WHERE address IN ({places}) LIMIT 1"  # noqa: S608
        return driver.execute(query, addresses).fetchone() is not None

    def releases_at(self, addresses: Sequence[str]) -> dict[str, str]:
        """The ids of the releases to which these addresses lead, by address, public or not."""
        found: dict[str, str] = {}
        for start in range(0, len(addresses), ADDRESSES_A_QUERY):
            asked = {"asked": list(addresses[start : start + ADDRESSES_A_QUERY])}
            found |= {row.address: row.release_id for row in self._connection.execute(_AT, asked)}
        return found

    def listed(self, *, after: str = "", limit: int) -> list[FoundRedirect]:
        """All redirects but those to releases that are not public, by address, behind *after*."""
        parameters = {"after": after, "limit": limit}
        return [_redirect(row) for row in self._connection.execute(_LIST, parameters)]

    def count(self) -> int:
        """The number of redirects, including those to releases that are not public."""
        counted = select(func.count()).select_from(redirects)
        return int(self._connection.execute(counted).scalar_one())


class RedirectUses:
    """How often redirects are used, and what is asked for in vain, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, uses: Mapping[tuple[RedirectOrigin, str], int], *, now: datetime) -> None:
        """Adds to the uses of redirects, by origin and rule."""
        table = redirect_uses
        self._add(table, table.c.uses, [(*key, uses[key], now) for key in sorted(uses)])

    def of_rules(self) -> dict[str, RedirectUse]:
        """The uses of the configuration's rules, by rule, also of those that were removed."""
        return self._uses(RedirectOrigin.CONFIGURATION, limit=None)

    def most_imported(self, *, limit: int) -> dict[str, RedirectUse]:
        """The uses of the old addresses of imports that were used most, the greatest first."""
        return self._uses(RedirectOrigin.IMPORT, limit=limit)

    def _uses(self, origin: RedirectOrigin, *, limit: int | None) -> dict[str, RedirectUse]:
        table = redirect_uses
        query = select(table).where(table.c.origin == origin.value)
        query = query.order_by(table.c.uses.desc(), table.c.rule).limit(limit)
        rows = self._connection.execute(query)
        return {row.rule: RedirectUse(row.uses, row.used_at) for row in rows}

    def add_missing(self, requests: Mapping[str, int], *, now: datetime, keep: int) -> None:
        """Adds to the requests for addresses that lead nowhere.

        Args:
            requests: Their number, by address.
            now: The present moment.
            keep: How many addresses stay: those with most requests. So addresses that somebody
                invents push each other out, and none that readers poll.
        """
        table = missing_feeds
        rows = [(address, requests[address], now, now) for address in sorted(requests)]
        self._add(table, table.c.requests, rows, keep=["first_at"])
        if rows and self.count_missing() > keep:
            order = (table.c.requests.desc(), table.c.last_at.desc(), table.c.address)
            query = select(table.c.address).order_by(*order).offset(keep)
            self._forget(list(self._connection.execute(query).scalars()))

    def missing(self, *, limit: int) -> list[MissingFeed]:
        """The addresses that lead nowhere, those with most requests first."""
        table = missing_feeds
        query = select(table).order_by(table.c.requests.desc(), table.c.address).limit(limit)
        return [MissingFeed(*row) for row in self._connection.execute(query)]

    def count_missing(self) -> int:
        """The number of addresses that led nowhere when they were asked for."""
        query = select(func.count()).select_from(missing_feeds)
        return int(self._connection.execute(query).scalar_one())

    def has_missing(self, *, before: datetime) -> bool:
        """Whether there are addresses that nobody has asked for since then."""
        query = select(missing_feeds.c.address).where(missing_feeds.c.last_at < before).limit(1)
        return self._connection.execute(query).first() is not None

    def forget_missing(self, *, before: datetime) -> int:
        """Deletes the addresses that nobody has asked for since then; returns their number."""
        query = select(missing_feeds.c.address).where(missing_feeds.c.last_at < before)
        found = list(self._connection.execute(query).scalars())
        self._forget(found)
        return len(found)

    def _forget(self, addresses: Sequence[str]) -> None:
        lock_in_order(self._connection, missing_feeds.c.address, addresses)
        if addresses:
            is_one = missing_feeds.c.address.in_(addresses)
            self._connection.execute(delete(missing_feeds).where(is_one))

    def _add(
        self,
        table: Table,
        number: Column[Any],
        rows: Sequence[tuple[Any, ...]],
        *,
        keep: Sequence[str] = (),
    ) -> None:
        names = [column.name for column in table.columns]
        made = insert_into(self._connection.dialect.name, table)
        keys = [column.name for column in table.primary_key]
        changed: dict[str, Any] = {
            name: made.excluded[name] for name in names if name not in (*keys, *keep)
        }
        changed[number.name] = number + made.excluded[number.name]
        statement = made.on_conflict_do_update(index_elements=keys, set_=changed)
        if rows:
            values = [dict(zip(names, row, strict=True)) for row in rows]
            self._connection.execute(statement, values)


_PUBLIC = (
    select(redirects, releases.c.slug)
    .select_from(redirects.outerjoin(releases, releases.c.id == redirects.c.release_id))
    .where(or_(redirects.c.release_id.is_(None), releases.c.id.is_not(None)))
)
_AT = select(redirects.c.address, redirects.c.release_id).where(
    redirects.c.address.in_(bindparam("asked", expanding=True)),
    redirects.c.release_id.is_not(None),
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
