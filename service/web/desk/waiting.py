"""What waits for the end of an embargo: listed, by month, moved, lifted and dropped."""

from datetime import date
from http import HTTPStatus

from flask import Response, request

from feeds.errors import EmbargoChanged, EmbargoNotFound, EmbargoOver
from feeds.model.intake import Embargo, EmbargoPosition, EmbargoQuery
from feeds.model.months import Month
from feeds.model.user import UserRole
from service.logs import get_logger
from service.web.desk.cursors import page_of, position_in, position_of
from service.web.desk.drafts import ROWS
from service.web.desk.entrance import (
    DeskRefused,
    desk,
    field,
    forbidden,
    lead_to,
    page,
    signed_in,
)
from service.web.desk.publishing import (
    CHANGED_MEANWHILE,
    OVER,
    MomentFault,
    future_moment,
    published,
)
from service.web.page_language import noted
from service.web.pages import body_of
from service.web.request_context import request_context

_log = get_logger(__name__)

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


def _own_embargo(release_id: str) -> Embargo:
    manager = request_context().application.newsroom.embargoes
    embargo = manager.by_id(release_id)
    if embargo is None:
        raise _NOT_WAITING
    if not manager.is_in(embargo, signed_in().categories):
        raise forbidden()
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
        unclaimed=upcoming.unclaimed,
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
