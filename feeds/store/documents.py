"""The documents of the feeds' current editions, and their rendered entries (fragments)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    LargeBinary,
    Text,
    bindparam,
    delete,
    func,
    literal,
    null,
    select,
    tuple_,
    update,
)

from feeds.model.edition import DocumentVersion, FeedDocument, FormerDocument, Layout
from feeds.model.feed import Deltas, Format, Link
from feeds.model.listing import SetAside
from feeds.model.release import ReleaseId
from feeds.model.text import whole_second
from feeds.store.dialects import by_key, insert_or_update, lock, lock_of_feeds, upsert
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared, Rows
from feeds.store.schema import (
    Instant,
    documents,
    feeds,
    filings,
    former_documents,
    fragments,
    releases,
    set_aside,
)

# Rendered entries with their fingerprints, and entries that could not be rendered.

# Built once: each edition runs them, and building one takes longer than running it.
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_OF = Prepared(
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

_FORGET_FAILURE = Prepared(
    delete(set_aside).where(
        set_aside.c.release_id == bindparam("release"), set_aside.c.format == bindparam("in_format")
    )
)

#: Identifies a fragment: a release in a format.
FragmentKey = tuple[ReleaseId, Format]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """The result of rendering a release in a format: bytes, or the reason of the failure."""

    fingerprint: str
    body: bytes | None
    reason: str | None = None


#: Where a release is in the order of the last changes.
ReleasePlace = tuple[datetime, datetime, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenPart:
    """How far fragments were looked at, to be forgotten."""

    last: ReleasePlace | None  #: the last release that was looked at; None when there was none
    deleted: int


class Fragments:
    """Fragments over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask_of(self, ids: Sequence[ReleaseId]) -> Callable[[], dict[FragmentKey, Fragment]]:
        """Asks for all results for these releases; see ``pipelining.ask``.

        The answer has failures too, and it does not matter whether a result is current.
        """
        return ask(self._connection, _OF, {"ids": ids}, _fragments)

    def put(self, made: Mapping[FragmentKey, Fragment], *, now: datetime) -> None:
        """Stores results; a release that renders again is no longer listed as failed."""
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

    def forget(self, *, after: ReleasePlace | None, before: datetime, limit: int) -> ForgottenPart:
        """Deletes the fragments of releases that changed long ago and are only in archives.

        Args:
            after: Begins behind this release; None for the first.
            before: Releases that changed at this time or later are left alone.
            limit: Looks at this many releases at most.
        """
        place = (releases.c.changed_at, releases.c.published, releases.c.id)
        query = select(*place).where(releases.c.changed_at < before)
        if after is not None:
            changed_at, published, release_id = after
            there = (literal(changed_at, Instant), literal(published, Instant), release_id)
            query = query.where(tuple_(*place) > tuple_(*there))
        rows = self._connection.execute(query.order_by(*place).limit(limit)).all()
        ids = [row.id for row in rows]
        shown = select(filings.c.release_id).where(
            filings.c.release_id.in_(ids), filings.c.archive.is_(None)
        )
        gone = sorted(set(ids).difference(self._connection.execute(shown).scalars()))
        keys = list(map(by_key, fragments.primary_key))
        theirs = fragments.c.release_id.in_(gone)
        lock(self._connection, select(*fragments.primary_key).where(theirs).order_by(*keys))
        deleted = self._connection.execute(delete(fragments).where(theirs)).rowcount
        return ForgottenPart(last=tuple(rows[-1]) if rows else None, deleted=deleted)

    def failures(self, *, limit: int = 100) -> list[SetAside]:
        """Releases that are left out of a format, the longest first."""
        query = select(set_aside).order_by(set_aside.c.since, set_aside.c.release_id).limit(limit)
        return [
            SetAside(
                release_id=ReleaseId(row.release_id),
                format=Format(row.format),
                reason=row.reason,
                since=row.since,
            )
            for row in self._connection.execute(query)
        ]

    def count_failures(self) -> int:
        """The number of releases that are left out of at least one format."""
        query = select(func.count(set_aside.c.release_id.distinct()))
        return int(self._connection.execute(query).scalar_one())

    def _forget_failures(self, keys: Sequence[FragmentKey]) -> None:
        # One small statement executed many times: a bulk intake clears thousands of keys, and
        # SQLite limits the depth of a condition to 1,000.
        if keys:
            rendered = [{"release": key[0], "in_format": key[1].value} for key in keys]
            send_later(self._connection, _FORGET_FAILURE, rendered)


def _fragments(rows: Rows) -> dict[FragmentKey, Fragment]:
    return {
        (ReleaseId(row.release_id), Format(row.format)): Fragment(
            fingerprint=row.fingerprint, body=row.body, reason=row.reason
        )
        # A failure replaces an earlier success.
        for row in sorted(rows, key=lambda row: row.body is None)
    }


def _row(key: FragmentKey, *, f: Fragment, **values: object) -> dict[str, object]:
    release_id, feed_format = key
    row = {"release_id": release_id, "format": feed_format.value, "fingerprint": f.fingerprint}
    return row | values


# The documents of the feeds' current editions.

# Built once: it runs for each edition, and for each request for a feed.
_VERSIONS = Prepared(
    select(
        documents.c.feed,
        documents.c.format,
        documents.c.edition,
        documents.c.digest,
        documents.c.modified_at,
        documents.c.size_bytes,
        documents.c.updated,
    ).where(documents.c.feed.in_(bindparam("feeds", expanding=True)))
)


