"""One exchange with libcurl: a handle that is used again and again, and what it is at now."""

import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import pycurl

from service.outbound.addresses import AddressRules
from service.outbound.errors import AddressForbidden, OutboundFailed, ServerUnreachable
from service.outbound.lookups import ADDRESSES_KEPT_S, Start
from service.outbound.parcels import Done, Parcel

#: What libcurl sets aside for each transfer, to read and to send. It sends a piece each time that
#: it is called, and each call takes its time.
_RECEIVE_BYTES = 4096
_SEND_BYTES, _ROOMY_BYTES = 65_536, 524_288

_REFUSED = -1  # CURL_SOCKET_BAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How all handles of a courier ask."""

    user_agent: str
    ca_file: str
    timeout_ms: int


class Exchange:
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
        "counted_under",
        "curl",
        "done",
        "is_roomy",
        "parcel",
        "refusal",
        "start",
    )

    parcel: Parcel
    done: Done
    counted_under: str
    began_at: float
    start: Start
    asked_for: str  #: what follows the start of the URL: path and query

    def __init__(self, manner: Manner, *, is_roomy: bool) -> None:
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

    def begin(self, parcel: Parcel, done: Done, counted_under: str) -> None:
        """Remember what this is about; the time begins to run."""
        self.parcel, self.done, self.counted_under = parcel, done, counted_under
        self.began_at = time.monotonic()

    def load(self, rules: AddressRules, timeout_ms: int) -> None:
        """Tell libcurl what to do. Only what is not so already: each option takes its time.

        Args:
            rules: What the address connected to has to pass once more.
            timeout_ms: What is left of the time.

        Raises:
            pycurl.error: libcurl does not take the URL.
            UnicodeError: The URL is no text that could be sent.
        """
        parcel, set_option = self.parcel, self.curl.setopt
        self._checked, self._rules = self.start.host.addresses, rules
        if self.start.url != self._url:
            set_option(pycurl.URL, self.start.url)
            self._url = self.start.url
        # In the URL, libcurl would write "%c3" as "%C3".
        asked_for = self.asked_for
        target = asked_for if asked_for.isascii() else asked_for.encode()
        set_option(pycurl.REQUEST_TARGET, target)
        if parcel.body is not None:
            set_option(pycurl.POSTFIELDS, parcel.body)
            self._is_post = True
        elif self._is_post:
            set_option(pycurl.HTTPGET, 1)
            self._is_post = False
        if parcel.headers != self._headers:
            # "Expect: 100-continue" would cost a round trip, and a second where it is unknown.
            set_option(pycurl.HTTPHEADER, [*parcel.headers, "Expect:"])
            self._headers = parcel.headers
        if timeout_ms != self._timeout_ms:
            set_option(pycurl.TIMEOUT_MS, timeout_ms)
            self._timeout_ms = timeout_ms
        if parcel.is_own != self._is_own:
            # Connections go from one exchange to the next. One that leads to where only we
            # ourselves may go is not for others.
            set_option(pycurl.FORBID_REUSE, int(parcel.is_own))
            self._is_own = parcel.is_own

    def pin(self) -> None:
        """Tell libcurl, for all its handles, the addresses of the host; it looks up nothing."""
        host = self.start.host
        addresses = ",".join(
            f"[{each}]" if each.version == 6 else str(each) for each in self._checked
        )
        self.curl.setopt(pycurl.RESOLVE, [f"+{host.name}:{host.port}:{addresses}"])

    def unload(self) -> None:
        """Forget what this was about; no document is kept in memory by it."""
        if self._is_post:
            self.curl.setopt(pycurl.POSTFIELDS, b"")
        del self.parcel, self.done
        self.refusal = None
        if self.body:
            self.body = bytearray()

    def _take(self, piece: bytes) -> int:
        room = self.parcel.max_answer_bytes - len(self.body)
        self.body += piece[:room]
        # Fewer bytes than there were: libcurl reads no further and closes the connection.
        return len(piece) if len(piece) <= room else 0

    def _open(self, _purpose: int, where: Any) -> "_Handed | int":
        url = self.parcel.url
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
