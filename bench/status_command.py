"""What ``communique status`` takes while the service runs, over starting Python for nothing.

``status_command``: the whole command, as a shell calls it, over ``python -c pass`` with the same
interpreter and in turns. The service is the one that ships, with a release, on SQLite.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figure import Figure, Unmeasurable, tell
from bench.rounds import medians_ms, rounds_at, timed_ms
from tests.support.running_service import Service, running

ROUNDS = 9


def measure(scale: float) -> float:
    """The command's time over Python's."""
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        service = Service(folder=Path(folder))
        command = [sys.executable, "-m", "service", "--config", str(service.main), "status"]
        with running(service):
            _run(command)  # the service has worked, or this is no status of it
            turns = {
                "status": lambda: timed_ms(lambda: _run(command)),
                "python": lambda: timed_ms(lambda: _run([sys.executable, "-c", "pass"])),
            }
            medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    tell(f"status {medians['status']:.0f} ms, python {medians['python']:.0f} ms")
    return medians.over("status", "python")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise Unmeasurable(f"{' '.join(command)}: {done.stderr.decode() or done.stdout.decode()}")


FIGURE = Figure(name="status_command", bound=12, measure=measure)
