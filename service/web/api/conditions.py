"""What keeps a change from being made: conditions, categories, rivals."""

from http import HTTPStatus
from typing import Any

from feeds.model.listing import ListedRelease
from feeds.model.release import Content
from service.http_rules.entity_tags import names_exactly, names_revision
from service.web.api.calls import Call
from service.web.api.doorkeeper import Forbidden
from service.web.api.faults import ApiProblem
from service.web.api.releases import etag_of, show
from service.web.api.shapes import Fault


def require_conditions(call: Call[Any], held: ListedRelease | None) -> None:
    """Obey If-Match and If-None-Match (RFC 9110 sections 13.1.1 and 13.1.2).

    Raises:
        ApiProblem: One does not hold.
    """
    match = call.request.headers.get("If-Match")
    none_match = call.request.headers.get("If-None-Match")
    if match is None and none_match is None:
        return
    etag = None if held is None else etag_of(show(call.catalogue, held))
    if match is not None and not _matches(match, etag):
        raise _failed("the release is not what If-Match asks for: it was changed since")
    if none_match is not None and etag is not None:
        is_it = none_match.strip() == "*" or names_revision(none_match, etag.strip('"'))
        if is_it:
            raise _failed("the release is there already, which If-None-Match rules out")


def _matches(field: str, etag: str | None) -> bool:
    return etag is not None and (field.strip() == "*" or names_exactly(field, etag))


def _failed(detail: str) -> ApiProblem:
    return ApiProblem(HTTPStatus.PRECONDITION_FAILED, detail)


def require_own(call: Call[Any], content: Content) -> None:
    """Let only releases through that are filed where the token may file.

    Raises:
        Forbidden: This one is, or would be, filed elsewhere.
    """
    filing = call.catalogue.file(content.category_names)
    token = call.token
    if token.categories is None:
        return
    if token.may_file_in(filing.categories) and not filing.unclaimed:
        return
    others = [slug for slug in filing.categories if slug not in token.categories]
    foreign = ", ".join([*others, *map(repr, filing.unclaimed)]) or "no category"
    raise Forbidden(
        f"this token may file in {', '.join(token.categories)} only, and not in {foreign}"
    )


def unprocessable(detail: str, *, pointer: str) -> ApiProblem:
    """The answer to a body with one fault, at *pointer*."""
    fault = Fault(detail=detail, pointer=pointer)
    return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=[fault])


def besieged() -> ApiProblem:
    """The answer to who lost against others again and again."""
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "others change the release at this very moment; nothing was stored",
        headers={"Retry-After": "1"},
    )
