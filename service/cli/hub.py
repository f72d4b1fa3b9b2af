"""``communique hub``: whether hubs push to subscribers; pings and deliveries, and their retries."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from feeds.errors import FeedNotFound
from feeds.model.feed import Format
from feeds.model.listing import PingState
from feeds.model.subscription import Canary
from service.application import Application
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
from service.processes.status import hub_report
from service.websub import PingResult, PingVerdict
from service.websub.hub_health import HubReport, Report
from service.websub.retries import delay_in_short
from service.wiring import hub_monitor, publisher

app = typer_of("hub")


class NotWatched(ServiceError):
    """The hub has no canary subscription."""


@app.command()
def status(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Show whether hubs accept pings, and whether their pushes arrive.

    For each hub: its health, in one word and in a sentence; pings sent and accepted; pushes seen
    and expected, with the median and the worst delay of the last 30 days; its last failure; and
    the canary, which is this service's own subscription at the hub. For the built-in hub also
    subscriptions and deliveries by state. The exit code is 0 whatever the health is.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        seen = hub_report(application)
    if call.as_json:
        for one in seen.hubs:
            print_json(_record(one, seen))
        return
    print_rows(row for one in seen.hubs for row in _rows(one, seen))


@app.command()
def canary(
    ctx: typer.Context,
    *,
    hub: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Only this hub, whether its canary is due or not."),
    ] = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Subscribe this service at hubs now, to measure whether pushes arrive.

    This subscription is called the canary. The service requests it by itself, and renews it after
    half of the lease. This command sends the request now: to hubs where it is due, or to one hub
    in any case. Each request is a line: state, hub, topic, and the hub's answer. Whether the hub
    verified the subscription is shown later by 'hub status'.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        monitor = hub_monitor(application)
        if hub is not None:
            monitor.ensure(now=application.clock())
            with application.database.transaction() as tx:
                if not tx.canaries.make_due(now=application.clock(), hub=hub):
                    raise NotWatched(f"there is no canary at the hub {hub!r}")
        asked = monitor.run(now=application.clock, hub=hub)
    if call.as_json:
        for one in asked:
            print_json(_canary_record(one) | {"hub": one.hub})
        return
    print_rows((one.state, one.hub, one.topic, one.last_result) for one in asked)
    print_message(f"{counted(len(asked), 'hub')} asked")


def _record(one: HubReport, seen: Report) -> dict[str, Any]:
    tally, pushes = one.tally, one.pushes
    record: dict[str, Any] = {
        "hub": one.hub,
        "is_ours": one.is_ours,
        "standing": one.assessment.health,
        "words": str(one.assessment),
        "pings": {"sent": tally.pings_sent, "accepted": tally.pings_accepted, **one.pings},
        "pushes": {
            "expected": pushes.expected,
            "seen": pushes.seen,
            "missing": pushes.missing,
            "waiting": pushes.waiting,
            "median_delay_s": _seconds(pushes.median_delay),
            "worst_delay_s": _seconds(pushes.worst_delay),
            "last_arrived_at": pushes.last_arrived_at,
        },
        "last_failure_at": tally.last_failure_at,
        "last_failure": tally.last_failure,
        "canary": None if one.canary is None else _canary_record(one.canary),
    }
    if one.is_ours:
        record |= {
            "subscriptions": seen.subscriptions_by_state,
            "deliveries": {
                "sent": tally.deliveries_sent,
                "accepted": tally.deliveries_accepted,
                **seen.deliveries,
            },
            "pending": seen.pending,
        }
    return record


def _canary_record(one: Canary) -> dict[str, Any]:
    return {
        "state": one.state,
        "topic": one.topic,
        "asked_at": one.asked_at,
        "verified_at": one.verified_at,
        "expires_at": one.expires_at,
        "next_asking_at": one.due_at,
        "last_result": one.last_result,
    }


def _rows(one: HubReport, seen: Report) -> Iterator[Sequence[object]]:
    tally, pushes = one.tally, one.pushes
    yield "hub", f"{one.hub}{'  (ours)' if one.is_ours else ''}"
    yield "  standing", f"{one.assessment.health}: {one.assessment}"
    yield "  pings", f"{tally.pings_sent} sent, {tally.pings_accepted} accepted{_open(one)}"
    if one.canary is not None:
        yield "  pushes", f"{pushes.seen} of {pushes.expected} seen{_delays(one)}"
    failure = tally.last_failure_at and f"{moment(tally.last_failure_at)}  {tally.last_failure}"
    yield "  last failure", failure
    yield "  canary", None if one.canary is None else _canary_words(one.canary)
    if one.is_ours:
        yield "  subscriptions", f"{_states(seen.subscriptions_by_state)}, {seen.pending} pending"
        sent = f"{tally.deliveries_sent} sent, {tally.deliveries_accepted} accepted"
        yield "  deliveries", f"{sent}; subscribers: {_states(seen.deliveries)}"


def _open(one: HubReport) -> str:
    """Returns the topics that the hub has not accepted yet, by state; empty if there is none."""
    open_topics = {state: count for state, count in one.pings.items() if count and state != "told"}
    return f"; topics: {_states(open_topics)}" if open_topics else ""


def _delays(one: HubReport) -> str:
    pushes = one.pushes
    missing = f", {pushes.missing} missing" if pushes.missing else ""
    if pushes.median_delay is None or pushes.worst_delay is None:
        return missing
    median, worst = delay_in_short(pushes.median_delay), delay_in_short(pushes.worst_delay)
    return f"{missing}; delay {median} median, {worst} worst"


def _canary_words(one: Canary) -> str:
    until = f" until {moment(one.expires_at)}" if one.expires_at is not None else ""
    result = f"; {one.last_result}" if one.last_result else ""
    return f"{one.state}{until}{result}; next asking {moment(one.due_at)}"


def _states(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items())


def _seconds(delay: timedelta | None) -> float | None:
    return None if delay is None else delay.total_seconds()


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
