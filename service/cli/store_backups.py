"""``communique store backup`` and ``restore``."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from feeds.errors import BackupFailed
from feeds.store import migrate
from service.cli.application import clock_of, existing_store, name_store, opened_store
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of
from service.cli.configuration import settings_of, sources_of
from service.cli.output import counted, moment, plain, print_json, print_message, print_text
from service.jobs import backup_files, backups
from service.jobs.backup_files import BackupFile
from service.jobs.backups import BackupMade
from service.processes.locks import EXCLUSIVE_ROLES, role_lock
from service.settings import Settings
from service.store_clock import machine_clock
from service.stores import open_older


def register(app: typer.Typer) -> None:
    """Adds the commands to their group."""
    app.command()(backup)
    app.command()(restore)


def backup(
    ctx: typer.Context,
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE|DIR]",
            help="A file to write, ending in .tar; or a folder, in which the file is named by the "
            "moment. [default: backup.folder]",
        ),
    ] = None,
    *,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            min=1,
            metavar="N",
            help="In a folder: delete older backups of this store, except the newest N.",
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a backup of the store and its configuration, and verify it.

    The service may run meanwhile. The backup holds everything that was accepted before it began,
    texts under embargo too: only its owner may read it. Files with secrets are not in it; their
    names are shown. It gets its name when it is whole. Twice the store's size has to be free.

    On PostgreSQL this runs pg_dump, which must be as new as the server.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    place = target or settings.backup.folder
    if place is None:
        raise typer.BadParameter("name a file or folder, or set backup.folder")
    if target is None:
        backup_files.make_folder(place)
    if not place.is_dir() and (keep or place.suffix != ".tar"):
        raise BackupFailed(f"there is no folder {place}: create it, or name a file ending in .tar")
    with existing_store(settings) as database:
        name_store(call, database)
        clock = clock_of(database)
        begun = clock()
        made = backups.make_backup(settings, database, place, now=begun)
        is_recorded = backups.record(database, made)
        took_s = (clock() - begun).total_seconds()
    deleted = backups.delete_older(made, keep=keep) if keep else []
    if not is_recorded:
        print_message("communique: the backup is good, but the store cannot record its time")
    _print_backup(call, made, took_s, deleted)


def _print_backup(call: Invocation, made: BackupMade, took_s: float, deleted: list[Path]) -> None:
    manifest = made.manifest
    if call.as_json:
        print_json(
            {
                "backup": str(made.path),
                "size_bytes": made.size_bytes,
                "at": manifest.taken_at,
                "store_id": manifest.store_id,
                "schema": manifest.schema,
                "releases": manifest.rows["releases"],
                "seconds": round(took_s, 1),
                "needs": list(manifest.needs),
                "deleted": [str(path) for path in deleted],
            }
        )
        return
    releases = counted(manifest.rows["releases"], "release")
    print_text(
        f"{plain(made.path)}: {releases}, {made.size_bytes:,} bytes, verified, {took_s:.1f} s"
    )
    for path in deleted:
        print_text(f"deleted    {plain(path)}")
    for need in manifest.needs:
        print_text(f"not in it  {plain(need)}")


def restore(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file of 'store backup'.")],
    *,
    configuration: Annotated[
        Path | None,
        typer.Option(
            "--configuration",
            metavar="DIR",
            help="Write the YAML files of the backup into this folder first, and restore by them.",
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore the store of a backup into an empty place.

    The place is the one that the configuration names, as with every command: no SQLite file, or a
    database without tables. Every part is compared with its digest first; an older store is
    upgraded, and documents are dated anew, as 'store restored' does. No service may run on it.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with backup_files.opened(source) as found:
        if configuration is not None:
            call = _with_configuration(call, found, configuration)
        settings = settings_of(call)
        with _alone(settings):
            restored = backups.restore_store(settings, found, now=machine_clock())
    manifest = restored.manifest
    if call.as_json:
        print_json(
            {
                "store": _label(settings),
                "backup": str(source),
                "at": manifest.taken_at,
                "schema": restored.schema,
                "releases": manifest.rows["releases"],
                "documents": restored.documents,
                "needs": list(manifest.needs),
            }
        )
        return
    releases = counted(manifest.rows["releases"], "release")
    print_text(
        f"{plain(_label(settings))}: {releases} as of {moment(manifest.taken_at)}, "
        f"{restored.documents} documents dated anew"
    )
    for need in manifest.needs:
        print_text(f"needs      {plain(need)}")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Makes sure that no service works on the data folder until the end of the block.

    Raises:
        AlreadyRunning: One does.
    """
    with ExitStack() as stack:
        if migrate.sqlite_file(settings.store.url.reveal()) is not None:
            for role in EXCLUSIVE_ROLES:
                stack.enter_context(role_lock(settings.data_folder, role, wait_s=0))
        yield


def _with_configuration(call: Invocation, source: BackupFile, folder: Path) -> Invocation:
    """Writes the configuration, and returns the call by it."""
    main = backups.write_configuration(source, folder)
    categories = folder / source.manifest.categories_name
    by_it = replace(call, config=main)
    named = Path(sources_of(by_it).categories.path)
    if named.resolve() != categories.resolve():
        print_message(f"{main} names {named}: set categories_file to {categories.absolute()}")
        override = f"categories_file={categories.absolute()}"
        by_it = replace(by_it, overrides=(*by_it.overrides, override))
    print_message(f"configuration: {main}, {categories}")
    return by_it


def _label(settings: Settings) -> str:
    with opened_store(settings, open_it=open_older) as database:
        return database.label
