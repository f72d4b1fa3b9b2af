"""Pages for operators: the hub's status, and metrics."""

import json
import re
import threading
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any, Generic, TypeVar

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from feeds.errors import StoreUnavailable
from feeds.model.alarm import AlarmKind
from feeds.model.feed import Format
from feeds.model.listing import ProcessState
from feeds.model.subscription import CanaryState, DeliveryState
from feeds.model.token import Action
from feeds.store.database import Database, Transaction
from service.failures import Failure
from service.http_rules import prefers_html
from service.metrics import HubNumbers, Snapshot, StoreAnswers, exposition
from service.redirects import MISSING_WITHIN, read_missing, read_redirects
from service.tokens import hash_of
from service.web.page_language import SOURCE_LANGUAGE
from service.web.rendering import render_page
from service.web.request_context import RequestContext, app_state, request_context
from service.websub.hub_health import HubHealth, HubReport, Report, report

# Authentication of operators: they have a token for the action ``operate``.

#: RFC 7617 section 2 and RFC 6750 section 2.1.
_CREDENTIALS = re.compile(r"(basic|bearer) +([A-Za-z0-9._~+/-]{1,500}=*) *", re.IGNORECASE)
_CHALLENGE = 'Basic realm="communique", charset="UTF-8"'


class TokenRequired(Unauthorized):
    """The request has no valid credentials: a browser then asks for the token."""

    description = (
        "the password is a token that is made by: communique token make NAME --action operate"
    )

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Returns Werkzeug's own headers, and the challenge."""
        # Werkzeug writes a challenge without the quotes that RFC 7617 section 2 requires.
        return [*super().get_headers(*arguments), ("WWW-Authenticate", _CHALLENGE)]


def is_operator(database: Database, *, now: datetime, is_required: bool = False) -> bool:
    """Whether the request comes from an operator; False when it has no credentials.

    Programs send the token as a bearer. Browsers cannot do that, so the token is also accepted as
    the password of RFC 7617, with any user name.

    Raises:
        TokenRequired: The token is not valid; or there is none, and one is required.
        Forbidden: The token is for other actions.
    """
    credentials = request.headers.get("Authorization")
    if credentials is None and not is_required:
        return False
    token, text = None, _token_in(credentials or "")
    if text is not None:
        with database.read() as tx:
            token = tx.tokens.by_hash(hash_of(text))
    if token is None or not token.is_good(now):
        raise TokenRequired
    if Action.OPERATE not in token.actions:
        raise Forbidden(f"this token is not for {Action.OPERATE}")
    return True


def _token_in(credentials: str) -> str | None:
    """Returns the token in an ``Authorization``; None when there is nothing that could be one."""
    found = _CREDENTIALS.fullmatch(credentials)
    if found is None or found[1].lower() == "bearer":
        return None if found is None else found[2]
    try:
        pair = b64decode(found[2], validate=True).decode()
    except ValueError:
        return None
    return pair.partition(":")[2]


# Results that are slow to compute in a large store, and that anyone may request.

#: The share of time that may be spent on computing one: with a hundred thousand subscribers, it
#: takes a good part of a second.
MAX_LOAD = 0.05

#: A result that was computed faster than this is too cheap to be worth caching.
CHEAP_S = 0.1

T = TypeVar("T")


class TimedCache(Generic[T]):
    """A result that is cached the longer, the longer it took to compute. Thread-safe."""

    def __init__(self, *, monotonic: Callable[[], float], max_age_s: float = 0.0) -> None:
        """Makes an empty cache.

        Args:
            monotonic: A monotonic clock, in seconds.
            max_age_s: How long a cheap result is cached; a slow one is cached longer.
        """
        self._monotonic = monotonic
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._value: T | None = None
        self._good_until_s = float("-inf")

    def read(self, compute: Callable[[], T]) -> T:
        """Returns the cached result, or computes a new one when that is too old."""
        # Held while computing: concurrent callers wait for this result instead of computing theirs.
        with self._lock:
            began_s = self._monotonic()
            if self._value is None or began_s >= self._good_until_s:
                self._value = compute()
                took_s = self._monotonic() - began_s
                is_slow = took_s > CHEAP_S
                self._good_until_s = began_s + max(self._max_age_s, is_slow * took_s / MAX_LOAD)
            return self._value


# ``/hub/status``: whether hubs push what they are pinged about; for operators, who is subscribed.

#: How many subscribers a page lists, and how many failing deliveries above them.
PAGE_SUBSCRIBERS = 100
PAGE_TROUBLES = 50

