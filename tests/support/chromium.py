"""One Chromium for many pages, driven by its own protocol (CDP): JSON over two pipes."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.browser import QUIET
from tests.support.services import missing

#: As in a phone that shows thin scroll bars over the page: widths are then those of the window.
_OPTIONS = ("--remote-debugging-pipe", "--hide-scrollbars", "--disable-dev-shm-usage")


class Refused(Exception):
    """The browser could not do what it was told, or a script in the page raised an error."""


class Chromium:
    """A window that shows one page after the other."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders = orders
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._received = b""
        self._count = 0
        self._session: str | None = None
        #: What the page's console and the browser complained of since the last `visit`.
        self.complaints: list[str] = []
        self._has_loaded = False
        self.status = 0  #: of the last visited page
        target = self.order("Target.createTarget", url="about:blank")["targetId"]
        attached = self.order("Target.attachToTarget", targetId=target, flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.order(f"{domain}.enable")

    def order(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the protocol, and wait for its result."""
        self._count += 1
        number = self._count
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._orders, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self._note(answer)
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def visit(self, url: str) -> None:
        """Open *url*, and wait until all of it is loaded."""
        self.complaints.clear()
        self._has_loaded, self.status = False, 0
        failed = self.order("Page.navigate", url=url).get("errorText")
        if failed:
            raise Refused(f"{url}: {failed}")
        while not self._has_loaded:
            self._note(self._read())

    def submit(self) -> None:
        """Press Enter in a form, and wait until all of the answer is loaded."""
        self._has_loaded = False
        self.press("Enter")
        while not self._has_loaded:
            self._note(self._read())

    def run(self, script: str) -> Any:
        """Run an expression in the page; a promise is waited for."""
        done = self.order(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in done:
            raise Refused(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def resize(self, width: int, height: int = 800, *, scale: float = 1) -> None:
        """Give the window another size, in CSS pixels."""
        self.order(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=False,
        )  # fmt: skip

    def prefer(self, **features: str) -> None:
        """Show pages as somebody with these preferences sees them: ``forced_colors="active"``."""
        wanted = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        self.order("Emulation.setEmulatedMedia", features=wanted)

    def press(self, key: str) -> None:
        """Press a key, and let it go."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        known = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.order("Input.dispatchKeyEvent", type="keyDown", **known, **text)
        self.order("Input.dispatchKeyEvent", type="keyUp", **known)

    def picture(self, file: Path, *, is_whole: bool = True) -> None:
        """Store what is shown as PNG, the whole page by default."""
        shown = self.order("Page.captureScreenshot", captureBeyondViewport=is_whole, **(
            {"clip": {**self._size(), "x": 0, "y": 0, "scale": 1}} if is_whole else {}
        ))  # fmt: skip
        file.write_bytes(base64.b64decode(shown["data"]))

    def pdf(self, file: Path) -> None:
        """Print the page on A4."""
        printed = self.order("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
        file.write_bytes(base64.b64decode(printed["data"]))

    def close(self) -> None:
        """Hear no more of the browser."""
        self._answers.close()

    def _size(self) -> Mapping[str, float]:
        content = self.order("Page.getLayoutMetrics")["cssContentSize"]
        return {"width": content["width"], "height": content["height"]}

    def _note(self, event: Mapping[str, Any]) -> None:
        method, said = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._has_loaded = True
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.complaints.append(said["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif method == "Network.responseReceived" and said["type"] == "Document":
            self.status = said["response"]["status"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            piece = self._answers.read(1 << 20)
            if not piece:
                raise Refused("the browser has ended")
            self._received += piece
        message, _, self._received = self._received.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """Run it with an empty profile until the end of the block."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium", "install Debian's package chromium")
    to_browser, orders = os.pipe()
    answers, from_browser = os.pipe()
    # The browser reads from its descriptor 3 and writes to 4.
    command = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", command, "chromium", program, *QUIET, *_OPTIONS,
         f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    opened = None
    try:
        opened = Chromium(orders, answers)
        yield opened
    finally:
        os.close(orders)
        if opened is not None:
            opened.close()
        # Told to end it would tidy up first, and its profile is thrown away.
        process.kill()
        process.wait(30)
