"""Why another server could not be asked. A server that answers, whatever it says, is no error."""

from service.errors import ServiceError


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
