"""``communique token``: who may use the HTTP API, and for what."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from feeds.model.token import Action, Token
from service.application import Application
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.installation import to_read, to_write
from service.cli.output import moment, print_json, print_message, print_rows, print_text
from service.tokens import MAX_NAME_CHARS, NAME, hash_of, make_token

app = typer_of("token")

#: A token that nobody looks after does not live for ever.
USUAL_LIFE = "365d"
NEVER = "never"
_LIFE = re.compile(r"([1-9][0-9]{0,5})([hd])")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who has it, such as press-desk.")]


@app.command()
def make(
    ctx: typer.Context,
    name: Name,
    *,
    actions: Annotated[
        list[Action],
        typer.Option("--action", help="What it is for. May be repeated."),
    ],
    categories: Annotated[
        list[str] | None,
        typer.Option(
            "--category",
            metavar="SLUG",
            help="Only releases that are filed in nothing but these. May be repeated.",
        ),
    ] = None,
    expires: Annotated[
        str,
        typer.Option(metavar="LIFE", help="For how long it is good: 90d, 12h, or never."),
    ] = USUAL_LIFE,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show it, this once.

    'read' is to look at releases, 'publish' to add and correct them, 'retract' to take them back;
    'operate' is to see at /hub/status who is subscribed, and how deliveries go.
    The store keeps a hash: who loses the token needs another one, under another name.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if len(name) > MAX_NAME_CHARS or not NAME.fullmatch(name):
        raise typer.BadParameter(
            f"{name!r} is not made of a-z, 0-9 and single hyphens", param_hint="NAME"
        )
    text = make_token()
    with to_write(call) as application:
        now = application.clock()
        token = Token(
            name=name,
            actions=tuple(action for action in Action if action in actions),
            categories=_known(application, categories),
            made_at=now,
            expires_at=_end_of(expires, now),
        )
        with application.database.transaction() as tx:
            tx.tokens.add(token, hash_hex=hash_of(text))
    if call.as_json:
        print_json({"token": text} | _record(token, now))
        return
    print_text(text)
    until = "until it is revoked" if token.expires_at is None else f"to {moment(token.expires_at)}"
    print_message(f"the token of {name}, good {until}; it is shown this once")


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List tokens, good and bad: name, state, actions, categories, end.

    The state is 'good', 'expired' or 'revoked'. The tokens themselves are kept nowhere.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application, application.database.read() as tx:
        now = application.clock()
        listed = tx.tokens.listed()
    if call.as_json:
        for token in listed:
            print_json(_record(token, now))
        return
    print_rows(_row(token, now) for token in listed)


@app.command()
def revoke(
    ctx: typer.Context,
    name: Name,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token worthless, at once and for ever."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application, application.database.transaction() as tx:
        tx.tokens.revoke(name, now=application.clock())
    if call.as_json:
        print_json({"name": name, "state": "revoked"})
        return
    print_message(f"the token of {name} is revoked")


def _known(application: Application, slugs: Sequence[str] | None) -> tuple[str, ...] | None:
    """The categories of a token, sorted; a slip of the pen would be a token for nothing."""
    if not slugs:
        return None
    for slug in slugs:
        if slug not in application.catalogue.categories:
            raise typer.BadParameter(f"no category {slug!r}", param_hint="--category")
    return tuple(sorted(set(slugs)))


def _end_of(life: str, now: datetime) -> datetime | None:
    if life == NEVER:
        return None
    if not (found := _LIFE.fullmatch(life)):
        raise typer.BadParameter(f"{life!r} is not such as 90d or 12h", param_hint="--expires")
    count = int(found[1])
    return now + (timedelta(days=count) if found[2] == "d" else timedelta(hours=count))


def _state(token: Token, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "good" if token.is_good(now) else "expired"


def _record(token: Token, now: datetime) -> dict[str, Any]:
    return {
        "name": token.name,
        "state": _state(token, now),
        "actions": list(token.actions),
        "categories": None if token.categories is None else list(token.categories),
        "made_at": token.made_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }


def _row(token: Token, now: datetime) -> Sequence[object]:
    categories = "all" if token.categories is None else ", ".join(token.categories)
    ends_at = token.revoked_at or token.expires_at or NEVER
    return token.name, _state(token, now), ", ".join(token.actions), categories, ends_at
