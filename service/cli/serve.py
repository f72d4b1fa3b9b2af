"""``communique serve``."""

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from service.cli.call import SetOption, invocation_of, typer_of
from service.cli.configuration import faults_told, sources_of
from service.processes.supervisor import HUB, JOBS, MODULES, WEB, supervise

app = typer_of("serve")


class Role(StrEnum):
    """What one machine of several may do."""

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
            help="Run one part: the web, the jobs that scan, regenerate and ping, or the hub that "
            "asks and serves subscribers."
        ),
    ] = None,
    overrides: SetOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the log as JSON: one object a line.")
    ] = False,
) -> None:
    """Run the service until it is stopped.

    The store and its folders are made if need be. SIGTERM and Ctrl-C end it in order; on SIGHUP,
    and when its files change, the configuration is read again: a good one takes effect, a bad one
    is told and the running one stays. To split it over machines, run all parts on one PostgreSQL.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if call.as_json:
        call = call.and_after(["log.format=json"], as_json=True)
    roles = tuple(MODULES) if only is None else (only.value,)
    with faults_told():
        code = supervise(partial(sources_of, call), roles=roles)
    raise typer.Exit(code)
