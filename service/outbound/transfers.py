"""Transfers with libcurl: what is sent, and the handles that send it."""

import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeAlias

import pycurl

from service.outbound.addresses import Address, AddressRules, host_and_port
from service.outbound.errors import (
    AddressForbidden,
    AddressInvalid,
    OutboundFailed,
    ServerUnreachable,
)

# What is sent to thousands, and what comes back of it.


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """One request. Path and query of its URL are sent byte for byte; a fragment is not sent."""

    url: str
    body: bytes | None = None  #: with one it is a POST; without, a GET
    headers: tuple[str, ...] = ()  #: ``Name: value``, in printable ASCII
    max_answer_bytes: int = 16_384  #: what of the answer's body is read
    is_own: bool = False  #: to an address of our own making: it may be private


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResponse:
    """What came back."""

    status: int
    body: bytes  #: its beginning, to the parcel's cap; shorter when it broke off or came too late
    elapsed_s: float
    is_whole: bool = True  #: False when more of the body was to come

    @property
    def is_success(self) -> bool:
        """True for 2xx. A redirect is none: it is not followed."""
        return 200 <= self.status < 300


#: Is told the end of an exchange: the answer, or why there is none.
Done: TypeAlias = Callable[[BulkResponse | OutboundFailed], None]


#: How long the addresses of a name are trusted: long enough for a distribution, no longer than
#: what their owner may have moved meanwhile.
ADDRESSES_KEPT_S = 60.0


_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Host:
    """A name and a port that parcels go to, and what is known of it."""

    __slots__ = (
        "addresses",
        "good_until",
        "is_looked_up",
        "is_own",
        "is_slow",
        "literal",
        "name",
        "pinned_until",
        "port",
        "url",
        "waiting",
    )

    def __init__(self, url: str, *, is_own: bool) -> None:
        name, self.port = host_and_port(url)
        self.url = url  #: one of its; for the look-up
        self.literal = _literal(name)  #: the address, when the URL names one itself
        self.name = _plain(url, name)  #: in ASCII; an IPv6 address in brackets
        self.is_own = is_own  #: of our own making, for parcels of ours only
        self.addresses: tuple[Address, ...] = ()  #: as found last; each has passed
        self.good_until = 0.0  #: when it has to be looked up again
        self.pinned_until = 0.0  #: how long libcurl surely knows the addresses
        self.is_looked_up = False  #: just now, or waiting for that
        self.is_slow = False  #: its name server let us wait before
        self.waiting: list[Transfer] = []  #: for the look-up


@dataclass(frozen=True, slots=True)
class Start:
    """What URLs begin with that lead to one host."""

    host: Host
    url: str  #: in the one spelling that libcurl is told


def _literal(name: str) -> Address | None:
    with suppress(ValueError):
        return ip_address(name)
    return None


def _plain(url: str, name: str) -> str:
    """*name* in the one spelling that we, libcurl and the server at its end read alike."""
    if ":" in name:
        return f"[{name}]"
    plain = name.removesuffix(".")
    if not _NAME.fullmatch(plain):
        raise AddressInvalid(url, f"{name!r} is not a host name")
    return plain


# One exchange with libcurl: a handle that is used again and again, and what it is at now.

#: What libcurl sets aside for each transfer, to read and to send. It sends a piece each time that
#: it is called, and each call takes its time.
_RECEIVE_BYTES = 4096
_SEND_BYTES, _ROOMY_BYTES = 65_536, 524_288

