"""Hundreds of requests under way from one thread, with libcurl."""

import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pycurl
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from service.outbound.addresses import (
    Resolver,
    Target,
    rules_of_this_machine,
    system_resolver,
    without_user,
)
from service.outbound.errors import (
    AddressInvalid,
    HostUnknown,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
    one_line,
)
from service.outbound.lookups import Lookups
from service.outbound.transfers import BulkRequest, BulkResponse, ClientOptions, Done, Transfer

#: libcurl keeps addresses for 60 s. They are told anew before, so that it never looks for others.
_PINNED_S = 30.0

#: How soon a look-up that waits for its turn is seen to.
_QUEUE_SEEN_S = 0.1

#: Exchanges that are roomy, and used first. Where hosts answer at once hardly more are needed, and
#: each delivery of a document takes a tenth less. Where they hang, thousands are, and each one
#: keeps its room.
_ROOMY = 64

_TIMED_OUT = 28  # CURLE_OPERATION_TIMEDOUT
_UNTRUSTED = 60  # CURLE_PEER_FAILED_VERIFICATION

#: Ends of an answer before its own: CURLE_PARTIAL_FILE, and CURLE_WRITE_ERROR at our cap.
_UNFINISHED = (18, 23, _TIMED_OUT)

#: What libcurl says around the reason, in its versions.
_AROUND_TLS = re.compile(r"^SSL(?: certificate [^:]*)?: | \(\d+\)$")

_READ, _WRITE = 1, 4  # EPOLLIN and POLLIN, EPOLLOUT and POLLOUT
_MASKS = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: _READ,
    pycurl.POLL_OUT: _WRITE,
    pycurl.POLL_INOUT: _READ | _WRITE,
}


#: What libcurl is told of them. An error or a hang-up is found out by reading.
_READABLE = pycurl.CSELECT_IN
_FLAGS = {_WRITE: pycurl.CSELECT_OUT, _READ | _WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT}


