"""What a canary says to a hub, and what it makes of what the hub sends. Pure."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model.feed import Site
from feeds.model.subscription import Canary

#: What a signature may be made with (WebSub 8: "sha1", "sha256", "sha384", "sha512").
SIGNATURES = ("sha1", "sha256", "sha384", "sha512")

#: Pauses between two askings that came to nothing: they double, from a hub that starts together
#: with us to one that cannot reach us at all.
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
_MAX_DOUBLINGS = 16

#: A hub that says no will hardly say yes a minute later.
DENIED_PAUSE = timedelta(hours=6)

#: Whatever the hub grants, and however short: leases beyond these are not worth an arithmetic
#: overflow, nor a request a second.
_LONGEST_LEASE_S = 10 * 365 * 86_400
_SHORTEST_RENEWAL_S = 10

#: WebSub 5.3, of June 2026: what a challenge consists of. What a browser could take for markup or
#: script is not among it, and we are not to be made to say that. Hubs send some tens of characters.
_CHALLENGE = re.compile(r"[-+./0-9=A-Z_a-z]{1,1000}", re.ASCII)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_MAX_DIGITS = 9
_MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A hub has asked whether we meant our subscription, and we did."""

    challenge: str
    lease_s: int

    def expires_at(self, now: datetime) -> datetime:
        """When the lease is over."""
        return now + timedelta(seconds=self.lease_s)

    def renew_at(self, now: datetime) -> datetime:
        """When to ask for the next one: half of it is left for a hub that is not well then."""
        return now + timedelta(seconds=max(self.lease_s / 2, _SHORTEST_RENEWAL_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A hub has told us that there is no subscription."""

    reason: str


def subscription_fields(canary: Canary, site: Site, *, lease_s: int) -> list[tuple[str, str]]:
    """The form that asks a hub for a subscription.

    Source: WebSub section 5.1 "Subscriber Sends Subscription Request". ``hub.verify`` is of
    PubSubHubbub Core 0.3, and hubs that still want to see it refuse requests without it.
    """
    return [
        ("hub.mode", "subscribe"),
        ("hub.topic", canary.topic),
        ("hub.callback", site.canary(canary.token)),
        ("hub.lease_seconds", str(lease_s)),
        ("hub.secret", canary.secret),
        ("hub.verify", "async"),
    ]


def token_of(callback: str, site: Site) -> str | None:
    """The token in a callback that is exactly a canary's; None when it is anybody else's.

    Whether there is a canary with this token, the store knows.
    """
    prefix = site.canary("")
    token = callback.removeprefix(prefix)
    return token if callback.startswith(prefix) and is_token(token) else None


def is_token(text: str) -> bool:
    """True for what could be one: letters, digits, hyphens and underscores."""
    return _TOKEN.fullmatch(text) is not None


def pause_after(attempts: int) -> timedelta:
    """How long a hub is given to verify the asking of that number, counted from 1."""
    factor: int = 2 ** min(max(attempts - 1, 0), _MAX_DOUBLINGS)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)


def read_hub_request(
    canary: Canary, asked: Mapping[str, str], *, lease_s: int
) -> Verification | Denial | None:
    """Read what a hub asks or tells our callback; None when it is nothing that we asked for.

    Args:
        canary: Whose callback it is.
        asked: The query.
        lease_s: What we asked for; it holds where the hub names no lease.

    Source: WebSub sections 5.2 and 5.3. "The subscriber MUST confirm that the hub.topic
    corresponds to a pending subscription". Section 8.2: a challenge that is too long, or holds
    other characters than those of 5.3, is not repeated.
    """
    if asked.get("hub.topic") != canary.topic:
        return None
    mode, challenge = asked.get("hub.mode"), asked.get("hub.challenge")
    if mode == "denied":
        reason = " ".join(asked.get("hub.reason", "").split())[:_MAX_REASON_CHARS]
        return Denial(reason=reason if reason.isprintable() else "")
    if mode != "subscribe" or challenge is None or _CHALLENGE.fullmatch(challenge) is None:
        return None
    granted = asked.get("hub.lease_seconds", "")
    if granted.isascii() and granted.isdigit() and int(granted[:_MAX_DIGITS]):
        lease_s = int(granted[:_MAX_DIGITS])
    return Verification(challenge=challenge, lease_s=min(lease_s, _LONGEST_LEASE_S))


def is_signed(body: bytes, signature: str | None, *, secret: str) -> bool:
    """True when *signature*, an ``X-Hub-Signature``, was made of this body with our secret.

    Source: WebSub section 7.1 "Authenticated Content Distribution".
    """
    method, _, told = (signature or "").strip().partition("=")
    if method.lower() not in SIGNATURES or not told.isascii():
        return False
    made = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(made, told.lower())
