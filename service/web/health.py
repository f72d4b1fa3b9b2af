"""What the machinery asks: is it alive, and may it be given requests."""

import json

from flask import Blueprint, Response

from feeds.errors import StoreOutdated, StoreUnavailable
from feeds.newsstand import Newsstand
from service.web.desk import Desk, desk, furniture

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Say that this process answers; nothing else is looked at."""
    return _report({"status": "alive"}, status=200)


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say whether every feed can be served, and if not, why."""
    reasons = reasons_to_wait(desk())
    if reasons:
        return _report({"status": "waiting", "reasons": reasons}, status=503)
    warnings = furniture().warnings()
    return _report({"status": "ready", **({"warnings": warnings} if warnings else {})}, status=200)


def reasons_to_wait(desk: Desk) -> list[str]:
    """Return, for a person, what is missing before every configured feed can be served."""
    try:
        published = _published(desk.newsstand)
    except StoreUnavailable:
        return ["the store cannot be reached"]
    except StoreOutdated:
        return ["the store has the schema of another version"]
    return [f"feed {slug!r} has no edition yet" for slug in desk.feeds if slug not in published]


def _published(newsstand: Newsstand) -> set[str]:
    return {feed.slug for feed in newsstand.feeds() if feed.edition > 0}


def _report(content: dict[str, object], *, status: int) -> Response:
    return Response(
        json.dumps(content) + "\n",
        status=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )
