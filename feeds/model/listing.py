"""What lists and status screens show of the store."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model.feed import Format
from feeds.model.release import Release, ReleaseId, Translation

# What people are shown of the store: lists for commands, pages and the status screen.


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRelease:
    """A release with where it went."""

    release: Release
    feeds: tuple[str, ...]  #: slugs, sorted
    unclaimed: tuple[str, ...]  #: its names that no category claims, as written


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseQuery:
    """Which releases are asked for, and in which order."""

    feed: str | None = None  #: only those filed in this feed
    feeds: tuple[str, ...] | None = None  #: only those filed in one of these
    language: str | None = None  #: BCP 47, exactly
    since: datetime | None = None  #: only those that changed at this moment or later
    is_unfiled: bool = False  #: only those with a name that no category claims
    is_newest_first: bool = True  #: by when they changed; else the oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePosition:
    """Where a release stands in the order of changes: where a list ended, and goes on."""

    changed_at: datetime
    published: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStub:
    """A release's page, for lists of addresses: what they say of it, without its text."""

    id: ReleaseId
    slug: str
    title: str
    language: str  #: BCP 47
    published: datetime
    updated: datetime  #: last change a reader would notice
    changed_at: datetime  #: when we last took in anything of it, or of its translations
    revision: int  #: of which all before it have a page of their own
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How one feed stands."""

    slug: str
    title: str
    edition: int  #: 0 when there is none yet
    changed_at: datetime  #: last change of what it holds or how it is described
    modified_at: datetime | None  #: when its documents last changed; None without an edition
    is_stale: bool  #: a new edition is due
    trouble: str | None  #: why the last regeneration failed; the last good edition is served


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A release left out of one format because it could not be rendered."""

    release_id: ReleaseId
    format: Format
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePing:
    """A hub to be told that a topic has a new edition."""

    feed: str
    format: Format
    hub: str
    edition: int  #: the edition to tell of
    wanted_seq: int  #: which asking this answers; a later one starts the tries afresh
    attempts: int  #: failed tries so far
    first_failed_at: datetime | None  #: when the row of failures began


@dataclass(frozen=True, slots=True, kw_only=True)
class PingState:
    """What one hub knows of one topic."""

    feed: str
    format: Format
    hub: str
    edition: int  #: the topic's newest edition
    told_edition: int  #: the newest one the hub accepted a ping for; 0 when none
    state: str  #: ``told``, ``waiting`` (for the edition), ``due``, ``retrying`` or ``failed``
    attempts: int
    due_at: datetime | None  #: the next try, when there is to be one
    last_try_at: datetime | None
    last_result: str | None


# What a process of the service proves of its work.

#: The newest work of a process that is well is no older than this. It proves it every five
#: seconds; a writer may keep it waiting for twenty.
AT_WORK_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """A process that works in the background, as it last described itself. Moments are its own."""

    worker: str  #: tells it from all others, and from its predecessors
    role: str  #: ``jobs`` or ``hub``
    host: str
    pid: int
    started_at: datetime
    worked_at: datetime | None  #: the end of its last round of work; None before the first
    did: str | None  #: what it did last that was worth telling, for a person
    did_at: datetime | None

    def is_at_work(self, now: datetime) -> bool:
        """True when its last round of work ended not long ago."""
        return self.worked_at is not None and now - self.worked_at <= AT_WORK_WITHIN


def idle_reason(role: str, known: Iterable[ProcessState], now: datetime) -> str | None:
    """Say, for a person, that no process of a role is at work.

    One is enough, on whatever machine. Of a role that no process ever had, nothing is known.

    Returns:
        The reason; None when one is at work, or when there never was any.
    """
    those = [one for one in known if one.role == role]
    if not those or any(one.is_at_work(now) for one in those):
        return None
    ends = [one.worked_at for one in those if one.worked_at is not None]
    if not ends:
        since = max(one.started_at for one in those)
        return f"no {role} process has worked yet; one was started {_ago(now - since)} ago"
    return f"no {role} process has worked for {_ago(now - max(ends))}"


def _ago(passed: timedelta) -> str:
    return f"{max(0, round(passed.total_seconds()))} s"
