"""Releases in: one by one, as patches, in batches; and taken back.

Each of these looks at the release that is there, decides, and stores on condition that it is
still there as it was seen. Where it is not, it looks again.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from itertools import islice
from typing import Any

from pydantic import ValidationError

from feeds.errors import ReleaseChanged, ReleaseNotFound
from feeds.ingest import read_documents, read_record
from feeds.ingest.markup import opening
from feeds.model.intake import Intake, Refusal
from feeds.model.listing import ListedRelease
from feeds.model.release import Content, Draft, Expected
from service.http_rules.entity_tags import names_exactly, recognised
from service.logs import get_logger
from service.web.api.calls import JSON_TYPE, LINES_TYPES, PATCH_TYPE, Answer, Call
from service.web.api.doorkeeper import Forbidden
from service.web.api.faults import ApiProblem, faults_of, misshapen, refused
from service.web.api.queries import RetractQuery, WriteQuery
from service.web.api.reading import find
from service.web.api.releases import CONTENT_BY_FIELD, address_of, etag_of, record_of, show
from service.web.api.shapes import BatchOut, Fault, ItemOut, Outcome, Record

_log = get_logger(__name__)

#: Who meets others on one release so often in a row finds it under siege.
MAX_TRIES = 5

NEW, EMBARGOED, RETRACTED, REFUSED = "new", "embargoed", "retracted", "refused"

#: By verdict. One that waits for its minute is accepted, and nothing of it can be seen yet.
STATUS: Mapping[str, HTTPStatus] = {
    NEW: HTTPStatus.CREATED,
    "corrected": HTTPStatus.OK,
    "unchanged": HTTPStatus.OK,
    EMBARGOED: HTTPStatus.ACCEPTED,
}
_NONE = Expected(revision=0)


def put_release(call: Call[WriteQuery]) -> Answer:
    """Add a release, or correct it: afterwards it is what was sent.

    Raises:
        ApiProblem: It is not done.
    """
    call.media_type(JSON_TYPE)
    record = _checked(call.json())
    named = record.get("source_key")
    if named not in (None, "", call.key, f"id:{call.key}"):
        raise _unprocessable("source_key is not the one in the address", pointer="/source_key")

    def compose(held: ListedRelease | None) -> Draft:
        draft = _read(call, record)
        return draft if held is None else replace(draft, source_key=held.release.source_key)

    return _write(call, compose)


def patch_release(call: Call[WriteQuery]) -> Answer:
    """Correct some fields of a release (RFC 7396).

    Raises:
        ReleaseNotFound: There is none.
        ApiProblem: It is not done.
    """
    call.media_type(PATCH_TYPE, JSON_TYPE)
    patch = call.json()
    if not isinstance(patch, dict):
        raise _unprocessable("a patch is a JSON object", pointer="")

    def compose(held: ListedRelease | None) -> Draft:
        if held is None:
            raise ReleaseNotFound(call.key)
        record = record_of(held.release)
        touched = set(patch)
        if "body" in patch and _is_summary_of_body(call, held.release.content):
            # It was made of the old body; of the new one another is made, unless it is given.
            del record["summary"]
            touched.add("summary")
        draft = _read(call, _checked(merged(record, patch)))
        content = _with_the_rest(draft.content, held.release.content, touched)
        return replace(draft, source_key=held.release.source_key, content=content)

    return _write(call, compose)


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
            taken = iter(_take_in(call, drafts))
        except ReleaseChanged:
            continue
        break
    else:
        raise _besieged()
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


def delete_release(call: Call[RetractQuery]) -> Answer:
    """Take a release back, for a reason that the public is told.

    Raises:
        ReleaseNotFound: There is none.
        ApiProblem: It is not done.
    """
    held = find(call)
    if held is None:
        raise ReleaseNotFound(call.key)
    _require_conditions(call, held)
    _require_own(call, held.release.content)
    if not call.query.dry_run:
        call.newsroom.retract(  # type: ignore[attr-defined]
            held.release.id, reason=call.query.reason, by=call.token.name, now=call.now
        )
        _log.info("release retracted by API", token=call.token.name)
    after = find(call) or held
    shown = show(call.catalogue, after)
    outcome = Outcome(
        verdict=RETRACTED,
        dry_run=call.query.dry_run,
        etag=None if call.query.dry_run else etag_of(shown),
        changed_feeds=list(held.feeds),
        release=shown,
    )
    return Answer(status=HTTPStatus.OK, content=outcome)


def merged(target: object, patch: object) -> Any:
    """RFC 7396 section 2, "MergePatch"."""
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _write(call: Call[WriteQuery], compose: Callable[[ListedRelease | None], Draft]) -> Answer:
    for _ in range(MAX_TRIES):
        held = find(call)
        _require_conditions(call, held)
        if held is not None:
            _require_own(call, held.release.content)
        draft = compose(held)
        _require_own(call, draft.content)
        seen = _NONE if held is None else held.release.seen
        try:
            [outcome] = _take_in(call, [replace(draft, expected=seen)])
        except ReleaseChanged:
            continue
        if isinstance(outcome, Refusal):
            raise refused(outcome)
        return _answer(call, outcome)
    raise _besieged()


def _answer(call: Call[WriteQuery], intake: Intake) -> Answer:
    is_dry_run, verdict = call.query.dry_run, str(intake.verdict)
    is_new_try = is_dry_run and verdict == NEW
    shown = show(call.catalogue, _listed(call, intake), is_stored=not is_new_try)
    outcome = Outcome(
        verdict=verdict,
        dry_run=is_dry_run,
        etag=None if is_dry_run or verdict == EMBARGOED else etag_of(shown),
        changed_feeds=list(intake.feeds),
        warnings=list(intake.draft.warnings),
        release=shown,
    )
    if is_dry_run:
        return Answer(status=HTTPStatus.OK, content=outcome)
    # RFC 9110 9.3.4: no ETag in the answer to a PUT, as what was sent is not stored unchanged.
    _log.info("release taken in by API", token=call.token.name, verdict=verdict)
    status = STATUS[verdict]
    headers = {"Location": address_of(call.catalogue, call.key)} if verdict == NEW else {}
    return Answer(status=status, content=outcome, headers=headers)


def _listed(call: Call[WriteQuery], intake: Intake) -> ListedRelease:
    """The release with the feeds that it is in from now on, not those that it left."""
    content = intake.release.content
    categories = set(call.catalogue.file(content.category_names).categories)
    feeds = call.catalogue.feeds_taking(categories, published=content.published)
    return ListedRelease(release=intake.release, feeds=feeds, unclaimed=intake.unclaimed)


def _take_in(call: Call[WriteQuery], drafts: list[Draft]) -> list[Intake | Refusal]:
    if call.query.dry_run:
        return call.newsroom.preview(drafts, now=call.now)
    return call.newsroom.take_in(drafts, now=call.now)


# What a body is made of


def _checked(value: object) -> dict[str, Any]:
    """The body, if it has the shape of a record.

    Raises:
        ApiProblem: It has not.
    """
    try:
        Record.model_validate(value)
    except ValidationError as error:
        raise misshapen(error, value) from error
    if not isinstance(value, dict):
        raise AssertionError  # the shape is one of an object
    return value


def _read(call: Call[WriteQuery], record: Mapping[str, Any]) -> Draft:
    if len(call.body()) > call.press.rules.max_document_bytes:
        raise ApiProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a release may have {call.press.rules.max_document_bytes} bytes",
        )
    fields = {**record, "source_key": call.key}
    read = read_record(fields, document=call.document, rules=call.press.rules)
    if isinstance(read, Draft):
        return read
    if not call.query.dry_run:
        call.newsroom.refuse([read], now=call.now)
    raise refused(read)


def _is_summary_of_body(call: Call[Any], content: Content) -> bool:
    return content.summary == opening(
        content.body, max_chars=call.press.rules.derived_summary_chars
    )


def _with_the_rest(new: Content, held: Content, fields: Collection[str]) -> Content:
    """*New*, but for all beside these *fields* of a record exactly what was held."""
    touched = {CONTENT_BY_FIELD.get(name, "details") for name in fields}
    untouched = {*CONTENT_BY_FIELD.values(), "details"} - touched
    return replace(new, **{name: getattr(held, name) for name in untouched})


def _batch_name(call: Call[WriteQuery]) -> str:
    return f"api:{call.token.name}"


def _read_batch(call: Call[WriteQuery]) -> list[Draft | Refusal]:
    media_type = call.media_type(JSON_TYPE, *LINES_TYPES)
    suffix = ".jsonl"
    if media_type == JSON_TYPE:
        suffix = ".json"
        if not isinstance(call.json(), list):
            raise _unprocessable("a batch is an array of records", pointer="")
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
    held = call.newsroom.held_under(keys)
    judged: list[Draft | Refusal | Forbidden] = []
    for one in read:
        if isinstance(one, Refusal):
            judged.append(one)
            continue
        there = held.get(one.source_key)
        try:
            _require_own(call, one.content)
            if there is not None:
                _require_own(call, there.content)
        except Forbidden as forbidden:
            judged.append(forbidden)
        else:
            judged.append(replace(one, expected=_NONE if there is None else there.seen))
    return judged


def _item(call: Call[WriteQuery], index: int, outcome: Intake | Refusal | Forbidden) -> ItemOut:
    if isinstance(outcome, Refusal):
        return ItemOut(
            index=index,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            verdict=REFUSED,
            errors=faults_of(outcome),
        )
    if isinstance(outcome, Forbidden):
        fault = Fault(detail=outcome.description or "", pointer="/categories")
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


# What keeps a call from being done


def _require_conditions(call: Call[Any], held: ListedRelease | None) -> None:
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
        is_it = none_match.strip() == "*" or recognised(none_match, etag.strip('"'), etag)
        if is_it:
            raise _failed("the release is there already, which If-None-Match rules out")


def _matches(field: str, etag: str | None) -> bool:
    return etag is not None and (field.strip() == "*" or names_exactly(field, etag))


def _failed(detail: str) -> ApiProblem:
    return ApiProblem(HTTPStatus.PRECONDITION_FAILED, detail)


def _require_own(call: Call[Any], content: Content) -> None:
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


def _unprocessable(detail: str, *, pointer: str) -> ApiProblem:
    fault = Fault(detail=detail, pointer=pointer)
    return ApiProblem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=[fault])


def _besieged() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.CONFLICT,
        "others change the release at this very moment; nothing was stored",
        headers={"Retry-After": "1"},
    )
