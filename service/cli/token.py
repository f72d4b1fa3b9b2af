"""``communique token``: make, list and revoke tokens for the HTTP API."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from feeds.model.token import Action, Token
from service.cli.application import known_categories, to_read, to_write
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.output import moment, print_json, print_message, print_rows, print_text
from service.tokens import MAX_NAME_CHARS, NAME, hash_of, make_token

app = typer_of("token")

#: Tokens expire by default, so that a forgotten one does not stay valid for ever.
DEFAULT_LIFE = "365d"
NEVER = "never"
_LIFE = re.compile(r"([1-9][0-9]{0,5})([hd])")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the token's holder, such as press-desk.")
]


@app.command()
def make(
    ctx: typer.Context,
    name: Name,
    *,
    actions: Annotated[
        list[Action],
        typer.Option("--action", help="An action that the token allows. May be repeated."),
    ],
    categories: Annotated[
        list[str] | None,
        typer.Option(
            "--category",
            metavar="SLUG",
            help="Allow only releases whose categories are all among these. May be repeated.",
        ),
    ] = None,
    expires: Annotated[
        str,
        typer.Option(
            metavar="LIFE", help="How long the token is valid: days (90d), hours (12h), or never."
        ),
    ] = DEFAULT_LIFE,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show it once.

    The action 'read' allows reading releases; 'publish' adding and correcting them; 'retract'
    retracting them; and 'operate' reading subscriptions and deliveries at /hub/status.
    The store has only a hash of the token: a lost token must be replaced by a new one, under
    another name.
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
            categories=known_categories(application, categories),
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
    print_message(f"the token of {name}, good {until}; it is shown only this once")


@app.command("list")
def list_(
    ctx: typer.Context,
    *,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List all tokens: name, state, actions, categories, end.

    The state is 'good', 'expired' or 'revoked'. The tokens themselves are not stored, and cannot
    be shown again.
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
    """Revoke a token, at once and permanently."""
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application, application.database.transaction() as tx:
        tx.tokens.revoke(name, now=application.clock())
    if call.as_json:
        print_json({"name": name, "state": "revoked"})
        return
    print_message(f"the token of {name} is revoked")


def _end_of(life: str, now: datetime) -> datetime | None:
    if life == NEVER:
        return None
    if not (found := _LIFE.fullmatch(life)):
        raise typer.BadParameter(
            f"expected a number of days or hours, such as 90d or 12h, or never; got {life!r}",
            param_hint="--expires",
        )
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
