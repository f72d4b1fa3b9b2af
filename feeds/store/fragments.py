"""Rendered entries, kept by fingerprint; and those that could not be rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Text,
    bindparam,
    delete,
    func,
    null,
    select,
)

from feeds.model.feed import Format
from feeds.model.listing import SetAside
from feeds.model.release import ReleaseId
from feeds.store.schema import fragments, set_aside
from feeds.store.upserts import upsert

# Built once: each edition asks for it, and to build it takes longer than to run it.
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_OF = (
    select(
        fragments.c.release_id,
        fragments.c.format,
        fragments.c.fingerprint,
        fragments.c.body,
        null().cast(Text).label("reason"),
    )
    .where(fragments.c.release_id.in_(_IDS))
    .union_all(
        select(
            set_aside.c.release_id,
            set_aside.c.format,
            set_aside.c.fingerprint,
            null().cast(LargeBinary),
            set_aside.c.reason,
        ).where(set_aside.c.release_id.in_(_IDS))
    )
)

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
        rows = self._connection.execute(_OF, {"ids": ids}).all()
        # What failed last counts, where something was made before that.
        return {
            (ReleaseId(row.release_id), Format(row.format)): Fragment(
                fingerprint=row.fingerprint, body=row.body, reason=row.reason
            )
            for row in sorted(rows, key=lambda row: row.body is None)
        }

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
        self._forget_failures(sorted(key for key, f in made.items() if f.body is not None))

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
