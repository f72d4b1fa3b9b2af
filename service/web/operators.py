"""What only operators see: the hub's status, and metrics."""

import re
import threading
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any, Generic, TypeVar

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from feeds.errors import StoreUnavailable
from feeds.model.feed import Format
from feeds.model.listing import ProcessState
from feeds.model.subscription import CanaryState, DeliveryState
from feeds.model.token import Action
from feeds.store.database import Database, Transaction
from service.failures import Failure
from service.metrics import HubNumbers, Snapshot, StoreAnswers, exposition
from service.tokens import hash_of
from service.web.request_context import HubState, app_state, request_context
from service.websub.hub_health import HubHealth, HubReport, Report, report

# Who may see what is for operators alone: bearers of tokens for the action ``operate``.

#: RFC 7617 section 2 and RFC 6750 section 2.1.
_CREDENTIALS = re.compile(r"(basic|bearer) +([A-Za-z0-9._~+/-]{1,500}=*) *", re.IGNORECASE)
_CHALLENGE = 'Basic realm="communique", charset="UTF-8"'


class TokenWanted(Unauthorized):
    """Nobody says who he is, or it is not true: a browser asks for the token."""

    description = (
        "the password is a token that is made by: communique token make NAME --action operate"
    )

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Return Werkzeug's own, and the challenge."""
        # Its own way to write a challenge leaves out the quotes that RFC 7617 section 2 wants.
        return [*super().get_headers(*arguments), ("WWW-Authenticate", _CHALLENGE)]


def is_operator(database: Database, *, now: datetime, is_required: bool = False) -> bool:
    """True when an operator asks; False when nobody in particular does.

    Programs give the token as a bearer. Browsers do not know that, so it is also taken as the
    password of RFC 7617, under any name.

    Raises:
        TokenWanted: The token is not good; or there is none, and one is required.
        Forbidden: It is for something else.
    """
    told = request.headers.get("Authorization")
    if told is None and not is_required:
        return False
    token, text = None, _token_in(told or "")
    if text is not None:
        with database.read() as tx:
            token = tx.tokens.by_hash(hash_of(text))
    if token is None or not token.is_good(now):
        raise TokenWanted
    if Action.OPERATE not in token.actions:
        raise Forbidden(f"this token is not for {Action.OPERATE}")
    return True


def _token_in(credentials: str) -> str | None:
    """The token in an ``Authorization``; None when there is nothing that could be one."""
    found = _CREDENTIALS.fullmatch(credentials)
    if found is None or found[1].lower() == "bearer":
        return None if found is None else found[2]
    try:
        pair = b64decode(found[2], validate=True).decode()
    except ValueError:
        return None
    return pair.partition(":")[2]


# What takes long to find out in a large store, and anybody may ask for.

#: What is asked of the store for it, of all time: with a hundred thousand subscribers, a look takes
#: a good part of a second.
AT_MOST = 0.05

#: A look that took no longer than this costs too little to be spared.
LITTLE_S = 0.1

T = TypeVar("T")


class TimedCache(Generic[T]):
    """The last look, as long as another one would be too much. Safe to call from many threads."""

    def __init__(self, *, seconds: Callable[[], float], kept_s: float = 0.0) -> None:
        """Look at nothing yet.

        Args:
            seconds: A clock that nobody sets.
            kept_s: How long a look is kept that took little.
        """
        self._seconds = seconds
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._seen: T | None = None
        self._good_until_s = float("-inf")

    def read(self, look: Callable[[], T]) -> T:
        """What there is at this moment, or was not long ago."""
        # Held while we look: who asks at the same time waits for this look instead of another one.
        with self._lock:
            began_s = self._seconds()
            if self._seen is None or began_s >= self._good_until_s:
                self._seen = look()
                took_s = self._seconds() - began_s
                is_much = took_s > LITTLE_S
                self._good_until_s = began_s + max(self._kept_s, is_much * took_s / AT_MOST)
            return self._seen


# ``/hub/status``: whether hubs push what they are told of; and for ops, who is subscribed.

#: Subscribers on a page, and failing deliveries before them.
PAGE_SUBSCRIBERS = 100
PAGE_TROUBLES = 50

#: It changes by the second, and what an operator sees is for nobody else.
_STATUS_FIELDS = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSnapshot:
    """What is for ops alone."""

    troubles: list[DeliveryState]  #: the first ones
    subscribers: list[DeliveryState]  #: a page of them
    behind: int  #: where this page begins
    has_more: bool


