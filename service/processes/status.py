"""The state of the whole service, as ``communique status`` shows it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from feeds.errors import FeedsError
from feeds.model.alarm import ChannelState
from feeds.model.listing import FeedState, PingState, ProcessState, idle_reason
from feeds.model.redirect import MissingFeed
from feeds.newsroom import Newsroom
from feeds.store.state import LastBackup
from service.alarms import Lateness, lateness
from service.application import Application
from service.errors import ServiceError
from service.failures import failures_of
from service.processes import file_modes
from service.processes.status_line import Question
from service.redirects import MISSING_WITHIN, read_missing
from service.settings import Settings, parse, read_sources
from service.store_clock import StoreClock
from service.store_writes import warnings
from service.websub.hub_health import Report, report
from service.wiring import build_application

#: Seconds. The process answers from memory, or not at all.
WITHIN_S = 2.0

#: As many addresses that lead nowhere are named.
MISSING_SHOWN = 3

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # mapped to loopback, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHealth:
    """What the web process of this machine answers to ``/readyz``."""

    address: str  #: where it was asked
    status: str | None  #: ``ready`` or ``waiting``; None if no process answers
    reports: tuple[str, ...] = ()  #: its warnings, or why it is not ready


def web_health(settings: Settings) -> WebHealth:
    """Returns the answer of the web process on this machine."""
    host = _LOOPBACK.get(settings.http.host, settings.http.host)
    address = f"{host}:{settings.http.port}"
    connection = HTTPConnection(host, settings.http.port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        content = json.loads(connection.getresponse().read(65_536))
    except (OSError, HTTPException, ValueError):
        return WebHealth(address=address, status=None)
    finally:
        connection.close()
    if not isinstance(content, dict) or content.get("status") not in ("ready", "waiting"):
        return WebHealth(address=address, status=None)  # another program has the port
    reports = content.get("warnings") or content.get("reasons")
    listed = tuple(map(str, reports)) if isinstance(reports, list) else ()
    return WebHealth(address=address, status=content["status"], reports=listed)


def answer_status(question: Question, application: Application) -> dict[str, Any] | None:
    """Returns the state of this service for a call of ``communique status``.

    The call's own configuration counts, as if the command read the store itself.

    Returns:
        None if the call is about another store, or its configuration has faults.
    """
    settings, database = application.settings, application.database
    try:
        sources = read_sources(
            Path(question["config"]),
            environ=question["environ"],
            overrides=question["overrides"],
        )
        asked = settings if sources == settings.sources else parse(sources)
        is_same = asked.store.url.reveal() == settings.store.url.reveal()
        if not is_same or asked.data_folder.resolve() != settings.data_folder.resolve():
            return None
        return status_record(build_application(asked, database, application.clock))
    except (FeedsError, ServiceError):
        return None


def status_record(application: Application) -> dict[str, Any]:
    """Returns the state of the whole service as a JSON object."""
    record: dict[str, Any] = json.loads(json.dumps(_record(application), default=_moment))
    return record


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _record(application: Application) -> dict[str, Any]:
    web, hubs, now = web_health(application.settings), hub_report(application), application.clock()
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
            "upstreams": dict(Counter(one.state for one in tx.upstreams.listed())),
            "refusals": tx.refusals.count(),
            "set_aside": tx.fragments.count_failures(),
            "missing_feeds": _missing_record(read_missing(tx, application), now),
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


def _missing_record(found: Sequence[MissingFeed], now: datetime) -> dict[str, Any]:
    """Returns what looks like a feed and is asked for in vain, with what is asked for most."""
    since = now - MISSING_WITHIN
    missing = [one for one in found if one.last_at >= since]
    return {
        "total": len(missing),
        "most_asked": [asdict(one) for one in missing[:MISSING_SHOWN]],
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


def channel_record(state: ChannelState) -> dict[str, Any]:
    """Returns the state of a channel as a JSON object."""
    return {
        "channel": state.channel,
        "is_failing": state.attempts > 0,
        "failing_since": state.first_failed_at,
        "attempts": state.attempts,
        "next_try_at": state.due_at,
        "sent_at": state.sent_at,
        "last_result": state.last_result,
    }


def hub_report(application: Application) -> Report:
    """Returns the current health of all hubs."""
    missing_after = timedelta(seconds=application.settings.canary.missing_after_seconds)
    with application.database.read() as tx:
        return report(
            tx, application.catalogue, now=application.clock(), missing_after=missing_after
        )
