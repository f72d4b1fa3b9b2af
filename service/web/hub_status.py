"""``/hub/status``: whether hubs push what they are told of; and for ops, who is subscribed."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from feeds.model.feed import Format
from feeds.model.subscription import DeliveryState
from feeds.model.token import Action
from feeds.store.database import Transaction
from service.tokens import hash_of
from service.web.desk import HubState, desk, furniture
from service.websub.report import report

#: Subscribers on a page, and failing deliveries before them.
PAGE_SUBSCRIBERS = 100
PAGE_TROUBLES = 50

#: RFC 7617 section 2 and RFC 6750 section 2.1.
_CREDENTIALS = re.compile(r"(basic|bearer) +([A-Za-z0-9._~+/-]{1,500}=*) *", re.IGNORECASE)
_CHALLENGE = 'Basic realm="communique", charset="UTF-8"'

#: It changes by the second, and what an operator sees is for nobody else.
_FIELDS = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Robots-Tag": "noindex"}

blueprint = Blueprint("hub_status", __name__)


class TokenWanted(Unauthorized):
    """Nobody says who he is, or it is not true: a browser asks for the token."""

    description = (
        "the password is a token that is made by: communique token make NAME --action operate"
    )

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Return Werkzeug's own, and the challenge."""
        # Its own way to write a challenge leaves out the quotes that RFC 7617 section 2 wants.
        return [*super().get_headers(*arguments), ("WWW-Authenticate", _CHALLENGE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is for ops alone."""

    troubles: list[DeliveryState]  #: the first ones
    subscribers: list[DeliveryState]  #: a page of them
    behind: int  #: where this page begins
    has_more: bool


@blueprint.get("/hub/status")
def show() -> Response:
    """Answer with how each hub does; to an operator also with who is subscribed."""
    return _page(is_operator=_is_operator(is_required=False))


@blueprint.get("/hub/status/subscribers")
def show_subscribers() -> Response:
    """Answer an operator alone: here a browser is asked for the token."""
    return _page(is_operator=_is_operator(is_required=True))


def _page(*, is_operator: bool) -> Response:
    hub, room = _hub(), desk()
    missing_after = timedelta(seconds=hub.settings.canary.missing_after_seconds)
    with hub.database.read() as tx:
        seen = report(tx, room.catalogue, now=room.now, missing_after=missing_after)
        books = _books(tx) if is_operator else None
    page = render_template(
        "hub_status.html",
        seen=seen,
        topics=_topics(seen.subscriptions),
        books=books,
        is_offered=hub.settings.own_hub.offered,
        watched=hub.settings.canary.feed if hub.settings.canary.watches else None,
    )
    return Response(page, mimetype="text/html", headers=_FIELDS)


def _books(tx: Transaction) -> Books:
    behind = request.args.get("behind", 0, type=int)
    behind = behind if 0 <= behind < 2**31 else 0
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


def _hub() -> HubState:
    hub = furniture().hub
    if hub is None:
        raise NotFound
    return hub


def _is_operator(*, is_required: bool) -> bool:
    """True for the bearer of a token that is for this; who has another one is told so.

    Browsers know no bearer tokens (RFC 6750), so it is the password of RFC 7617, under any name.
    """
    told = request.headers.get("Authorization")
    if told is None and not is_required:
        return False
    token, text = None, _token_in(told or "")
    if text is not None:
        with _hub().database.read() as tx:
            token = tx.tokens.by_hash(hash_of(text))
    if token is None or not token.is_good(desk().now):
        raise TokenWanted
    if Action.OPERATE not in token.actions:
        raise Forbidden(f"this token is not for {Action.OPERATE}")
    return True
