"""A former build, brought up from the history, as a peer."""

import io
import os
import subprocess
import sys
import tarfile
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from bench.figure import Unmeasurable
from bench.made_once import made_once

#: The last commit before meaning survived the way in.
FORMER = "f360d68f1a382967d7e3842ad739ea62fbc0c7d2"
ROOT = Path(__file__).parent.parent


def former_build(commit: str = FORMER) -> AbstractContextManager[Path]:
    """The source of *commit* in a folder of its own.

    Raises:
        Unmeasurable: The history does not reach back so far, as in a shallow clone.
    """
    return made_once(f"build-{commit[:7]}", partial(_unpack, commit))


def _unpack(commit: str, folder: Path) -> None:
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise Unmeasurable(f"the history has no {commit[:7]}: {done.stderr.decode()[-200:]}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


class Turns:
    """A script in a process of its own over one build, which does a turn each time it is asked.

    For each line that it reads it prints how long its turn took, or when it ended, in milliseconds.
    """

    def __init__(self, build: Path, script: Path, *arguments: str) -> None:
        """Start *script* with the packages of *build*, and the libraries of this environment."""
        self._name = f"{script.name} over {build.name}"
        # -P: what stands beside the script is the other build's.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script), *arguments],
            env=os.environ | {"PYTHONPATH": str(build)},
            cwd=build,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Turns":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def turn(self) -> float:
        """Have a turn done. Milliseconds.

        Raises:
            Unmeasurable: The script ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            return float(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise Unmeasurable(f"{self._name} does not run") from error
