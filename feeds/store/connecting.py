"""How connections are made and ended, where a server may be silent."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Any, Protocol

#: How often one who waits for a connection looks whether that is still wanted.
_ASK_EVERY_S = 0.1


class OpenConnections(Protocol):
    """All open connections of the driver's, so that whoever waits on one can be released.

    Told of each by whichever thread makes it.
    """

    def opened(self, connection: Any, /) -> None:
        """Note a new connection, before anything is asked."""

    def closed(self, connection: Any, /) -> None:
        """Forget one, before it is closed."""

    def shut_down(self) -> None:
        """Break all: whoever waits on one is told so by the driver, at once."""


def connect_unless(stop: Callable[[], None], connect: Callable[[], Any]) -> Any:
    """Connect, and give up when that is not wanted any more.

    libpq does not tell of a socket whose server says nothing yet. So it is left to another thread,
    which ends by ``connect_timeout``.

    Args:
        stop: Asked now and then; raises to give up.
        connect: Returns a connection of the driver's.
    """
    stop()
    made: Future[Any] = Future()

    def work() -> None:
        try:
            made.set_result(connect())
        except BaseException as error:  # it is the other thread's to meet
            made.set_exception(error)

    Thread(target=work, name="connect", daemon=True).start()
    while not made.done():
        wait([made], timeout=_ASK_EVERY_S)
        try:
            stop()
        except BaseException:
            made.add_done_callback(_throw_away)
            raise
    return made.result()


def _throw_away(made: Future[Any]) -> None:
    if made.exception() is None:
        made.result().close()
