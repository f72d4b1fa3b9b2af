"""The built-in WebSub hub's address: where one subscribes, and reads what that is."""

from http import HTTPStatus

from flask import Blueprint, Response, render_template
from werkzeug.exceptions import NotFound

from feeds.model.feed import ALL, Format, Site
from service.web.answers import answer_bytes
from service.web.desk import desk, furniture
from service.web.pages import CACHE_CONTROL
from service.web.reception import Reception, Refused, refused
from service.websub.hub.requests import MAX_SECRET_BYTES, RequestRefused, read_request

#: An answer is about one request.
_NOT_TO_BE_KEPT = "no-store"

ACCEPTED = "accepted: the callback will be asked whether it wants this\n"


def make_blueprint(reception: Reception) -> Blueprint:
    """Make the hub's routes."""
    blueprint = Blueprint("hub", __name__)

    @blueprint.before_request
    def find() -> None:
        if not reception.settings.offered:
            raise NotFound

    @blueprint.post("/hub")
    def ask() -> Response:
        try:
            _take(reception)
        except RequestRefused as error:
            return tell(refused(error))
        except Refused as error:
            return tell(error)
        # WebSub 5.1.1: "The 202 response code indicates that the request was accepted", and 5.3
        # comes later: the hub's process asks the callback.
        return _text(ACCEPTED, HTTPStatus.ACCEPTED)

    @blueprint.get("/hub")
    def explain() -> Response:
        page = render_template(
            "hub.html",
            command=_command(desk().site),
            hub=reception.settings,
            terms=reception.terms,
            max_secret_bytes=MAX_SECRET_BYTES,
        )
        return answer_bytes(
            page.encode(),
            media_type="text/html; charset=utf-8",
            cache_control=CACHE_CONTROL,
        )

    return blueprint


def tell(refusal: Refused) -> Response:
    """Answer a request that is not taken: WebSub 5.1.1 wants the reason as plain text."""
    answer = _text(f"{refusal.reason}\n", refusal.status)
    if refusal.retry_after_s:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    return answer


def _command(site: Site) -> str:
    """What to type, to subscribe to the feed of everything."""
    lines = (
        f"curl -i {site.hub}",
        "-d hub.mode=subscribe",
        f"--data-urlencode hub.topic={site.topic(ALL, Format.ATOM)}",
        "--data-urlencode hub.callback=https://you.example/news",
    )
    return " \\\n  ".join(lines)


def _take(reception: Reception) -> None:
    client = reception.client()
    now = furniture().clock()
    wanted = read_request(
        reception.form(),
        topics=reception.topics,
        terms=reception.terms,
        now=now,
        client=client,
    )
    reception.take(wanted, now=now)


def _text(text: str, status: HTTPStatus) -> Response:
    return Response(
        text,
        status=status,
        mimetype="text/plain",
        headers={"Cache-Control": _NOT_TO_BE_KEPT},
    )
