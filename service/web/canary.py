"""The callback of the canary subscriptions, which hubs verify and push to like any other."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, Gone, NotFound

from feeds.model.subscription import Canary
from feeds.render.compression import digest
from service.logs import get_logger
from service.web.request_bodies import is_awaited
from service.web.request_context import RequestContext, request_context
from service.websub.canary import DENIED_PAUSE, Denial, is_signed, is_token, read_hub_request
from service.websub.retries import in_short

_log = get_logger(__name__)

#: More than any document that we push. Larger bodies are not read.
MAX_PUSH_BYTES = 16 * 1024 * 1024

#: These responses are for the hub alone.
_FIELDS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

#: WebSub 5.3.1, of June 2026: a browser must not render a challenge that somebody else wrote.
_ECHO_TYPE = "application/octet-stream"

blueprint = Blueprint("canary", __name__)


@blueprint.get("/hub/canary/<token>")
def verify(token: str) -> Response:
    """Answers a hub that verifies the subscription, or that denies it."""
    context = request_context()
    found = _canary(context, token)
    if found is None:
        raise NotFound
    hub_request = read_hub_request(
        found.topic, request.args, lease_s=context.settings.canary.lease_s
    )
    if hub_request is None:
        raise NotFound
    now = context.now
    if isinstance(hub_request, Denial):
        with context.database.transaction() as tx:
            result = f"denied: {hub_request.reason}" if hub_request.reason else "denied"
            tx.canaries.denied(token, again_at=now + DENIED_PAUSE, result=result)
        _log.warning("canary denied", hub=found.hub, reason=hub_request.reason)
        return _text_response("")
    lease = in_short(timedelta(seconds=hub_request.lease_s))
    with context.database.transaction() as tx:
        tx.canaries.verified(
            token,
            now=now,
            expires_at=hub_request.expires_at(now),
            renew_at=hub_request.renew_at(now),
            result=f"verified for {lease}",
        )
    _log.info("canary verified", hub=found.hub, topic=found.topic, lease=lease)
    return _text_response(hub_request.challenge)


@blueprint.post("/hub/canary/<token>")
def receive(token: str) -> Response:
    """Accepts a push. It counts only with a signature made with our secret: so the hub sent it."""
    context = request_context()
    found = _canary(context, token)
    if found is None:
        # WebSub 7: a hub that supports it ends the subscription on a 410.
        raise Gone("there is no subscription of ours with this callback")
    if is_awaited(request.environ):
        return Response(status=HTTPStatus.CONTINUE)
    request.max_content_length = MAX_PUSH_BYTES
    body = request.get_data(cache=False)
    if not is_signed(body, request.headers.get("X-Hub-Signature"), secret=found.secret):
        _record_bad_signature(context, found)
        raise Forbidden("this is not signed by the secret that the hub was given")
    with context.database.transaction() as tx:
        edition = tx.canaries.arrived(found, digest=digest(body), now=context.now)
    _log.debug("push arrived", hub=found.hub, topic=found.topic, edition=edition)
    return Response(status=HTTPStatus.NO_CONTENT, headers=_FIELDS)


def _canary(context: RequestContext, token: str) -> Canary | None:
    if not is_token(token):
        return None
    with context.database.read() as tx:
        return tx.canaries.by_token(token)


def _record_bad_signature(context: RequestContext, found: Canary) -> None:
    """Records a push without a valid signature, for operators.

    Only the hub knows the URL, so the hub does not sign its pushes, or has lost our secret.
    """
    with context.database.transaction() as tx:
        tx.canaries.record_remark(found.token, "a push came that was not signed by our secret")
    _log.warning("push without a valid signature", hub=found.hub, at=context.now.isoformat())


def _text_response(text: str) -> Response:
    fields = {**_FIELDS, "X-Content-Type-Options": "nosniff"}
    return Response(text, mimetype=_ECHO_TYPE, headers=fields)
