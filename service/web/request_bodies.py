"""Request bodies: how much memory they may take, how slow they may be."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any

from service.http_rules import Field

#: Nothing that is asked of us is larger: a hub form is a few URLs, a release some megabytes.
MAX_BODY_BYTES = 16 * 1024 * 1024
#: A larger one is read only after the application was asked whether it wants one at all.
MAX_UNASKED_BYTES = 64 * 1024

#: What those on their way may take, with those that are worked at: asked for, and not.
LARGE_MEMORY_BYTES = 24 * 1024 * 1024
SMALL_MEMORY_BYTES = 8 * 1024 * 1024
#: Who has found no room by then is told to come again.
MEMORY_WAIT_S = 20.0

#: What each must keep to from its first byte to its last, on the whole: 128 kbit/s.
MIN_BYTES_PER_S = 16 * 1024
#: And how far it may be behind that.
GRACE_S = 20.0

#: In the WSGI environment of a request with a large body: `_AWAITED` while the application is asked
#: whether it wants it, to be answered with 100 if so and for good otherwise; `_COME` when it is
#: there.
_KEY, _AWAITED, _COME = "communique.body", "awaited", "come"

Environ = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def is_awaited(environ: Environ) -> bool:
    """True when the body is still to come, and nobody has read it: 100 has it sent."""
    return environ.get(_KEY) == _AWAITED


def was_awaited(environ: Environ) -> bool:
    """True when the same request was asked for before its body came."""
    return environ.get(_KEY) == _COME


class ClientGone(Exception):
    """The client left before its request was complete."""


class BodyRefused(Exception):
    """The body is not taken; the rest of it may still be on its way."""

    def __init__(self, status: HTTPStatus, *fields: Field) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.fields = fields


class MemoryShare:
    """Memory that is shared, in bytes. First come, first served. For one event loop."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int) -> None:
        """Take so much, when it is there.

        Raises:
            BodyRefused: There was none within `MEMORY_WAIT_S`.
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
                self.release(size)  # it came in the very moment in which nobody waited any more
            else:
                self._waiting.remove((size, turn))
                self._hand_out()
            if isinstance(error, TimeoutError):
                raise BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "5")) from error
            raise

    def release(self, size: int) -> None:
        """Let others have it."""
        self._free += size
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            size, turn = self._waiting.popleft()
            self._free -= size
            turn.set_result(None)


class BodyMemory:
    """The rooms of a worker."""

    def __init__(self) -> None:
        self.small, self.large = MemoryShare(SMALL_MEMORY_BYTES), MemoryShare(LARGE_MEMORY_BYTES)


class RequestBody:
    """The body of one request."""

    def __init__(self, headers: Mapping[bytes, bytes], receive: Receive, rooms: BodyMemory) -> None:
        """Make one of which nothing was read.

        Args:
            headers: Of the request, by name in lower case.
            receive: As ASGI has it.
            rooms: Shared with all others.
        """
        told = headers.get(b"content-length")
        self._is_chunked = b"transfer-encoding" in headers
        self._told = int(told) if told and not self._is_chunked else 0
        self.is_held_back = headers.get(b"expect", b"").lower() == b"100-continue"
        self._receive = receive
        self._rooms = rooms
        self._taken: tuple[MemoryShare, int] | None = None
        self._content = BytesIO()
        self._size = 0
        self._is_whole = not (self._told or self._is_chunked)

    @property
    def length(self) -> int:
        """Bytes, as far as it is known."""
        return max(self._told, self._size)

    @property
    def _is_large(self) -> bool:
        return self.length > MAX_UNASKED_BYTES

    async def is_large(self) -> bool:
        """True when the application is to be asked for it first.

        How large one in chunks will be is not told, so the beginning of it is read to see.

        Raises:
            Gone, BodyRefused: As `collect`.
        """
        if self._told > MAX_BODY_BYTES:
            raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._is_chunked:
            await self._take(self._rooms.small, MAX_UNASKED_BYTES)
            await self._read(MAX_UNASKED_BYTES)
        return self._is_large

    def awaited(self, environ: Environ) -> Environ:
        """The environment to ask with whether it is wanted."""
        return {**environ, "CONTENT_LENGTH": str(self.length), _KEY: _AWAITED}

    def read(self, environ: Environ, content: BytesIO) -> Environ:
        """The environment with all of it, whether it came in chunks or with a length."""
        told = {_KEY: _COME} if self._is_large else {}
        return {**environ, **told, "CONTENT_LENGTH": str(self.length), "wsgi.input": content}

    async def collect(self) -> BytesIO:
        """Read all of it.

        Raises:
            Gone: The client left.
            BodyRefused: There is no room for it, it comes too slowly, or it is too large.
        """
        if not self._is_whole:
            room = self._rooms.large if self._is_large else self._rooms.small
            await self._take(room, self._told or MAX_BODY_BYTES)
            await self._read(MAX_BODY_BYTES)
            if self._size > MAX_BODY_BYTES:
                raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._content.seek(0)
        return self._content

    async def discard(self, *, within_s: float) -> None:
        """Read what is still to come, and keep nothing of it."""
        self.release()
        try:
            async with asyncio.timeout(within_s):
                while not self._is_whole:
                    await self._next()
        except (TimeoutError, ClientGone):
            pass

    def release(self) -> None:
        """Make room for others: what was read has been used."""
        self._content = BytesIO()
        if self._taken is not None:
            room, size = self._taken
            self._taken = None
            room.release(size)

    async def _take(self, room: MemoryShare, size: int) -> None:
        if self._taken is not None:
            before, had = self._taken
            self._taken = None
            before.release(had)
        await room.reserve(size)
        self._taken = (room, size)

    async def _read(self, enough: int) -> None:
        loop = asyncio.get_running_loop()
        # What it has to wait for room is not the client's fault.
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
