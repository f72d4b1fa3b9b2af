"""Write operations of the API: put, patch and retract one release, or post a batch."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from http import HTTPStatus
from io import BytesIO
from itertools import islice
from typing import Any

from pydantic import ValidationError

from feeds.errors import DocumentRefused, ReleaseChanged, ReleaseNotFound
from feeds.html.summary import was_made_of
from feeds.html.tree import parse
from feeds.ingest import key_of_id, read_documents, read_record, retraction_refused
from feeds.ingest.drafting import derived_summary
from feeds.model.intake import Embargo, Intake, Refusal, RetractionRequest
from feeds.model.listing import ListedRelease
from feeds.model.release import (
    Content,
    Draft,
    Expected,
    ExpectedEmbargo,
    Release,
    SourceKey,
)
from service.logs import get_logger
from service.web.api.authorisation import (
    Forbidden,
    LinkForbidden,
    require_conditions,
    require_free,
    require_own,
    too_much_contention,
    unprocessable,
    with_expected_members,
)
from service.web.api.calls import (
    JSON_TYPE,
    LINES_TYPES,
    PATCH_TYPE,
    ApiCall,
    ApiResponse,
    RetractQuery,
    WriteQuery,
)
from service.web.api.faults import ApiProblem, faults_of, intake_refused, invalid_body
from service.web.api.reading import CONTENT_BY_FIELD, address_of, etag_of, find, record_of, show
from service.web.api.shapes import BatchOut, Fault, ItemOut, Outcome, Record

# One release. Each operation reads the stored release, decides, and stores the change on condition
# that the release is still as it was read. If it is not, the operation starts again.

_log = get_logger(__name__)

#: After so many conflicts in a row with other changes of the release, the operation gives up.
MAX_TRIES = 5

#: Batches with more accepted releases are logged as a count.
MAX_LOGGED_SINGLY = 5

NEW, UNCHANGED, EMBARGOED, RETRACTED = "new", "unchanged", "embargoed", "retracted"

#: The status by verdict. An embargoed release is accepted, but not visible yet.
STATUS: Mapping[str, HTTPStatus] = {
    NEW: HTTPStatus.CREATED,
    "corrected": HTTPStatus.OK,
    UNCHANGED: HTTPStatus.OK,
    EMBARGOED: HTTPStatus.ACCEPTED,
}
NONE_THERE = Expected(revision=0)

#: How keys begin of records that give, as their id, a key that GET shows.
_SHOWN_KEYS = ("id:id:", "id:url:", "id:file:", "id:record:")


def put_release(call: ApiCall[WriteQuery]) -> ApiResponse:
    """Adds a release or corrects it; afterwards it equals what was sent.

    Raises:
        ApiProblem: The request is invalid, or not allowed.
    """
    call.media_type(JSON_TYPE)
    record = _checked(call.json())
    named = record.get("source_key")

    def compose(held: ListedRelease | None) -> Draft:
        if not _is_same_key(call, named, held):
            raise unprocessable("source_key is not the one in the address", pointer="/source_key")
        draft = _read(call, record)
        return draft if held is None else replace(draft, source_key=held.release.source_key)

    return _write(call, compose)


def _is_same_key(call: ApiCall[Any], named: object, held: ListedRelease | None) -> bool:
    """Returns whether a record names the release of the address, or none.

    A release is also addressed by its permanent id, and an id may be written with other white space
    or in another form of Unicode: GET answers the key as it is stored.
    """
    if named in (None, "", call.key):
        return True
    if held is not None:
        return named == held.release.source_key or f"id:{named}" == held.release.source_key
    try:
        key = key_of_id(call.key)
    except DocumentRefused:
        return False
    return named == key or f"id:{named}" == key


def patch_release(call: ApiCall[WriteQuery]) -> ApiResponse:
    """Corrects some fields of a release (RFC 7396).

    Raises:
        ReleaseNotFound: There is no such release.
        ApiProblem: The request is invalid, or not allowed.
    """
    patch = patch_of(call)

    def compose(held: ListedRelease | None) -> Draft:
        if held is None:
            raise ReleaseNotFound(call.key)
        draft = patched(call, patch, held.release.content)
        return replace(draft, source_key=held.release.source_key)

    return _write(call, compose)


def patch_of(call: ApiCall[Any]) -> dict[str, Any]:
    """Returns the merge patch in the body.

    Raises:
        ApiProblem: The body is none.
    """
    call.media_type(PATCH_TYPE, JSON_TYPE)
    patch = call.json()
    if not isinstance(patch, dict):
        raise unprocessable("a patch is a JSON object", pointer="")
    return patch


def patched(call: ApiCall[WriteQuery], patch: Mapping[str, Any], content: Content) -> Draft:
    """Returns the draft that a merge patch makes of a stored content.

    Raises:
        ApiProblem: The result is invalid.
    """
    record = record_of(content)
    touched = set(patch)
    if "body" in patch and _is_summary_of_body(call, content):
        # The summary was derived from the old body. Unless the patch has one, the intake derives
        # another from the new body.
        del record["summary"]
        touched.add("summary")
    draft = _read(call, _checked(merged(record, patch)))
    return replace(draft, content=keep_untouched(draft.content, content, touched))


def delete_release(call: ApiCall[RetractQuery]) -> ApiResponse:
    """Retracts a release, with a reason that is published.

    Raises:
        ReleaseNotFound: There is no such release.
        ApiProblem: The request is invalid, or not allowed.
    """
    held = find(call)
    if held is None:
        raise ReleaseNotFound(call.key)
    require_conditions(call, _etag(call, held))
    require_own(call, held.release.content)
    retraction = held.release.retraction
    # RFC 9110 9.2.2: DELETE is idempotent, so repeating it changes nothing.
    is_done = retraction is not None and retraction.reason == call.query.reason
    if not call.query.dry_run and not is_done:
        call.newsroom.retract(
            held.release.id, reason=call.query.reason, by=call.token.name, now=call.now
        )
        release = held.release
        who = {"by": call.token.name, "slug": release.slug, "title": release.content.title}
        _log.info("release retracted by API", **who)
    after = find(call) or held
    shown = show(call.catalogue, after)
    outcome = Outcome(
        verdict=UNCHANGED if is_done else RETRACTED,
        dry_run=call.query.dry_run,
        etag=None if call.query.dry_run else etag_of(shown),
        changed_feeds=list(held.feeds),
        release=shown,
    )
    return ApiResponse(status=HTTPStatus.OK, content=outcome)


def merged(target: object, patch: object) -> Any:
    """Applies a merge patch (RFC 7396 section 2, "MergePatch")."""
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _write(
    call: ApiCall[WriteQuery], compose: Callable[[ListedRelease | None], Draft]
) -> ApiResponse:
    for _ in range(MAX_TRIES):
        held = find(call)
        require_conditions(call, _etag(call, held))
        if held is not None:
            require_own(call, held.release.content)
        draft = compose(held)
        require_own(call, draft.content)
        # Other press offices neither see nor overwrite an embargoed draft.
        waiting = call.newsroom.embargoes_by_source_keys([draft.source_key]).get(draft.source_key)
        require_free(call, waiting)
        there = None if held is None else held.release
        draft = with_expected_members(call, draft, held=there, waiting=waiting)
        try:
            [outcome] = take_in(call, [as_seen(draft, there, waiting)])
        except ReleaseChanged:
            continue
        if isinstance(outcome, Refusal):
            raise intake_refused(outcome)
        return _answer(call, outcome)
    raise too_much_contention()


def as_seen(draft: Draft, held: Release | None, waiting: Embargo | None) -> Draft:
    """Returns the draft on condition that release and embargo are still what was checked."""
    return replace(
        draft,
        expected=NONE_THERE if held is None else held.seen,
        expected_embargo=ExpectedEmbargo(seen="" if waiting is None else waiting.seen),
    )


def _etag(call: ApiCall[Any], held: ListedRelease | None) -> str | None:
    return None if held is None else etag_of(show(call.catalogue, held))


def _answer(call: ApiCall[WriteQuery], intake: Intake) -> ApiResponse:
    is_dry_run, verdict = call.query.dry_run, str(intake.verdict)
    is_new_try = is_dry_run and verdict == NEW
    shown = show(call.catalogue, _listed(call, intake), is_stored=not is_new_try)
    outcome = Outcome(
        verdict=verdict,
        dry_run=is_dry_run,
        etag=None if is_dry_run or intake.embargoed_until is not None else etag_of(shown),
        changed_feeds=list(intake.feeds),
        warnings=list(intake.draft.warnings),
        release=shown,
    )
    if is_dry_run:
        return ApiResponse(status=HTTPStatus.OK, content=outcome)
    # RFC 9110 9.3.4: no ETag in the answer to a PUT, because what was sent is stored in another
    # form.
    _log_intake(call, intake)
    status = STATUS[verdict]
    headers = {"Location": address_of(call.catalogue, call.key)} if verdict == NEW else {}
    return ApiResponse(status=status, content=outcome, headers=headers)


def _log_intake(call: ApiCall[WriteQuery], intake: Intake) -> None:
    """Logs a release with whoever sent it; of one under embargo only that there is one."""
    named = {"slug": intake.release.slug, "title": intake.release.content.title}
    if intake.embargoed_until is not None:
        named = {}
    _log.info("release accepted by API", by=call.token.name, verdict=str(intake.verdict), **named)


def _listed(call: ApiCall[WriteQuery], intake: Intake) -> ListedRelease:
    """Returns the release with the feeds that it is in from now on, without those that it left."""
    content = intake.release.content
    feeds = call.catalogue.feeds_of(content)
    return ListedRelease(release=intake.release, feeds=feeds, unclaimed=intake.unclaimed)


def take_in(call: ApiCall[WriteQuery], drafts: list[Draft]) -> list[Intake | Refusal]:
    """Stores drafts, or in a dry run returns what would be stored.

    Raises:
        ReleaseChanged: A release has changed since it was read.
    """
    measured = call.application.measure(drafts)
    if call.query.dry_run:
        return call.newsroom.preview(measured, now=call.now)
    return call.newsroom.take_in(measured, now=call.now, by=call.token.name)


# Parsing of bodies.


def _checked(value: object) -> dict[str, Any]:
    """Returns the body if it matches the schema of a record.

    Raises:
        ApiProblem: It does not match.
    """
    try:
        Record.model_validate(value)
    except ValidationError as error:
        raise invalid_body(error, value) from error
    if not isinstance(value, dict):
        raise AssertionError  # the model accepts only objects
    return value


def _read(call: ApiCall[WriteQuery], record: Mapping[str, Any]) -> Draft:
    if len(call.body()) > call.application.rules.max_document_bytes:
        raise ApiProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a release may have {call.application.rules.max_document_bytes} bytes",
        )
    fields = {**record, "source_key": call.key}
    read = read_record(fields, document=call.document, rules=call.application.rules)
    if isinstance(read, Draft):
        return read
    if not call.query.dry_run:
        call.newsroom.refuse([read], now=call.now)
    raise intake_refused(read)


def _is_summary_of_body(call: ApiCall[Any], content: Content) -> bool:
    body, summary = content.body, content.summary
    limit = call.application.rules.derived_summary_chars
    is_ours = summary == derived_summary(body, language=content.language, max_chars=limit)
    return is_ours or was_made_of(summary, parse(body))


def keep_untouched(new: Content, held: Content, fields: Collection[str]) -> Content:
    """Returns *new*, with everything except these *fields* of a record stored from *held*."""
    touched = {CONTENT_BY_FIELD.get(name, "details") for name in fields}
    untouched = {*CONTENT_BY_FIELD.values(), "details"} - touched
    return replace(new, **{name: getattr(held, name) for name in untouched})


# Batches: each release is validated, stored and answered separately.

REFUSED = "refused"


def post_releases(call: ApiCall[WriteQuery]) -> ApiResponse:
    """Stores a batch; each record gets a result of its own.

    Raises:
        ApiProblem: The body is not a batch, or has too many records.
    """
    read = _read_batch(call)
    for _ in range(MAX_TRIES):
        checked = _check_batch(call, read)
        drafts = [one for one in checked if isinstance(one, Draft)]
        try:
            stored = iter(take_in(call, drafts))
        except ReleaseChanged:
            continue
        break
    else:
        raise too_much_contention()
    if not call.query.dry_run:
        call.newsroom.forget_refusals([_batch_name(call)])
        call.newsroom.refuse([one for one in checked if isinstance(one, Refusal)], now=call.now)
    outcomes = [next(stored) if isinstance(one, Draft) else one for one in checked]
    results = [_item(call, index, each) for index, each in enumerate(outcomes)]
    all_done = all(item.status < HTTPStatus.BAD_REQUEST for item in results)
    accepted = [one for one in outcomes if isinstance(one, Intake)]
    if not call.query.dry_run and len(accepted) <= MAX_LOGGED_SINGLY:
        for each in accepted:
            _log_intake(call, each)
    _log.info("batch accepted by API", by=call.token.name, count=len(results))
    return ApiResponse(
        status=HTTPStatus.OK if all_done else HTTPStatus.MULTI_STATUS,
        content=BatchOut(dry_run=call.query.dry_run, results=results),
    )


def _batch_name(call: ApiCall[WriteQuery]) -> str:
    return f"api:{call.token.name}"


def _read_batch(call: ApiCall[WriteQuery]) -> list[Draft | Refusal]:
    media_type = call.media_type(JSON_TYPE, *LINES_TYPES)
    suffix = ".jsonl"
    if media_type == JSON_TYPE:
        suffix = ".json"
        if not isinstance(call.json(), list):
            raise unprocessable("a batch is an array of records", pointer="")
    limit = call.application.settings.api.max_batch_releases
    # The suffix selects the input format; it is removed again from the name that people read.
    stream = read_documents(
        BytesIO(call.body()), document=_batch_name(call) + suffix, rules=call.application.rules
    )
    read = list(islice(stream, limit + 1))
    if len(read) > limit:
        raise ApiProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a batch may have {limit} releases")
    return [
        _renamed(
            retraction_refused(one) if isinstance(one, RetractionRequest) else one,
            _batch_name(call),
        )
        for one in read
    ]


def _renamed(read: Draft | Refusal, document: str) -> Draft | Refusal:
    return replace(read, origin=replace(read.origin, document=document))


def _check_batch(
    call: ApiCall[WriteQuery], read: list[Draft | Refusal]
) -> list[Draft | Refusal | Forbidden]:
    read = _with_shown_keys(call, read)
    keys = [one.source_key for one in read if isinstance(one, Draft)]
    held, waiting = call.newsroom.by_source_keys(keys), call.newsroom.embargoes_by_source_keys(keys)
    checked: list[Draft | Refusal | Forbidden] = []
    for one in read:
        if isinstance(one, Refusal):
            checked.append(one)
            continue
        try:
            checked.append(_authorised(call, one, held.get(one.source_key), waiting))
        except Forbidden as forbidden:
            checked.append(forbidden)
    return checked


def _with_shown_keys(
    call: ApiCall[WriteQuery], read: list[Draft | Refusal]
) -> list[Draft | Refusal]:
    """Returns the records; those with the key of a release as GET shows it are that release.

    Read as an id, ``id:2026-17`` would be a second release with the same content.
    """
    keys = {one.source_key for one in read if isinstance(one, Draft)}
    shown = {key: SourceKey(key.removeprefix("id:")) for key in keys if key.startswith(_SHOWN_KEYS)}
    held = call.newsroom.by_source_keys([*shown, *shown.values()]) if shown else {}
    meant = {
        key: other
        for key, other in shown.items()
        if key not in held and other in held and other not in keys
    }
    return [
        replace(one, source_key=meant[one.source_key])
        if isinstance(one, Draft) and one.source_key in meant
        else one
        for one in read
    ]


def _authorised(
    call: ApiCall[WriteQuery],
    draft: Draft,
    held: Release | None,
    waiting_by_key: Mapping[SourceKey, Embargo],
) -> Draft:
    waiting = waiting_by_key.get(draft.source_key)
    require_own(call, draft.content)
    if held is not None:
        require_own(call, held.content)
    require_free(call, waiting)
    draft = with_expected_members(call, draft, held=held, waiting=waiting)
    return as_seen(draft, held, waiting)


def _item(call: ApiCall[WriteQuery], index: int, outcome: Intake | Refusal | Forbidden) -> ItemOut:
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
