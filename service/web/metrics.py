"""``/metrics``: numbers for Prometheus."""

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from feeds.model.canary import CanaryState
from service.metrics import HubNumbers, Snapshot, exposition
from service.web.desk import HubState, desk
from service.web.operators import is_operator
from service.websub.report import HubReport, report
from service.websub.standing import Standing

#: However often it is asked for: the store is not asked more often than this.
KEPT_S = 1.0

#: Nor for more than this part of the time: with a hundred thousand subscribers, a look takes a
#: good part of a second, and anybody may ask.
_AT_MOST = 0.05


_FIELDS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization",
    "X-Robots-Tag": "noindex",
}


class Gauge:
    """Looks at the store, now and then. Safe to call from many threads."""

    def __init__(self, state: HubState, *, seconds: Callable[[], float]) -> None:
        """Look at nothing yet.

        Args:
            state: Asked at each look.
            seconds: A clock that nobody sets.
        """
        self._state = state
        self._seconds = seconds
        self._lock = threading.Lock()
        self._seen: Snapshot | None = None
        self._good_until_s = 0.0

    def read(self) -> Snapshot:
        """The numbers of this moment, or of one not long ago."""
        # Held while we look: who asks at the same time waits for this look instead of another one.
        with self._lock:
            began_s = self._seconds()
            if self._seen is None or began_s >= self._good_until_s:
                self._seen = take(self._state)
                took_s = self._seconds() - began_s
                self._good_until_s = began_s + max(KEPT_S, took_s / _AT_MOST)
            return self._seen


def make_blueprint(state: HubState, *, seconds: Callable[[], float]) -> Blueprint:
    """Make the route."""
    blueprint = Blueprint("metrics", __name__)
    gauge = Gauge(state, seconds=seconds)

    @blueprint.get("/metrics")
    def show() -> Response:
        if not state.settings.metrics.offered:
            raise NotFound
        may_see_all = is_operator(state.database, now=desk().now)
        body, media_type = exposition(
            gauge.read(), is_for_operator=may_see_all, accept=request.headers.get("Accept")
        )
        return Response(body, content_type=media_type, headers=_FIELDS)

    return blueprint


def take(state: HubState) -> Snapshot:
    """Read all numbers from the store. What is under embargo is in none of them."""
    room = desk()
    missing_after = timedelta(seconds=state.settings.canary.missing_after_seconds)
    feeds = room.newsstand.feeds()
    with state.database.read() as tx:
        seen = report(tx, room.catalogue, now=room.now, missing_after=missing_after)
        return Snapshot(
            version=version("communique"),
            hubs=[_numbers(one) for one in seen.hubs],
            standings=[standing.value for standing in Standing],
            canary_states=[canary.value for canary in CanaryState],
            subscriptions=seen.subscriptions,
            deliveries=seen.deliveries,
            pending=seen.pending,
            feeds=feeds,
            releases=tx.releases.count(),
            releases_unfiled=tx.releases.count(is_unfiled=True),
            releases_set_aside=tx.fragments.count_aside(),
            refusals=tx.refusals.count(),
        )


def _numbers(one: HubReport) -> HubNumbers:
    return HubNumbers(
        hub=one.hub,
        tally=one.tally,
        pings=one.pings,
        pushes_missing=one.pushes.missing,
        median_delay=one.pushes.median_delay,
        worst_delay=one.pushes.worst_delay,
        last_push_at=one.pushes.last_arrived_at,
        standing=one.judgement.standing.value,
        canary=None if one.canary is None else one.canary.state.value,
        canary_expires_at=None if one.canary is None else one.canary.expires_at,
    )
