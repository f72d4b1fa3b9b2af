"""``communique config``: check and show the configuration."""

from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import typer

from service.cli.call import Invocation, JsonOption, SetOption, invocation_of, typer_of
from service.cli.configuration import faults_printed, settings_of, sources_of
from service.cli.output import (
    counted,
    json_text,
    moment,
    print_json,
    print_message,
    print_rows,
    print_text,
)
from service.settings import (
    SCHEMAS,
    ConfigFault,
    ConfigInvalid,
    Settings,
    catalogue,
    effective,
    json_schema,
    parse,
    schema_text,
    write_schemas,
)

app = typer_of("config")


class SchemaName(StrEnum):
    """The configuration files that have a JSON Schema."""

    COMMUNIQUE = "communique"
    CATEGORIES = "categories"


@app.command()
def check(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Check the configuration, and list all its faults.

    Templates of site.templates are tried on sample releases. Each fault is a line on standard
    error: file, line, column, key, and what was expected. With --json each is an object on
    standard output. If the configuration is good, the feeds that end or have ended are listed,
    each with the day of its end and the day it is gone.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if call.as_json:
        _check_as_json(call)
        return
    with faults_printed():
        settings = _checked(call)
    counts = _counts(settings)
    in_words = (
        counted(counts["categories"], "category", "categories"),
        counted(counts["feeds"], "feed"),
        counted(counts["hubs"], "hub"),
        counted(counts["folders"], "watched folder"),
    )
    print_text(f"{call.config}: good: {', '.join(in_words)}")
    print_rows(
        (end["feed"], f"ends {moment(end['on'])}", f"gone {moment(end['gone_at'])}")
        for end in _ends(settings)
    )


@app.command()
def show(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Show every key with its effective value, and where that value was set.

    A value is set in a file (shown with its line), an environment variable, --set, or by default
    ('default'). Secrets are hidden.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    keys = effective(settings_of(call))
    if call.as_json:
        for key in keys:
            print_json({"key": key.path, "value": key.value, "origin": key.origin})
        return
    print_rows((key.path, key.origin, json_text(key.value)) for key in keys)


@app.command()
def schema(
    ctx: typer.Context,
    name: Annotated[
        SchemaName, typer.Argument(help="The configuration file whose schema is printed.")
    ] = SchemaName.COMMUNIQUE,
    *,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Write both schemas next to the configuration file instead of printing one.",
        ),
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the JSON Schema of a configuration file, for use in editors."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    if write:
        _write_schemas(call)
        return
    section = SCHEMAS[f"{name}.schema.json"]
    print_text(
        json_text(json_schema(section)) if call.as_json else schema_text(section).rstrip("\n")
    )


def _checked(call: Invocation) -> Settings:
    """Returns the configuration, with templates that were tried.

    Raises:
        ConfigInvalid: The configuration is invalid, or a template is faulty.
    """
    settings = parse(sources_of(call))
    if settings.page_templates:
        # Imported only now: the web application takes half a second to load.
        import_module("service.web.trial").require_good_templates(settings)
    return settings


def _check_as_json(call: Invocation) -> None:
    try:
        settings = _checked(call)
    except ConfigInvalid as error:
        for fault in error.faults:
            print_json(_fault_record(fault))
        raise typer.Exit(1) from error
    record = {"file": str(call.config), "good": True, "counts": _counts(settings)}
    print_json({**record, "ends": _ends(settings)})


def _write_schemas(call: Invocation) -> None:
    folder = call.config.parent
    try:
        write_schemas(folder)
    except OSError as error:
        print_message(f"communique: {error.filename or folder} cannot be written: {error.strerror}")
        raise typer.Exit(1) from error
    for name in SCHEMAS:
        path = str(folder / name)
        if call.as_json:
            print_json({"written": path})
        else:
            print_text(path)


def _counts(settings: Settings) -> dict[str, int]:
    described = catalogue(settings)
    return {
        "categories": len(described.categories),
        "feeds": len(described.feeds),
        "hubs": len({hub for feed in described.feeds.values() for hub in feed.hubs}),
        "folders": len(settings.intake.folders),
    }


def _ends(settings: Settings) -> list[dict[str, Any]]:
    """Returns the feeds that are configured to end, or have ended."""
    return [
        {"feed": feed.slug, "on": feed.ending.on, "gone_at": feed.ending.gone_at}
        for feed in catalogue(settings).feeds.values()
        if feed.ending is not None
    ]


def _fault_record(fault: ConfigFault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "key": fault.path,
        "message": fault.message,
        "suggestion": fault.suggestion,
    }
