"""Since when pages look as they do, apart from the releases that they show."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from feeds.model.text import whole_second
from feeds.store.schema import appearance, documents, feeds, releases
from feeds.store.upserts import upsert

_HELD = select(appearance.c.digest, appearance.c.since)
#: Whatever a page may have been dated by.
_DATES = (documents.c.modified_at, releases.c.changed_at, feeds.c.changed_at)
_SECOND = timedelta(seconds=1)


class Appearance:
    """The appearance of pages, over one connection: one row, or none in a new store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def since(self, digest: str) -> datetime | None:
        """Since when pages look as this digest says; None when the store knows another one.

        So it is while a configuration is being applied, and for a process that works by a former
        one, or of another version.
        """
        row = self._connection.execute(_HELD).one_or_none()
        return row.since if row is not None and row.digest == digest else None

    def note(self, digest: str, *, now: datetime) -> None:
        """Note how pages look, if that is news."""
        row = self._connection.execute(_HELD).one_or_none()
        if row is None or row.digest != digest:
            self._put(digest, now)

    def renew(self, *, now: datetime) -> None:
        """Date all pages anew: they show something else than what any date of a release tells."""
        row = self._connection.execute(_HELD).one_or_none()
        if row is not None:
            self._put(row.digest, now)

    def _put(self, digest: str, now: datetime) -> None:
        # HTTP dates have whole seconds. Later than every date that a page had until now, whatever
        # this machine's clock says: a client that asks by date alone must see another page.
        dates = [
            self._connection.execute(select(func.max(column, type_=column.type))).scalar()
            for column in (*_DATES, appearance.c.since)
        ]
        said = [whole_second(date) + _SECOND for date in dates if date is not None]
        since = max([whole_second(now), *said])
        upsert(self._connection, appearance, [{"key": 1, "digest": digest, "since": since}])
