"""What it costs the reader to be counted: the same requests with counting on, over off.

Two web processes on one core, in turns, in one run; wrk on the other core. How many requests are
answered is taken of a second of the processor: on a machine where others work, one of the clock
says nothing of three parts in a hundred. Counts are stored meanwhile, as they are in service.
"""

from contextlib import ExitStack
from functools import cache
from statistics import median

from bench import servers
from bench.figure import Figure, Ratio, tell
from bench.load import Load, edition_builder, latency_ms, requests_a_second
from bench.processor import worked_ms
from bench.requests_a_second import PATH, SLUG, fill
from bench.rounds import rounds_at

ROUNDS = 5
SECONDS = 1.0
CONNECTIONS = 64
SCRIPT = servers.ROOT / "bench" / "load.lua"
#: The load at which the 99th percentile is taken, of what can be done without counting.
SHARE = 0.7

ON, OFF = "counted", "not counted"


@cache
def measured(scale: float) -> tuple[Ratio, ...]:
    """Requests a second at the most, and the 99th percentile under load: counted over not."""
    rounds = rounds_at(scale, ROUNDS)
    seconds = max(1.0, SECONDS * min(1, scale))
    rates: dict[str, list[float]] = {ON: [], OFF: []}
    late: dict[str, list[float]] = {ON: [], OFF: []}
    reached: list[float] = []
    with ExitStack() as stack:
        ports, processes, tags = {}, {}, {}
        for name in (ON, OFF):
            served = stack.enter_context(servers.counting([SLUG], counted=name == ON))
            fill(served)
            ports[name], processes[name] = served.port, served.process_id
            for _ in range(3):  # until it comes out of memory
                _, fields = servers.ask(served.port, PATH, Accept_Encoding="gzip")
            tags[name] = fields["etag"]  # addresses in the documents differ
        for turn in range(rounds):
            # Whoever is first in one round is second in the next one.
            names = (ON, OFF) if turn % 2 else (OFF, ON)
            for name in names:
                url = f"http://127.0.0.1:{ports[name]}{PATH}"
                load = Load(seconds=seconds)
                before_ms = worked_ms(processes[name])
                told = edition_builder(url, load, If_None_Match=tags[name])
                used_s = (worked_ms(processes[name]) - before_ms) / 1000
                reached.append(requests_a_second(told))
                rates[name].append(reached[-1] * seconds / used_s)
            pace = SHARE * median(reached)
            for name in names:
                url = f"http://127.0.0.1:{ports[name]}{PATH}"
                paced = Load(
                    connections=CONNECTIONS,
                    seconds=seconds,
                    script=SCRIPT,
                    arguments=(f"{pace:.0f}", str(CONNECTIONS)),
                )
                late[name].append(latency_ms(edition_builder(url, paced), "99"))
    for name in (ON, OFF):
        tell(
            f"{name}: {median(rates[name]):.0f} requests with 304 a second of the "
            f"processor; 99th percentile {median(late[name]):.3f} ms"
        )
    # Of pairs that were measured side by side: another's work on this machine meets both.
    return tuple(
        Ratio.of([one / other for one, other in zip(each[ON], each[OFF], strict=True)])
        for each in (rates, late)
    )


def rate(scale: float) -> float:
    """Requests a second with counting, over those without."""
    return measured(scale)[0]


def lateness(scale: float) -> float:
    """The 99th percentile with counting, over that without."""
    return measured(scale)[1]


FIGURES = (
    Figure(name="counted_304", bound=0.97, is_least=True, measure=rate),
    Figure(name="counted_p99", bound=1.1, measure=lateness),
)
