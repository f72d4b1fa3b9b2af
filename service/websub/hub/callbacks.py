"""Checks whether a callback is at an address to which the hub may send.

The check at subscription time exists to tell the subscriber. The binding check is made by
`BulkHttpClient` at each connection, since a name may have another address by then.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from service.outbound.addresses import Address, AddressRules, Resolver, system_resolver
from service.outbound.errors import AddressInvalid
from service.websub.hub.requests import CallbackForbidden, MalformedRequest, exact_host_and_port

#: Time limit of a lookup, ten times what a working name server takes. The client waits meanwhile.
LOOKUP_WITHIN_S = 2.0

#: Concurrent lookups. A name server that hangs occupies one until the system's resolver gives up.
#: While all are occupied, callbacks are accepted unchecked; `BulkHttpClient` checks them later.
LOOKUPS_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRules:
    """Where callbacks may be."""

    own_url: str  #: the newsroom's base URL
    allow_networks: tuple[IPv4Network | IPv6Network, ...]  #: allowed with any port
    ports: tuple[int, ...]  #: allowed ports at all other addresses


class Callbacks:
    """Checks callbacks. Thread-safe."""

    def __init__(
        self,
        *,
        is_own: Callable[[Address], bool],
        resolve: Resolver = system_resolver,
        within_s: float = LOOKUP_WITHIN_S,
        at_once: int = LOOKUPS_AT_ONCE,
    ) -> None:
        """Sets up the checks; looks up nothing yet.

        Args:
            is_own: Whether an address is this machine's.
            resolve: Returns the addresses of a name; may hang.
            within_s: Time limit of a lookup.
            at_once: Limit of concurrent lookups.
        """
        self._is_own = is_own
        self._resolve = resolve
        self._within_s = within_s
        self._free = threading.BoundedSemaphore(at_once)

    def check(self, callback: str, rules: CallbackRules) -> None:
        """Checks that the hub may send to *callback*.

        Args:
            callback: One that passed `requests.read_callback`.
            rules: The current rules.

        Raises:
            CallbackForbidden: The hub may not send there.
            MalformedRequest: Its host is not a valid name.
        """
        try:
            host, port = exact_host_and_port(callback)
        except AddressInvalid as error:
            raise MalformedRequest("the callback's host can be no name") from error
        if (host, port) == exact_host_and_port(rules.own_url):
            raise CallbackForbidden("the callback is this newsroom's own address")
        addresses = self._addresses(host, port)
        address_rules = AddressRules(rules.allow_networks, is_own=self._is_own)
        if addresses and all(address_rules.is_allowed(each) for each in addresses):
            return
        if port not in rules.ports:
            ports = ", ".join(str(each) for each in rules.ports)
            raise CallbackForbidden(f"the callback is at port {port}; possible are {ports}")
        try:
            is_forbidden = any(address_rules.fault(each) for each in addresses)
        except OSError:
            return  # no descriptors are left to test whether it is this machine
        if is_forbidden:
            # The message names no address and no kind, so that the hub cannot be used to explore
            # its network.
            raise CallbackForbidden("the callback is at an address that is not public")

    def _addresses(self, host: str, port: int) -> Sequence[Address]:
        """Returns all addresses of *host*; none when there is none or the lookup takes too long."""
        with suppress(ValueError):
            return [ip_address(host)]
        if not self._free.acquire(blocking=False):
            return ()
        found: Future[Sequence[Address]] = Future()
        # No pool: the process would wait for its threads when it exits.
        threading.Thread(target=self._look_up, args=(found, host, port), daemon=True).start()
        try:
            return found.result(self._within_s)
        except UnicodeError as error:
            raise MalformedRequest("the callback's host can be no name") from error
        except OSError:  # a TimeoutError is one, too
            return ()

    def _look_up(self, found: Future[Sequence[Address]], host: str, port: int) -> None:
        try:
            found.set_result(self._resolve(host, port))
        except Exception as error:  # raised in the waiting thread
            found.set_exception(error)
        finally:
            self._free.release()
