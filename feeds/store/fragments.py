"""Rendered entries, kept by fingerprint; and those that could not be rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from feeds.model.feed import Format
from feeds.model.listing import SetAside
from feeds.model.release import ReleaseId
from feeds.store.schema import fragments, set_aside
from feeds.store.upserts import upsert

#: Which fragment is meant: a release in a format.
FragmentKey = tuple[ReleaseId, Format]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What became of a release in a format: bytes, or the reason why there are none."""

    fingerprint: str
    body: bytes | None
    reason: str | None = None


class Fragments:
    """Fragments over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, ids: Sequence[ReleaseId]) -> dict[FragmentKey, Fragment]:
        """All that was made of these releases, failures too; whether it is current is not asked."""
        if not ids:
            return {}
        made = select(fragments).where(fragments.c.release_id.in_(ids))
        failed = select(set_aside).where(set_aside.c.release_id.in_(ids))
        found = {
            (ReleaseId(row.release_id), Format(row.format)): Fragment(
                fingerprint=row.fingerprint, body=row.body
            )
            for row in self._connection.execute(made)
        }
        for row in self._connection.execute(failed):
            key = (ReleaseId(row.release_id), Format(row.format))
            found[key] = Fragment(fingerprint=row.fingerprint, body=None, reason=row.reason)
        return found

    def put(self, made: Mapping[FragmentKey, Fragment], *, now: datetime) -> None:
        """Keep what was made; a release that renders again is no longer set aside."""
        if not made:
            return
        good = [
            _row(key, body=f.body, f=f) for key, f in sorted(made.items()) if f.body is not None
        ]
        bad = [
            _row(key, reason=f.reason, since=now, f=f)
            for key, f in sorted(made.items())
            if f.body is None
        ]
        upsert(self._connection, fragments, good)
        upsert(self._connection, set_aside, bad, keep=["since"])
        self._forget_failures([key for key, f in made.items() if f.body is not None])

    def aside(self, *, limit: int = 100) -> list[SetAside]:
        """Releases left out of a format, the longest first."""
        wanted = select(set_aside).order_by(set_aside.c.since, set_aside.c.release_id).limit(limit)
        return [
            SetAside(
                release_id=ReleaseId(row.release_id),
                format=Format(row.format),
                reason=row.reason,
                since=row.since,
            )
            for row in self._connection.execute(wanted)
        ]

    def count_aside(self) -> int:
        """How many releases are left out of at least one format."""
        wanted = select(func.count(set_aside.c.release_id.distinct()))
        return int(self._connection.execute(wanted).scalar_one())

    def _forget_failures(self, keys: Sequence[FragmentKey]) -> None:
        # One small statement many times: a bulk intake mends thousands of keys, and SQLite takes
        # no condition that is a thousand deep.
        if keys:
            is_mended = (set_aside.c.release_id == bindparam("release")) & (
                set_aside.c.format == bindparam("in_format")
            )
            self._connection.execute(
                delete(set_aside).where(is_mended),
                [{"release": key[0], "in_format": key[1].value} for key in keys],
            )


def _row(key: FragmentKey, *, f: Fragment, **values: object) -> dict[str, object]:
    release_id, feed_format = key
    row = {"release_id": release_id, "format": feed_format.value, "fingerprint": f.fingerprint}
    return row | values
