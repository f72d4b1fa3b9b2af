"""What a release's document said as it was written, so that it is known when it comes again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.add_column("releases", sa.Column("source", sa.Text(), nullable=True))
    op.create_index("ix_releases_source", "releases", ["source"])
