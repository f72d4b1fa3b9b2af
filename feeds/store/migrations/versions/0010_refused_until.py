"""Until when a document is refused that lacks nothing but time."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.add_column("refusals", sa.Column("until", sa.BigInteger(), nullable=True))
