"""What waits for the end of an embargo: listed, by month, changed, moved, lifted and dropped."""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any

from flask import Response, request

from feeds.errors import EmbargoChanged, EmbargoNotFound, EmbargoOver, ReleaseChanged
from feeds.model.intake import (
    Embargo,
    EmbargoPosition,
    EmbargoQuery,
    Intake,
    Refusal,
)
from feeds.model.months import Month
from feeds.model.release import Draft
from feeds.model.user import UserRole
from service.logs import get_logger
from service.web.desk.cursors import page_of, position_in, position_of
from service.web.desk.drafts import ROWS, form_fields, labels_of, unsaved_page
from service.web.desk.entrance import (
    DeskRefused,
    desk,
    field,
    forbidden,
    lead_to,
    page,
    signed_in,
)
from service.web.desk.files import FileFault, file_rows, with_files
from service.web.desk.publishing import (
    CHANGED_MEANWHILE,
    OVER,
    MomentFault,
    future_moment,
    published,
)
from service.web.desk.records import (
    LEFT_OUT,
    begun_with,
    differences,
    may_change,
    read_change,
    record_in_form,
)
from service.web.desk.translating import begin_translation, languages_to_choose
from service.web.page_language import noted
from service.web.pages import body_of
from service.web.request_context import request_context

_log = get_logger(__name__)

_GONE = noted(
    "This does not wait any more: it came out or was dropped meanwhile. Nothing of yours was "
    "stored. What you wrote stands below; saved now, it becomes a new draft."
)
#: How many documents the page of a month shows; the list has the others.
ROWS_A_MONTH = 200

_NOT_WAITING = DeskRefused(
    HTTPStatus.NOT_FOUND,
    noted("This does not wait any more"),
    noted("It was published or dropped meanwhile, or it never waited. The desk lists what does."),
)


@desk.get("/waiting", UserRole.WRITE)
def waiting_list() -> Response:
    """Answers with a page of what waits, the next to come out first."""
    after = position_in(
        request.args.get("after"),
        lambda until, row_id: EmbargoPosition(until=until, release_id=row_id),
    )
    found = request_context().application.newsroom.embargoes.listed(
        EmbargoQuery(categories=signed_in().categories), after=after, limit=ROWS + 1
    )
    shown, more = page_of(found, ROWS, lambda one: position_of(one.until, one.release_id))
    return page(
        "waiting_list.html",
        waiting=shown,
        more=more,
        is_first=after is None,
        month=_this_month(),
    )


@desk.get("/waiting/<month:month>", UserRole.WRITE)
def calendar(month: Month) -> Response:
    """Answers with what comes out in a month, day by day in the newsroom's zone."""
    context, zone = request_context(), request_context().site.time_zone
    query = EmbargoQuery(
        categories=signed_in().categories,
        ends_from=month.begins(zone),
        ends_before=month.ends(zone),
    )
    found = context.application.newsroom.embargoes.listed(query, limit=ROWS_A_MONTH + 1)
    shown, more = page_of(found, ROWS_A_MONTH, lambda one: position_of(one.until, one.release_id))
    by_day: dict[date, list[Embargo]] = {each: [] for each in month.days}
    for embargo in shown:
        by_day[embargo.until.astimezone(zone).date()].append(embargo)
    if more is not None:
        # Whether anything comes out later in the month is not known here.
        last = shown[-1].until.astimezone(zone).date()
        by_day = {day: those for day, those in by_day.items() if day <= last}
    return page(
        "calendar.html",
        month=month,
        this_month=_this_month(),
        today=context.now.astimezone(zone).date(),
        days=by_day,
        more=more,
    )


@desk.get("/waiting/<slug:release_id>", UserRole.WRITE)
def waiting(release_id: str) -> Response:
    """Answers with one document that waits."""
    return _waiting_page(_own_embargo(release_id))


@desk.post("/waiting/<slug:release_id>/translate", UserRole.WRITE)
def translate_waiting(release_id: str) -> Response:
    """Begins a translation of what waits as a draft."""
    return begin_translation(_own_embargo(release_id).draft)


