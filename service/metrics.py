"""The metrics for Prometheus. This is the only module that imports its client library.

Nothing is counted here: all numbers are read from the store when they are requested. So all
processes and machines report the same numbers, and a restart loses none. Only whether the store
answers is reported by each process for itself; while it does not answer, nothing else is reported.
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
from feeds.model.upstream import Upstream, UpstreamSubscription


@dataclass(frozen=True, slots=True, kw_only=True)
class HubNumbers:
    """The numbers of one hub: our own or another one."""

    hub: str  #: its URL
    tally: HubTally
    pings: Mapping[str, int]  #: topics by state
    pushes_missing: int
    median_delay: timedelta | None
    worst_delay: timedelta | None
    last_push_at: datetime | None
    standing: str
    canary: str | None  #: the state of the canary subscription; None if there is none
    canary_expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The numbers of the service at one moment."""

    version: str
    hubs: Sequence[HubNumbers]
    standings: Sequence[str]  #: all possible values
    canary_states: Sequence[str]  #: all possible values
    subscriptions: Mapping[tuple[str, Format, str], int]  #: by feed, format and state
    deliveries: Mapping[str, int]  #: subscribers by state
    pending: int  #: requests whose callbacks have not been verified yet
    feeds: Sequence[FeedState]
    releases: int  #: the public ones
    media: int  #: stored pictures and files, public or not
    media_bytes: int
    missing_feeds: int  #: addresses that look like a feed's, were asked for, and lead nowhere
    releases_unfiled: int
    releases_set_aside: int
    refusals: int
    worked_at: Mapping[str, datetime]  #: when a process of each role last completed its work
    failing_since: Mapping[tuple[str, str], datetime]  #: by role and work, on this machine
    is_disk_writable: bool
    ping_due_since: datetime | None  #: of the ping that has waited longest
    delivery_due_since: datetime | None  #: of the delivery that has waited longest
    alarms_open: Mapping[str, int]  #: by kind, of all kinds
    channels_failing_since: Mapping[str, datetime]  #: channels of alarms, by name
    upstreams: Sequence[Upstream]
    upstream_subscriptions: Sequence[UpstreamSubscription]
    last_backup_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAnswers:
    """Whether the store answers this process."""

    is_there: bool
    away_s: float  #: for how long it has not answered; 0 while it answers


Label = tuple[str, ...]
Sample = tuple[Label, float]
_HubStates = Iterable[tuple[str, str, Sequence[str]]]  #: hub, current state, all possible states


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition:
    """One metric: its name, its meaning, and how it is read from a snapshot."""

    name: str  #: as exposed; the name of a counter ends in ``_total``
    help: str
    read: Callable[[Snapshot], Iterable[Sample]]
    labels: Label = ()
    is_for_all: bool = True  #: False: for operators only

    @property
    def is_counter(self) -> bool:
        """Whether the value only grows; otherwise the metric is a gauge."""
        return self.name.endswith("_total")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMeasure:
    """A gauge about whether the store answers this process."""

    name: str
    help: str
    read: Callable[[StoreAnswers], float]


def _tally_metric(name: str, help_text: str, field: str) -> MetricDefinition:
    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for one in snapshot.hubs:
            yield (one.hub,), getattr(one.tally, field)

    return MetricDefinition(name=name, help=help_text, read=read, labels=("hub",))


def _hub_metric(
    name: str, help_text: str, value: Callable[[HubNumbers], datetime | timedelta | float | None]
) -> MetricDefinition:
    """Returns a metric with one sample for each hub whose value is known."""

    def read(snapshot: Snapshot) -> Iterator[Sample]:
        for one in snapshot.hubs:
            if (known := value(one)) is not None:
                yield (one.hub,), _number(known)

    return MetricDefinition(name=name, help=help_text, read=read, labels=("hub",))


def _single_metric(
    name: str, help_text: str, value: Callable[[Snapshot], float]
) -> MetricDefinition:
    def read(snapshot: Snapshot) -> Iterator[Sample]:
        yield (), value(snapshot)

    return MetricDefinition(name=name, help=help_text, read=read)


def _number(value: datetime | timedelta | float) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _state_metric(
    name: str, help_text: str, label: str, read: Callable[[Snapshot], _HubStates]
) -> MetricDefinition:
    """Returns a metric that is 1 for the current state of a hub and 0 for all others."""

    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        for hub, holding, states in read(snapshot):
            yield from (((hub, state), float(state == holding)) for state in states)

    return MetricDefinition(name=name, help=help_text, read=samples, labels=("hub", label))


def _standings(snapshot: Snapshot) -> _HubStates:
    return [(one.hub, one.standing, snapshot.standings) for one in snapshot.hubs]


