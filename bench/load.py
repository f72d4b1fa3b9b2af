"""wrk, the load generator (https://github.com/wg/wrk, Debian has it), on the core that measures."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench import cores
from bench.figure import Unmeasurable

#: A request as a poller sends it: nginx reads the same lines as we do.
POLLER = {
    "User-Agent": "Example-Reader/1.0 (+https://reader.example.org/about)",
    "Accept": "application/atom+xml, application/rss+xml;q=0.9, */*;q=0.1",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk is to do."""

    connections: int = 16
    seconds: float = 1
    script: Path | None = None
    arguments: tuple[str, ...] = ()  #: for the script


def edition_builder(url: str, load: Load, **fields: str) -> str:
    """Ask for *url* as fast as it goes, or as the script has it; says what wrk says.

    Raises:
        Unmeasurable: There is no wrk, or a request failed.
    """
    if shutil.which("wrk") is None:
        raise Unmeasurable("wrk is missing: apt-get install wrk")
    headers = {**POLLER, **{name.replace("_", "-"): value for name, value in fields.items()}}
    script = ["-s", str(load.script)] if load.script else []
    command = [
        "wrk", "-t1", f"-c{load.connections}", f"-d{max(1, round(load.seconds))}s", "--latency",
        *script, *(word for name in headers for word in ("-H", f"{name}: {headers[name]}")),
        url, "--", *load.arguments,
    ]  # fmt: skip
    with cores.on(cores.measuring()):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0 or "Socket errors" in done.stdout or "Non-2xx" in done.stdout:
        raise Unmeasurable(f"wrk on {url}: {done.stdout}{done.stderr}")
    return done.stdout


def requests_a_second(told: str) -> float:
    """Read how many requests were answered a second."""
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None:
        raise Unmeasurable(f"wrk said: {told}")
    return float(found[1])


def latency_ms(told: str, percent: str) -> float:
    """Read a percentile of the latency, ``50`` or ``99``."""
    found = re.search(rf"\s{percent}(?:\.\d+)?%\s+([\d.]+)(us|ms|s)\s", told)
    if found is None:
        raise Unmeasurable(f"wrk said: {told}")
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
