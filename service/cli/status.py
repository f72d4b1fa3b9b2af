"""``communique status``: the state of the whole service on one screen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from feeds.errors import StoreReplaced, StoreUnavailable
from feeds.model.listing import FeedState, PingState, ProcessState, idle_reason
from feeds.newsroom import Newsroom
from feeds.store.state import LastBackup
from service.alarms import Lateness, lateness
from service.application import Application
from service.cli.alarms import channel_record
from service.cli.application import to_read
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.configuration import settings_of
from service.cli.hub import hub_report
from service.cli.output import moment, print_json, print_rows
from service.cli.web_health import WebHealth, web_health
from service.errors import ServiceError
from service.failures import failures_of
from service.processes import file_modes
from service.settings import Settings
from service.store_clock import StoreClock
from service.store_writes import warnings
from service.websub.hub_health import Report

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
    refused documents; and releases left out of feeds because they could not be rendered.

    The exit code is 1 when something is late: a process that has stopped working, or something
    that waits for longer than alarms.late_minutes and alarms.embargo_minutes allow. It is 1 as well
    when the store does not answer; the answer of the web process on this machine is shown then.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    try:
        with to_read(call, within_s=WITHIN_S) as application:
            web = web_health(application.settings)
            record = _record(application, hub_report(application), web, now=application.clock())
    except StoreReplaced:
        raise
    except StoreUnavailable as error:
        raise StoreAway(str(error), web_health(settings_of(call)).reports) from error
    if call.as_json:
        print_json(record)
    else:
        print_rows(_rows(record))
    if record["late"]:
        raise typer.Exit(1)


def _record(
    application: Application, hubs: Report, web: WebHealth, *, now: datetime
) -> dict[str, Any]:
    site, settings = application.catalogue.site, application.settings
    feeds = application.newsstand.feeds()
    with application.database.read() as tx:
        processes, waits = tx.processes.listed(), lateness(tx, settings, now=now)
        return {
            "service": _service_record(processes, web, now),
            "late": [*_idle(processes, settings, now), *waits.late(settings, now=now)],
            "waiting": _waiting_record(waits, now),
            "alarms": {
                "open": len(tx.alarms.open()),
                "channels": [channel_record(one) for one in tx.alarms.channels()],
            },
            "site": {"title": site.title, "base_url": site.base_url},
            "store": application.database.label,
            "failing": _failing_record(application),
            "private": {"warnings": _not_private(application)},
            "clock": _clock_record(application),
            "configuration": _configuration_record(application.newsroom),
            "processes": [_process_record(one, now) for one in processes],
            "last_backup": _backup_record(tx.backups.last(), now),
            "releases": {
                "total": tx.releases.count(),
                "unfiled": tx.releases.count(is_unfiled=True),
            },
            "embargoes": tx.embargoes.count(),
            "feeds": _feeds_record(feeds),
            "last_edition": _last_edition(feeds),
            "pings": _pings_record(tx.pings.listed()),
            "hubs": {
                one.hub: {"standing": one.assessment.health, "words": str(one.assessment)}
                for one in hubs.hubs
            },
            "refusals": tx.refusals.count(),
            "set_aside": tx.fragments.count_failures(),
        }


def _service_record(
    processes: Sequence[ProcessState], web: WebHealth, now: datetime
) -> dict[str, Any]:
    works = sorted({one.role for one in processes if one.is_at_work(now)}, reverse=True)
    ends = [one.worked_at for one in processes if one.worked_at is not None]
    return {
        "runs": bool(works) or web.status is not None,
        "works": works,
        "web": {"address": web.address, "status": web.status, "reports": list(web.reports)},
        "last_worked_at": max(ends, default=None),
    }


def _idle(processes: Sequence[ProcessState], settings: Settings, now: datetime) -> list[str]:
    roles = ["jobs", *(["hub"] if settings.own_hub.offered else [])]
    reasons = (idle_reason(role, processes, now) for role in roles)
    return [reason for reason in reasons if reason is not None]


def _waiting_record(waits: Lateness, now: datetime) -> dict[str, Any]:
    def age(since: datetime | None) -> int | None:
        return None if since is None else max(0, round((now - since).total_seconds()))

    return {
        "stale_feed": waits.stale_feed,
        "stale_feed_s": age(waits.stale_since),
        "due_ping_s": age(waits.ping_due_since),
        "due_delivery_s": age(waits.delivery_due_since),
        "embargo_s": age(waits.embargo_ended_at),
    }


def _not_private(application: Application) -> list[str]:
    return file_modes.faults(application.settings.data_folder, application.database)


def _failing_record(application: Application) -> dict[str, Any]:
    failures = failures_of(application.settings.data_folder)
    fault = application.database.write_fault()
    return {
        "store_not_writable": fault,
        "works": [asdict(one) for one in failures],
        "warnings": warnings(fault, failures),
    }


def _clock_record(application: Application) -> dict[str, Any]:
    clock = StoreClock(application.database)
    clock.compare()
    return {"ahead_s": round(clock.ahead.total_seconds(), 1), "warnings": clock.warnings()}


def _configuration_record(newsroom: Newsroom) -> dict[str, Any]:
    known = newsroom.in_force()
    return {
        "in_force": newsroom.is_in_force(known),
        "other": None
        if known is None or newsroom.is_in_force(known)
        else {"applied_by": known.applied_by, "since": known.since},
    }


def _process_record(process: ProcessState, now: datetime) -> dict[str, Any]:
    return {
        "role": process.role,
        "host": process.host,
        "pid": process.pid,
        "started_at": process.started_at,
        "is_at_work": process.is_at_work(now),
        "worked_at": process.worked_at,
        "worked_seconds_ago": None
        if process.worked_at is None
        else round(max(0.0, (now - process.worked_at).total_seconds())),
        "did": process.did,
        "did_at": process.did_at,
    }


def _backup_record(backup: LastBackup | None, now: datetime) -> dict[str, Any] | None:
    if backup is None:
        return None
    return {
        "at": backup.taken_at,
        "seconds_ago": round(max(0.0, (now - backup.taken_at).total_seconds())),
        "place": backup.place,
        "size_bytes": backup.size_bytes,
    }


def _feeds_record(feeds: Sequence[FeedState]) -> dict[str, Any]:
    troubles = {feed.slug: feed.trouble for feed in feeds if feed.trouble is not None}
    return {
        "total": len(feeds),
        "stale": sum(feed.is_stale for feed in feeds),
        "without_edition": sum(feed.edition == 0 for feed in feeds),
        "troubles": troubles,
    }


def _last_edition(feeds: Sequence[FeedState]) -> dict[str, Any] | None:
    published: list[tuple[datetime, FeedState]] = [
        (feed.modified_at, feed) for feed in feeds if feed.modified_at is not None
    ]
    if not published:
        return None
    at, feed = max(published, key=lambda one: one[0])
    return {"feed": feed.slug, "edition": feed.edition, "at": at}


def _pings_record(pings: Sequence[PingState]) -> dict[str, dict[str, int]]:
    """Returns the number of pings in each state, by hub."""
    states_by_hub: dict[str, Counter[str]] = {}
    for ping in pings:
        states_by_hub.setdefault(ping.hub, Counter())[ping.state] += 1
    return {hub: dict(sorted(states.items())) for hub, states in sorted(states_by_hub.items())}


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
            since = moment(channel["failing_since"])
            yield "channel", f"{channel['channel']} failing since {since}: {channel['last_result']}"


def _rows_of_store(record: dict[str, Any]) -> Iterator[Sequence[object]]:
    yield "site", f"{record['site']['title']}  {record['site']['base_url']}/"
    yield "store", record["store"]
    for name, key in (("failing", "failing"), ("not private", "private"), ("clock", "clock")):
        for warning in record[key]["warnings"]:
            yield name, warning
    if other := record["configuration"]["other"]:
        since = f"{other['applied_by']} at {moment(other['since'])}"
        remedy = "start or reload the service with this one"
        yield "configuration", f"another one is active, applied by {since}: {remedy}"
    backup = record["last_backup"]
    yield "last backup", backup and f"{moment(backup['at'])}  {backup['place']}"


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
    last = edition and f"{moment(edition['at'])}  {edition['feed']}, edition {edition['edition']}"
    yield "last edition", last
    for hub, states in record["pings"].items():
        yield "pings", f"{hub}  {', '.join(f'{count} {name}' for name, count in states.items())}"
    if not record["pings"]:
        yield "pings", None
    for hub, assessment in record["hubs"].items():
        yield "hub", f"{hub}  {assessment['standing']}: {assessment['words']}"
    yield "refusals", _see(record["refusals"], "", "release refusals")
    yield "set aside", record["set_aside"]


def _runs(service: dict[str, Any]) -> str:
    """Returns whether the service runs, and which parts of it."""
    web = service["web"]
    answer = f"web at {web['address']} {web['status'] or 'does not answer'}"
    if service["runs"]:
        works = "; ".join(f"{role} at work" for role in service["works"])
        return f"runs: {answer}; {works or 'no jobs and no hub at work'}"
    if service["last_worked_at"] is None:
        return f"does not run, and never worked on this store; {answer}"
    return f"does not run: last worked at {moment(service['last_worked_at'])}; {answer}"


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
        work = f"has not worked since it was started at {moment(process['started_at'])}"
    elif process["is_at_work"]:
        work = f"worked {process['worked_seconds_ago']} s ago"
    else:
        work = f"does not work: last worked {process['worked_seconds_ago']} s ago"
    did = f"; {process['did']} at {moment(process['did_at'])}" if process["did"] else ""
    return work + did


def _see(count: int, word: str, command: str) -> str:
    """Returns a count, followed by the command that lists the items if there are any."""
    text = f"{count} {word}".rstrip()
    return f"{text}  (communique {command})" if count else text
