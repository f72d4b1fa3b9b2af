"""A wire that takes time: what is written at one end arrives at the other so much later."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

READ_BYTES = 64 * 1024


@contextmanager
def slow_wire(socket: Path, *, round_trip_s: float) -> Iterator[int]:
    """Lead to a server's socket by a port on loopback; gives the port.

    Args:
        socket: Of the server, in the file system.
        round_trip_s: What a question and its answer take longer; half of it each way.
    """
    wire = _Wire(socket, round_trip_s / 2)
    thread = threading.Thread(target=wire.run, name="slow wire", daemon=True)
    thread.start()
    wire.is_open.wait()
    try:
        yield wire.port
    finally:
        wire.loop.call_soon_threadsafe(wire.close)
        thread.join()


class _Wire:
    def __init__(self, socket: Path, delay_s: float) -> None:
        self.loop = asyncio.new_event_loop()
        self.is_open = threading.Event()
        self.port = 0
        self._socket = socket
        self._delay_s = delay_s
        self._is_over = asyncio.Event()

    def run(self) -> None:
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    def close(self) -> None:
        self._is_over.set()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.is_open.set()
        await self._is_over.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self._socket))
        with suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

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
