"""One request to another server, answered or failed within a set time."""

import io
import socket
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

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
    OutboundFailed,
    OutboundTimedOut,
    ServerUnreachable,
    cause_of,
    is_unconnected,
    one_line,
)

# Who we are to a server that asks.


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password, for one server (RFC 7617). They print without the password."""

    username: str  #: without a colon
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The ``Authorization`` field."""
        return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


# How `requests` is held to a checked address, and to a time that counts for the whole answer.


class PinnedAdapter(HTTPAdapter):
    """Connects to one checked address, while ``Host``, SNI and certificate go by the name.

    It uses the hook that `requests` offers to subclasses: the connection is made to the host that
    the hook returns. So there is no second look-up that could answer otherwise than the one that
    was checked; and should the hook ever go, the tests see it (names stop working).
    Rejected: overriding urllib3's private ``_new_conn``.
    """

    def __init__(self, target: Target, address: Address) -> None:
        self._target = target
        self._address = address
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have urllib3 make connections whose answers are punctual."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Put the address in the place of the name, and the name where TLS asks for one."""
        where, how = super().build_connection_pool_key_attributes(request, verify, cert)
        # OpenSSL then asks for this name (SNI) and checks the certificate against it.
        named = {"server_hostname": self._target.host} if where["scheme"] == "https" else {}
        return {**where, "host": str(self._address)}, {**how, **named}

    def add_headers(self, request: PreparedRequest, **_kwargs: Any) -> None:
        """Name the host that is meant; urllib3 would name the address."""
        request.headers["Host"] = self._target.authority


class _PunctualReader(io.RawIOBase):
    """Reads a socket until a moment, however the bytes come.

    A socket's own timeout starts again with each byte: a server that sends one a second would
    hold us for ever, in the headers as well as in the body.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        # Keeps the socket open: http.client closes its own end before the body has been read.
        self._raw = sock.makefile("rb", buffering=0)
        # urllib3 sets what is left of the total time just before it asks for the answer.
        self._deadline = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer was not complete when the time was up")
        self._socket.settimeout(left_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PunctualSocket:
    """The one method of a socket that `http.client.HTTPResponse` uses."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_PunctualReader(self._socket))


class _PunctualResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_PunctualSocket(sock), *args, **kwargs)  # type: ignore[arg-type]


class _Connection(HTTPConnection):
    response_class = _PunctualResponse


class _TlsConnection(HTTPSConnection):
    response_class = _PunctualResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


