"""Canaries: our own subscriptions, by which we see whether a hub pushes what it is told of."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model.feed import Format


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
