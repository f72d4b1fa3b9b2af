"""A wire that takes time: what is written at one end arrives at the other so much later."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READ_BYTES = 64 * 1024

#: Seconds, and milliseconds for the last one; as ``feeds.store.dialects`` has them.
_KEPT_ALIVE = {
    "TCP_KEEPIDLE": 3,
    "TCP_KEEPINTVL": 1,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 6_000,
}


@contextmanager
def slow_wire(server: Path, *, round_trip_s: float, host: str = "127.0.0.1") -> Iterator[int]:
    """Lead to a server's socket by a port; gives the port.

    Args:
        server: Its socket, in the file system.
        round_trip_s: What a question and its answer take longer; half of it each way.
        host: The address of this machine to listen at.
    """
    wire = _Wire(server, round_trip_s / 2, host)
    thread = threading.Thread(target=wire.run, name="slow wire", daemon=True)
    thread.start()
    wire.is_open.wait()
    try:
        yield wire.port
    finally:
        wire.loop.call_soon_threadsafe(wire.close)
        thread.join()


class _Wire:
    def __init__(self, server: Path, delay_s: float, host: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.is_open = threading.Event()
        self.port = 0
        self._server = server
        self._delay_s = delay_s
        self._host = host
        self._is_over = asyncio.Event()

    def run(self) -> None:
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    def close(self) -> None:
        self._is_over.set()

    async def _serve(self) -> None:
        listener = await asyncio.start_server(self._lead, self._host, 0)
        self.port = listener.sockets[0].getsockname()[1]
        self.is_open.set()
        await self._is_over.wait()
        listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _keep_alive(writer)
        there, back = await asyncio.open_unix_connection(str(self._server))
        try:
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        except (asyncio.CancelledError, OSError):
            # Whoever is gone without a word holds no locks on the server: it is told.
            back.transport.abort()
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Write each piece when its time has come; the next ones are on their way meanwhile."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.ensure_future(self._deliver(pieces, writer))
        while True:
            piece = await reader.read(READ_BYTES)
            pieces.put_nowait((self.loop.time() + self._delay_s, piece))
            if not piece:
                break
        await arriving

    async def _deliver(
        self, pieces: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - self.loop.time()))
            if not piece:
                writer.close()
                return
            writer.write(piece)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Find out soon when nobody is there any more, as a server does that we have set up."""
    line: socket.socket = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEPT_ALIVE.items():
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
