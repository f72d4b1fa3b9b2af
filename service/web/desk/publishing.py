"""When something is published: at once, or when an embargo ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Response

from feeds.errors import (
    DraftChanged,
    DraftNotFound,
    ReleaseChanged,
)
from feeds.model.history import work_of
from feeds.model.intake import Embargo, Intake, Refusal
from feeds.model.release import Draft, Expected, ExpectedEmbargo, Release
from feeds.model.saved_draft import SavedDraft
from feeds.model.user import UserRole
from service.logs import get_logger
from service.web.desk.drafts import changed_meanwhile, draft_page, own_draft, seen_version
from service.web.desk.entrance import (
    desk,
    field,
    forbidden,
    lead_to,
    signed_in,
)
from service.web.desk.records import ReadDraft, may_change, read_draft
from service.web.page_language import noted
from service.web.request_context import request_context

_log = get_logger(__name__)

#: For whoever acts on something that another person has just changed.
CHANGED_MEANWHILE = noted(
    "Somebody else has changed this meanwhile. Nothing was done. This is how it is now."
)
_NO_MOMENT = noted("Give a day and a time of day.")
OVER = noted("This moment is past. Give a later one, or publish it now.")
_NEVER = noted("There is no such time on that day: clocks are put forward. Give another one.")
_TWICE = noted("This time comes twice on that day: clocks are put back. Choose which one you mean.")


class MomentFault(Exception):
    """A day and a time of day that are no moment, in words for people."""

    def __init__(self, words: str, *, is_twice: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.is_twice = is_twice


def local_moment(day: str, clock: str, which: str, zone: ZoneInfo) -> datetime:
    """Returns the moment, in UTC, of a local day and time.

    Args:
        day: As a browser's field has it: ``2026-03-29``.
        clock: Likewise: ``02:30``.
        which: Of a time that comes twice, ``first`` or ``second``.
        zone: The time zone.

    Raises:
        MomentFault: There is no such moment, or there are two.
    """
    try:
        naive = datetime.combine(date.fromisoformat(day.strip()), time.fromisoformat(clock.strip()))
    except ValueError:
        raise MomentFault(_NO_MOMENT) from None
    if naive.tzinfo is not None or not 1900 < naive.year < 2900:
        raise MomentFault(_NO_MOMENT)
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    # PEP 495: within a gap the earlier of the two is the one with fold=1.
    if second < first:
        raise MomentFault(_NEVER)
    if which not in ("first", "second"):
        raise MomentFault(_TWICE, is_twice=True)
    return first if which == "first" else second


@desk.post("/drafts/<slug:draft_id>/publish", UserRole.PUBLISH)
def publish(draft_id: str) -> Response:
    """Publishes a draft at once, or puts it under embargo."""
    context, user, present = request_context(), signed_in(), own_draft(draft_id)
    if present.version != seen_version():
        return changed_meanwhile(draft_id)
    until: datetime | None = None
    if field("when") == "later":
        try:
            until = future_moment()
        except MomentFault as fault:
            return _again(present, fault.words, is_twice=fault.is_twice)
    read = read_draft(context.application, present, now=context.now, further=_further(until))
    if isinstance(read.outcome, Refusal) or read.release is None:
        return draft_page(present, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    waiting = _waiting_for(present)
    _require_rights(read, waiting)
    linked = _linked(read.outcome, read.stored, waiting)
    try:
        outcome = context.application.newsroom.drafts.publish(
            present, _as_meant(present, linked, waiting, until), by=user.name, now=context.now
        )
    except (DraftChanged, DraftNotFound):
        return changed_meanwhile(draft_id)
    except ReleaseChanged:
        return draft_page(present, status=HTTPStatus.CONFLICT, fault=_CHANGED)
    if isinstance(outcome, Refusal):
        return draft_page(present, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return published(outcome)


_CHANGED = noted(
    "The release was changed by somebody else since this draft was begun. Nothing was published. "
    "Look at the release, and begin a new correction."
)


def future_moment() -> datetime:
    """Returns the moment that the form gives, in UTC.

    Raises:
        MomentFault: It is none, or past.
    """
    context = request_context()
    until = local_moment(field("day"), field("time"), field("which"), context.site.time_zone)
    if until <= context.now:
        raise MomentFault(OVER)
    return until


def _again(present: SavedDraft, words: str, *, is_twice: bool) -> Response:
    given = {name: field(name) for name in ("when", "day", "time", "weight", "note")}
    return draft_page(
        present,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        fault=words,
        choice=is_twice,
        given=given,
    )


def _further(until: datetime | None) -> dict[str, Any]:
    further: dict[str, Any] = {}
    if until is not None:
        further["embargoed_until"] = until.isoformat()
    if field("weight") in ("minor", "major"):
        further["correction"] = {"weight": field("weight")}
        if field("note").strip():
            further["correction"]["note"] = field("note")
    return further


def _waiting_for(present: SavedDraft) -> Embargo | None:
    found = request_context().application.newsroom.embargoes_by_source_keys([present.source_key])
    return found.get(present.source_key)


def _require_rights(read: ReadDraft, waiting: Embargo | None) -> None:
    """Checks the categories of what is published, and of what it replaces.

    Raises:
        DeskRefused: The person may not publish there.
    """
    parts = (read.release, read.stored, None if waiting is None else waiting.draft)
    contents = [one.content for one in parts if one is not None]
    if not all(may_change(signed_in(), one.category_names) for one in contents):
        raise forbidden()


def _linked(read: Draft, stored: Release | None, waiting: Embargo | None) -> Draft:
    """Returns the draft on condition that its work has only members that the person may change.

    The releases of a work appear in each other's pages and feeds, so to link to one changes it. One
    that is a member already stays one.

    Raises:
        DeskRefused: The person may not publish where another member is.
    """
    known = (stored, None if waiting is None else waiting.draft)
    is_member = work_of(read) in {work_of(one) for one in known if one is not None}
    if signed_in().categories is None or is_member:
        return read
    members = request_context().application.newsroom.other_members(read)
    if not all(may_change(signed_in(), one.content.category_names) for one in members):
        raise forbidden()
    return replace(read, expected_members=frozenset(one.content.digest for one in members))


def _as_meant(
    present: SavedDraft, read: Draft, waiting: Embargo | None, until: datetime | None
) -> Draft:
    """Returns what is taken in, on condition that nobody changed what was looked at."""
    context = request_context()
    [measured] = context.application.measure([read])
    end = until if until is not None or waiting is None else context.now
    return replace(
        measured,
        expected=present.corrects or Expected(revision=0),
        expected_embargo=ExpectedEmbargo(seen=waiting.seen if waiting else "", until=end),
    )


def published(outcome: Intake) -> Response:
    """Logs what was taken in, and leads to it: to the release, or to where it waits."""
    name = signed_in().name
    if outcome.embargoed_until is not None:
        _log.info("put under embargo at the desk", by=name)
        return lead_to(f"/waiting/{outcome.release.id}")
    slug, title = outcome.release.slug, outcome.release.content.title
    _log.info("published at the desk", by=name, slug=slug, title=title)
    return lead_to(f"/releases/{quote(slug)}")
