"""Which configuration the store was brought to last."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from feeds.store.schema import configuration
from feeds.store.upserts import upsert

_IN_FORCE = select(configuration.c.digest, configuration.c.since, configuration.c.applied_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The configuration by which releases are filed and editions made."""

    digest: str  #: see ``feeds.descriptions``
    since: datetime
    applied_by: str  #: the process that applied it


class Configuration:
    """The configuration in force, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_force(self) -> InForce | None:
        """The one that was applied last; None when none ever was."""
        row = self._connection.execute(_IN_FORCE).one_or_none()
        if row is None:
            return None
        return InForce(digest=row.digest, since=row.since, applied_by=row.applied_by)

    def is_in_force(self, digest: str) -> bool:
        """True when the configuration of this digest is the one that was applied last."""
        return bool(self._connection.execute(_IN_FORCE).scalar() == digest)

    def put_in_force(self, digest: str, *, by: str, now: datetime) -> None:
        """Have this configuration be the one. The caller holds ``Releases.hold_works``.

        So every intake under way has ended, and every later one sees what is in force: none files
        a release by a former configuration without it being known.
        """
        row = {"key": 1, "digest": digest, "since": now, "applied_by": by}
        is_known = self.is_in_force(digest)
        upsert(self._connection, configuration, [row], keep=["since"] if is_known else ())
