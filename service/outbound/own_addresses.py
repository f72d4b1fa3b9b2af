"""Which addresses are this machine's own."""

import socket

from service.outbound.addresses import Address


def is_own(address: Address) -> bool:
    """True for an address of this machine: only to those can a socket be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
