"""The address that a service listens on, and which service holds it."""

import socket
from collections.abc import Callable
from pathlib import Path

from service.errors import ServiceError
from service.logs import get_logger
from service.processes.locks import Presence

_log = get_logger(__name__)

#: How often to try whether the address is free.
RETRY_EVERY_S = 0.1


class AddressTaken(ServiceError):
    """Another process listens on the address, and does not release it."""


class ListeningAddress:
    """The address of one service, and the processes over its data folder that hold it."""

    def __init__(self, host: str, port: int, *, data_folder: Path) -> None:
        """Names the address, which need not be free."""
        self._host, self._port = host, port
        #: Held by the processes that have the listening socket.
        self.web = Presence(data_folder, f"web-{port}")
        #: Held by their supervisor. Web processes without a supervisor are about to end.
        self.supervisor = Presence(data_folder, f"serve-{port}")

    def bind(self, *, within_s: float, pause: Callable[[float], bool]) -> socket.socket | None:
        """Binds a socket to the address; waits while a killed service on this folder is ending.

        If another program, or a running service, has the address, this fails at once.

        Args:
            within_s: How long to wait.
            pause: Waits for the given seconds; returns whether to give up waiting.

        Returns:
            A socket that does not listen yet, so connections are refused. None if *pause* gave up.

        Raises:
            AddressTaken: The address is not free.
        """
        waited_s = 0.0
        while not isinstance(found := self._try_to_bind(), socket.socket):
            if not self._is_ending() or waited_s >= within_s:
                raise self.taken(found)
            if not waited_s:
                _log.info("waiting for the address", port=self._port, because="a killed service "
                          "is still ending")  # fmt: skip
            if pause(RETRY_EVERY_S):
                return None
            waited_s += RETRY_EVERY_S
        return found

    def taken(self, error: OSError) -> AddressTaken:
        """Returns an error that says that the address is taken, and what to do."""
        return AddressTaken(
            f"cannot listen on {self._host}:{self._port}: {error.strerror}; stop what "
            "listens there, or choose another port (--set http.port=…)"
        )

    def _is_ending(self) -> bool:
        return self.web.is_held() and not self.supervisor.is_held()

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
