"""``communique export``: write the public site as files."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from service.application import CurrentApplication
from service.cli.application import to_read
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.output import aligned, count_progress, counted, json_text, print_message
from service.export import AddressOutcome, ExportMemory, ExportResult, ExportRun, Folder, rules_of
from service.processes.locks import export_lock
from service.web import create_app
from service.wiring import page_version

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
            help="Folder to write to: that of an earlier export, an empty one, or a new one.",
        ),
    ],
    *,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="List unchanged addresses, too.")
    ] = False,
    full: Annotated[
        bool,
        typer.Option("--full", help="Render every page again, also those of unchanged releases."),
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole public site as files.

    The files are for nginx (its configuration is written beside them), a CDN or an object store;
    see docs/export.md. Only changed addresses are written, each atomically; files of addresses
    that are no longer public are removed. The service may run at the same time. Exit code 1 if an
    address could not be written; its previous content stays.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    totals: Counter[str] = Counter()
    with to_read(call) as application:
        target = Folder(folder, site_url=application.catalogue.site.base_url)
        rules = rules_of(application.catalogue, page_version(application.settings))
        now = application.clock()
        memory = ExportMemory(root=target.root, rules=rules, now=now)
        # A new configuration that the service has not applied yet will reassign releases to
        # categories. That changes the pages of releases without changing their dates, so what
        # this export remembers of unchanged releases cannot be trusted.
        is_applied = not application.newsroom.is_update_due(now=now)
        if full or not is_applied:
            memory.forget()
        app = create_app(CurrentApplication(application))
        run = ExportRun(application, target, app, memory=memory if is_applied else None)
        with export_lock(target.root), count_progress(len(run)) as bar:
            for outcome in run.outcomes():
                totals[outcome.result] += 1
                bar.advance()
                if unchanged or outcome.result is not ExportResult.UNCHANGED:
                    bar.write(json_text(_record(outcome)) if call.as_json else _line(outcome))
    _print_totals(run, totals, as_json=call.as_json)
    if totals[ExportResult.FAILED]:
        raise typer.Exit(1)


def _print_totals(run: ExportRun, totals: Counter[str], *, as_json: bool) -> None:
    counts = {result.value: totals[result] for result in ExportResult}
    if as_json:
        summary = {**counts, "swept": run.swept, "reload": run.is_reload_due}
        typer.echo(json_text({"summary": summary}))
        return
    print_message("  ".join(f"{name} {count}" for name, count in counts.items()))
    if run.swept:
        print_message(f"{counted(run.swept, 'file')} of former editions removed")
    if run.is_reload_due:
        print_message("nginx must reload its configuration: nginx -t && nginx -s reload")


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
