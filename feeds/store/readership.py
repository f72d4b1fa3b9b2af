"""Counts of readers by day. No address and no name of a person is in these tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, func, select, tuple_

from feeds.model.readership import (
    AgentKind,
    AgentTraffic,
    DayCounts,
    DistinctSketch,
    ReportedNumber,
    ReportKey,
    TopicTraffic,
)
from feeds.store.dialects import lock_keys, upsert
from feeds.store.schema import (
    readership_agents,
    readership_days,
    readership_reports,
    readership_salts,
)

#: User agents of one day; any further ones are counted together, under this name.
MAX_AGENTS, OTHER_AGENTS = 2_000, "(others)"
#: Numbers of subscribers of one day; any further ones are not stored.
MAX_REPORTS = 5_000

#: Keys in one statement.
_KEYS_AT_ONCE = 200

_TOPIC_SUMS = ("requests", "not_modified", "unconditional", "bytes_sent", "bytes_saved")
_AGENT_SUMS = ("requests", "conditional", "not_modified", "compressed", "bytes_sent")


class ReadershipCounts:
    """The counts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def salt(self, day: date, *, fresh: bytes) -> bytes:
        """Returns the salt of *day*, the same for all processes; *fresh* if there is none yet.

        Locks it until the transaction ends. Salts of other days are deleted: what was made with
        them can then no longer be connected with any address.
        """
        at = day.isoformat()
        self._connection.execute(delete(readership_salts).where(readership_salts.c.day < at))
        upsert(self._connection, readership_salts, [{"day": at, "salt": fresh}], keep=["salt"])
        query = select(readership_salts.c.salt).where(readership_salts.c.day == at)
        return bytes(self._connection.execute(query.with_for_update()).scalar_one())

    def add(self, counts: DayCounts, *, salt: bytes) -> None:
        """Adds to the counts of a day.

        Args:
            counts: What was counted.
            salt: The salt that its pollers were counted with.
        """
        self.salt(counts.day, fresh=salt)  # locks the rows of the day
        self._add_topics(counts.day.isoformat(), counts.topics)
        self._add_agents(counts.day.isoformat(), counts.agents)
        self._add_reports(counts.day.isoformat(), counts.reports)

    def topics(self, *, since: date) -> dict[tuple[date, str, str], TopicTraffic]:
        """The traffic of each day, feed and format since a day, by day."""
        table = readership_days
        query = select(table).where(table.c.day >= since.isoformat()).order_by(*table.primary_key)
        return {
            (date.fromisoformat(row.day), row.feed, row.format): _topic(row)
            for row in self._connection.execute(query)
        }

    def agents(
        self, *, since: date, name: str | None = None
    ) -> dict[tuple[date, str], AgentTraffic]:
        """The traffic of each day and user agent since a day; of one user agent if *name* says."""
        table = readership_agents
        query = select(table).where(table.c.day >= since.isoformat())
        if name is not None:
            query = query.where(table.c.agent == name)
        return {
            (date.fromisoformat(row.day), row.agent): _agent(row)
            for row in self._connection.execute(query.order_by(*table.primary_key))
        }

    def reports(self, *, since: date) -> list[ReportedNumber]:
        """The numbers that hosted readers reported since a day."""
        table = readership_reports
        query = select(table).where(table.c.day >= since.isoformat()).order_by(*table.primary_key)
        return [
            ReportedNumber(
                day=date.fromisoformat(row.day),
                key=ReportKey(
                    feed=row.feed,
                    format=row.format,
                    service=row.service,
                    feed_id=row.feed_id,
                    poller=row.poller,
                ),
                subscribers=row.subscribers,
            )
            for row in self._connection.execute(query)
        ]

    def forget(self, *, before: date, limit: int) -> int:
        """Deletes some of the counts of days before that one, the oldest first.

        Returns:
            How many rows were deleted; less than *limit* when there are no more.
        """
        left = limit
        for table in (readership_days, readership_agents, readership_reports):
            keys = list(table.primary_key)
            old = select(*keys).where(table.c.day < before.isoformat()).order_by(*keys).limit(left)
            found = [tuple(row) for row in self._connection.execute(old)]
            lock_keys(self._connection, keys, found)
            for start in range(0, len(found), _KEYS_AT_ONCE):
                some = found[start : start + _KEYS_AT_ONCE]
                self._connection.execute(delete(table).where(tuple_(*keys).in_(some)))
            left -= len(found)
            if left <= 0:
                break
        return limit - left

    def _add_topics(self, day: str, topics: Mapping[tuple[str, str], TopicTraffic]) -> None:
        stored = self._stored(readership_days, [(day, *key) for key in topics], _topic)
        rows = []
        for key in sorted(topics):
            added, known = topics[key], stored.get((day, *key), TopicTraffic())
            known.pollers.merge(added.pollers)
            sums = _sums(_TOPIC_SUMS, added, known)
            named = {"day": day, "feed": key[0], "format": key[1]}
            rows.append(named | sums | {"pollers": known.pollers.pack()})
        upsert(self._connection, readership_days, rows)

    def _add_agents(self, day: str, agents: Mapping[str, AgentTraffic]) -> None:
        table = readership_agents
        count = self._count(table, day)
        stored = self._stored(table, [(day, name) for name in [*agents, OTHER_AGENTS]], _agent)
        rows: dict[str, dict[str, Any]] = {}
        for name in sorted(agents):
            added, own, known = agents[name], name, stored.get((day, name))
            if known is None and count >= MAX_AGENTS:
                own = OTHER_AGENTS
                known = stored.setdefault((day, own), AgentTraffic(kind=AgentKind.BOT))
            elif known is None:
                count += 1
                known = stored[day, own] = AgentTraffic(kind=added.kind)
            known.add(added)
            sums = {each: getattr(known, each) for each in _AGENT_SUMS}
            rows[own] = {"day": day, "agent": own, "kind": known.kind.value} | sums
        upsert(self._connection, table, [rows[own] for own in sorted(rows)])

    def _add_reports(self, day: str, reports: Mapping[ReportKey, int]) -> None:
        table = readership_reports
        named = {
            (day, *(getattr(key, each.name) for each in fields(ReportKey))): number
            for key, number in reports.items()
        }
        room = MAX_REPORTS - self._count(table, day)
        known = self._stored(table, list(named), lambda row: row)
        fresh = [key for key in sorted(named) if key not in known][: max(0, room)]
        columns = [column.name for column in table.primary_key]
        rows = [
            dict(zip(columns, key, strict=True)) | {"subscribers": named[key]}
            for key in sorted([*known, *fresh])
        ]
        upsert(self._connection, table, rows)

    def _count(self, table: Table, day: str) -> int:
        query = select(func.count()).select_from(table).where(table.c.day == day)
        return int(self._connection.execute(query).scalar_one())

    def _stored(
        self, table: Table, keys: Sequence[tuple[str, ...]], read: Callable[[Any], Any]
    ) -> dict[tuple[str, ...], Any]:
        """Returns the rows with these keys."""
        columns: list[Column[Any]] = list(table.primary_key)
        found: dict[tuple[str, ...], Any] = {}
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            query = select(table).where(tuple_(*columns).in_(some))
            for row in self._connection.execute(query):
                found[tuple(getattr(row, column.name) for column in columns)] = read(row)
        return found


def _sums(names: Sequence[str], one: TopicTraffic, other: TopicTraffic) -> dict[str, int]:
    return {name: getattr(one, name) + getattr(other, name) for name in names}


def _topic(row: Any) -> TopicTraffic:
    sums = {name: getattr(row, name) for name in _TOPIC_SUMS}
    return TopicTraffic(**sums, pollers=DistinctSketch(row.pollers))


def _agent(row: Any) -> AgentTraffic:
    return AgentTraffic(
        kind=AgentKind(row.kind), **{name: getattr(row, name) for name in _AGENT_SUMS}
    )