def _canaries(snapshot: Snapshot) -> _HubStates:
    return [(one.hub, one.canary, snapshot.canary_states) for one in snapshot.hubs if one.canary]


def _pings(snapshot: Snapshot) -> Iterator[Sample]:
    for one in snapshot.hubs:
        yield from (((one.hub, state), count) for state, count in one.pings.items())


def _subscriptions(snapshot: Snapshot) -> Iterator[Sample]:
    for (feed, feed_format, state), count in snapshot.subscriptions.items():
        yield (feed, feed_format.value, state), count


def _deliveries(snapshot: Snapshot) -> Iterator[Sample]:
    yield from (((state,), count) for state, count in snapshot.deliveries.items())


def _modified(snapshot: Snapshot) -> Iterator[Sample]:
    for feed in snapshot.feeds:
        if feed.modified_at is not None:
            yield (feed.slug,), feed.modified_at.timestamp()


def _stale_since(snapshot: Snapshot) -> Iterator[Sample]:
    for feed in snapshot.feeds:
        if feed.is_stale and feed.stale_since is not None:
            yield (feed.slug,), feed.stale_since.timestamp()


def _upstream_metric(
    name: str, help_text: str, read: Callable[[Upstream], float | None]
) -> MetricDefinition:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        for one in snapshot.upstreams:
            value = read(one)
            if value is not None:
                yield (one.slug,), value

    # Whom a newsroom carries is public; how that goes is not.
    help_text = f"{help_text}; shown to operators only."
    return MetricDefinition(
        name=name, help=help_text, read=samples, labels=("upstream",), is_for_all=False
    )


def _push_metric(
    name: str, help_text: str, read: Callable[[UpstreamSubscription], int]
) -> MetricDefinition:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        by_hub: dict[str, int] = {}
        for one in snapshot.upstream_subscriptions:
            by_hub[one.hub] = by_hub.get(one.hub, 0) + read(one)
        yield from (((hub,), count) for hub, count in by_hub.items())

    help_text = f"{help_text}; shown to operators only."
    return MetricDefinition(
        name=name, help=help_text, read=samples, labels=("hub",), is_for_all=False
    )


def _left_out(snapshot: Snapshot) -> Iterator[Sample]:
    for one in snapshot.upstreams:
        yield from (((one.slug, reason), count) for reason, count in one.left_out.items())


def _due_since(snapshot: Snapshot) -> Iterator[Sample]:
    due = (("ping", snapshot.ping_due_since), ("delivery", snapshot.delivery_due_since))
    yield from (((what,), since.timestamp()) for what, since in due if since is not None)


