"""A real Firefox, headless, driven by its own remote control (Marionette): JSON over a socket."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.running_service import free_port, wait_until
from tests.support.services import missing

#: Firefox gives no command more time than this here.
_WITHIN_S = 60


class Firefox:
    """A window that is open."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._received = b""
        self._commands = 0
        self._read()  # it says who it is
        self._order("WebDriver:NewSession")

    def visit(self, url: str) -> str:
        """Open *url*, as if somebody had typed it; says which address is shown then."""
        self._order("WebDriver:Navigate", url=url)
        return str(self._order("WebDriver:GetCurrentURL")["value"])

    @property
    def page(self) -> str:
        """What is shown, as text."""
        return str(self._order("WebDriver:GetPageSource")["value"])

    def fetched(self, url: str) -> str:
        """The media type that a script is given at *url*."""
        script = (
            "const done = arguments[arguments.length - 1];"
            "fetch(arguments[0]).then(it => done(it.headers.get('Content-Type')), done);"
        )
        answer = self._order("WebDriver:ExecuteAsyncScript", script=script, args=[url])
        return str(answer["value"])

    def _order(self, name: str, **parameters: Any) -> dict[str, Any]:
        self._commands += 1
        order = json.dumps([0, self._commands, name, parameters]).encode()
        self._control.sendall(b"%d:%s" % (len(order), order))
        _, _, error, result = self._read()
        assert error is None, error
        return dict(result)

    def _read(self) -> Any:
        while b":" not in self._received:
            self._receive()
        length, _, self._received = self._received.partition(b":")
        while len(self._received) < int(length):
            self._receive()
        message = self._received[: int(length)]
        self._received = self._received[int(length) :]
        return json.loads(message)

    def _receive(self) -> None:
        piece = self._control.recv(65536)
        assert piece, "Firefox hung up"
        self._received += piece


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """Run it with an empty profile until the end of the block."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        missing("Firefox", "install Debian's package firefox-esr")
    port = free_port()
    preferences = f'user_pref("marionette.port", {port});\n'
    profile.mkdir()
    (profile / "user.js").write_text(preferences, encoding="utf-8")
    process = subprocess.Popen(
        [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"HOME": str(profile), "MOZ_HEADLESS": "1", "PATH": "/usr/bin:/bin"},
    )
    try:
        control = wait_until(lambda: _control(port))
        assert control is not None
        with control:
            yield Firefox(control)
    finally:
        # Told to end it would tidy up first, and its profile is thrown away.
        process.kill()
        process.wait(30)


def _control(port: int) -> socket.socket | None:
    with suppress(OSError):
        return socket.create_connection(("127.0.0.1", port), timeout=_WITHIN_S)
    return None
