"""What a delivery costs in a hub with very many subscriptions.

The same distribution, to 1,000 subscribers with secrets, in a store of 100,000 subscriptions to
100 feeds and in one of 1,000 to a single feed. In the large store subscribers came to all feeds in
turn, and each round serves those of another feed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from bench.figure import Figure, tell
from bench.hub import Hub, as_in_the_hub_process, open_hub
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.sink import Sink, sink

SUBSCRIBERS_A_FEED = 1_000
FEEDS = 100

#: Of the large store. These have editions; the others have subscribers.
FEEDS_SERVED = 5

ROUNDS = 7


class Turns:
    """Distributions in one store."""

    def __init__(self, hub: Hub, served: Sequence[str]) -> None:
        self._hub = hub
        self._served = cycle(served)

    def distribute(self) -> float:
        """Distribute a new edition of the next feed. Milliseconds."""
        [content] = self._hub.publish(next(self._served))
        with as_in_the_hub_process():
            took = timed_ms(lambda: self._hub.distribute(content))
        self._hub.subscribers.require_served()
        return took


def measure(scale: float) -> float:
    """The large store's time over the small one's."""
    subscribers = max(10, round(SUBSCRIBERS_A_FEED * scale))
    feeds = [f"subject-{number}" for number in range(FEEDS)]
    with (
        sink() as to,
        _filled(to, feeds, FEEDS_SERVED, subscribers) as large,
        _filled(to, feeds[:1], 1, subscribers) as small,
    ):
        turns = {"large": large.distribute, "small": small.distribute}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    for (name, took), count in zip(medians.items(), (FEEDS, 1), strict=True):
        stored = subscribers * count
        tell(f"{name} store, {stored} subscriptions: {took / subscribers:.3f} ms a delivery")
    return medians.over("large", "small")


@contextmanager
def _filled(to: Sink, feeds: Sequence[str], served: int, subscribers: int) -> Iterator[Turns]:
    with open_hub(feeds, to, filled=feeds[:served]) as hub:
        hub.subscribers.subscribe(feeds, subscribers * len(feeds))
        yield Turns(hub, feeds[:served])


FIGURE = Figure(name="fan_out_at_scale", bound=1.5, measure=measure)
