"""``communique status``: the state of the whole service on one screen."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from feeds.errors import StoreReplaced, StoreUnavailable
from service.cli.call import Invocation, JsonOption, SetOption, invocation_of, typer_of
from service.cli.output import print_json, print_rows
from service.errors import ServiceError
from service.processes.status_line import ask_service

app = typer_of("status")

#: At most this many feeds in trouble are listed; the others are only counted.
MAX_TROUBLES = 10

#: Time limit on PostgreSQL, in seconds. A large store takes one second.
WITHIN_S = 20.0


class StoreAway(ServiceError):
    """The store does not answer, so the state is unknown."""

    def __init__(self, reason: str, reports: Sequence[str], /) -> None:
        answer = "; ".join(reports) if reports else "none answers on this machine"
        super().__init__(f"{' '.join(reason.split())}; web process: {answer}")


@app.command()
def status(ctx: typer.Context, *, overrides: SetOption = None, as_json: JsonOption = False) -> None:
    """Show the state of the whole service on one screen.

    First whether the service runs, when each process last worked, and what it did; then what is
    late, and how long the oldest stale feed, due ping, due delivery and waiting embargo wait. Then:
    alarms; site; store; failures, and since when; whether another configuration is active; the last
    backup; releases; embargoes; feeds; the last edition; pings by hub; the health of each hub;
    how many other people's feeds are ok or fail; refused documents; releases left out of feeds
    because they could not be rendered; and, if there are any, old addresses of feeds that readers
    ask for and that lead nowhere.

    The exit code is 1 when something is late: a process that has stopped working, or something
    that waits for longer than alarms.late_minutes and alarms.embargo_minutes allow. It is 1 as well
    when the store does not answer; the answer of the web process on this machine is shown then.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    # Where the running service answers, neither settings nor database code has to be loaded.
    record = ask_service(call.config, call.overrides) or _read(call)
    if call.as_json:
        print_json(record)
    else:
        print_rows(_rows(record))
    if record["late"]:
        raise typer.Exit(1)


def _read(call: Invocation) -> dict[str, Any]:
    """Reads the state from the store, because no service answers.

    Raises:
        StoreAway: The store cannot be reached.
        StoreReplaced: The store is gone, or is another one.
    """
    from service.cli.application import to_read
    from service.cli.configuration import settings_of
    from service.processes.status import status_record, web_health

    try:
        with to_read(call, within_s=WITHIN_S) as application:
            return status_record(application)
    except StoreReplaced:
        raise
    except StoreUnavailable as error:
        raise StoreAway(str(error), web_health(settings_of(call)).reports) from error


def _rows(record: dict[str, Any]) -> Iterator[Sequence[object]]:
    yield from _rows_of_work(record)
    yield from _rows_of_store(record)
    yield from _rows_of_content(record)


def _rows_of_work(record: dict[str, Any]) -> Iterator[Sequence[object]]:
    yield "service", _runs(record["service"])
    for process in record["processes"]:
        who = f"{process['role']} on {process['host']}, {process['pid']}"
        yield "process", f"{who}  {_work(process)}"
    for late in record["late"]:
        yield "late", late
    yield "waiting", _waits(record["waiting"])
    yield "alarms", _see(record["alarms"]["open"], "open", "alarms")
    for channel in record["alarms"]["channels"]:
        if channel["is_failing"]:
            since = channel["failing_since"]
            yield "channel", f"{channel['channel']} failing since {since}: {channel['last_result']}"


def _rows_of_store(record: dict[str, Any]) -> Iterator[Sequence[object]]:
    yield "site", f"{record['site']['title']}  {record['site']['base_url']}/"
    yield "store", record["store"]
    for name, key in (("failing", "failing"), ("not private", "private"), ("clock", "clock")):
        for warning in record[key]["warnings"]:
            yield name, warning
    if other := record["configuration"]["other"]:
        since = f"{other['applied_by']} at {other['since']}"
        remedy = "start or reload the service with this one"
        yield "configuration", f"another one is active, applied by {since}: {remedy}"
    backup = record["last_backup"]
    yield "last backup", backup and f"{backup['at']}  {backup['place']}"


def _rows_of_content(record: dict[str, Any]) -> Iterator[Sequence[object]]:
    releases, feeds, edition = record["releases"], record["feeds"], record["last_edition"]
    yield (
        "releases",
        f"{releases['total']}, {_see(releases['unfiled'], 'unfiled', 'release list --unfiled')}",
    )
    yield "embargoed", _see(record["embargoes"], "", "release embargoes")
    yield "feeds", f"{feeds['total']}, {feeds['stale']} stale, {len(feeds['troubles'])} in trouble"
    for slug, trouble in list(feeds["troubles"].items())[:MAX_TROUBLES]:
        yield "trouble", f"{slug}: {trouble}"
    last = edition and f"{edition['at']}  {edition['feed']}, edition {edition['edition']}"
    yield "last edition", last
    for hub, states in record["pings"].items():
        yield "pings", f"{hub}  {', '.join(f'{count} {name}' for name, count in states.items())}"
    if not record["pings"]:
        yield "pings", None
    for hub, assessment in record["hubs"].items():
        yield "hub", f"{hub}  {assessment['standing']}: {assessment['words']}"
    if upstreams := record["upstreams"]:
        states = ", ".join(f"{count} {state}" for state, count in sorted(upstreams.items()))
        see = "" if set(upstreams) == {"ok"} else "  (communique upstream list)"
        yield "upstreams", f"{states}{see}"
    yield "refusals", _see(record["refusals"], "", "release refusals")
    yield "set aside", record["set_aside"]
    if missing := record["missing_feeds"]["most_asked"]:
        total = record["missing_feeds"]["total"]
        named = ", ".join(one["address"] for one in missing)
        yield "asked in vain", f"{_see(total, '', 'redirects list')}  {named}"


def _runs(service: dict[str, Any]) -> str:
    """Returns whether the service runs, and which parts of it."""
    web = service["web"]
    answer = f"web at {web['address']} {web['status'] or 'does not answer'}"
    if service["runs"]:
        works = "; ".join(f"{role} at work" for role in service["works"])
        return f"runs: {answer}; {works or 'no jobs and no hub at work'}"
    if service["last_worked_at"] is None:
        return f"does not run, and never worked on this store; {answer}"
    return f"does not run: last worked at {service['last_worked_at']}; {answer}"


def _waits(waiting: dict[str, Any]) -> str:
    """Returns what waits, and for how long."""
    names = (
        (f"stale feed {waiting['stale_feed']}", "stale_feed_s"),
        ("due ping", "due_ping_s"),
        ("due delivery", "due_delivery_s"),
        ("ended embargo", "embargo_s"),
    )
    found = [f"{name} {waiting[key]} s" for name, key in names if waiting[key] is not None]
    return ", ".join(found) or "nothing"


def _work(process: dict[str, Any]) -> str:
    """Returns when a process last worked, and what it did."""
    if process["worked_at"] is None:
        work = f"has not worked since it was started at {process['started_at']}"
    elif process["is_at_work"]:
        work = f"worked {process['worked_seconds_ago']} s ago"
    else:
        work = f"does not work: last worked {process['worked_seconds_ago']} s ago"
    did = f"; {process['did']} at {process['did_at']}" if process["did"] else ""
    return work + did


def _see(count: int, word: str, command: str) -> str:
    """Returns a count, followed by the command that lists the items if there are any."""
    text = f"{count} {word}".rstrip()
    return f"{text}  (communique {command})" if count else text
