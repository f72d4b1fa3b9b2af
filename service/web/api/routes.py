"""The routes of the API and its OpenAPI description, both made from the table of operations."""

import json
import time
from collections.abc import Callable, Mapping
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
    ApiResponse,
    Query,
    parameters,
)
from service.web.api.faults import ApiProblem, bad_parameter, invalid_query
from service.web.api.operations import OPERATIONS, Operation
from service.web.api.reading import ROOT
from service.web.api.shapes import (
    BatchOut,
    EmbargoOut,
    EmbargoPage,
    MediumOut,
    Outcome,
    Page,
    Patch,
    Problem,
    ReadersOut,
    Record,
    ReleaseOut,
)
from service.web.request_bodies import is_awaited, take_as_file, was_awaited
from service.web.request_context import RequestContext, request_context

# The OpenAPI 3.1 document, made from the same models that validate requests.

_SHAPES: tuple[type[BaseModel], ...] = (
    Record, Patch, ReleaseOut, EmbargoOut, Outcome, Page, EmbargoPage, BatchOut, MediumOut,
    ReadersOut, Problem,
)  # fmt: skip
_REF = "#/components/schemas/{model}"

#: The problems that any call may be answered with.
_ALWAYS = (401, 403, 429, 503)

#: The key of a release. It has to fit into an index entry, and the router rejects control
#: characters.
KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 500, "pattern": r"^[^\x00-\x1f\x7f]+$"}

_DETAILS = {
    400: "The query, or the JSON of the body, cannot be understood.",
    401: "There is no token, or it is unknown, expired or revoked.",
    403: "The token does not allow this action, or not these categories.",
    404: "There is no such release, or the token may not see it.",
    409: "Other clients are changing the release at this moment.",
    412: "If-Match or If-None-Match does not hold.",
    413: "The body or the batch is too large.",
    415: "The media type of the body is not supported.",
    422: "The release is invalid; errors lists every fault with a pointer to it.",
    507: "There is no room for further files.",
    429: "The token is used too often; Retry-After says how long to wait.",
    503: "The store cannot be reached; Retry-After says how long to wait.",
}

_DESCRIPTION = (
    "Publish, correct, retract and read press releases. The fields of a record, their "
    "cleaning and their errors are the same as in files. Make tokens with `communique token make`."
)


@lru_cache(maxsize=4)
def openapi_document(base_url: str) -> dict[str, Any]:
    """Returns the OpenAPI document of the newsroom at *base_url*. Callers must not change it."""
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
            **{str(code): _answer(*answer) for code, answer in operation.answers.items()},
            **{str(code): _problem(code) for code in sorted({*_ALWAYS, *operation.problems})},
        },
    }
    if operation.takes_file:
        described["requestBody"] = {
            "required": True,
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
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
    description = "The sender's key of the release, or its permanent id. Write slashes as %2F."
    return [
        {
            "name": "key",
            "in": "path",
            "required": True,
            "description": description,
            "schema": KEY_SCHEMA,
        }
    ]


def _fields(operation: Operation) -> list[dict[str, Any]]:
    if not operation.has_conditions:
        return []
    descriptions = {
        "If-Match": "Change the release only if its ETag is this one; * stands for any ETag.",
        "If-None-Match": "With *, add the release only if it does not exist yet.",
    }
    return [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for name, text in descriptions.items()
    ]


def _content(shape: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(shape, Mapping):
        return {"schema": shape}
    return {"schema": {"$ref": _REF.format(model=shape.__name__)}}


def _answer(description: str, shape: type[BaseModel] | None) -> dict[str, Any]:
    if shape is None:
        return {"description": description}
    return {"description": description, "content": {JSON_TYPE: _content(shape)}}


def _problem(code: int) -> dict[str, Any]:
    description = _DETAILS.get(code, HTTPStatus(code).phrase)
    return {"description": description, "content": {PROBLEM_TYPE: _content(Problem)}}


# The routes. All operations share `_execute`, which checks the token and the size of the body.

#: Responses of the API are for one client, and valid for this moment only.
NO_STORE = "no-store"


def make_blueprint(*, monotonic: Callable[[], float] = time.monotonic) -> Blueprint:
    """Makes the routes of the API.

    Args:
        monotonic: A monotonic clock in seconds, for the rate limit.
    """
    blueprint = Blueprint("api", __name__, url_prefix=ROOT)
    token_auth = TokenAuth(monotonic=monotonic)

    def route(operation: Operation) -> Callable[..., Response]:
        def answer(key: str = "") -> Response:
            return _write(_execute(operation, key, token_auth))

        return answer

    for operation in OPERATIONS:
        rule = operation.path.replace("{key}", "<key:key>")
        view = route(operation)
        blueprint.add_url_rule(rule, operation.name, view, methods=[operation.method])

    @blueprint.get("/openapi.json")
    def describe() -> Response:
        """Answers without a token: the only data of this newsroom in it is its URL."""
        document = openapi_document(_offered().catalogue.site.base_url)
        return Response(json.dumps(document, ensure_ascii=False), mimetype=JSON_TYPE)

    @blueprint.after_request
    def forbid_caching(response: Response) -> Response:
        response.headers["Cache-Control"] = NO_STORE
        return response

    return blueprint


def _execute(operation: Operation, key: str, token_auth: TokenAuth) -> ApiResponse:
    context = _offered()
    limits, now = context.settings.api, context.now
    is_counted = was_awaited(request.environ)
    credentials = request.headers.get("Authorization")
    token = token_auth.authenticate(
        credentials, context.database, limits=limits, now=now, is_counted=is_counted
    )
    require(token, operation.action)
    max_bytes = limits.max_body_bytes
    if operation.takes_file:
        max_bytes = context.settings.media.max_file_bytes
        folder = context.settings.data_folder
        take_as_file(
            request.environ, folder=folder if folder.is_dir() else None, max_bytes=max_bytes
        )
    if (request.content_length or 0) > max_bytes:
        raise ApiProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {max_bytes} bytes")
    if is_awaited(request.environ):
        return ApiResponse(status=HTTPStatus.CONTINUE, content=None)
    call = ApiCall(
        token=token,
        application=context.application,
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
        # The store may have committed before it became unavailable, or the call may have made
        # several commits. SQLite reports the result of each commit.
        if operation.method == "GET" or context.database.is_sqlite:
            raise
        raise OutcomeUnknown(str(error)) from error


def _offered() -> RequestContext:
    context = request_context()
    if not context.settings.api.offered:
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
        raise invalid_query(error) from error


def _write(answer: ApiResponse) -> Response:
    content = answer.content
    body = b"" if content is None else content.model_dump_json(exclude_none=True).encode() + b"\n"
    response = Response(body, status=answer.status, headers=dict(answer.headers))
    if content is not None:
        response.mimetype = JSON_TYPE
    return response
