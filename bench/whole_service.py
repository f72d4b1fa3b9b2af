"""The whole service in all its processes, against the build before they were forked from one.

Both builds run as ``make run`` has it, over a store of their own with the sample releases, with the
libraries of this environment: one after the other when they are started, and side by side when
they rest.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http.client import HTTPException
from operator import attrgetter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.figure import Figure, Ratio, Unmeasurable, tell
from bench.former import ROOT, former_build
from bench.made_once import made_once
from bench.ports import free_port
from bench.processor import processes, worked_ms
from bench.rounds import rounds_at
from bench.servers import ask

#: The last commit with two supervisors above the web workers, and a program for each process.
BEFORE = "838f8c35a9e9755fe0c0098574efe9aed622ce90"

SAMPLES = ROOT / "config" / "samples"
FEED = "/feeds/all.atom"

ROUNDS = 3
IDLE_S = 10.0
#: After the last answer, until the service has come to rest.
REST_S = 8.0
WITHIN_S = 120.0

#: What a reader asks for before memory is looked at.
ASKED = (FEED, "/feeds/all.rss", "/feeds/all.json", "/", "/readyz")


@dataclass(slots=True)
class Build:
    """One build, what it works on, and what was measured of it."""

    name: str
    source: Path
    data: Path
    start_s: list[float] = field(default_factory=list)
    restart_s: list[float] = field(default_factory=list)
    pss_kib: list[int] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    def program(self, *arguments: str) -> list[str]:
        """A call of its command line."""
        return [sys.executable, "-m", "service", *arguments]

    def take_in(self, samples: Path) -> None:
        """Fill the store."""
        for words in (["store", "upgrade"], ["release", "add", str(samples)]):
            command = self.program("--set", f"data_folder={self.data}", *words)
            subprocess.run(command, cwd=self.source, capture_output=True, check=False)


@contextmanager
def serving(build: Build, *, workers: int) -> Iterator[tuple[int, int]]:
    """Its service over a copy of its store: process id and port, from the first good answer."""
    port = free_port()
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        data = Path(folder) / "data"
        shutil.copytree(build.data, data)
        settings = {
            "data_folder": data,
            "http.port": port,
            "http.workers": workers,
            "site.base_url": f"http://localhost:{port}",
            "log.format": "text",
            "log.level": "error",
        }
        sets = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        began = time.monotonic()
        process = subprocess.Popen(build.program(*sets, "serve"), cwd=build.source)
        try:
            until_answered(port)
            build.start_s.append(time.monotonic() - began)
            yield process.pid, port
        finally:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a service at once, with all below it: nobody needs its store any more."""
    process.send_signal(signal.SIGSTOP)  # it starts no other one
    for each in processes(process.pid):
        os.kill(each, signal.SIGKILL)
    process.wait(60)


def until_answered(port: int, path: str = FEED) -> None:
    """Wait until a feed is answered."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        try:
            if ask(port, path)[0] == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.005)
    raise Unmeasurable("a service did not come up")


def _worker(process_id: int) -> int:
    """The one process that answers."""
    [worker] = web_processes(process_id)
    return worker


def web_processes(process_id: int) -> list[int]:
    """Those below it that answer, of this build or of a former one."""
    return [
        each
        for each in processes(process_id)
        if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()
        or Path(f"/proc/{each}/comm").read_text() == "communique web\n"
    ]


def pss_kib(process_id: int) -> int:
    """What it has in memory, a page that several have counted in parts."""
    lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
    [pss] = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return int(pss)


def _rest(builds: Sequence[Build], scale: float) -> None:
    """Measure memory and processor of services that nobody asks any more."""
    with ExitStack() as stack:
        known = {}
        for build in builds:
            process_id, port = stack.enter_context(serving(build, workers=2))
            for path in ASKED * 10:
                ask(port, path)
            known[build.name] = process_id
        time.sleep(max(1.0, REST_S * min(1.0, scale)))
        idle_s = max(1.0, IDLE_S * min(1.0, scale))
        resting = [(build, processes(known[build.name])) for build in builds]
        for build, each in resting:
            build.pss_kib.append(sum(map(pss_kib, each)))
        before_ms = [sum(map(worked_ms, each)) for _, each in resting]
        time.sleep(idle_s)
        for (build, each), worked_before_ms in zip(resting, before_ms, strict=True):
            build.cores.append((sum(map(worked_ms, each)) - worked_before_ms) / 1000 / idle_s)
            tell(f"{build.name}: {len(each)} processes")


def _restart(build: Build) -> None:
    """Measure what it takes to be answered again when the process that answers is killed."""
    with serving(build, workers=1) as (process_id, port):
        os.kill(_worker(process_id), signal.SIGKILL)
        began = time.monotonic()
        until_answered(port)
        build.restart_s.append(time.monotonic() - began)


@contextmanager
def _builds(scale: float) -> Iterator[tuple[Build, Build]]:
    """Now, and before; each with a store."""
    with (
        former_build(BEFORE) as source,
        made_once(f"stores-{scale:g}", partial(_fill_stores, source, scale)) as folder,
    ):
        yield _builds_in(folder, source)


def _builds_in(folder: Path, source: Path) -> tuple[Build, Build]:
    return Build("now", ROOT, folder / "now"), Build("before", source, folder / "before")


def _fill_stores(source: Path, scale: float, folder: Path) -> None:
    """Have each build fill its store."""
    files = sorted(SAMPLES.iterdir())
    with TemporaryDirectory(prefix="communique-bench-") as name:
        for file in files[:: max(1, round(1 / scale))]:
            shutil.copy(file, name)
        for build in _builds_in(folder, source):
            build.take_in(Path(name))


@cache
def _started(scale: float) -> tuple[Build, Build]:
    with _builds(scale) as builds:
        for _ in range(rounds_at(scale, ROUNDS)):
            for build in builds:
                _restart(build)
    for build in builds:
        tell(
            f"{build.name}: start {median(build.start_s):.2f} s, "
            f"again after a kill {median(build.restart_s):.2f} s"
        )
    return builds


@cache
def _rested(scale: float) -> tuple[Build, Build]:
    with _builds(scale) as builds:
        _rest(builds, scale)
    for build in builds:
        [memory_kib], [share] = build.pss_kib, build.cores
        tell(f"{build.name}: {memory_kib / 1024:.0f} MiB, {share:.2%} of a core")
    return builds


def _ratio(
    measured: Callable[[float], tuple[Build, Build]],
    what: Callable[[Build], Sequence[float]],
    scale: float,
) -> Ratio:
    now, before = measured(scale)
    return Ratio.between(what(now), what(before))


#: A service that rests needs no core of its own, and whatever else runs is not counted.
AT_REST = (
    Figure(
        name="service_memory", bound=0.45, measure=partial(_ratio, _rested, attrgetter("pss_kib"))
    ),
    Figure(name="idle_cores", bound=0.5, measure=partial(_ratio, _rested, attrgetter("cores"))),
)
STARTING = (
    Figure(
        name="service_start", bound=0.5, measure=partial(_ratio, _started, attrgetter("start_s"))
    ),
    Figure(
        name="worker_restart", bound=0.5, measure=partial(_ratio, _started, attrgetter("restart_s"))
    ),
)
