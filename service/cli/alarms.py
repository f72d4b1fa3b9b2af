"""``communique alarms``: what is wrong, who was told, and a test of every channel."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from feeds.model.alarm import Alarm, ChannelState
from service.alarms import SendOutcome
from service.cli.application import to_read, to_write
from service.cli.call import COMMANDS, Invocation, JsonOption, SetOption, invocation_of
from service.cli.output import counted, moment, print_json, print_message, print_rows
from service.errors import ServiceError
from service.processes.status import channel_record
from service.wiring import alarm_keeper

app = typer.Typer(
    help=COMMANDS["alarms"],
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: How far back alarms that are over are listed by default.
DAYS = 7
MOST_RECENT = 200


class NoChannel(ServiceError):
    """No channel is configured, so nobody can be told."""


@app.callback()
def alarms(
    ctx: typer.Context,
    *,
    days: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=30, help="List alarms that ended within so many days, too."
        ),
    ] = DAYS,
    overrides: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List alarms: open ones, then those that ended lately; and the state of each channel.

    Each alarm is a line: open or over, kind, beginning and end, words. Details that are not sent
    to any channel, such as the names of refused documents, follow on a line of their own.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    if ctx.invoked_subcommand is not None:
        ctx.obj = call
        return
    with to_read(call) as application, application.database.read() as tx:
        since = application.clock() - timedelta(days=days)
        open_alarms = tx.alarms.open()
        recent = tx.alarms.recent(since=since, limit=MOST_RECENT)
        channels = tx.alarms.channels()
    if call.as_json:
        for alarm in (*open_alarms, *recent):
            print_json(alarm_record(alarm))
        for state in channels:
            print_json(channel_record(state))
        return
    rows: list[Sequence[object]] = []
    for alarm in (*open_alarms, *recent):
        rows.append(_row(alarm))
        if alarm.condition.detail:
            rows.append(("detail", alarm.condition.kind, None, alarm.condition.detail))
    print_rows(rows)
    print_rows(("channel", state.channel, channel_words(state)) for state in channels)
    if not open_alarms:
        print_message("no alarm is open")


@app.command("test")
def send_test(
    ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False
) -> None:
    """Send a test through every configured channel, and show the outcome of each.

    The exit code is 1 when a channel fails, or none is configured.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_read(call) as application:
        outcomes = alarm_keeper(application).send_test(now=application.clock())
    _show(call, outcomes)
    if not outcomes:
        raise NoChannel(
            "no channel is configured: set alarms.mail, alarms.webhook or alarms.command"
        )
    if not all(one.is_sent for one in outcomes):
        raise typer.Exit(1)


@app.command()
def check(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Check now what is wrong, and send what no channel was told yet.

    The running service does both by itself, every 15 seconds. The exit code is 1 when a channel
    fails.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    with to_write(call) as application:
        keeper = alarm_keeper(application)
        changed = keeper.check(now=application.clock())
        outcomes = keeper.send_due(now=application.clock)
    if call.as_json:
        for alarm in changed:
            print_json(alarm_record(alarm))
    else:
        print_rows((one.event, one.condition.kind, one.condition.words) for one in changed)
        print_message(counted(len(changed), "event"))
    _show(call, outcomes)
    if not all(one.is_sent for one in outcomes):
        raise typer.Exit(1)


def _show(call: Invocation, outcomes: Sequence[SendOutcome]) -> None:
    if call.as_json:
        for one in outcomes:
            print_json({"channel": one.channel, "sent": one.is_sent, "result": one.result})
        return
    print_rows((one.channel, "sent" if one.is_sent else "failed", one.result) for one in outcomes)


def channel_words(state: ChannelState) -> str:
    """Returns the state of a channel, for people."""
    if state.attempts and state.first_failed_at is not None:
        since, next_at = (
            moment(state.first_failed_at),
            moment(state.due_at or state.first_failed_at),
        )
        return f"failing since {since}, next try {next_at}: {state.last_result}"
    if state.sent_at is None:
        return "nothing was sent yet"
    return f"last sent {moment(state.sent_at)}: {state.last_result}"


def alarm_record(alarm: Alarm) -> dict[str, Any]:
    """Returns an alarm as a JSON object."""
    condition = alarm.condition
    return {
        "kind": condition.kind,
        "subject": condition.subject,
        "is_open": alarm.over_at is None,
        "words": condition.words,
        "detail": condition.detail,
        "since": condition.since,
        "over_at": alarm.over_at,
        "event": alarm.event,
        "event_at": alarm.event_at,
    }


def _row(alarm: Alarm) -> Sequence[object]:
    condition = alarm.condition
    times = moment(condition.since)
    if alarm.over_at is not None:
        times += f" to {moment(alarm.over_at)}"
    return "open" if alarm.over_at is None else "over", condition.kind, times, condition.words
