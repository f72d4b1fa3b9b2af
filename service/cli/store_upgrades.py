"""``communique store upgrade``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from feeds.errors import StoreOutdated
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.migrate import UpgradePlan
from service.cli.application import clock_of, opened_store
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of
from service.cli.configuration import settings_of
from service.cli.output import plain, print_json, print_text
from service.jobs import upgrading
from service.stores import make_ready


def register(app: typer.Typer) -> None:
    """Adds the command to its group."""
    app.command()(upgrade)


def upgrade(
    ctx: typer.Context,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")
    ] = False,
    backup: Annotated[
        Path | None,
        typer.Option(
            "--backup",
            metavar="DIR",
            help="Folder of the backup. [default: backup.folder, or backups in data_folder]",
        ),
    ] = None,
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Keep no backup of the store as it was.")
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upgrade the store to this version's schema, or create it if it is missing.

    Shows the migrations, the rows that they write again and a rough time, asks, writes a backup
    ('store backup'), and upgrades in one transaction: all of it, or nothing. Services of the
    earlier version serve documents meanwhile, and go on; restart them one by one.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    with opened_store(settings) as database:
        plan = migrate.plan(database)
        if plan is None:
            _print_schema(call, database, make_ready(settings, database))
            return
        folder = None if no_backup else backup or upgrading.folder_of(settings)
        _show(call, database, plan, folder)
        if not (yes or _is_agreed()):
            raise StoreOutdated("nothing was upgraded: run it again with --yes")
        clock = clock_of(database)
        begun = clock()
        upgraded = upgrading.upgrade_keeping(settings, database, folder, now=begun)
        took_s = (clock() - begun).total_seconds()
        kept = None if upgraded.backup is None else str(upgraded.backup.path)
        if call.as_json:
            print_json(
                {
                    "store": database.label,
                    "schema": upgraded.schema,
                    "from": plan.current,
                    "backup": kept,
                    "seconds": round(took_s, 1),
                }
            )
            return
        if kept is not None:
            print_text(f"backup     {plain(kept)}")
        _print_schema(call, database, upgraded.schema)


def _print_schema(call: Invocation, database: Database, schema: str) -> None:
    if call.as_json:
        print_json({"store": database.label, "schema": schema})
    else:
        print_text(f"{plain(database.label)}: schema {schema}")


def _show(call: Invocation, database: Database, plan: UpgradePlan, folder: Path | None) -> None:
    if call.as_json:
        return
    print_text(f"{plain(database.label)}: schema {plan.current}, to be upgraded to {plan.target}")
    for line in upgrading.in_words(plan):
        print_text(line)
    kept = "no backup" if folder is None else f"after a backup into {plain(folder)}"
    print_text(f"{kept}; then about {plan.seconds} s")


def _is_agreed() -> bool:
    return sys.stdin.isatty() and typer.confirm("Upgrade?")
