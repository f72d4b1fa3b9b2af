"""What a process has resident."""

from pathlib import Path

from bench.figure import Unmeasurable

MIB = 1024 * 1024


def resident_bytes(process_id: int) -> int:
    """Now."""
    return _field(process_id, "VmRSS")


def most_resident_bytes(process_id: int) -> int:
    """The most since `forget_most`."""
    return _field(process_id, "VmHWM")


def forget_most(process_id: int) -> None:
    """Begin anew with the most; see ``proc(5)``, ``clear_refs``."""
    Path(f"/proc/{process_id}/clear_refs").write_text("5")


def _field(process_id: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise Unmeasurable("the process is gone")
