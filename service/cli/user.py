"""``communique user``: people who may use the desk."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from feeds.model.user import User, UserRole
from service.accounts import Accounts
from service.cli.application import known_categories, to_read, to_write
from service.cli.call import (
    ByOption,
    Invocation,
    JsonOption,
    SetOption,
    invocation_of,
    typer_of,
    who,
)
from service.cli.output import moment, print_json, print_message, print_rows, print_text
from service.passwords import PasswordRefused, make_password, user_name

app = typer_of("user")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Name by which the person signs in, such as anna.")
]
Categories = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        metavar="SLUG",
        help="Allow only releases whose categories are all among these. May be repeated.",
    ),
]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make a random password, and show it once.")
]
FromInput = Annotated[
    bool, typer.Option("--stdin", help="Read the password from the first line of standard input.")
]


@app.command()
def add(
    ctx: typer.Context,
    name: Name,
    *,
    roles: Annotated[
        list[UserRole], typer.Option("--role", help="What the person may do. May be repeated.")
    ],
    categories: Categories = None,
    generate: Generate = False,
    from_input: FromInput = False,
    no_password: Annotated[
        bool,
        typer.Option("--no-password", help="The person signs in at a proxy: see desk.user_header."),
    ] = False,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add somebody who may use the desk, at /desk of the site.

    The role 'write' allows writing drafts; 'publish' publishing, embargoes, corrections and
    retractions; 'operate' seeing refusals, hubs, subscribers and alarms. The password is asked for
    at the terminal. The desk is offered as soon as there is an account.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    stored = user_name(name)
    if stored is None:
        raise typer.BadParameter(
            f"{name!r} is not made of a-z, 0-9 and single . _ @ + -", param_hint="NAME"
        )
    password = None if no_password else _password(generate=generate, from_input=from_input)
    with to_write(call) as application:
        user = User(
            name=stored,
            roles=tuple(role for role in UserRole if role in roles),
            categories=known_categories(application, categories),
            made_at=application.clock(),
        )
        Accounts(application.database).add(user, password, by=who(by))
    _report(call, user, f"{stored} may use the desk", password if generate else None)


@app.command("list")
def list_(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """List accounts: name, state, roles, categories, since when."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        listed = Accounts(application.database).listed()
    if call.as_json:
        for user in listed:
            print_json(_record(user))
        return
    print_rows(_row(user) for user in listed)


@app.command()
def change(
    ctx: typer.Context,
    name: Name,
    *,
    roles: Annotated[
        list[UserRole] | None,
        typer.Option("--role", help="Replace the roles by this one. May be repeated."),
    ] = None,
    categories: Categories = None,
    all_categories: Annotated[
        bool, typer.Option("--all-categories", help="Allow releases in all categories.")
    ] = False,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what somebody may do, from the next request on."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        known = () if all_categories else known_categories(application, categories)
        user = Accounts(application.database).change(
            name, roles=roles, categories=known, by=who(by), now=application.clock()
        )
    _report(call, user, f"the rights of {name} are changed")


@app.command()
def disable(
    ctx: typer.Context,
    name: Name,
    *,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Disable an account, and end all of its sessions at once."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        Accounts(application.database).disable(name, by=who(by), now=application.clock())
    _report_name(call, name, "disabled", f"the account of {name} is disabled")


@app.command()
def enable(
    ctx: typer.Context,
    name: Name,
    *,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enable a disabled account again, with its former password."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        Accounts(application.database).enable(name, by=who(by), now=application.clock())
    _report_name(call, name, "enabled", f"the account of {name} is enabled")


@app.command()
def reset(
    ctx: typer.Context,
    name: Name,
    *,
    generate: Generate = False,
    from_input: FromInput = False,
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a new password, and end all sessions.

    Failed attempts to sign in are forgotten, so that nobody has to wait.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    password = _password(generate=generate, from_input=from_input)
    with to_write(call) as application:
        Accounts(application.database).set_password(
            name, password, by=who(by), now=application.clock()
        )
    if generate:
        _show(call, name, password)
    else:
        _report_name(call, name, "enabled", f"{name} has a new password")


def _password(*, generate: bool, from_input: bool) -> str:
    """Returns a new password: made, read from a line, or asked for. Never an argument."""
    if generate:
        return make_password()
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise PasswordRefused(
            "standard input is no terminal: use --stdin for a password on its first line, or "
            "--generate"
        )
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _report(call: Invocation, user: User, message: str, made: str | None = None) -> None:
    if made is not None:
        _show(call, user.name, made)
    elif call.as_json:
        print_json(_record(user))
    else:
        print_message(message)


def _report_name(call: Invocation, name: str, state: str, message: str) -> None:
    if call.as_json:
        print_json({"name": name, "state": state})
    else:
        print_message(message)


def _show(call: Invocation, name: str, password: str) -> None:
    if call.as_json:
        print_json({"name": name, "password": password})
        return
    print_text(password)
    print_message(f"the password of {name}; it is shown only this once")


def _state(user: User) -> str:
    return "enabled" if user.is_active else "disabled"


def _record(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "state": _state(user),
        "roles": list(user.roles),
        "categories": None if user.categories is None else list(user.categories),
        "made_at": user.made_at,
        "disabled_at": user.disabled_at,
    }


def _row(user: User) -> Sequence[object]:
    categories = "all" if user.categories is None else ", ".join(user.categories)
    return user.name, _state(user), ", ".join(user.roles), categories, moment(user.made_at)
