"""What processes prove of their work."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here: nothing is known of any process before it writes it."""
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
