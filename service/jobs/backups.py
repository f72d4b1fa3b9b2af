"""Backups of a store with its configuration: made while the service runs, verified, restored."""

import os
import re
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from feeds.errors import BackupFailed, StoreConflict, StoreUnavailable
from feeds.store import backup as stores
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.state import LastBackup, StoreState
from service.jobs import backup_files, postgres_tools
from service.jobs.backup_files import BackupFile, BackupPart, Manifest
from service.logs import get_logger
from service.settings import Settings, Sources
from service.stores import StoreNote, open_older, record_state

_log = get_logger(__name__)

SQLITE, POSTGRES = "sqlite", "postgresql"

#: The names of the parts.
_STORE = {SQLITE: "store.db", POSTGRES: "store.pgdump"}
_CONFIGURATION = "configuration/"

#: Backups in a folder, by the moment that they hold.
_DATED = re.compile(r"communique-\d{8}T\d{6}Z\.tar")

#: How long a scheduled backup may take before another process may begin one instead.
CLAIMED_FOR = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    """A backup that was written and verified."""

    path: Path
    size_bytes: int
    manifest: Manifest

    @property
    def as_last(self) -> LastBackup:
        """How the store remembers it."""
        return LastBackup(
            taken_at=self.manifest.taken_at,
            place=f"{self.manifest.host}:{self.path}",
            size_bytes=self.size_bytes,
        )


def make_backup(
    settings: Settings,
    database: Database,
    target: Path,
    *,
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
) -> BackupMade:
    """Writes a backup of the store and its configuration, and verifies it.

    The service may run, and publish, meanwhile. The backup holds what was stored when this began.
    It gets its name when it is whole and on the disk. Twice the store's size has to be free there.

    Args:
        settings: The configuration.
        database: The store.
        target: A file that does not exist; or a folder, for a file named by the moment.
        now: The moment that the backup holds.
        should_stop: Called often; the backup is broken off when it returns True.

    Raises:
        BackupFailed: There is no backup; nothing is left of it.
        StoreUnavailable: The store cannot be read.
    """
    with backup_files.said_of_disk(target):
        target = _named(target, now)

    def check() -> None:
        if should_stop():
            raise BackupFailed("the backup was broken off")

    with backup_files.writing(target) as folder:
        kind = SQLITE if database.is_sqlite else POSTGRES
        path = folder / _STORE[kind]
        backup_files.new_file(path).close()
        schema_name = ""
        if kind == SQLITE:
            held = stores.copy_sqlite(database, path, should_stop=should_stop)
            _require_same(path, held)
        else:
            held, schema_name = _dumped(settings, database, path, check)
        files, needs = _configuration(settings.sources)

        def manifest(parts: tuple[BackupPart, ...]) -> Manifest:
            names = [name.removeprefix(_CONFIGURATION) for name, _ in files]
            return Manifest(
                taken_at=now,
                program=version("communique"),
                host=os.uname().nodename,
                kind=kind,
                store_id=held.store_id,
                schema=held.schema,
                schema_name=schema_name,
                rows=dict(held.rows),
                main_name=names[0] if names else "",
                categories_name=names[1] if names else "",
                needs=tuple(needs),
                parts=parts,
            )

        made, size_bytes = backup_files.write(
            folder, [(path.name, path), *files], manifest, target, check=check
        )
    return BackupMade(path=target, size_bytes=size_bytes, manifest=made)


def record(database: Database, made: BackupMade) -> bool:
    """Records in the store when it was backed up; False when nothing can be stored."""
    try:
        database.run_in_transaction(lambda tx: tx.backups.record(made.as_last))
    except (StoreUnavailable, StoreConflict) as error:
        _log.warning("backup cannot be recorded", path=str(made.path), reason=str(error))
        return False
    return True


def delete_older(made: BackupMade, *, keep: int) -> list[Path]:
    """Deletes backups of the same store beside *made*, except the newest *keep*.

    Files that are not named by their moment, and backups of other stores, stay.
    """
    found = [path for path in made.path.parent.iterdir() if _DATED.fullmatch(path.name)]
    ours = [path for path in sorted(found) if _store_id(path) == made.manifest.store_id]
    deleted = ours[: -max(1, keep)]
    for path in deleted:
        with backup_files.said_of_disk(path):
            path.unlink()
    return deleted


