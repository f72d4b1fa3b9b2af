"""One call of the API: by whom, about what, with what; and what it is answered."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Generic, Protocol, TypeVar

from flask import Request
from pydantic import BaseModel

from feeds.categories import Catalogue
from feeds.ingest import IntakeRules
from feeds.model.release import Draft
from feeds.model.token import Token
from feeds.newsroom import Newsroom
from feeds.store.database import Database
from service.settings import ApiSettings
from service.web.api.faults import ApiProblem
from service.web.api.queries import Query

JSON_TYPE = "application/json"
LINES_TYPES = ("application/x-ndjson", "application/jsonl")
PATCH_TYPE = "application/merge-patch+json"

_Q = TypeVar("_Q", bound=Query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """The newsroom as one call sees it, from its first line to its last."""

    catalogue: Catalogue
    newsroom: Newsroom
    rules: IntakeRules  #: how documents are read
    measure: Callable[[Sequence[Draft]], list[Draft]]  #: completes what is told of files
    limits: ApiSettings  #: and whether there is an API


class ApiState(Protocol):
    """Where the API finds the current newsroom."""

    @property
    def press(self) -> Press:
        """As it is configured now. A reload swaps it, whole."""

    @property
    def database(self) -> Database:
        """Knows the tokens; the same for all configurations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call is answered."""

    status: HTTPStatus
    content: BaseModel | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Call(Generic[_Q]):
    """A call that its bearer may make, from its first line to its last."""

    token: Token
    press: Press
    now: datetime
    request: Request
    query: _Q
    key: str = ""  #: the last part of the address, decoded

    @property
    def catalogue(self) -> Catalogue:
        """Site, categories and feeds."""
        return self.press.catalogue

    @property
    def newsroom(self) -> Newsroom:
        """Releases in."""
        return self.press.newsroom

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
