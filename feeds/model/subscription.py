"""WebSub subscriptions: those of others at the built-in hub, and our own at other hubs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model.feed import Format

# What the built-in hub keeps: subscriptions, requests for them, and deliveries (WebSub 5 to 7).


class PushProtocol(StrEnum):
    """In which protocol a subscriber wants to be told."""

    WEBSUB = "websub"  #: the whole document, signed when there is a secret
    RSSCLOUD = "rsscloud"  #: the document's address


class Mode(StrEnum):
    """What a callback is asked or told of a subscription: ``hub.mode`` (WebSub 5.1, 5.2)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """What somebody wants from the hub, before the callback has confirmed it."""

    mode: Mode
    feed: str  #: slug
    format: Format
    topic: str  #: the address as it was given, to be repeated to the callback
    callback: str  #: as given, with its query
    host: str  #: of the callback: what its load and its requests are counted by
    wire: PushProtocol = PushProtocol.WEBSUB
    secret: str | None = None  #: under 200 bytes of UTF-8
    lease_s: int = 0  #: as granted; 0 when there is none to grant
    reason: str | None = None  #: of a denial
    client: str = ""  #: address of who asked


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request that its callback has yet to confirm, or a denial it has yet to hear of."""

    id: int  #: grows: of two for one subscription, the later one counts
    request: SubscriptionRequest
    asked_at: datetime
    attempts: int  #: tries that got no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who gets the documents of a topic. Keyed by feed, format and callback (WebSub 5.1)."""

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
    #: Since then it gets no more than one try with each edition, and from an operator's word on
    #: nothing; until something arrives, or it is renewed or resumed.
    suspended_at: datetime | None = None
    suspended_because: str | None = None

    @property
    def state(self) -> str:
        """``active`` or ``suspended``."""
        return "active" if self.suspended_at is None else "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """A subscriber that is to get its topic's newest edition."""

    subscription_id: int
    feed: str
    format: Format
    callback: str
    host: str
    wire: PushProtocol
    secret: str | None
    attempts: int  #: failed tries so far
    first_failed_at: datetime | None  #: when the row of failures began
    is_suspended: bool = False  #: it was given up; this is its one try with a new edition


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What became of one try. Exactly one of the three ends holds, or it is tried again."""

    subscription_id: int
    at: datetime
    result: str  #: for a person; one line
    took_ms: int
    delivered_edition: int | None = None  #: the edition that arrived; None when none did
    retry_at: datetime | None = None  #: when a failure is tried again
    is_gone: bool = False  #: the callback wants nothing any more: the subscription ends
    suspended_because: str | None = None  #: too many failures: nothing more of this edition
    tried_edition: int | None = None  #: the edition that was sent and did not arrive
    is_well_again: bool = False  #: it was suspended, and took this


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    """How the deliveries to one subscriber stand."""

    subscription: Subscription
    wanted_edition: int  #: the newest edition it is to have; 0 when none came since it began
    delivered_edition: int  #: the newest edition that arrived; 0 when none did
    state: str  #: ``delivered``, ``due``, ``sending``, ``retrying`` or ``suspended``
    attempts: int
    due_at: datetime | None  #: the next try, when there is to be one
    last_try_at: datetime | None
    last_result: str | None
    last_took_ms: int | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTally:
    """What was counted of one hub, ours or another one, since the store was made."""

    hub: str  #: its URL
    pings_sent: int = 0
    pings_accepted: int = 0
    deliveries_sent: int = 0  #: ours alone
    deliveries_accepted: int = 0  #: ours alone
    verifications_sent: int = 0  #: ours alone
    verifications_confirmed: int = 0  #: ours alone
    pushes_expected: int = 0  #: editions told of while a canary was verified
    pushes_seen: int = 0  #: and of these, how many arrived, be it with a later one
    last_failure_at: datetime | None = None
    last_failure: str | None = None  #: one line


# Canaries: our own subscriptions, by which we see whether a hub pushes what it is told of.


class CanaryState(StrEnum):
    """How far a hub is with our subscription."""

    NEW = "new"  #: nobody was asked yet
    ASKED = "asked"  #: the hub has yet to ask our callback
    VERIFIED = "verified"
    DENIED = "denied"  #: the hub does not want it


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Our own subscription at one hub. It is renewed in time; until then the old state stands."""

    hub: str  #: its URL
    feed: str  #: slug
    format: Format
    topic: str
    token: str  #: the last part of the callback; nobody can guess it
    secret: str = field(repr=False)
    state: CanaryState = CanaryState.NEW
    due_at: datetime  #: when the hub is to be asked (again)
    attempts: int = 0  #: askings since it was last verified
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    expires_at: datetime | None = None
    last_result: str | None = None  #: one line, for a person

    def is_good(self, now: datetime) -> bool:
        """True while the hub owes us every push."""
        is_verified = self.state is CanaryState.VERIFIED
        return is_verified and self.expires_at is not None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """An edition that a hub was told of, or has pushed."""

    edition: int
    told_at: datetime | None  #: None when it arrived without a word of ours
    arrived_at: datetime | None = None
    arrived_edition: int | None = None  #: a later one, when the hub left this one out

    @property
    def delay(self) -> timedelta | None:
        """How long the hub took; None while nothing has come, or when nothing was asked for."""
        if self.told_at is None or self.arrived_at is None:
            return None
        return max(self.arrived_at - self.told_at, timedelta(0))
