"""WebSub subscriptions: those of subscribers at the built-in hub, and our own at other hubs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from feeds.model.feed import Format

# The built-in hub: subscriptions, requests for them, and deliveries (WebSub 5 to 7).


class PushProtocol(StrEnum):
    """The protocol in which a subscriber is notified."""

    WEBSUB = "websub"  #: sends the whole document, signed if there is a secret
    RSSCLOUD = "rsscloud"  #: sends the address of the document


class Mode(StrEnum):
    """The kind of a request to a callback: ``hub.mode`` (WebSub 5.1, 5.2)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """A request to the hub, before the callback has confirmed it."""

    mode: Mode
    feed: str  #: slug
    format: Format
    topic: str  #: the address as given, which is repeated to the callback
    callback: str  #: as given, with its query
    host: str  #: host of the callback, by which load and requests are limited
    wire: PushProtocol = PushProtocol.WEBSUB
    secret: str | None = None  #: under 200 bytes of UTF-8
    lease_s: int = 0  #: as granted; 0 when there is no lease
    reason: str | None = None  #: of a denial
    client: str = ""  #: address of the client that sent the request


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request that its callback has not confirmed yet, or a denial that is not delivered yet."""

    id: int  #: grows; of two requests for one subscription, the later one counts
    request: SubscriptionRequest
    asked_at: datetime
    attempts: int  #: attempts without an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription, keyed by feed, format and callback (WebSub 5.1)."""

    id: int
    feed: str
    format: Format
    callback: str
    host: str
    wire: PushProtocol
    secret: str | None
    lease_s: int
    since: datetime  #: when it was first confirmed
    confirmed_at: datetime  #: when it was last confirmed
    expires_at: datetime
    #: A suspended subscription gets one attempt with each edition, and none if an operator
    #: suspended it, until a delivery succeeds, or it is renewed or resumed.
    suspended_at: datetime | None = None
    suspended_because: str | None = None

    @property
    def state(self) -> str:
        """``active`` or ``suspended``."""
        return "active" if self.suspended_at is None else "suspended"


# Two tuples, because there is one of each for each delivery: a frozen dataclass takes five times as
# long to make.


class DueDelivery(NamedTuple):
    """A delivery of a topic's newest edition to one subscriber."""

    subscription_id: int
    feed: str
    format: Format
    callback: str
    host: str
    wire: PushProtocol
    secret: str | None
    wanted_edition: int  #: the newest that it was opened for; a newer one may be stored meanwhile
    attempts: int  #: failed attempts so far
    first_failed_at: datetime | None  #: when the current series of failures began
    #: the subscription is suspended; this is its one attempt with a new edition
    is_suspended: bool = False


class DeliveryResult(NamedTuple):
    """The result of one attempt. At most one outcome applies; with none, it is retried."""

    subscription_id: int
    at: datetime
    result: str  #: for people; one line
    took_ms: int
    delivered_edition: int | None = None  #: the edition that arrived; None when none did
    retry_at: datetime | None = None  #: when a failed attempt is retried
    is_gone: bool = False  #: the callback refuses further deliveries: the subscription ends
    suspended_because: str | None = None  #: too many failures: no more attempts with this edition
    tried_edition: int | None = None  #: the edition that was sent and did not arrive
    is_well_again: bool = False  #: it was suspended, and this delivery succeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    """The state of the deliveries to one subscriber."""

    subscription: Subscription
    wanted_edition: int  #: the newest edition it should have; 0 when none since it began
    delivered_edition: int  #: the newest edition that arrived; 0 when none did
    state: str  #: ``delivered``, ``due``, ``sending``, ``retrying`` or ``suspended``
    attempts: int
    due_at: datetime | None  #: next attempt, if any
    last_try_at: datetime | None
    last_result: str | None
    last_took_ms: int | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTally:
    """Counters of one hub, our own or another, since the store was created."""

    hub: str  #: its URL
    pings_sent: int = 0
    pings_accepted: int = 0
    deliveries_sent: int = 0  #: built-in hub only
    deliveries_accepted: int = 0  #: built-in hub only
    verifications_sent: int = 0  #: built-in hub only
    verifications_confirmed: int = 0  #: built-in hub only
    pushes_expected: int = 0  #: editions announced while a canary was verified
    pushes_seen: int = 0  #: how many of these arrived, or were followed by a later one
    last_failure_at: datetime | None = None
    last_failure: str | None = None  #: one line


# Canaries: our own subscriptions, which check whether a hub pushes what was announced to it.


class CanaryState(StrEnum):
    """The state of our own subscription at a hub."""

    NEW = "new"  #: no request was sent yet
    ASKED = "asked"  #: requested; the hub has not verified our callback yet
    VERIFIED = "verified"
    DENIED = "denied"  #: the hub denied the subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Our own subscription at a hub. While it is being renewed, the former state remains."""

    hub: str  #: its URL
    feed: str  #: slug
    format: Format
    topic: str
    token: str  #: the last part of the callback; unguessable
    secret: str = field(repr=False)
    state: CanaryState = CanaryState.NEW
    due_at: datetime  #: when to send the next request to the hub
    attempts: int = 0  #: requests since the last verification
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    last_result: str | None = None  #: one line, for people

    def is_good(self, now: datetime) -> bool:
        """Whether the hub must push every edition to us."""
        is_verified = self.state is CanaryState.VERIFIED
        return is_verified and self.expires_at is not None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """An edition that was announced to a hub, or that the hub has pushed."""

    edition: int
    told_at: datetime | None  #: None when it arrived without a ping from us
    arrived_at: datetime | None = None
    arrived_edition: int | None = None  #: a later edition, if the hub skipped this one

    @property
    def delay(self) -> timedelta | None:
        """How long the hub took; None while nothing has arrived, or when no ping was sent."""
        if self.told_at is None or self.arrived_at is None:
            return None
        return max(self.arrived_at - self.told_at, timedelta(0))
