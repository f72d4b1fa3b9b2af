"""Transfers with libcurl: requests, responses, and the handles that carry them out."""

import re
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import pycurl

from service.outbound.addresses import Address, AddressRules, host_and_port
from service.outbound.errors import (
    AddressForbidden,
    AddressInvalid,
    OutboundFailed,
    ServerUnreachable,
    one_line,
)

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})

# Requests and responses of `BulkHttpClient`. Tuples, because there are thousands: a frozen
# dataclass takes several times as long to make.


class BulkRequest(NamedTuple):
    """One request. Path and query of its URL are sent byte for byte; a fragment is not sent."""

    url: str
    body: bytes | None = None  #: a POST with one; a GET without
    headers: tuple[str, ...] = ()  #: ``Name: value``, in printable ASCII
    max_answer_bytes: int = 16_384  #: maximum of the answer's body that is read
    is_own: bool = False  #: to one of the product's own URLs, whose address may be private


class BulkResponse(NamedTuple):
    """The answer to a request."""

    status: int
    body: bytes  #: up to the request's maximum; shorter when it broke off or came too late
    elapsed_s: float
    is_whole: bool = True  #: False when part of the body is missing
    #: Header fields by lower-case name, the values of repeated ones joined by commas; texts of one
    #: line. Empty unless the client reads documents.
    headers: Mapping[str, str] = _NO_FIELDS

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx. Redirects are not followed, so they are no success."""
        return 200 <= self.status < 300


#: Called at the end of a transfer with the answer, or with the reason why there is none.
Done: TypeAlias = Callable[[BulkResponse | OutboundFailed], None]


#: How long the addresses of a name are cached: long enough for a distribution, and short enough to
#: follow a server that moves.
ADDRESSES_KEPT_S = 60.0


_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Host:
    """A name and a port to which requests go, with the addresses that were found."""

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
        self.url = url  #: one of the host's URLs; for the lookup
        self.literal = _literal(name)  #: the address, when the URL contains one
        self.name = _canonical_name(url, name)  #: in ASCII; an IPv6 address in brackets
        self.is_own = is_own  #: for the product's own URLs only
        self.addresses: tuple[Address, ...] = ()  #: of the last lookup; each passed the rules
        self.good_until = 0.0  #: when it has to be looked up again
        self.pinned_until = 0.0  #: until when libcurl certainly has the addresses
        self.is_looked_up = False  #: a lookup is queued or running
        self.is_slow = False  #: its last lookup was slow
        self.waiting: list[Transfer] = []  #: for the lookup


@dataclass(frozen=True, slots=True)
class UrlBase:
    """Scheme and authority of URLs."""

    host: Host
    url: str  #: in the normal form that is given to libcurl


def _literal(name: str) -> Address | None:
    with suppress(ValueError):
        return ip_address(name)
    return None


def _canonical_name(url: str, name: str) -> str:
    """Returns *name* in a form that this product, libcurl and servers parse alike."""
    if ":" in name:
        return f"[{name}]"
    canonical = name.removesuffix(".")
    if not _NAME.fullmatch(canonical):
        raise AddressInvalid(url, f"{name!r} is not a host name")
    return canonical


# Transfers: reusable handles of libcurl.

#: Sizes of libcurl's buffers for each transfer. libcurl sends one buffer each time that it is
#: called, and each call takes time. So does a buffer that is larger than what is sent: all of it is
#: filled with zeros first. It grows by steps, with the bodies that are sent.
_RECEIVE_BYTES = 4096
_SEND_BYTES, _LARGE_SEND_BYTES = 65_536, 524_288

#: Room for the head of a request, before the body in the same buffer.
_HEAD_BYTES = 2048

_REFUSED = -1  # CURL_SOCKET_BAD

#: Codings of documents. Not br and zstd, which some builds of libcurl lack.
_CODINGS = "gzip, deflate"

#: Header fields of one answer that are read, in bytes: servers send a few hundred.
_MAX_HEADER_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Options that all transfers of a client share."""

    user_agent: str
    ca_file: str
    timeout_ms: int
    reads_documents: bool = False


