"""Health checks: ``/livez`` (does the process answer) and ``/readyz`` (does the service work)."""

import json
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, current_app

from feeds.errors import StoreOutdated, StoreUnavailable
from feeds.model.listing import idle_reason
from service.web.request_context import RequestContext, app_state, request_context

STORE_AWAY = StoreUnavailable.in_short

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Answers that this process is alive. It checks nothing else."""
    return _report({"status": "alive"}, status=200)


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answers whether every feed can be served and new releases are published; if not, why.

    A database server that does not answer is not queried: while it is away, documents come from
    memory.
    """
    context, warnings = request_context(), app_state().warnings()
    if (writes := app_state().writes) is not None:
        warnings += writes.warnings()
    document_cache = app_state().document_cache
    document_cache.check_store()
    if document_cache.is_unreachable:
        missing = [slug for slug in context.feeds if not document_cache.holds(slug)]
        reasons = [f"feed {slug!r} is not in memory" for slug in missing]
        away = document_cache.away_because
        reasons = [STORE_AWAY, *reasons] if reasons else []
        warnings += [_away(away, document_cache.away_s or 0.0)]
    else:
        reasons, more = _ask_store(context)
        warnings += more
    status = {"status": "waiting", "reasons": reasons} if reasons else {"status": "ready"}
    extra = {"warnings": warnings} if warnings else {}
    return _report({**status, **extra}, status=503 if reasons else 200)


def _away(because: str, away_s: float) -> str:
    # By this machine's clock, like the log.
    since = datetime.now(UTC) - timedelta(seconds=away_s)
    reason = "" if because == STORE_AWAY else f"; {because}"
    return (
        f"{STORE_AWAY} since {since:%Y-%m-%dT%H:%M:%SZ}: documents and pages are served from "
        f"memory, and nothing is published{reason}"
    )


def _ask_store(context: RequestContext) -> tuple[list[str], list[str]]:
    """Returns the reasons to wait, and the warnings, that the store gives."""
    warnings: list[str] = []
    try:
        reasons = reasons_to_wait(context)
        if "hub" in current_app.blueprints:
            jobs, pushes = idle_reasons(context)
            reasons += [f"nothing is published: {jobs}"] if jobs else []
            # Only a warning: feeds are published and served, so traffic must not go elsewhere.
            warnings += [f"nothing is pushed: {pushes}"] if pushes else []
    except StoreUnavailable as error:
        reasons = [error.in_short]
    except StoreOutdated:
        reasons = ["the store has the schema of another version"]
    return reasons, warnings


def reasons_to_wait(context: RequestContext) -> list[str]:
    """Returns, in words, what is missing before every configured feed can be served."""
    published = {feed.slug for feed in context.newsstand.feeds() if feed.edition > 0}
    return [f"feed {slug!r} has no edition yet" for slug in context.feeds if slug not in published]


def idle_reasons(context: RequestContext) -> tuple[str | None, str | None]:
    """Returns, in words, why nothing is published and why nothing is pushed; or None for each."""
    with context.database.read() as tx:
        known = tx.processes.listed()
    is_pushed = context.settings.own_hub.offered
    return (
        idle_reason("jobs", known, context.now),
        idle_reason("hub", known, context.now) if is_pushed else None,
    )


def _report(content: dict[str, object], *, status: int) -> Response:
    return Response(
        json.dumps(content) + "\n",
        status=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )
