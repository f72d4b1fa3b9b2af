"""Messages to systemd, or another service manager with its protocol (``sd_notify(3)``).

The protocol is a datagram of ``NAME=value`` lines to a Unix socket. Its manual page has programs to
copy, so that no library is needed for it.
"""

import os
import socket
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress

from service.logs import get_logger

_log = get_logger(__name__)

#: How long to wait for a manager that does not read.
SEND_WITHIN_S = 5.0


class ServiceManager:
    """The service manager that has started this process; without one, all messages are dropped."""

    def __init__(
        self,
        environ: MutableMapping[str, str] = os.environ,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads and removes the manager's variables, so that no child process uses them.

        Args:
            environ: The environment variables.
            monotonic: A clock that is never set; ``CLOCK_MONOTONIC`` on Linux.
        """
        self._monotonic = monotonic
        self._address = environ.pop("NOTIFY_SOCKET", "")
        self._feeds_every_s = _watchdog_s(environ) / 2
        self._next_feeding = monotonic()
        self._is_silent = False

    def starting(self, status: str) -> None:
        """Describes what is done before the service is ready."""
        self._send(f"STATUS={status}")

    def ready(self, status: str) -> None:
        """Reports that the service answers, after a start or a reload.

        Args:
            status: One line for ``systemctl status``.
        """
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """Reports that a reload begins; `ready` reports its end.

        ``Type=notify-reload`` recognises by the time that the reload began after its signal.
        """
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(self._monotonic() * 1e6)}")

    def stopping(self) -> None:
        """Reports that the service ends."""
        self._send("STOPPING=1\nSTATUS=stopping")

    def feed_watchdog(self) -> None:
        """Reports that the service works, if that is due. Without a watchdog, does nothing."""
        if self._feeds_every_s and self._monotonic() >= self._next_feeding:
            self._next_feeding = self._monotonic() + self._feeds_every_s
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is in Linux's abstract namespace: a NUL stands in its place.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.settimeout(SEND_WITHIN_S)
                sending.sendto(message.encode(), address)
        except OSError as error:
            if not self._is_silent:
                _log.warning("service manager not reached", reason=error.strerror or str(error))
            self._is_silent = True


def _watchdog_s(environ: MutableMapping[str, str]) -> float:
    """Returns the longest time between two signs of life, in seconds; 0 if none are expected."""
    limit_us = environ.pop("WATCHDOG_USEC", "")
    process_id = environ.pop("WATCHDOG_PID", "")
    # A variable for another process has only been inherited.
    with suppress(ValueError):
        if limit_us and (not process_id or int(process_id) == os.getpid()):
            return int(limit_us) / 1e6
    return 0.0
