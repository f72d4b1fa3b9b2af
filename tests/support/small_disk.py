"""A disk of its own with little room: a file system in memory that is mounted for a test."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A mounted disk."""

    folder: Path

    def resize(self, size: str) -> None:
        """Give it as much room as ``64m`` or ``256k`` say; what it holds stays."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)

    def leave_kib(self, free: int) -> None:
        """Give it so much free room."""
        used = shutil.disk_usage(self.folder).used
        self.resize(f"{used // 1024 + free}k")


@contextmanager
def small_disk(size: str) -> Iterator[SmallDisk]:
    """Mount a disk until the end of the block; the test is skipped where that is not allowed."""
    folder = Path(mkdtemp(prefix="small-disk-", dir="/dev/shm"))  # only a mount point
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    try:
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("needs to mount a disk")
        folder.chmod(0o755)
        yield SmallDisk(folder)
        subprocess.run(["umount", str(folder)], check=True)
    finally:
        with suppress(OSError):
            folder.rmdir()
