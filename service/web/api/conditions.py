"""What keeps a change from being made: conditions, categories, links, rivals."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from feeds.model.embargo import Embargo
from feeds.model.listing import ListedRelease
from feeds.model.release import Content, Draft, Release
from feeds.model.works import work_of
from service.http_rules.entity_tags import names_exactly, names_revision
from service.web.api.calls import Call
from service.web.api.doorkeeper import Forbidden, LinkForbidden
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
    foreign = _foreign(call, content)
    if foreign is not None:
        raise Forbidden(f"this token may file in {_own(call)} only, and not in {foreign}")


def with_company(
    call: Call[Any], draft: Draft, *, held: Release | None, waiting: Embargo | None
) -> Draft:
    """*Draft*, to be stored only while it is linked to what the token may change.

    Releases of one work are named in each other's pages and feeds, so whoever links to a release
    changes it. However it would join the work: by naming it, or by being called as it is. What is
    a member already, because somebody linked it who may, stays one.

    Args:
        call: By which it came.
        draft: Filed where the token may file.
        held: The release as it is.
        waiting: What waits under its key.

    Raises:
        LinkForbidden: One of the others of its work is filed elsewhere.
    """
    known = (held, None if waiting is None else waiting.draft)
    is_member = work_of(draft) in {work_of(one) for one in known if one is not None}
    if call.token.categories is None or is_member:
        return draft
    company = call.newsroom.company_of(draft)
    for member in company:
        if _foreign(call, member.content) is not None:
            # Which one is not said: it may wait under embargo.
            raise LinkForbidden(
                f"this token may link releases in {_own(call)} only, and the work "
                f"{work_of(draft)!r} has others: name another work, or none"
            )
    return replace(draft, company=frozenset(member.content.digest for member in company))


def _foreign(call: Call[Any], content: Content) -> str | None:
    """Where it is filed, and the token may not file; None when it may."""
    filing, token = call.catalogue.file(content.category_names), call.token
    if token.categories is None:
        return None
    if token.may_file_in(filing.categories) and not filing.unclaimed:
        return None
    others = [slug for slug in filing.categories if slug not in token.categories]
    return ", ".join([*others, *map(repr, filing.unclaimed)]) or "no category"


def _own(call: Call[Any]) -> str:
    return ", ".join(call.token.categories or ())


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
