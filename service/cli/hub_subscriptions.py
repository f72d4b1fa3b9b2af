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
from service.cli.application import to_read, to_write
from service.cli.call import ByOption, Invocation, JsonOption, SetOption, invocation_of, who
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.websub.hub.verifier import VerificationResult, VerificationVerdict
from service.wiring import deliveries, verifications, worker_name

# Choosing the subscriptions that a command applies to, and printing them.

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="Callback URLs or subscription numbers, as 'communique hub subscriptions' lists them.",
    ),
]
HostOption = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="All subscriptions whose callback is at this host."),
]


class SubscriptionNotFound(ServiceError):
    """No subscription has this number, callback or host."""


def chosen(tx: Transaction, names: Sequence[str] | None, *, host: str | None) -> list[Subscription]:
    """Returns the subscriptions with these names or at this host, without duplicates.

    Raises:
        SubscriptionNotFound: A name or the host matches no subscription.
        typer.BadParameter: Neither a name nor a host was given.
    """
    if not names and host is None:
        raise typer.BadParameter("name callbacks or numbers, or give --host", param_hint="NAME")
    found = {held.id: held for name in names or () for held in _named(tx, name)}
    if host is not None:
        at_host = tx.subscriptions.listed(host=host)
        if not at_host:
            raise SubscriptionNotFound(f"no subscription has a callback at the host {host!r}")
        found |= {held.id: held for held in at_host}
    return list(found.values())


def _named(tx: Transaction, name: str) -> list[Subscription]:
    """Returns the subscription of this number, or all subscriptions of this callback."""
    if name.isascii() and name.isdigit():
        one = tx.subscriptions.get(int(name)) if len(name) <= _MOST_DIGITS else None
        found = [one] if one else []
    else:
        found = tx.subscriptions.listed(callback=name)
    if not found:
        raise SubscriptionNotFound(f"no subscription has the number or callback {name!r}")
    return found


#: Numbers with more digits overflow the databases' integers, and never exist.
_MOST_DIGITS = 18


def topic_of(application: Application, held: Subscription) -> str:
    """Returns the topic of a subscription: the address of a feed's document."""
    return application.catalogue.site.topic(held.feed, held.format)


def request_for(
    application: Application, held: Subscription, mode: Mode, *, reason: str | None = None
) -> SubscriptionRequest:
    """Returns a request of this *mode* to the callback, with the subscription's present terms."""
    is_subscribe = mode is Mode.SUBSCRIBE
    return SubscriptionRequest(
        mode=mode,
        feed=held.feed,
        format=held.format,
        topic=topic_of(application, held),
        callback=held.callback,
        host=held.host,
        wire=held.wire,
        secret=held.secret if is_subscribe else None,
        lease_s=held.lease_s if is_subscribe else 0,
        reason=reason,
        client="command line",
    )


def record(application: Application, held: Subscription) -> dict[str, Any]:
    """Returns a subscription as a JSON record. It never has the secret itself."""
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


def result_rows(result: str, records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yields a row for each subscription that was changed."""
    for one in records:
        yield result, one["topic"], one["callback"]


# ``communique hub subscriptions``, ``suspend``, ``resume`` and ``drop``.

#: The reason sent to a callback when the operator gives none.
DROPPED = "the subscription was ended by the publisher"


class State(StrEnum):
    """The states of a subscription."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


def register_subscriptions(app: typer.Typer) -> None:
    """Adds these commands to ``communique hub``."""
    app.command("subscriptions")(list_subscriptions)
    app.command()(suspend)
    app.command()(resume)
    app.command()(drop)


def list_subscriptions(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only subscriptions to this feed.")
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="HOST", help="Only subscriptions with callbacks at this host."),
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only subscriptions in this state.")] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the subscriptions at the built-in hub.

    Each line has: number, state, topic, callback, 'signed' if the subscription has a secret, and
    when its lease ends, or since when and why it is suspended.
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
        str,
        typer.Option(metavar="TEXT", help="The reason, in one line, shown by 'hub subscriptions'."),
    ] = "by hand",
    by: ByOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suspend deliveries to subscribers.

    The subscriptions last until their lease ends, but nothing is delivered until 'hub resume' is
    run or the subscriber renews. A callback's URL stands for all topics that it is subscribed to.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    because = f"{' '.join(reason.split()) or 'by hand'} ({who(by)})"
    with to_write(call) as application:
        with application.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            ids = [held.id for held in meant]
            count = tx.subscriptions.suspend(ids, now=application.clock(), because=because)
        records = [record(application, held) for held in meant if held.state == State.ACTIVE]
    _print_results(call, "suspended", records)
    _print_unchanged(len(meant) - count, "suspended before")


