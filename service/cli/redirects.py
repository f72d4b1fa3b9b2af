"""``communique redirects``: old addresses, how often they are used, and where one leads."""

from typing import Annotated

import typer

from feeds.model.redirect import OldAddress
from service.cli.application import to_read
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.export import redirects_for_nginx
from service.redirects import ListedRedirect, find_redirect, read_redirects

app = typer_of("redirects")


class NotAnAddress(ServiceError):
    """What was given is no address that a server could be asked for."""


@app.command("list")
def list_redirects(
    ctx: typer.Context,
    *,
    limit: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=10_000, help="So many used addresses of imports, and missing."
        ),
    ] = 50,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List old addresses, their uses, and missing feeds.

    First the rules of the configuration, then those old addresses of imports that were used most,
    each with where it leads, how often it was used and when last. Then addresses that look like a
    feed's and lead nowhere: they may want a rule. Uses are stored every 30 seconds.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application, application.database.read() as tx:
        seen = read_redirects(tx, application, limit=limit)
    if call.as_json:
        print_json(seen.record())
        return
    print_rows((one.old, one.origin.value, one.leads_to, *_use(one)) for one in seen.redirects)
    print_rows(
        ("missing", one.address, counted(one.requests, "request"), f"last {moment(one.last_at)}")
        for one in seen.missing
    )
    print_message(
        f"{counted(seen.imported, 'old address', 'old addresses')} of imports, "
        f"{counted(len(seen.missing), 'missing address', 'missing addresses')}"
    )


def _use(one: ListedRedirect) -> tuple[str, str]:
    if one.use is None:
        return "never used", ""
    return counted(one.use.uses, "use"), f"last {moment(one.use.used_at)}"


@app.command()
def check(
    ctx: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="A path with its query, or a whole address.")
    ],
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what an old address answers.

    That is 301 and where it leads, 410, or nothing of its own. It is computed, and not asked of
    the running service: a changed configuration can be tried before it is in force. Exit code 1 if
    no redirect answers.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    try:
        asked = OldAddress.read(address)
    except ValueError as error:
        raise NotAnAddress(
            f"{address!r} is {error}; write it as /feed/, /?p=12 or https://www.example.org/feed/"
        ) from None
    with to_read(call) as application:
        found = find_redirect(application, asked, now=application.clock())
    if found is None:
        if call.as_json:
            print_json({"status": None})
        else:
            print_message(f"no redirect answers {asked}")
        raise typer.Exit(1)
    status = 410 if found.location is None else 301
    if call.as_json:
        print_json(
            {
                "status": status,
                "location": found.location,
                "origin": found.key.origin.value,
                "rule": found.key.rule,
            }
        )
        return
    rule = f"by {found.key.rule} ({found.key.origin.value})"
    print_rows([(status, found.location or "gone", rule)])


@app.command("export")
def export_redirects(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Print all redirects as maps for another nginx.

    Include the file in nginx's http section; the comment at its top has the lines for the server.
    An export has the same maps in its own configuration.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        maps = redirects_for_nginx(application, now=application.clock())
    if call.as_json:
        print_json({"nginx": maps})
    else:
        typer.echo(maps, nl=False)
