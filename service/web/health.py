"""What the machinery asks: is it alive, and does the service do its work."""

import json
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response

from feeds.errors import StoreOutdated, StoreReplaced, StoreUnavailable
from feeds.model.listing import idle_reason
from service.web.request_context import HubState, RequestContext, app_state, request_context

STORE_AWAY = "the store cannot be reached"

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Say that this process answers; nothing else is looked at."""
    return _report({"status": "alive"}, status=200)


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say whether every feed can be served and what is new is published; if not, why.

    A server that does not answer is not asked: while it is away, documents come from memory.
    """
    room, warnings = request_context(), app_state().warnings()
    if (writes := app_state().writes) is not None:
        warnings += writes.warnings()
    document_cache = app_state().document_cache
    document_cache.check_store()
    if document_cache.is_unreachable:
        missing = [slug for slug in room.feeds if not document_cache.holds(slug)]
        reasons = [f"feed {slug!r} is not in memory" for slug in missing]
        reasons = [STORE_AWAY, *reasons] if reasons else []
        warnings += [_away(document_cache.away_s or 0.0)]
    else:
        reasons, more = _asked(room)
        warnings += more
    status = {"status": "waiting", "reasons": reasons} if reasons else {"status": "ready"}
    told = {"warnings": warnings} if warnings else {}
    return _report({**status, **told}, status=503 if reasons else 200)


def _away(away_s: float) -> str:
    # By this machine's clock, as the log is.
    since = datetime.now(UTC) - timedelta(seconds=away_s)
    return (
        f"{STORE_AWAY} since {since:%Y-%m-%dT%H:%M:%SZ}: documents and pages are served from "
        "memory, and nothing is published"
    )


def _asked(room: RequestContext) -> tuple[list[str], list[str]]:
    """What the store says: reasons to wait, and warnings."""
    hub = app_state().hub
    warnings: list[str] = []
    try:
        reasons = reasons_to_wait(room)
        if hub is not None:
            jobs, pushes = idle_reasons(hub, room.now)
            reasons += [f"nothing is published: {jobs}"] if jobs else []
            # Feeds are served and come out: who reads them is not to be sent elsewhere.
            warnings += [f"nothing is pushed: {pushes}"] if pushes else []
    except StoreReplaced:
        reasons = [StoreReplaced.in_short]
    except StoreUnavailable:
        reasons = [STORE_AWAY]
    except StoreOutdated:
        reasons = ["the store has the schema of another version"]
    return reasons, warnings


def reasons_to_wait(desk: RequestContext) -> list[str]:
    """Return, for a person, what is missing before every configured feed can be served."""
    published = {feed.slug for feed in desk.newsstand.feeds() if feed.edition > 0}
    return [f"feed {slug!r} has no edition yet" for slug in desk.feeds if slug not in published]


def idle_reasons(hub: HubState, now: datetime) -> tuple[str | None, str | None]:
    """Return, for a person, why nothing is published, and why nothing is pushed; or None."""
    with hub.database.read() as tx:
        known = tx.processes.listed()
    is_pushed = hub.settings.own_hub.offered
    return (
        idle_reason("jobs", known, now),
        idle_reason("hub", known, now) if is_pushed else None,
    )


def _report(content: dict[str, object], *, status: int) -> Response:
    return Response(
        json.dumps(content) + "\n",
        status=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )
