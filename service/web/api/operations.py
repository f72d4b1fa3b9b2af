"""The table of the API's operations, from which both the routes and the OpenAPI document are made.

A new operation is a row here and a function of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from feeds.model.token import Action
from service.web.api import embargoes, media, reading, writing
from service.web.api.calls import (
    JSON_TYPE,
    LINES_TYPES,
    PATCH_TYPE,
    ApiCall,
    ApiResponse,
    EmbargoListQuery,
    ListQuery,
    MediumQuery,
    NoQuery,
    Query,
    ReadersQuery,
    RetractQuery,
    WriteQuery,
)
from service.web.api.shapes import (
    BATCH_SCHEMA,
    LINES_SCHEMA,
    BatchOut,
    EmbargoOut,
    EmbargoPage,
    MediumOut,
    Outcome,
    Page,
    Patch,
    ReadersOut,
    Record,
    ReleaseOut,
)
from service.web.api.writing import post_releases


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation of the API."""

    name: str  #: OpenAPI's ``operationId``
    method: str
    path: str  #: below the API's root; ``{key}`` is the key of a release
    action: Action  #: the action that the token must allow
    do: Callable[[ApiCall[Any]], ApiResponse]
    summary: str
    answers: Mapping[int, tuple[str, type[BaseModel] | None]]  #: except problems
    problems: tuple[int, ...] = ()  #: in addition to those of every call
    query: type[Query] = NoQuery
    #: The schema of the body by media type: a model, or a JSON Schema. Empty if there is no body.
    bodies: Mapping[str, type[BaseModel] | Mapping[str, Any]] = field(default_factory=dict)
    has_conditions: bool = False  #: supports If-Match and If-None-Match
    takes_file: bool = False  #: the body is a file of any type and of the size of a medium


_OUTCOMES: Mapping[int, tuple[str, type[BaseModel] | None]] = {
    200: ("The release was corrected or is unchanged, or this was a dry run.", Outcome),
    201: ("The release was added; its URL is in Location.", Outcome),
    202: ("The release was accepted; it is not public before its embargo ends.", Outcome),
}
_CORRECTIONS = {status: answer for status, answer in _OUTCOMES.items() if status != 201}

OPERATIONS: list[Operation] = [
    Operation(
        name="listReleases",
        method="GET",
        path="/releases",
        action=Action.READ,
        do=reading.list_releases,
        summary="List releases in the order of their last change, page by page.",
        query=ListQuery,
        answers={200: ("One page of the list.", Page)},
        problems=(400,),
    ),
    Operation(
        name="addReleases",
        method="POST",
        path="/releases",
        action=Action.PUBLISH,
        do=post_releases,
        summary="Add and correct many releases; each gets a result of its own.",
        query=WriteQuery,
        bodies={JSON_TYPE: BATCH_SCHEMA, **dict.fromkeys(LINES_TYPES, LINES_SCHEMA)},
        answers={
            200: ("All releases were accepted.", BatchOut),
            207: ("Some releases were refused.", BatchOut),
        },
        problems=(400, 409, 413, 415, 422),
    ),
    Operation(
        name="getRelease",
        method="GET",
        path="/releases/{key}",
        action=Action.READ,
        do=reading.get_release,
        summary="Get one release.",
        answers={
            200: ("The release.", ReleaseOut),
            304: ("The release is unchanged: If-None-Match holds its ETag.", None),
        },
        problems=(400, 404),
    ),
    Operation(
        name="putRelease",
        method="PUT",
        path="/releases/{key}",
        action=Action.PUBLISH,
        do=writing.put_release,
        summary="Add a release or correct it. Sending the same again changes nothing.",
        query=WriteQuery,
        bodies={JSON_TYPE: Record},
        answers=_OUTCOMES,
        problems=(400, 404, 409, 412, 413, 415, 422),
        has_conditions=True,
    ),
    Operation(
        name="patchRelease",
        method="PATCH",
        path="/releases/{key}",
        action=Action.PUBLISH,
        do=writing.patch_release,
        summary="Correct some fields of a release (RFC 7396).",
        query=WriteQuery,
        bodies={PATCH_TYPE: Patch, JSON_TYPE: Patch},
        answers=_CORRECTIONS,
        problems=(400, 404, 409, 412, 413, 415, 422),
        has_conditions=True,
    ),
    Operation(
        name="retractRelease",
        method="DELETE",
        path="/releases/{key}",
        action=Action.RETRACT,
        do=writing.delete_release,
        summary="Retract a release. Its page then shows the retraction and the reason.",
        query=RetractQuery,
        answers={200: ("The release is retracted.", Outcome)},
        problems=(400, 404, 409, 412, 422),
        has_conditions=True,
    ),
    Operation(
        name="listEmbargoes",
        method="GET",
        path="/embargoes",
        action=Action.PUBLISH,
        do=embargoes.list_embargoes,
        summary="List releases under embargo, the next to end first, page by page.",
        query=EmbargoListQuery,
        answers={200: ("One page of the list.", EmbargoPage)},
        problems=(400,),
    ),
    Operation(
        name="getEmbargo",
        method="GET",
        path="/embargoes/{key}",
        action=Action.PUBLISH,
        do=embargoes.get_embargo,
        summary="Get one release under embargo.",
        answers={
            200: ("The release, and the end of its embargo.", EmbargoOut),
            304: ("The embargo is unchanged: If-None-Match holds its ETag.", None),
        },
        problems=(400, 404),
    ),
    Operation(
        name="patchEmbargo",
        method="PATCH",
        path="/embargoes/{key}",
        action=Action.PUBLISH,
        do=embargoes.patch_embargo,
        summary="Change some fields of a release under embargo (RFC 7396), or move the embargo's "
        "end with embargoed_until.",
        query=WriteQuery,
        bodies={PATCH_TYPE: Patch, JSON_TYPE: Patch},
        answers={200: ("The release is as it was sent, and waits.", EmbargoOut)},
        problems=(400, 404, 409, 412, 413, 415, 422),
        has_conditions=True,
    ),
    Operation(
        name="dropEmbargo",
        method="DELETE",
        path="/embargoes/{key}",
        action=Action.PUBLISH,
        do=embargoes.drop_embargo,
        summary="Delete a release under embargo. It is never published, unless it is sent again.",
        answers={200: ("What was deleted.", EmbargoOut)},
        problems=(400, 404, 409, 412),
        has_conditions=True,
    ),
    Operation(
        name="liftEmbargo",
        method="POST",
        path="/embargoes/{key}/lift",
        action=Action.PUBLISH,
        do=embargoes.lift_embargo,
        summary="Publish a release under embargo at once.",
        answers={200: ("The release is public.", Outcome)},
        problems=(400, 404, 409, 412),
        has_conditions=True,
    ),
    Operation(
        name="addMedium",
        method="POST",
        path="/media",
        action=Action.PUBLISH,
        do=media.post_medium,
        summary="Store a picture or file of a release; the body is the file itself.",
        query=MediumQuery,
        answers={
            201: (
                "The file is stored; its URL, in Location, is public with its releases.",
                MediumOut,
            )
        },
        problems=(400, 413, 422, 507),
        takes_file=True,
    ),
    Operation(
        name="getReaders",
        method="GET",
        path="/readers",
        action=Action.OPERATE,
        do=reading.get_readers,
        summary="Get who reads which feed, and what it takes, by day.",
        query=ReadersQuery,
        answers={200: ("The counts.", ReadersOut)},
        problems=(400,),
    ),
]
