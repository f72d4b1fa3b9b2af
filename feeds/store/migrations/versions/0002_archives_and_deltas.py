"""What an entry is known by, archive documents, and what former documents held."""

import json
from collections import defaultdict
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: Releases stamped in one go.
RELEASES_A_STEP = 1_000


def upgrade() -> None:
    """Bring the schema here."""
    with op.batch_alter_table("filings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stamp", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("archive", sa.Integer(), nullable=True))
        batch_op.drop_index("ix_filings_window")
    _stamp_filings()
    with op.batch_alter_table("filings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_filings_window",
            ["feed", "changed_at", "published", "release_id", "stamp", "archive"],
            unique=False,
        )
        batch_op.create_index(
            "ix_filings_archive",
            ["feed", "archive", "changed_at", "published", "release_id"],
            unique=False,
        )
    with op.batch_alter_table("feeds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archives", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("layout", sa.LargeBinary(), nullable=False, server_default="")
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
        "archives",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed"],
            ["feeds.slug"],
            name=op.f("fk_archives_feed"),
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("feed", "number", name=op.f("pk_archives")),
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
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("feed", "number", "format", name=op.f("pk_archive_documents")),
    )


def _stamp_filings() -> None:
    """Write what each filing will be known by, as ``feeds.model.filing.stamp`` has it today."""
    connection = op.get_bind()
    page = sa.text(
        "SELECT id, digest, updated FROM releases WHERE id > :after ORDER BY id LIMIT :n"
    )
    filed = sa.text("SELECT release_id, feed FROM filings WHERE release_id IN :ids").bindparams(
        sa.bindparam("ids", expanding=True)
    )
    write = sa.text("UPDATE filings SET stamp = :stamp WHERE release_id = :id")
    after = ""
    while rows := connection.execute(page, {"after": after, "n": RELEASES_A_STEP}).all():
        feeds: dict[str, list[str]] = defaultdict(list)
        for release_id, feed in connection.execute(filed, {"ids": [row.id for row in rows]}):
            feeds[release_id].append(feed)
        stamps = [
            {"id": row.id, "stamp": _stamp(row.digest, row.updated, feeds[row.id])} for row in rows
        ]
        connection.execute(write, stamps)
        after = rows[-1].id


def _stamp(digest: str, updated: int, feeds: list[str]) -> str:
    seen = json.dumps([digest, updated // 1_000_000, sorted(feeds)])
    return sha256(seen.encode("ascii")).hexdigest()[:32]
