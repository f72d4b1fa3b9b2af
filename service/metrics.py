"""Numbers for Prometheus. The only importer of its client library.

Nothing is counted here: all numbers are the store's, at the moment they are asked for. So every
process and machine says the same, and a restart loses nothing. Whether the store answers is each
process's own to say, and all that it says while the store does not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from feeds.model.feed import Format
from feeds.model.listing import FeedState
from feeds.model.subscription import HubTally


@dataclass(frozen=True, slots=True, kw_only=True)
class HubNumbers:
    """One hub, ours or another one."""

    hub: str  #: its URL
    tally: HubTally
    pings: Mapping[str, int]  #: topics by state
    pushes_missing: int
    median_delay: timedelta | None
    worst_delay: timedelta | None
    last_push_at: datetime | None
    standing: str
    canary: str | None  #: its state; None when there is none
    canary_expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The service at one moment."""

    version: str
    hubs: Sequence[HubNumbers]
    standings: Sequence[str]  #: all that there are
    canary_states: Sequence[str]  #: all that there are
    subscriptions: Mapping[tuple[str, Format, str], int]  #: by feed, format and state
    deliveries: Mapping[str, int]  #: subscribers by state
    pending: int  #: requests whose callbacks are still to be asked
    feeds: Sequence[FeedState]
    releases: int  #: that are public
    releases_unfiled: int
    releases_set_aside: int
    refusals: int
    worked_at: Mapping[str, datetime]  #: when a process of each role last did its work
    failing_since: Mapping[tuple[str, str], datetime]  #: by role and work, on this machine
    is_disk_writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAnswers:
    """Whether the store answers the process that is asked."""

    is_there: bool
    away_s: float  #: for how long it does not


Label = tuple[str, ...]
Sample = tuple[Label, float]
_Sets = Iterable[tuple[str, str, Sequence[str]]]  #: hub, the state that holds, all that there are


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition:
    """One metric: what it is called, what it means, and where it is read."""

    name: str  #: as it is exposed; a counter's ends in ``_total``
    help: str
    read: Callable[[Snapshot], Iterable[Sample]]
    labels: Label = ()
    is_for_all: bool = True  #: or for operators alone

    @property
    def is_counter(self) -> bool:
        """True for what only grows; else it is a gauge."""
        return self.name.endswith("_total")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMeasure:
    """A gauge of whether the store answers."""

    name: str
    help: str
    read: Callable[[StoreAnswers], float]


def _tallied(name: str, help_text: str, field: str) -> MetricDefinition:
    def read(seen: Snapshot) -> Iterator[Sample]:
        for one in seen.hubs:
            yield (one.hub,), getattr(one.tally, field)

    return MetricDefinition(name=name, help=help_text, read=read, labels=("hub",))


def _of_hubs(
    name: str, help_text: str, value: Callable[[HubNumbers], datetime | timedelta | float | None]
) -> MetricDefinition:
    """A metric of each hub that has it: what is not known is left out."""

    def read(seen: Snapshot) -> Iterator[Sample]:
        for one in seen.hubs:
            if (known := value(one)) is not None:
                yield (one.hub,), _number(known)

    return MetricDefinition(name=name, help=help_text, read=read, labels=("hub",))


def _plain(name: str, help_text: str, value: Callable[[Snapshot], float]) -> MetricDefinition:
    def read(seen: Snapshot) -> Iterator[Sample]:
        yield (), value(seen)

    return MetricDefinition(name=name, help=help_text, read=read)


def _number(value: datetime | timedelta | float) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _states(
    name: str, help_text: str, label: str, read: Callable[[Snapshot], _Sets]
) -> MetricDefinition:
    """A metric that is 1 for the state that holds, and 0 for all others."""

    def samples(seen: Snapshot) -> Iterator[Sample]:
        for hub, holding, states in read(seen):
            yield from (((hub, state), float(state == holding)) for state in states)

    return MetricDefinition(name=name, help=help_text, read=samples, labels=("hub", label))


def _standings(seen: Snapshot) -> _Sets:
    return [(one.hub, one.standing, seen.standings) for one in seen.hubs]


def _canaries(seen: Snapshot) -> _Sets:
    return [(one.hub, one.canary, seen.canary_states) for one in seen.hubs if one.canary]


