"""The tables of 0.1.0, the first version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: A whole number of 64 bits that can be the key of a row: SQLite takes no other type there.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema here."""
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index("ix_acts_subject", "acts", ["subject", "id"], unique=False)
    op.create_table(
        "alarm_channels",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sent_seq", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_try_at", sa.BigInteger(), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_alarm_channels")),
    )
    op.create_table(
        "alarms",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("event_at", sa.BigInteger(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("absent_since", sa.BigInteger(), nullable=True),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_event_seq"), "alarms", ["event_seq"], unique=False)
    op.create_index(op.f("ix_alarms_over_at"), "alarms", ["over_at"], unique=False)
    op.create_table(
        "appearance",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_appearance")),
    )
    op.create_table(
        "backups",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_backups")),
    )
    op.create_table(
        "canaries",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("hub", name=op.f("pk_canaries")),
        sa.UniqueConstraint("token", name=op.f("uq_canaries_token")),
    )
    op.create_table(
        "configuration",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=False),
        sa.Column("month_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_configuration")),
    )
    op.create_table(
        "embargoes",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("held_since", sa.BigInteger(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("category_names", sa.JSON(), nullable=False),
        sa.Column("work", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_id", sa.Text(), nullable=True),
        sa.Column("published_iri", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_embargoes")),
        sa.UniqueConstraint("source_key", name=op.f("uq_embargoes_source_key")),
    )
    op.create_index(op.f("ix_embargoes_digest"), "embargoes", ["digest"], unique=False)
    op.create_index(
        "ix_embargoes_published_id",
        "embargoes",
        ["published_id"],
        unique=False,
        sqlite_where=sa.text("published_id IS NOT NULL"),
        postgresql_where=sa.text("published_id IS NOT NULL"),
    )
    op.create_index(
        "ix_embargoes_published_iri",
        "embargoes",
        ["published_iri"],
        unique=False,
        sqlite_where=sa.text("published_iri IS NOT NULL"),
        postgresql_where=sa.text("published_iri IS NOT NULL"),
    )
    op.create_index(op.f("ix_embargoes_slug"), "embargoes", ["slug"], unique=False)
    op.create_index("ix_embargoes_until", "embargoes", ["until", "release_id"], unique=False)
    op.create_index(
        "ix_embargoes_work",
        "embargoes",
        ["work"],
        unique=False,
        sqlite_where=sa.text("work IS NOT NULL"),
        postgresql_where=sa.text("work IS NOT NULL"),
    )
    op.create_table(
        "feeds",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("stale_seq", sa.BigInteger(), nullable=False),
        sa.Column("rendered_seq", sa.BigInteger(), nullable=False),
        sa.Column("stale_since", sa.BigInteger(), nullable=True),
        sa.Column("rendered_settings", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("archives", sa.Integer(), server_default="0", nullable=False),
        sa.Column("news_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_feeds")),
        sa.UniqueConstraint("id", name=op.f("uq_feeds_id")),
    )
    op.create_table(
        "hub_tallies",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("pings_sent", sa.BigInteger(), nullable=False),
        sa.Column("pings_accepted", sa.BigInteger(), nullable=False),
        sa.Column("deliveries_sent", sa.BigInteger(), nullable=False),
        sa.Column("deliveries_accepted", sa.BigInteger(), nullable=False),
        sa.Column("verifications_sent", sa.BigInteger(), nullable=False),
        sa.Column("verifications_confirmed", sa.BigInteger(), nullable=False),
        sa.Column("pushes_expected", sa.BigInteger(), nullable=False),
        sa.Column("pushes_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_failure_at", sa.BigInteger(), nullable=True),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("hub", name=op.f("pk_hub_tallies")),
    )
    op.create_table(
        "intake_files",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host", "path", name=op.f("pk_intake_files")),
    )
    op.create_table(
        "media",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("is_complete", sa.Integer(), nullable=False),
        sa.Column("unused_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_media")),
    )
    op.create_index(
        op.f("ix_media_unused_since"),
        "media",
        ["unused_since"],
        unique=False,
        sqlite_where=sa.text("unused_since IS NOT NULL"),
        postgresql_where=sa.text("unused_since IS NOT NULL"),
    )
    op.create_table(
        "media_uses",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "digest", "name", name=op.f("pk_media_uses")),
    )
    op.create_index(
        op.f("ix_media_uses_digest"),
        "media_uses",
        ["digest", "name", "is_public"],
        unique=False,
    )
    op.create_index(
        op.f("ix_media_uses_dropped"),
        "media_uses",
        ["holder"],
        unique=False,
        sqlite_where=sa.text("is_public < 0"),
        postgresql_where=sa.text("is_public < 0"),
    )
    op.create_table(
        "media_chunks",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["media.digest"],
            name=op.f("fk_media_chunks_digest_media"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", "number", name=op.f("pk_media_chunks")),
    )
    op.create_table(
        "month_counts",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("releases", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "month", "language", name=op.f("pk_month_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "names",
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("is_claimed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name=op.f("pk_names")),
    )
    op.create_index(op.f("ix_names_is_claimed"), "names", ["is_claimed"], unique=False)
    op.create_table(
        "processes",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("worked_at", sa.BigInteger(), nullable=True),
        sa.Column("did", sa.Text(), nullable=True),
        sa.Column("did_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_processes")),
    )
    op.create_table(
        "pushes",
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=True),
        sa.Column("arrived_edition", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("hub", "feed", "format", "edition", name=op.f("pk_pushes")),
    )
    op.create_index(op.f("ix_pushes_told_at"), "pushes", ["told_at"], unique=False)
    op.create_table(
        "readership_agents",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("conditional", sa.BigInteger(), nullable=False),
        sa.Column("not_modified", sa.BigInteger(), nullable=False),
        sa.Column("compressed", sa.BigInteger(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "agent", name=op.f("pk_readership_agents")),
    )
    op.create_index(
        "ix_readership_agents_agent", "readership_agents", ["agent", "day"], unique=False
    )
    op.create_table(
        "readership_days",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("not_modified", sa.BigInteger(), nullable=False),
        sa.Column("unconditional", sa.BigInteger(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=False),
        sa.Column("bytes_saved", sa.BigInteger(), nullable=False),
        sa.Column("pollers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "feed", "format", name=op.f("pk_readership_days")),
    )
    op.create_table(
        "readership_reports",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("poller", sa.Text(), nullable=False),
        sa.Column("subscribers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "day",
            "feed",
            "format",
            "service",
            "feed_id",
            "poller",
            name=op.f("pk_readership_reports"),
        ),
    )
    op.create_table(
        "readership_salts",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_readership_salts")),
    )
    op.create_table(
        "missing_feeds",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_missing_feeds")),
    )
    op.create_index(op.f("ix_missing_feeds_last_at"), "missing_feeds", ["last_at"], unique=False)
    op.create_table(
        "redirect_uses",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "rule", name=op.f("pk_redirect_uses")),
    )
    op.create_table(
        "redirects",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=True),
        sa.Column("feed", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("page", sa.Text(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_redirects")),
    )
    op.create_table(
        "refusals",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("document", "line", name=op.f("pk_refusals")),
    )
    op.create_index(op.f("ix_refusals_refused_at"), "refusals", ["refused_at"], unique=False)
    op.create_table(
        "imports",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_imports")),
    )
    op.create_table(
        "imported_files",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_imported_files")),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("updated_by_source", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("enclosures", sa.JSON(), nullable=False),
        sa.Column("category_names", sa.JSON(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("work", sa.Text(), nullable=True),
        sa.Column("face", sa.Text(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=True),
        sa.Column("translations", sa.JSON(), nullable=True),
        sa.Column("retracted_at", sa.BigInteger(), nullable=True),
        sa.Column("retraction_reason", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("notice_since", sa.BigInteger(), nullable=True),
        sa.Column("published_id", sa.Text(), nullable=True),
        sa.Column("published_iri", sa.Text(), nullable=True),
        sa.Column("is_permalink", sa.Integer(), nullable=True),
        sa.Column("placed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("slug", name=op.f("uq_releases_slug")),
        sa.UniqueConstraint("source_key", name=op.f("uq_releases_source_key")),
    )
    op.create_index(
        "ix_releases_changed", "releases", ["changed_at", "published", "id"], unique=False
    )
    op.create_index(op.f("ix_releases_digest"), "releases", ["digest"], unique=False)
    op.create_index(
        "uq_releases_published_id",
        "releases",
        ["published_id"],
        unique=True,
        sqlite_where=sa.text("published_id IS NOT NULL"),
        postgresql_where=sa.text("published_id IS NOT NULL"),
    )
    op.create_index(
        "uq_releases_published_iri",
        "releases",
        ["published_iri"],
        unique=True,
        sqlite_where=sa.text("published_iri IS NOT NULL"),
        postgresql_where=sa.text("published_iri IS NOT NULL"),
    )
    op.create_index(
        "ix_releases_notice_since",
        "releases",
        ["notice_since"],
        unique=False,
        sqlite_where=sa.text("notice_since IS NOT NULL"),
        postgresql_where=sa.text("notice_since IS NOT NULL"),
    )
    op.create_index(
        "ix_releases_retracted_at",
        "releases",
        ["retracted_at", "id"],
        unique=False,
        sqlite_where=sa.text("retracted_at IS NOT NULL"),
        postgresql_where=sa.text("retracted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_releases_source",
        "releases",
        ["source"],
        unique=False,
        sqlite_where=sa.text("source IS NOT NULL"),
        postgresql_where=sa.text("source IS NOT NULL"),
    )
    op.create_index(
        "ix_releases_work",
        "releases",
        ["work"],
        unique=False,
        sqlite_where=sa.text("work IS NOT NULL"),
        postgresql_where=sa.text("work IS NOT NULL"),
    )
    op.create_table(
        "sitemap_parts",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sitemap_parts")),
    )
    op.create_table(
        "store_identity",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("restores", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_store_identity")),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_table(
        "archives",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["feed"],
            ["feeds.slug"],
            name=op.f("fk_archives_feed"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("feed", "number", name=op.f("pk_archives")),
    )
    op.create_table(
        "documents",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("gzip", sa.LargeBinary(), nullable=False),
        sa.Column("layout", sa.LargeBinary(), server_default="", nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["feed"], ["feeds.slug"], name=op.f("fk_documents_feed"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed", "format", name=op.f("pk_documents")),
    )
    op.create_table(
        "doubtful_filings",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_doubtful_filings_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_doubtful_filings")),
    )
    op.create_table(
        "filings",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.Text(), server_default="", nullable=False),
        sa.Column("archive", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_filings_release_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("release_id", "feed", name=op.f("pk_filings")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_filings_archive",
        "filings",
        ["feed", "archive", "placed_at", "published", "release_id"],
        unique=False,
    )
    op.create_index(
        "ix_filings_latest", "filings", ["feed", "published", "release_id"], unique=False
    )
    op.create_index(
        "ix_filings_window",
        "filings",
        ["feed", "placed_at", "published", "release_id", "stamp", "archive"],
        unique=False,
    )
    op.create_table(
        "former_documents",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("layout", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed"], ["feeds.slug"], name=op.f("fk_former_documents_feed"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed", "format", "digest", name=op.f("pk_former_documents")),
    )
    op.create_table(
        "fragments",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_fragments_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", "format", name=op.f("pk_fragments")),
    )
    op.create_table(
        "pings",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("wanted_seq", sa.BigInteger(), nullable=False),
        sa.Column("told_edition", sa.Integer(), nullable=False),
        sa.Column("has_failed", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("first_failed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_try_at", sa.BigInteger(), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["feed"], ["feeds.slug"], name=op.f("fk_pings_feed"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed", "format", "hub", name=op.f("pk_pings")),
    )
    op.create_table(
        "release_names",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["folded"], ["names.folded"], name=op.f("fk_release_names_folded")),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_release_names_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", "folded", name=op.f("pk_release_names")),
    )
    op.create_index(op.f("ix_release_names_folded"), "release_names", ["folded"], unique=False)
    op.create_table(
        "release_search",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column(
            "terms", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False
        ),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_release_search_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_release_search")),
        sa.UniqueConstraint("release_id", name=op.f("uq_release_search_release_id")),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Our terms come apart at spaces alone: ``ascii`` takes all other characters for letters.
        op.execute(
            "CREATE VIRTUAL TABLE release_terms USING fts5 (terms, content='release_search', "
            "content_rowid='number', tokenize='ascii', columnsize=0)"
        )
    else:
        op.create_index(
            "ix_release_search_terms",
            "release_search",
            ["terms"],
            unique=False,
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        )
    op.create_table(
        "unindexed",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_unindexed_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_unindexed")),
    )
    op.create_table(
        "revisions",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
        sa.Column("notes", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_revisions_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", "revision", name=op.f("pk_revisions")),
    )
    op.create_table(
        "set_aside",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_set_aside_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", "format", name=op.f("pk_set_aside")),
    )
    op.create_table(
        "subscription_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("lease_s", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed"],
            ["feeds.slug"],
            name=op.f("fk_subscription_requests_feed"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_requests")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_subscription_requests_due_at"), "subscription_requests", ["due_at"], unique=False
    )
    op.create_index(
        op.f("ix_subscription_requests_host"), "subscription_requests", ["host"], unique=False
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("wire", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("lease_s", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("suspended_at", sa.BigInteger(), nullable=True),
        sa.Column("suspended_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["feed"],
            ["feeds.slug"],
            name=op.f("fk_subscriptions_feed"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "feed", "format", "callback", name=op.f("uq_subscriptions_feed_format_callback")
        ),
    )
    op.create_index(
        op.f("ix_subscriptions_expires_at"), "subscriptions", ["expires_at"], unique=False
    )
    op.create_index(op.f("ix_subscriptions_host"), "subscriptions", ["host"], unique=False)
    op.create_index(
        "ix_subscriptions_topic",
        "subscriptions",
        ["feed", "format", "suspended_at", "expires_at", "id"],
        unique=False,
    )
    op.create_table(
        "archive_documents",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("gzip", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed", "number"],
            ["archives.feed", "archives.number"],
            name=op.f("fk_archive_documents_feed_number"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("feed", "number", "format", name=op.f("pk_archive_documents")),
    )
    op.create_table(
        "deliveries",
        sa.Column("subscription_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("wanted_edition", sa.Integer(), nullable=False),
        sa.Column("delivered_edition", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("is_failing", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_failed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_try_at", sa.BigInteger(), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.Column("last_took_ms", sa.Integer(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_deliveries_subscription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["is_failing", "due_at", "subscription_id", "host"],
        unique=False,
    )
    op.create_index(
        "ix_deliveries_failing",
        "deliveries",
        ["host", "first_failed_at", "subscription_id"],
        unique=False,
        sqlite_where=sa.text("is_failing = 1"),
        postgresql_where=sa.text("is_failing = 1"),
    )
    op.create_table(
        "departures",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed", "number"],
            ["archives.feed", "archives.number"],
            name=op.f("fk_departures_feed_number"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["releases.id"],
            name=op.f("fk_departures_release_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("release_id", "feed", "number", name=op.f("pk_departures")),
    )
    op.create_table(
        "upstreams",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fetch_url", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("is_configured", sa.Integer(), nullable=False),
        sa.Column("validated_url", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("moved_since", sa.BigInteger(), nullable=True),
        sa.Column("is_partial", sa.Integer(), nullable=False),
        sa.Column("last_poll_at", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("first_success_at", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("not_modified", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_upstreams")),
    )
    op.create_index(op.f("ix_upstreams_due_at"), "upstreams", ["due_at"], unique=False)
    op.create_index(op.f("ix_upstreams_host"), "upstreams", ["host"], unique=False)
    op.create_table(
        "upstream_items",
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("shared", sa.Text(), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_owner", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upstream"],
            ["upstreams.slug"],
            name=op.f("fk_upstream_items_upstream"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upstream", "item", name=op.f("pk_upstream_items")),
    )
    op.create_index(
        "ix_upstream_items_owned",
        "upstream_items",
        ["shared"],
        unique=True,
        sqlite_where=sa.text("is_owner = 1"),
        postgresql_where=sa.text("is_owner = 1"),
    )
    op.create_index(
        "ix_upstream_items_shared",
        "upstream_items",
        ["shared"],
        unique=False,
        sqlite_where=sa.text("shared IS NOT NULL"),
        postgresql_where=sa.text("shared IS NOT NULL"),
    )
    op.create_index(
        "ix_upstream_items_taken", "upstream_items", ["upstream", "taken_at"], unique=False
    )
    op.create_table(
        "upstream_subscriptions",
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_result", sa.Text(), nullable=True),
        sa.Column("pushes", sa.Integer(), nullable=False),
        sa.Column("came_by_push", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upstream"],
            ["upstreams.slug"],
            name=op.f("fk_upstream_subscriptions_upstream"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upstream", name=op.f("pk_upstream_subscriptions")),
        sa.UniqueConstraint("token", name=op.f("uq_upstream_subscriptions_token")),
    )
    op.create_index(
        op.f("ix_upstream_subscriptions_hub"), "upstream_subscriptions", ["hub"], unique=False
    )
    op.create_table(
        "upstream_pushes",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upstream"],
            ["upstreams.slug"],
            name=op.f("fk_upstream_pushes_upstream"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upstream_pushes")),
    )
    op.create_index(
        op.f("ix_upstream_pushes_upstream"), "upstream_pushes", ["upstream"], unique=False
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("face", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("preview", name=op.f("uq_drafts_preview")),
    )
    op.create_index("ix_drafts_changed", "drafts", ["changed_at", "id"], unique=False)
    op.create_index(op.f("ix_drafts_source_key"), "drafts", ["source_key"], unique=False)
    op.create_table(
        "desk_key",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_desk_key")),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index(op.f("ix_sign_in_attempts_since"), "sign_in_attempts", ["since"], unique=False)
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_sessions_user")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_seen_at"), "sessions", ["seen_at"], unique=False)
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"], unique=False)
