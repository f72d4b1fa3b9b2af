"""Where parcels go: each host looked up once for all who send to it, by threads of their own."""

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
from service.outbound.transfers import ADDRESSES_KEPT_S, Host, Start, Transfer

#: Names that are looked up at the same time: more would be a burden to the resolver.
LOOKUPS_AT_ONCE = 48

#: A look-up that takes longer does not count among those any more: its name server hangs, and
#: others need not wait for it.
SLOW_S = 0.5

#: Look-ups that hang at the same time. Nothing can stop one: the operating system gives it up.
MAX_THREADS = 256

#: Names that hung before are not looked up while so many look-ups are under way.
_FOR_SLOW_NAMES = 64

MAX_HOSTS_KEPT = 10_000

#: What is of our own making may be anywhere.
_ANYWHERE: Final = AddressRules((ip_network("0.0.0.0/0"), ip_network("::/0")))

#: Scheme and authority; path and query; a fragment. What is no visible character has to be encoded
#: by whoever makes a URL: nobody must be able to break the request line with it.
_URL = re.compile(r"([^:/?#\0- \x7f]*://[^/?#\0- \x7f]*)([^#\0- \x7f]*)(?:#[^\0- \x7f]*)?")


class Lookups:
    """Looks up hosts. All but the look-up itself happens in the courier's thread."""

    def __init__(self, rules: AddressRules, resolve: Resolver, ring: Callable[[], None]) -> None:
        """Look nothing up yet.

        Args:
            rules: What every address of a host has to pass.
            resolve: Gives the addresses of a name; it may hang.
            ring: Called, in another thread, when `take_found` has something.
        """
        self._rules = rules
        self._resolve = resolve
        self._ring = ring
        self._starts: dict[str, Start] = {}
        self._hosts: dict[tuple[str, int], Host] = {}
        self._queue: deque[Host] = deque()
        self._slow_queue: deque[Host] = deque()
        self._running: dict[Host, float] = {}  #: since when; the oldest first
        self._jobs: SimpleQueue[Host | None] = SimpleQueue()
        self._threads = 0
        self._found: deque[tuple[Host, Target | Exception]] = deque()

    def start_of(self, url: str, *, is_own: bool) -> tuple[Start, str]:
        """The host that *url* names, and what it is asked for: path and query, byte for byte.

        Raises:
            AddressInvalid: *url* is not an absolute http or https URL, or carries a user name.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise AddressInvalid(url, "is not an absolute http or https URL")
        spelled, asked_for = match.groups()
        start = None if is_own else self._starts.get(spelled)
        if start is None:
            start = self._read(spelled, is_own=is_own)
        return start, asked_for if asked_for.startswith("/") else f"/{asked_for}"

    def look_up(self, host: Host) -> None:
        """See that the addresses of *host* are found, once for all who ask."""
        if host.is_looked_up:
            return
        host.is_looked_up = True
        if host.literal is not None:
            self._look(host)
            return
        (self._slow_queue if host.is_slow else self._queue).append(host)
        self.begin_what_may()

    def give_up(self, host: Host, exchange: Transfer) -> None:
        """*exchange* waits no longer. A look-up that has not begun is not made for nobody."""
        host.waiting.remove(exchange)
        if not host.waiting and host not in self._running:
            with suppress(ValueError):
                (self._slow_queue if host.is_slow else self._queue).remove(host)
                host.is_looked_up = False

    def rules_for(self, host: Host) -> AddressRules:
        """What every address of *host* has to pass."""
        return _ANYWHERE if host.is_own else self._rules

    @property
    def are_queued(self) -> bool:
        """True when look-ups wait for their turn: `begin_what_may` is to be called soon."""
        return bool(self._queue or self._slow_queue)

    def begin_what_may(self) -> None:
        """Begin the look-ups that have waited for their turn, as many as may be under way."""
        if self._queue:
            room = min(MAX_THREADS - len(self._running), LOOKUPS_AT_ONCE - self._running_well())
            self._begin(self._queue, room)
        if self._slow_queue:
            self._begin(self._slow_queue, _FOR_SLOW_NAMES - len(self._running))

    def take_found(self) -> Iterator[tuple[Host, Target | Exception]]:
        """The hosts whose look-ups have ended, and how."""
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
        """Let the threads go. One whose look-up hangs does not keep the process from its end."""
        self._queue.clear()
        self._slow_queue.clear()
        for _ in range(self._threads):
            self._jobs.put(None)

    def _read(self, spelled: str, *, is_own: bool) -> Start:
        host = Host(spelled, is_own=is_own)
        if not is_own:
            if len(self._starts) >= MAX_HOSTS_KEPT:
                self._starts.clear()
                self._hosts = {key: each for key, each in self._hosts.items() if each.is_looked_up}
            # However it is spelled and by whichever scheme: libcurl, too, keeps one list of
            # addresses for a name and a port.
            host = self._hosts.setdefault((host.name, host.port), host)
        start = Start(host, f"{urlsplit(spelled).scheme}://{host.name}:{host.port}/")
        if not is_own:
            self._starts[spelled] = start
        return start

    def _running_well(self) -> int:
        slow_before = time.monotonic() - SLOW_S
        count = 0
        for began_at in reversed(self._running.values()):
            if began_at < slow_before:
                break
            count += 1
        return count

    def _begin(self, queue: deque[Host], room: int) -> None:
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
            self._look(host)

    def _look(self, host: Host) -> None:
        address = host.literal
        resolve = self._resolve if address is None else lambda _name, _port: [address]
        found: Target | Exception
        try:
            found = find_target(host.url, rules=self.rules_for(host), resolve=resolve)
        except Exception as error:  # goes on to the courier's thread, which deals with it
            found = error
        self._found.append((host, found))
        self._ring()