def _pings(seen: Snapshot) -> Iterator[Sample]:
    for one in seen.hubs:
        yield from (((one.hub, state), count) for state, count in one.pings.items())


def _subscriptions(seen: Snapshot) -> Iterator[Sample]:
    for (feed, feed_format, state), count in seen.subscriptions.items():
        yield (feed, feed_format.value, state), count


def _deliveries(seen: Snapshot) -> Iterator[Sample]:
    yield from (((state,), count) for state, count in seen.deliveries.items())


def _modified(seen: Snapshot) -> Iterator[Sample]:
    for feed in seen.feeds:
        if feed.modified_at is not None:
            yield (feed.slug,), feed.modified_at.timestamp()


#: All metrics, in the order they are told. ``docs/hub-proof.md`` has the same list.
METRICS: tuple[MetricDefinition, ...] = (
    MetricDefinition(
        name="communique_build_info",
        help="Which version this is; always 1.",
        read=lambda seen: [((seen.version,), 1)],
        labels=("version",),
    ),
    _tallied("communique_hub_pings_sent_total", "Pings sent to a hub.", "pings_sent"),
    _tallied("communique_hub_pings_accepted_total", "Pings it accepted.", "pings_accepted"),
    MetricDefinition(
        name="communique_hub_topics",
        help="Topics by what the hub knows of them: told, waiting, due, retrying, failed.",
        read=_pings,
        labels=("hub", "state"),
    ),
    _tallied(
        "communique_hub_pushes_expected_total",
        "Editions a hub was told of while our canary was verified there.",
        "pushes_expected",
    ),
    _tallied(
        "communique_hub_pushes_seen_total",
        "And of these, those that arrived, be it with a later one.",
        "pushes_seen",
    ),
    _of_hubs(
        "communique_hub_pushes_missing",
        "Pushes that did not arrive in time, and still have not.",
        lambda one: None if one.canary is None else one.pushes_missing,
    ),
    _of_hubs(
        "communique_hub_push_delay_median_seconds",
        "From the ping to the push, in the middle, over the last 30 days.",
        lambda one: one.median_delay,
    ),
    _of_hubs(
        "communique_hub_push_delay_worst_seconds",
        "And at worst.",
        lambda one: one.worst_delay,
    ),
    _of_hubs(
        "communique_hub_last_push_timestamp_seconds",
        "When the last push arrived.",
        lambda one: one.last_push_at,
    ),
    _of_hubs(
        "communique_hub_last_failure_timestamp_seconds",
        "When a hub last failed; of ours, when a delivery last did.",
        lambda one: one.tally.last_failure_at,
    ),
    _states("communique_hub_standing", "How a hub does: 1 for what holds.", "standing", _standings),
    _states(
        "communique_hub_canary", "How far our canary is: 1 for what holds.", "state", _canaries
    ),
    _of_hubs(
        "communique_hub_canary_expires_timestamp_seconds",
        "When its lease is over, unless it is renewed.",
        lambda one: one.canary_expires_at,
    ),
    _tallied(
        "communique_hub_deliveries_sent_total", "Deliveries of our own hub.", "deliveries_sent"
    ),
    _tallied(
        "communique_hub_deliveries_accepted_total",
        "And of these, those that arrived.",
        "deliveries_accepted",
    ),
    _tallied(
        "communique_hub_verifications_sent_total",
        "Callbacks that our own hub asked to confirm a request.",
        "verifications_sent",
    ),
    _tallied(
        "communique_hub_verifications_confirmed_total",
        "And of these, those that did.",
        "verifications_confirmed",
    ),
    MetricDefinition(
        name="communique_subscriptions",
        help="Subscriptions at our own hub, by topic and state.",
        read=_subscriptions,
        labels=("feed", "format", "state"),
    ),
    MetricDefinition(
        name="communique_subscribers",
        help="Subscribers by how their deliveries stand: delivered, due, sending, retrying, "
        "suspended.",
        read=_deliveries,
        labels=("state",),
    ),
    _plain(
        "communique_subscription_requests_pending",
        "Requests whose callbacks are still to be asked.",
        lambda seen: seen.pending,
    ),
    _plain("communique_feeds", "Feeds.", lambda seen: len(seen.feeds)),
    _plain(
        "communique_feeds_stale",
        "Feeds whose next edition is due.",
        lambda seen: sum(feed.is_stale for feed in seen.feeds),
    ),
    _plain(
        "communique_feeds_in_trouble",
        "Feeds whose last regeneration failed; their last good edition is served.",
        lambda seen: sum(feed.trouble is not None for feed in seen.feeds),
    ),
    MetricDefinition(
        name="communique_feed_edition",
        help="Number of a feed's edition.",
        read=lambda seen: [((feed.slug,), feed.edition) for feed in seen.feeds],
        labels=("feed",),
    ),
    MetricDefinition(
        name="communique_feed_modified_timestamp_seconds",
        help="When a feed's documents last changed.",
        read=_modified,
        labels=("feed",),
    ),
    _plain("communique_releases", "Releases that are public.", lambda seen: seen.releases),
    _plain(
        "communique_releases_unfiled",
        "Releases with a name that no category claims.",
        lambda seen: seen.releases_unfiled,
    ),
    _plain(
        "communique_releases_set_aside",
        "Releases left out of a format because they could not be rendered.",
        lambda seen: seen.releases_set_aside,
    ),
    MetricDefinition(
        name="communique_process_worked_timestamp_seconds",
        help="When a process last did its work, by what it is for: jobs, hub.",
        read=lambda seen: [((role,), at.timestamp()) for role, at in seen.worked_at.items()],
        labels=("role",),
    ),
    MetricDefinition(
        name="communique_failing_since_timestamp_seconds",
        help="Since when work fails on this machine, by process and work; nothing while none does.",
        read=lambda seen: [(key, at.timestamp()) for key, at in seen.failing_since.items()],
        labels=("role", "work"),
    ),
    _plain(
        "communique_store_writable",
        "Whether the disk of an SQLite store can be written: 1, or 0 when it is full or read-only.",
        lambda seen: float(seen.is_disk_writable),
    ),
    # A document that is refused may be one under embargo, and nobody is to know that it came in.
    MetricDefinition(
        name="communique_refusals",
        help="Documents refused and not mended; for operators alone.",
        read=lambda seen: [((), seen.refusals)],
        is_for_all=False,
    ),
)


