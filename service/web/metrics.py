"""``/metrics``: numbers for Prometheus."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from feeds.errors import StoreUnavailable
from feeds.model.canary import CanaryState
from feeds.model.process import ProcessState
from service.failures import Failure
from service.metrics import HubNumbers, Snapshot, StoreAnswers, exposition
from service.web.desk import HubState, desk, furniture
from service.web.kept import Kept
from service.web.operators import is_operator
from service.websub.report import HubReport, report
from service.websub.standing import Standing

#: However often it is asked for: the store is not asked more often than this.
KEPT_S = 1.0

_FIELDS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization",
    "X-Robots-Tag": "noindex",
}


def make_blueprint(state: HubState, *, seconds: Callable[[], float]) -> Blueprint:
    """Make the route."""
    blueprint = Blueprint("metrics", __name__)
    gauge = Kept[Snapshot](seconds=seconds, kept_s=KEPT_S)

    @blueprint.get("/metrics")
    def show() -> Response:
        if not state.settings.metrics.offered:
            raise NotFound
        seen, may_see_all = None, False
        try:
            may_see_all = is_operator(state.database, now=desk().now)
            seen = gauge.read(partial(take, state))
        except StoreUnavailable:
            if not furniture().shelf.is_remote:
                raise
        away_s = furniture().shelf.away_s
        body, media_type = exposition(
            seen,
            StoreAnswers(is_there=seen is not None and away_s is None, away_s=away_s or 0.0),
            is_for_operator=may_see_all,
            accept=request.headers.get("Accept"),
        )
        return Response(body, content_type=media_type, headers=_FIELDS)

    return blueprint


def take(state: HubState) -> Snapshot:
    """Read all numbers from the store. What is under embargo is in none of them."""
    room = desk()
    missing_after = timedelta(seconds=state.settings.canary.missing_after_seconds)
    feeds = room.newsstand.feeds()
    writes = furniture().writes
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
        standing=one.judgement.standing.value,
        canary=None if one.canary is None else one.canary.state.value,
        canary_expires_at=None if one.canary is None else one.canary.expires_at,
    )
