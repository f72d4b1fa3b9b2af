"""``communique init``: the folder of a new newsroom."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from feeds.store.migrate import missing_file
from service.cli.application import opened_store
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.configuration import settings_of
from service.cli.output import plain, print_json, print_message, print_rows
from service.settings import Settings
from service.settings.starter import CATEGORIES, MAIN, checked, starter_files
from service.stores import make_ready

app = typer_of("init")

GITIGNORE = "# What the service writes. The YAML files belong under version control.\n/data/\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A file or folder of the newsroom."""

    path: Path
    is_new: bool  #: False for one that was there before, and was left as it is


def _checked(key: str) -> Callable[[str | None], str | None]:
    """Returns the callback of an option: its value in the form that *key* has."""

    def check(text: str | None) -> str | None:
        if text is None:
            return None
        try:
            return checked(key, text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return check


@app.command()
def init(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The newsroom's folder.", show_default=False)
    ] = Path(),
    *,
    title: Annotated[
        str | None,
        typer.Option(callback=_checked("site.title"), help="Name of the newsroom."),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            callback=_checked("site.base_url"),
            help="Public address of the site, such as https://news.example.org. To try it on this "
            "machine: http://localhost:8000.",
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            callback=_checked("site.time_zone"),
            help="Time zone of the newsroom, such as Europe/Paris: of dates on pages, and of dates "
            "in documents that name none. [default: UTC]",
            show_default=False,
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the folder of a new newsroom, with its configuration and an empty store.

    On a terminal, what no option says is asked for. Files that exist are left as they are; each
    file and folder is a line, 'made' or 'left'. DIR is this folder by default.
    """
    main = folder / MAIN
    if not main.exists():
        title, base_url, time_zone = _asked(title, base_url, time_zone)
    texts = starter_files(
        title=title or "", base_url=base_url or "", time_zone=time_zone or "UTC"
    ) | {".gitignore": GITIGNORE}
    folder.mkdir(parents=True, exist_ok=True)
    made = [_write(folder / name, text) for name, text in texts.items()]
    call = replace(invocation_of(ctx, overrides, as_json=as_json), config=main)
    settings = settings_of(call)
    made += _make_data(settings)
    for one in made:
        if call.as_json:
            print_json({"path": str(one.path), "made": one.is_new})
    if not call.as_json:
        print_rows(("made" if one.is_new else "left", one.path) for one in made)
        _print_next(folder, settings)


def _asked(title: str | None, base_url: str | None, time_zone: str | None) -> tuple[str, str, str]:
    """Returns the three values; asks for those that are missing."""
    if not sys.stdin.isatty():
        for name, value in (("--title", title), ("--base-url", base_url)):
            if value is None:
                raise typer.BadParameter(
                    "it is missing, and there is no terminal to ask on", param_hint=name
                )
        return title or "", base_url or "", time_zone or "UTC"
    return (
        title or _ask("Name of the newsroom", "site.title", "Newsroom"),
        base_url or _ask("Public address of the site", "site.base_url", "http://localhost:8000"),
        time_zone or _ask("Time zone of the newsroom", "site.time_zone", _machine_zone()),
    )


def _ask(question: str, key: str, default: str) -> str:
    """Asks on the terminal until the answer is a value of *key*."""
    while True:
        try:
            return checked(key, typer.prompt(question, default=default, err=True))
        except ValueError as error:
            print_message(str(error))


def _machine_zone() -> str:
    """Returns the time zone of this machine; UTC if its name is not known."""
    name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    try:
        return checked("site.time_zone", name)
    except ValueError:
        return "UTC"


def _write(path: Path, text: str) -> _Made:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return _Made(path=path, is_new=False)
    return _Made(path=path, is_new=True)


def _make_data(settings: Settings) -> Iterator[_Made]:
    """Makes the watched folders, and an SQLite store if none is there."""
    for inbox in settings.intake.folders:
        is_new = not inbox.exists()
        settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield _Made(path=inbox, is_new=is_new)
    file = missing_file(settings.store.url.reveal())
    if file is not None:
        with opened_store(settings) as database:
            make_ready(settings, database)
        yield _Made(path=file, is_new=True)


def _print_next(folder: Path, settings: Settings) -> None:
    """Prints the commands that come next."""
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    steps.append("communique serve")
    inbox = next(iter(settings.intake.folders), None)
    print_message("\nNext:")
    for step in steps:
        print_message(f"  {plain(step)}")
    if inbox is not None:
        print_message(f"Documents that are moved to {plain(inbox)} are published. Their feed is")
        print_message(f"  {settings.site.base_url}/feeds/all.atom")
    print_message(f"Categories are in {CATEGORIES}, all other settings in {MAIN}.")
