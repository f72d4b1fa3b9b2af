"""Why another server could not be asked, in words for a person."""

import ssl

import requests
from urllib3.exceptions import NewConnectionError

from service.errors import ServiceError

# Why another server could not be asked. A server that answers, whatever it says, is no error.


class OutboundFailed(ServiceError):
    """No answer came from another server."""

    #: True when trying again is pointless until somebody changes a setting or a DNS record.
    permanent = False

    def __init__(self, url: str, reason: str, /) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason  #: for a person; holds nothing secret


class AddressInvalid(OutboundFailed):
    """The URL is none that we can send a request to."""

    permanent = True


class AddressForbidden(OutboundFailed):
    """The host is, or resolves to, an address that is not for us to connect to."""

    permanent = True


class HostUnknown(OutboundFailed):
    """The host's name does not resolve."""


class ServerUnreachable(OutboundFailed):
    """No connection came about, TLS failed, or the connection broke before the answer."""


class OutboundTimedOut(OutboundFailed):
    """The answer was not there when the time was up."""


# What an error of `requests` or urllib3 means, in words for a person.


def is_unconnected(error: Exception) -> bool:
    """True when nothing can have reached the server, so that another address may be tried."""
    return isinstance(error, requests.ConnectTimeout) or any(
        isinstance(each, NewConnectionError) for each in _chain(error)
    )


def cause_of(error: Exception) -> str:
    """The innermost reason, such as ``Connection refused``; one line.

    What the libraries say around it repeats the address and names their own classes.
    """
    root = _chain(error)[-1]
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"certificate refused: {root.verify_message}"
    return one_line(getattr(root, "strerror", None) or str(root) or type(root).__name__)


def one_line(text: str) -> str:
    """*text* without the control characters by which a server could forge lines of our log."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _chain(error: BaseException) -> list[BaseException]:
    """*error* and what it wraps, outermost first: the libraries wrap in three different ways."""
    chain = [error]
    while True:
        last = chain[-1]
        inner = [last.__cause__, getattr(last, "reason", None), *reversed(last.args)]
        found = [each for each in inner if isinstance(each, BaseException) and each not in chain]
        if not found:
            return chain
        chain.append(found[0])
