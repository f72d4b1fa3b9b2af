"""A next version of the program: this one, with a migration more.

``python -m tests.support.next_version --config … serve`` runs it; its processes are forked, and so
are of that version as well.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds.store import migrate
from tests.support.running_service import Service

#: The revision of the next version.
REVISION = "0099"

#: The folder of its migrations, for processes.
VARIABLE = "NEXT_VERSION_MIGRATIONS"

_MIGRATION = f'''"""A table of subjects, and an index of titles.

It is never cut.
"""

import random

import sqlalchemy as sa
from alembic import op

from tests.support import next_version

revision = "{REVISION}"
down_revision = "%s"
branch_labels = None
depends_on = None

REWRITES = ("releases",)


def upgrade() -> None:
    """Bring the schema here."""
    op.create_table("subjects", sa.Column("name", sa.Text(), primary_key=True))
    op.create_index("ix_releases_title", "releases", ["title"])
    op.create_table("stuffing", sa.Column("part", sa.LargeBinary()))
    part = sa.table("stuffing", sa.column("part", sa.LargeBinary()))
    for _ in range(%d):
        op.execute(part.insert().values(part=sa.bindparam("part", random.randbytes(100_000))))
    next_version.in_the_middle()
'''

#: Called within the transaction of the upgrade.
in_the_middle: Callable[[], object] = lambda: None  # noqa: E731


def make_migrations(folder: Path, *, megabytes: int = 0) -> Path:
    """Write all migrations, and the next one, into a folder; returns that of Alembic.

    Args:
        folder: Where to.
        megabytes: How much the next one stores.
    """
    made = folder / "migrations"
    shutil.copytree(migrate._MIGRATIONS, made, ignore=shutil.ignore_patterns("__pycache__"))
    text = _MIGRATION % (migrate.revisions()[-1], 10 * megabytes)
    (made / "versions" / f"{REVISION}_next.py").write_text(text, encoding="utf-8")
    return made


class NextVersion(Service):
    """A service of the next version: its migrations are those that `VARIABLE` names."""

    def command(self, *arguments: str) -> list[str]:
        """A call of its command line."""
        python, _, _, *words = super().command(*arguments)
        return [python, "-m", "tests.support.next_version", *words]

    @classmethod
    def of(cls, service: Service) -> "NextVersion":
        """The one that replaces this service."""
        configuration = service.main.read_text("utf-8")
        made = cls(folder=service.folder, store_url=service.store_url, port=service.port)
        made.main.write_text(configuration, encoding="utf-8")
        return made


@contextmanager
def installed(migrations: Path) -> Iterator[None]:
    """This process is of the next version until the end of the block."""
    former = migrate._MIGRATIONS
    _use(migrations)
    try:
        yield
    finally:
        _use(former)


def _use(migrations: Path) -> None:
    migrate._MIGRATIONS = migrations
    migrate.revisions.cache_clear()


if __name__ == "__main__":
    from service.__main__ import main

    _use(Path(os.environ[VARIABLE]))
    main()
