"""How long other processes have worked, finer than by the system's ticks of ten milliseconds."""

from pathlib import Path


def worked_ms(process_id: int) -> float:
    """How long the threads that a process has now had a processor, in milliseconds."""
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks) / 1e6
