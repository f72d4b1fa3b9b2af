"""``/hub/status``: whether hubs push what they are told of; and for ops, who is subscribed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from flask import Blueprint, Response, render_template, request

from feeds.model.feed import Format
from feeds.model.subscription import DeliveryState
from feeds.store.database import Transaction
from service.web.desk import HubState, desk
from service.web.kept import Kept
from service.web.operators import is_operator
from service.websub.report import Report, report

#: Subscribers on a page, and failing deliveries before them.
PAGE_SUBSCRIBERS = 100
PAGE_TROUBLES = 50

#: It changes by the second, and what an operator sees is for nobody else.
_FIELDS = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is for ops alone."""

    troubles: list[DeliveryState]  #: the first ones
    subscribers: list[DeliveryState]  #: a page of them
    behind: int  #: where this page begins
    has_more: bool


def make_blueprint(state: HubState, *, seconds: Callable[[], float]) -> Blueprint:
    """Make the routes.

    Args:
        state: Asked at each look.
        seconds: A clock that nobody sets.
    """
    blueprint = Blueprint("hub_status", __name__)
    kept = Kept[Report](seconds=seconds)

    @blueprint.get("/hub/status")
    def show() -> Response:
        """Answer with how each hub does; to an operator also with who is subscribed."""
        return _page(state, kept, is_required=False)

    @blueprint.get("/hub/status/subscribers")
    def show_subscribers() -> Response:
        """Answer an operator alone: here a browser is asked for the token."""
        return _page(state, kept, is_required=True)

    return blueprint


def _page(hub: HubState, kept: Kept[Report], *, is_required: bool) -> Response:
    may_see_all = is_operator(hub.database, now=desk().now, is_required=is_required)
    seen = kept.read(partial(_look, hub))
    page = render_template(
        "hub_status.html",
        seen=seen,
        topics=_topics(seen.subscriptions),
        books=_read_books(hub) if may_see_all else None,
        is_offered=hub.settings.own_hub.offered,
        watched=hub.settings.canary.feed if hub.settings.canary.watches else None,
    )
    return Response(page, mimetype="text/html", headers=_FIELDS)


def _look(hub: HubState) -> Report:
    room = desk()
    missing_after = timedelta(seconds=hub.settings.canary.missing_after_seconds)
    with hub.database.read() as tx:
        return report(tx, room.catalogue, now=room.now, missing_after=missing_after)


def _read_books(hub: HubState) -> Books:
    with hub.database.read() as tx:
        return _books(tx)


def _books(tx: Transaction) -> Books:
    behind = request.args.get("behind", 0, type=int)
    behind = behind if 0 <= behind < 2**63 else 0
    # One more than is shown: it tells whether there is another page.
    found = tx.deliveries.page(behind=behind, limit=PAGE_SUBSCRIBERS + 1)
    return Books(
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
