"""Where a callback is: whether it is a place that we would send to.

Asked when somebody subscribes, so that he is told. What decides is the courier's own check, at each
connection: a name may have another address by then.
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

#: What an honest name server takes is a tenth of this; a client waits for our answer.
LOOKUP_WITHIN_S = 2.0

#: Look-ups under way. A name server that hangs holds one for as long as the system's resolver has
#: patience; when all are held, callbacks are let through unseen, for the courier to see.
LOOKUPS_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRules:
    """Where callbacks may be."""

    own_url: str  #: the newsroom's base URL
    allow_networks: tuple[IPv4Network | IPv6Network, ...]  #: inner networks: any port, any kind
    ports: tuple[int, ...]  #: elsewhere


class Callbacks:
    """Looks where callbacks are. Safe to call from many threads."""

    def __init__(
        self,
        *,
        is_own: Callable[[Address], bool],
        resolve: Resolver = system_resolver,
        within_s: float = LOOKUP_WITHIN_S,
        at_once: int = LOOKUPS_AT_ONCE,
    ) -> None:
        """Make one that has looked up nothing yet.

        Args:
            is_own: True for an address of this machine.
            resolve: Gives the addresses of a name; may hang.
            within_s: How long that is waited for.
            at_once: Look-ups under way.
        """
        self._is_own = is_own
        self._resolve = resolve
        self._within_s = within_s
        self._free = threading.BoundedSemaphore(at_once)

    def check(self, callback: str, rules: CallbackRules) -> None:
        """See whether *callback* is at a place that we would send to.

        Args:
            callback: As `requests.read_callback` has passed it.
            rules: Those of now.

        Raises:
            CallbackForbidden: It is not.
            MalformedRequest: Its host can be no name.
        """
        try:
            host, port = exact_host_and_port(callback)
        except AddressInvalid as error:
            raise MalformedRequest("the callback's host can be no name") from error
        if (host, port) == exact_host_and_port(rules.own_url):
            raise CallbackForbidden("the callback is this newsroom's own address")
        addresses = self._addresses(host, port)
        judge = AddressRules(rules.allow_networks, is_own=self._is_own)
        if addresses and all(judge.is_allowed(each) for each in addresses):
            return
        if port not in rules.ports:
            ports = ", ".join(str(each) for each in rules.ports)
            raise CallbackForbidden(f"the callback is at port {port}; possible are {ports}")
        try:
            is_forbidden = any(judge.fault(each) for each in addresses)
        except OSError:
            return  # no descriptors are left to see whether it is this machine
        if is_forbidden:
            # Which address of which kind stays with us: a hub is not there to explore the network
            # that it stands in.
            raise CallbackForbidden("the callback is at an address that is not public")

    def _addresses(self, host: str, port: int) -> Sequence[Address]:
        """All addresses of *host*; none, when it cannot be said in time or there is none."""
        with suppress(ValueError):
            return [ip_address(host)]
        if not self._free.acquire(blocking=False):
            return ()
        found: Future[Sequence[Address]] = Future()
        # Not of a pool, which the end of the process would wait for.
        threading.Thread(target=self._look, args=(found, host, port), daemon=True).start()
        try:
            return found.result(self._within_s)
        except UnicodeError as error:
            raise MalformedRequest("the callback's host can be no name") from error
        except OSError:  # a TimeoutError is one, too
            return ()

    def _look(self, found: Future[Sequence[Address]], host: str, port: int) -> None:
        try:
            found.set_result(self._resolve(host, port))
        except Exception as error:  # goes on to who waits for it
            found.set_exception(error)
        finally:
            self._free.release()
