"""What a document says of its feed's last change, which is kept while all else in it stays."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here."""
    op.add_column("documents", sa.Column("updated", sa.BigInteger(), nullable=True))
