"""A wrong clock for real processes, which can be set while they run. Needs a C compiler."""

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")


def compiler() -> str | None:
    """The C compiler that is installed."""
    return shutil.which("cc")


class WrongClock:
    """The clock of one machine."""

    def __init__(self, folder: Path) -> None:
        """Make one that is right.

        Args:
            folder: To be made, or empty.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._library = folder / "wrong_clock.so"
        self._ahead = folder / "ahead"
        command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(self._library), str(_SOURCE)]
        subprocess.run(command, check=True)
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """Of whoever is to go by it."""
        return {"LD_PRELOAD": str(self._library), "WRONG_CLOCK": str(self._ahead)}

    def set(self, ahead_s: int) -> None:
        """Set it, for those that run as well."""
        packed = struct.pack("@l", ahead_s)
        if self._ahead.exists():
            with self._ahead.open("r+b") as file:  # the same bytes, which they have before them
                file.write(packed)
        else:
            self._ahead.write_bytes(packed)
