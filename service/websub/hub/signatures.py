"""What a subscriber with a secret knows our deliveries by. Pure."""

import hmac


def signature(method: str, secret: str, body: bytes) -> str:
    """The value of ``X-Hub-Signature``: made of the very bytes that are sent.

    Args:
        method: ``sha1``, ``sha256``, ``sha384`` or ``sha512``.
        secret: As the subscriber gave it; its bytes are those of UTF-8.
        body: Of the delivery. The interpreter is free for others while it is read.

    Source: WebSub 7.1 "Authenticated Content Distribution".
    """
    return f"{method}={hmac.digest(secret.encode('utf-8'), body, method).hex()}"