# The door: one request to another server, answered or failed within a set time.


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What another server said. Its texts are for a person: one line, no control characters."""

    status: int
    reason: str  #: the reason phrase; may be empty
    headers: Mapping[str, str]  #: by lower-case name
    excerpt: str  #: the beginning of the body; empty when the body broke off or came too late
    elapsed_s: float  #: from asking until this was known

    @property
    def is_success(self) -> bool:
        """True for 2xx. A redirect is none: it is not followed."""
        return 200 <= self.status < 300


class HttpClient:
    """Asks other people's servers, and trusts none of them. Safe to use from many threads.

    No redirect is followed, no cookie kept, no proxy or credential taken from the environment,
    and no connection made to an address that `AddressRules` forbids, nor to this machine itself.
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
        """Set the limits.

        Args:
            allow_networks: Addresses to connect to although they are not public.
            timeout_s: For a whole exchange, from the first connection to the last byte read.
            max_response_bytes: How much of an answer's body is read.
            user_agent: How we introduce ourselves (RFC 9110 section 10.1.5).
            ca_file: Certificates to trust instead of the public authorities', in PEM.
            resolve: Gives the addresses of a name. The operating system's resolver keeps its own
                time; what it takes is taken from *timeout_s*, but it is not interrupted.
        """
        self._rules = rules_of_this_machine(tuple(allow_networks))
        self._timeout_s = timeout_s
        self._max_response_bytes = max_response_bytes
        self._user_agent = user_agent
        self._ca_file = ca_file
        self._resolve = resolve

    @property
    def timeout_s(self) -> float:
        """How long an exchange may take, but for the operating system's resolver."""
        return self._timeout_s

    def post_form(
        self,
        url: str,
        fields: Sequence[tuple[str, str]],
        *,
        credentials: Credentials | None = None,
    ) -> HttpResponse:
        """Post *fields*, in their order, as ``application/x-www-form-urlencoded``.

        Any answer is returned, whatever its status.

        Args:
            url: Where to.
            fields: Names may stand there more than once.
            credentials: Shown to this server, in this request.

        Raises:
            OutboundFailed: There was no answer; the subclass and ``permanent`` tell why.
        """
        headers = {} if credentials is None else {"Authorization": credentials.authorization}
        return self._ask(requests.Request("POST", url, data=list(fields), headers=headers))

    def head(self, url: str) -> HttpResponse:
        """Ask what could be fetched at *url*, and fetch nothing.

        Any answer is returned, whatever its status.

        Raises:
            OutboundFailed: There was no answer; the subclass and ``permanent`` tell why.
        """
        return self._ask(requests.Request("HEAD", url))

    def first_byte(self, url: str) -> HttpResponse:
        """Fetch one byte of *url*; a server that knows no ranges begins with the whole.

        Any answer is returned, whatever its status; of the whole no more is read than of any
        other answer.

        Raises:
            OutboundFailed: There was no answer; the subclass and ``permanent`` tell why.
        """
        return self._ask(requests.Request("GET", url, headers={"Range": "bytes=0-0"}))

    def _ask(self, request: requests.Request) -> HttpResponse:
        started = time.monotonic()
        request.headers = {
            **request.headers,
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            # A compressed body could be far larger than the bytes that we count.
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        request.url = with_ascii_host(request.url or "")
        try:
            prepared = request.prepare()
        except (requests.RequestException, UnicodeError) as error:
            raise AddressInvalid(without_user(request.url), "is not a URL") from error
        target = find_target(prepared.url or "", rules=self._rules, resolve=self._resolve)
        return self._exchange(prepared, target, started)

    def _exchange(self, request: PreparedRequest, target: Target, started: float) -> HttpResponse:
        """Try the addresses in turn; the next one only when there was no connection before."""
        failure: OutboundFailed | None = None
        for number, address in enumerate(target.addresses):
            left_s = started + self._timeout_s - time.monotonic()
            if left_s <= 0:
                break
            timeout = _timeout(left_s, addresses=len(target.addresses) - number)
            try:
                return self._send(request, PinnedAdapter(target, address), timeout, started)
            except (requests.RequestException, HTTPError) as error:
                failure = self._failure(target.url, error)
                if not is_unconnected(error):
                    break
        raise failure or self._late(target.url)

    def _send(
        self, request: PreparedRequest, adapter: PinnedAdapter, timeout: Timeout, started: float
    ) -> HttpResponse:
        # The adapter is used without a session around it: a session follows redirects, keeps
        # cookies, and reads proxies and .netrc from the environment unless told otherwise.
        verify = True if self._ca_file is None else str(self._ca_file)
        try:
            response = adapter.send(
                request,
                stream=True,
                timeout=timeout,  # type: ignore[arg-type]  # the stubs do not know urllib3's
                verify=verify,
            )
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
        # The status decides; a body that breaks off, drips or never ends changes nothing any more.
        try:
            body = response.raw.read(self._max_response_bytes, decode_content=False)
        except (HTTPError, OSError):
            body = b""
        finally:
            response.close()
        return one_line(body.decode("utf-8", errors="replace"))

    def _failure(self, url: str, error: Exception) -> OutboundFailed:
        if isinstance(error, requests.Timeout | TimeoutError):
            return self._late(url)
        return ServerUnreachable(url, cause_of(error))

    def _late(self, url: str) -> OutboundTimedOut:
        return OutboundTimedOut(url, f"no answer within {self._timeout_s:g} s")


def _timeout(left_s: float, *, addresses: int) -> Timeout:
    """Share out what is left of the time when there are still *addresses* to try.

    urllib3 grants the connect timeout twice, to TCP and to the TLS handshake, hence the half.
    """
    return Timeout(total=left_s, connect=left_s / addresses / 2)
