"""The only door to other people's servers: slow, hostile and unreachable ones included.

Nothing outside this package speaks HTTP as a client.
"""

from service.outbound.addresses import AddressRules
from service.outbound.door import Answer, Outbound
from service.outbound.errors import (
    AddressForbidden,
    AddressInvalid,
    HostUnknown,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
)

__all__ = [
    "AddressForbidden",
    "AddressInvalid",
    "AddressRules",
    "Answer",
    "HostUnknown",
    "Outbound",
    "OutboundFailed",
    "OutboundTimedOut",
    "ServerUnreachable",
]
