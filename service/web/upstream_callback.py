"""The callbacks of our subscriptions at the hubs of upstreams (WebSub)."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import Gone, NotFound

from feeds.model.upstream import UpstreamSubscription
from service.logs import get_logger
from service.upstreams.fetching import MAX_BODY_BYTES
from service.upstreams.subscribing import LEASE, terms_of
from service.web.request_bodies import is_awaited
from service.web.request_context import RequestContext, request_context
from service.websub.canary import DENIED_PAUSE, Denial, is_signed, is_token, read_hub_request
from service.websub.retries import in_short

_log = get_logger(__name__)

#: These responses are for the hub alone. WebSub 5.3.1, of June 2026: a browser must not render a
#: challenge that somebody else wrote.
_FIELDS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
_ECHO_TYPE = "application/octet-stream"

blueprint = Blueprint("upstream_callback", __name__)


@blueprint.get("/hub/upstream/<token>")
def verify(token: str) -> Response:
    """Answers a hub that verifies a subscription, or that denies it."""
    context = request_context()
    held = _subscription(context, token)
    if held is None:
        raise NotFound
    lease_s = round(LEASE.total_seconds())
    hub_request = read_hub_request(held.topic, request.args, lease_s=lease_s)
    # WebSub 5.3: only what was asked for is confirmed.
    if hub_request is None or held.asked_at is None:
        raise NotFound
    now = context.now
    if isinstance(hub_request, Denial):
        result = f"denied: {hub_request.reason}" if hub_request.reason else "denied"
        with context.database.transaction() as tx:
            tx.upstream_subscriptions.denied(token, again_at=now + DENIED_PAUSE, result=result)
        _log.warning("upstream subscription denied", hub=held.hub, upstream=held.upstream)
        return Response("", mimetype=_ECHO_TYPE, headers=_FIELDS)
    expires_at, renew_at = terms_of(hub_request, now=now)
    lease = in_short(timedelta(seconds=hub_request.lease_s))
    with context.database.transaction() as tx:
        tx.upstream_subscriptions.verified(
            token,
            now=now,
            expires_at=expires_at,
            renew_at=renew_at,
            result=f"verified for {lease}",
        )
    _log.info("upstream subscription verified", hub=held.hub, upstream=held.upstream, lease=lease)
    return Response(hub_request.challenge, mimetype=_ECHO_TYPE, headers=_FIELDS)


@blueprint.post("/hub/upstream/<token>")
def receive(token: str) -> Response:
    """Stores a document that the hub pushes, for the jobs process, which reads it."""
    context = request_context()
    held = _subscription(context, token)
    if held is None:
        # WebSub 7: a hub that supports it ends the subscription on a 410.
        raise Gone("there is no subscription of ours with this callback")
    if is_awaited(request.environ):
        return Response(status=HTTPStatus.CONTINUE)
    request.max_content_length = MAX_BODY_BYTES
    body = request.get_data(cache=False)
    if not is_signed(body, request.headers.get("X-Hub-Signature"), secret=held.secret):
        # WebSub 7.1.2: such a push is ignored, and a 2xx may be answered: whoever guesses learns
        # nothing.
        with context.database.transaction() as tx:
            tx.upstream_subscriptions.remark(token, "a push came that our secret did not sign")
        _log.warning("push without a valid signature", hub=held.hub, upstream=held.upstream)
        return Response(status=HTTPStatus.NO_CONTENT, headers=_FIELDS)
    content_type = request.headers.get("Content-Type", "")[:200]
    with context.database.transaction() as tx:
        tx.upstream_subscriptions.push(held, body, content_type=content_type, now=context.now)
    return Response(status=HTTPStatus.NO_CONTENT, headers=_FIELDS)


def _subscription(context: RequestContext, token: str) -> UpstreamSubscription | None:
    if not is_token(token):
        return None
    with context.database.read() as tx:
        return tx.upstream_subscriptions.by_token(token)
