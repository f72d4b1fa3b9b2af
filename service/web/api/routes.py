"""The routes of the API and its OpenAPI description, both made from the table of operations."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from werkzeug.exceptions import NotFound

from feeds.errors import OutcomeUnknown, StoreReplaced, StoreUnavailable
from service.http_rules import PROBLEM_TYPE
from service.web.api.authorisation import TokenAuth, require
from service.web.api.calls import (
    JSON_TYPE,
    ApiCall,
    ApiContext,
    ApiResponse,
    ApiState,
    Query,
    parameters,
)
from service.web.api.faults import ApiProblem, bad_parameter, misasked
from service.web.api.operations import OPERATIONS, Operation
from service.web.api.reading import ROOT
from service.web.api.shapes import BatchOut, Outcome, Page, Patch, Problem, Record, ReleaseOut
from service.web.request_bodies import is_awaited, was_awaited

# The API's own description (OpenAPI 3.1), made of the very shapes that check what comes.

_SHAPES: tuple[type[BaseModel], ...] = (
    Record, Patch, ReleaseOut, Outcome, Page, BatchOut, Problem,
)  # fmt: skip
_REF = "#/components/schemas/{model}"

#: What any call may be answered.
_ALWAYS = (401, 403, 429, 503)

#: An index entry has to hold it; no control character comes as far as the store.
KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 500, "pattern": r"^[^\x00-\x1f\x7f]+$"}

_DETAILS = {
    400: "The query, or the JSON of the body, cannot be understood.",
    401: "There is no token, or it is not known, expired or revoked.",
    403: "The token is not for this action, or not for these categories.",
    404: "There is no such release, or the token may not see it.",
    409: "Others change the release at this very moment.",
    412: "A condition does not hold.",
    413: "The body, or the batch, is too large.",
    415: "The body has another media type than those that are taken.",
    422: "The intake refuses what was sent; errors has every fault, with its place.",
    429: "The token asks too often; Retry-After tells for how long to wait.",
    503: "The store cannot be reached; Retry-After tells for how long to wait.",
}

_DESCRIPTION = (
    "Publish, correct and look at press releases. What a record may hold, how it is cleaned and "
    "why it is refused is the same as for files. Tokens are made with `communique token make`."
)


@lru_cache(maxsize=4)
def openapi_document(base_url: str) -> dict[str, Any]:
    """The document, for the API of the newsroom at *base_url*. Not to be changed."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Communiqué",
            "version": version("communique"),
            "description": _DESCRIPTION,
        },
        "servers": [{"url": f"{base_url}{ROOT}"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas() -> dict[str, Any]:
    _, made = models_json_schema([(shape, "validation") for shape in _SHAPES], ref_template=_REF)
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"For tokens with the action {operation.action}.",
        "parameters": [*_path(operation), *parameters(operation.query), *_fields(operation)],
        "responses": {
            **{str(code): _answer(*told) for code, told in operation.answers.items()},
            **{str(code): _problem(code) for code in sorted({*_ALWAYS, *operation.problems})},
        },
    }
    if operation.bodies:
        described["requestBody"] = {
            "required": True,
            "content": {kind: _content(shape) for kind, shape in operation.bodies.items()},
        }
    return described


def _path(operation: Operation) -> list[dict[str, Any]]:
    if "{key}" not in operation.path:
        return []
    told = "The release's key as its sender has it, or its permanent id; slashes as %2F."
    return [
        {"name": "key", "in": "path", "required": True, "description": told, "schema": KEY_SCHEMA}
    ]


def _fields(operation: Operation) -> list[dict[str, Any]]:
    if not operation.has_conditions:
        return []
    told = {
        "If-Match": "Only if the release is still this: the etag of an earlier answer, or *.",
        "If-None-Match": "With *: only if there is no such release yet.",
    }
    return [
        {"name": name, "in": "header", "description": what, "schema": {"type": "string"}}
        for name, what in told.items()
    ]


def _content(shape: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(shape, Mapping):
        return {"schema": shape}
    return {"schema": {"$ref": _REF.format(model=shape.__name__)}}


def _answer(told: str, shape: type[BaseModel] | None) -> dict[str, Any]:
    if shape is None:
        return {"description": told}
    return {"description": told, "content": {JSON_TYPE: _content(shape)}}


def _problem(code: int) -> dict[str, Any]:
    told = _DETAILS.get(code, HTTPStatus(code).phrase)
    return {"description": told, "content": {PROBLEM_TYPE: _content(Problem)}}


# The API's routes. Every call comes through one door.

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
    token_auth = TokenAuth(state.database, seconds=seconds)

    def route(operation: Operation) -> Callable[..., Response]:
        def answer(key: str = "") -> Response:
            return _write(_do(operation, key, state, token_auth, clock()))

        return answer

    for operation in OPERATIONS:
        rule = operation.path.replace("{key}", "<key:key>")
        view = route(operation)
        blueprint.add_url_rule(rule, operation.name, view, methods=[operation.method])

    @blueprint.get("/openapi.json")
    def describe() -> Response:
        """It tells nothing of this newsroom but where it is, so it needs no token."""
        document = openapi_document(_offered(state).catalogue.site.base_url)
        return Response(json.dumps(document, ensure_ascii=False), mimetype=JSON_TYPE)

    @blueprint.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = NOT_TO_BE_KEPT
        return response

    return blueprint


def _do(
    operation: Operation, key: str, state: ApiState, token_auth: TokenAuth, now: datetime
) -> ApiResponse:
    context = _offered(state)
    limits = context.limits
    is_counted = was_awaited(request.environ)
    credentials = request.headers.get("Authorization")
    token = token_auth.admit(credentials, limits=limits, now=now, is_counted=is_counted)
    require(token, operation.action)
    if (request.content_length or 0) > limits.max_body_bytes:
        raise ApiProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {limits.max_body_bytes} bytes"
        )
    if is_awaited(request.environ):
        return ApiResponse(status=HTTPStatus.CONTINUE, content=None)
    call = ApiCall(
        token=token,
        context=context,
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


def _offered(state: ApiState) -> ApiContext:
    context = state.context
    if not context.limits.offered:
        raise NotFound
    return context


def _query(shape: type[Query]) -> Query:
    given = request.args.to_dict(flat=False)
    for name, values in given.items():
        if len(values) > 1:
            raise bad_parameter(name, "is there more than once")
    try:
        return shape.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise misasked(error) from error


def _write(answer: ApiResponse) -> Response:
    content = answer.content
    body = b"" if content is None else content.model_dump_json(exclude_none=True).encode() + b"\n"
    response = Response(body, status=answer.status, headers=dict(answer.headers))
    if content is not None:
        response.mimetype = JSON_TYPE
    return response
