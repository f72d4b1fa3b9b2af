"""How `requests` is held to a checked address, and to a time that counts for the whole answer."""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from service.outbound.addresses import Address
from service.outbound.targets import Target


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
