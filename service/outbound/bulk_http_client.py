"""Sends hundreds of concurrent requests from one thread, with libcurl."""

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

#: libcurl caches addresses for 60 s. They are set again before, so that it never looks up others.
_PINNED_S = 30.0

#: Longest wait for the network while lookups are queued.
_QUEUE_POLL_S = 0.1

#: Number of transfers with a large send buffer; these are used first. If hosts answer fast, hardly
#: more transfers are needed, and a delivery of a document takes a tenth less time. If hosts hang,
#: thousands are needed, and each one holds its buffer.
_LARGE_BUFFERS = 64

_TIMED_OUT = 28  # CURLE_OPERATION_TIMEDOUT
_UNTRUSTED = 60  # CURLE_PEER_FAILED_VERIFICATION

#: Incomplete answers: CURLE_PARTIAL_FILE, and CURLE_WRITE_ERROR at the maximum that is read.
#: CURLE_RECV_ERROR, and CURLE_BAD_CONTENT_ENCODING of a body that cannot be decoded.
_UNFINISHED = (18, 23, 56, 61, _TIMED_OUT)

#: Text around the reason in libcurl's messages, in several versions.
_AROUND_TLS = re.compile(r"^SSL(?: certificate [^:]*)?: | \(\d+\)$")

_READ, _WRITE = 1, 4  # EPOLLIN and POLLIN, EPOLLOUT and POLLOUT
_MASKS = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: _READ,
    pycurl.POLL_OUT: _WRITE,
    pycurl.POLL_INOUT: _READ | _WRITE,
}


#: The flags for libcurl. Errors and hang-ups are found by reading.
_READABLE = pycurl.CSELECT_IN
_FLAGS = {_WRITE: pycurl.CSELECT_OUT, _READ | _WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT}


