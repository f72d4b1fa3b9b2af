"""Since when feeds hold a notice of a release, for the look at those whose time is over."""

import json
from collections import defaultdict
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here: what feeds show of retracted releases goes when it would have."""
    op.add_column("releases", sa.Column("notice_since", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE releases SET notice_since = changed_at WHERE retracted_at IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM filings WHERE filings.release_id = releases.id)"
    )
    op.create_index(
        op.f("ix_releases_notice_since"),
        "releases",
        ["notice_since"],
        unique=False,
        sqlite_where=sa.text("notice_since IS NOT NULL"),
        postgresql_where=sa.text("notice_since IS NOT NULL"),
    )
    _stamp_filings()


def _stamp_filings() -> None:
    """Write what these releases are known by, as ``feeds.model.filing.stamp`` has it today."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT id, coalesce(face, digest) AS digest, updated, notice_since, feed FROM releases"
            " JOIN filings ON release_id = id WHERE notice_since IS NOT NULL"
        )
    ).all()
    feeds: dict[str, list[str]] = defaultdict(list)
    for row in found:
        feeds[row.id].append(row.feed)
    write = sa.text("UPDATE filings SET stamp = :stamp WHERE release_id = :id")
    for row in {row.id: row for row in found}.values():
        seconds = [moment // 1_000_000 for moment in (row.updated, row.notice_since)]
        seen = json.dumps([row.digest, seconds[0], sorted(feeds[row.id]), seconds[1]])
        stamp = sha256(seen.encode("ascii")).hexdigest()[:32]
        connection.execute(write, {"id": row.id, "stamp": stamp})
