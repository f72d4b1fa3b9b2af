"""``communique export``: the public site as files."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from service.application import CurrentApplication
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.installation import to_read
from service.cli.output import aligned, count_progress, counted, json_text, print_message
from service.export import AddressOutcome, ExportMemory, ExportResult, ExportRun, Folder, rules_of
from service.processes.locks import export_lock
from service.web import create_app
from service.wiring import VERSION

app = typer_of("export")

_WIDTHS = [len(ExportResult.UNCHANGED)]


@app.command()
def export(
    ctx: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            file_okay=False,
            help="Where to write: a folder of an export before, an empty one, or one to be made.",
        ),
    ],
    *,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Tell also of what was there already.")
    ] = False,
    full: Annotated[
        bool,
        typer.Option("--full", help="Make every page again, also of releases that are as before."),
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole public site as files.

    For nginx, with the configuration that is written beside them, a CDN or an object store; see
    docs/export.md. Only what changed is written, each address in one step; what is public no more
    is removed. The service may run meanwhile. Exit code 1 if an address could not be written; it
    keeps what it had.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    sums: Counter[str] = Counter()
    with to_read(call) as application:
        target = Folder(folder, site_url=application.catalogue.site.base_url)
        rules = rules_of(application.catalogue, VERSION)
        now = application.clock()
        memory = ExportMemory(root=target.root, rules=rules, now=now)
        # The service files releases by a new configuration when it reads it, perhaps after us:
        # that dates no release, and yet their pages name other categories then.
        is_settled = not application.newsroom.is_update_due(now=now)
        if full or not is_settled:
            memory.forget()
        app = create_app(CurrentApplication(application))
        run = ExportRun(application, target, app, memory=memory if is_settled else None)
        with export_lock(target.root), count_progress(len(run)) as bar:
            for outcome in run.outcomes():
                sums[outcome.result] += 1
                bar.advance()
                if unchanged or outcome.result is not ExportResult.UNCHANGED:
                    bar.write(json_text(_record(outcome)) if call.as_json else _line(outcome))
    _tell_sums(run, sums, as_json=call.as_json)
    if sums[ExportResult.FAILED]:
        raise typer.Exit(1)


def _tell_sums(run: ExportRun, sums: Counter[str], *, as_json: bool) -> None:
    told = {result.value: sums[result] for result in ExportResult}
    if as_json:
        summary = {**told, "swept": run.swept, "reload": run.is_reload_due}
        typer.echo(json_text({"summary": summary}))
        return
    print_message("  ".join(f"{name} {count}" for name, count in told.items()))
    if run.swept:
        print_message(f"{counted(run.swept, 'file')} of former editions removed")
    if run.is_reload_due:
        print_message("nginx has to read its configuration again: nginx -t && nginx -s reload")


def _line(outcome: AddressOutcome) -> str:
    [line] = aligned(
        [(outcome.result, outcome.path, outcome.reason or outcome.location or "")], _WIDTHS[:]
    )
    return line.removesuffix("  -")


def _record(outcome: AddressOutcome) -> dict[str, Any]:
    return {
        "result": outcome.result,
        "path": outcome.path,
        "reason": outcome.reason,
        "location": outcome.location,
        "fields": dict(outcome.fields),
        "files": outcome.files,
    }
