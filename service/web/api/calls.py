"""A call of the API: its token, its query parameters, its body; and its response."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Annotated, Any, Generic, Literal, TypeVar

from flask import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from feeds.categories import Catalogue
from feeds.model.token import Token
from feeds.newsroom import Newsroom
from service.application import Application
from service.web.api.faults import ApiProblem

# Query parameters.

MAX_PAGE = 200
DEFAULT_PAGE = 50
MAX_REASON_CHARS = 500


def _flag(value: object) -> object:
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("expected true or false")


def _count(value: object) -> object:
    if isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,8}", value, re.ASCII):
        return int(value)
    raise ValueError(f"expected a whole number from 1 to {MAX_PAGE}")


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]


class Query(BaseModel):
    """Query parameters. Unknown ones are errors, because a typo must not look like success."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )


class NoQuery(Query):
    """No parameters."""


class WriteQuery(Query):
    """The parameters of changes."""

    dry_run: Flag = Field(
        default=False, description="Return what would be done, and store nothing."
    )


class RetractQuery(WriteQuery):
    """The parameters of a retraction."""

    reason: str = Field(
        min_length=1,
        max_length=MAX_REASON_CHARS,
        description="The reason of the retraction, as published. Plain text.",
    )


class MediumQuery(Query):
    """The parameters of a file."""

    name: str = Field(
        min_length=1,
        max_length=MAX_REASON_CHARS,
        description="What the file is called, such as photo.jpg. Its URL ends so.",
    )


class ListQuery(Query):
    """The parameters of a list of releases."""

    category: str | None = Field(
        default=None, description="Only releases in the feed of the category with this slug."
    )
    language: str | None = Field(
        default=None, description="Only releases in this language (BCP 47)."
    )
    since: str | None = Field(
        default=None,
        description="Only releases that were last changed here at this time or later.",
        json_schema_extra={"format": "date-time"},
    )
    unfiled: Flag = Field(
        default=False, description="Only releases with a category name that no category matches."
    )
    order: Literal["newest", "oldest"] = Field(
        default="newest",
        description="Whether the newest or the oldest change comes first. A client that pages from "
        "the oldest misses no release that changes meanwhile.",
    )
    limit: Annotated[int, BeforeValidator(_count)] = Field(
        default=DEFAULT_PAGE,
        ge=1,
        le=MAX_PAGE,
        description="The greatest number of releases on a page.",
    )
    after: str | None = Field(default=None, description="The value of next on the preceding page.")


class EmbargoListQuery(Query):
    """The parameters of a list of embargoes."""

    since: str | None = Field(
        default=None,
        description="Only embargoes that end at this time or later.",
        json_schema_extra={"format": "date-time"},
    )
    before: str | None = Field(
        default=None,
        description="Only embargoes that end before this time.",
        json_schema_extra={"format": "date-time"},
    )
    limit: Annotated[int, BeforeValidator(_count)] = Field(
        default=DEFAULT_PAGE,
        ge=1,
        le=MAX_PAGE,
        description="The greatest number of embargoes on a page.",
    )
    after: str | None = Field(default=None, description="The value of next on the preceding page.")


class ReadersQuery(Query):
    """The parameters of the counts of readers."""

    days: Annotated[int, BeforeValidator(_count)] = Field(
        default=30, ge=1, le=MAX_PAGE, description="How many days to show, today included."
    )


def parameters(query: type[Query]) -> list[dict[str, Any]]:
    """Returns the parameters as OpenAPI describes them."""
    schema = query.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": described.pop("description", ""),
            "schema": _without_null(described),
        }
        for name, described in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes what pydantic adds and OpenAPI does not need: null types, null defaults, titles."""
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    merged = {**(kinds[0] if kinds else {}), **schema}
    return {
        name: value
        for name, value in merged.items()
        if name != "title" and not (name == "default" and value is None)
    }


# The call and its response.

JSON_TYPE = "application/json"
LINES_TYPES = ("application/x-ndjson", "application/jsonl")
PATCH_TYPE = "application/merge-patch+json"

_Q = TypeVar("_Q", bound=Query)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """The response to a call."""

    status: HTTPStatus
    content: BaseModel | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ApiCall(Generic[_Q]):
    """An authorised call."""

    token: Token
    application: Application
    now: datetime
    request: Request
    query: _Q
    key: str = ""  #: the last segment of the path, decoded

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.application.catalogue

    @property
    def newsroom(self) -> Newsroom:
        """The newsroom: releases in."""
        return self.application.newsroom

    @cached_property
    def document(self) -> str:
        """The name of the body in messages for people."""
        return f"api:{self.key or self.token.name}"

    def body(self) -> bytes:
        """Returns the bytes of the body."""
        return self.request.get_data(cache=True)

    def json(self) -> object:
        """Returns the JSON value of the body.

        Raises:
            ApiProblem: The body is not JSON (RFC 8259).
        """
        try:
            return json.loads(self.body().decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error}") from error

    def media_type(self, *accepted: str) -> str:
        """Returns the media type of the body.

        Raises:
            ApiProblem: It is none of those *accepted*.
        """
        media_type = self.request.mimetype
        if media_type in accepted:
            return media_type
        # RFC 5789 2.2: "A 415 response to a PATCH request SHOULD include an Accept-Patch";
        # RFC 9110 15.5.16 has Accept for the others.
        name = "Accept-Patch" if self.request.method == "PATCH" else "Accept"
        raise ApiProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"the body has to be {' or '.join(accepted)}: say so in Content-Type",
            headers={name: ", ".join(accepted)},
        )


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
