"""The documents of the feeds' current editions."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, select

from feeds.model.edition import DocumentVersion, FeedDocument
from feeds.model.feed import Format, Link
from feeds.store.schema import documents
from feeds.store.upserts import upsert

# Built once: it is asked for each edition, and for each request to a feed.
_VERSIONS = select(
    documents.c.feed,
    documents.c.format,
    documents.c.edition,
    documents.c.digest,
    documents.c.modified_at,
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
                edition=row.edition, digest=row.digest, modified_at=row.modified_at
            )
            for row in self._connection.execute(_VERSIONS, {"feeds": feeds})
        }

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
            }
            for document in changed
        ]
        upsert(self._connection, documents, rows)
