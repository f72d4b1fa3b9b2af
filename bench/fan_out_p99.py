"""How feeds are served while the hub distributes: their 99th percentile, over that without.

A web worker as it ships is asked for its document a thousand times a second. In every other round
the hub process, as the service runs it, sends a document of fifty entries to subscriber after
subscriber, without an end. Both have the one core that is measured. On the other one is wrk; and
the sink, which gets what wrk leaves: subscribers' servers are no part of this machine.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

from bench import servers
from bench.figure import Figure, Ratio, Unmeasurable, tell
from bench.hub import Hub, open_hub
from bench.load import Load, edition_builder, latency_ms, requests_a_second
from bench.load_p99 import SCRIPT
from bench.requests_a_second import PATH, SLUG
from bench.rounds import rounds_at, warm_up_before
from bench.sink import Sink, sink

FEED = "news"

#: More than can be served in a round.
SUBSCRIBERS = 20_000

CONNECTIONS = 32
RATE = 1_000
SECONDS = 2.0
ROUNDS = 5

#: Deliveries that have to be seen before it is said that there are some.
AT_LEAST = 100
WITHIN_S = 60.0

WITH, WITHOUT = "with", "without"


def measure(scale: float) -> float:
    """The 99th percentile with a distribution over that without; of several rounds, the middle."""
    rounds = rounds_at(scale, ROUNDS)
    warm_up = warm_up_before(rounds)
    seconds = max(1.0, SECONDS * min(1, scale))
    late: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    with ExitStack() as stack:
        to = stack.enter_context(sink())
        to.stand_back()
        hub = stack.enter_context(open_hub([FEED, SLUG], to))
        hub.subscribers.subscribe([FEED], max(5_000, round(SUBSCRIBERS * scale)))
        [content, _] = hub.publish(FEED, SLUG)
        hub.subscribers.owe(FEED, edition=content.edition)
        hub.subscribers.owe_nothing()
        served = stack.enter_context(servers.serving(hub.newsroom))
        stack.enter_context(servers.distributing(hub.newsroom))
        for number in range(warm_up + rounds):
            long = seconds if number >= warm_up else 1.0
            late[WITHOUT].append(_late_ms(WITHOUT, served.port, long))
            with _distribution(hub, to):
                late[WITH].append(_late_ms(WITH, served.port, long))
    with_ms, without_ms = (median(late[name][warm_up:]) for name in (WITH, WITHOUT))
    tell(f"99th percentile, in the middle: {with_ms:.3f} ms with, {without_ms:.3f} ms without")
    return Ratio.between(late[WITH][warm_up:], late[WITHOUT][warm_up:])


def _late_ms(name: str, port: int, seconds: float) -> float:
    load = Load(
        connections=CONNECTIONS,
        seconds=seconds,
        script=SCRIPT,
        arguments=(str(RATE), str(CONNECTIONS)),
    )
    told = edition_builder(f"http://127.0.0.1:{port}{PATH}", load)
    late = latency_ms(told, "99")
    tell(
        f"{name}: {requests_a_second(told):.0f} requests a second, "
        f"median {latency_ms(told, '50'):.3f} ms, 99th percentile {late:.3f} ms"
    )
    return late


@contextmanager
def _distribution(hub: Hub, to: Sink) -> Iterator[None]:
    """While the block runs, subscribers are being served."""
    before = to.count()
    hub.subscribers.owe_again()
    _await(lambda: to.count() > before + AT_LEAST, "nobody is served")
    begun, before = time.monotonic(), to.count()
    yield
    rate = (to.count() - before) / (time.monotonic() - begun)
    tell(f"{rate:.0f} deliveries a second")
    if not hub.subscribers.in_want():
        raise Unmeasurable("all were served before the round was over")
    hub.subscribers.owe_nothing()
    _await(lambda: not hub.subscribers.being_served(), "there is no end of it")


def _await(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            raise Unmeasurable(otherwise)
        time.sleep(0.1)


FIGURE = Figure(name="fan_out_p99", bound=2, measure=measure)
