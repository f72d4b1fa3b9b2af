"""Many releases at once: each is judged, and answered, for itself."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from itertools import islice

from feeds.errors import ReleaseChanged
from feeds.ingest import read_documents
from feeds.model.embargo import Embargo
from feeds.model.intake import Intake, Refusal
from feeds.model.release import Draft, Release, SourceKey
from service.logs import get_logger
from service.web.api.calls import JSON_TYPE, LINES_TYPES, Answer, Call
from service.web.api.conditions import besieged, require_own, unprocessable, with_company
from service.web.api.doorkeeper import Forbidden, LinkForbidden
from service.web.api.faults import ApiProblem, faults_of
from service.web.api.queries import WriteQuery
from service.web.api.shapes import BatchOut, Fault, ItemOut
from service.web.api.writing import MAX_TRIES, NEW, NONE_THERE, STATUS, take_in

_log = get_logger(__name__)

REFUSED = "refused"


def post_releases(call: Call[WriteQuery]) -> Answer:
    """Take in a batch; each record is answered for itself.

    Raises:
        ApiProblem: It is no batch, or too long.
    """
    read = _read_batch(call)
    for _ in range(MAX_TRIES):
        judged = _judge_batch(call, read)
        drafts = [one for one in judged if isinstance(one, Draft)]
        try:
            taken = iter(take_in(call, drafts))
        except ReleaseChanged:
            continue
        break
    else:
        raise besieged()
    if not call.query.dry_run:
        call.newsroom.forget_refusals([_batch_name(call)])
        call.newsroom.refuse([one for one in judged if isinstance(one, Refusal)], now=call.now)
    outcomes = [next(taken) if isinstance(one, Draft) else one for one in judged]
    results = [_item(call, index, each) for index, each in enumerate(outcomes)]
    all_done = all(item.status < HTTPStatus.BAD_REQUEST for item in results)
    _log.info("batch taken in by API", token=call.token.name, count=len(results))
    return Answer(
        status=HTTPStatus.OK if all_done else HTTPStatus.MULTI_STATUS,
        content=BatchOut(dry_run=call.query.dry_run, results=results),
    )


def _batch_name(call: Call[WriteQuery]) -> str:
    return f"api:{call.token.name}"


def _read_batch(call: Call[WriteQuery]) -> list[Draft | Refusal]:
    media_type = call.media_type(JSON_TYPE, *LINES_TYPES)
    suffix = ".jsonl"
    if media_type == JSON_TYPE:
        suffix = ".json"
        if not isinstance(call.json(), list):
            raise unprocessable("a batch is an array of records", pointer="")
    limit = call.press.limits.max_batch_releases
    # The suffix tells the form; it is taken off again, as what a person reads is a name.
    stream = read_documents(
        BytesIO(call.body()), document=_batch_name(call) + suffix, rules=call.press.rules
    )
    read = list(islice(stream, limit + 1))
    if len(read) > limit:
        raise ApiProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a batch may have {limit} releases")
    return [_renamed(one, _batch_name(call)) for one in read]


def _renamed(read: Draft | Refusal, document: str) -> Draft | Refusal:
    return replace(read, origin=replace(read.origin, document=document))


def _judge_batch(
    call: Call[WriteQuery], read: list[Draft | Refusal]
) -> list[Draft | Refusal | Forbidden]:
    keys = [one.source_key for one in read if isinstance(one, Draft)]
    held, waiting = call.newsroom.held_under(keys), call.newsroom.waiting_under(keys)
    judged: list[Draft | Refusal | Forbidden] = []
    for one in read:
        if isinstance(one, Refusal):
            judged.append(one)
            continue
        try:
            judged.append(_admitted(call, one, held.get(one.source_key), waiting))
        except Forbidden as forbidden:
            judged.append(forbidden)
    return judged


def _admitted(
    call: Call[WriteQuery],
    draft: Draft,
    held: Release | None,
    waiting_by_key: Mapping[SourceKey, Embargo],
) -> Draft:
    waiting = waiting_by_key.get(draft.source_key)
    require_own(call, draft.content)
    if held is not None:
        require_own(call, held.content)
    if waiting is not None:
        require_own(call, waiting.draft.content)
    draft = with_company(call, draft, held=held, waiting=waiting)
    return replace(draft, expected=NONE_THERE if held is None else held.seen)


def _item(call: Call[WriteQuery], index: int, outcome: Intake | Refusal | Forbidden) -> ItemOut:
    if isinstance(outcome, Refusal):
        return ItemOut(
            index=index,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            verdict=REFUSED,
            errors=faults_of(outcome),
        )
    if isinstance(outcome, Forbidden):
        pointer = None if isinstance(outcome, LinkForbidden) else "/categories"
        fault = Fault(detail=outcome.description or "", pointer=pointer)
        return ItemOut(index=index, status=HTTPStatus.FORBIDDEN, verdict=REFUSED, errors=[fault])
    release, verdict, is_dry_run = outcome.release, str(outcome.verdict), call.query.dry_run
    is_stored = not (is_dry_run and verdict == NEW)
    return ItemOut(
        index=index,
        status=HTTPStatus.OK if is_dry_run else STATUS[verdict],
        verdict=verdict,
        source_key=release.source_key,
        id=release.id if is_stored else None,
        page=call.catalogue.site.release_page(release.slug) if is_stored else None,
        revision=release.revision,
        changed_feeds=list(outcome.feeds),
        warnings=list(outcome.draft.warnings),
    )
