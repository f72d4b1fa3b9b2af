"""Which addresses are those of this machine: public ones too, which no list of networks knows."""

import errno
import socket
from functools import cache
from ipaddress import ip_address

from service.outbound.addresses import Address, AddressRules, Network

#: RFC 5737: an address for documentation, which no machine has.
_NOBODYS = ip_address("192.0.2.1")


def rules_of_this_machine(allow_networks: tuple[Network, ...]) -> AddressRules:
    """The rules for asking from here: what is not public is refused, and so is this machine.

    Whoever may name an address to us must not reach by it what listens here for its neighbours
    only. What stands before us (a proxy with an address of its own) is not seen from here.
    """
    return AddressRules(allow_networks, is_own=is_own)


def is_own(address: Address) -> bool:
    """True for an address of this machine: only to those can a socket be bound."""
    # The system is asked each time: addresses come and go, and it answers within microseconds.
    return _is_reached_from_itself(address) if _binds_anything() else _is_bindable(address)


@cache
def _binds_anything() -> bool:
    """True where ``net.ipv4.ip_nonlocal_bind`` is set: being bindable then tells nothing."""
    return _is_bindable(_NOBODYS)


def _is_bindable(address: Address) -> bool:
    try:
        with _socket_for(address) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        # EADDRNOTAVAIL: somebody else's. EAFNOSUPPORT: no IPv6 here, so it is not asked either.
        # Without a descriptor left nothing can be told; better no connection than a wrong one.
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return True


def _is_reached_from_itself(address: Address) -> bool:
    """True when the way to *address* begins there; misses a second address of the same network."""
    try:
        with _socket_for(address) as probe:
            probe.connect((str(address), 9))  # looks for the way; UDP sends nothing yet
            return bool(ip_address(probe.getsockname()[0]) == address)
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)


def _socket_for(address: Address) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return socket.socket(family, socket.SOCK_DGRAM)
