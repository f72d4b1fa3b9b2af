"""What is wrong now, and what waits: read from the store, and from this machine's disk.

Each statement reads an index, or a table with one row a feed, a hub or a process: a large store
does not make it slower. The words of a condition may go to any channel; they hold nothing of a
release.
"""

import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from feeds.model.alarm import AlarmKind, Condition
from feeds.model.feed import ALL
from feeds.model.intake import KeptRefusal
from feeds.model.listing import ProcessState
from feeds.store.database import Transaction
from service.application import Application
from service.settings import Settings
from service.websub.hub_health import HubHealth, HubReport, hub_reports
from service.websub.retries import in_short

#: At most this many alarms of one kind are raised; the others are raised when some of these end.
MAX_OF_KIND = 100

#: How many of the newest refusals are read.
MAX_REFUSALS_READ = 200

#: A role is idle when none of its processes has worked for this long. Within it, a supervisor has
#: replaced a process that hangs.
IDLE_AFTER = timedelta(minutes=2)

#: The beginning of the reason for which `service.outbound` refuses a server's certificate.
_CERTIFICATE = "certificate refused"

ALL_KINDS = frozenset(AlarmKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What one process sees of its own machine."""

    host: str
    folders: tuple[Path, ...] = ()  #: on the disks that the service writes to
    watching_since: datetime | None = None  #: what was idle before that does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What waits, and since when. None if nothing of the kind waits."""

    stale_feed: str | None  #: the feed that has waited longest
    stale_since: datetime | None
    ping_due_since: datetime | None
    delivery_due_since: datetime | None
    embargo_ended_at: datetime | None  #: of a release that should be public

    def late(self, settings: Settings, *, now: datetime) -> list[str]:
        """Returns, in words, what has waited for longer than the configuration allows."""
        late = timedelta(minutes=settings.alarms.late_minutes)
        embargo = timedelta(minutes=settings.alarms.embargo_minutes)
        waiting = (
            (f"feed {self.stale_feed!r} has been stale", self.stale_since, late),
            ("a ping has been due", self.ping_due_since, late),
            ("a delivery has been due", self.delivery_due_since, late),
            ("a release is held back after its embargo", self.embargo_ended_at, embargo),
        )
        return [
            f"{words} for {in_short(now - since)}"
            for words, since, limit in waiting
            if since is not None and now - since > limit
        ]


def lateness(tx: Transaction, settings: Settings, *, now: datetime) -> Lateness:
    """Reads what has waited longest."""
    stale = next(iter(tx.feeds.waiting(limit=1)), None)
    end = tx.embargoes.next_end()
    return Lateness(
        stale_feed=None if stale is None else stale.slug,
        stale_since=None if stale is None else stale.since,
        ping_due_since=tx.pings.oldest_due(now=now),
        delivery_due_since=tx.deliveries.oldest_due(now=now) if settings.own_hub.offered else None,
        embargo_ended_at=end if end is not None and end <= now else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundConditions:
    """What is wrong now, and the kinds of which not everything was read."""

    conditions: tuple[Condition, ...]
    partial: frozenset[AlarmKind]
    hosts: frozenset[str]  #: of all known processes


def conditions(
    tx: Transaction,
    application: Application,
    machine: Machine,
    *,
    now: datetime,
    kinds: Collection[AlarmKind] = ALL_KINDS,
) -> FoundConditions:
    """Reads what is wrong now, of these kinds.

    Args:
        tx: The store.
        application: Has the configuration.
        machine: This machine.
        now: The current time.
        kinds: What to check.
    """
    settings = application.settings
    processes = tx.processes.listed()
    is_asked = AlarmKind.DOCUMENT_REFUSED in kinds
    refused = tx.refusals.newest(limit=MAX_REFUSALS_READ + 1) if is_asked else []
    found: dict[AlarmKind, list[Condition]] = defaultdict(list)
    for one in _all(tx, application, machine, processes, refused, now, kinds):
        if one.kind in kinds and one.kind.value not in settings.alarms.off:
            found[one.kind].append(one)
    partial = {kind for kind, several in found.items() if len(several) > MAX_OF_KIND}
    # Many refusals of few documents may hide others.
    if len(refused) > MAX_REFUSALS_READ:
        partial.add(AlarmKind.DOCUMENT_REFUSED)
    return FoundConditions(
        conditions=tuple(one for several in found.values() for one in several[:MAX_OF_KIND]),
        partial=frozenset(partial),
        hosts=frozenset(one.host for one in processes),
    )


def _all(
    tx: Transaction,
    application: Application,
    machine: Machine,
    processes: Sequence[ProcessState],
    refused: Sequence[KeptRefusal],
    now: datetime,
    kinds: Collection[AlarmKind],
) -> Iterator[Condition]:
    settings = application.settings
    yield from _idle(processes, machine, settings, now)
    if AlarmKind.FEED_STALE in kinds:
        yield from _stale(tx, settings, now)
    if AlarmKind.FEED_QUIET in kinds:
        yield from _quiet(tx, application, now)
    yield from _refused(refused, settings)
    if AlarmKind.EMBARGO_MISSED in kinds:
        yield from _missed(tx, settings, now)
    if AlarmKind.HUB_MUTE in kinds or AlarmKind.HUB_CERTIFICATE in kinds:
        yield from _hubs(tx, application, now)
    if AlarmKind.DELIVERIES_FAILING in kinds and settings.own_hub.offered:
        yield from _deliveries(tx, settings, now)
    if AlarmKind.UPSTREAM_FAILING in kinds and settings.upstreams:
        yield from _upstreams(tx, settings, now)
    if AlarmKind.BACKUP_OLD in kinds:
        yield from _backup(tx, settings, now)
    if AlarmKind.DISK_NEARLY_FULL in kinds:
        yield from _disks(machine, settings, now)


def _idle(
    processes: Sequence[ProcessState], machine: Machine, settings: Settings, now: datetime
) -> Iterator[Condition]:
    effects = {
        "jobs": (AlarmKind.JOBS_IDLE, "nothing is published"),
        "hub": (AlarmKind.HUB_IDLE, "nothing is pushed by our own hub"),
    }
    for role, (kind, effect) in effects.items():
        ends = [one.worked_at or one.started_at for one in processes if one.role == role]
        if not ends or (role == "hub" and not settings.own_hub.offered):
            continue
        since = max(ends)
        if now - max(since, machine.watching_since or since) > IDLE_AFTER:
            words = f"no {role} process has worked since {_at(since)}: {effect}"
            yield Condition(kind=kind, subject="", since=since, words=words)


def _stale(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Condition]:
    limit = timedelta(minutes=settings.alarms.late_minutes)
    for feed in tx.feeds.waiting(limit=MAX_OF_KIND + 1):
        if now - feed.since > limit:
            yield Condition(
                kind=AlarmKind.FEED_STALE,
                subject=feed.slug,
                since=feed.since,
                words=f"feed {feed.slug!r} has waited for its next edition since {_at(feed.since)}",
                detail=feed.trouble,
            )


def _quiet(tx: Transaction, application: Application, now: datetime) -> Iterator[Condition]:
    for slug, expected in _expected(application.settings).items():
        feed = application.catalogue.feeds.get(slug)
        if feed is None or feed.has_ended(now):
            continue
        last = tx.feed_entries.last_published(slug)
        states = [] if last is not None else tx.feeds.states(titles={slug: feed.title})
        since = last or next((one.changed_at for one in states), None)
        if since is None or now - since <= expected:
            continue
        had = f"has had no release since {_at(since)}" if last else "has no release yet"
        words = f"feed {slug!r} {had}; one is expected every {expected / timedelta(days=1):g} days"
        yield Condition(kind=AlarmKind.FEED_QUIET, subject=slug, since=since, words=words)


def _expected(settings: Settings) -> Mapping[str, timedelta]:
    given = [(ALL, settings.all.expected_days)]
    given += [(one.slug, one.expected_days) for one in settings.categories]
    given += [(one.slug, one.expected_days) for one in settings.unions]
    return {slug: timedelta(days=days) for slug, days in given if days is not None}


def _refused(refused: Sequence[KeptRefusal], settings: Settings) -> Iterator[Condition]:
    by_document: dict[str, list[KeptRefusal]] = defaultdict(list)
    for kept in refused:
        by_document[kept.refusal.origin.document].append(kept)
    for document, several in by_document.items():
        first, count = several[-1].refusal, len(several)
        field = f"{first.field}: " if first.field else ""
        reason = f"{first.origin}: {field}{first.reason}; {first.remedy}"
        more = f" (and {count - 1} more in it)" if count > 1 else ""
        # A name may be a headline, and what is refused today may be under embargo tomorrow.
        is_named = settings.alarms.names_documents
        subject = document if is_named else sha256(document.encode()).hexdigest()[:12]
        nameless = "a document was refused: communique alarms shows which, and why"
        yield Condition(
            kind=AlarmKind.DOCUMENT_REFUSED,
            subject=subject,
            since=min(kept.refused_at for kept in several),
            words=f"document refused: {reason}{more}" if is_named else nameless,
            detail=None if is_named else f"{reason}{more}",
        )


def _missed(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Condition]:
    before = now - timedelta(minutes=settings.alarms.embargo_minutes)
    for release_id, until in tx.embargoes.late(before=before, limit=MAX_OF_KIND + 1):
        words = f"a release whose embargo ended at {_at(until)} was still held back at {_at(now)}"
        yield Condition(kind=AlarmKind.EMBARGO_MISSED, subject=release_id, since=until, words=words)


def _hubs(tx: Transaction, application: Application, now: datetime) -> Iterator[Condition]:
    settings = application.settings
    missing_after = timedelta(seconds=settings.canary.missing_after_seconds)
    patience = timedelta(minutes=settings.alarms.hub_minutes)
    for one in hub_reports(tx, application.catalogue, now=now, missing_after=missing_after):
        health, why = one.assessment.health, one.assessment.why
        since = one.failing_since or one.pushes.first_missing_at or now
        if not health.is_trouble:
            continue
        if health is HubHealth.REFUSING and why is not None and _CERTIFICATE in why:
            reason = why[why.index(_CERTIFICATE) :]
            yield _hub(one, AlarmKind.HUB_CERTIFICATE, since, reason, why)
        elif health is not HubHealth.REFUSING or now - since > patience:
            yield _hub(one, AlarmKind.HUB_MUTE, since, one.assessment.words, why)


def _hub(
    one: HubReport, kind: AlarmKind, since: datetime, words: str, why: str | None
) -> Condition:
    return Condition(
        kind=kind, subject=one.hub, since=since, words=f"hub {one.hub}: {words}", detail=why
    )


def _deliveries(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Condition]:
    before = now - timedelta(hours=settings.alarms.deliveries_hours)
    for one in tx.deliveries.failing_hosts(before=before, limit=MAX_OF_KIND + 1):
        who = "a subscriber" if one.subscribers == 1 else f"{one.subscribers} subscribers"
        yield Condition(
            kind=AlarmKind.DELIVERIES_FAILING,
            subject=one.host,
            since=one.since,
            words=f"deliveries to {who} on {one.host} have failed since {_at(one.since)}",
        )


def _upstreams(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Condition]:
    patience = timedelta(hours=settings.alarms.upstream_hours)
    for one in tx.upstreams.listed():
        since = one.ended_at or one.failing_since
        # What is gone does not come back, and need not be waited for.
        is_late = one.ended_at is not None or (since is not None and now - since > patience)
        if since is None or one.paused_at is not None or not is_late:
            continue
        had = "is gone for good since" if one.ended_at is not None else "has failed since"
        words = f"upstream {one.slug!r} {had} {_at(since)}: {one.last_result}"
        yield Condition(
            kind=AlarmKind.UPSTREAM_FAILING,
            subject=one.slug,
            since=since,
            words=words,
            detail=one.fetch_url,
        )


def _backup(tx: Transaction, settings: Settings, now: datetime) -> Iterator[Condition]:
    hours = settings.alarms.backup_hours
    if hours is None:
        return
    last = tx.backups.last()
    if last is not None and now - last.taken_at <= timedelta(hours=hours):
        return
    words = (
        "no backup was ever made" if last is None else f"the last backup is of {_at(last.taken_at)}"
    )
    since = now if last is None else last.taken_at
    detail = None if last is None else last.place
    yield Condition(kind=AlarmKind.BACKUP_OLD, subject="", since=since, words=words, detail=detail)


def _disks(machine: Machine, settings: Settings, now: datetime) -> Iterator[Condition]:
    least = settings.alarms.disk_free_percent
    for folder in machine.folders:
        try:
            usage, device = shutil.disk_usage(folder), folder.stat().st_dev
        except OSError:
            continue
        free = 100 * usage.free / usage.total if usage.total else 100.0
        if free < least:
            words = f"the disk of {folder} on {machine.host} has {free:.1f} % free"
            yield Condition(
                kind=AlarmKind.DISK_NEARLY_FULL,
                subject=f"{machine.host} {device}",
                since=now,
                words=words,
                detail=f"{usage.free:,} of {usage.total:,} bytes",
            )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