def resume(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resume deliveries to suspended subscribers.

    A subscriber that missed an edition gets the newest document at once. Its count of failures
    starts again at zero.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        with application.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            count = tx.subscriptions.resume([held.id for held in meant], now=application.clock())
        records = [record(application, held) for held in meant if held.state == State.SUSPENDED]
    _print_results(call, "resumed", records)
    _print_unchanged(len(meant) - count, "not suspended")


def drop(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    reason: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="The reason, in one line, which is sent to the callback."
        ),
    ] = DROPPED,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """End subscriptions, and notify their callbacks.

    Unconfirmed requests for the same topic and callback are deleted. Each callback is sent
    hub.mode=denied with the reason: by the running service, or without one by 'communique hub
    verify'. The subscribers may subscribe again.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    reason = " ".join(reason.split()) or DROPPED
    with to_write(call) as application:
        with application.database.transaction() as tx:
            meant = chosen(tx, names, host=host)
            denials = [request_for(application, one, Mode.DENIED, reason=reason) for one in meant]
            tx.subscriptions.drop(meant, denials, now=application.clock())
        records = [record(application, held) for held in meant]
    _print_results(call, "dropped", records)


def _print_results(call: Invocation, result: str, records: Sequence[dict[str, Any]]) -> None:
    if call.as_json:
        for each in records:
            print_json({"result": result, **each})
        return
    print_rows(result_rows(result, records))


def _print_unchanged(count: int, how: str) -> None:
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


# ``communique hub deliveries``, and the deliveries of ``retry``.

DELIVERED = "delivered"


def register_deliveries(app: typer.Typer) -> None:
    """Adds the command to ``communique hub``."""
    app.command("deliveries")(list_deliveries)


def list_deliveries(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only deliveries of this feed.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Only deliveries to callbacks at this host.")
    ] = None,
    failing: Annotated[
        bool, typer.Option("--failing", help="Only deliveries whose last try failed.")
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the state of the deliveries to each subscriber.

    Each line has: state, topic, callback, failed tries, last try, its result and the next try.
    The state is 'delivered' when the subscriber has the newest document, 'due', 'sending',
    'retrying' after a failure, or 'suspended'.
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
    """Makes all due deliveries that no other process is making. Returns a record of each."""
    outcomes: list[dict[str, Any]] = []

    def record_result(delivery: DueDelivery, result: DeliveryResult) -> None:
        outcomes.append(_outcome(application, delivery, result))

    deliveries(application, worker=worker_name(), on_result=record_result).run_until_idle()
    return outcomes


def outcome_row(outcome: dict[str, Any]) -> Sequence[object]:
    """Returns the row that shows the outcome of a delivery."""
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
    """Returns the result of the last try and the time of the next one, for people."""
    result = record["last_result"] or "never tried"
    return result if record["due_at"] is None else f"{result}; next {moment(record['due_at'])}"


def _delivery_row(each: dict[str, Any]) -> Sequence[object]:
    return (
        each["state"],
        each["topic"],
        each["callback"],
        each["tries"],
        each["last_try_at"],
        last_try(each),
    )


# ``communique hub verify``.

#: The verdicts that need no further attempt.
_GOOD = (VerificationVerdict.CONFIRMED, VerificationVerdict.OUTDATED, VerificationVerdict.DENIED)


class HubNotOffered(ServiceError):
    """The service is configured without its built-in hub."""


def require_hub(application: Application) -> None:
    """Refuses a command that needs the built-in hub.

    Raises:
        HubNotOffered: The built-in hub is switched off.
    """
    if not application.settings.own_hub.offered:
        raise HubNotOffered("the built-in hub is switched off: own_hub.offered is false")


def register_verify(app: typer.Typer) -> None:
    """Adds the command to ``communique hub``."""
    app.command()(verify)


def verify(
    ctx: typer.Context,
    names: NamesArgument = None,
    *,
    host: HostOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask callbacks to confirm their requests.

    Every callback with an unconfirmed request is asked now, and every callback whose subscription
    was dropped is sent its pending notice.

    With names or --host, these subscribers are asked to confirm as if they had renewed. A
    subscriber that confirms gets a new lease. One that does not stays subscribed until its lease
    ends, as WebSub requires; 'communique hub drop' ends a subscription at once.

    Each answer is a line: result, mode, topic, callback, the callback's answer. Exit code 1 if a
    callback did not confirm.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    answers: list[tuple[PendingRequest, VerificationResult]] = []
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
            application, worker=worker_name(), on_result=lambda *one: answers.append(one)
        ).run_until_idle()
    if call.as_json:
        for pending, result in answers:
            print_json(_verification_record(pending, result))
    else:
        print_rows(tuple(_verification_record(*one).values()) for one in answers)
        if len(answers) < asked:
            print_message(
                f"{counted(asked - len(answers), 'callback')} asked by the running service"
            )
    if any(result.verdict not in _GOOD for _, result in answers):
        raise typer.Exit(1)


#: More requests than are ever pending.
_MOST = 1_000_000


def _verification_record(pending: PendingRequest, result: VerificationResult) -> dict[str, Any]:
    return {
        "result": result.verdict,
        "mode": pending.request.mode,
        "topic": pending.request.topic,
        "callback": pending.request.callback,
        "said": result.said,
    }
