"""``communique hub subscriptions``, ``deliveries`` and ``verify``."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.subscription import (
    DeliveryResult,
    DeliveryState,
    DueDelivery,
    Mode,
    PendingRequest,
    Subscription,
    SubscriptionRequest,
)
from feeds.store.database import Transaction
from service.application import Application
from service.cli.call import ByOption, Invocation, JsonOption, SetOption, invocation_of, who
from service.cli.installation import to_read, to_write
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.websub.hub.verifier import VerificationResult, VerificationVerdict
from service.wiring import deliveries, verifications, worker_name

# Which subscriptions a command means, and how it shows them.

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="Callbacks' URLs, or subscriptions' numbers, as 'communique hub subscriptions' lists "
        "them.",
    ),
]
HostOption = Annotated[
    str | None, typer.Option(metavar="HOST", help="All whose callbacks are at this host.")
]


class SubscriptionNotFound(ServiceError):
    """Nobody is subscribed under this name."""


def chosen(tx: Transaction, names: Sequence[str] | None, *, host: str | None) -> list[Subscription]:
    """The subscriptions that are meant, each once.

    Raises:
        SubscriptionNotFound: There is none of that name, or at that host.
        typer.BadParameter: Nothing was named.
    """
    if not names and host is None:
        raise typer.BadParameter("name callbacks or numbers, or give --host", param_hint="NAME")
    found = {held.id: held for name in names or () for held in _named(tx, name)}
    if host is not None:
        at_host = tx.subscriptions.listed(host=host)
        if not at_host:
            raise SubscriptionNotFound(f"nobody is subscribed at the host {host!r}")
        found |= {held.id: held for held in at_host}
    return list(found.values())


def _named(tx: Transaction, name: str) -> list[Subscription]:
    """One by its number; by a callback, those to all its topics."""
    if name.isascii() and name.isdigit():
        one = tx.subscriptions.get(int(name)) if len(name) <= _MOST_DIGITS else None
        found = [one] if one else []
    else:
        found = tx.subscriptions.listed(callback=name)
    if not found:
        raise SubscriptionNotFound(f"nobody is subscribed as {name!r}")
    return found


#: No number has more, and the databases take none much larger.
_MOST_DIGITS = 18


def topic_of(application: Application, held: Subscription) -> str:
    """The address of what it is about."""
    return application.catalogue.site.topic(held.feed, held.format)


def request_for(
    application: Application, held: Subscription, mode: Mode, *, reason: str | None = None
) -> SubscriptionRequest:
    """What its callback is to be asked or told, on the terms that it has."""
    is_for_more = mode is Mode.SUBSCRIBE
    return SubscriptionRequest(
        mode=mode,
        feed=held.feed,
        format=held.format,
        topic=topic_of(application, held),
        callback=held.callback,
        host=held.host,
        wire=held.wire,
        secret=held.secret if is_for_more else None,
        lease_s=held.lease_s if is_for_more else 0,
        reason=reason,
        client="command line",
    )


def record(application: Application, held: Subscription) -> dict[str, Any]:
    """A subscription for a program. Its secret is nobody's: it only says whether there is one."""
    return {
        "number": held.id,
        "state": held.state,
        "topic": topic_of(application, held),
        "feed": held.feed,
        "format": held.format,
        "callback": held.callback,
        "host": held.host,
        "protocol": held.wire,
        "has_secret": held.secret is not None,
        "lease_seconds": held.lease_s,
        "since": held.since,
        "confirmed_at": held.confirmed_at,
        "expires_at": held.expires_at,
        "suspended_at": held.suspended_at,
        "suspended_because": held.suspended_because,
    }


