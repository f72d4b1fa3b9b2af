"""Making and breaking connections to a server that may not answer."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Any, Protocol

#: How often a thread that waits for a connection checks whether to give up.
_CHECK_EVERY_S = 0.1


class OpenConnections(Protocol):
    """All open driver connections, so that threads that wait on one can be released.

    Each connection is registered by the thread that makes it.
    """

    def opened(self, connection: Any, /) -> None:
        """Registers a new connection before its first use."""

    def closed(self, connection: Any, /) -> None:
        """Removes a connection before it is closed."""

    def is_quiet(self, connection: Any, /) -> bool:
        """Whether a connection is open, and nothing has arrived over it since it was used."""
        ...

    def shut_down(self) -> None:
        """Breaks all connections: the driver raises in every thread that waits on one."""


def connect_unless(stop: Callable[[], None], connect: Callable[[], Any]) -> Any:
    """Connects, and gives up when *stop* raises.

    libpq gives no access to the socket before the server has answered. So another thread
    connects; it ends at ``connect_timeout`` at the latest.

    Args:
        stop: Called every 0.1 s; raises to give up.
        connect: Returns a driver connection.
    """
    stop()
    made: Future[Any] = Future()

    def work() -> None:
        try:
            made.set_result(connect())
        except BaseException as error:  # raised again in the waiting thread
            made.set_exception(error)

    Thread(target=work, name="connect", daemon=True).start()
    while not made.done():
        wait([made], timeout=_CHECK_EVERY_S)
        try:
            stop()
        except BaseException:
            made.add_done_callback(_close)
            raise
    return made.result()


def _close(made: Future[Any]) -> None:
    if made.exception() is None:
        made.result().close()
