"""``communique hub deliveries``, and the part of ``retry`` that concerns them."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.subscription import DeliveryResult, DeliveryState, DueDelivery
from service.cli.call import JsonOption, SetOption, call_of
from service.cli.hub_choice import topic_of
from service.cli.installation import to_read
from service.cli.output import moment, tell_json, tell_rows
from service.wiring import Installation, deliveries, worker_name

DELIVERED = "delivered"


def register(app: typer.Typer) -> None:
    """Add this command to ``communique hub``."""
    app.command("deliveries")(list_)


def list_(
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
    call = call_of(ctx, overrides, as_json=as_json)
    with to_read(call) as installation:
        if feed is not None and feed not in installation.catalogue.feeds:
            raise FeedNotFound(feed)
        with installation.database.read() as tx:
            listed = tx.deliveries.listed(feed=feed, host=host)
        records = [_record(installation, one) for one in listed if one.attempts or not failing]
    if call.as_json:
        for each in records:
            tell_json(each)
        return
    tell_rows(_row(each) for each in records)


def deliver_all_due(installation: Installation) -> list[dict[str, Any]]:
    """Deliver here what is owed now, and nobody else delivers; says what became of each."""
    came: list[dict[str, Any]] = []

    def hear(delivery: DueDelivery, result: DeliveryResult) -> None:
        came.append(_outcome(installation, delivery, result))

    deliveries(installation, worker=worker_name(), heard=hear).run_until_idle()
    return came


def outcome_row(outcome: dict[str, Any]) -> Sequence[object]:
    """What became of a delivery, as a line."""
    next_at = outcome["next_at"]
    then = f"; next {moment(next_at)}" if next_at else ""
    return outcome["verdict"], outcome["topic"], outcome["callback"], f"{outcome['result']}{then}"


def _outcome(
    installation: Installation, delivery: DueDelivery, result: DeliveryResult
) -> dict[str, Any]:
    return {
        "verdict": _verdict(result),
        "topic": installation.catalogue.site.topic(delivery.feed, delivery.format),
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


def _record(installation: Installation, state: DeliveryState) -> dict[str, Any]:
    held = state.subscription
    return {
        "state": state.state,
        "topic": topic_of(installation, held),
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


def _row(each: dict[str, Any]) -> Sequence[object]:
    return (
        each["state"],
        each["topic"],
        each["callback"],
        each["tries"],
        each["last_try_at"],
        last_try(each),
    )