_REFUSED = -1  # CURL_SOCKET_BAD


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How all handles of a courier ask."""

    user_agent: str
    ca_file: str
    timeout_ms: int


class Transfer:
    """A handle of libcurl. Whoever began it sees to its end, and then begins it with the next."""

    __slots__ = (
        "_checked",
        "_headers",
        "_is_own",
        "_is_post",
        "_manner",
        "_rules",
        "_timeout_ms",
        "_url",
        "asked_for",
        "began_at",
        "body",
        "bulk_request",
        "counted_under",
        "curl",
        "done",
        "is_roomy",
        "refusal",
        "start",
    )

    bulk_request: BulkRequest
    done: Done
    counted_under: str
    began_at: float
    start: Start
    asked_for: str  #: what follows the start of the URL: path and query

    def __init__(self, manner: ClientOptions, *, is_roomy: bool) -> None:
        """A handle that is not used yet.

        Args:
            manner: The same for all.
            is_roomy: Has room for a whole document, and sends it at once if its host takes it so.
        """
        self.is_roomy = is_roomy
        self.body = bytearray()  #: what has come of the answer's
        self.refusal: OutboundFailed | None = None  #: why we did not connect
        self.curl: Any = pycurl.Curl()
        self._manner = manner
        self._headers: tuple[str, ...] | None = None
        self._is_post = self._is_own = False
        self._url = ""
        self._timeout_ms = manner.timeout_ms
        set_option = self.curl.setopt
        set_option(pycurl.NOSIGNAL, 1)
        set_option(pycurl.FOLLOWLOCATION, 0)
        set_option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        set_option(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        set_option(pycurl.PATH_AS_IS, 1)
        # Whatever the environment says: "" is no proxy.
        set_option(pycurl.PROXY, "")
        set_option(pycurl.NETRC, pycurl.NETRC_IGNORED)
        set_option(pycurl.USERAGENT, manner.user_agent)
        set_option(pycurl.BUFFERSIZE, _RECEIVE_BYTES)
        set_option(pycurl.UPLOAD_BUFFERSIZE, _ROOMY_BYTES if is_roomy else _SEND_BYTES)
        # A connection is used no longer than the addresses are trusted from which it came.
        set_option(pycurl.MAXLIFETIME_CONN, int(ADDRESSES_KEPT_S))
        set_option(pycurl.WRITEFUNCTION, self._take)
        set_option(pycurl.OPENSOCKETFUNCTION, self._open)
        set_option(pycurl.TIMEOUT_MS, manner.timeout_ms)
        set_option(pycurl.CAINFO, manner.ca_file)

    def begin(self, bulk_request: BulkRequest, done: Done, counted_under: str) -> None:
        """Remember what this is about; the time begins to run."""
        self.bulk_request, self.done, self.counted_under = bulk_request, done, counted_under
        self.began_at = time.monotonic()

    def prepare(self, rules: AddressRules, timeout_ms: int) -> None:
        """Tell libcurl what to do. Only what is not so already: each option takes its time.

        Args:
            rules: What the address connected to has to pass once more.
            timeout_ms: What is left of the time.

        Raises:
            pycurl.error: libcurl does not take the URL.
            UnicodeError: The URL is no text that could be sent.
        """
        bulk_request, set_option = self.bulk_request, self.curl.setopt
        self._checked, self._rules = self.start.host.addresses, rules
        if self.start.url != self._url:
            set_option(pycurl.URL, self.start.url)
            self._url = self.start.url
        # In the URL, libcurl would write "%c3" as "%C3".
        asked_for = self.asked_for
        target = asked_for if asked_for.isascii() else asked_for.encode()
        set_option(pycurl.REQUEST_TARGET, target)
        if bulk_request.body is not None:
            set_option(pycurl.POSTFIELDS, bulk_request.body)
            self._is_post = True
        elif self._is_post:
            set_option(pycurl.HTTPGET, 1)
            self._is_post = False
        if bulk_request.headers != self._headers:
            # "Expect: 100-continue" would cost a round trip, and a second where it is unknown.
            set_option(pycurl.HTTPHEADER, [*bulk_request.headers, "Expect:"])
            self._headers = bulk_request.headers
        if timeout_ms != self._timeout_ms:
            set_option(pycurl.TIMEOUT_MS, timeout_ms)
            self._timeout_ms = timeout_ms
        if bulk_request.is_own != self._is_own:
            # Connections go from one exchange to the next. One that leads to where only we
            # ourselves may go is not for others.
            set_option(pycurl.FORBID_REUSE, int(bulk_request.is_own))
            self._is_own = bulk_request.is_own

    def pin(self) -> None:
        """Tell libcurl, for all its handles, the addresses of the host; it looks up nothing."""
        host = self.start.host
        addresses = ",".join(
            f"[{each}]" if each.version == 6 else str(each) for each in self._checked
        )
        self.curl.setopt(pycurl.RESOLVE, [f"+{host.name}:{host.port}:{addresses}"])

    def reset(self) -> None:
        """Forget what this was about; no document is kept in memory by it."""
        if self._is_post:
            self.curl.setopt(pycurl.POSTFIELDS, b"")
        del self.bulk_request, self.done
        self.refusal = None
        if self.body:
            self.body = bytearray()

    def _take(self, piece: bytes) -> int:
        room = self.bulk_request.max_answer_bytes - len(self.body)
        self.body += piece[:room]
        # Fewer bytes than there were: libcurl reads no further and closes the connection.
        return len(piece) if len(piece) <= room else 0

    def _open(self, _purpose: int, where: Any) -> "_Handed | int":
        url = self.bulk_request.url
        address = ip_address(where.addr[0])
        try:
            fault = self._rules.fault(address)
            if fault is not None:
                reason = f"not asked: {address} is the {fault} address"
                self.refusal = AddressForbidden(url, reason)
            elif address not in self._checked and address not in self.start.host.addresses:
                # libcurl found it by itself, whatever the reason. What was not found together
                # with the others was not checked together with them either.
                reason = f"not asked: {address} is none of the addresses that were checked"
                self.refusal = ServerUnreachable(url, reason)
            else:
                return _Handed(socket.socket(where.family, where.socktype, where.protocol))
        except OSError as error:  # no descriptors left
            self.refusal = ServerUnreachable(url, f"no connection can be made: {error.strerror}")
        return _REFUSED


class _Handed:
    """A socket for pycurl, which duplicates its number and then lets go of this object."""

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        return self._socket.fileno()

    def __del__(self) -> None:
        # Otherwise Python warns of a socket that nobody closed.
        self._socket.close()