#: The page changes by the second, and what an operator sees must not be cached for others.
_STATUS_FIELDS = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSnapshot:
    """The part of the status page that only operators see."""

    troubles: list[DeliveryState]  #: the first failing deliveries
    subscribers: list[DeliveryState]  #: one page of the subscribers
    behind: int  #: the subscription after which this page begins
    has_more: bool


def make_status_blueprint(*, monotonic: Callable[[], float]) -> Blueprint:
    """Makes the routes of the hub's status.

    Args:
        monotonic: A monotonic clock, in seconds.
    """
    blueprint = Blueprint("hub_status", __name__)
    cache = TimedCache[Report](monotonic=monotonic)

    @blueprint.get("/hub/status")
    def show() -> Response:
        """Answers with the health of each hub; for operators also with the subscribers."""
        return _page(request_context(), cache, is_required=False)

    @blueprint.get("/hub/status/subscribers")
    def show_subscribers() -> Response:
        """Answers operators only: at this URL a browser asks for the token."""
        return _page(request_context(), cache, is_required=True)

    return blueprint


def _page(context: RequestContext, cache: TimedCache[Report], *, is_required: bool) -> Response:
    may_see_all = is_operator(context.database, now=context.now, is_required=is_required)
    seen = cache.read(partial(_compute_report, context))
    # For operators: English, like their commands and logs.
    page = render_page(
        "hub_status.html",
        SOURCE_LANGUAGE,
        seen=seen,
        topics=_topics(seen.subscriptions),
        snapshot=_read_snapshot(context) if may_see_all else None,
        is_offered=context.settings.own_hub.offered,
        watched=context.settings.canary.feed if context.settings.canary.watches else None,
    )
    return Response(page, mimetype="text/html", headers=_STATUS_FIELDS)


def _compute_report(context: RequestContext) -> Report:
    missing_after = timedelta(seconds=context.settings.canary.missing_after_seconds)
    with context.database.read() as tx:
        return report(tx, context.catalogue, now=context.now, missing_after=missing_after)


def _read_snapshot(context: RequestContext) -> HubSnapshot:
    with context.database.read() as tx:
        return _snapshot(tx)


def _snapshot(tx: Transaction) -> HubSnapshot:
    behind = request.args.get("behind", 0, type=int)
    behind = behind if 0 <= behind < 2**63 else 0
    # One more than is shown, to know whether there is another page.
    found = tx.deliveries.page(behind=behind, limit=PAGE_SUBSCRIBERS + 1)
    return HubSnapshot(
        troubles=tx.deliveries.page(limit=PAGE_TROUBLES, is_in_trouble=True),
        subscribers=found[:PAGE_SUBSCRIBERS],
        behind=behind,
        has_more=len(found) > PAGE_SUBSCRIBERS,
    )


def _topics(counted: Mapping[tuple[str, Format, str], int]) -> list[tuple[str, Format, int, int]]:
    """Returns feed, format, and how many subscriptions are active and suspended."""
    topics = sorted({(feed, feed_format) for feed, feed_format, _ in counted})
    return [
        (*topic, counted.get((*topic, "active"), 0), counted.get((*topic, "suspended"), 0))
        for topic in topics
    ]


# ``/redirects``: old addresses, how often they are used, and which feeds are missing.

#: How many used addresses of imports, and how many that lead nowhere, are listed.
MAX_REDIRECTS = 200


def make_redirects_blueprint() -> Blueprint:
    """Makes the list of redirects, for operators alone: as a page, or as JSON."""
    blueprint = Blueprint("redirects", __name__)

    @blueprint.get("/redirects")
    def show() -> Response:
        context = request_context()
        is_operator(context.database, now=context.now, is_required=True)
        with context.database.read() as tx:
            seen = read_redirects(tx, context.application, limit=MAX_REDIRECTS)
        headers = {**_STATUS_FIELDS, "Vary": "Accept, Authorization"}
        if not prefers_html(request.headers.get("Accept")):
            text = json.dumps(seen.record()) + "\n"
            return Response(text, mimetype="application/json", headers=headers)
        page = render_page("redirects.html", SOURCE_LANGUAGE, seen=seen)
        return Response(page, mimetype="text/html", headers=headers)

    return blueprint


# ``/metrics``: figures for Prometheus.

#: How long figures are cached: the store is read at most this often, whatever the request rate.
MAX_AGE_S = 1.0

