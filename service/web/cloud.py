"""Where readers of RSS ask to be told of changes that know rssCloud instead of WebSub."""

from http import HTTPStatus
from xml.sax.saxutils import quoteattr

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from service.web.desk import HubState, furniture
from service.web.reception import Reception, Refused
from service.websub.hub.registrations import read_registration
from service.websub.hub.requests import RequestRefused

#: An answer is about one request.
_NOT_TO_BE_KEPT = "no-store"

#: The protocol has one answer for all: who waits for a callback to confirm would hold a thread.
ACCEPTED = (
    "Your server is asked next whether it wants this; it is then told of changes for 25 hours."
)


def make_blueprint(state: HubState, reception: Reception) -> Blueprint:
    """Make the route; it is there while documents name this service as their cloud."""
    blueprint = Blueprint("cloud", __name__)

    @blueprint.before_request
    def find() -> None:
        rsscloud = state.settings.rsscloud
        is_ours = rsscloud.offered and rsscloud.register_url is None
        if not is_ours or not reception.settings.offered:
            raise NotFound

    @blueprint.post("/cloud/pleaseNotify")
    def please_notify() -> Response:
        try:
            _take(reception)
        except RequestRefused as error:
            # A well-known server answers 200 to all; readers look at the attribute.
            return _result(is_success=False, message=str(error))
        except Refused as error:
            return _refusal(error)
        return _result(is_success=True, message=ACCEPTED)

    return blueprint


def _take(reception: Reception) -> None:
    client = reception.client()
    now = furniture().clock()
    wanted = read_registration(reception.form(), topics=reception.topics, now=now, client=client)
    reception.take(*wanted, now=now)


def _refusal(error: Refused) -> Response:
    answer = _result(is_success=False, message=error.reason)
    answer.status_code = error.status
    if error.retry_after_s:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _result(*, is_success: bool, message: str) -> Response:
    """Source: the walkthrough: "an XML response called notifyResult with two attributes"."""
    success = "true" if is_success else "false"
    return Response(
        f'<?xml version="1.0"?>\n<notifyResult success="{success}" msg={quoteattr(message)}/>\n',
        status=HTTPStatus.OK,
        mimetype="application/xml",
        headers={"Cache-Control": _NOT_TO_BE_KEPT},
    )
