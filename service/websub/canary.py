"""Canaries: subscriptions of this product at hubs. Their requests, and checks of what hubs send.

Pure: no network, no store.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model.feed import Site
from feeds.model.subscription import Canary

#: Methods of signatures (WebSub 8: "sha1", "sha256", "sha384", "sha512").
SIGNATURES = ("sha1", "sha256", "sha384", "sha512")

#: Pauses between unsuccessful subscription requests. They double: the first suits a hub that starts
#: at the same time as this product, the longest one that cannot reach its callback at all.
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
_MAX_DOUBLINGS = 16

#: Pause after a denial, which a hub will hardly change within minutes.
DENIED_PAUSE = timedelta(hours=6)

#: Limits for leases that a hub grants, to avoid an arithmetic overflow and a request every second.
_LONGEST_LEASE_S = 10 * 365 * 86_400
_SHORTEST_RENEWAL_S = 10

#: The characters of a challenge (WebSub 5.3, of June 2026). Characters of markup or script are not
#: among them, so that the callback cannot be made to echo those. Hubs send some tens of characters.
_CHALLENGE = re.compile(r"[-+./0-9=A-Z_a-z]{1,1000}", re.ASCII)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_MAX_DIGITS = 9
_MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A hub's request to verify a subscription that was requested."""

    challenge: str
    lease_s: int

    def expires_at(self, now: datetime) -> datetime:
        """Returns when the lease ends."""
        return now + timedelta(seconds=self.lease_s)

    def renew_at(self, now: datetime) -> datetime:
        """Returns when to renew the lease: after half of it, in case the hub fails meanwhile."""
        return now + timedelta(seconds=max(self.lease_s / 2, _SHORTEST_RENEWAL_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A hub's message that it denies or ended the subscription."""

    reason: str


def subscription_fields(canary: Canary, site: Site, *, lease_s: int) -> list[tuple[str, str]]:
    """Returns the form of a subscription request.

    Source: WebSub section 5.1 "Subscriber Sends Subscription Request". ``hub.verify`` is from
    PubSubHubbub Core 0.3; some hubs refuse requests without it.
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
    """Returns the token of a canary's callback URL; None for any other URL.

    The store knows whether a canary has this token.
    """
    prefix = site.canary("")
    token = callback.removeprefix(prefix)
    return token if callback.startswith(prefix) and is_token(token) else None


def is_token(text: str) -> bool:
    """Whether a text has the form of a token: letters, digits, hyphens and underscores."""
    return _TOKEN.fullmatch(text) is not None


def pause_after(attempts: int) -> timedelta:
    """Returns how long a hub has to verify the request of that number, counted from 1."""
    factor: int = 2 ** min(max(attempts - 1, 0), _MAX_DOUBLINGS)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)


def read_hub_request(
    topic: str, query: Mapping[str, str], *, lease_s: int
) -> Verification | Denial | None:
    """Parses a hub's request to a callback of ours; None when it matches no subscription.

    Args:
        topic: Of the subscription that has this callback.
        query: The query of the request.
        lease_s: The lease that was requested; the default when the hub names none.

    Source: WebSub sections 5.2 and 5.3. "The subscriber MUST confirm that the hub.topic
    corresponds to a pending subscription". Section 8.2: a challenge that is too long, or holds
    other characters than those of 5.3, is not repeated.
    """
    if query.get("hub.topic") != topic:
        return None
    mode, challenge = query.get("hub.mode"), query.get("hub.challenge")
    if mode == "denied":
        reason = " ".join(query.get("hub.reason", "").split())[:_MAX_REASON_CHARS]
        return Denial(reason=reason if reason.isprintable() else "")
    if mode != "subscribe" or challenge is None or _CHALLENGE.fullmatch(challenge) is None:
        return None
    granted = query.get("hub.lease_seconds", "")
    if granted.isascii() and granted.isdigit() and int(granted[:_MAX_DIGITS]):
        lease_s = int(granted[:_MAX_DIGITS])
    return Verification(challenge=challenge, lease_s=min(lease_s, _LONGEST_LEASE_S))


def is_signed(body: bytes, signature: str | None, *, secret: str) -> bool:
    """Whether *signature*, an ``X-Hub-Signature``, was made from *body* with *secret*.

    Source: WebSub section 7.1 "Authenticated Content Distribution".
    """
    method, _, received = (signature or "").strip().partition("=")
    if method.lower() not in SIGNATURES or not received.isascii():
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected, received.lower())
