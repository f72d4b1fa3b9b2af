"""Upstreams: other people's feeds that this newsroom carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredUpstream:
    """What the store has to know of an upstream of the configuration."""

    slug: str
    url: str  #: as configured
    host: str  #: of the URL, as `feeds.model.hosts` spells it


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What an answer was marked with, for the next conditional request (RFC 9110 section 8.8)."""

    url: str  #: of the answer, behind all redirects; they are sent to it alone
    etag: str | None = None
    last_modified: str | None = None  #: as the server wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A permanent redirect that was seen, and since when it was always the same."""

    to: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTarget:
    """An upstream as its next poll needs it."""

    slug: str
    fetch_url: str  #: where it is polled: as configured, or where a redirect led for days
    host: str  #: of `fetch_url`
    due_at: datetime
    validators: Validators | None = None
    move: Move | None = None  #: a permanent redirect that has not held for long enough yet
    is_partial: bool = False  #: items of the last document wait, so the next is fetched whole
    failures: int = 0  #: in a row
    first_success_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream(PollTarget):
    """An upstream as the store has it: where and when it is polled, and what came of it."""

    url: str  #: as configured
    last_poll_at: datetime | None = None
    last_success_at: datetime | None = None
    last_result: str | None = None  #: for people
    failing_since: datetime | None = None
    ended_at: datetime | None = None  #: its server answered 410
    paused_at: datetime | None = None  #: by a person
    title: str | None = None  #: of the feed, as it says
    polls: int = 0  #: that got a feed, or the answer that it is unchanged
    not_modified: int = 0
    taken: int = 0
    corrected: int = 0
    deleted: int = 0
    #: items that were not taken, by reason, as counted when each was first seen
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def not_modified_share(self) -> float | None:
        """The share of answers 304, from 0 to 1; None before the first poll."""
        return self.not_modified / self.polls if self.polls else None

    @property
    def state(self) -> str:
        """``paused``, ``ended``, ``failing``, ``new`` or ``ok``."""
        if self.paused_at is not None:
            return "paused"
        if self.ended_at is not None:
            return "ended"
        if self.failures:
            return "failing"
        return "new" if self.last_success_at is None else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollResult:
    """What one poll of an upstream came to."""

    slug: str
    at: datetime
    due_at: datetime  #: when it is polled next
    result: str  #: for people, one line
    is_success: bool  #: a feed was read, or it is unchanged
    is_not_modified: bool = False
    is_ended: bool = False  #: 410
    #: Replace the stored ones; None keeps them.
    validators: Validators | None = None
    fetch_url: str | None = None  #: where it is polled from now on; None: as before
    host: str | None = None  #: of that URL
    move: Move | None = None  #: replaces the stored one
    is_partial: bool = False
    title: str | None = None
    taken: int = 0
    corrected: int = 0
    deleted: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedItem:
    """An item of an upstream that was seen before."""

    upstream: str
    item: str  #: digest of the id by which the upstream knows it
    shared: str | None  #: digest of an id that means the same in every feed; None if it has none
    source_key: str | None  #: of its release; None while it is left out
    digest: str  #: of the item as it was last seen, and of what decides what becomes of it
    seen_at: datetime  #: first
    reason: str | None = None  #: why it is left out
    is_owner: bool = True  #: False: another upstream brought it first, and decides its content
    taken_at: datetime | None = None  #: when it became a release
    deleted_at: datetime | None = None  #: when the upstream deleted it
    categories: tuple[str, ...] = ()  #: names of categories that this upstream gives it


#: The beginning of the last result where a hub took the request.
TAKEN = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSubscription:
    """Our subscription at the hub of an upstream (WebSub)."""

    upstream: str
    hub: str
    topic: str  #: the feed's ``rel=self``
    token: str  #: the secret part of the callback
    secret: str = field(repr=False)  #: for signatures
    due_at: datetime  #: when the hub is asked next
    attempts: int = 0  #: requests since the hub last verified
    asked_at: datetime | None = None
    verified_at: datetime | None = None  #: last
    expires_at: datetime | None = None
    last_result: str | None = None  #: for people
    pushes: int = 0  #: documents with a good signature
    came_by_push: int = 0  #: items that pushes brought
    missed: int = 0  #: items that a poll found although the subscription was good

    def is_active(self, now: datetime) -> bool:
        """Whether the hub has promised to push."""
        return self.expires_at is not None and self.expires_at > now

    @property
    def is_ignored(self) -> bool:
        """Whether the hub takes requests and never verifies them.

        One that refuses them, or that nobody reaches, ignores nothing: its last result says more.
        """
        is_taken = self.last_result is not None and self.last_result.startswith(TAKEN)
        return is_taken and self.attempts >= 3 and self.verified_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamPush:
    """A document that a hub pushed, with a good signature."""

    id: int
    upstream: str
    arrived_at: datetime
    content_type: str
    body: bytes = field(repr=False)
