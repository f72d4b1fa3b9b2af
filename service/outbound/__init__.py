"""The only door to other people's servers: slow, hostile and unreachable ones included.

Nothing outside this package speaks HTTP as a client.
"""

from service.outbound.addresses import AddressRules
from service.outbound.courier import Courier
from service.outbound.door import Answer, Outbound
from service.outbound.errors import (
    AddressForbidden,
    AddressInvalid,
    HostUnknown,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
)
from service.outbound.own_addresses import rules_of_this_machine
from service.outbound.parcels import Parcel, Receipt
from service.outbound.targets import place_of

__all__ = [
    "AddressForbidden",
    "AddressInvalid",
    "AddressRules",
    "Answer",
    "Courier",
    "HostUnknown",
    "Outbound",
    "OutboundFailed",
    "OutboundTimedOut",
    "Parcel",
    "Receipt",
    "ServerUnreachable",
    "place_of",
    "rules_of_this_machine",
]
