"""Releases that are public: corrected, retracted and restored; lists of them."""

from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from flask import Response, request

from feeds.errors import AlreadyRetracted, InvalidReason, NotRetracted, ReleaseNotFound
from feeds.model.listing import ChangePosition, ListedRelease, ReleaseQuery
from feeds.model.user import UserRole
from service.logs import get_logger
from service.web.desk.cursors import page_of, position_in, position_of
from service.web.desk.drafts import ROWS, lead_to_begun
from service.web.desk.entrance import (
    DeskRefused,
    desk,
    field,
    forbidden,
    lead_to,
    page,
    signed_in,
)
from service.web.desk.publishing import CHANGED_MEANWHILE
from service.web.desk.records import begun_with, may_change, may_see, new_draft_id
from service.web.desk.translating import begin_translation, languages_to_choose
from service.web.page_language import noted
from service.web.request_context import request_context

_log = get_logger(__name__)

_NO_RELEASE = DeskRefused(
    HTTPStatus.NOT_FOUND,
    noted("There is no such release"),
    noted("The address may be mistyped. The desk lists what is published."),
)
_NO_REASON = noted("Give the reason, in one line: it is what the public is told.")


@desk.get("/releases", UserRole.WRITE)
def releases() -> Response:
    """Answers with a page of what was published or changed, the last first."""
    after = position_in(
        request.args.get("after"),
        lambda changed, published, row_id: ChangePosition(
            changed_at=changed, published=published, id=row_id
        ),
        moments=2,
    )
    found = request_context().application.newsroom.listed(
        ReleaseQuery(), after=after, limit=ROWS + 1
    )
    shown, more = page_of(found, ROWS, _position)
    return page("releases.html", releases=shown, more=more, is_first=after is None)


@desk.get("/releases/<slug:slug>", UserRole.WRITE)
def release(slug: str) -> Response:
    """Answers with a release, and what can be done with it."""
    return _release_page(_found(slug))


@desk.post("/releases/<slug:slug>/correct", UserRole.WRITE)
def correct(slug: str) -> Response:
    """Begins a correction as a draft, or leads to the one that somebody has begun."""
    context, user, known = request_context(), signed_in(), _own(slug).release
    draft_id = new_draft_id()
    begun = context.application.newsroom.drafts.begin_correction(
        draft_id,
        begun_with(known.content, context.application.rules.derived_summary_chars),
        of=known,
        is_wanted=partial(may_see, user),
        by=user.name,
        now=context.now,
    )
    return lead_to_begun(begun, draft_id)


@desk.post("/releases/<slug:slug>/translate", UserRole.WRITE)
def translate(slug: str) -> Response:
    """Begins a translation as a draft."""
    return begin_translation(_own(slug).release)


@desk.post("/releases/<slug:slug>/retract", UserRole.PUBLISH)
def retract(slug: str) -> Response:
    """Retracts a release, with a reason that is published."""
    context, user, listed = request_context(), signed_in(), _own(slug)
    try:
        context.application.newsroom.retract(
            listed.release.id, reason=field("reason"), by=user.name, now=context.now
        )
    except InvalidReason:
        return _release_page(listed, fault=_NO_REASON, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except AlreadyRetracted:
        return _release_page(_found(slug), fault=CHANGED_MEANWHILE, status=HTTPStatus.CONFLICT)
    _log.info("retracted at the desk", by=user.name, slug=slug, title=listed.release.content.title)
    return lead_to(f"/releases/{quote(slug)}")


@desk.post("/releases/<slug:slug>/restore", UserRole.PUBLISH)
def restore(slug: str) -> Response:
    """Makes a retracted release public again."""
    context, user, listed = request_context(), signed_in(), _own(slug)
    try:
        context.application.newsroom.restore(listed.release.id, by=user.name, now=context.now)
    except NotRetracted:
        return _release_page(_found(slug), fault=CHANGED_MEANWHILE, status=HTTPStatus.CONFLICT)
    _log.info("restored at the desk", by=user.name, slug=slug, title=listed.release.content.title)
    return lead_to(f"/releases/{quote(slug)}")


def _position(one: ListedRelease) -> str:
    known = one.release
    return position_of(known.changed_at, known.content.published, known.id)


def _found(slug: str) -> ListedRelease:
    try:
        listed = request_context().application.newsroom.release(slug)
    except ReleaseNotFound:
        raise _NO_RELEASE from None
    # Only its slug is its address here; other names of it are not.
    if listed.release.slug != slug:
        raise _NO_RELEASE
    return listed


def _own(slug: str) -> ListedRelease:
    listed = _found(slug)
    if not may_change(signed_in(), listed.release.content.category_names):
        raise forbidden()
    return listed


def _release_page(
    listed: ListedRelease, *, fault: str | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    user = signed_in()
    is_own = may_change(user, listed.release.content.category_names)
    return page(
        "release.html",
        status=status,
        release=listed.release,
        feeds_in=listed.feeds,
        unclaimed=listed.unclaimed,
        may_correct=is_own,
        languages=languages_to_choose(listed.release),
        may_publish=is_own and user.may(UserRole.PUBLISH),
        events=request_context().application.newsroom.audit_events(listed.release.id),
        fault=fault,
    )
