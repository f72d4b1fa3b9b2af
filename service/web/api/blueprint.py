"""The API's routes. Every call comes through one door."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import NotFound

from feeds.errors import OutcomeUnknown, StoreReplaced, StoreUnavailable
from service.web.api import openapi
from service.web.api.calls import JSON_TYPE, Answer, ApiState, Call, Press
from service.web.api.doorkeeper import Doorkeeper, require
from service.web.api.faults import ApiProblem, bad_parameter, misasked
from service.web.api.operations import OPERATIONS, Operation
from service.web.api.queries import Query
from service.web.api.releases import ROOT
from service.web.bodies import is_awaited, was_awaited

#: What the API answers is nobody's but the asker's, and true for this moment only.
NOT_TO_BE_KEPT = "no-store"


def make_blueprint(
    state: ApiState,
    *,
    clock: Callable[[], datetime],
    seconds: Callable[[], float] = time.monotonic,
) -> Blueprint:
    """Make the API over the newsroom in *state*.

    Args:
        state: Asked once in each call.
        clock: The time of day, for what is published and for how long tokens are good.
        seconds: A clock that nobody sets, for how often one asks.
    """
    blueprint = Blueprint("api", __name__, url_prefix=ROOT)
    doorkeeper = Doorkeeper(state.database, seconds=seconds)

    def route(operation: Operation) -> Callable[..., Response]:
        def answer(key: str = "") -> Response:
            return _write(_do(operation, key, state, doorkeeper, clock()))

        return answer

    for operation in OPERATIONS:
        rule = operation.path.replace("{key}", "<key:key>")
        view = route(operation)
        blueprint.add_url_rule(rule, operation.name, view, methods=[operation.method])

    @blueprint.get("/openapi.json")
    def describe() -> Response:
        """It tells nothing of this newsroom but where it is, so it needs no token."""
        document = openapi.describe(_offered(state).catalogue.site.base_url)
        return Response(json.dumps(document, ensure_ascii=False), mimetype=JSON_TYPE)

    @blueprint.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = NOT_TO_BE_KEPT
        return response

    return blueprint


def _do(
    operation: Operation, key: str, state: ApiState, doorkeeper: Doorkeeper, now: datetime
) -> Answer:
    press = _offered(state)
    limits = press.limits
    is_counted = was_awaited(request.environ)
    credentials = request.headers.get("Authorization")
    token = doorkeeper.admit(credentials, limits=limits, now=now, is_counted=is_counted)
    require(token, operation.action)
    if (request.content_length or 0) > limits.max_body_bytes:
        raise ApiProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {limits.max_body_bytes} bytes"
        )
    if is_awaited(request.environ):
        return Answer(status=HTTPStatus.CONTINUE, content=None)
    call = Call(
        token=token,
        press=press,
        now=now,
        request=request,
        query=_query(operation.query),
        key=key,
    )
    try:
        return operation.do(call)
    except StoreReplaced:
        raise
    except StoreUnavailable as error:
        # A commit may have been the last that the store heard, or one of several that are done.
        # SQLite says of each what became of it.
        if operation.method == "GET" or state.database.is_sqlite:
            raise
        raise OutcomeUnknown(str(error)) from error


def _offered(state: ApiState) -> Press:
    press = state.press
    if not press.limits.offered:
        raise NotFound
    return press


def _query(shape: type[Query]) -> Query:
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise bad_parameter(name, "is there more than once")
    try:
        return shape.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise misasked(error) from error


def _write(answer: Answer) -> Response:
    content = answer.content
    body = b"" if content is None else content.model_dump_json(exclude_none=True).encode() + b"\n"
    response = Response(body, status=answer.status, headers=dict(answer.headers))
    if content is not None:
        response.mimetype = JSON_TYPE
    return response
