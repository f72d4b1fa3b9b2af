"""``communique hub subscriptions``, ``suspend``, ``resume`` and ``drop``: who is subscribed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.subscription import Mode
from service.cli.call import Call, JsonOption, SetOption, call_of
from service.cli.hub_choice import (
    HostOption,
    NamesArgument,
    chosen,
    deeds,
    record,
    request_for,
)
from service.cli.installation import to_read, to_write
from service.cli.output import counted, moment, say, tell_json, tell_rows
from service.cli.who import ByOption, who

#: What a callback is told of an end, when nobody says more.
DROPPED = "the subscription was ended by the publisher"


class State(StrEnum):
    """The states of a subscription."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


def register(app: typer.Typer) -> None:
    """Add these commands to ``communique hub``."""
    app.command("subscriptions")(list_)
    app.command()(suspend)
    app.command()(resume)
    app.command()(drop)


def list_(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those to this feed's documents.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Only those with callbacks at this host.")
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who is subscribed at the built-in hub.

    Each is a line: number, state, topic, callback, 'signed' if it has a secret, and until when it
    lasts, or why and since when it is suspended.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    with to_read(call) as installation:
        if feed is not None and feed not in installation.catalogue.feeds:
            raise FeedNotFound(feed)
        with installation.database.read() as tx:
            listed = tx.subscriptions.listed(feed=feed, host=host)
        records = [
            record(installation, held) for held in listed if state is None or held.state == state
        ]
    if call.as_json:
        for each in records:
            tell_json(each)
        return
    tell_rows(_row(each) for each in records)


def suspend(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why: one line, for whoever looks at the list.")
    ] = "by hand",
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send nothing more to subscribers.

    They stay subscribed until their lease ends, and get nothing until somebody resumes them or
    they renew. A name may be a number, or a callback's URL, which
    stands for all topics that it is subscribed to.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    because = f"{' '.join(reason.split()) or 'by hand'} ({who(by)})"
    with to_write(call) as installation:
        with installation.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            ids = [held.id for held in meant]
            count = tx.subscriptions.suspend(ids, now=installation.clock(), because=because)
        records = [record(installation, held) for held in meant if held.state == State.ACTIVE]
    _tell(call, "suspended", records)
    _say_of_rest(len(meant) - count, "suspended before")


def resume(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send to suspended subscribers again.

    Whoever missed something gets the newest document at once; failures are forgotten.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    with to_write(call) as installation:
        with installation.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            count = tx.subscriptions.resume([held.id for held in meant], now=installation.clock())
        records = [record(installation, held) for held in meant if held.state == State.SUSPENDED]
    _tell(call, "resumed", records)
    _say_of_rest(len(meant) - count, "not suspended")


def drop(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why: one line, which the callback is told.")
    ] = DROPPED,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """End subscriptions, and tell their callbacks so.

    Requests for the same that were not confirmed yet are forgotten. Callbacks are told by
    hub.mode=denied with the reason: a running service does that; without one, 'communique
    hub verify'. They may subscribe again.
    """
    call = call_of(ctx, overrides, as_json=as_json)
    told = " ".join(reason.split()) or DROPPED
    with to_write(call) as installation:
        with installation.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            denials = [request_for(installation, one, Mode.DENIED, reason=told) for one in meant]
            tx.subscriptions.drop(meant, denials, now=installation.clock())
        records = [record(installation, held) for held in meant]
    _tell(call, "dropped", records)


def _tell(call: Call, deed: str, records: Sequence[dict[str, Any]]) -> None:
    if call.as_json:
        for each in records:
            tell_json({"result": deed, **each})
        return
    tell_rows(deeds(deed, records))


def _say_of_rest(count: int, how: str) -> None:
    if count:
        say(f"{counted(count, 'subscription')} left as they were: {how}")


def _row(each: dict[str, Any]) -> Sequence[object]:
    if each["state"] == State.SUSPENDED:
        until = f"since {moment(each['suspended_at'])}: {each['suspended_because']}"
    else:
        until = f"until {moment(each['expires_at'])}"
    return (
        each["number"],
        each["state"],
        each["topic"],
        each["callback"],
        "signed" if each["has_secret"] else "unsigned",
        until,
    )
