"""How fast documents are served: against nginx, and against a plain Flask view.

All on one core, in turns, in one run; wrk on the other core. nginx serves the very bytes of the
service as files, with the compressed sibling made beforehand.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import servers
from bench.figure import Figure, Ratio, Unmeasurable, tell
from bench.load import Load, edition_builder, requests_a_second
from bench.processor import worked_ms
from bench.rounds import rounds_at
from bench.samples import press_office
from feeds import render
from feeds.model.feed import Format

SLUG = "economy"
PATH = f"/feeds/{SLUG}.atom"

#: These fill a window, which is some 150 KB of Atom.
RELEASES = 25

ROUNDS = 5
#: Of a 304, whose figures are farther from their bounds.
NOT_MODIFIED_ROUNDS = 3
SECONDS = 1

#: Contenders that are only told of, or are far from their bound, take part in this one alone.
SELDOM_IN = 1

NOT_MODIFIED, WHOLE = "304", "200 gzip"
OURS, NGINX, CACHED, FLASK = "ours", "nginx", "nginx with open_file_cache", "plain Flask"
SELDOM = {CACHED, FLASK}

#: A case that is no answer: processor time for each 304, in milliseconds.
PROCESSOR = "processor time of a 304"

#: Of each round.
Rates = Mapping[tuple[str, str], list[float]]


@cache
def rates(scale: float) -> Rates:
    """Requests a second, by case and contender. Measured once for all figures that need them."""
    with ExitStack() as stack:
        served = stack.enter_context(servers.communique([SLUG]))
        fill(served)
        body = document(served)
        etag = _warm(served.port)
        files = {PATH[1:]: render.decompress(body), f"{PATH[1:]}.gz": body}
        nginx = stack.enter_context(servers.nginx(files))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="communique-bench-")))
        (folder / "document").write_bytes(body)
        flask = stack.enter_context(servers.plain_flask(folder / "document", etag))
        ports = {OURS: served.port, NGINX: nginx.port, CACHED: nginx.cached_port, FLASK: flask}
        processes = {OURS: served.process_id, NGINX: nginx.process_id}
        tell(f"{len(files[PATH[1:]])} bytes, {len(body)} bytes of gzip")
        return _contest(ports, processes, len(body), scale)


def fill(served: servers.Served) -> None:
    """Publish a feed of one full window."""
    write, now = press_office(), datetime.now(UTC)
    served.newsroom.apply_catalogue(now=now)
    list(served.newsroom.take_in([write(SLUG) for _ in range(RELEASES)], now=now))
    served.newsstand.regenerate([SLUG], now=now, worker="bench")


def document(served: servers.Served) -> bytes:
    """Its document, as gzip."""
    document = served.newsstand.document(SLUG, Format.ATOM)
    if document is None:
        raise Unmeasurable("no edition was made")
    return document.gzip


def _warm(port: int) -> str:
    """Ask until it comes out of memory; says the entity tag."""
    for _ in range(3):
        status, fields = servers.ask(port, PATH, Accept_Encoding="gzip")
    if status != 200 or fields.get("content-encoding") != "gzip":
        raise Unmeasurable(f"asked for gzip, got {status} {fields}")
    return fields["etag"]


def _contest(
    ports: Mapping[str, int], processes: Mapping[str, int], size: int, scale: float
) -> Rates:
    tags = {name: _check(name, port, size) for name, port in ports.items()}
    measured: dict[tuple[str, str], list[float]] = {}
    load = Load(seconds=SECONDS)
    # Each has been asked already, and answers out of memory: no round has to go before these.
    rounds = rounds_at(scale, ROUNDS)
    for number in range(rounds):
        for name, port in ports.items():
            if name in SELDOM and number != min(SELDOM_IN, rounds - 1):
                continue
            url = f"http://127.0.0.1:{port}{PATH}"
            for case, fields in ((NOT_MODIFIED, {"If_None_Match": tags[name]}), (WHOLE, {})):
                if case == NOT_MODIFIED and number >= NOT_MODIFIED_ROUNDS:
                    continue
                before_ms = worked_ms(processes[name]) if name in processes else 0
                rate = requests_a_second(edition_builder(url, load, **fields))
                measured.setdefault((case, name), []).append(rate)
                if name in processes and case == NOT_MODIFIED:
                    used_ms = worked_ms(processes[name]) - before_ms
                    measured.setdefault((PROCESSOR, name), []).append(used_ms / (rate * SECONDS))
    return measured


def _check(name: str, port: int, size: int) -> str:
    """See that a contender serves what is to be compared; says its entity tag."""
    _, fields = servers.ask(port, PATH, Accept_Encoding="gzip")
    tag = fields["etag"]
    status, _ = servers.ask(port, PATH, Accept_Encoding="gzip", If_None_Match=tag)
    if status != 304 or fields["content-length"] != str(size):
        raise Unmeasurable(f"{name} serves something else: {status} {fields}")
    return tag


def _against(case: str, peer: str, scale: float) -> float:
    found = rates(scale)
    for name in (OURS, peer, CACHED) if peer == NGINX else (OURS, peer):
        rate = median(found[case, name])
        tell(f"{case}, {name}: {rate:.0f} requests a second, {1e3 / rate:.3f} ms each")
    ours = found[case, OURS]
    if peer in SELDOM:
        ours = ours[: SELDOM_IN + 1][-1:]
    return Ratio.between(ours, found[case, peer])


def _processor_time(scale: float) -> float:
    found = rates(scale)
    for name in (OURS, NGINX):
        tell(f"{PROCESSOR}, {name}: {median(found[PROCESSOR, name]):.4f} ms")
    return Ratio.between(found[PROCESSOR, OURS], found[PROCESSOR, NGINX])


FIGURES = (
    Figure(
        name="304_vs_nginx",
        bound=0.8,
        is_least=True,
        measure=lambda scale: _against(NOT_MODIFIED, NGINX, scale),
    ),
    Figure(
        name="gzip_vs_nginx",
        bound=0.8,
        is_least=True,
        measure=lambda scale: _against(WHOLE, NGINX, scale),
    ),
    Figure(name="304_processor", bound=1.5, measure=_processor_time),
    Figure(
        name="vs_plain_flask",
        bound=5,
        is_least=True,
        measure=lambda scale: min(_against(case, FLASK, scale) for case in (NOT_MODIFIED, WHOLE)),
    ),
)
