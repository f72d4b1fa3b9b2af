"""The door for many at once: hundreds of requests under way from one thread, with libcurl.

`Outbound` asks one server and waits; here a distribution goes out to thousands. What holds there
holds here: every address of a name is checked before it is asked, and again the address that is
connected to, by the very hook that opens the socket; no redirect is followed, no proxy, cookie or
credential comes from anywhere, and answers are read to a cap and within a time.
"""

import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import pycurl

from service.outbound.addresses import AddressRules
from service.outbound.errors import (
    AddressForbidden,
    AddressInvalid,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
)
from service.outbound.failures import one_line
from service.outbound.targets import Resolver, Target, find_target, place_of, system_resolver

#: Names that are looked up at the same time: those of a hanging name server wait, others go on.
LOOKUPS_AT_ONCE = 32

#: How long the addresses of a name are trusted: long enough for a distribution, no longer than
#: what their owner may have moved meanwhile.
ADDRESSES_KEPT_S = 60.0
MAX_HOSTS_KEPT = 10_000

#: What libcurl sets aside for each transfer; its own sizes are for large files.
_RECEIVE_BYTES = 4096
_SEND_BYTES = 65_536

#: What is of our own making may be anywhere.
_ANYWHERE = AddressRules((ip_network("0.0.0.0/0"), ip_network("::/0")))

