"""``communique store``: the database behind it all."""

from itertools import islice
from typing import Annotated

import typer

from feeds.errors import StoreReplaced
from feeds.store import migrate
from feeds.store.database import Database
from service.application import Application
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of, typer_of
from service.cli.configuration import settings_of
from service.cli.installation import clock_of, opened, there
from service.cli.output import plain, print_json, print_text
from service.settings import Settings
from service.stores import StoreNote, make_ready, open_older
from service.wiring import build_application

app = typer_of("store")


@app.command()
def upgrade(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Bring the store to this version's schema; make it if it is not there.

    All of it is one transaction. Stop the service before, and keep a copy of the store.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    with opened(settings) as database:
        schema = make_ready(settings, database)
        if call.as_json:
            print_json({"store": database.label, "schema": schema})
        else:
            print_text(f"{plain(database.label)}: schema {schema}")


@app.command()
def restored(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Take a copy of the store that was put back, and have documents dated anew.

    What readers fetched since the copy was made is newer than what the store now says: one that
    asks by date alone would be told that nothing has changed. Entity tags need nothing. Until then
    the service does not start on a copy of SQLite's file that is older than the store was.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    with there(settings, open_it=open_older) as database:
        make_ready(settings, database)
        now = clock_of(database)()
        with database.transaction() as tx:
            dated = tx.documents.redate(now=now)
            tx.appearance.renew(now=now)
        if call.as_json:
            print_json({"store": database.label, "documents": dated})
        else:
            print_text(f"{plain(database.label)}: {dated} documents are dated anew")


@app.command()
def adopt(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Go on with whatever store is there, or with an empty one where none is.

    The service does not start when its store is gone, or another one than at the last start: it
    would give each release another id. Run this when that is meant.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    StoreNote(settings).remove()
    url = settings.store.url.reveal()
    missing = migrate.missing_file(url)
    label = plain(Database.open(url).label)
    if call.as_json:
        print_json({"store": label, "is_there": missing is None})
    elif missing is None:
        print_text(f"{label}: the next start goes on with it")
    else:
        print_text(f"{label}: not there; the next start makes an empty one")


@app.command()
def check(
    ctx: typer.Context,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="File again what is not filed as configured.")
    ] = False,
) -> None:
    """Check that the store is sound, and each release in its feeds.

    With SQLite the whole file is read. Each finding is a line. Exit code 1 if there is one that was
    not repaired.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    label = plain(Database.open(settings.store.url.reveal()).label)
    try:
        findings = _findings(settings, is_repaired=repair, call=call)
    except StoreReplaced as error:
        findings = [str(error)]
    for finding in findings:
        _say(call, label, finding)
    if findings:
        raise typer.Exit(1)
    if call.as_json:
        print_json({"store": label, "good": True})
    else:
        print_text(f"{label}: good")


def _findings(settings: Settings, *, is_repaired: bool, call: Invocation) -> list[str]:
    with there(settings) as database:
        # Of another schema nothing else can be asked.
        return migrate.check(database) or _filing(
            build_application(settings, database, clock_of(database)),
            is_repaired=is_repaired,
            call=call,
        )


def _filing(application: Application, *, is_repaired: bool, call: Invocation) -> list[str]:
    """Whether each release stands in the feeds that the configuration gives it."""
    newsroom = application.newsroom
    known = newsroom.in_force()
    if known is None:
        return []
    if not newsroom.is_in_force(known):
        since = f"{known.since:%Y-%m-%dT%H:%M:%SZ}"
        finding = f"configuration: the store has another one, applied by {known.applied_by} at "
        return [f"{finding}{since}; start or reload the service with this one"]
    found = list(islice(newsroom.misassigned(), migrate.MAX_FINDINGS))
    if not is_repaired:
        return [
            f"filing: {one.slug} is not in the feeds of its categories; 'communique store check "
            "--repair' files it again"
            for one in found
        ]
    while found:
        newsroom.reassign(found, now=application.clock())
        for one in found:
            if call.as_json:
                print_json({"refiled": one.slug})
            else:
                print_text(f"refiled    {plain(one.slug)}")
        found = list(islice(newsroom.misassigned(), migrate.MAX_FINDINGS))
    return []


def _say(call: Invocation, label: str, finding: str) -> None:
    if call.as_json:
        print_json({"store": label, "message": finding})
    else:
        print_text(f"{label}: {plain(finding)}")