class Transfer:
    """A handle of libcurl, used for one request after the other."""

    __slots__ = (
        "_checked",
        "_fields",
        "_fields_bytes",
        "_headers",
        "_is_own",
        "_is_post",
        "_rules",
        "_send_bytes",
        "_timeout_ms",
        "_url",
        "began_at",
        "body",
        "bulk_request",
        "count_key",
        "curl",
        "done",
        "has_large_buffer",
        "refusal",
        "target",
        "url_base",
    )

    bulk_request: BulkRequest
    done: Done
    count_key: str
    began_at: float
    url_base: UrlBase
    target: str  #: path and query of the URL

    def __init__(self, options: ClientOptions, *, has_large_buffer: bool) -> None:
        """Creates an unused handle.

        Args:
            options: Shared by all transfers.
            has_large_buffer: Its send buffer may grow until it holds a whole document, which is
                sent in one call if the host's connection accepts it.
        """
        self.has_large_buffer = has_large_buffer
        self.body = bytearray()  #: received so far of the answer's body
        self.refusal: OutboundFailed | None = None  #: why no connection was made
        self.curl: Any = pycurl.Curl()
        self._headers: tuple[str, ...] | None = None
        self._is_post = self._is_own = False
        self._url = ""
        self._send_bytes = _SEND_BYTES  #: libcurl's own default
        self._timeout_ms = options.timeout_ms
        self._fields: list[bytes] = []
        self._fields_bytes = 0
        set_option = self.curl.setopt
        set_option(pycurl.NOSIGNAL, 1)
        set_option(pycurl.FOLLOWLOCATION, 0)
        set_option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        set_option(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        set_option(pycurl.PATH_AS_IS, 1)
        # Ignore the environment: "" means no proxy.
        set_option(pycurl.PROXY, "")
        set_option(pycurl.NETRC, pycurl.NETRC_IGNORED)
        set_option(pycurl.USERAGENT, options.user_agent)
        set_option(pycurl.BUFFERSIZE, _RECEIVE_BYTES)
        set_option(pycurl.UPLOAD_BUFFERSIZE, self._send_bytes)
        # A connection is not used longer than its addresses are cached.
        set_option(pycurl.MAXLIFETIME_CONN, int(ADDRESSES_KEPT_S))
        set_option(pycurl.WRITEFUNCTION, self._receive)
        set_option(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        set_option(pycurl.TIMEOUT_MS, options.timeout_ms)
        set_option(pycurl.CAINFO, options.ca_file)
        if options.reads_documents:
            # libcurl decodes a few kilobytes at a time, and each piece counts towards the maximum:
            # a small body that would become a huge one ends there.
            set_option(pycurl.ACCEPT_ENCODING, _CODINGS)
            set_option(pycurl.HEADERFUNCTION, self._receive_header)

    def begin(self, bulk_request: BulkRequest, done: Done, count_key: str) -> None:
        """Assigns a request; its time limit begins to run."""
        self.bulk_request, self.done, self.count_key = bulk_request, done, count_key
        self.began_at = time.monotonic()

    def prepare(self, rules: AddressRules, timeout_ms: int) -> None:
        """Sets libcurl's options. Only those that changed, since each call takes time.

        Args:
            rules: What the address of the connection has to pass once more.
            timeout_ms: The remaining time.

        Raises:
            pycurl.error: libcurl rejects the URL.
            UnicodeError: The URL cannot be encoded.
        """
        bulk_request, set_option = self.bulk_request, self.curl.setopt
        self._checked, self._rules = self.url_base.host.addresses, rules
        if self.url_base.url != self._url:
            set_option(pycurl.URL, self.url_base.url)
            self._url = self.url_base.url
        # As part of the URL, libcurl would change "%c3" to "%C3".
        target = self.target if self.target.isascii() else self.target.encode()
        set_option(pycurl.REQUEST_TARGET, target)
        if bulk_request.body is not None:
            set_option(pycurl.POSTFIELDS, bulk_request.body)
            self._is_post = True
            if self.has_large_buffer and len(bulk_request.body) + _HEAD_BYTES > self._send_bytes:
                steps = -(-(len(bulk_request.body) + _HEAD_BYTES) // _SEND_BYTES)
                self._send_bytes = min(steps * _SEND_BYTES, _LARGE_SEND_BYTES)
                set_option(pycurl.UPLOAD_BUFFERSIZE, self._send_bytes)
        elif self._is_post:
            set_option(pycurl.HTTPGET, 1)
            self._is_post = False
        if bulk_request.headers != self._headers:
            # "Expect: 100-continue" would cost a round trip, and a second with servers that do not
            # support it.
            set_option(pycurl.HTTPHEADER, [*bulk_request.headers, "Expect:"])
            self._headers = bulk_request.headers
        if timeout_ms != self._timeout_ms:
            set_option(pycurl.TIMEOUT_MS, timeout_ms)
            self._timeout_ms = timeout_ms
        if bulk_request.is_own != self._is_own:
            # Connections are reused by other transfers. A connection to an address that only the
            # product's own requests may reach must not be.
            set_option(pycurl.FORBID_REUSE, int(bulk_request.is_own))
            self._is_own = bulk_request.is_own

    def pin(self) -> None:
        """Gives the host's addresses to libcurl, for all handles, so that it looks up none."""
        host = self.url_base.host
        addresses = ",".join(
            f"[{each}]" if each.version == 6 else str(each) for each in self._checked
        )
        self.curl.setopt(pycurl.RESOLVE, [f"+{host.name}:{host.port}:{addresses}"])

    def reset(self) -> None:
        """Drops the request, so that its document is not kept in memory."""
        if self._is_post:
            self.curl.setopt(pycurl.POSTFIELDS, b"")
        del self.bulk_request, self.done
        self.refusal = None
        if self._fields:
            self._fields, self._fields_bytes = [], 0
        if self.body:
            self.body = bytearray()

    def fields(self) -> Mapping[str, str]:
        """Returns the header fields of the answer, as `BulkResponse.headers` has them."""
        if not self._fields:
            return _NO_FIELDS
        found: dict[str, str] = {}
        for line in self._fields:
            name, _, value = line.decode("latin-1").partition(":")
            key, text = name.strip().lower(), one_line(value)
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found

    def _receive_header(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):  # what came before was an interim answer (1xx)
            self._fields, self._fields_bytes = [], 0
            return
        self._fields_bytes += len(line)
        if self._fields_bytes <= _MAX_HEADER_BYTES and b":" in line:
            self._fields.append(line)

    def _receive(self, piece: bytes) -> int:
        room = self.bulk_request.max_answer_bytes - len(self.body)
        self.body += piece[:room]
        # With a smaller number than it passed, libcurl stops reading and closes the connection.
        return len(piece) if len(piece) <= room else 0

    def _open_socket(self, _purpose: int, where: Any) -> "_SocketHandover | int":
        url = self.bulk_request.url
        address = ip_address(where.addr[0])
        try:
            fault = self._rules.fault(address)
            if fault is not None:
                reason = f"not sent: {address} is the {fault} address"
                self.refusal = AddressForbidden(url, reason)
            elif address not in self._checked and address not in self.url_base.host.addresses:
                # libcurl found the address itself, for whatever reason, so it was not checked
                # together with the others.
                reason = f"not sent: {address} is none of the addresses that were checked"
                self.refusal = ServerUnreachable(url, reason)
            else:
                return _SocketHandover(socket.socket(where.family, where.socktype, where.protocol))
        except OSError as error:  # no descriptors left
            self.refusal = ServerUnreachable(url, f"no connection can be made: {error.strerror}")
        return _REFUSED


class _SocketHandover:
    """A socket for pycurl, which duplicates its descriptor and then drops this object."""

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        return self._socket.fileno()

    def __del__(self) -> None:
        # Otherwise Python warns about an unclosed socket.
        self._socket.close()
