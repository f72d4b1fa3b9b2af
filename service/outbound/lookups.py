"""DNS lookups for `BulkHttpClient`, in threads; each host is looked up once for all requests."""

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_network
from queue import SimpleQueue
from typing import Final
from urllib.parse import urlsplit

from service.outbound.addresses import (
    AddressRules,
    Resolver,
    Target,
    find_target,
)
from service.outbound.errors import AddressInvalid
from service.outbound.transfers import ADDRESSES_KEPT_S, Host, Transfer, UrlBase

#: Concurrent lookups: more would burden the resolver.
LOOKUPS_AT_ONCE = 48

#: A lookup that takes longer no longer counts towards `LOOKUPS_AT_ONCE`: its name server hangs, and
#: other lookups need not wait for it.
SLOW_S = 0.5

#: Limit of all lookups, hanging ones included. A lookup cannot be cancelled: it ends when the
#: operating system gives up.
MAX_THREADS = 256

#: Names that hung before are not looked up while this many lookups are running.
_FOR_SLOW_NAMES = 64

MAX_HOSTS_KEPT = 10_000

#: Rules for this product's own URLs, which may be at any address.
_ANYWHERE: Final = AddressRules((ip_network("0.0.0.0/0"), ip_network("::/0")))

#: Scheme and authority; path and query; a fragment. Characters that are not visible have to be
#: encoded by the caller, since they could break the request line.
_URL = re.compile(r"([^:/?#\0- \x7f]*://[^/?#\0- \x7f]*)([^#\0- \x7f]*)(?:#[^\0- \x7f]*)?")


class Lookups:
    """Looks up hosts. All but the lookup itself runs in the client's thread."""

    def __init__(self, rules: AddressRules, resolve: Resolver, wake: Callable[[], None]) -> None:
        """Sets up the lookups; starts none.

        Args:
            rules: What every address of a host has to pass.
            resolve: Returns the addresses of a name; may hang.
            wake: Called in another thread when `pop_found` has results.
        """
        self._rules = rules
        self._resolve = resolve
        self._wake = wake
        self._url_bases: dict[str, UrlBase] = {}
        self._hosts: dict[tuple[str, int], Host] = {}
        self._queue: deque[Host] = deque()
        self._slow_queue: deque[Host] = deque()
        self._running: dict[Host, float] = {}  #: with its start time; the oldest first
        self._jobs: SimpleQueue[Host | None] = SimpleQueue()
        self._threads = 0
        self._found: deque[tuple[Host, Target | Exception]] = deque()

    def parse(self, url: str, *, is_own: bool) -> tuple[UrlBase, str]:
        """Splits *url* into its base, which has the host, and path and query, byte for byte.

        Raises:
            AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise AddressInvalid(url, "is not an absolute http or https URL")
        spelled, target = match.groups()
        url_base = None if is_own else self._url_bases.get(spelled)
        if url_base is None:
            url_base = self._read(spelled, is_own=is_own)
        return url_base, target if target.startswith("/") else f"/{target}"

    def look_up(self, host: Host) -> None:
        """Queues the lookup of *host*, once for all waiting transfers."""
        if host.is_looked_up:
            return
        host.is_looked_up = True
        if host.literal is not None:
            self._resolve_host(host)
            return
        (self._slow_queue if host.is_slow else self._queue).append(host)
        self.start_queued()

    def cancel(self, host: Host, transfer: Transfer) -> None:
        """Removes a waiting *transfer*; cancels a queued lookup that no transfer waits for."""
        host.waiting.remove(transfer)
        if not host.waiting and host not in self._running:
            with suppress(ValueError):
                (self._slow_queue if host.is_slow else self._queue).remove(host)
                host.is_looked_up = False

    def rules_for(self, host: Host) -> AddressRules:
        """Returns the rules that every address of *host* has to pass."""
        return _ANYWHERE if host.is_own else self._rules

    @property
    def are_queued(self) -> bool:
        """Whether lookups are queued, so that `start_queued` has to be called soon."""
        return bool(self._queue or self._slow_queue)

    def start_queued(self) -> None:
        """Starts queued lookups, as many as the limits allow."""
        if self._queue:
            room = min(MAX_THREADS - len(self._running), LOOKUPS_AT_ONCE - self._count_fast())
            self._start(self._queue, room)
        if self._slow_queue:
            self._start(self._slow_queue, _FOR_SLOW_NAMES - len(self._running))

    def pop_found(self) -> Iterator[tuple[Host, Target | Exception]]:
        """Yields the hosts whose lookups have ended, each with its result."""
        while self._found:
            host, found = self._found.popleft()
            now = time.monotonic()
            host.is_slow = now - self._running.pop(host, now) > SLOW_S
            host.is_looked_up = False
            host.pinned_until = 0.0
            if isinstance(found, Target):
                host.addresses, host.good_until = found.addresses, now + ADDRESSES_KEPT_S
            yield host, found

    def close(self) -> None:
        """Ends the threads. A thread whose lookup hangs does not keep the process from exiting."""
        self._queue.clear()
        self._slow_queue.clear()
        for _ in range(self._threads):
            self._jobs.put(None)

    def _read(self, spelled: str, *, is_own: bool) -> UrlBase:
        host = Host(spelled, is_own=is_own)
        if not is_own:
            if len(self._url_bases) >= MAX_HOSTS_KEPT:
                self._url_bases.clear()
                self._hosts = {key: each for key, each in self._hosts.items() if each.is_looked_up}
            # One host for all spellings and both schemes: libcurl, too, keeps one list of addresses
            # for a name and a port.
            host = self._hosts.setdefault((host.name, host.port), host)
        url_base = UrlBase(host, f"{urlsplit(spelled).scheme}://{host.name}:{host.port}/")
        if not is_own:
            self._url_bases[spelled] = url_base
        return url_base

    def _count_fast(self) -> int:
        slow_before = time.monotonic() - SLOW_S
        count = 0
        for began_at in reversed(self._running.values()):
            if began_at < slow_before:
                break
            count += 1
        return count

    def _start(self, queue: deque[Host], room: int) -> None:
        while queue and room > 0:
            host = queue.popleft()
            room -= 1
            self._running[host] = time.monotonic()
            if len(self._running) > self._threads:
                self._threads += 1
                threading.Thread(target=self._work, name="lookup", daemon=True).start()
            self._jobs.put(host)

    def _work(self) -> None:
        while (host := self._jobs.get()) is not None:
            self._resolve_host(host)

    def _resolve_host(self, host: Host) -> None:
        address = host.literal
        resolve = self._resolve if address is None else lambda _name, _port: [address]
        found: Target | Exception
        try:
            found = find_target(host.url, rules=self.rules_for(host), resolve=resolve)
        except Exception as error:  # handled in the client's thread
            found = error
        self._found.append((host, found))
        self._wake()
