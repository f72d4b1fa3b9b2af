"""How large documents are: this build's over the former one's, of the same real releases.

The sample releases are read, rendered and compressed by each build with its own code. A document
has the same releases in both, and not as many as fit a window: smaller entries would let more in.
"""

import os
import subprocess
import sys
from pathlib import Path

from bench.figure import Figure, Unmeasurable, tell
from bench.former import ROOT, former_build

#: Prints the bytes of each format, for as many releases as its argument says.
WEIGH = ROOT / "bench" / "weigh_documents.py"


def measure(scale: float) -> float:
    """Our bytes over the former build's; all of them at any scale that finds few releases."""
    releases = max(24, round(scale * 1000))
    with former_build() as former:
        before = _weighed(former, releases)
    now = _weighed(ROOT, releases)
    for name, size in now.items():
        tell(f"{name}: {size} bytes, before {before[name]} bytes: {size / before[name]:.3f}")
    return sum(now.values()) / sum(before.values())


def _weighed(build: Path, releases: int) -> dict[str, int]:
    # -P: what stands beside the script is the other build's.
    done = subprocess.run(
        [sys.executable, "-P", str(WEIGH), str(releases)],
        env=os.environ | {"PYTHONPATH": str(build)},
        cwd=build,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unmeasurable(f"{build.name} does not run: {done.stderr[-300:]}")
    return {name: int(size) for name, size in map(str.split, done.stdout.splitlines())}


FIGURE = Figure(name="document_bytes", bound=1.02, measure=measure)