class BulkHttpClient:
    """Sends many requests concurrently. For one thread, which calls `poll` in a loop."""

    def __init__(
        self,
        allow_networks: Sequence[IPv4Network | IPv6Network],
        timeout_s: float,
        user_agent: str,
        *,
        at_once: int,
        ca_file: Path | None = None,
        reads_documents: bool = False,
        resolve: Resolver = system_resolver,
    ) -> None:
        """Sets the limits.

        Args:
            allow_networks: Addresses to which connections are allowed although they are not public.
            timeout_s: For a whole request, from the lookup of the name to the last byte read.
            user_agent: The ``User-Agent`` field (RFC 9110 section 10.1.5).
            at_once: Maximum of concurrent requests.
            ca_file: Certificates to trust instead of the public authorities', in PEM.
            reads_documents: Whether header fields of answers are read, and compressed bodies asked
                for and decoded; the maximum of a body counts decoded bytes.
            resolve: Returns the addresses of a name. Called in threads; it may hang.
        """
        self.rules = rules_of_this_machine(tuple(allow_networks))
        self._timeout_s = timeout_s
        self._at_once = at_once
        self._options = ClientOptions(
            user_agent=user_agent,
            ca_file=DEFAULT_CA_BUNDLE_PATH if ca_file is None else str(ca_file),
            timeout_ms=max(1, int(timeout_s * 1000)),
            reads_documents=reads_documents,
        )
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_MAXCONNECTS, at_once)
        self._poller, self._poll = _make_poller()
        self._watched: set[int] = set()
        self._idle: deque[Transfer] = deque()  #: used from the end, where the large ones are
        self._by_curl: dict[Any, Transfer] = {}
        self._in_flight = 0
        self._by_host: dict[str, int] = {}
        self._waiting: dict[Transfer, None] = {}  # for a lookup; the oldest first
        self._ended: deque[tuple[Done, str, BulkResponse | OutboundFailed]] = deque()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.settimeout(0)
        self._wake_sender.settimeout(0)
        self._poller.register(self._wake_receiver.fileno(), _READ)
        self._lookups = Lookups(self.rules, resolve, self.wake)
        self._is_closed = False

    @property
    def room(self) -> int:
        """How many more requests may be sent now."""
        return self._at_once - self._in_flight

    @property
    def in_flight(self) -> int:
        """How many requests were sent and have not ended."""
        return self._in_flight

    def in_flight_to(self, host: str) -> int:
        """How many requests to one host have not ended."""
        return self._by_host.get(host, 0)

    def send(self, bulk_request: BulkRequest, done: Done, *, host: str) -> None:
        """Begins a transfer. A later `poll` calls *done* when it has ended.

        Args:
            bulk_request: The request.
            done: Called once, with the answer or with the reason why there is none. It may send.
            host: The key for `in_flight_to`.

        Raises:
            ValueError: A header is not a line of printable ASCII.
        """
        headers = "".join(bulk_request.headers)
        if not (headers.isascii() and headers.isprintable()):
            raise ValueError(f"headers are lines of printable ASCII, not {bulk_request.headers!r}")
        transfer = self._idle.pop() if self._idle else self._make()
        transfer.begin(bulk_request, done, host)
        self._in_flight += 1
        self._by_host[host] = self._by_host.get(host, 0) + 1
        try:
            found = self._lookups.parse(bulk_request.url, is_own=bulk_request.is_own)
        except OutboundFailed as error:
            self._end(transfer, AddressInvalid(without_user(bulk_request.url), error.reason))
            return
        transfer.url_base, transfer.target = found
        target_host = transfer.url_base.host
        if target_host.good_until > transfer.began_at:
            self._start(transfer, self._options.timeout_ms)
            return
        target_host.waiting.append(transfer)
        self._waiting[transfer] = None
        self._lookups.look_up(target_host)

    def poll(self, wait_s: float) -> None:
        """Advances all transfers; waits for the network at most *wait_s* seconds.

        An exception in a ``done`` is a bug, and is raised after the ``done`` of all other ended
        transfers was called. Several are raised as a group.
        """
        watched, act = self._watched, self._multi.socket_action
        for fd, mask in self._poll(self._max_wait(wait_s)):
            if fd in watched:
                act(fd, _FLAGS.get(mask, _READABLE))
            elif fd == self._wake_receiver.fileno():
                self._clear_wakeups()
            else:
                # libcurl no longer watches it: an idle connection that is kept for reuse.
                with suppress(OSError, KeyError):
                    self._poller.unregister(fd)
        if self._multi.timeout() == 0:
            act(pycurl.SOCKET_TIMEOUT, 0)
        self._time_out_waiting()
        self._lookups.start_queued()
        bugs = self._process_lookups()
        self._complete_ended()
        bugs += self._call_done()
        if len(bugs) > 1:
            raise ExceptionGroup("errors at the end of several requests", bugs)
        if bugs:
            raise bugs[0]

    def wake(self) -> None:
        """Ends the wait of `poll`, from any thread."""
        # A full buffer means that a wake-up is pending; a closed socket, that the client is closed.
        with suppress(OSError):
            self._wake_sender.send(b"!")

    def close(self) -> None:
        """Drops all transfers without calling their ``done``. A ``done`` may call this, too."""
        if self._is_closed:
            return
        self._is_closed = True
        self._ended.clear()
        self._in_flight = 0
        self._by_host.clear()
        self._waiting.clear()
        for curl in self._by_curl:
            with suppress(pycurl.error):  # not in flight
                self._multi.remove_handle(curl)
            curl.close()
        self._multi.close()
        self._by_curl.clear()
        self._idle.clear()
        self._lookups.close()
        if hasattr(self._poller, "close"):
            self._poller.close()
        self._wake_receiver.close()
        self._wake_sender.close()

    def _make(self) -> Transfer:
        transfer = Transfer(self._options, has_large_buffer=len(self._by_curl) < _LARGE_BUFFERS)
        self._by_curl[transfer.curl] = transfer
        return transfer

    def _max_wait(self, wait_s: float) -> float:
        """Returns how long to wait for the network before other work is due."""
        if self._ended:
            return 0.0
        # Transfers that were added meanwhile are started before the wait; then the time is read
        # again.
        left_ms = self._multi.timeout()
        if left_ms == 0:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            left_ms = self._multi.timeout()
        if left_ms >= 0:
            wait_s = min(wait_s, left_ms / 1000)
        if self._waiting:
            until = next(iter(self._waiting)).began_at + self._timeout_s
            wait_s = min(wait_s, max(0.0, until - time.monotonic()))
        return min(wait_s, _QUEUE_POLL_S) if self._lookups.are_queued else wait_s

    # Lookups

    def _clear_wakeups(self) -> None:
        with suppress(BlockingIOError):
            self._wake_receiver.recv(4096)

    def _time_out_waiting(self) -> None:
        """Ends transfers that waited too long for a lookup. Others may still use its result."""
        began_before = time.monotonic() - self._timeout_s
        while self._waiting:
            transfer = next(iter(self._waiting))
            if transfer.began_at > began_before:
                return
            del self._waiting[transfer]
            self._lookups.cancel(transfer.url_base.host, transfer)
            self._end(transfer, self._timed_out(transfer.bulk_request.url))

    def _process_lookups(self) -> list[Exception]:
        bugs = []
        for host, found in self._lookups.pop_found():
            waiting, host.waiting = host.waiting, []
            for transfer in waiting:
                del self._waiting[transfer]
                if isinstance(found, Target):
                    left_s = transfer.began_at + self._timeout_s - time.monotonic()
                    self._start(transfer, max(1, int(left_s * 1000)))
                else:
                    self._end(transfer, _lookup_error(found, transfer.bulk_request.url))
            if not isinstance(found, Target | OutboundFailed):
                bugs.append(found)
        return bugs

    # Transfers

    def _start(self, transfer: Transfer, timeout_ms: int) -> None:
        host = transfer.url_base.host
        try:
            transfer.prepare(self._lookups.rules_for(host), timeout_ms)
            if host.literal is not None or host.pinned_until > transfer.began_at:
                self._multi.add_handle(transfer.curl)
                return
            transfer.pin()
            self._multi.add_handle(transfer.curl)
            # libcurl reads the addresses when it starts this transfer, before all others.
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            host.pinned_until = transfer.began_at + _PINNED_S
        except (pycurl.error, UnicodeError) as error:
            reason = one_line(f"is not a URL: {error}")
            self._end(transfer, AddressInvalid(transfer.bulk_request.url, reason))

    def _complete_ended(self) -> None:
        while True:
            queued, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                self._complete(self._by_curl[curl], 0, "")
            for curl, code, message in failed:
                self._complete(self._by_curl[curl], code, message)
            if not queued:
                return

    def _complete(self, transfer: Transfer, code: int, message: str) -> None:
        self._multi.remove_handle(transfer.curl)
        status = transfer.curl.getinfo(pycurl.RESPONSE_CODE)
        if status >= 200:
            # The status decides. Later events do not matter: a body that breaks off, is slow or
            # never ends, endless headers, a connection closed while the request is being sent.
            elapsed_s = time.monotonic() - transfer.began_at
            body = bytes(transfer.body)
            is_whole = code not in _UNFINISHED
            bulk_response = BulkResponse(
                status=status,
                body=body,
                elapsed_s=elapsed_s,
                is_whole=is_whole,
                headers=transfer.fields(),
            )
            self._end(transfer, bulk_response)
        else:
            self._end(transfer, self._failure(transfer, code, message))

    def _failure(self, transfer: Transfer, code: int, message: str) -> OutboundFailed:
        url = transfer.bulk_request.url
        if transfer.refusal is not None:
            return transfer.refusal
        if code == _TIMED_OUT:
            return self._timed_out(url)
        return ServerUnreachable(url, _reason(code, message))

    def _timed_out(self, url: str) -> OutboundTimedOut:
        return OutboundTimedOut(url, f"no answer within {self._timeout_s:g} s")

    def _end(self, transfer: Transfer, end: BulkResponse | OutboundFailed) -> None:
        self._ended.append((transfer.done, transfer.count_key, end))
        transfer.reset()
        if transfer.has_large_buffer:
            self._idle.append(transfer)
        else:
            self._idle.appendleft(transfer)

    def _call_done(self) -> list[Exception]:
        bugs: list[Exception] = []
        # A `done` may send a request that ends at once with an error. Its own `done` is called by
        # the next `poll`; otherwise this loop could run for ever.
        for _ in range(len(self._ended)):
            if self._is_closed:
                break
            done, host, end = self._ended.popleft()
            self._in_flight -= 1
            left = self._by_host[host] - 1
            if left:
                self._by_host[host] = left
            else:
                del self._by_host[host]
            try:
                done(end)
            except Exception as error:  # raised by `poll`
                bugs.append(error)
        return bugs

    # Callbacks of libcurl

    def _on_socket(self, event: int, fd: int, _multi: object, _data: object) -> None:
        if event == pycurl.POLL_REMOVE:
            # It stays registered, since most sockets are soon used again; `poll` unregisters the
            # others. A socket that is closed now is removed by the system.
            self._watched.discard(fd)
            return
        self._watched.add(fd)
        mask = _MASKS[event]
        try:
            self._poller.modify(fd, mask)
        except FileNotFoundError:
            self._poller.register(fd, mask)


def _make_poller() -> tuple[Any, Callable[[float], list[tuple[int, int]]]]:
    """Returns a poller of sockets, and its poll function, which takes a timeout in seconds.

    Rejected: `selectors`. Its own records cost as much time as the system's, and do not notice when
    a descriptor of a closed socket is used again for another socket.
    """
    if hasattr(select, "epoll"):
        epoll = select.epoll()
        return epoll, epoll.poll
    poller = select.poll()
    return poller, lambda wait_s: poller.poll(wait_s * 1000)


def _lookup_error(found: Exception, url: str) -> OutboundFailed:
    """Returns the error of a lookup as an error of one of the requests that waited for it."""
    if isinstance(found, OutboundFailed):
        return type(found)(url, found.reason)
    return HostUnknown(url, one_line(f"the lookup failed: {found!r}"))


def _reason(code: int, message: str) -> str:
    said = one_line(message) or f"libcurl's error {code}"
    if code == _UNTRUSTED:
        return f"certificate refused: {_AROUND_TLS.sub('', said)}"
    return said