def back_up_when_due(
    settings: Settings,
    database: Database,
    *,
    now: Callable[[], datetime],
    should_stop: Callable[[], bool],
) -> BackupMade | None:
    """Makes the scheduled backup if it is due and no other process makes it.

    Raises:
        BackupFailed: It could not be made; it is tried again when the claim has ended.
        StoreUnavailable: The store cannot be used.
    """
    folder = settings.backup.folder
    if folder is None:
        return None
    begun, every = now(), timedelta(hours=settings.backup.every_hours)
    with database.read() as tx:
        if not tx.backups.is_due(every=every, now=begun):
            return None
    until = begun + min(CLAIMED_FOR, every)
    claim = database.run_in_transaction(
        lambda tx: tx.backups.claim(every=every, until=until, now=begun)
    )
    if not claim:
        return None
    backup_files.make_folder(folder)
    made = make_backup(settings, database, folder, now=begun, should_stop=should_stop)
    record(database, made)
    deleted = delete_older(made, keep=settings.backup.keep)
    _log.info(
        "backup made",
        path=str(made.path),
        bytes=made.size_bytes,
        seconds=round((now() - begun).total_seconds(), 1),
        deleted=len(deleted),
    )
    return made


def _named(target: Path, moment: datetime) -> Path:
    if not target.is_dir():
        return target
    while (path := target / f"communique-{moment:%Y%m%dT%H%M%SZ}.tar").exists():
        moment += timedelta(seconds=1)  # a service that is started again within one
    return path


def _store_id(path: Path) -> str | None:
    try:
        with backup_files.opened(path) as found:
            return found.manifest.store_id
    except BackupFailed:
        return None


def _require_same(path: Path, held: stores.StoreContents) -> None:
    with closing(stores.open_copy(path)) as copy:
        faults = stores.faults_of_copy(copy, held)
    if faults:
        raise BackupFailed(
            f"the copy is not sound, and was deleted: {faults[0]}; run 'communique store check'"
        )


def _dumped(
    settings: Settings, database: Database, path: Path, check: Callable[[], object]
) -> tuple[stores.StoreContents, str]:
    address = stores.server_address(settings.store.url.reveal())
    with stores.server_snapshot(database) as snapshot:
        postgres_tools.require_dump(snapshot.server_version)
        postgres_tools.dump(address, snapshot, path, check=check)
    counted = postgres_tools.count_rows(path, check=check)
    for table, count in snapshot.contents.rows.items():
        if counted[table] != count:
            raise BackupFailed(f"the dump has {counted[table]} rows of {table} instead of {count}")
    return snapshot.contents, snapshot.schema_name


