"""``communique hub status`` and ``canary``: whether hubs push changes to subscribers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from feeds.model.subscription import Canary
from service.application import Application
from service.cli.application import to_read, to_write
from service.cli.call import JsonOption, SetOption, invocation_of
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.websub.hub_health import HubReport, Report, report
from service.websub.retries import delay_in_short
from service.wiring import hub_monitor


class NotWatched(ServiceError):
    """The hub has no canary subscription."""


def register(app: typer.Typer) -> None:
    """Adds these commands to the group *app*."""
    app.command()(status)
    app.command()(canary)


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


def hub_report(application: Application) -> Report:
    """Returns the current health of all hubs."""
    missing_after = timedelta(seconds=application.settings.canary.missing_after_seconds)
    with application.database.read() as tx:
        return report(
            tx, application.catalogue, now=application.clock(), missing_after=missing_after
        )


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
