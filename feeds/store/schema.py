"""The tables of the store. ``migrations/`` creates the same schema; a test compares the two.

Nothing here names PostgreSQL's own types and options: SQLAlchemy would import its dialects, which
take 2.7 MiB in a service over a file. What an index of PostgreSQL leaves out is the same as on
SQLite (``sqlite_where``); a test compares that, too.
"""

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
from sqlalchemy.types import UserDefinedType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Returns a point in time as `Instant` stores it."""
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(stored: int) -> datetime:
    """Returns the point in time that `Instant` stores so."""
    return _EPOCH + stored * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A point in time as whole microseconds since 1970 in UTC.

    Both databases sort, compare and return such numbers alike. Their own time types differ in
    precision, in zones and in what they do with the years 1 and 9999.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Converts an aware datetime to microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Converts microseconds to a datetime in UTC."""
        return None if value is None else from_microseconds(int(value))


class TextSearchType(UserDefinedType[str]):
    """A type of PostgreSQL's full-text search, by its name in SQL."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        """Creates the type, such as ``TSVECTOR``."""
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        """Returns the name in SQL."""
        return self.name


TSVECTOR, TSQUERY = TextSearchType("TSVECTOR"), TextSearchType("TSQUERY")

#: A whole number of 64 bits that can be the key of a row: SQLite accepts no other type there.
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


def _index_of_given(name: str, *columns: str, is_unique: bool = False) -> Index:
    """An index of the rows whose first column is not null; others are not written to it.

    With all nulls in it, SQLite's statistics say that a value has as many rows as the table, and
    it reads the whole table for one.
    """
    given = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, unique=is_unique, sqlite_where=given)


#: One row per release: its current revision.
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
    Column("work", Text),  # from the details; shared by all translations
    Column("face", Text),  # digest of everything shown; null if equal to ``digest``
    Column("notes", JSON(none_as_null=True)),  # of major corrections
    Column("translations", JSON(none_as_null=True)),  # the other releases of the same work
    Column("retracted_at", Instant),
    Column("retraction_reason", Text),
    Column("document", Text),  # source of the current content; null if not recorded
    Column("source", Text),  # digest of that document as written; null if not recorded
    Column("notice_since", Instant),  # null while no feed holds a notice
    Column("published_id", Text),  # of a release that was public before it came here: its guid
    Column("published_iri", Text),  # its ``atom:id``; null if equal to ``published_id``
    Column("is_permalink", Integer),  # of the guid; null without ``published_id``
    Column("placed_at", Instant),  # null if equal to ``changed_at``
    Index("ix_releases_changed", "changed_at", "published", "id"),
    _index_of_given("ix_releases_source", "source"),
    _index_of_given("ix_releases_notice_since", "notice_since"),
    _index_of_given("uq_releases_published_id", "published_id", is_unique=True),
    _index_of_given("uq_releases_published_iri", "published_iri", is_unique=True),
    _index_of_given("ix_releases_work", "work"),
    _index_of_given("ix_releases_retracted_at", "retracted_at", "id"),
)

#: Contents of releases before they were corrected.
revisions = Table(
    "revisions",
    metadata,
    _release_id(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", JSON, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("replaced_at", Instant, nullable=False),
    Column("notes", Integer, nullable=False, server_default="0"),  # length of ``notes`` then
)

#: Documents under embargo. No public page, feed or answer reads from this table.
embargoes = Table(
    "embargoes",
    metadata,
    Column("release_id", Text, primary_key=True),  # no foreign key: the release may not exist yet
    Column("source_key", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, index=True),  # of the draft's content
    Column("until", Instant, nullable=False),
    Column("draft", JSON, nullable=False),  # the whole document, for intake when the embargo ends
    Column("held_since", Instant, nullable=False),
    Column("held_by", Text, nullable=False),
    Column("slug", Text, nullable=False, index=True),  # of the release's page, when there is one
    Column("category_names", JSON, nullable=False),  # of the draft, so that lists need not read it
    Column("work", Text),  # of the draft, as in ``releases``
    Column("version", Integer, nullable=False),  # grows with each change
    Column("published_id", Text),  # of the draft, as in ``releases``
    Column("published_iri", Text),
    Index("ix_embargoes_until", "until", "release_id"),
    _index_of_given("ix_embargoes_work", "work"),
    _index_of_given("ix_embargoes_published_id", "published_id"),
    _index_of_given("ix_embargoes_published_iri", "published_iri"),
)

#: The audit log: who did what to which release, and when.
acts = Table(
    "acts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject", Text, nullable=False),  # a release's id, or user:…, draft:…
    Column("deed", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text),
    Index("ix_acts_subject", "subject", "id"),  # what happened to one, in order
)

#: Access tokens of the API. Only the hash of a token is stored.
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

#: Drafts of the desk. No public page, feed or answer reads from this table.
drafts = Table(
    "drafts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("record", JSON, nullable=False),  # fields as documents have them
    Column("source_key", Text, nullable=False, index=True),  # several may be for one release
    Column("revision", Integer),  # of the release that it corrects, when it was begun
    Column("face", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("preview", Text, unique=True),  # the secret part of its preview's address
    Index("ix_drafts_changed", "changed_at", "id"),
)

#: Other people's feeds that this newsroom carries: where and when they are polled.
upstreams = Table(
    "upstreams",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("url", Text, nullable=False),  # as configured
    Column("fetch_url", Text, nullable=False),
    Column("host", Text, nullable=False, index=True),  # of ``fetch_url``
    Column("due_at", Instant, nullable=False, index=True),
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("is_configured", Integer, nullable=False),  # 0: kept for its return
    Column("validated_url", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("moved_to", Text),
    Column("moved_since", Instant),
    Column("is_partial", Integer, nullable=False),
    Column("last_poll_at", Instant),
    Column("last_success_at", Instant),
    Column("last_result", Text),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("ended_at", Instant),
    Column("paused_at", Instant),
    Column("first_success_at", Instant),
    Column("title", Text),
    Column("polls", Integer, nullable=False),
    Column("not_modified", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("corrected", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("left_out", JSON, nullable=False),  # how many, by reason
)

#: The items of upstreams that were seen, whether taken or left out.
upstream_items = Table(
    "upstream_items",
    metadata,
    Column("upstream", Text, ForeignKey("upstreams.slug", ondelete="CASCADE"), primary_key=True),
    Column("item", Text, primary_key=True),  # digest of its id
    Column("shared", Text),  # digest of an id that is the same in all feeds
    Column("source_key", Text),
    Column("digest", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("reason", Text),
    Column("is_owner", Integer, nullable=False),
    Column("taken_at", Instant),
    Column("deleted_at", Instant),
    Column("categories", JSON, nullable=False),
    _index_of_given("ix_upstream_items_shared", "shared"),
    Index("ix_upstream_items_taken", "upstream", "taken_at"),
    # One owner, however many processes see the item for the first time at once.
    Index(
        "ix_upstream_items_owned",
        "shared",
        unique=True,
        sqlite_where=text("is_owner = 1"),
    ),
)

#: Our subscriptions to the hubs of upstreams.
upstream_subscriptions = Table(
    "upstream_subscriptions",
    metadata,
    Column("upstream", Text, ForeignKey("upstreams.slug", ondelete="CASCADE"), primary_key=True),
    Column("hub", Text, nullable=False, index=True),
    Column("topic", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),  # the secret part of the callback
    Column("secret", Text, nullable=False),
    Column("due_at", Instant, nullable=False),  # when the hub is asked next
    Column("attempts", Integer, nullable=False),  # since it last verified
    Column("asked_at", Instant),
    Column("verified_at", Instant),
    Column("expires_at", Instant),
    Column("last_result", Text),
    Column("pushes", Integer, nullable=False),
    Column("came_by_push", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
)

#: Documents that hubs pushed, until they are read.
upstream_pushes = Table(
    "upstream_pushes",
    metadata,
    Column("id", _Number, primary_key=True),
    Column(
        "upstream",
        Text,
        ForeignKey("upstreams.slug", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("arrived_at", Instant, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: People who may use the desk. None is deleted: the audit log refers to their names.
users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text),  # as argon2 hash; null where another server signs people in
    Column("roles", JSON, nullable=False),
    Column("categories", JSON(none_as_null=True)),  # slugs; null for all
    Column("made_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

#: Browsers in which somebody is signed in.
sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256 of the session's secret id, hex
    Column("user", Text, ForeignKey("users.name"), nullable=False, index=True),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False, index=True),
)

#: How often somebody tried to sign in lately: by account, and by client.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("subject", Text, primary_key=True),  # digest of the account's name, or of the client
    Column("attempts", Integer, nullable=False),
    Column("since", Instant, nullable=False, index=True),  # the first of these
)

#: The key by which cookies and forms of the desk are signed: one row, or none without users.
desk_key = Table(
    "desk_key",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("secret", LargeBinary, nullable=False),
)

#: Every category name that a release ever gave, with the categories that match it now.
names = Table(
    "names",
    metadata,
    Column("folded", Text, primary_key=True),
    Column("name", Text, nullable=False),  # as first written
    Column("categories", JSON, nullable=False),  # slugs; an empty list when no category matches
    Column("is_claimed", Integer, nullable=False, index=True),
)

#: The category names of each release.
release_names = Table(
    "release_names",
    metadata,
    _release_id(primary_key=True),
    Column("folded", Text, ForeignKey("names.folded"), primary_key=True, index=True),
)

#: The entries of each feed (releases in feeds). One index lists the feed's window, one the latest
#: published, one the members of an archive and the entries in none. Each is read in its own order,
#: without a sort or a lookup in the table.
filings = Table(
    "filings",
    metadata,
    _release_id(primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("placed_at", Instant, nullable=False),  # orders windows and archives
    Column("published", Instant, nullable=False),
    Column("stamp", Text, nullable=False, server_default=""),  # the entry version
    Column("archive", Integer),  # number of the archive that holds it; null if none
    Index("ix_filings_window", "feed", "placed_at", "published", "release_id", "stamp", "archive"),
    Index("ix_filings_latest", "feed", "published", "release_id"),
    Index("ix_filings_archive", "feed", "archive", "placed_at", "published", "release_id"),
    sqlite_with_rowid=False,
)

#: Imports that have not ended: how far each is. While one is running, no archive is closed.
imports = Table(
    "imports",
    metadata,
    Column("key", Text, primary_key=True),  # digest of what is imported, and how
    Column("begun_at", Instant, nullable=False),
    Column("held_until", Instant, nullable=False),  # archives are closed after that, if it died
    Column("position", Integer, nullable=False),  # items of the export that are done
    Column("tally", JSON, nullable=False),  # of these items
)

#: Files of other systems that imports have copied, so that none is fetched twice.
imported_files = Table(
    "imported_files",
    metadata,
    Column("key", Text, primary_key=True),  # digest of its old address
    Column("address", Text, nullable=False),  # here
    Column("digest", Text, nullable=False),  # of the medium; no foreign key: it may be gone
    Column("media_type", Text, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
)

#: Releases assigned to feeds by a configuration that was not in force; they are to be reassigned.
doubtful_filings = Table("doubtful_filings", metadata, _release_id(primary_key=True))

#: Media: pictures and files of releases. A row is there before the bytes are complete.
media = Table(
    "media",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the bytes, hex
    Column("media_type", Text, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
    Column("name", Text, nullable=False),  # of the first upload
    Column("width", Integer),
    Column("height", Integer),
    Column("added_at", Instant, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("is_complete", Integer, nullable=False),
    Column("unused_since", Instant),  # null while a document names it
    _index_of_given("ix_media_unused_since", "unused_since"),
)

#: The bytes of media, in chunks of the same size except the last.
media_chunks = Table(
    "media_chunks",
    metadata,
    Column("digest", Text, ForeignKey("media.digest", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("bytes", LargeBinary, nullable=False),
)

#: The media that documents name. A medium is public while a release that is not retracted has a
#: public use of it.
media_uses = Table(
    "media_uses",
    metadata,
    Column("holder", Text, primary_key=True),  # a release's id, public or not; or another document
    Column("digest", Text, primary_key=True),  # no foreign key: the file may come later
    Column("name", Text, primary_key=True),  # as the document's address has it
    Column("is_public", Integer, nullable=False),  # 0 under embargo; -1 once that was dropped
    Index("ix_media_uses_digest", "digest", "name", "is_public"),
    Index(
        "ix_media_uses_dropped",
        "holder",
        sqlite_where=text("is_public < 0"),
    ),
)

#: The search index: the terms of each release that is not retracted; see ``search``. On SQLite the
#: full-text table ``release_terms`` is made of it. Made of the releases alone, so it is not copied.
release_search = Table(
    "release_search",
    metadata,
    # By publication, and the order of hits. An integer key: FTS5 knows rows by their row id.
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column(
        "release_id",
        Text,
        ForeignKey("releases.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("terms", Text().with_variant(TSVECTOR, "postgresql"), nullable=False),
    Column("digest", Text, nullable=False),  # of the terms, and of the version of the analysis
    # What is added waits in a list, which every search reads: a short one.
    Index("ix_release_search_terms", "terms").ddl_if(dialect="postgresql"),
)

#: Releases whose words are still to be indexed for the search, in the order in which they came. A
#: row is written with the release; there may be several of one.
unindexed = Table("unindexed", metadata, Column("number", _Number, primary_key=True), _release_id())

#: Tables that are made of others, and can be made again.
DERIVED = frozenset({release_search.name, unindexed.name})

#: The configuration that was applied last: one row, or none in a new store.
configuration = Table(
    "configuration",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("digest", Text, nullable=False),  # see feeds.descriptions
    Column("since", Instant, nullable=False),
    Column("applied_by", Text, nullable=False),
    Column("month_zone", Text, nullable=False, server_default="UTC"),  # of ``month_counts``
)

#: How many releases of a feed, in one language, each month lists; see ``months``.
month_counts = Table(
    "month_counts",
    metadata,
    Column("feed", Text, primary_key=True),
    # 202611; 0 for the sum of all months
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("language", Text, primary_key=True),
    Column("releases", Integer, nullable=False),  # without retracted ones
    Column("changed_at", Instant, nullable=False),  # of what the month's pages show
    sqlite_with_rowid=False,
)

#: The id of the store: one row. A file beside the store records it as well.
store_identity = Table(
    "store_identity",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("id", Text, nullable=False),
    Column("restores", Integer, nullable=False, server_default="0"),  # older copies accepted
)

#: The look of pages, apart from the releases they show: one row, or none in a new store.
appearance = Table(
    "appearance",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("digest", Text, nullable=False),  # of the configuration and the program
    Column("since", Instant, nullable=False),
)

#: Where the parts of the sitemap begin, except the first; see ``release_pages``. Only the position
#: counts: the release itself may have left the sitemap or have been deleted.
sitemap_parts = Table(
    "sitemap_parts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("published", Instant, nullable=False),
    Column("release_id", Text, nullable=False),
)

#: The feeds. A feed is stale (its edition is outdated) while ``stale_seq`` > ``rendered_seq``.
feeds = Table(
    "feeds",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),  # ``atom:id``; unchanged when the slug changes
    Column("selection", Text, nullable=False),  # which releases it contains, as last applied
    Column("settings", Text, nullable=False),  # digest of the other settings in its documents
    Column("edition", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("stale_seq", BigInteger, nullable=False),
    Column("rendered_seq", BigInteger, nullable=False),
    Column("stale_since", Instant),  # of the oldest change that is in no edition, while stale
    Column("rendered_settings", Text),  # ``settings`` of the edition; null in older stores
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("failures", Integer, nullable=False),
    Column("trouble", Text),
    Column("ended_at", Instant),  # null while configured; the id is kept for its return
    Column("archives", Integer, nullable=False, server_default="0"),  # number of the last one
    # ``stale_seq`` of the last change that is news; hubs are not pinged about others
    Column("news_seq", BigInteger, nullable=False, server_default="0"),
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

#: The layouts of replaced documents, for clients that ask for changes since one of them.
former_documents = Table(
    "former_documents",
    metadata,
    Column("feed", Text, ForeignKey("feeds.slug", ondelete="CASCADE"), primary_key=True),
    Column("format", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("layout", LargeBinary, nullable=False),
    Column("replaced_at", Instant, nullable=False),
)

#: The archive documents of each feed. ``filings.archive`` lists what each contains.
archives = Table(
    "archives",
    metadata,
    Column(
        "feed",
        Text,
        ForeignKey("feeds.slug", ondelete="CASCADE", onupdate="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),  # 1 for the oldest; never reused
    Column("closed_at", Instant, nullable=False),
    Column("purged_at", Instant),  # when a release was last removed from its bytes
)

#: Releases that left an archive document whose stored bytes may still contain them.
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

#: The bytes of archive documents, stored at the first request for each.
archive_documents = Table(
    "archive_documents",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("links", JSON, nullable=False),  # ``self`` shows whether the bytes are for this address
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

#: The outbox: one row per topic and hub. Requested in the transaction that makes the feed stale;
#: due once the stored edition is newer than ``told_edition``, the last one the hub was pinged for.
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

#: Confirmed subscriptions: callbacks that receive the documents of a topic.
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
    Column("request_id", Integer, nullable=False),  # the request that last confirmed it
    Column("since", Instant, nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("suspended_at", Instant),
    Column("suspended_because", Text),
    UniqueConstraint("feed", "format", "callback"),
    # Covers the query that a distribution runs before it sends.
    Index("ix_subscriptions_topic", "feed", "format", "suspended_at", "expires_at", "id"),
)

#: The delivery state of each subscription. A delivery is due when ``due_at`` is past; a claim moves
#: ``due_at`` forward, so that a dead worker's claims become due again.
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
    Column("due_at", Instant),  # null when nothing is due
    Column("is_failing", Integer, nullable=False),  # 1 from a failure to the next success
    Column("claimed_by", Text),
    Column("attempts", Integer, nullable=False),
    Column("first_failed_at", Instant),
    Column("last_try_at", Instant),
    Column("last_result", Text),
    Column("last_took_ms", Integer),
    Column("delivered_at", Instant),
    # With the host in the index, ten thousand rows of an excluded dead host are skipped quickly.
    Index("ix_deliveries_due", "is_failing", "due_at", "subscription_id", "host"),
    Index(
        "ix_deliveries_failing",
        "host",
        "first_failed_at",
        "subscription_id",
        sqlite_where=text("is_failing = 1"),
    ),
)

#: Callbacks to be verified, and denials to be sent to them. Ids are never reused: of two requests
#: for one subscription, the one with the higher id counts.
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

#: Counts for each hub, including the built-in one.
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

#: Our own subscription at each hub, which shows whether its pushes arrive.
canaries = Table(
    "canaries",
    metadata,
    Column("hub", Text, primary_key=True),
    Column("feed", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),  # part of the callback; cannot be guessed
    Column("secret", Text, nullable=False),
    Column("state", Text, nullable=False),  # new, asked, verified, denied
    Column("due_at", Instant, nullable=False),  # when to send the next subscription request
    Column("attempts", Integer, nullable=False),  # requests since it was last verified
    Column("asked_at", Instant),
    Column("verified_at", Instant),
    Column("expires_at", Instant),
    Column("last_result", Text),
)

#: Each edition that a hub with a canary was pinged for, and when its push arrived. A push may
#: arrive before the hub answers the ping: ``told_at`` is then written after ``arrived_at``.
pushes = Table(
    "pushes",
    metadata,
    Column("hub", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("digest", Text),  # of the document, if it was still current
    Column("told_at", Instant, index=True),
    Column("arrived_at", Instant),
    Column("arrived_edition", Integer),  # a later one if the hub skipped this one
)

#: Rejected documents, until they are accepted.
refusals = Table(
    "refusals",
    metadata,
    Column("document", Text, primary_key=True),
    Column("line", Integer, primary_key=True),  # 0 for a document that is the whole file
    Column("field", Text),
    Column("reason", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("refused_at", Instant, nullable=False, index=True),
    Column("until", Instant),  # when the same document becomes acceptable; null for never
)

#: Files of the watched folders that were read completely, with their state then.
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

#: Background processes, with the state that each last reported.
processes = Table(
    "processes",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("role", Text, nullable=False),  # jobs, hub
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("worked_at", Instant),  # the end of its last run
    Column("did", Text),
    Column("did_at", Instant),
)

#: What operators are told unasked: one row for each thing that is, or lately was, wrong.
alarms = Table(
    "alarms",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # what it is about, such as a feed's slug
    Column("since", Instant, nullable=False),  # when it went wrong
    Column("words", Text, nullable=False),  # fit for any channel: nothing of a release
    Column("detail", Text),  # for operators at the command line alone
    Column("event", Text, nullable=False),  # the last one to be sent: begun, again, over
    Column("event_at", Instant, nullable=False),
    Column("event_seq", BigInteger, nullable=False, index=True),
    Column("absent_since", Instant),  # open, but was not seen any more since then
    Column("over_at", Instant, index=True),  # null while open
)

#: How far each channel has been told. The row with an empty name has the number of the last event,
#: and is locked to make another one.
alarm_channels = Table(
    "alarm_channels",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("sent_seq", BigInteger, nullable=False),
    Column("sent_at", Instant),
    Column("due_at", Instant),  # when to try again after a failure
    Column("claimed_until", Instant),
    Column("attempts", Integer, nullable=False),  # failures in a row
    Column("first_failed_at", Instant),
    Column("last_try_at", Instant),
    Column("last_result", Text),
)

#: The last backup that was made and verified: one row, or none before the first.
backups = Table(
    "backups",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # 1
    Column("taken_at", Instant),  # the moment whose state it holds; null before the first
    Column("place", Text),  # host and path
    Column("size_bytes", BigInteger),
    Column("claimed_until", Instant),  # by a process that makes one by schedule
)

#: Old addresses that imports brought along: to a release, a feed, a page, or (nothing set) gone.
redirects = Table(
    "redirects",
    metadata,
    Column("address", Text, primary_key=True),  # normal form: feeds.model.redirect.OldAddress
    Column("release_id", Text),  # no foreign key: the release may be under embargo
    Column("feed", Text),  # slug
    Column("format", Text),
    Column("page", Text),  # path of ours, or an absolute address
    Column("added_at", Instant, nullable=False),
)

#: How often each redirect was used: those of the configuration by their rule, those of imports by
#: their address.
redirect_uses = Table(
    "redirect_uses",
    metadata,
    Column("origin", Text, primary_key=True),  # yaml, import
    Column("rule", Text, primary_key=True),
    Column("uses", BigInteger, nullable=False),
    Column("used_at", Instant, nullable=False),  # the last time
)

#: Addresses that look like a feed's, are asked for, and lead nowhere.
missing_feeds = Table(
    "missing_feeds",
    metadata,
    Column("address", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
)

#: What a day's pollers are hashed with: one row. It is deleted with the day.
readership_salts = Table(
    "readership_salts",
    metadata,
    Column("day", Text, primary_key=True),  # 2026-03-02, in UTC
    Column("salt", LargeBinary, nullable=False),
)

#: Requests for documents, by day, feed and format. Feeds that were removed keep their rows.
readership_days = Table(
    "readership_days",
    metadata,
    Column("day", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("not_modified", BigInteger, nullable=False),
    Column("unconditional", BigInteger, nullable=False),
    Column("bytes_sent", BigInteger, nullable=False),
    Column("bytes_saved", BigInteger, nullable=False),
    Column("pollers", LargeBinary, nullable=False),  # feeds.model.readership.DistinctSketch
)

#: Requests for documents, by day and user agent.
readership_agents = Table(
    "readership_agents",
    metadata,
    Column("day", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("conditional", BigInteger, nullable=False),
    Column("not_modified", BigInteger, nullable=False),
    Column("compressed", BigInteger, nullable=False),
    Column("bytes_sent", BigInteger, nullable=False),
    Index("ix_readership_agents_agent", "agent", "day"),
)

#: Numbers of subscribers that hosted readers reported, the last one of each day and poller.
readership_reports = Table(
    "readership_reports",
    metadata,
    Column("day", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("feed_id", Text, primary_key=True),
    Column("poller", Text, primary_key=True),  # hash of its network, with the day's salt
    Column("subscribers", BigInteger, nullable=False),
)
