"""Errors of requests to other servers, with reasons for a person."""

import ssl

import requests
from urllib3.exceptions import NewConnectionError

from service.errors import ServiceError

# Errors of requests that got no answer. An answer with any status is not an error.


class OutboundFailed(ServiceError):
    """No answer came from another server."""

    #: True when a retry is pointless until somebody changes a setting or a DNS record.
    permanent = False

    def __init__(self, url: str, reason: str, /) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason  #: for a person; contains no secret


class AddressInvalid(OutboundFailed):
    """The URL is not one to which a request can be sent."""

    permanent = True


class AddressForbidden(OutboundFailed):
    """The host is, or resolves to, an address to which connections are forbidden."""

    permanent = True


class HostUnknown(OutboundFailed):
    """The host name does not resolve."""


class ServerUnreachable(OutboundFailed):
    """The connection failed, TLS failed, or the connection broke before the answer."""


class OutboundTimedOut(OutboundFailed):
    """No answer came within the time limit."""


class AnswerTooLong(OutboundFailed):
    """The answer has more bytes than are taken."""

    permanent = True


# Reasons for a person, from errors of `requests` and urllib3.


def is_unconnected(error: Exception) -> bool:
    """Whether nothing can have reached the server, so that another address may be tried."""
    return isinstance(error, requests.ConnectTimeout) or any(
        isinstance(each, NewConnectionError) for each in _chain(error)
    )


def cause_of(error: Exception) -> str:
    """Returns the innermost reason, such as ``Connection refused``, in one line.

    The outer errors repeat the address and name the libraries' classes.
    """
    root = _chain(error)[-1]
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"certificate refused: {root.verify_message}"
    return one_line(getattr(root, "strerror", None) or str(root) or type(root).__name__)


def one_line(text: str) -> str:
    """Returns *text* without control characters, with which a server could forge log lines."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _chain(error: BaseException) -> list[BaseException]:
    """Returns *error* and the errors that it wraps, outermost first.

    The libraries wrap errors in three different ways.
    """
    chain = [error]
    while True:
        last = chain[-1]
        inner = [last.__cause__, getattr(last, "reason", None), *reversed(last.args)]
        found = [each for each in inner if isinstance(each, BaseException) and each not in chain]
        if not found:
            return chain
        chain.append(found[0])
