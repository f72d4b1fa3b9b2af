"""How evenly it answers: the 99th percentile over the median, at 80 % of what it can do.

Meanwhile the feed that is asked for has a new edition every second. No answer may be an error,
and none may be older than 250 ms: what is compared is the moment at which an edition was stored
and that at which the last answer of the one before arrived.

wrk paces itself: each connection waits between two requests. So a stall of the server delays at
most one request a connection, of which there are many. nginx, which has no editions, is put under
the same load in turns with us: what it does not manage either is the machine's. Where that is
allowed, both servers and wrk go before all else that the machine does, editions included.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from pathlib import Path

from bench import cores, servers
from bench.figure import Figure, Ratio, Unmeasurable, tell
from bench.installed import installed
from bench.load import Load, edition_builder, latency_ms, requests_a_second
from bench.requests_a_second import PATH, SLUG, document, fill
from bench.rounds import rounds_at

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 64
ROUNDS = 5
SECONDS = 2.0
SHARE = 0.8

#: Median and 99th percentile, in milliseconds.
Latency = tuple[float, float]

#: What issue and documentation promise: an edition is everywhere so soon.
STALE_AFTER_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """When it was stored, in seconds since 1970."""

    etag: str
    stored: float


def measure(scale: float) -> float:
    """The 99th percentile over the median; of several rounds, the middle one."""
    ours, _ = measured(scale)
    return Ratio.of([late / middle for middle, late in ours])


def against_nginx(scale: float) -> float:
    """The 99th percentile over nginx's own in the same round."""
    rounds = zip(*measured(scale), strict=True)
    return Ratio.of([late / its_late for (_, late), (_, its_late) in rounds])


@cache
def measured(scale: float) -> tuple[list[Latency], list[Latency]]:
    """The latencies of each round: ours and nginx's. Measured once for both figures."""
    rounds = rounds_at(scale, ROUNDS)
    seconds = max(2.0, SECONDS * min(1, scale))
    with ExitStack() as stack:
        newsroom = stack.enter_context(installed([SLUG]))
        press_room = stack.enter_context(_press_room(newsroom.main_file))
        with cores.undisturbed():
            # What is forked has the priority of the process that forks.
            served = stack.enter_context(servers.serving(newsroom, begins_anew=True))
        fill(served)
        first = document(served)
        _, fields = servers.ask(served.port, PATH, Accept_Encoding="gzip")
        with cores.undisturbed():
            peer = stack.enter_context(servers.nginx({PATH[1:]: first, f"{PATH[1:]}.gz": first}))
            most = requests_a_second(_edition_builder(served.port, 0, seconds))
        _begin(press_room)
        ours: list[Latency] = []
        theirs: list[Latency] = []
        told: list[str] = []
        with cores.undisturbed():
            for _ in range(rounds):
                told.append(_edition_builder(served.port, SHARE * most, seconds))
                ours.append(_latency("ours", told[-1]))
                theirs.append(_latency("nginx", _edition_builder(peer.port, SHARE * most, seconds)))
        press_room.terminate()
        editions = [Edition(etag=fields["etag"], stored=0), *_written(press_room)]
    ages = [_ages_s(each, editions) for each in told]
    oldest = max(chain.from_iterable(ages), default=0.0)
    tell(f"{most:.0f} a second at the most, {len(editions)} editions; oldest answer {oldest:.3f} s")
    if scale >= 1 and not all(ages):
        raise Unmeasurable("no edition was seen to be replaced")
    if scale >= 1 and oldest > STALE_AFTER_S:
        raise Unmeasurable(f"an answer was {oldest * 1000:.0f} ms old")
    return ours, theirs


def _latency(name: str, told: str) -> Latency:
    middle, late = latency_ms(told, "50"), latency_ms(told, "99")
    rate, slow = requests_a_second(told), re.findall(r"^slow (\d+)$", told, re.MULTILINE)
    tell(
        f"{name}: {rate:.0f} requests a second, median {middle:.3f} ms, 99th percentile "
        f"{late:.3f} ms; {slow[0] if slow else 'no'} answers not from memory"
    )
    return middle, late


def _edition_builder(port: int, rate: float, seconds: float) -> str:
    # Under load no server has to find out what came out while nobody asked.
    servers.ask(port, PATH, Accept_Encoding="gzip")
    load = Load(
        connections=CONNECTIONS,
        seconds=seconds,
        script=SCRIPT,
        arguments=(f"{rate:.0f}", str(CONNECTIONS)),
    )
    return edition_builder(f"http://127.0.0.1:{port}{PATH}", load)


@contextmanager
def _press_room(main_file: Path) -> Iterator[subprocess.Popen[str]]:
    """What will make a new edition every second, until the block ends. It gets ready meanwhile."""
    command = [sys.executable, "-m", "bench.editions", str(main_file)]
    with cores.on(cores.measuring()):
        press_room = subprocess.Popen(
            command,
            cwd=servers.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        yield press_room
    finally:
        press_room.terminate()


def _begin(press_room: subprocess.Popen[str]) -> None:
    assert press_room.stdin is not None
    assert press_room.stdout is not None
    press_room.stdout.readline()  # it is ready
    press_room.stdin.write("\n")
    press_room.stdin.flush()


def _written(press_room: subprocess.Popen[str]) -> list[Edition]:
    written, _ = press_room.communicate(timeout=30)
    lines = [line.split() for line in written.splitlines()]
    return [Edition(etag=f'"{digest}-gzip"', stored=float(at)) for at, digest in lines]


def _ages_s(told: str, editions: list[Edition]) -> list[float]:
    """How long after an edition was stored the last answer of the one before arrived.

    Of those that were replaced while wrk asked.
    """
    seen = re.findall(r"^tag (\S+) \d+ (\d+)$", told, re.MULTILINE)
    last_seen = {tag: int(last) / 1e6 for tag, last in seen}
    return [
        last_seen[before.etag] - after.stored
        for before, after in pairwise(editions)
        if before.etag in last_seen
    ]


FIGURES = (
    Figure(name="load_p99", bound=5, measure=measure),
    Figure(name="load_p99_vs_nginx", bound=1.2, measure=against_nginx),
)
