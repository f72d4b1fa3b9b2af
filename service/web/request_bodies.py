"""Request bodies: limits for their memory, their size and their speed."""

import asyncio
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from service.http_rules import Field

#: The largest body. A hub form is a few URLs, and a release is some megabytes.
MAX_BODY_BYTES = 16 * 1024 * 1024
#: A larger body is read only after the application has agreed to receive it.
MAX_UNASKED_BYTES = 64 * 1024

#: The memory of a worker for all large bodies, and for all small ones. A body holds its share from
#: before it is read to the end of its request. Large bodies are those that need the application's
#: agreement.
LARGE_MEMORY_BYTES = 24 * 1024 * 1024
SMALL_MEMORY_BYTES = 8 * 1024 * 1024
#: A body that gets no memory within this time is refused with a 503 and ``Retry-After``.
MEMORY_WAIT_S = 20.0

#: The average speed that a body must have from its first byte to its last: 128 kbit/s.
MIN_BYTES_PER_S = 16 * 1024
#: How far a body may fall behind that speed.
GRACE_S = 20.0

#: The key in the WSGI environment of a request with a large body. Such a request is passed to the
#: application twice. The first time the value is `_AWAITED`: the body is not read yet, and the
#: application answers 100 to receive it, or gives its final answer. The second time it is
#: `_RECEIVED`.
_KEY, _AWAITED, _RECEIVED = "communique.body", "awaited", "received"

#: The key of what lets the application take a body that does not fit in memory; `take_as_file`.
_FILE_KEY = "communique.body.as_file"

Environ = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def is_awaited(environ: Environ) -> bool:
    """Whether the body is not read yet; answering 100 makes the client send it."""
    return environ.get(_KEY) == _AWAITED


def was_awaited(environ: Environ) -> bool:
    """Whether this request was passed to the application before, without its body."""
    return environ.get(_KEY) == _RECEIVED


@dataclass(frozen=True, slots=True)
class _FileTerms:
    """How a body is received into a file."""

    folder: Path | None
    max_bytes: int


def take_as_file(environ: Environ, *, folder: Path | None, max_bytes: int) -> None:
    """Has a body that is awaited received into a file without a name, and not into memory.

    Args:
        environ: The environment of a request whose body is awaited.
        folder: Where the file is; None for the folder for temporary files.
        max_bytes: The largest body.
    """
    if _FILE_KEY in environ:
        environ[_FILE_KEY](_FileTerms(folder, max_bytes))


class ClientGone(Exception):
    """The client left before its request was complete."""


class BodyRefused(Exception):
    """The body is refused; the client may still be sending the rest of it."""

    def __init__(self, status: HTTPStatus, *fields: Field) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.fields = fields


