"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
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
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_feeds")),
        sa.UniqueConstraint("id", name=op.f("uq_feeds_id")),
    )
    op.create_table(
        "intake_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_intake_files")),
    )
    op.create_table(
        "names",
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("is_claimed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name=op.f("pk_names")),
    )
    with op.batch_alter_table("names", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_names_is_claimed"), ["is_claimed"], unique=False)

    op.create_table(
        "refusals",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("document", "line", name=op.f("pk_refusals")),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("slug", name=op.f("uq_releases_slug")),
        sa.UniqueConstraint("source_key", name=op.f("uq_releases_source_key")),
    )
    with op.batch_alter_table("releases", schema=None) as batch_op:
        batch_op.create_index(
            "ix_releases_changed", ["changed_at", "published", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_releases_digest"), ["digest"], unique=False)

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
        sa.ForeignKeyConstraint(
            ["feed"], ["feeds.slug"], name=op.f("fk_documents_feed"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed", "format", name=op.f("pk_documents")),
    )
    op.create_table(
        "filings",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_filings_release_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("release_id", "feed", name=op.f("pk_filings")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("filings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_filings_latest", ["feed", "published", "release_id"], unique=False
        )
        batch_op.create_index(
            "ix_filings_window", ["feed", "changed_at", "published", "release_id"], unique=False
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
    with op.batch_alter_table("release_names", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_names_folded"), ["folded"], unique=False)

    op.create_table(
        "revisions",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
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