#: All metrics, in the order of their output. ``docs/hub-proof.md`` has the same list.
METRICS: tuple[MetricDefinition, ...] = (
    MetricDefinition(
        name="communique_build_info",
        help="The running version, as a label; always 1.",
        read=lambda snapshot: [((snapshot.version,), 1)],
        labels=("version",),
    ),
    _tally_metric("communique_hub_pings_sent_total", "Pings sent to a hub.", "pings_sent"),
    _tally_metric(
        "communique_hub_pings_accepted_total", "Pings that a hub accepted.", "pings_accepted"
    ),
    MetricDefinition(
        name="communique_hub_topics",
        help="Topics by the state of their pings: told (accepted), waiting, due, retrying, failed.",
        read=_pings,
        labels=("hub", "state"),
    ),
    _tally_metric(
        "communique_hub_pushes_expected_total",
        "Editions that a hub was pinged about while the canary subscription was active there.",
        "pushes_expected",
    ),
    _tally_metric(
        "communique_hub_pushes_seen_total",
        "Expected pushes that arrived at the canary, alone or within a later push.",
        "pushes_seen",
    ),
    _hub_metric(
        "communique_hub_pushes_missing",
        "Expected pushes that are overdue and have not arrived.",
        lambda one: None if one.canary is None else one.pushes_missing,
    ),
    _hub_metric(
        "communique_hub_push_delay_median_seconds",
        "Median time from ping to push over the last 30 days.",
        lambda one: one.median_delay,
    ),
    _hub_metric(
        "communique_hub_push_delay_worst_seconds",
        "Longest time from ping to push over the last 30 days.",
        lambda one: one.worst_delay,
    ),
    _hub_metric(
        "communique_hub_last_push_timestamp_seconds",
        "When the last push from a hub arrived at the canary.",
        lambda one: one.last_push_at,
    ),
    _hub_metric(
        "communique_hub_last_failure_timestamp_seconds",
        "When a ping to a hub last failed; for our own hub, when a delivery last failed.",
        lambda one: one.tally.last_failure_at,
    ),
    _state_metric(
        "communique_hub_standing",
        "Health of a hub: 1 for the current standing, 0 for the others.",
        "standing",
        _standings,
    ),
    _state_metric(
        "communique_hub_canary",
        "State of the canary subscription at a hub: 1 for the current state, 0 for the others.",
        "state",
        _canaries,
    ),
    _hub_metric(
        "communique_hub_canary_expires_timestamp_seconds",
        "When the lease of the canary subscription ends unless it is renewed.",
        lambda one: one.canary_expires_at,
    ),
    _tally_metric(
        "communique_hub_deliveries_sent_total", "Deliveries sent by our own hub.", "deliveries_sent"
    ),
    _tally_metric(
        "communique_hub_deliveries_accepted_total",
        "Deliveries of our own hub that subscribers accepted.",
        "deliveries_accepted",
    ),
    _tally_metric(
        "communique_hub_verifications_sent_total",
        "Verification requests that our own hub sent to callbacks.",
        "verifications_sent",
    ),
    _tally_metric(
        "communique_hub_verifications_confirmed_total",
        "Verification requests of our own hub that callbacks confirmed.",
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
        help="Subscribers by the state of their deliveries: delivered, due, sending, retrying, "
        "suspended.",
        read=_deliveries,
        labels=("state",),
    ),
    _single_metric(
        "communique_subscription_requests_pending",
        "Subscription requests whose callbacks have not been verified yet.",
        lambda snapshot: snapshot.pending,
    ),
    _single_metric("communique_feeds", "Number of feeds.", lambda snapshot: len(snapshot.feeds)),
    _single_metric(
        "communique_feeds_stale",
        "Feeds whose next edition is due.",
        lambda snapshot: sum(feed.is_stale for feed in snapshot.feeds),
    ),
    _single_metric(
        "communique_feeds_in_trouble",
        "Feeds whose last regeneration failed; their last good edition is served.",
        lambda snapshot: sum(feed.trouble is not None for feed in snapshot.feeds),
    ),
    MetricDefinition(
        name="communique_feed_edition",
        help="Number of a feed's current edition.",
        read=lambda snapshot: [((feed.slug,), feed.edition) for feed in snapshot.feeds],
        labels=("feed",),
    ),
    MetricDefinition(
        name="communique_feed_modified_timestamp_seconds",
        help="When a feed's documents last changed.",
        read=_modified,
        labels=("feed",),
    ),
    MetricDefinition(
        name="communique_feed_stale_since_timestamp_seconds",
        help="Since when a feed has waited for its next edition; absent if it does not wait.",
        read=_stale_since,
        labels=("feed",),
    ),
    MetricDefinition(
        name="communique_due_since_timestamp_seconds",
        help="Since when the oldest due ping or delivery has waited; absent if none is due.",
        read=_due_since,
        labels=("what",),
    ),
    _single_metric(
        "communique_releases", "Number of public releases.", lambda snapshot: snapshot.releases
    ),
    MetricDefinition(
        name="communique_media",
        help="Number of pictures and files that are stored; shown to operators only.",
        read=lambda snapshot: [((), snapshot.media)],
        is_for_all=False,  # releases under embargo have some
    ),
    MetricDefinition(
        name="communique_media_bytes",
        help="Bytes of stored pictures and files; shown to operators only.",
        read=lambda snapshot: [((), snapshot.media_bytes)],
        is_for_all=False,  # releases under embargo have some
    ),
    _single_metric(
        "communique_missing_feeds",
        "Addresses that look like a feed's, were asked for within 7 days, and lead nowhere.",
        lambda snapshot: snapshot.missing_feeds,
    ),
    _single_metric(
        "communique_releases_unfiled",
        "Releases with a category name that matches no category.",
        lambda snapshot: snapshot.releases_unfiled,
    ),
    _single_metric(
        "communique_releases_set_aside",
        "Releases left out of a format because they could not be rendered.",
        lambda snapshot: snapshot.releases_set_aside,
    ),
    MetricDefinition(
        name="communique_process_worked_timestamp_seconds",
        help="When a process of a role (jobs, hub) last completed its work.",
        read=lambda snapshot: [
            ((role,), at.timestamp()) for role, at in snapshot.worked_at.items()
        ],
        labels=("role",),
    ),
    MetricDefinition(
        name="communique_failing_since_timestamp_seconds",
        help="Since when work has been failing here, by role and work; absent if none fails.",
        read=lambda snapshot: [(key, at.timestamp()) for key, at in snapshot.failing_since.items()],
        labels=("role", "work"),
    ),
    _single_metric(
        "communique_store_writable",
        "1 if the disk of an SQLite store can be written, 0 if it is full or read-only.",
        lambda snapshot: float(snapshot.is_disk_writable),
    ),
    # A refused document may be under embargo: only operators may know that it was submitted.
    MetricDefinition(
        name="communique_refusals",
        help="Refused documents that have not been corrected; shown to operators only.",
        read=lambda snapshot: [((), snapshot.refusals)],
        is_for_all=False,
    ),
    MetricDefinition(
        name="communique_alarms_open",
        help="Open alarms, by kind; shown to operators only.",
        read=lambda snapshot: [((kind,), count) for kind, count in snapshot.alarms_open.items()],
        labels=("kind",),
        is_for_all=False,
    ),
    MetricDefinition(
        name="communique_alarm_channel_failing_since_timestamp_seconds",
        help="Since when a channel of alarms has failed, absent if it works; shown to operators "
        "only.",
        read=lambda snapshot: [
            ((channel,), at.timestamp()) for channel, at in snapshot.channels_failing_since.items()
        ],
        labels=("channel",),
        is_for_all=False,
    ),
    _upstream_metric(
        "communique_upstream_polls_total",
        "Polls of an upstream that got its feed, or that it is unchanged",
        lambda one: one.polls,
    ),
    _upstream_metric(
        "communique_upstream_not_modified_total",
        "Polls of an upstream that were answered 304",
        lambda one: one.not_modified,
    ),
    _upstream_metric(
        "communique_upstream_taken_total",
        "Items of an upstream that became releases",
        lambda one: one.taken,
    ),
    _upstream_metric(
        "communique_upstream_corrected_total",
        "Corrections that came from an upstream",
        lambda one: one.corrected,
    ),
    MetricDefinition(
        name="communique_upstream_left_out_total",
        help="Items of an upstream that were not taken, by reason; shown to operators only.",
        read=_left_out,
        labels=("upstream", "reason"),
        is_for_all=False,
    ),
    _upstream_metric(
        "communique_upstream_failures",
        "Failed polls of an upstream in a row; 0 if the last one succeeded",
        lambda one: one.failures,
    ),
    _upstream_metric(
        "communique_upstream_last_success_timestamp_seconds",
        "When an upstream was last polled successfully, absent before the first time",
        lambda one: None if one.last_success_at is None else one.last_success_at.timestamp(),
    ),
    _push_metric(
        "communique_upstream_pushes_total",
        "Documents that the hub of upstreams has pushed here",
        lambda one: one.pushes,
    ),
    _push_metric(
        "communique_upstream_came_by_push_total",
        "Items that the hub of upstreams has brought",
        lambda one: one.came_by_push,
    ),
    _push_metric(
        "communique_upstream_missed_total",
        "Items that a poll found although the hub had promised to push them",
        lambda one: one.missed,
    ),
    MetricDefinition(
        name="communique_last_backup_timestamp_seconds",
        help="When the last backup was taken, absent before the first; shown to operators only.",
        read=lambda snapshot: [
            ((), at.timestamp()) for at in [snapshot.last_backup_at] if at is not None
        ],
        is_for_all=False,
    ),
)


