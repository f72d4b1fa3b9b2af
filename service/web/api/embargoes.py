"""Operations of the API on releases under embargo: list, read, change, move, lift and drop.

They are for tokens that may publish. A token that is for some categories sees what is in these and
in no others; anything else is not there for it. Logs do not name what is under embargo.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeVar

from feeds.errors import DocumentRefused, EmbargoNotFound, EmbargoOver, ReleaseChanged
from feeds.ingest import key_of_id
from feeds.model.intake import (
    Embargo,
    EmbargoPosition,
    EmbargoQuery,
    Intake,
    IntakeVerdict,
    Refusal,
)
from feeds.model.listing import ListedRelease
from feeds.model.release import Draft, ExpectedEmbargo, Release
from service.logs import get_logger
from service.web.api.authorisation import (
    require_conditions,
    require_own,
    too_much_contention,
    unprocessable,
    with_expected_members,
)
from service.web.api.calls import ApiCall, ApiResponse, EmbargoListQuery, Query, WriteQuery
from service.web.api.faults import intake_refused
from service.web.api.reading import (
    answer_with_tag,
    cursor_of,
    etag_of,
    moment_of,
    position_in,
    show,
    tag_of,
)
from service.web.api.shapes import EmbargoOut, EmbargoPage, Outcome
from service.web.api.writing import MAX_TRIES, as_seen, patch_of, patched, take_in

_log = get_logger(__name__)

_Result = TypeVar("_Result")


def list_embargoes(call: ApiCall[EmbargoListQuery]) -> ApiResponse:
    """Answers with one page of a list of embargoes.

    Raises:
        ApiProblem: A parameter is invalid.
    """
    query = call.query
    embargo_query = EmbargoQuery(
        categories=call.token.categories,
        ends_from=moment_of(call, "since"),
        ends_before=moment_of(call, "before"),
    )
    after = None if query.after is None else _position(query.after)
    # One more than is shown, to know whether there is a next page.
    found = call.newsroom.embargoes.listed(embargo_query, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    more = None
    if len(found) > len(shown):
        more = cursor_of(shown[-1].until, release_id=shown[-1].release_id)
    page = EmbargoPage(embargoes=_shown(call, shown), next=more)
    return ApiResponse(status=HTTPStatus.OK, content=page)


def get_embargo(call: ApiCall[Query]) -> ApiResponse:
    """Answers with one embargo.

    Raises:
        EmbargoNotFound: There is none, or the token may not see it.
    """
    embargo = _find(call)
    [shown] = _shown(call, [embargo])
    return answer_with_tag(call, shown, tag_of(shown, number=embargo.version))


def patch_embargo(call: ApiCall[WriteQuery]) -> ApiResponse:
    """Changes some fields of a document under embargo (RFC 7396), or moves its end.

    Raises:
        EmbargoNotFound: There is none, or the token may not see it.
        ApiProblem: The request is invalid, or not allowed.
    """
    patch = patch_of(call)
    if "embargoed_until" in patch and not patch["embargoed_until"]:
        raise unprocessable(
            "a document stays under embargo here: give a later moment, or lift the embargo",
            pointer="/embargoed_until",
        )

    def change(embargo: Embargo) -> Intake:
        draft = _patched(call, patch, embargo)
        require_own(call, draft.content)
        stored = _stored(call, embargo)
        draft = with_expected_members(call, draft, held=stored, waiting=embargo)
        until = draft.embargoed_until or embargo.until
        draft = replace(
            as_seen(draft, stored, embargo),
            # What the document states is kept, so that it is known when it comes again.
            embargoed_until=embargo.draft.embargoed_until,
            expected_embargo=ExpectedEmbargo(seen=embargo.seen, until=until),
        )
        [outcome] = take_in(call, [draft])
        if isinstance(outcome, Refusal):
            raise intake_refused(outcome)
        return outcome

    embargo, outcome = _attempt(call, change)
    is_changed = outcome.verdict is IntakeVerdict.EMBARGOED
    until = outcome.embargoed_until or embargo.until
    after = replace(
        embargo,
        until=until,
        by=embargo.by if until == embargo.until else call.token.name,
        version=embargo.version + is_changed,
    )
    feeds = call.catalogue.feeds_of(outcome.release.content)
    upcoming = ListedRelease(release=outcome.release, feeds=feeds, unclaimed=outcome.unclaimed)
    shown = _out(call, after, upcoming)
    if call.query.dry_run:
        return ApiResponse(status=HTTPStatus.OK, content=shown)
    _log.info("release under embargo changed by API", by=call.token.name)
    headers = {"ETag": tag_of(shown, number=after.version)}
    return ApiResponse(status=HTTPStatus.OK, content=shown, headers=headers)


def drop_embargo(call: ApiCall[Query]) -> ApiResponse:
    """Deletes a document under embargo, and answers with it.

    Raises:
        EmbargoNotFound: There is none, or the token may not see it.
        ApiProblem: A condition does not hold.
    """

    def drop(embargo: Embargo) -> EmbargoOut:
        [shown] = _shown(call, [embargo])
        call.newsroom.embargoes.drop(
            embargo.release_id, by=call.token.name, now=call.now, seen=embargo.seen
        )
        return shown

    _, dropped = _attempt(call, drop)
    _log.info("release under embargo dropped by API", by=call.token.name)
    return ApiResponse(status=HTTPStatus.OK, content=dropped)


def lift_embargo(call: ApiCall[Query]) -> ApiResponse:
    """Publishes a document under embargo at once.

    Raises:
        EmbargoNotFound: There is none, or the token may not see it.
        ApiProblem: A condition does not hold, or the token may not change the release.
    """

    def lift(embargo: Embargo) -> Intake:
        _stored(call, embargo)
        return call.newsroom.embargoes.lift(
            embargo.release_id, by=call.token.name, now=call.now, seen=embargo.seen
        )

    _, lifted = _attempt(call, lift)
    release = lifted.release
    _log.info(
        "embargo lifted by API",
        by=call.token.name,
        slug=release.slug,
        title=release.content.title,
    )
    feeds = call.catalogue.feeds_of(release.content)
    shown = show(
        call.catalogue, ListedRelease(release=release, feeds=feeds, unclaimed=lifted.unclaimed)
    )
    outcome = Outcome(
        verdict=str(lifted.verdict),
        etag=etag_of(shown),
        changed_feeds=list(lifted.feeds),
        release=shown,
    )
    return ApiResponse(status=HTTPStatus.OK, content=outcome)


def _find(call: ApiCall[Any]) -> Embargo:
    """Returns the embargo that the URL names, if the token may see it."""
    try:
        key = key_of_id(call.key)
    except DocumentRefused:
        raise EmbargoNotFound(call.key) from None
    embargo = call.newsroom.embargoes.find(key, or_id=call.key)
    if embargo is None or not call.newsroom.embargoes.is_in(embargo, call.token.categories):
        raise EmbargoNotFound(call.key)
    return embargo


def _stored(call: ApiCall[Any], embargo: Embargo) -> Release | None:
    """Returns the public release that a document under embargo corrects.

    Raises:
        Forbidden: The token may not change that.
    """
    key = embargo.draft.source_key
    stored = call.newsroom.by_source_keys([key]).get(key)
    if stored is not None:
        require_own(call, stored.content)
    return stored


def _attempt(call: ApiCall[Any], do: Callable[[Embargo], _Result]) -> tuple[Embargo, _Result]:
    """Does something with the embargo as it is, and again if others change it meanwhile."""
    for _ in range(MAX_TRIES):
        embargo = _find(call)
        [shown] = _shown(call, [embargo])
        require_conditions(call, tag_of(shown, number=embargo.version))
        try:
            return embargo, do(embargo)
        except ReleaseChanged:
            continue
    raise too_much_contention()


def _patched(call: ApiCall[WriteQuery], patch: dict[str, Any], embargo: Embargo) -> Draft:
    waiting = embargo.draft
    draft = patched(call, patch, waiting.content)
    if draft.embargoed_until is not None and draft.embargoed_until <= call.now:
        raise unprocessable(str(EmbargoOver(draft.embargoed_until)), pointer="/embargoed_until")
    correction = draft.correction if "correction" in patch else waiting.correction
    return replace(draft, source_key=waiting.source_key, correction=correction)


def _shown(call: ApiCall[Any], embargoes: list[Embargo]) -> list[EmbargoOut]:
    upcoming = call.newsroom.upcoming(embargoes, now=call.now)
    return [
        _out(call, embargo, release) for embargo, release in zip(embargoes, upcoming, strict=True)
    ]


def _out(call: ApiCall[Any], embargo: Embargo, upcoming: ListedRelease) -> EmbargoOut:
    return EmbargoOut(
        embargoed_until=embargo.until,
        held_since=embargo.held_since,
        by=embargo.by,
        release=show(call.catalogue, upcoming),
    )


def _position(cursor: str) -> EmbargoPosition:
    [until], release_id = position_in(cursor, moments=1)
    return EmbargoPosition(until=until, release_id=release_id)