class MemoryShare:
    """An amount of memory in bytes, shared by requests: first come, first served. Asyncio only."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int) -> None:
        """Reserves *size* bytes, and waits until they are free.

        Raises:
            BodyRefused: They were not free within `MEMORY_WAIT_S`.
        """
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            async with asyncio.timeout(MEMORY_WAIT_S):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.release(size)  # the memory was granted at the moment of the timeout
            else:
                self._waiting.remove((size, turn))
                self._grant()
            if isinstance(error, TimeoutError):
                raise BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "5")) from error
            raise

    def release(self, size: int) -> None:
        """Frees *size* reserved bytes, and grants them to those that wait."""
        self._free += size
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, turn = self._waiting.popleft()
            self._free -= size
            turn.set_result(None)


class BodyMemory:
    """The memory of a worker for request bodies."""

    def __init__(self) -> None:
        self.small, self.large = MemoryShare(SMALL_MEMORY_BYTES), MemoryShare(LARGE_MEMORY_BYTES)


class RequestBody:
    """The body of one request."""

    def __init__(
        self, headers: Mapping[bytes, bytes], receive: Receive, memory: BodyMemory
    ) -> None:
        """Makes a body of which nothing was read yet.

        Args:
            headers: The request's headers, by name in lower case.
            receive: ASGI's callable that returns the next message.
            memory: The memory of the worker, shared with all other requests.
        """
        content_length = headers.get(b"content-length")
        self._is_chunked = b"transfer-encoding" in headers
        self._declared = int(content_length) if content_length and not self._is_chunked else 0
        self.is_held_back = headers.get(b"expect", b"").lower() == b"100-continue"
        self._receive = receive
        self._memory = memory
        self._reserved: tuple[MemoryShare, int] | None = None
        self._content: BinaryIO = BytesIO()
        self._size = 0
        self._is_whole = not (self._declared or self._is_chunked)
        self._as_file: _FileTerms | None = None

    @property
    def length(self) -> int:
        """The length in bytes, as far as it is known."""
        return max(self._declared, self._size)

    @property
    def _is_large(self) -> bool:
        return self.length > MAX_UNASKED_BYTES

    async def is_large(self) -> bool:
        """Returns whether the application has to agree to the body first.

        A chunked body does not declare its size, so its beginning is read to find out.

        Raises:
            ClientGone: The client left.
            BodyRefused: There is no memory for it, or it is too slow.
        """
        if self._is_chunked:
            await self._reserve(self._memory.small, MAX_UNASKED_BYTES)
            await self._read(MAX_UNASKED_BYTES)
        return self._is_large

    def awaited(self, environ: Environ) -> Environ:
        """Returns the environment that asks the application whether to receive the body."""
        marker = {_KEY: _AWAITED, _FILE_KEY: self._receive_into_file}
        return {**environ, "CONTENT_LENGTH": str(self.length), **marker}

    def _receive_into_file(self, terms: _FileTerms) -> None:
        self._as_file = terms

    def read(self, environ: Environ, content: BinaryIO) -> Environ:
        """Returns the environment with the whole body, chunked or not."""
        marker = {_KEY: _RECEIVED} if self._is_large else {}
        return {**environ, **marker, "CONTENT_LENGTH": str(self.length), "wsgi.input": content}

    async def collect(self) -> BinaryIO:
        """Reads the whole body: into memory, or into the file that the application asked for.

        Raises:
            ClientGone: The client left.
            BodyRefused: There is no memory for it, it is too slow, or it is too large.
        """
        if self._as_file is not None:
            await self._read_into_file(self._as_file)
        elif self._declared > MAX_BODY_BYTES:
            raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif not self._is_whole:
            share = self._memory.large if self._is_large else self._memory.small
            await self._reserve(share, self._declared or MAX_BODY_BYTES)
            await self._read(MAX_BODY_BYTES)
            if self._size > MAX_BODY_BYTES:
                raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._content.seek(0)
        return self._content

    async def _read_into_file(self, terms: _FileTerms) -> None:
        if self._declared > terms.max_bytes:
            raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        begun = self._content
        # A file without a name: nothing of it is left when the process ends, however it does.
        self._content = tempfile.TemporaryFile(dir=terms.folder)  # noqa: SIM115  # see `release`
        begun.seek(0)
        self._content.write(begun.read())
        self.release_memory()
        await self._read(terms.max_bytes)
        if self._size > terms.max_bytes:
            raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    async def client_gone(self) -> None:
        """Returns when the client has left. The whole body must have been read before."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def discard(self, *, within_s: float) -> None:
        """Reads the rest of the body without storing it."""
        self.release()
        try:
            async with asyncio.timeout(within_s):
                while not self._is_whole:
                    await self._next()
        except (TimeoutError, ClientGone):
            pass

    def release(self) -> None:
        """Releases the memory of the body, and its file."""
        self._content.close()
        self._content = BytesIO()
        self.release_memory()

    def release_memory(self) -> None:
        """Releases the body's share of the memory of the worker."""
        if self._reserved is not None:
            share, size = self._reserved
            self._reserved = None
            share.release(size)

    async def _reserve(self, share: MemoryShare, size: int) -> None:
        if self._reserved is not None:
            former, former_size = self._reserved
            self._reserved = None
            former.release(former_size)
        await share.reserve(size)
        self._reserved = (share, size)

    async def _read(self, enough: int) -> None:
        loop = asyncio.get_running_loop()
        # The clock starts here: the wait for memory is not the client's fault.
        began = loop.time() - self._size / MIN_BYTES_PER_S
        while not self._is_whole and self._size <= enough:
            due_at = began + GRACE_S + self._size / MIN_BYTES_PER_S
            try:
                async with asyncio.timeout_at(due_at):
                    piece = await self._next()
            except TimeoutError as error:
                raise BodyRefused(HTTPStatus.REQUEST_TIMEOUT) from error
            self._size += len(piece)
            self._content.write(piece)

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._is_whole = not message.get("more_body")
        piece: bytes = message.get("body", b"")
        return piece
