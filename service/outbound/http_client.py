"""Sends single requests to other servers, within a time limit for the whole answer."""

import io
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPResponse
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, BinaryIO

import requests
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from service.outbound.addresses import (
    Address,
    Resolver,
    Target,
    find_target,
    rules_of_this_machine,
    system_resolver,
    with_ascii_host,
    without_user,
)
from service.outbound.errors import (
    AddressInvalid,
    AnswerTooLong,
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
    cause_of,
    is_unconnected,
    one_line,
)

# Authentication.


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, for one server (RFC 7617). Its ``repr`` hides the password."""

    username: str  #: without a colon
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The value of the ``Authorization`` field."""
        return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


# Adapters that make `requests` use a checked address, and apply the timeout to the whole answer.


class PinnedAdapter(HTTPAdapter):
    """Connects to one checked address, while ``Host``, SNI and certificate use the host name.

    It uses a hook that `requests` offers to subclasses: the connection is made to the host that the
    hook returns. So there is no second lookup that could differ from the checked one. If the hook
    ever disappears, the tests fail, because names stop working. Rejected: overriding urllib3's
    private ``_new_conn``.
    """

    def __init__(self, target: Target, address: Address) -> None:
        self._target = target
        self._address = address
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Makes urllib3 use connections that apply a deadline to the whole answer."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Replaces the host name by the address, and sets the name for TLS."""
        where, how = super().build_connection_pool_key_attributes(request, verify, cert)
        # OpenSSL sends this name (SNI) and checks the certificate against it.
        named = {"server_hostname": self._target.host} if where["scheme"] == "https" else {}
        return {**where, "host": str(self._address)}, {**how, **named}

    def add_headers(self, request: PreparedRequest, **_kwargs: Any) -> None:
        """Sets ``Host`` to the name; urllib3 would use the address."""
        request.headers["Host"] = self._target.authority


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a deadline.

    A socket's own timeout starts again with each read: a server that sends one byte a second would
    block the reader for ever, in the headers as well as in the body.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        # Keeps the socket open: http.client closes its own end before the body has been read.
        self._raw = sock.makefile("rb", buffering=0)
        # urllib3 sets the timeout to the remaining total time just before it reads the answer.
        self._deadline = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer was not complete within the time limit")
        self._socket.settimeout(left_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """A socket with the one method that `http.client.HTTPResponse` uses."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._socket))


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_DeadlineSocket(sock), *args, **kwargs)  # type: ignore[arg-type]


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse


class _TlsConnection(HTTPSConnection):
    response_class = _DeadlineResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


# The client.


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The answer of another server. Its texts are single lines without control characters."""

    status: int
    reason: str  #: the reason phrase; may be empty
    headers: Mapping[str, str]  #: by lower-case name
    excerpt: str  #: the beginning of the body; empty when the body broke off or came too late
    elapsed_s: float  #: from the start of the request until the answer was read

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx. Redirects are not followed, so they are no success."""
        return 200 <= self.status < 300


#: Reads the body of a successful answer.
ReadBody = Callable[[Response], None]

#: Bytes read at once.
_PIECE_BYTES = 64 * 1024


def _copy_body(response: Response, *, into: BinaryIO, max_bytes: int) -> None:
    """Writes a body into a file.

    Raises:
        AnswerTooLong: It has more than *max_bytes*.
        HTTPError: It broke off.
    """
    size = 0
    while piece := response.raw.read(_PIECE_BYTES, decode_content=False):
        size += len(piece)
        if size > max_bytes:
            raise AnswerTooLong(response.url, f"it has more than {max_bytes} bytes")
        into.write(piece)


class HttpClient:
    """Sends requests to servers that are not trusted. Thread-safe.

    It follows no redirects, stores no cookies, uses no proxies or credentials of the environment,
    and never connects to addresses that `AddressRules` forbids, nor to this machine.
    """

    def __init__(
        self,
        allow_networks: Sequence[IPv4Network | IPv6Network],
        timeout_s: float,
        max_response_bytes: int,
        user_agent: str,
        *,
        ca_file: Path | None = None,
        resolve: Resolver = system_resolver,
    ) -> None:
        """Sets the limits.

        Args:
            allow_networks: Addresses to which connections are allowed although they are not public.
            timeout_s: For a whole request, from the first connection to the last byte read.
            max_response_bytes: Maximum of an answer's body that is read.
            user_agent: The ``User-Agent`` field (RFC 9110 section 10.1.5).
            ca_file: Certificates to trust instead of the public authorities', in PEM.
            resolve: Returns the addresses of a name. The operating system's resolver has its own
                time limit. Its time counts towards *timeout_s*, but it is not interrupted.
        """
        self._rules = rules_of_this_machine(tuple(allow_networks))
        self._timeout_s = timeout_s
        self._max_response_bytes = max_response_bytes
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._resolve = resolve

    @property
    def timeout_s(self) -> float:
        """How long a request may take, without the operating system's resolver."""
        return self._timeout_s

    def post_form(
        self,
        url: str,
        fields: Sequence[tuple[str, str]],
        *,
        credentials: Credentials | None = None,
    ) -> HttpResponse:
        """Posts *fields*, in their order, as ``application/x-www-form-urlencoded``.

        Answers are returned whatever their status.

        Args:
            url: The target.
            fields: Names may be repeated.
            credentials: Sent with this request.

        Raises:
            OutboundFailed: No answer came; the subclass and ``permanent`` say why.
        """
        headers = {} if credentials is None else {"Authorization": credentials.authorization}
        return self._request(requests.Request("POST", url, data=list(fields), headers=headers))

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> HttpResponse:
        """Posts *body* as it is.

        Answers are returned whatever their status.

        Args:
            url: The target.
            body: The content.
            headers: Additional fields, such as ``Content-Type``.

        Raises:
            OutboundFailed: No answer came; the subclass and ``permanent`` say why.
        """
        return self._request(requests.Request("POST", url, data=body, headers=dict(headers)))

    def head(self, url: str) -> HttpResponse:
        """Sends a HEAD request.

        Answers are returned whatever their status.

        Raises:
            OutboundFailed: No answer came; the subclass and ``permanent`` say why.
        """
        return self._request(requests.Request("HEAD", url))

    def first_byte(self, url: str) -> HttpResponse:
        """Requests the first byte of *url*; a server without ranges sends the whole content.

        Answers are returned whatever their status. No more of the whole content is read than of
        any other answer.

        Raises:
            OutboundFailed: No answer came; the subclass and ``permanent`` say why.
        """
        return self._request(requests.Request("GET", url, headers={"Range": "bytes=0-0"}))

    def download(self, url: str, into: BinaryIO, *, max_bytes: int) -> HttpResponse:
        """Requests *url*, and writes the body of a successful answer into a file.

        Answers are returned whatever their status.

        Args:
            url: The target.
            into: Receives the body, in pieces.
            max_bytes: The largest body that is taken.

        Raises:
            AnswerTooLong: The body is longer; a part of it was written.
            OutboundFailed: No answer came, or its body broke off.
        """
        request = requests.Request("GET", url)
        return self._request(request, partial(_copy_body, into=into, max_bytes=max_bytes))

    def _request(
        self, request: requests.Request, read_body: ReadBody | None = None
    ) -> HttpResponse:
        started = time.monotonic()
        request.headers = {
            **request.headers,
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            # A compressed body could be far larger than the bytes that are counted.
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        request.url = with_ascii_host(request.url or "")
        try:
            prepared = request.prepare()
        except (requests.RequestException, UnicodeError) as error:
            raise AddressInvalid(without_user(request.url), "is not a URL") from error
        target = find_target(prepared.url or "", rules=self._rules, resolve=self._resolve)
        return self._try_addresses(prepared, target, started, read_body)

    def _try_addresses(
        self,
        request: PreparedRequest,
        target: Target,
        started: float,
        read_body: ReadBody | None,
    ) -> HttpResponse:
        """Tries the addresses in turn; the next one only if the last could not be connected."""
        failure: OutboundFailed | None = None
        for number, address in enumerate(target.addresses):
            left_s = started + self._timeout_s - time.monotonic()
            if left_s <= 0:
                break
            timeout = _timeout(left_s, addresses=len(target.addresses) - number)
            try:
                adapter = PinnedAdapter(target, address)
                return self._send(request, adapter, timeout, started, read_body)
            except (requests.RequestException, HTTPError) as error:
                failure = self._failure(target.url, error)
                if not is_unconnected(error):
                    break
        raise failure or self._timed_out(target.url)

    def _send(
        self,
        request: PreparedRequest,
        adapter: PinnedAdapter,
        timeout: Timeout,
        started: float,
        read_body: ReadBody | None,
    ) -> HttpResponse:
        # The adapter is used without a session: by default, a session follows redirects, stores
        # cookies, and reads proxies and .netrc from the environment.
        verify = True if self._ca_file is None else str(self._ca_file)
        try:
            response = adapter.send(
                request,
                stream=True,
                timeout=timeout,  # type: ignore[arg-type]  # the stubs do not know urllib3's
                verify=verify,
            )
            is_success = 200 <= response.status_code < 300
            if read_body is not None and is_success:
                try:
                    read_body(response)
                finally:
                    response.close()
                excerpt = ""
            else:
                excerpt = self._excerpt(response)
        finally:
            adapter.close()
        return HttpResponse(
            status=response.status_code,
            reason=one_line(response.reason or ""),
            headers={name.lower(): one_line(text) for name, text in response.headers.items()},
            excerpt=excerpt,
            elapsed_s=time.monotonic() - started,
        )

    def _excerpt(self, response: Response) -> str:
        # The status decides. A body that breaks off, is slow or never ends does not matter.
        try:
            body = response.raw.read(self._max_response_bytes, decode_content=False)
        except (HTTPError, OSError):
            body = b""
        finally:
            response.close()
        return one_line(body.decode("utf-8", errors="replace"))

    def _failure(self, url: str, error: Exception) -> OutboundFailed:
        if isinstance(error, requests.Timeout | TimeoutError):
            return self._timed_out(url)
        return ServerUnreachable(url, cause_of(error))

    def _timed_out(self, url: str) -> OutboundTimedOut:
        return OutboundTimedOut(url, f"no answer within {self._timeout_s:g} s")


def _timeout(left_s: float, *, addresses: int) -> Timeout:
    """Divides the remaining time among the *addresses* that are still to be tried.

    urllib3 applies the connect timeout twice, to TCP and to the TLS handshake, hence the half.
    """
    return Timeout(total=left_s, connect=left_s / addresses / 2)
