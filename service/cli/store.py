"""``communique store``: check and adopt the store, and accept a restored one."""

from itertools import islice
from typing import Annotated

import typer

from feeds.errors import StoreReplaced
from feeds.store import migrate, search_upkeep
from feeds.store.backup import accept_restored
from feeds.store.database import Database
from service.application import Application
from service.cli import store_backups, store_copies, store_upgrades
from service.cli.application import clock_of, existing_store
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of, typer_of
from service.cli.configuration import settings_of
from service.cli.media import damaged_media
from service.cli.output import plain, print_json, print_text
from service.settings import Settings
from service.stores import StoreNote, make_ready, open_older, record_state
from service.wiring import build_application

#: What mends findings.
_REPAIR = "'communique store check --repair'"

app = typer_of("store")
store_backups.register(app)
store_copies.register(app)
store_upgrades.register(app)


@app.command()
def restored(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Accept a store that was copied back, and date its documents anew.

    'communique store restore' does this by itself; this is for copies made in other ways.

    Readers may have fetched documents that are newer than the backup. A reader that asks by date
    alone (If-Modified-Since) would get 304 and miss changes; entity tags are not affected. A store
    that is older than it was when it was used last is refused until this command is run: an older
    SQLite file, or a PostgreSQL server that took over without the last changes. Services that run
    on it, on any machine, then go on by themselves.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    known = StoreNote(settings).read()
    with existing_store(settings, open_it=open_older) as database:
        make_ready(settings, database)
        dated = accept_restored(database, now=clock_of(database)(), known=known)
        record_state(settings, database)
        if call.as_json:
            print_json({"store": database.label, "documents": dated})
        else:
            print_text(f"{plain(database.label)}: {dated} documents dated anew")


@app.command()
def adopt(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Accept another store, or an empty one where none is.

    The service does not start when its store is gone, or is not the one of the last start, because
    every release would get another id. Run this command if the change is intended.
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
        print_text(f"{label}: accepted by the next start")
    else:
        print_text(f"{label}: missing; the next start creates an empty store")


@app.command()
def check(
    ctx: typer.Context,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Reassign releases that are not in the feeds of their categories, count the "
            "releases of months anew where a count is wrong, and index releases again that "
            "searches do not find.",
        ),
    ] = False,
) -> None:
    """Check that the store is sound.

    Its tables, the releases in their feeds, the counts of months, the search index, and the bytes
    of stored pictures and files are looked at. The whole file is read with SQLite. Each finding is
    a line. Exit code 1 if a finding was not repaired.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    settings = settings_of(call)
    label = plain(Database.open(settings.store.url.reveal()).label)
    try:
        findings = _findings(settings, is_repaired=repair, call=call)
    except StoreReplaced as error:
        findings = [str(error)]
    for finding in findings:
        _print_finding(call, label, finding)
    if findings:
        raise typer.Exit(1)
    if call.as_json:
        print_json({"store": label, "good": True})
    else:
        print_text(f"{label}: good")


def _findings(settings: Settings, *, is_repaired: bool, call: Invocation) -> list[str]:
    with existing_store(settings) as database:
        found = migrate.check(database)
        if found:
            return found  # the other checks need the current schema
        application = build_application(settings, database, clock_of(database))
        return [
            *_assignments(application, is_repaired=is_repaired, call=call),
            *_searches(database, is_repaired=is_repaired, call=call),
            *islice(damaged_media(application), migrate.MAX_FINDINGS),
        ]


def _assignments(application: Application, *, is_repaired: bool, call: Invocation) -> list[str]:
    """Checks that each release is in the feeds of its categories, or reassign it."""
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
            f"filing: {one.slug} is not in the feeds of its categories; {_REPAIR} files it again"
            for one in found
        ] or _counts(application, is_repaired=False, call=call)
    while found:
        newsroom.reassign(found, now=application.clock())
        for one in found:
            _print_repair(call, "refiled", one.slug)
        found = list(islice(newsroom.misassigned(), migrate.MAX_FINDINGS))
    return _counts(application, is_repaired=is_repaired, call=call)


def _counts(application: Application, *, is_repaired: bool, call: Invocation) -> list[str]:
    """Checks how many releases each month lists, or counts them anew."""
    newsroom = application.newsroom
    wrong = sorted({one.feed for one in newsroom.miscounted_months()})
    if not is_repaired:
        return [
            f"months: the counts of the feed {slug} are wrong; {_REPAIR} counts again"
            for slug in wrong
        ]
    if wrong:
        newsroom.recount_months(now=application.clock())
    for slug in wrong:
        _print_repair(call, "recounted", slug)
    return []


def _searches(database: Database, *, is_repaired: bool, call: Invocation) -> list[str]:
    """Checks that searches find each release by its words, or index it again."""
    fault = search_upkeep.fault_of_full_text(database)
    if fault is not None and is_repaired:
        search_upkeep.make_full_text_anew(database)
        _print_repair(call, "indexed", "all releases")
    while is_repaired and search_upkeep.index_marked(database):
        pass
    wrong = search_upkeep.not_as_they_are(database)
    if not is_repaired:
        found = [] if fault is None else [f"search: {fault}; {_REPAIR} makes the index anew"]
        return found + [
            f"search: {one.slug} is not found by its own words; {_REPAIR} indexes it again"
            for one in islice(wrong, migrate.MAX_FINDINGS)
        ]
    while batch := list(islice(wrong, search_upkeep.RELEASES_AT_ONCE)):
        search_upkeep.index_anew(database, batch)
        for one in batch:
            _print_repair(call, "indexed", one.slug)
    return []


def _print_repair(call: Invocation, what: str, slug: str) -> None:
    if call.as_json:
        print_json({what: slug})
    else:
        print_text(f"{what:<10} {plain(slug)}")


def _print_finding(call: Invocation, label: str, finding: str) -> None:
    if call.as_json:
        print_json({"store": label, "message": finding})
    else:
        print_text(f"{label}: {plain(finding)}")