_METRICS_FIELDS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization",
    "X-Robots-Tag": "noindex",
}


def make_metrics_blueprint(*, monotonic: Callable[[], float]) -> Blueprint:
    """Makes the route of the metrics.

    Args:
        monotonic: A monotonic clock, in seconds.
    """
    blueprint = Blueprint("metrics", __name__)
    cache = TimedCache[Snapshot](monotonic=monotonic, max_age_s=MAX_AGE_S)

    @blueprint.get("/metrics")
    def show() -> Response:
        context = request_context()
        if not context.settings.metrics.offered:
            raise NotFound
        seen, may_see_all = None, False
        try:
            may_see_all = is_operator(context.database, now=context.now)
            seen = cache.read(partial(take_snapshot, context))
        except StoreUnavailable:
            if not app_state().document_cache.is_remote:
                raise
        away_s = app_state().document_cache.away_s
        body, media_type = exposition(
            seen,
            StoreAnswers(is_there=seen is not None and away_s is None, away_s=away_s or 0.0),
            is_for_operator=may_see_all,
            accept=request.headers.get("Accept"),
        )
        return Response(body, content_type=media_type, headers=_METRICS_FIELDS)

    return blueprint


def take_snapshot(context: RequestContext) -> Snapshot:
    """Reads all figures from the store. None of them counts releases under embargo."""
    missing_after = timedelta(seconds=context.settings.canary.missing_after_seconds)
    feeds = context.newsstand.feeds()
    writes = app_state().writes
    with context.database.read() as tx:
        seen = report(tx, context.catalogue, now=context.now, missing_after=missing_after)
        media, media_bytes = tx.media.count()
        return Snapshot(
            version=version("communique"),
            hubs=[_numbers(one) for one in seen.hubs],
            standings=[standing.value for standing in HubHealth],
            canary_states=[canary.value for canary in CanaryState],
            subscriptions=seen.subscriptions,
            deliveries=seen.deliveries,
            pending=seen.pending,
            feeds=feeds,
            releases=tx.releases.count(),
            media=media,
            media_bytes=media_bytes,
            missing_feeds=sum(
                one.last_at >= context.now - MISSING_WITHIN
                for one in read_missing(tx, context.application)
            ),
            releases_unfiled=tx.releases.count(is_unfiled=True),
            releases_set_aside=tx.fragments.count_failures(),
            refusals=tx.refusals.count(),
            worked_at=_worked_at(tx.processes.listed()),
            failing_since=_failing_since(writes.failures() if writes else []),
            is_disk_writable=writes is None or writes.fault() is None,
            ping_due_since=tx.pings.oldest_due(now=context.now),
            delivery_due_since=tx.deliveries.oldest_due(now=context.now),
            alarms_open=_open_alarms(tx),
            channels_failing_since={
                one.channel: one.first_failed_at
                for one in tx.alarms.channels()
                if one.first_failed_at is not None
            },
            upstreams=tx.upstreams.listed(),
            upstream_subscriptions=[*tx.upstream_subscriptions.listed().values()],
            last_backup_at=None if (backup := tx.backups.last()) is None else backup.taken_at,
        )


def _open_alarms(tx: Transaction) -> dict[str, int]:
    """The number of open alarms of each kind."""
    counted = {kind.value: 0 for kind in AlarmKind}
    for alarm in tx.alarms.open():
        counted[alarm.condition.kind.value] += 1
    return counted


def _failing_since(failures: Iterable[Failure]) -> dict[tuple[str, str], datetime]:
    """Since when each work fails, in whichever process of a role it does so first."""
    since = sorted(((one.since, one.role, one.work) for one in failures), reverse=True)
    return {(role, work): at for at, role, work in since}


def _worked_at(known: Iterable[ProcessState]) -> dict[str, datetime]:
    """Returns, by role, when any process of that role last did its work."""
    ends = sorted((one.worked_at, one.role) for one in known if one.worked_at is not None)
    return {role: at for at, role in ends}


def _numbers(one: HubReport) -> HubNumbers:
    return HubNumbers(
        hub=one.hub,
        tally=one.tally,
        pings=one.pings,
        pushes_missing=one.pushes.missing,
        median_delay=one.pushes.median_delay,
        worst_delay=one.pushes.worst_delay,
        last_push_at=one.pushes.last_arrived_at,
        standing=one.assessment.health.value,
        canary=None if one.canary is None else one.canary.state.value,
        canary_expires_at=None if one.canary is None else one.canary.expires_at,
    )
