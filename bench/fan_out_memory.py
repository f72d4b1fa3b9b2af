"""What the hub process grows by in a distribution, to 2,000 subscribers and to 20,000.

Measured is the most that it has resident until the last result is stored, less what it had when it
was idle: after its start, and after a distribution to a single subscriber. The larger of the two.
"""

import time
from contextlib import ExitStack

from bench import memory, servers
from bench.figure import Figure, Unmeasurable, tell
from bench.hub import Hub, open_hub
from bench.processor import ALONE, Processors, since_ms, worked_in_all_ms
from bench.sink import sink

FEED, QUIET_FEED = "news", "quiet"
SUBSCRIBERS = (2_000, 20_000)

#: In a distribution.
GROWN = "memory of the hub more than idle, MiB"

#: A busy machine takes its time; nothing is measured in seconds here.
WITHIN_S = 1800.0


def measure(scale: float) -> float:
    """Resident MiB beyond idle."""
    counts = [max(10, round(count * scale)) for count in SUBSCRIBERS]
    return max(distributed(count)[GROWN] for count in counts)


def distributed(
    subscribers: int, *, store_url: str | None = None, processors: Processors = ALONE
) -> dict[str, float]:
    """What a distribution to so many subscribers of one feed takes."""
    with ExitStack() as stack:
        to = stack.enter_context(sink())
        hub = stack.enter_context(open_hub([FEED, QUIET_FEED], to, store_url=store_url))
        hub.subscribers.subscribe([QUIET_FEED], 1)
        process = stack.enter_context(servers.distributing(hub.newsroom, begins_anew=True))
        _distribute(hub, QUIET_FEED)
        idle = memory.resident_bytes(process.pid)
        hub.subscribers.subscribe([FEED], subscribers)
        memory.forget_most(process.pid)
        before = worked_in_all_ms(process.pid, processors.server)
        # Counting many takes a server's time.
        took_s = _distribute(hub, FEED, look_every_s=max(0.1, subscribers / 100_000))
        worked = since_ms(before, worked_in_all_ms(process.pid, processors.server))
        grown = memory.most_resident_bytes(process.pid) - idle
    tell(
        f"{subscribers} subscribers: idle {idle / memory.MIB:.1f} MiB, at the most {grown} bytes "
        f"more; {1000 * took_s / subscribers:.3f} ms a delivery"
    )
    return {
        "a delivery, ms of processors": worked / subscribers,
        "a delivery, ms of the clock": 1000 * took_s / subscribers,
        GROWN: grown / memory.MIB,
    }


def _distribute(hub: Hub, feed: str, *, look_every_s: float = 0.1) -> float:
    """Wait until all have the next edition. Seconds."""
    [content] = hub.publish(feed)
    begun = time.monotonic()
    hub.subscribers.owe(feed, edition=content.edition)
    while hub.subscribers.in_want():
        if time.monotonic() - begun > WITHIN_S:
            raise Unmeasurable(f"{hub.subscribers.in_want()} subscribers wait for {WITHIN_S:g} s")
        time.sleep(look_every_s)
    hub.subscribers.require_served()
    return time.monotonic() - begun


FIGURE = Figure(name="fan_out_memory", bound=64, measure=measure)