def _configuration(sources: Sources | None) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Returns the files of the configuration as parts, and what else it needs.

    The YAML files come first. Files of pages are parts if they are beside the main file or below.
    """
    if sources is None:
        return [], []
    main, categories = Path(sources.main.path), Path(sources.categories.path)
    inside = categories.name
    with suppress(ValueError):
        inside = categories.relative_to(main.parent).as_posix()
    if ".." in Path(inside).parts or inside == main.name:
        inside = f"{categories.stem}-copy{categories.suffix}"
    files = [(main.name, sources.main.text), (inside, sources.categories.text)]
    elsewhere = []
    pages = [sources.stylesheet] if sources.stylesheet else []
    for file in (*pages, *sources.templates.values()):
        path = Path(file.path)
        beside = path.relative_to(main.parent) if path.is_relative_to(main.parent) else None
        if beside is None or ".." in beside.parts:
            elsewhere.append(file.path)
        else:
            files.append((beside.as_posix(), file.text))
    secrets = [sources.store_url.path] if sources.store_url else []
    secrets += [file.path for file in sources.secret_files.values()]
    needs = [f"file {path}" for path in (*secrets, *elsewhere)]
    needs += [f"variable {name}" for name in sources.variables]
    needs += [f"--set {each.partition('=')[0]}" for each in sources.overrides]
    return [(_CONFIGURATION + name, (text or "").encode()) for name, text in files], needs


# Restoring.


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredStore:
    """A store that was restored."""

    manifest: Manifest
    schema: str  #: after the upgrade to this version
    documents: int  #: whose date is new


def write_configuration(source: BackupFile, folder: Path) -> Path:
    """Writes the configuration of a backup into a folder that has none of its files.

    Returns:
        The main file.

    Raises:
        BackupFailed: A file is there already, or cannot be written.
    """
    manifest = source.manifest
    names = [name for name in (manifest.main_name, manifest.categories_name) if name]
    if not names:
        raise BackupFailed(f"{source.path} has no configuration")
    parts = [each.name for each in manifest.parts if each.name.startswith(_CONFIGURATION)]
    others = [name.removeprefix(_CONFIGURATION) for name in parts]
    names += [name for name in others if name not in names]
    paths = [folder / name for name in names]
    for path in paths:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BackupFailed(f"{source.path} names a file outside of {folder}: {path}")
        if path.exists():
            raise BackupFailed(f"{path} exists already: name an empty folder")
    with backup_files.said_of_disk(folder):
        for name, path in zip(names, paths, strict=True):
            text = source.text(_CONFIGURATION + name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with backup_files.new_file(path) as file:
                file.write(text)
    return paths[0]


def restore_store(
    settings: Settings,
    source: BackupFile,
    *,
    now: datetime,
) -> RestoredStore:
    """Restores the store of a backup into the configured place, which must be empty.

    It is upgraded to this version's schema, verified, and its documents are dated anew, before it
    gets its name. On PostgreSQL its tables are created in one transaction. No service may work on
    the data folder: the caller holds the locks of its roles.

    Raises:
        BackupFailed: The backup is damaged, or the place is not empty.
        StoreOutdated: The backup was made by a newer version.
    """
    manifest = source.manifest
    migrate.require_known(manifest.schema, what=f"the store in {source.path}")
    kind = POSTGRES if migrate.sqlite_file(settings.store.url.reveal()) is None else SQLITE
    if kind != manifest.kind:
        raise BackupFailed(
            f"{source.path} is of a store on {manifest.kind}, and store.url is one on {kind}: "
            "restore it into such a store, then run 'communique store copy'"
        )
    known = StoreNote(settings).read()
    if known is not None and known.id != manifest.store_id:
        raise BackupFailed(
            f"{StoreNote(settings).path} says that another store was here: use another "
            "data_folder, or run 'communique store adopt' first"
        )
    source.require_whole()
    restore = _restore_file if kind == SQLITE else _restore_tables
    restored = restore(settings, source, known, now)
    with closing(open_older(settings)) as database:
        record_state(settings, database)
    return restored


def _restore_file(
    settings: Settings, source: BackupFile, known: StoreState | None, now: datetime
) -> RestoredStore:
    path = migrate.sqlite_file(settings.store.url.reveal())
    if path is None:
        raise TypeError("this is no SQLite store")
    for each in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
        if each.exists():
            raise BackupFailed(f"{each} exists already: a backup is restored into an empty place")
    backup_files.make_folder(path.parent)
    with backup_files.writing(path) as folder:
        copy = folder / "store.db"
        with backup_files.new_file(copy) as file:
            source.copy(_STORE[SQLITE], file)
        restored = _made_current(stores.open_copy(copy), source, known, now)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        copy.rename(path)
        backup_files.sync_folder(path.parent)
    return restored


def _restore_tables(
    settings: Settings, source: BackupFile, known: StoreState | None, now: datetime
) -> RestoredStore:
    url = settings.store.url.reveal()
    with closing(Database.open(url)) as database:
        if not stores.is_empty(database):
            raise BackupFailed(
                f"{database.label} has tables already: a backup is restored into an empty database"
            )
        with database.read() as tx:
            schema_name = stores.current_schema(tx)
    if schema_name != source.manifest.schema_name:
        raise BackupFailed(
            f"{source.path} is of the schema {source.manifest.schema_name!r}, and store.url "
            f"leads to {schema_name!r}: they must have the same name"
        )
    folder = settings.data_folder
    backup_files.make_folder(folder)
    with backup_files.writing(folder / ".store.pgdump") as private:
        path = private / "store.pgdump"
        with backup_files.new_file(path) as file:
            source.copy(_STORE[POSTGRES], file)
        postgres_tools.restore(stores.server_address(url), path)
    return _made_current(Database.open(url), source, known, now)


def _made_current(
    database: Database, source: BackupFile, known: StoreState | None, now: datetime
) -> RestoredStore:
    """Verifies a restored store, upgrades it and dates its documents anew; then closes it."""
    manifest = source.manifest
    expected = stores.StoreContents(
        store_id=manifest.store_id, schema=manifest.schema, rows=manifest.rows
    )
    last = LastBackup(
        taken_at=manifest.taken_at,
        place=f"{manifest.host}:{source.path}",
        size_bytes=source.path.stat().st_size,
    )
    with closing(database):
        if faults := stores.faults_of_copy(database, expected):
            raise BackupFailed(f"{source.path} is not what it says: {faults[0]}")
        schema = migrate.upgrade(database)
        documents = stores.accept_restored(database, now=now, known=known)
        with database.transaction() as tx:
            tx.backups.record(last)
        if database.is_sqlite and not database.checkpoint():
            raise BackupFailed("the restored store is in use by another program")
    return RestoredStore(manifest=manifest, schema=schema, documents=documents)
