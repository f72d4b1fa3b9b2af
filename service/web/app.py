"""The application factory."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from jinja2 import StrictUndefined

from service.store_writes import StoreWrites
from service.web import (
    addresses,
    archives,
    canary,
    documents,
    fittings,
    health,
    hub_status,
    metrics,
    moves,
    opml,
    pages,
    problems,
    sitemaps,
)
from service.web import cloud as cloud_room
from service.web import hub as hub_room
from service.web.answers import harden
from service.web.api import ApiState, make_blueprint
from service.web.assets import load_assets
from service.web.desk import Furniture, HubState, WebState, furnish
from service.web.page_cache import PageCache
from service.web.reception import Reception
from service.web.shelf import Shelf


def utc_now() -> datetime:
    """The clock of a service that runs."""
    return datetime.now(UTC)


def create_app(
    state: WebState,
    shelf: Shelf | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    api: ApiState | None = None,
    hub: HubState | None = None,
    warnings: Callable[[], list[str]] = list,
    writes: StoreWrites | None = None,
) -> Flask:
    """Make the application that serves the newsroom in *state*.

    Args:
        state: Asked for catalogue and newsstand once in each request, so that a reload takes
            effect with the next one.
        shelf: Where documents are at hand. One of its own, when none is shared with a layer in
            front.
        clock: Asked once in each request: feeds end by it, and it tells which releases are news.
        api: The newsroom that is published through over HTTP; without it there is no API.
        hub: What the built-in hub works with; without it there is none.
        warnings: What ``/readyz`` tells besides, of a service that is ready.
        writes: Is told of requests that cannot store what they have to.

    Returns:
        A WSGI application. It keeps no session and sets no cookie.
    """
    app = Flask("service.web", static_folder=None)
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    shelf = shelf or Shelf()
    kept = Furniture(
        state=state,
        shelf=shelf,
        assets=load_assets(),
        clock=clock,
        pages=PageCache(),
        hub=hub,
        warnings=warnings,
        writes=writes,
    )
    furnish(app, kept)
    addresses.prepare(app)
    pages.dress(app)
    problems.catch_all(app)
    moves.prepare(app)
    for room in (documents, archives, pages, opml, sitemaps, health, fittings):
        app.register_blueprint(room.blueprint)
    if api is not None:
        app.register_blueprint(make_blueprint(api, clock=clock))
    if hub is not None:
        reception = Reception(hub)
        app.register_blueprint(hub_room.make_blueprint(reception))
        app.register_blueprint(cloud_room.make_blueprint(hub, reception))
        app.register_blueprint(canary.blueprint)
        app.register_blueprint(hub_status.make_blueprint(hub, seconds=time.monotonic))
        app.register_blueprint(metrics.make_blueprint(hub, seconds=time.monotonic))
    app.after_request(harden)
    return app