@desk.get("/waiting/<slug:release_id>/change", UserRole.PUBLISH)
def change_form(release_id: str) -> Response:
    """Answers with a form of what waits."""
    embargo = _own_embargo(release_id)
    return _change_page(embargo, _record_of(embargo))


@desk.post("/waiting/<slug:release_id>/change", UserRole.PUBLISH, takes_files=True)
def change(release_id: str) -> Response:
    """Shows what a change of what waits would do, or stores it under the same embargo."""
    context, user = request_context(), signed_in()
    newsroom, catalogue = context.application.newsroom, context.catalogue
    embargo = _embargo(release_id)
    if embargo is None:
        return unsaved_page(with_files(record_in_form(catalogue, {})).record, fault=_GONE)
    taken = with_files(record_in_form(catalogue, _record_of(embargo)))
    record, faults = taken.record, taken.faults
    told = tuple(record.pop(LEFT_OUT, ()))
    if field("seen") != embargo.seen:
        return _change_page(embargo, record, is_changed=True, faults=faults, told=told)
    read = read_change(context.application, embargo, record)
    if isinstance(read, Refusal):
        return _change_page(embargo, record, intake=read, faults=faults, told=told)
    # What is told of new files, or that they were not taken, has to be seen first.
    is_final = field("do") == "save" and not (faults or told)
    _require_rights(read)
    try:
        [intake] = newsroom.preview([read], now=context.now)
        if isinstance(intake, Intake) and is_final:
            measured = context.application.measure([read])
            [intake] = newsroom.take_in(measured, now=context.now, by=user.name)
    except ReleaseChanged:
        return _changed_under_hands(release_id, record)
    if isinstance(intake, Refusal) or not is_final:
        return _change_page(embargo, record, intake=intake, faults=faults, told=told)
    if intake.embargoed_until is None:  # it ended at this moment
        return published(intake)
    _log.info("release under embargo changed at the desk", by=user.name)
    return lead_to(f"/waiting/{release_id}")


def _record_of(embargo: Embargo) -> dict[str, Any]:
    rules = request_context().application.rules
    return begun_with(embargo.draft.content, rules.derived_summary_chars)


def _require_rights(read: Draft) -> None:
    """Checks the categories that what waits would have, and of the release that it corrects.

    Raises:
        DeskRefused: The person may not publish there.
    """
    newsroom = request_context().application.newsroom
    stored = newsroom.by_source_keys([read.source_key]).get(read.source_key)
    contents = [read.content, *([] if stored is None else [stored.content])]
    if not all(may_change(signed_in(), one.category_names) for one in contents):
        raise forbidden()


def _changed_under_hands(release_id: str, record: Mapping[str, Any]) -> Response:
    embargo = _embargo(release_id)
    if embargo is None:
        return unsaved_page(record, fault=_GONE)
    return _change_page(embargo, record, is_changed=True)


def _change_page(
    embargo: Embargo,
    record: Mapping[str, Any],
    *,
    intake: Intake | Refusal | None = None,
    is_changed: bool = False,
    faults: tuple[FileFault, ...] = (),
    told: tuple[str, ...] = (),
) -> Response:
    """Answers with the form, and with what would come of it as far as that is known.

    Args:
        embargo: What waits.
        record: What the form describes.
        intake: What would come of it.
        is_changed: Whether somebody else changed what waits meanwhile.
        faults: Why files were not taken.
        told: What was changed in files that were.
    """
    status, shown = HTTPStatus.OK, dict[str, Any]()
    if isinstance(intake, Intake):
        content = intake.release.content
        shown = {
            "body": body_of(intake.release),
            "warnings": intake.draft.warnings,
            "unclaimed": intake.unclaimed,
            "differences": differences(embargo.draft.content, content),
        }
    if isinstance(intake, Refusal) or faults:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    if is_changed:
        status = HTTPStatus.CONFLICT
    return page(
        "waiting_change.html",
        status=status,
        embargo=embargo,
        release=intake.release if isinstance(intake, Intake) else None,
        refusal=intake if isinstance(intake, Refusal) else None,
        is_changed=is_changed,
        files=file_rows(record),
        file_faults=faults,
        told_of_files=told,
        **form_fields(record),
        **shown,
    )