_TIMED_OUT = 28  # CURLE_OPERATION_TIMEDOUT
_CUT_OFF = 23  # CURLE_WRITE_ERROR: we had enough of the answer
_REFUSED = -1  # CURL_SOCKET_BAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request. Its URL is sent byte for byte."""

    url: str
    body: bytes | None = None  #: with one it is a POST; without, a GET
    headers: tuple[str, ...] = ()  #: ``Name: value``
    max_answer_bytes: int = 16_384  #: what of the answer's body is read
    is_own: bool = False  #: to an address of our own making: it may be private


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came back."""

    status: int
    body: bytes  #: its beginning, to the parcel's cap
    elapsed_s: float

    @property
    def is_success(self) -> bool:
        """True for 2xx. A redirect is none: it is not followed."""
        return 200 <= self.status < 300


Done = Callable[[Receipt | OutboundFailed], None]


class Courier:
    """Sends many parcels at once. For one thread, which calls `turn` again and again."""

    def __init__(
        self,
        allow_networks: Sequence[IPv4Network | IPv6Network],
        timeout_s: float,
        user_agent: str,
        *,
        at_once: int,
        ca_file: Path | None = None,
        resolve: Resolver = system_resolver,
    ) -> None:
        """Set the limits.

        Args:
            allow_networks: Addresses to connect to although they are not public.
            timeout_s: For a whole exchange, from the look-up of the name to the last byte read.
            user_agent: How we introduce ourselves (RFC 9110 section 10.1.5).
            at_once: Exchanges under way.
            ca_file: Certificates to trust instead of the public authorities', in PEM.
            resolve: Gives the addresses of a name.
        """
        self.rules = AddressRules(tuple(allow_networks))
        self._timeout_s = timeout_s
        self.user_agent = user_agent
        self._at_once = at_once
        self.ca_file = ca_file
        self._resolve = resolve
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, at_once)
        self._selector = selectors.DefaultSelector()
        self._alarm_at: float | None = None
        self._idle: list[_Exchange] = []
        self._by_curl: dict[Any, _Exchange] = {}
        self._under_way: set[_Exchange] = set()
        self._by_host: Counter[str] = Counter()
        self._lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="lookup")
        self._found: deque[tuple[_Exchange, Future[Target]]] = deque()
        self._targets: dict[tuple[str, int], tuple[float, Target]] = {}
        self._bell, self._button = socket.socketpair()
        self._bell.settimeout(0)
        self._selector.register(self._bell, selectors.EVENT_READ)

    @property
    def room(self) -> int:
        """How many more parcels may be sent now."""
        return self._at_once - len(self._under_way)

    @property
    def under_way(self) -> int:
        """How many parcels were sent and have no end yet."""
        return len(self._under_way)

    def under_way_to(self, host: str) -> int:
        """How many of them to one host."""
        return self._by_host[host]

    def send(self, parcel: Parcel, done: Done, *, host: str) -> None:
        """Begin an exchange. *done* is told its end, in a `turn`.

        Args:
            parcel: The request.
            done: Called once, with the answer or with the reason why there is none.
            host: What it is counted under.
        """
        exchange = self._idle.pop() if self._idle else self._make()
        exchange.begin(parcel, done, host)
        self._under_way.add(exchange)
        self._by_host[host] += 1
        try:
            exchange.place = place_of(parcel.url)
        except OutboundFailed as error:
            self._end(exchange, error)
            return
        held = self._targets.get(exchange.place)
        if held is not None and held[0] > exchange.began_at:
            self._go(exchange, held[1])
            return
        rules = _ANYWHERE if parcel.is_own else self.rules
        looking = self._lookups.submit(find_target, parcel.url, rules=rules, resolve=self._resolve)
        looking.add_done_callback(partial(self._note_found, exchange))

    def turn(self, wait_s: float) -> None:
        """Do what can be done; wait for the network so long at most."""
        left_s = wait_s
        if self._alarm_at is not None:
            left_s = min(left_s, max(0.0, self._alarm_at - time.monotonic()))
        for key, mask in self._selector.select(left_s):
            if key.fileobj is self._bell:
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
            else:
                self._multi.socket_action(key.fd, _flags(mask))
        if self._alarm_at is not None and time.monotonic() >= self._alarm_at:
            self._alarm_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        while self._found:
            self._take_found(*self._found.popleft())
        self._finish_ended()

    def close(self) -> None:
        """Drop what is under way, without an end."""
        for exchange in self._under_way:
            with suppress(pycurl.error):
                self._multi.remove_handle(exchange.curl)
        self._multi.close()
        self._lookups.shutdown(wait=False, cancel_futures=True)
        self._selector.close()
        self._bell.close()
        self._button.close()

    def _make(self) -> "_Exchange":
        exchange = _Exchange(self)
        self._by_curl[exchange.curl] = exchange
        return exchange

    def _note_found(self, exchange: "_Exchange", looking: Future[Target]) -> None:
        self._found.append((exchange, looking))
        with suppress(OSError):
            self._button.send(b"!")

    def _take_found(self, exchange: "_Exchange", looking: Future[Target]) -> None:
        try:
            target = looking.result()
        except OutboundFailed as error:
            self._end(exchange, error)
            return
        if len(self._targets) >= MAX_HOSTS_KEPT:
            self._targets.clear()
        self._targets[exchange.place] = (time.monotonic() + ADDRESSES_KEPT_S, target)
        self._go(exchange, target)

    def _go(self, exchange: "_Exchange", target: Target) -> None:
        left_s = exchange.began_at + self._timeout_s - time.monotonic()
        if left_s <= 0:
            self._end(exchange, self._late(exchange.parcel.url))
            return
        try:
            exchange.load(target, left_s)
            self._multi.add_handle(exchange.curl)
        except (pycurl.error, UnicodeError) as error:
            self._end(exchange, AddressInvalid(exchange.parcel.url, f"is not a URL: {error}"))

    def _finish_ended(self) -> None:
        while True:
            queued, well, ill = self._multi.info_read(64)
            for curl in well:
                self._settle(self._by_curl[curl], 0, "")
            for curl, code, words in ill:
                self._settle(self._by_curl[curl], code, words)
            if not queued:
                return

    def _settle(self, exchange: "_Exchange", code: int, words: str) -> None:
        self._multi.remove_handle(exchange.curl)
        status = exchange.curl.getinfo(pycurl.RESPONSE_CODE)
        if status >= 200 and code in (0, _CUT_OFF, _TIMED_OUT):
            # The status decides; a body that breaks off or drips changes nothing any more.
            self._end(
                exchange,
                Receipt(
                    status=status,
                    body=bytes(exchange.body),
                    elapsed_s=time.monotonic() - exchange.began_at,
                ),
            )
        else:
            self._end(exchange, self._failure(exchange, code, words))

    def _failure(self, exchange: "_Exchange", code: int, words: str) -> OutboundFailed:
        url = exchange.parcel.url
        if exchange.forbidden is not None:
            return AddressForbidden(url, exchange.forbidden)
        if code == _TIMED_OUT:
            return self._late(url)
        return ServerUnreachable(url, one_line(words) or pycurl_reason(code))

    def _late(self, url: str) -> OutboundTimedOut:
        return OutboundTimedOut(url, f"no answer within {self._timeout_s:g} s")

    def _end(self, exchange: "_Exchange", end: Receipt | OutboundFailed) -> None:
        done, host = exchange.done, exchange.host
        self._under_way.discard(exchange)
        self._by_host[host] -= 1
        if not self._by_host[host]:
            del self._by_host[host]
        exchange.forget()
        self._idle.append(exchange)
        done(end)

    # What libcurl calls

    def _watch(self, event: int, fd: int, _multi: object, _data: object) -> None:
        if event == pycurl.POLL_REMOVE:
            with suppress(KeyError, ValueError):
                self._selector.unregister(fd)
            return
        mask = 0
        if event in (pycurl.POLL_IN, pycurl.POLL_INOUT):
            mask |= selectors.EVENT_READ
        if event in (pycurl.POLL_OUT, pycurl.POLL_INOUT):
            mask |= selectors.EVENT_WRITE
        try:
            self._selector.modify(fd, mask)
        except KeyError:
            self._selector.register(fd, mask)

    def _set_timer(self, timeout_ms: int) -> None:
        self._alarm_at = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000


class _Exchange:
    """A handle of libcurl, used again and again, and what it is at now."""

    def __init__(self, courier: Courier) -> None:
        self.courier = courier
        self.body = bytearray()
        self.place = ("", 0)
        self.forbidden: str | None = None
        self.curl: Any = pycurl.Curl()
        set_option = self.curl.setopt
        set_option(pycurl.NOSIGNAL, 1)
        set_option(pycurl.FOLLOWLOCATION, 0)
        set_option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        set_option(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        set_option(pycurl.PATH_AS_IS, 1)
        set_option(pycurl.PROXY, "")
        set_option(pycurl.NETRC, pycurl.NETRC_IGNORED)
        set_option(pycurl.USERAGENT, courier.user_agent)
        set_option(pycurl.BUFFERSIZE, _RECEIVE_BYTES)
        set_option(pycurl.UPLOAD_BUFFERSIZE, _SEND_BYTES)
        set_option(pycurl.WRITEFUNCTION, self._take)
        set_option(pycurl.OPENSOCKETFUNCTION, self._open)
        if courier.ca_file is not None:
            set_option(pycurl.CAINFO, str(courier.ca_file))

    def begin(self, parcel: Parcel, done: Done, host: str) -> None:
        self.parcel, self.done, self.host = parcel, done, host
        self.began_at = time.monotonic()
        self.forbidden = None
        self.body.clear()

    def load(self, target: Target, left_s: float) -> None:
        parcel, set_option = self.parcel, self.curl.setopt
        set_option(pycurl.URL, parcel.url)
        set_option(pycurl.TIMEOUT_MS, max(1, int(left_s * 1000)))
        # "Expect: 100-continue" would cost a round trip, and a second where it is not understood.
        set_option(pycurl.HTTPHEADER, [*parcel.headers, "Accept: */*", "Expect:"])
        if parcel.body is None:
            set_option(pycurl.HTTPGET, 1)
        else:
            set_option(pycurl.POST, 1)
            set_option(pycurl.POSTFIELDS, parcel.body)
        addresses = ",".join(
            f"[{each}]" if each.version == 6 else str(each) for each in target.addresses
        )
        set_option(pycurl.RESOLVE, [f"+{target.host}:{target.port}:{addresses}"])

    def forget(self) -> None:
        del self.parcel, self.done
        self.body.clear()

    def _take(self, piece: bytes) -> int:
        room = self.parcel.max_answer_bytes - len(self.body)
        self.body += piece[:room]
        return len(piece) if len(piece) <= room else 0

    def _open(self, _purpose: int, where: Any) -> socket.socket | int:
        address = ip_address(where.addr[0])
        fault = None if self.parcel.is_own else self.courier.rules.fault(address)
        if fault is not None:
            self.forbidden = f"not asked: {address} is a {fault} address"
            return _REFUSED
        return socket.socket(where.family, where.socktype, where.protocol)


def _flags(mask: int) -> int:
    flags = 0
    if mask & selectors.EVENT_READ:
        flags |= pycurl.CSELECT_IN
    if mask & selectors.EVENT_WRITE:
        flags |= pycurl.CSELECT_OUT
    return flags


def pycurl_reason(code: int) -> str:
    """What libcurl calls an error of this number, when it had no words for it."""
    return f"libcurl's error {code}"