#: Gauges of the process that answers. They are reported even while the store does not answer.
STORE_MEASURES: tuple[StoreMeasure, ...] = (
    StoreMeasure(
        name="communique_store_up",
        help="1 while the store answers this web process, 0 while readers are "
        "answered from memory.",
        read=lambda store: float(store.is_there),
    ),
    StoreMeasure(
        name="communique_store_away_seconds",
        help="How long the store has not answered this web process; 0 while it answers.",
        read=lambda store: store.away_s,
    ),
)


class _SnapshotCollector(Collector):
    """One snapshot, in the form that the client library reads."""

    def __init__(
        self, snapshot: Snapshot | None, store: StoreAnswers, *, is_for_operator: bool
    ) -> None:
        self._snapshot = snapshot
        self._store = store
        self._shown = [one for one in METRICS if one.is_for_all or is_for_operator]

    def collect(self) -> Iterator[Metric]:
        """Yields each metric with its samples."""
        for own in STORE_MEASURES:
            yield GaugeMetricFamily(own.name, own.help, value=own.read(self._store))
        if self._snapshot is None:
            return
        for one in self._shown:
            kind = CounterMetricFamily if one.is_counter else GaugeMetricFamily
            family = kind(one.name, one.help, labels=one.labels)
            for labels, value in one.read(self._snapshot):
                family.add_metric(labels, value)
            yield family


def exposition(
    snapshot: Snapshot | None, store: StoreAnswers, *, is_for_operator: bool, accept: str | None
) -> tuple[bytes, str]:
    """Returns the text of a snapshot.

    Args:
        snapshot: The numbers; None while the store does not answer.
        store: Whether the store answers.
        is_for_operator: Whether to include the metrics for operators only.
        accept: The request's ``Accept``: OpenMetrics if it is named, else Prometheus's text format.

    Returns:
        The text, and its media type.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_SnapshotCollector(snapshot, store, is_for_operator=is_for_operator))
    write, media_type = choose_encoder(accept or "")
    return write(registry), media_type
