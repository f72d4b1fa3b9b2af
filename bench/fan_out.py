"""One update to 2,000 subscribers: ours, against a bare loop of libcurl and against requests.

Ours is what the hub process does (`service.wiring.deliveries`), from the moment that the edition is
owed (`Deliveries.open`) until the last result is stored: it claims, signs for each subscriber with
his own secret, sends, and writes down how it went, in an SQLite file with the settings of the
service. The document is a real one of fifty entries.

The bare loop posts the same bytes to the same callbacks by the same library, as many at a time. The
other peer is a pool of threads, with a session of requests each, in the number that is best here.
Neither signs or stores anything. All begin without a connection.

A small document of three entries is distributed by ours and by the bare loop, and what each of the
two takes of a processor is measured as well.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from time import process_time

from bench import plain_pycurl, plain_requests
from bench.figure import Figure, Unmeasurable, tell
from bench.hub import LARGE, SMALL, Hub, as_in_the_hub_process, open_hub
from bench.rounds import Medians, medians_ms, rounds_at, timed_ms, warm_up_before
from bench.sink import Sink, sink
from service.websub.hub.distributor import signature

FEED = "news"
SUBSCRIBERS = 2_000
ROUNDS = 5

#: Of requests. The best of them takes part, in fewer rounds: it is far behind, and takes long.
THREADS = (8, 16, 32, 64)
POOL_ROUNDS = 1

OURS, BARE, POOL = "ours", "libcurl alone", "requests"
SIGNING = "signatures alone"

#: What ours sends, in length; the peers do not sign.
SIGNATURE = f"X-Hub-Signature: sha256={'0' * 64}"


class Contest:
    """The turns of all three. Ours publishes first; the peers repeat what it sent."""

    def __init__(self, hub: Hub, to: Sink, *, subscribers: int) -> None:
        self._hub = hub
        self._sink = to
        self._callbacks = [to.callback(number) for number in range(1, subscribers + 1)]
        self._at_once = hub.newsroom.rooms.settings.own_hub.deliveries_at_once
        hub.subscribers.subscribe([FEED], subscribers)
        [self.content] = hub.publish(FEED)
        #: What each turn took of a processor, by all threads of this process, by contender.
        self.worked_ms: Mapping[str, list[float]] = {OURS: [], BARE: [], POOL: []}

    def ours(self) -> float:
        """Distribute a new edition. Milliseconds."""
        [self.content] = self._hub.publish(FEED)
        with as_in_the_hub_process():
            took = self._timed(OURS, lambda: self._hub.distribute(self.content))
        self._hub.subscribers.require_served()
        return took

    def bare(self) -> float:
        """Post the same. Milliseconds."""
        headers = [*self.content.headers, SIGNATURE]
        return self._timed(
            BARE,
            lambda: plain_pycurl.deliver(
                self._callbacks, self.content.body, headers, at_once=self._at_once
            ),
        )

    def signing(self) -> float:
        """Sign the same, with a secret for each. Milliseconds."""
        secrets = [f"known to number {number:015}" for number in range(len(self._callbacks))]
        body = self.content.body
        return timed_ms(lambda: [signature("sha256", secret, body) for secret in secrets])

    def pool(self, threads: int, share: int = 1) -> float:
        """Post the same to one in so many of them. Milliseconds."""
        headers = dict(line.split(": ", 1) for line in (*self.content.headers, SIGNATURE))
        to = self._callbacks[::share]
        return self._timed(
            POOL,
            lambda: plain_requests.deliver(to, self.content.body, headers, threads=threads),
            to=to,
        )

    def _timed(
        self, name: str, deliver: Callable[[], object], *, to: Sequence[str] | None = None
    ) -> float:
        expected = len(self._callbacks if to is None else to)
        before = self._sink.count()
        begun = process_time()
        took = timed_ms(deliver)
        self.worked_ms[name].append((process_time() - begun) * 1000)
        arrived = self._sink.count() - before - 1
        if arrived != expected:
            raise Unmeasurable(f"of {expected} deliveries {arrived} arrived")
        return took


@cache
def times_ms(scale: float) -> tuple[Medians, Medians]:
    """Milliseconds for all deliveries, by contender: without requests, and ours and requests."""
    subscribers = max(10, round(SUBSCRIBERS * scale))
    with sink() as to, open_hub([FEED], to) as hub:
        contest = Contest(hub, to, subscribers=subscribers)
        turns = {OURS: contest.ours, BARE: contest.bare, SIGNING: contest.signing}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
        threads = _best_number(contest, THREADS if scale >= 1 else THREADS[:1])
        with_pool = {OURS: contest.ours, POOL: lambda: contest.pool(threads)}
        against_pool = medians_ms(with_pool, rounds=rounds_at(scale, POOL_ROUNDS))
        tell(f"{LARGE.entries} entries, {len(contest.content.body)} bytes")
    _tell_each(medians, subscribers)
    tell(f"libcurl alone and signatures alone over ours: {_signed(medians):.3f}")
    _tell_each(against_pool, subscribers)
    return medians, against_pool


def _signed(medians: Medians) -> float:
    return (medians[BARE] + medians[SIGNING]) / medians[OURS]


@cache
def small_times_ms(scale: float) -> tuple[Medians, Medians]:
    """The same of a small document, without requests; and the time of a processor."""
    subscribers = max(10, round(SUBSCRIBERS * scale))
    with sink() as to, open_hub([FEED], to, size=SMALL) as hub:
        contest = Contest(hub, to, subscribers=subscribers)
        rounds = rounds_at(scale, ROUNDS)
        medians = medians_ms({OURS: contest.ours, BARE: contest.bare}, rounds=rounds)
        warm_up = warm_up_before(rounds)
        worked = Medians({name: contest.worked_ms[name][warm_up:] for name in medians})
        tell(f"{SMALL.entries} entries, {len(contest.content.body)} bytes")
    _tell_each(medians, subscribers)
    for name, took in worked.items():
        tell(f"{name}: {took / subscribers:.3f} ms of a processor for each")
    return medians, worked


def _tell_each(medians: Medians, subscribers: int) -> None:
    for name, took in medians.items():
        each = took / subscribers
        tell(f"{name}: {1000 / each:.0f} deliveries a second, {each:.3f} ms each")


def _best_number(contest: Contest, numbers: Sequence[int]) -> int:
    """Try some numbers of threads with an eighth of the subscribers; says which was fastest."""
    took = {number: contest.pool(number, share=8) for number in numbers}
    tried = ", ".join(f"{number} threads {took[number]:.0f} ms" for number in numbers)
    tell(f"{POOL}: {tried}")
    return min(took, key=took.__getitem__)


def small_vs_bare(scale: float) -> float:
    """How many of a small document, over libcurl alone."""
    medians, _ = small_times_ms(scale)
    return medians.over(BARE, OURS)


def processor(scale: float) -> float:
    """The time of a processor for a delivery of a small document, over libcurl alone."""
    _, worked = small_times_ms(scale)
    return worked.over(OURS, BARE)


FIGURES = (
    Figure(
        name="fan_out_vs_bare",
        bound=0.6,
        is_least=True,
        measure=lambda scale: times_ms(scale)[0].over(BARE, OURS),
    ),
    Figure(
        name="fan_out_vs_requests",
        bound=3,
        is_least=True,
        measure=lambda scale: times_ms(scale)[1].over(POOL, OURS),
    ),
    Figure(name="fan_out_small", bound=0.65, is_least=True, measure=small_vs_bare),
    Figure(name="fan_out_processor", bound=1.8, measure=processor),
)
