"""``communique store copy`` and ``size``."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from feeds.errors import CopyRefused
from feeds.model.listing import AT_WORK_WITHIN
from feeds.store import migrate
from feeds.store.copying import CopiedTable, copy_store
from feeds.store.database import Database
from feeds.store.sizes import StoreSize, size_of
from service.cli.application import existing_store
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of
from service.cli.configuration import settings_of
from service.cli.output import counted, plain, print_json, print_message, print_rows, print_text
from service.settings import read_store_url
from service.store_clock import machine_clock
from service.stores import write_fault


def register(app: typer.Typer) -> None:
    """Adds the commands to their group."""
    app.command()(copy)
    app.command()(size)


def copy(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="URL of a store, @FILE with the URL in it, or a full stop for store.url.",
        ),
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="URL of an empty database, or @FILE.")
    ],
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a store into another database: from SQLite to PostgreSQL, or back.

    Ids are kept, and both are compared in the end, table by table. No service may work on either:
    of one that was stopped just now, half a minute shows that it reports no more. A copy that was
    killed goes on where it ended when the same command is run again; until it is finished, the
    target cannot be used. Afterwards set store.url.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    from_url, to_url = (
        settings_of(call).store.url.reveal() if given == "." else _url(given)
        for given in (source, target)
    )
    if (path := migrate.missing_file(from_url)) is not None:
        raise CopyRefused(f"there is no store at {path}")
    with (
        closing(Database.open(from_url)) as there,
        closing(Database.open(to_url, write_fault=write_fault)) as here,
    ):
        await_stopped(there)
        copied = copy_store(there, here, now=machine_clock())
        _print_copied(call, plain(here.label), copied)


#: The pause between two looks at the reports of a service.
_LOOK_EVERY_S = 1.0


def await_stopped(
    source: Database,
    *,
    now: Callable[[], datetime] = machine_clock,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Waits until the last report of a service is too old for one that works.

    A service that was stopped or killed reports nothing more, and nothing else tells it from one
    that works: not its process, which may be on another machine or in a container. The wait ends at
    once when one reports again, for `copy_store` to refuse it.

    Args:
        source: A store.
        now: The clock.
        pause: Waits some seconds.

    Raises:
        StoreOutdated: The store has the schema of another version.
    """
    migrate.require_current(source)
    looks = round(AT_WORK_WITHIN.total_seconds() / _LOOK_EVERY_S) + 1
    at_first = None
    for _ in range(looks):
        with source.read() as tx:
            found = [one for one in tx.processes.listed() if one.is_at_work(now())]
        if at_first is None:
            at_first = found
            if found:
                where = f"{found[0].role} on {found[0].host}"
                print_message(
                    f"a service worked on {plain(source.label)} a moment ago ({plain(where)}): "
                    f"waiting up to {AT_WORK_WITHIN.seconds} s for a sign of it"
                )
        if not found or any(one not in at_first for one in found):
            return
        pause(_LOOK_EVERY_S)


def _url(given: str) -> str:
    """Returns the URL of a store that an argument names, directly or by a file."""
    try:
        text = Path(given[1:]).read_text("utf-8").strip() if given.startswith("@") else given
        return read_store_url(text).reveal()
    except (OSError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


def _print_copied(call: Invocation, label: str, copied: list[CopiedTable]) -> None:
    if call.as_json:
        for one in copied:
            print_json({"table": one.name, "rows": one.rows, "sha256": one.digest})
        return
    print_rows([(one.name, one.rows, one.digest) for one in copied if one.rows])
    total = counted(sum(one.rows for one in copied), "row")
    print_text(f"{label}: {total}, the same in both stores; now set store.url")


def size(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Show what takes how much of the store, the largest first.

    Bytes include indexes. With SQLite the whole file is read; free space in it is used by what is
    stored next. What grows beyond its releases can be forgotten: see retention.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with existing_store(settings_of(call)) as database:
        migrate.require_current(database)
        found = size_of(database)
    if call.as_json:
        print_json(
            {
                "total_bytes": found.total_bytes,
                "free_bytes": found.free_bytes,
                "log_bytes": found.log_bytes,
                "releases": found.releases,
                "kinds": [
                    {"kind": one.kind, "rows": one.rows, "bytes": one.size_bytes}
                    for one in found.kinds
                ],
            }
        )
    else:
        print_rows(_size_rows(found))


def _size_rows(found: StoreSize) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (one.kind, counted(one.rows, "row"), _in_words(one.size_bytes))
        for one in found.kinds
        if one.rows or one.size_bytes
    ]
    rows.append(("free", None, _in_words(found.free_bytes)))
    rows.append(("log", None, _in_words(found.log_bytes)))
    a_release = found.total_bytes // found.releases if found.releases else None
    rows.append(("total", counted(found.releases, "release"), _in_words(found.total_bytes)))
    rows.append(("a release", None, _in_words(a_release)))
    return rows


def _in_words(size_bytes: int | None) -> str | None:
    """Returns a number of bytes for people: in kB or MB, as disks are counted."""
    if size_bytes is None:
        return None
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.1f} kB"
    return f"{size_bytes / 1_000_000:,.1f} MB"
