"""Upgrades a store of an earlier version, and keeps a backup of it as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feeds.errors import BackupFailed, StoreOutdated
from feeds.store.database import Database
from feeds.store.migrate import UpgradePlan
from service.jobs import backup_files, backups
from service.jobs.backups import BackupMade
from service.logs import get_logger
from service.settings import Settings
from service.stores import make_ready

_log = get_logger(__name__)

#: The folder of the backups of upgrades where ``backup.folder`` is unset, in the data folder.
FOLDER = "backups"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradedStore:
    """A store that has this version's schema now."""

    schema: str
    backup: BackupMade | None


def folder_of(settings: Settings) -> Path:
    """Returns the folder for backups of upgrades."""
    return settings.backup.folder or settings.data_folder / FOLDER


def upgrade_keeping(
    settings: Settings, database: Database, folder: Path | None, *, now: datetime
) -> UpgradedStore:
    """Upgrades a store after a backup of it.

    Args:
        settings: The configuration.
        database: A store of an earlier version.
        folder: For the backup; None for an upgrade without one.
        now: The current time.

    Raises:
        BackupFailed: The backup could not be made; nothing was upgraded.
    """
    made = None
    if folder is not None:
        try:
            backup_files.make_folder(folder)
            made = backups.make_backup(settings, database, folder, now=now)
        except BackupFailed as error:
            raise BackupFailed(
                f"not upgraded, because no backup can be made first: {error}; 'communique store "
                "upgrade --no-backup' upgrades without one"
            ) from error
    schema = make_ready(settings, database)
    if made is not None:
        backups.record(database, made)
    return UpgradedStore(schema=schema, backup=made)


def upgrade_at_start(
    settings: Settings, database: Database, plan: UpgradePlan, *, now: Callable[[], datetime]
) -> UpgradedStore:
    """Upgrades an SQLite store that an earlier version made, when the service starts.

    Raises:
        BackupFailed: The backup could not be made; nothing was upgraded.
        StoreOutdated: The store is on PostgreSQL, where other machines may work with it.
    """
    if not database.is_sqlite:
        raise StoreOutdated(
            f"the store at {database.label} has schema {plan.current}, and this version works "
            f"with {plan.target}: run 'communique store upgrade'; the machines of the earlier "
            "version go on meanwhile"
        )
    begun = now()
    _log.info("upgrading the store", schema=plan.current, to=plan.target, steps=len(plan.steps))
    upgraded = upgrade_keeping(settings, database, folder_of(settings), now=begun)
    _log.info(
        "store upgraded",
        schema=upgraded.schema,
        seconds=round((now() - begun).total_seconds(), 1),
        backup=None if upgraded.backup is None else str(upgraded.backup.path),
    )
    return upgraded


def in_words(plan: UpgradePlan) -> list[str]:
    """Returns what an upgrade will do, one line for each step."""
    lines = []
    for step in plan.steps:
        words = [f"{rows:,} of {name}" for name, rows in step.rewrites.items()]
        rewrites = f"; rows written again: {', '.join(words)}" if words else ""
        lines.append(f"{step.revision}  {step.title}{rewrites}")
    return lines
