"""What lists and status screens show of the store."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model.feed import Format
from feeds.model.release import Release, ReleaseId, Translation

# Lists for commands, pages and the status screen.


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRelease:
    """A release with the feeds that hold it."""

    release: Release
    feeds: tuple[str, ...]  #: slugs, sorted
    unclaimed: tuple[str, ...]  #: its names that no category uses, as written


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseQuery:
    """Selects releases for a list, and their order."""

    feed: str | None = None  #: only releases in this feed
    feeds: tuple[str, ...] | None = None  #: only releases in one of these
    language: str | None = None  #: BCP 47, exact match
    since: datetime | None = None  #: only releases that changed at or after this moment
    is_unfiled: bool = False  #: only releases with a name that no category uses
    is_newest_first: bool = True  #: by time of change; else oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePosition:
    """A position in the order of changes, where a list continues."""

    changed_at: datetime
    published: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStub:
    """A release's page as lists of addresses show it, without its text."""

    id: ReleaseId
    slug: str
    title: str
    language: str  #: BCP 47
    published: datetime
    updated: datetime  #: last change a reader would notice
    changed_at: datetime  #: when it, or one of its translations, was last stored
    revision: int  #: all revisions before it have pages of their own
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The state of one feed."""

    slug: str
    title: str
    edition: int  #: 0 when there is none yet
    changed_at: datetime  #: last change of its content or configuration
    modified_at: datetime | None  #: when its documents last changed; None without an edition
    is_stale: bool  #: a new edition is due
    stale_since: datetime | None  #: of the oldest change that is in no edition; None if not stale
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
    """A ping to a hub that is due, because a topic has a new edition."""

    feed: str
    format: Format
    hub: str
    edition: int  #: the edition to announce
    wanted_seq: int  #: number of the request; a later request starts the attempts afresh
    attempts: int  #: failed attempts so far
    first_failed_at: datetime | None  #: when the current series of failures began


@dataclass(frozen=True, slots=True, kw_only=True)
class PingState:
    """The state of the pings for one topic at one hub."""

    feed: str
    format: Format
    hub: str
    edition: int  #: the topic's newest edition
    told_edition: int  #: the newest edition whose ping the hub accepted; 0 when none
    state: str  #: ``told``, ``waiting`` (for the edition), ``due``, ``retrying`` or ``failed``
    attempts: int
    due_at: datetime | None  #: next attempt, if any
    last_try_at: datetime | None
    last_result: str | None
    first_failed_at: datetime | None = None  #: when the current series of failures began


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleFeed:
    """A feed that waits for its next edition."""

    slug: str
    since: datetime  #: the oldest change that is in no edition
    trouble: str | None  #: why the last regeneration failed


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingHost:
    """A host of subscribers whose deliveries fail."""

    host: str
    since: datetime  #: the first failure of the subscriber that has failed the longest
    subscribers: int  #: how many of them fail


# Processes and their last work.

#: The last work of a healthy process is more recent than this. Processes report every five seconds,
#: and a long write may delay a report by twenty.
AT_WORK_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """A background process as it last described itself. Times are from its own clock."""

    worker: str  #: unique, also among former processes
    role: str  #: ``jobs`` or ``hub``
    host: str
    pid: int
    started_at: datetime
    worked_at: datetime | None  #: end of its last round of work; None before the first
    did: str | None  #: its last notable action, for people
    did_at: datetime | None

    def is_at_work(self, now: datetime) -> bool:
        """Whether its last round of work ended recently."""
        return self.worked_at is not None and now - self.worked_at <= AT_WORK_WITHIN


def idle_reason(role: str, known: Iterable[ProcessState], now: datetime) -> str | None:
    """Returns the reason, for people, why no process of a role is working.

    One working process is enough, on any machine. If a role never had a process, nothing is wrong.

    Returns:
        The reason; None when a process is working, or when there never was one.
    """
    of_role = [one for one in known if one.role == role]
    if not of_role or any(one.is_at_work(now) for one in of_role):
        return None
    ends = [one.worked_at for one in of_role if one.worked_at is not None]
    if not ends:
        since = max(one.started_at for one in of_role)
        return f"no {role} process has worked yet; one was started {_ago(now - since)} ago"
    return f"no {role} process has worked for {_ago(now - max(ends))}"


def _ago(passed: timedelta) -> str:
    return f"{max(0, round(passed.total_seconds()))} s"
