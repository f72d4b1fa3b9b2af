"""The documents of the feeds' current editions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, literal, select, update

from feeds.model.delta import Former
from feeds.model.edition import DocumentVersion, FeedDocument
from feeds.model.feed import Deltas, Format, Link
from feeds.model.layout import Layout
from feeds.model.text import whole_second
from feeds.store.row_locks import by_key, lock
from feeds.store.schema import Instant, documents, former_documents
from feeds.store.upserts import upsert

# Built once: it is asked for each edition, and for each request to a feed.
_VERSIONS = select(
    documents.c.feed,
    documents.c.format,
    documents.c.edition,
    documents.c.digest,
    documents.c.modified_at,
    documents.c.size_bytes,
    documents.c.updated,
).where(documents.c.feed.in_(bindparam("feeds", expanding=True)))


class Documents:
    """Documents over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, feed: str, feed_format: Format) -> FeedDocument | None:
        """The current document, or None when there is no edition yet."""
        wanted = select(documents).where(
            documents.c.feed == feed, documents.c.format == feed_format
        )
        row = self._connection.execute(wanted).mappings().one_or_none()
        if row is None:
            return None
        fields = dict(row, format=feed_format, links=tuple(Link(**link) for link in row["links"]))
        return FeedDocument(**fields)

    def version(self, feed: str, feed_format: Format) -> DocumentVersion | None:
        """What tells the current document apart, without its bytes."""
        return self.versions([feed]).get((feed, feed_format))

    def versions(self, feeds: Sequence[str]) -> dict[tuple[str, Format], DocumentVersion]:
        """What tells these feeds' current documents apart, without their bytes."""
        return {
            (row.feed, Format(row.format)): DocumentVersion(
                edition=row.edition,
                digest=row.digest,
                modified_at=row.modified_at,
                size_bytes=row.size_bytes,
                updated=row.updated,
            )
            for row in self._connection.execute(_VERSIONS, {"feeds": feeds})
        }

    def retire(self, deltas: Mapping[str, Deltas], *, now: datetime) -> None:
        """Remember what these feeds' documents hold that are about to be replaced."""
        for feed, kept in deltas.items():
            current = select(
                documents.c.feed,
                documents.c.format,
                documents.c.digest,
                documents.c.layout,
                literal(now, Instant).label("replaced_at"),
            ).where(documents.c.feed == feed)
            rows = [dict(row) for row in self._connection.execute(current).mappings()]
            upsert(self._connection, former_documents, rows)
            is_old = former_documents.c.replaced_at < now - timedelta(days=kept.days)
            old = delete(former_documents).where(former_documents.c.feed == feed, is_old)
            self._connection.execute(old)

    def former(self, feed: str, feed_format: Format, digests: Sequence[str]) -> Former | None:
        """The latest of these documents that is remembered."""
        of_topic = (former_documents.c.feed == feed) & (
            former_documents.c.format == feed_format.value
        )
        wanted = (
            select(former_documents.c.digest, former_documents.c.layout)
            .where(of_topic, former_documents.c.digest.in_(digests))
            .order_by(former_documents.c.replaced_at.desc(), former_documents.c.digest)
            .limit(1)
        )
        row = self._connection.execute(wanted).one_or_none()
        cut = None if row is None else Layout.unpack(row.layout)
        return None if row is None or cut is None else Former(row.digest, cut.marks)

    def redate(self, *, now: datetime) -> int:
        """Say of all current documents that they are so since *now*, or since a later moment.

        Returns:
            How many have another date now.
        """
        moment = whole_second(now)
        keys = list(map(by_key, documents.primary_key))
        lock(self._connection, select(*documents.primary_key).order_by(*keys))
        redated = update(documents).where(documents.c.modified_at < moment)
        return self._connection.execute(redated.values(modified_at=moment)).rowcount

    def put(self, changed: Sequence[FeedDocument]) -> None:
        """Make these the current documents."""
        rows = [
            {
                "feed": document.feed,
                "format": document.format.value,
                "edition": document.edition,
                "digest": document.digest,
                "modified_at": document.modified_at,
                "links": [asdict(link) for link in document.links],
                "size_bytes": document.size_bytes,
                "gzip": document.gzip,
                "layout": document.layout,
                "updated": document.updated,
            }
            for document in sorted(changed, key=lambda one: (one.feed, one.format.value))
        ]
        upsert(self._connection, documents, rows)
