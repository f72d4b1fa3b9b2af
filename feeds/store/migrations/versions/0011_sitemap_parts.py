"""Where the parts of the sitemap begin, so that none is counted out from the first page."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here. Parts are divided when the sitemap is first asked for."""
    op.create_table(
        "sitemap_parts",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_sitemap_parts"),
    )