def make_status_blueprint(state: HubState, *, seconds: Callable[[], float]) -> Blueprint:
    """Make the routes.

    Args:
        state: Asked at each look.
        seconds: A clock that nobody sets.
    """
    blueprint = Blueprint("hub_status", __name__)
    kept = TimedCache[Report](seconds=seconds)

    @blueprint.get("/hub/status")
    def show() -> Response:
        """Answer with how each hub does; to an operator also with who is subscribed."""
        return _page(state, kept, is_required=False)

    @blueprint.get("/hub/status/subscribers")
    def show_subscribers() -> Response:
        """Answer an operator alone: here a browser is asked for the token."""
        return _page(state, kept, is_required=True)

    return blueprint


def _page(hub: HubState, kept: TimedCache[Report], *, is_required: bool) -> Response:
    may_see_all = is_operator(hub.database, now=request_context().now, is_required=is_required)
    seen = kept.read(partial(_look, hub))
    page = render_template(
        "hub_status.html",
        seen=seen,
        topics=_topics(seen.subscriptions),
        snapshot=_read_books(hub) if may_see_all else None,
        is_offered=hub.settings.own_hub.offered,
        watched=hub.settings.canary.feed if hub.settings.canary.watches else None,
    )
    return Response(page, mimetype="text/html", headers=_STATUS_FIELDS)


def _look(hub: HubState) -> Report:
    room = request_context()
    missing_after = timedelta(seconds=hub.settings.canary.missing_after_seconds)
    with hub.database.read() as tx:
        return report(tx, room.catalogue, now=room.now, missing_after=missing_after)


def _read_books(hub: HubState) -> HubSnapshot:
    with hub.database.read() as tx:
        return _snapshot(tx)


def _snapshot(tx: Transaction) -> HubSnapshot:
    behind = request.args.get("behind", 0, type=int)
    behind = behind if 0 <= behind < 2**63 else 0
    # One more than is shown: it tells whether there is another page.
    found = tx.deliveries.page(behind=behind, limit=PAGE_SUBSCRIBERS + 1)
    return HubSnapshot(
        troubles=tx.deliveries.page(limit=PAGE_TROUBLES, is_in_trouble=True),
        subscribers=found[:PAGE_SUBSCRIBERS],
        behind=behind,
        has_more=len(found) > PAGE_SUBSCRIBERS,
    )


def _topics(counted: Mapping[tuple[str, Format, str], int]) -> list[tuple[str, Format, int, int]]:
    """Feed, format, and how many subscriptions are active and suspended."""
    topics = sorted({(feed, feed_format) for feed, feed_format, _ in counted})
    return [
        (*topic, counted.get((*topic, "active"), 0), counted.get((*topic, "suspended"), 0))
        for topic in topics
    ]


# ``/metrics``: numbers for Prometheus.

#: However often it is asked for: the store is not asked more often than this.
KEPT_S = 1.0

_METRICS_FIELDS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization",
    "X-Robots-Tag": "noindex",
}


def make_metrics_blueprint(state: HubState, *, seconds: Callable[[], float]) -> Blueprint:
    """Make the route."""
    blueprint = Blueprint("metrics", __name__)
    gauge = TimedCache[Snapshot](seconds=seconds, kept_s=KEPT_S)

    @blueprint.get("/metrics")
    def show() -> Response:
        if not state.settings.metrics.offered:
            raise NotFound
        seen, may_see_all = None, False
        try:
            may_see_all = is_operator(state.database, now=request_context().now)
            seen = gauge.read(partial(take, state))
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


def take(state: HubState) -> Snapshot:
    """Read all numbers from the store. What is under embargo is in none of them."""
    room = request_context()
    missing_after = timedelta(seconds=state.settings.canary.missing_after_seconds)
    feeds = room.newsstand.feeds()
    writes = app_state().writes
    with state.database.read() as tx:
        seen = report(tx, room.catalogue, now=room.now, missing_after=missing_after)
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
            releases_unfiled=tx.releases.count(is_unfiled=True),
            releases_set_aside=tx.fragments.count_aside(),
            refusals=tx.refusals.count(),
            worked_at=_worked_at(tx.processes.listed()),
            failing_since=_failing_since(writes.failures() if writes else []),
            is_disk_writable=writes is None or writes.fault() is None,
        )


def _failing_since(failures: Iterable[Failure]) -> dict[tuple[str, str], datetime]:
    """Since when each work fails, in whichever process of a role it does so first."""
    since = sorted(((one.since, one.role, one.work) for one in failures), reverse=True)
    return {(role, work): at for at, role, work in since}


def _worked_at(known: Iterable[ProcessState]) -> dict[str, datetime]:
    """When any process of a role last did its work, by role."""
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