@desk.post("/waiting/<slug:release_id>/move", UserRole.PUBLISH)
def move(release_id: str) -> Response:
    """Moves the end of an embargo."""
    context, embargo = request_context(), _own_embargo(release_id)
    try:
        until = future_moment()
        context.application.newsroom.embargoes.move(
            embargo.release_id,
            until=until,
            by=signed_in().name,
            now=context.now,
            seen=field("seen"),
        )
    except MomentFault as fault:
        return _waiting_page(
            embargo,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            fault=fault.words,
            choice=fault.is_twice,
        )
    except (EmbargoChanged, EmbargoNotFound):
        return _look_again(release_id)
    except EmbargoOver:
        return _waiting_page(embargo, status=HTTPStatus.UNPROCESSABLE_ENTITY, fault=OVER)
    _log.info("embargo moved at the desk", by=signed_in().name)
    return lead_to(f"/waiting/{release_id}")


@desk.post("/waiting/<slug:release_id>/lift", UserRole.PUBLISH)
def lift(release_id: str) -> Response:
    """Publishes what waits, at once."""
    context, embargo = request_context(), _own_embargo(release_id)
    try:
        outcome = context.application.newsroom.embargoes.lift(
            embargo.release_id, by=signed_in().name, now=context.now, seen=field("seen")
        )
    except (EmbargoChanged, EmbargoNotFound):
        return _look_again(release_id)
    return published(outcome)


@desk.post("/waiting/<slug:release_id>/drop", UserRole.PUBLISH)
def drop(release_id: str) -> Response:
    """Deletes what waits; it is never published."""
    context, embargo = request_context(), _own_embargo(release_id)
    try:
        context.application.newsroom.embargoes.drop(
            embargo.release_id, by=signed_in().name, now=context.now, seen=field("seen")
        )
    except (EmbargoChanged, EmbargoNotFound):
        return _look_again(release_id)
    _log.info("embargo dropped at the desk", by=signed_in().name)
    return lead_to("/waiting")


def _this_month() -> Month:
    context = request_context()
    return Month.of(context.now, context.site.time_zone)


def _embargo(release_id: str) -> Embargo | None:
    """Returns what waits, or None if nothing does.

    Raises:
        DeskRefused: Whoever is signed in may not see it.
    """
    manager = request_context().application.newsroom.embargoes
    embargo = manager.by_id(release_id)
    if embargo is not None and not manager.is_in(embargo, signed_in().categories):
        raise forbidden()
    return embargo


def _own_embargo(release_id: str) -> Embargo:
    embargo = _embargo(release_id)
    if embargo is None:
        raise _NOT_WAITING
    return embargo


def _waiting_page(
    embargo: Embargo,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    fault: str | None = None,
    choice: bool = False,
) -> Response:
    context, user = request_context(), signed_in()
    [upcoming] = context.application.newsroom.upcoming([embargo], now=context.now)
    local = embargo.until.astimezone(context.site.time_zone)
    given = {"day": field("day") or f"{local:%Y-%m-%d}", "time": field("time") or f"{local:%H:%M}"}
    return page(
        "waiting.html",
        status=status,
        embargo=embargo,
        release=upcoming.release,
        body=body_of(upcoming.release),
        labels=labels_of(upcoming.release.content),
        unclaimed=upcoming.unclaimed,
        languages=languages_to_choose(upcoming.release),
        may_publish=user.may(UserRole.PUBLISH),
        fault=fault,
        choice=choice,
        given=given,
    )


def _look_again(release_id: str) -> Response:
    return _waiting_page(
        _own_embargo(release_id),
        status=HTTPStatus.CONFLICT,
        fault=CHANGED_MEANWHILE,
    )
