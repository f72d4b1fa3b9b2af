"""``communique serve``: run the service."""

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from service.cli.call import SetOption, invocation_of, typer_of
from service.cli.configuration import faults_printed, sources_of
from service.processes.supervisor import HUB, JOBS, MODULES, WEB, supervise

app = typer_of("serve")


class Role(StrEnum):
    """The parts of the service that can run alone."""

    WEB = WEB
    JOBS = JOBS
    HUB = HUB


@app.command()
def serve(
    ctx: typer.Context,
    *,
    only: Annotated[
        Role | None,
        typer.Option(
            help="Run one part only: the web server; the jobs that scan folders, render feeds and "
            "ping hubs; or the hub that verifies and serves subscribers."
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the log as JSON, one object per line.")
    ] = False,
) -> None:
    """Run the service until it is stopped.

    The store and its folders are created if missing. SIGTERM and Ctrl-C stop the service
    gracefully. On SIGHUP, and when its files change, the configuration is read again: a good one
    takes effect; the faults of a bad one are logged, and the active one stays. To split the
    service over several machines, run all parts on one PostgreSQL database.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if call.as_json:
        call = call.and_after(["log.format=json"], as_json=True)
    roles = tuple(MODULES) if only is None else (only.value,)
    with faults_printed():
        code = supervise(partial(sources_of, call), roles=roles)
    raise typer.Exit(code)