#: Of the process that is asked. They are told in any case.
STORE_MEASURES: tuple[StoreMeasure, ...] = (
    StoreMeasure(
        name="communique_store_up",
        help="1 while the store answers the web process that is asked, 0 while readers are "
        "answered from memory.",
        read=lambda store: float(store.is_there),
    ),
    StoreMeasure(
        name="communique_store_away_seconds",
        help="For how long the store does not answer the web process that is asked.",
        read=lambda store: store.away_s,
    ),
)


class _Board(Collector):
    """One snapshot, as the library reads it."""

    def __init__(
        self, seen: Snapshot | None, store: StoreAnswers, *, is_for_operator: bool
    ) -> None:
        self._seen = seen
        self._store = store
        self._shown = [one for one in METRICS if one.is_for_all or is_for_operator]

    def collect(self) -> Iterator[Metric]:
        """Give each metric with its samples."""
        for own in STORE_MEASURES:
            yield GaugeMetricFamily(own.name, own.help, value=own.read(self._store))
        if self._seen is None:
            return
        for one in self._shown:
            kind = CounterMetricFamily if one.is_counter else GaugeMetricFamily
            family = kind(one.name, one.help, labels=one.labels)
            for labels, value in one.read(self._seen):
                family.add_metric(labels, value)
            yield family


def exposition(
    seen: Snapshot | None, store: StoreAnswers, *, is_for_operator: bool, accept: str | None
) -> tuple[bytes, str]:
    """Write a snapshot for who asks.

    Args:
        seen: The numbers; None while the store does not answer.
        store: Whether it does.
        is_for_operator: With those that are not for all.
        accept: What is wanted: OpenMetrics, if it is named; else Prometheus's own text form.

    Returns:
        The text, and its media type.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Board(seen, store, is_for_operator=is_for_operator))
    write, media_type = choose_encoder(accept or "")
    return write(registry), media_type
