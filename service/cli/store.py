"""``communique store``: the database behind it all."""

import typer

from feeds.store import checks, migrate
from service.cli import configuration
from service.cli.call import JsonOption, SetOption, call_of
from service.cli.commands import typer_of
from service.cli.installation import opened, there
from service.cli.output import plain, tell, tell_json
from service.wiring import utc_now

app = typer_of("store")


@app.command()
def upgrade(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Bring the store to this version's schema; make it if it is not there.

    All of it is one transaction. Stop the service before, and keep a copy of the store.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    with opened(configuration.settings(call)) as database:
        schema = migrate.upgrade(database)
        if call.as_json:
            tell_json({"store": database.label, "schema": schema})
        else:
            tell(f"{plain(database.label)}: schema {schema}")


@app.command()
def restored(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Have documents dated anew. Run this when the store was restored from a copy.

    What readers fetched since the copy was made is newer than what the store now says: one that
    asks by date alone would be told that nothing has changed. Entity tags need nothing.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    with there(configuration.settings(call)) as database:
        with database.transaction() as tx:
            dated = tx.documents.redate(now=utc_now())
        if call.as_json:
            tell_json({"store": database.label, "documents": dated})
        else:
            tell(f"{plain(database.label)}: {dated} documents are dated anew")


@app.command()
def check(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Check that the store is sound: its schema, and with SQLite the whole file.

    Each finding is a line. Exit code 1 if there is one.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    with there(configuration.settings(call)) as database:
        findings = checks.check(database)
        label = plain(database.label)
    for finding in findings:
        if call.as_json:
            tell_json({"store": label, "message": finding})
        else:
            tell(f"{label}: {plain(finding)}")
    if findings:
        raise typer.Exit(1)
    if call.as_json:
        tell_json({"store": label, "good": True})
    else:
        tell(f"{label}: good")
