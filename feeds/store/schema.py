"""The tables. ``migrations/`` brings a database here; a test holds the two together."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment as whole microseconds since 1970 in UTC.

    Both databases sort, compare and return such numbers alike. Their own time types differ in
    precision, in zones and in what they do with the years 1 and 9999.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Write an aware moment."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it back in UTC."""
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


#: A whole number of 64 bits that can be the key of a row: SQLite takes no other type there.
_Number = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _release_id(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "release_id",
        Text,
        ForeignKey("releases.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


#: One row a release: its present revision.
releases = Table(
    "releases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_key", Text, nullable=False, unique=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("digest", Text, nullable=False, index=True),  # of the content
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("published", Instant, nullable=False),
    Column("updated_by_source", Instant),
    Column("url", Text),
    Column("authors", JSON, nullable=False),
    Column("enclosures", JSON, nullable=False),
    Column("category_names", JSON, nullable=False),  # as written; release_names is their index
    Column("updated", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("details", JSON(none_as_null=True)),  # null where there are none
    Column("work", Text, index=True),  # of the details; what translations have in common
    Column("face", Text),  # digest of all that is shown; null where it is the content's
    Column("notes", JSON(none_as_null=True)),  # of major corrections
    Column("translations", JSON(none_as_null=True)),  # the others of its work, as they are now
    Column("retracted_at", Instant, index=True),
    Column("retraction_reason", Text),
    Column("document", Text),  # that gave its present content; null where that was not noted
    Column("source", Text, index=True),  # digest of that document, as it was written
    Column("notice_since", Instant),  # since when feeds hold a notice of it; null when none does
    Index("ix_releases_changed", "changed_at", "published", "id"),
    Index(
        "ix_releases_notice_since",
        "notice_since",
        sqlite_where=text("notice_since IS NOT NULL"),
        postgresql_where=text("notice_since IS NOT NULL"),
    ),
)

#: What a release said before it was corrected.
revisions = Table(
    "revisions",
    metadata,
    _release_id(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", JSON, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("replaced_at", Instant, nullable=False),
    Column("notes", Integer, nullable=False, server_default="0"),  # how many stood at its head
)

#: Documents that wait for their minute. Nothing that the public is shown is read from here.
embargoes = Table(
    "embargoes",
    metadata,
    Column("release_id", Text, primary_key=True),  # no reference: the release may not be there yet
    Column("source_key", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, index=True),  # of the draft's content
    Column("until", Instant, nullable=False, index=True),
    Column("draft", JSON, nullable=False),  # the whole document, as it will be taken in
    Column("held_since", Instant, nullable=False),
    Column("held_by", Text, nullable=False),
)

#: Who did what to which release, and when.
acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", Text, nullable=False, index=True),  # a release's id
    Column("deed", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text),
)

#: Who may use the API. A token itself is shown once and kept nowhere.
tokens = Table(
    "tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),  # SHA-256 of the token, hex
    Column("actions", JSON, nullable=False),
    Column("categories", JSON(none_as_null=True)),  # slugs; null for all
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

#: Every category name that a release ever gave, with the categories that now claim it.
names = Table(
    "names",
    metadata,
    Column("folded", Text, primary_key=True),
    Column("name", Text, nullable=False),  # as first written
    Column("categories", JSON, nullable=False),  # slugs; an empty list when nothing claims it
    Column("is_claimed", Integer, nullable=False, index=True),
)

#: Which names a release gives.
release_names = Table(
    "release_names",
    metadata,
    _release_id(primary_key=True),
    Column("folded", Text, ForeignKey("names.folded"), primary_key=True, index=True),
)

#: Which feeds a release is in. One index answers "what is in this feed's window", one "what was
#: published last", one "what does this archive document hold, and what is in none yet": each is
#: read in its order, without a sort or a look at another table.
filings = Table(
    "filings",
    metadata,
    _release_id(primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("changed_at", Instant, nullable=False),
    Column("published", Instant, nullable=False),
    Column("stamp", Text, nullable=False, server_default=""),  # what the entry is known by
    Column("archive", Integer),  # the archive document that holds it; null while none does
    Index("ix_filings_window", "feed", "changed_at", "published", "release_id", "stamp", "archive"),
    Index("ix_filings_latest", "feed", "published", "release_id"),
    Index("ix_filings_archive", "feed", "archive", "changed_at", "published", "release_id"),
    sqlite_with_rowid=False,
)

#: Releases that were filed by a configuration that was not in force, and are to be filed again.
doubtful_filings = Table("doubtful_filings", metadata, _release_id(primary_key=True))

#: The configuration that was applied last: one row, or none in a new store.
configuration = Table(
    "configuration",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("digest", Text, nullable=False),  # feeds.fingerprints
    Column("since", Instant, nullable=False),
    Column("applied_by", Text, nullable=False),
)

#: Which store this is: one row. A note beside the store names it as well.
store_identity = Table(
    "store_identity",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("id", Text, nullable=False),
)

#: How pages look, beside what they show: one row, or none in a new store.
appearance = Table(
    "appearance",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("digest", Text, nullable=False),  # of the configuration and the program
    Column("since", Instant, nullable=False),
)

#: Where the parts of the list of all pages begin, but for the first; see ``sitemap_parts``. The
#: release may be another one's, or gone: it is the place that counts.
sitemap_parts = Table(
    "sitemap_parts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("published", Instant, nullable=False),
    Column("release_id", Text, nullable=False),
)

#: The feeds, and whether their edition is behind. A feed is stale while ``stale_seq`` is ahead.
feeds = Table(
    "feeds",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),  # ``atom:id``; stays when the slug changes
    Column("selection", Text, nullable=False),  # which releases it takes, as last applied
    Column("settings", Text, nullable=False),  # digest of all else that its documents say
    Column("edition", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("stale_seq", BigInteger, nullable=False),
    Column("rendered_seq", BigInteger, nullable=False),
    Column("rendered_settings", Text),  # what the edition was made with; null in older stores
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("failures", Integer, nullable=False),
    Column("trouble", Text),
    Column("ended_at", Instant),  # no longer configured; its id is kept should it come back
    Column("archives", Integer, nullable=False, server_default="0"),  # number of the last one
)

#: The current edition's documents.
documents = Table(
    "documents",
    metadata,
    Column("feed", Text, ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("format", Text, primary_key=True),
    Column("edition", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("modified_at", Instant, nullable=False),
    Column("links", JSON, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("gzip", LargeBinary, nullable=False),
    Column("layout", LargeBinary, nullable=False, server_default=""),  # feeds.model.edition
    Column("updated", Instant),  # what it says of the feed's last change
)

#: What documents held that are no longer current, for those who ask what came since.
former_documents = Table(
    "former_documents",
    metadata,
    Column("feed", Text, ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("format", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("layout", LargeBinary, nullable=False),
    Column("replaced_at", Instant, nullable=False),
)

#: The archive documents of each feed. What is in one stands in ``filings.archive``.
archives = Table(
    "archives",
    metadata,
    Column(
        "feed",
        Text,
        ForeignKey("feeds.slug", ondelete="CASCADE", onupdate="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),  # 1 for the oldest; never given twice
    Column("closed_at", Instant, nullable=False),
    Column("purged_at", Instant),  # when a release was last taken out of its bytes
)

#: Which releases left which archive documents, whose bytes may still hold what they said.
departures = Table(
    "departures",
    metadata,
    _release_id(primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    ForeignKeyConstraint(
        ["feed", "number"],
        ["archives.feed", "archives.number"],
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
)

#: An archive document's bytes, from the first time that somebody asked for them.
archive_documents = Table(
    "archive_documents",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("links", JSON, nullable=False),  # ``self`` tells whether they are of this address
    Column("size_bytes", Integer, nullable=False),
    Column("gzip", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["feed", "number"],
        ["archives.feed", "archives.number"],
        ondelete="CASCADE",
        onupdate="CASCADE",
    ),
)

#: One entry in one format, as rendered.
fragments = Table(
    "fragments",
    metadata,
    _release_id(primary_key=True),
    Column("format", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: Releases that could not be rendered, with the reason.
set_aside = Table(
    "set_aside",
    metadata,
    _release_id(primary_key=True),
    Column("format", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

#: The outbox: what each hub is to be told of each topic. Asked for in the transaction that
#: makes the feed stale; due once a newer edition than the told one is stored.
pings = Table(
    "pings",
    metadata,
    Column("feed", Text, ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("format", Text, primary_key=True),
    Column("hub", Text, primary_key=True),
    Column("wanted_seq", BigInteger, nullable=False),
    Column("told_edition", Integer, nullable=False),
    Column("has_failed", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("claimed_until", Instant),
    Column("first_failed_at", Instant),
    Column("last_try_at", Instant),
    Column("last_result", Text),
)

#: Who gets the documents of a topic, once the callback has confirmed it.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", _Number, primary_key=True),
    Column(
        "feed",
        Text,
        ForeignKey("feeds.slug", ondelete="CASCADE", onupdate="CASCADE"),
        nullable=False,
    ),
    Column("format", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("host", Text, nullable=False, index=True),
    Column("wire", Text, nullable=False),
    Column("secret", Text),
    Column("lease_s", Integer, nullable=False),
    Column("request_id", Integer, nullable=False),  # what it was last confirmed by
    Column("since", Instant, nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("suspended_at", Instant),
    Column("suspended_because", Text),
    UniqueConstraint("feed", "format", "callback"),
    # All that a distribution asks of them before it sends.
    Index("ix_subscriptions_topic", "feed", "format", "suspended_at", "expires_at", "id"),
)

#: How far each subscriber is. Due while ``due_at`` is past; a claim is a later ``due_at``, so that
#: what a dead worker held is due again by itself.
deliveries = Table(
    "deliveries",
    metadata,
    Column(
        "subscription_id",
        _Number,
        ForeignKey("subscriptions.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("host", Text, nullable=False),
    Column("wanted_edition", Integer, nullable=False),
    Column("delivered_edition", Integer, nullable=False),
    Column("due_at", Instant),  # null when nothing is owed
    Column("is_failing", Integer, nullable=False),  # 1 after a failure, until something arrives
    Column("claimed_by", Text),
    Column("attempts", Integer, nullable=False),
    Column("first_failed_at", Instant),
    Column("last_try_at", Instant),
    Column("last_result", Text),
    Column("last_took_ms", Integer),
    Column("delivered_at", Instant),
    # The host stands here for those that are left out: ten thousand of one dead host are passed by.
    Index("ix_deliveries_due", "is_failing", "due_at", "subscription_id", "host"),
)

#: What callbacks have yet to confirm, and denials they have yet to hear of. Numbers are never given
#: twice: of two requests for one subscription, the later one counts.
subscription_requests = Table(
    "subscription_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mode", Text, nullable=False),
    Column(
        "feed",
        Text,
        ForeignKey("feeds.slug", ondelete="CASCADE", onupdate="CASCADE"),
        nullable=False,
    ),
    Column("format", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("host", Text, nullable=False, index=True),
    Column("wire", Text, nullable=False),
    Column("secret", Text),
    Column("lease_s", Integer, nullable=False),
    Column("reason", Text),
    Column("client", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("claimed_by", Text),
    Column("attempts", Integer, nullable=False),
    sqlite_autoincrement=True,
)

#: What was counted of each hub, ours among them.
hub_tallies = Table(
    "hub_tallies",
    metadata,
    Column("hub", Text, primary_key=True),
    Column("pings_sent", BigInteger, nullable=False),
    Column("pings_accepted", BigInteger, nullable=False),
    Column("deliveries_sent", BigInteger, nullable=False),
    Column("deliveries_accepted", BigInteger, nullable=False),
    Column("verifications_sent", BigInteger, nullable=False),
    Column("verifications_confirmed", BigInteger, nullable=False),
    Column("pushes_expected", BigInteger, nullable=False),
    Column("pushes_seen", BigInteger, nullable=False),
    Column("last_failure_at", Instant),
    Column("last_failure", Text),
)

#: Our own subscription at each hub, by which we see whether pushes arrive.
canaries = Table(
    "canaries",
    metadata,
    Column("hub", Text, primary_key=True),
    Column("feed", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),  # in the callback; nobody can guess it
    Column("secret", Text, nullable=False),
    Column("state", Text, nullable=False),  # new, asked, verified, denied
    Column("due_at", Instant, nullable=False),  # when the hub is to be asked (again)
    Column("attempts", Integer, nullable=False),  # askings since it was last verified
    Column("asked_at", Instant),
    Column("verified_at", Instant),
    Column("expires_at", Instant),
    Column("last_result", Text),
)

#: Each edition that a hub was told of while a canary was there, and when its push arrived. A push
#: may be faster than the hub's own answer: then ``told_at`` comes after ``arrived_at`` is written.
pushes = Table(
    "pushes",
    metadata,
    Column("hub", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("digest", Text),  # of the document, when it was still the current one
    Column("told_at", Instant, index=True),
    Column("arrived_at", Instant),
    Column("arrived_edition", Integer),  # a later one, when the hub left this one out
)

#: Documents refused at the door, until they are accepted.
refusals = Table(
    "refusals",
    metadata,
    Column("document", Text, primary_key=True),
    Column("line", Integer, primary_key=True),  # 0 for a document that is the whole file
    Column("field", Text),
    Column("reason", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("refused_at", Instant, nullable=False),
    Column("until", Instant),  # from when on the same document is accepted; null for never
)

#: Files of the watched folders that were read to their end, as they were then.
intake_files = Table(
    "intake_files",
    metadata,
    Column("host", Text, primary_key=True),  # that has it; empty where that is not known, or one
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("rules", Text, nullable=False),  # digest of the rules that it was read by
    Column("read_at", Instant, nullable=False),
)

#: Processes that work in the background, each as it last described itself.
processes = Table(
    "processes",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("role", Text, nullable=False),  # jobs, hub
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("worked_at", Instant),  # the end of its last round of work
    Column("did", Text),
    Column("did_at", Instant),
)
