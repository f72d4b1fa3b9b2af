#!/usr/bin/env bash
# A generated column stops every batch migration of its table.
#
# Guess: SQLAlchemy reflects generated columns (Computed), so Alembic's batch mode makes them anew and copies the others.
# True:  it copies them, too: "cannot INSERT into generated column", whichever column the migration is about, virtual or
#        stored, also with the table given by hand. On PostgreSQL the same migration is one ALTER and works.
# Seen:  Alembic 1.20.1, SQLAlchemy 2.1.9, November 2026.
# For us: no generated columns; what would be one is computed when a row is written.
. "$(dirname "$0")/lib.sh"
pip_install alembic==1.20.1 SQLAlchemy==2.1.9

"$python" - >"$seen" <<'PY'
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

for persisted in (False, True):
    for given in (False, True):
        with sa.create_engine("sqlite://").connect() as connection:
            releases = sa.Table(
                "releases",
                sa.MetaData(),
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("text", sa.Text),
                sa.Column("size", sa.Integer, sa.Computed("length(text)", persisted=persisted)),
            )
            releases.create(connection)
            operations = Operations(MigrationContext.configure(connection))
            how = f"{'stored' if persisted else 'virtual'}, {'table given' if given else 'table reflected'}"
            try:
                with operations.batch_alter_table("releases", copy_from=releases if given else None) as batch:
                    batch.alter_column("text", nullable=False)
                print(f"{how}: done")
            except sa.exc.OperationalError as error:
                print(f"{how}: {error.orig}")
PY
compare <<'END'
virtual, table reflected: cannot INSERT into generated column "size"
virtual, table given: cannot INSERT into generated column "size"
stored, table reflected: cannot INSERT into generated column "size"
stored, table given: cannot INSERT into generated column "size"
END
