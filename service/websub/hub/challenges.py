"""What a callback is asked before its subscription counts, and what it is told. Pure."""

from collections.abc import Sequence
from urllib.parse import quote

from feeds.model.subscription import Mode, PendingRequest

#: Random bytes of a challenge: nobody guesses them, and as text they are twice as many characters.
CHALLENGE_BYTES = 32

#: What a denial says that came without a reason.
_NO_REASON = "the hub does not say why"


def challenge(chance: bytes) -> str:
    """Write a challenge, of characters that no subscriber has to encode or could mangle.

    Args:
        chance: Random, and used for this once; see `CHALLENGE_BYTES`.

    Source: WebSub 5.3: "a hub-generated, random string that MUST be echoed".
    """
    return chance.hex()


def with_fields(url: str, fields: Sequence[tuple[str, str]]) -> str:
    """Append fields to the query of a URL, whose own query stays as it is, byte for byte.

    A fragment is left out: it is never sent, and would swallow what stands behind it.
    """
    address = url.partition("#")[0]
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields)
    if "?" not in address:
        return f"{address}?{asked}"
    own_query = address.partition("?")[2]
    return f"{address}&{asked}" if own_query else f"{address}{asked}"


def verification_url(pending: PendingRequest, challenge: str) -> str:
    """Where a callback is asked whether it wants what was asked for in its name.

    Source: WebSub 5.3 "Hub Verifies Intent of the Subscriber".
    """
    request = pending.request
    fields = [
        ("hub.mode", request.mode.value),
        ("hub.topic", request.topic),
        ("hub.challenge", challenge),
    ]
    if request.mode is Mode.SUBSCRIBE:
        fields.append(("hub.lease_seconds", str(request.lease_s)))
    return with_fields(request.callback, fields)


def denial_url(pending: PendingRequest) -> str:
    """Where a callback is told that it gets nothing, or nothing more.

    Source: WebSub 5.2 "Subscription Validation".
    """
    request = pending.request
    fields = [
        ("hub.mode", Mode.DENIED.value),
        ("hub.topic", request.topic),
        ("hub.reason", request.reason or _NO_REASON),
    ]
    return with_fields(request.callback, fields)
