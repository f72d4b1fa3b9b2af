"""The address that a service listens at, and who has it."""

import socket
from collections.abc import Callable
from pathlib import Path

from service.errors import ServiceError
from service.logs import get_logger
from service.processes.locks import Presence

_log = get_logger(__name__)

#: How often it is tried whether the address is free by now.
LOOK_EVERY_S = 0.1


class AddressTaken(ServiceError):
    """Somebody else listens there, and does not let go."""


class ListeningAddress:
    """Where one service listens; and who of its own kind is there, over one data folder."""

    def __init__(self, host: str, port: int, *, data_folder: Path) -> None:
        """Name it; it need not be free."""
        self._host, self._port = host, port
        #: The processes that hold the listening socket.
        self.web = Presence(data_folder, f"web-{port}")
        #: The process that ends them when it ends. Those that outlived it are ending.
        self.supervisor = Presence(data_folder, f"serve-{port}")

    def bind(self, *, within_s: float, pause: Callable[[float], bool]) -> socket.socket | None:
        """Take it; wait while a service of our own that was killed is still letting go of it.

        Anybody else who listens there, and a service of ours that lives, is told at once.

        Args:
            within_s: How long to wait.
            pause: Waits for so many seconds; says whether there is no use in waiting any more.

        Returns:
            A socket that does not listen yet: connections are refused. None when there was no use
            in waiting any more.

        Raises:
            AddressTaken: It is not free.
        """
        waited_s = 0.0
        while not isinstance(found := self._try_to_bind(), socket.socket):
            if not self._is_ending() or waited_s >= within_s:
                raise self.taken(found)
            if not waited_s:
                _log.info("waiting for the address", port=self._port, because="a killed service "
                          "is still ending")  # fmt: skip
            if pause(LOOK_EVERY_S):
                return None
            waited_s += LOOK_EVERY_S
        return found

    def taken(self, error: OSError) -> AddressTaken:
        """Say in a sentence that it is taken."""
        return AddressTaken(
            f"cannot listen on {self._host}:{self._port}: {error.strerror}; stop what "
            "listens there, or choose another port (--set http.port=…)"
        )

    def _is_ending(self) -> bool:
        return self.web.is_anybodys() and not self.supervisor.is_anybodys()

    def _try_to_bind(self) -> socket.socket | OSError:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError as error:
            listener.close()
            return error
        return listener