class BulkHttpClient:
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
            resolve: Gives the addresses of a name. Called in threads; it may hang.
        """
        self.rules = rules_of_this_machine(tuple(allow_networks))
        self._timeout_s = timeout_s
        self._at_once = at_once
        self._manner = ClientOptions(
            user_agent=user_agent,
            ca_file=DEFAULT_CA_BUNDLE_PATH if ca_file is None else str(ca_file),
            timeout_ms=max(1, int(timeout_s * 1000)),
        )
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_MAXCONNECTS, at_once)
        self._poller, self._poll = _make_poller()
        self._watched: set[int] = set()
        self._idle: deque[Transfer] = deque()  #: the roomy ones last, where they are taken from
        self._by_curl: dict[Any, Transfer] = {}
        self._under_way = 0
        self._by_host: dict[str, int] = {}
        self._waiting: dict[Transfer, None] = {}  # for a look-up; who began first is first
        self._ended: deque[tuple[Done, str, BulkResponse | OutboundFailed]] = deque()
        self._bell, self._button = socket.socketpair()
        self._bell.settimeout(0)
        self._button.settimeout(0)
        self._poller.register(self._bell.fileno(), _READ)
        self._lookups = Lookups(self.rules, resolve, self._ring)
        self._is_closed = False

    @property
    def room(self) -> int:
        """How many more parcels may be sent now."""
        return self._at_once - self._under_way

    @property
    def in_flight(self) -> int:
        """How many parcels were sent and have no end yet."""
        return self._under_way

    def in_flight_to(self, host: str) -> int:
        """How many of them to one host."""
        return self._by_host.get(host, 0)

    def send(self, bulk_request: BulkRequest, done: Done, *, host: str) -> None:
        """Begin an exchange. *done* is told its end, in a `turn`.

        Args:
            bulk_request: The request.
            done: Called once, with the answer or with the reason why there is none. It may send.
            host: What it is counted under.

        Raises:
            ValueError: A header of the parcel is no line of printable ASCII.
        """
        headers = "".join(bulk_request.headers)
        if not (headers.isascii() and headers.isprintable()):
            raise ValueError(f"headers are lines of printable ASCII, not {bulk_request.headers!r}")
        exchange = self._idle.pop() if self._idle else self._make()
        exchange.begin(bulk_request, done, host)
        self._under_way += 1
        self._by_host[host] = self._by_host.get(host, 0) + 1
        try:
            found = self._lookups.start_of(bulk_request.url, is_own=bulk_request.is_own)
        except OutboundFailed as error:
            self._end(exchange, AddressInvalid(without_user(bulk_request.url), error.reason))
            return
        exchange.start, exchange.asked_for = found
        host_asked = exchange.start.host
        if host_asked.good_until > exchange.began_at:
            self._go(exchange, self._manner.timeout_ms)
            return
        host_asked.waiting.append(exchange)
        self._waiting[exchange] = None
        self._lookups.look_up(host_asked)

    def poll(self, wait_s: float) -> None:
        """Do what can be done; wait for the network so long at most.

        An error in a ``done`` is a bug, and flies; but not before all others that ended have been
        told so. Several fly as a group.
        """
        watched, act = self._watched, self._multi.socket_action
        for fd, mask in self._poll(self._patience(wait_s)):
            if fd in watched:
                act(fd, _FLAGS.get(mask, _READABLE))
            elif fd == self._bell.fileno():
                self._hear()
            else:
                # libcurl lost interest in it before: a connection that is kept for later.
                with suppress(OSError, KeyError):
                    self._poller.unregister(fd)
        if self._multi.timeout() == 0:
            act(pycurl.SOCKET_TIMEOUT, 0)
        self._give_up_waiting()
        self._lookups.begin_what_may()
        bugs = self._take_found()
        self._settle_ended()
        bugs += self._tell_ended()
        if len(bugs) > 1:
            raise ExceptionGroup("errors at the ends of several exchanges", bugs)
        if bugs:
            raise bugs[0]

    def close(self) -> None:
        """Drop what is under way, without an end. A ``done`` may call this, too."""
        if self._is_closed:
            return
        self._is_closed = True
        self._ended.clear()
        self._under_way = 0
        self._by_host.clear()
        self._waiting.clear()
        for curl in self._by_curl:
            with suppress(pycurl.error):  # is not under way
                self._multi.remove_handle(curl)
            curl.close()
        self._multi.close()
        self._by_curl.clear()
        self._idle.clear()
        self._lookups.close()
        if hasattr(self._poller, "close"):
            self._poller.close()
        self._bell.close()
        self._button.close()

    def _make(self) -> Transfer:
        exchange = Transfer(self._manner, is_roomy=len(self._by_curl) < _ROOMY)
        self._by_curl[exchange.curl] = exchange
        return exchange

    def _patience(self, wait_s: float) -> float:
        """How long we may wait for the network before something else is to be done."""
        if self._ended:
            return 0.0
        # What has been sent meanwhile is begun before we wait, and then asked once more.
        left_ms = self._multi.timeout()
        if left_ms == 0:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            left_ms = self._multi.timeout()
        if left_ms >= 0:
            wait_s = min(wait_s, left_ms / 1000)
        if self._waiting:
            until = next(iter(self._waiting)).began_at + self._timeout_s
            wait_s = min(wait_s, max(0.0, until - time.monotonic()))
        return min(wait_s, _QUEUE_SEEN_S) if self._lookups.are_queued else wait_s

    # Looking up

    def _ring(self) -> None:
        # Full, the bell has been heard by nobody yet; closed, there is nobody to hear it.
        with suppress(OSError):
            self._button.send(b"!")

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self._bell.recv(4096)

    def _give_up_waiting(self) -> None:
        """End what waits for a look-up that hangs. Others may still be glad of its result."""
        began_before = time.monotonic() - self._timeout_s
        while self._waiting:
            exchange = next(iter(self._waiting))
            if exchange.began_at > began_before:
                return
            del self._waiting[exchange]
            self._lookups.give_up(exchange.start.host, exchange)
            self._end(exchange, self._late(exchange.bulk_request.url))

    def _take_found(self) -> list[Exception]:
        bugs = []
        for host, found in self._lookups.take_found():
            waiting, host.waiting = host.waiting, []
            for exchange in waiting:
                del self._waiting[exchange]
                if isinstance(found, Target):
                    left_s = exchange.began_at + self._timeout_s - time.monotonic()
                    self._go(exchange, max(1, int(left_s * 1000)))
                else:
                    self._end(exchange, _retold(found, exchange.bulk_request.url))
            if not isinstance(found, Target | OutboundFailed):
                bugs.append(found)
        return bugs

    # From the addresses to the answer

    def _go(self, exchange: Transfer, timeout_ms: int) -> None:
        host = exchange.start.host
        try:
            exchange.prepare(self._lookups.rules_for(host), timeout_ms)
            if host.literal is not None or host.pinned_until > exchange.began_at:
                self._multi.add_handle(exchange.curl)
                return
            exchange.pin()
            self._multi.add_handle(exchange.curl)
            # libcurl reads the addresses when it begins with this one: before all others.
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            host.pinned_until = exchange.began_at + _PINNED_S
        except (pycurl.error, UnicodeError) as error:
            reason = one_line(f"is not a URL: {error}")
            self._end(exchange, AddressInvalid(exchange.bulk_request.url, reason))

    def _settle_ended(self) -> None:
        while True:
            queued, well, ill = self._multi.info_read()
            for curl in well:
                self._settle(self._by_curl[curl], 0, "")
            for curl, code, words in ill:
                self._settle(self._by_curl[curl], code, words)
            if not queued:
                return

    def _settle(self, exchange: Transfer, code: int, words: str) -> None:
        self._multi.remove_handle(exchange.curl)
        status = exchange.curl.getinfo(pycurl.RESPONSE_CODE)
        if status >= 200:
            # The status decides. What comes after it (a body that breaks off, drips or never ends,
            # headers without an end, a connection closed in the middle of what we send) changes
            # nothing any more.
            elapsed_s = time.monotonic() - exchange.began_at
            body = bytes(exchange.body)
            is_whole = code not in _UNFINISHED
            bulk_response = BulkResponse(
                status=status, body=body, elapsed_s=elapsed_s, is_whole=is_whole
            )
            self._end(exchange, bulk_response)
        else:
            self._end(exchange, self._failure(exchange, code, words))

    def _failure(self, exchange: Transfer, code: int, words: str) -> OutboundFailed:
        url = exchange.bulk_request.url
        if exchange.refusal is not None:
            return exchange.refusal
        if code == _TIMED_OUT:
            return self._late(url)
        return ServerUnreachable(url, _in_words(code, words))

    def _late(self, url: str) -> OutboundTimedOut:
        return OutboundTimedOut(url, f"no answer within {self._timeout_s:g} s")

    def _end(self, exchange: Transfer, end: BulkResponse | OutboundFailed) -> None:
        self._ended.append((exchange.done, exchange.counted_under, end))
        exchange.reset()
        if exchange.is_roomy:
            self._idle.append(exchange)
        else:
            self._idle.appendleft(exchange)

    def _tell_ended(self) -> list[Exception]:
        bugs: list[Exception] = []
        # What ends while we tell, because a `done` sent what cannot be sent, is told by the next
        # turn: otherwise this could go on for ever.
        for _ in range(len(self._ended)):
            if self._is_closed:
                break
            done, host, end = self._ended.popleft()
            self._under_way -= 1
            left = self._by_host[host] - 1
            if left:
                self._by_host[host] = left
            else:
                del self._by_host[host]
            try:
                done(end)
            except Exception as error:  # is raised by `turn`
                bugs.append(error)
        return bugs

    # What libcurl calls

    def _watch(self, event: int, fd: int, _multi: object, _data: object) -> None:
        if event == pycurl.POLL_REMOVE:
            # It stays registered, since most are soon used again; `turn` sees to the others. One
            # that is closed now leaves by itself.
            self._watched.discard(fd)
            return
        self._watched.add(fd)
        mask = _MASKS[event]
        try:
            self._poller.modify(fd, mask)
        except FileNotFoundError:
            self._poller.register(fd, mask)


def _make_poller() -> tuple[Any, Callable[[float], list[tuple[int, int]]]]:
    """What watches sockets, and how it is asked for so many seconds.

    Rejected: `selectors`, whose own records cost as much as the system's and do not notice when
    a number goes from a socket that was closed to the next.
    """
    if hasattr(select, "epoll"):
        epoll = select.epoll()
        return epoll, epoll.poll
    poller = select.poll()
    return poller, lambda wait_s: poller.poll(wait_s * 1000)


def _retold(found: Exception, url: str) -> OutboundFailed:
    """*found*, which was told of a look-up, as told of one of those who asked for it."""
    if isinstance(found, OutboundFailed):
        return type(found)(url, found.reason)
    return HostUnknown(url, one_line(f"the look-up failed: {found!r}"))


def _in_words(code: int, words: str) -> str:
    said = one_line(words) or f"libcurl's error {code}"
    if code == _UNTRUSTED:
        return f"certificate refused: {_AROUND_TLS.sub('', said)}"
    return said
