"""One call of the API: by whom, about what, with which parameters; and its answer."""

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

# What may stand behind the question mark.

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
    """Parameters. One that is not known is told: a slip must not look like success."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )


class NoQuery(Query):
    """Nothing."""


class WriteQuery(Query):
    """How something is to be changed."""

    dry_run: Flag = Field(default=False, description="Say what would be done, and store nothing.")


class RetractQuery(WriteQuery):
    """Why a release is taken back."""

    reason: str = Field(
        min_length=1, max_length=MAX_REASON_CHARS, description="For the public: plain text."
    )


class ListQuery(Query):
    """Which releases."""

    category: str | None = Field(
        default=None, description="Only those in the feed of this category, by its slug."
    )
    language: str | None = Field(default=None, description="Only those in this one, BCP 47.")
    since: str | None = Field(
        default=None,
        description="Only those that were changed here at this moment or later.",
        json_schema_extra={"format": "date-time"},
    )
    unfiled: Flag = Field(
        default=False, description="Only those with a name that no category claims."
    )
    order: Literal["newest", "oldest"] = Field(
        default="newest",
        description="Which change comes first. Who walks from the oldest misses nothing that "
        "changes meanwhile.",
    )
    limit: Annotated[int, BeforeValidator(_count)] = Field(
        default=DEFAULT_PAGE, ge=1, le=MAX_PAGE, description="How many at the most."
    )
    after: str | None = Field(default=None, description="The next of the page before.")


def parameters(query: type[Query]) -> list[dict[str, Any]]:
    """The parameters as OpenAPI describes them."""
    schema = query.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": described.pop("description", ""),
            "schema": _present(described),
        }
        for name, described in schema["properties"].items()
    ]


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is there is never null; nor has it a title or a null for its default."""
    kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
    merged = {**(kinds[0] if kinds else {}), **schema}
    return {
        name: value
        for name, value in merged.items()
        if name != "title" and not (name == "default" and value is None)
    }


# One call of the API: by whom, about what, with what; and what it is answered.

JSON_TYPE = "application/json"
LINES_TYPES = ("application/x-ndjson", "application/jsonl")
PATCH_TYPE = "application/merge-patch+json"

_Q = TypeVar("_Q", bound=Query)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """What a call is answered."""

    status: HTTPStatus
    content: BaseModel | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ApiCall(Generic[_Q]):
    """A call that its bearer may make, from its first line to its last."""

    token: Token
    application: Application
    now: datetime
    request: Request
    query: _Q
    key: str = ""  #: the last part of the address, decoded

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.application.catalogue

    @property
    def newsroom(self) -> Newsroom:
        """Releases in."""
        return self.application.newsroom

    @cached_property
    def document(self) -> str:
        """What the body is called where a person reads of it."""
        return f"api:{self.key or self.token.name}"

    def body(self) -> bytes:
        """The body."""
        return self.request.get_data(cache=True)

    def json(self) -> object:
        """The value in the body.

        Raises:
            ApiProblem: It is no JSON (RFC 8259).
        """
        try:
            return json.loads(self.body().decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error}") from error

    def media_type(self, *taken: str) -> str:
        """The media type of the body.

        Raises:
            ApiProblem: It is none of those *taken*.
        """
        media_type = self.request.mimetype
        if media_type in taken:
            return media_type
        # RFC 5789 2.2: "A 415 response to a PATCH request SHOULD include an Accept-Patch";
        # RFC 9110 15.5.16 has Accept for the others.
        name = "Accept-Patch" if self.request.method == "PATCH" else "Accept"
        raise ApiProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"the body has to be {' or '.join(taken)}: say so in Content-Type",
            headers={name: ", ".join(taken)},
        )


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