_FORGET_FORMER = Prepared(
    delete(former_documents).where(
        former_documents.c.feed == bindparam("of_feed"),
        former_documents.c.replaced_at < bindparam("before", type_=Instant),
    )
)


@cache
def _retire(dialect: str) -> Prepared:
    values = {
        former_documents.c.feed: documents.c.feed,
        former_documents.c.format: documents.c.format,
        former_documents.c.digest: documents.c.digest,
        former_documents.c.layout: documents.c.layout,
        former_documents.c.replaced_at: bindparam("now", type_=Instant),
    }
    current = select(*values.values()).where(documents.c.feed == bindparam("of_feed"))
    names = [column.name for column in values]
    return Prepared(insert_or_update(dialect, former_documents, names, query=current))


def _versions(rows: Rows) -> dict[tuple[str, Format], DocumentVersion]:
    return {
        (row.feed, Format(row.format)): DocumentVersion(
            edition=row.edition,
            digest=row.digest,
            modified_at=row.modified_at,
            size_bytes=row.size_bytes,
            updated=row.updated,
        )
        for row in rows
    }


class Documents:
    """Documents over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, feed: str, feed_format: Format) -> FeedDocument | None:
        """The current document; None while there is no edition."""
        query = select(documents).where(documents.c.feed == feed, documents.c.format == feed_format)
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        fields = dict(row, format=feed_format, links=tuple(Link(**link) for link in row["links"]))
        return FeedDocument(**fields)

    def version(self, feed: str, feed_format: Format) -> DocumentVersion | None:
        """The version of the current document, without its bytes."""
        return self.versions([feed]).get((feed, feed_format))

    def versions(self, feeds: Sequence[str]) -> dict[tuple[str, Format], DocumentVersion]:
        """The versions of these feeds' current documents, without their bytes."""
        return self.ask_versions(feeds)()

    def ask_versions(
        self, feeds: Sequence[str]
    ) -> Callable[[], dict[tuple[str, Format], DocumentVersion]]:
        """Asks for the versions of these feeds' documents; see ``pipelining.ask``."""
        return ask(self._connection, _VERSIONS, {"feeds": feeds}, _versions)

    def retire(self, deltas: Mapping[str, Deltas], *, now: datetime) -> None:
        """Stores the layouts of these feeds' current documents, which are about to be replaced."""
        if not deltas:
            return
        slugs = sorted(deltas)
        replaced = [{"of_feed": slug, "now": now} for slug in slugs]
        send_later(self._connection, _retire(self._connection.dialect.name), replaced)
        before = {slug: now - timedelta(days=deltas[slug].days) for slug in slugs}
        old = [{"of_feed": slug, "before": before[slug]} for slug in slugs]
        send_later(self._connection, _FORGET_FORMER, old)

    def has_former(self, feed: str, *, before: datetime | None) -> bool:
        """Whether `forget_former` would delete anything."""
        found = select(former_documents.c.feed).where(_is_former(feed, before)).limit(1)
        return self._connection.execute(found).first() is not None

    def forget_former(self, feed: str, *, before: datetime | None) -> int:
        """Deletes the layouts of a feed's documents replaced before that time; all if None.

        Returns:
            How many were deleted.
        """
        # A new edition writes these rows while it holds the feed's row.
        lock_of_feeds(self._connection, feeds.c.slug, [feed])
        old = delete(former_documents).where(_is_former(feed, before))
        return self._connection.execute(old).rowcount

    def former(
        self, feed: str, feed_format: Format, digests: Sequence[str]
    ) -> FormerDocument | None:
        """The most recently replaced of these documents whose layout is stored."""
        of_topic = (former_documents.c.feed == feed) & (
            former_documents.c.format == feed_format.value
        )
        query = (
            select(former_documents.c.digest, former_documents.c.layout)
            .where(of_topic, former_documents.c.digest.in_(digests))
            .order_by(former_documents.c.replaced_at.desc(), former_documents.c.digest)
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        layout = None if row is None else Layout.unpack(row.layout)
        return None if row is None or layout is None else FormerDocument(row.digest, layout.marks)

    def redate(self, *, now: datetime) -> int:
        """Sets the date of all current documents to *now*, unless it is later already.

        Returns:
            The number of documents whose date changed.
        """
        moment = whole_second(now)
        keys = list(map(by_key, documents.primary_key))
        lock(self._connection, select(*documents.primary_key).order_by(*keys))
        redated = update(documents).where(documents.c.modified_at < moment)
        return self._connection.execute(redated.values(modified_at=moment)).rowcount

    def put(self, changed: Sequence[FeedDocument]) -> None:
        """Stores these as the current documents."""
        rows = [
            {
                "feed": document.feed,
                "format": document.format.value,
                "edition": document.edition,
                "digest": document.digest,
                "modified_at": document.modified_at,
                "links": [{"rel": link.rel, "href": link.href} for link in document.links],
                "size_bytes": document.size_bytes,
                "gzip": document.gzip,
                "layout": document.layout,
                "updated": document.updated,
            }
            for document in sorted(changed, key=lambda one: (one.feed, one.format.value))
        ]
        upsert(self._connection, documents, rows)


def _is_former(feed: str, before: datetime | None) -> ColumnElement[bool]:
    is_of_it = former_documents.c.feed == feed
    return is_of_it if before is None else is_of_it & (former_documents.c.replaced_at < before)
