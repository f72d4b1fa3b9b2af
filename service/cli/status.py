"""``communique status``: the state of the whole service on one screen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from feeds.errors import StoreReplaced, StoreUnavailable
from feeds.model.listing import FeedState, PingState, ProcessState
from feeds.newsroom import Newsroom
from feeds.store.state import LastBackup
from service.application import Application
from service.cli.application import to_read
from service.cli.call import JsonOption, SetOption, invocation_of, typer_of
from service.cli.configuration import settings_of
from service.cli.hub_status import hub_report
from service.cli.output import moment, print_json, print_rows
from service.cli.web_health import web_process_warnings
from service.errors import ServiceError
from service.failures import failures_of
from service.processes import file_modes
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

    This is: site; store; failures, and since when; whether another configuration is active; when
    each process last worked, and what it did; the last backup; releases; embargoes; feeds; the
    last edition; pings by hub; the health of each hub; refused documents; and releases left out of
    feeds because they could not be rendered. The exit code is 0 whatever the state is. It is 1 when
    the store does not answer; the answer of the web process on this machine is shown then.
    """
    call = invocation_of(ctx, overrides, as_json=as_json)
    try:
        with to_read(call, within_s=WITHIN_S) as application:
            record = _record(application, hub_report(application), now=application.clock())
    except StoreReplaced:
        raise
    except StoreUnavailable as error:
        raise StoreAway(str(error), web_process_warnings(settings_of(call))) from error
    if call.as_json:
        print_json(record)
    else:
        print_rows(_rows(record))


def _record(application: Application, hubs: Report, *, now: datetime) -> dict[str, Any]:
    site = application.catalogue.site
    feeds = application.newsstand.feeds()
    with application.database.read() as tx:
        return {
            "site": {"title": site.title, "base_url": site.base_url},
            "store": application.database.label,
            "failing": _failing_record(application),
            "private": {"warnings": _not_private(application)},
            "clock": _clock_record(application),
            "configuration": _configuration_record(application.newsroom),
            "processes": [_process_record(one, now) for one in tx.processes.listed()],
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
    releases, feeds, edition = record["releases"], record["feeds"], record["last_edition"]
    yield "site", f"{record['site']['title']}  {record['site']['base_url']}/"
    yield "store", record["store"]
    for name, key in (("failing", "failing"), ("not private", "private"), ("clock", "clock")):
        for warning in record[key]["warnings"]:
            yield name, warning
    if other := record["configuration"]["other"]:
        since = f"{other['applied_by']} at {moment(other['since'])}"
        remedy = "start or reload the service with this one"
        yield "configuration", f"another one is active, applied by {since}: {remedy}"
    for process in record["processes"]:
        who = f"{process['role']} on {process['host']}, {process['pid']}"
        yield "process", f"{who}  {_work(process)}"
    backup = record["last_backup"]
    yield "last backup", backup and f"{moment(backup['at'])}  {backup['place']}"
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