def deeds(deed: str, records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """What was done to each, as lines."""
    for one in records:
        yield deed, one["topic"], one["callback"]


# ``communique hub subscriptions``, ``suspend``, ``resume`` and ``drop``: who is subscribed.

#: What a callback is told of an end, when nobody says more.
DROPPED = "the subscription was ended by the publisher"


class State(StrEnum):
    """The states of a subscription."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


def register_subscriptions(app: typer.Typer) -> None:
    """Add these commands to ``communique hub``."""
    app.command("subscriptions")(list_subscriptions)
    app.command()(suspend)
    app.command()(resume)
    app.command()(drop)


def list_subscriptions(
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
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        if feed is not None and feed not in application.catalogue.feeds:
            raise FeedNotFound(feed)
        with application.database.read() as tx:
            listed = tx.subscriptions.listed(feed=feed, host=host)
        records = [
            record(application, held) for held in listed if state is None or held.state == state
        ]
    if call.as_json:
        for each in records:
            print_json(each)
        return
    print_rows(_subscription_row(each) for each in records)


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
    call = invocation_of(ctx, overrides, as_json=as_json)
    because = f"{' '.join(reason.split()) or 'by hand'} ({who(by)})"
    with to_write(call) as application:
        with application.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            ids = [held.id for held in meant]
            count = tx.subscriptions.suspend(ids, now=application.clock(), because=because)
        records = [record(application, held) for held in meant if held.state == State.ACTIVE]
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
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        with application.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            count = tx.subscriptions.resume([held.id for held in meant], now=application.clock())
        records = [record(application, held) for held in meant if held.state == State.SUSPENDED]
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
    call = invocation_of(ctx, overrides, as_json=as_json)
    told = " ".join(reason.split()) or DROPPED
    with to_write(call) as application:
        with application.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            denials = [request_for(application, one, Mode.DENIED, reason=told) for one in meant]
            tx.subscriptions.drop(meant, denials, now=application.clock())
        records = [record(application, held) for held in meant]
    _tell(call, "dropped", records)


def _tell(call: Invocation, deed: str, records: Sequence[dict[str, Any]]) -> None:
    if call.as_json:
        for each in records:
            print_json({"result": deed, **each})
        return
    print_rows(deeds(deed, records))


def _say_of_rest(count: int, how: str) -> None:
    if count:
        print_message(f"{counted(count, 'subscription')} left as they were: {how}")


def _subscription_row(each: dict[str, Any]) -> Sequence[object]:
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


# ``communique hub deliveries``, and the part of ``retry`` that concerns them.

DELIVERED = "delivered"


def register_deliveries(app: typer.Typer) -> None:
    """Add this command to ``communique hub``."""
    app.command("deliveries")(list_deliveries)


def list_deliveries(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only those of this feed's documents.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Only those to callbacks at this host.")
    ] = None,
    failing: Annotated[
        bool, typer.Option("--failing", help="Only those whose last try failed.")
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List how the deliveries to each subscriber stand.

    Each is a line: state, topic, callback, failed tries, last try, its result and the next try.
    The state is 'delivered' when it has the newest document, 'due', 'sending', 'retrying' after a
    failure, or 'suspended'.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        if feed is not None and feed not in application.catalogue.feeds:
            raise FeedNotFound(feed)
        with application.database.read() as tx:
            listed = tx.deliveries.listed(feed=feed, host=host)
        records = [
            _delivery_record(application, one) for one in listed if one.attempts or not failing
        ]
    if call.as_json:
        for each in records:
            print_json(each)
        return
    print_rows(_delivery_row(each) for each in records)


def deliver_all_due(application: Application) -> list[dict[str, Any]]:
    """Deliver here what is owed now, and nobody else delivers; says what became of each."""
    came: list[dict[str, Any]] = []

    def hear(delivery: DueDelivery, result: DeliveryResult) -> None:
        came.append(_outcome(application, delivery, result))

    deliveries(application, worker=worker_name(), on_result=hear).run_until_idle()
    return came


def outcome_row(outcome: dict[str, Any]) -> Sequence[object]:
    """What became of a delivery, as a line."""
    next_at = outcome["next_at"]
    then = f"; next {moment(next_at)}" if next_at else ""
    return outcome["verdict"], outcome["topic"], outcome["callback"], f"{outcome['result']}{then}"


def _outcome(
    application: Application, delivery: DueDelivery, result: DeliveryResult
) -> dict[str, Any]:
    return {
        "verdict": _verdict(result),
        "topic": application.catalogue.site.topic(delivery.feed, delivery.format),
        "callback": delivery.callback,
        "feed": delivery.feed,
        "format": delivery.format,
        "edition": result.delivered_edition,
        "result": result.result,
        "next_at": result.retry_at,
    }


def _verdict(result: DeliveryResult) -> str:
    if result.delivered_edition is not None:
        return DELIVERED
    if result.is_gone:
        return "ended"
    return "put off" if result.suspended_because is None else "suspended"


def _delivery_record(application: Application, state: DeliveryState) -> dict[str, Any]:
    held = state.subscription
    return {
        "state": state.state,
        "topic": topic_of(application, held),
        "callback": held.callback,
        "number": held.id,
        "feed": held.feed,
        "format": held.format,
        "host": held.host,
        "wanted_edition": state.wanted_edition,
        "delivered_edition": state.delivered_edition,
        "tries": state.attempts,
        "last_try_at": state.last_try_at,
        "last_result": state.last_result,
        "last_took_ms": state.last_took_ms,
        "delivered_at": state.delivered_at,
        "due_at": state.due_at,
    }


def last_try(record: dict[str, Any]) -> str:
    """What came of the last try, and when the next one is, for a person."""
    said = record["last_result"] or "never tried"
    return said if record["due_at"] is None else f"{said}; next {moment(record['due_at'])}"


def _delivery_row(each: dict[str, Any]) -> Sequence[object]:
    return (
        each["state"],
        each["topic"],
        each["callback"],
        each["tries"],
        each["last_try_at"],
        last_try(each),
    )


# ``communique hub verify``: callbacks are asked now.

#: What leaves nothing to be done.
_GOOD = (VerificationVerdict.CONFIRMED, VerificationVerdict.OUTDATED, VerificationVerdict.DENIED)


class HubNotOffered(ServiceError):
    """The service is configured to be no hub."""


def require_hub(application: Application) -> None:
    """Refuse what only a hub can do.

    Raises:
        HubNotOffered: It is switched off.
    """
    if not application.settings.own_hub.offered:
        raise HubNotOffered("this service is no hub: own_hub.offered is off")


def register_verify(app: typer.Typer) -> None:
    """Add this command to ``communique hub``."""
    app.command()(verify)


def verify(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask callbacks whether they want what was asked for.

    All those are asked now that have yet to confirm a request, and those told that have yet to
    hear of an end.

    With names, or --host, ask these subscribers whether they still want what they get, as if they
    renewed. Who confirms has its lease anew; who does not stays subscribed until its lease ends,
    as WebSub has it: 'communique hub drop' ends it now.

    Each answer is a line: what came of it, what was asked, topic, callback, what was said. Exit
    code 1 if one did not confirm.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    came: list[tuple[PendingRequest, VerificationResult]] = []
    asked = 0
    with to_write(call) as application:
        require_hub(application)
        with application.database.transaction() as tx:
            now = application.clock()
            meant = chosen(tx, names, host=host) if names or host else []
            for held in meant:
                tx.subscriptions.add_request(
                    request_for(application, held, Mode.SUBSCRIBE), now=now
                )
            if not meant:
                tx.subscriptions.make_requests_due(now=now)
            asked = len(tx.subscriptions.due(now=now, limit=_MOST))
        verifications(
            application, worker=worker_name(), on_result=lambda *one: came.append(one)
        ).run_until_idle()
    if call.as_json:
        for pending, heard in came:
            print_json(_verification_record(pending, heard))
    else:
        print_rows(tuple(_verification_record(*one).values()) for one in came)
        if len(came) < asked:
            print_message(f"{counted(asked - len(came), 'callback')} asked by the running service")
    if any(heard.verdict not in _GOOD for _, heard in came):
        raise typer.Exit(1)


#: More than ever wait.
_MOST = 1_000_000


def _verification_record(pending: PendingRequest, heard: VerificationResult) -> dict[str, Any]:
    return {
        "result": heard.verdict,
        "mode": pending.request.mode,
        "topic": pending.request.topic,
        "callback": pending.request.callback,
        "said": heard.said,
    }
