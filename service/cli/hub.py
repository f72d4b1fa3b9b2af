"""``communique hub``: pings to hubs, and retries of pings and deliveries."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.feed import Format
from feeds.model.listing import PingState
from feeds.newsstand import SPREAD
from service.application import Application
from service.cli import hub_status
from service.cli.application import to_read, to_write
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.hub_subscriptions import (
    DELIVERED,
    deliver_all_due,
    last_try,
    outcome_row,
    register_deliveries,
    register_subscriptions,
    register_verify,
    require_hub,
)
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.websub import PingResult, PingVerdict
from service.wiring import publisher

app = typer_of("hub")
hub_status.register(app)

#: The states of a ping whose last attempt failed.
FAILING = ("retrying", "failed")


class HubNotFound(ServiceError):
    """No feed is announced to this hub."""


@app.command()
def pings(
    ctx: typer.Context,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only pings whose last try failed.")
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the state of each topic at each hub.

    Each line has: state, topic, hub, failed tries, last try, its result and the next try. The
    state is 'told' when the hub has accepted a ping for the newest edition, 'waiting' for the
    next edition, 'due', 'retrying' after a failure, or 'failed' after the last try.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        with application.database.read() as tx:
            listed = tx.pings.listed()
        states = [state for state in listed if not failed or state.state in FAILING]
        records = [_state_record(application, state) for state in states]
    if call.as_json:
        for record in records:
            print_json(record)
        return
    print_rows(_state_row(record) for record in records)


@app.command()
def retry(
    ctx: typer.Context,
    *,
    feed: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only pings and deliveries of this feed.")
    ] = None,
    hub: Annotated[str | None, typer.Option(metavar="URL", help="Only pings to this hub.")] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Only deliveries to callbacks at this host.")
    ] = None,
    send: Annotated[
        bool,
        typer.Option(
            "--send",
            help="Deliver to subscribers from this command, instead of leaving it to the service.",
        ),
    ] = False,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Retry failed pings and deliveries at once.

    All other pings that are due are sent, too. Each line has: result, topic, hub, the hub's answer.

    Deliveries to the built-in hub's subscribers are made by the running service, or by this
    command with --send. Each delivery is a line: result, topic, callback, the callback's answer.
    Exit code 1 if anything failed; the service retries failures by itself.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        _require_known(application, feed, hub)
        if send:
            require_hub(application)
        pings_made, deliveries_made = _make_due(application, feed=feed, hub=hub, host=host)
        # Pings are spread over this time: those of an edition published just now are due after it.
        time.sleep(SPREAD.total_seconds())
        results = [] if host is not None else _send_all_due(application)
        delivered = deliver_all_due(application) if send else []
    if call.as_json:
        for record in [*map(_result_record, results), *delivered]:
            print_json(record)
    else:
        print_rows([*map(_result_row, results), *map(outcome_row, delivered)])
        print_message(f"{counted(pings_made, 'failed ping')} made due, {len(results)} sent")
        _print_deliveries(deliveries_made, len(delivered), is_sent=send)
    is_accepted = all(result.verdict is PingVerdict.ACCEPTED for result in results)
    if not is_accepted or any(one["verdict"] != DELIVERED for one in delivered):
        raise typer.Exit(1)


def _make_due(
    application: Application, *, feed: str | None, hub: str | None, host: str | None
) -> tuple[int, int]:
    """Makes failed pings and deliveries due. Returns the number of each."""
    pings_made = deliveries_made = 0
    with application.database.transaction() as tx:
        if host is None:
            pings_made = tx.pings.retry(now=application.clock(), feed=feed, hub=hub)
        if hub in (None, application.catalogue.site.hub):
            deliveries_made = tx.deliveries.retry(now=application.clock(), feed=feed, host=host)
    return pings_made, deliveries_made


def _print_deliveries(made_due: int, sent: int, *, is_sent: bool) -> None:
    if made_due or is_sent:
        then = f"{sent} made" if is_sent else "a running service makes them"
        print_message(
            f"{counted(made_due, 'failed delivery', 'failed deliveries')} made due, {then}"
        )


register_deliveries(app)
register_subscriptions(app)
register_verify(app)


def _send_all_due(application: Application) -> list[PingResult]:
    sender = publisher(application)
    try:
        return sender.send_all_due(now=application.clock())
    finally:
        sender.close()


def _require_known(application: Application, feed: str | None, hub: str | None) -> None:
    """Refuses a misspelt feed or hub: a command that matches nothing would look like success.

    Raises:
        FeedNotFound: No feed has this slug.
        HubNotFound: No feed is announced to this hub.
    """
    feeds = application.catalogue.feeds
    if feed is not None and feed not in feeds:
        raise FeedNotFound(feed)
    hubs = {hub for one in feeds.values() for each in Format for hub in one.announced_to(each)}
    if hub is not None and hub not in hubs:
        raise HubNotFound(f"no feed is announced to the hub {hub!r}")


def _state_record(application: Application, state: PingState) -> dict[str, Any]:
    return {
        "state": state.state,
        "topic": application.catalogue.site.topic(state.feed, state.format),
        "hub": state.hub,
        "feed": state.feed,
        "format": state.format,
        "edition": state.edition,
        "told_edition": state.told_edition,
        "tries": state.attempts,
        "last_try_at": state.last_try_at,
        "last_result": state.last_result,
        "due_at": state.due_at,
    }


def _state_row(record: dict[str, Any]) -> Sequence[object]:
    return (
        record["state"],
        record["topic"],
        record["hub"],
        record["tries"],
        record["last_try_at"],
        last_try(record),
    )


def _result_record(result: PingResult) -> dict[str, Any]:
    return {
        "verdict": result.verdict,
        "topic": result.topic,
        "hub": result.ping.hub,
        "feed": result.ping.feed,
        "format": result.ping.format,
        "edition": result.ping.edition,
        "result": result.result,
        "next_at": result.next_at,
    }


def _result_row(result: PingResult) -> Sequence[object]:
    then = f"; next {moment(result.next_at)}" if result.next_at else ""
    return result.verdict, result.topic, result.ping.hub, f"{result.result}{then}"
