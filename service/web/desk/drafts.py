"""Drafts: written, saved, shown to a reviewer, dropped. Nothing here publishes anything."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, request

from feeds import render
from feeds.errors import DraftChanged, DraftNotFound
from feeds.model.edition import Entry
from feeds.model.feed import Category, Format
from feeds.model.intake import Refusal
from feeds.model.release import Content, Draft
from feeds.model.saved_draft import DraftPosition, SavedDraft
from feeds.model.user import User, UserRole
from service.logs import get_logger
from service.web.desk.cursors import page_of, position_in, position_of
from service.web.desk.entrance import (
    ROOT,
    DeskRefused,
    Needs,
    address,
    desk,
    field,
    forbidden,
    lead_to,
    page,
    signed_in,
)
from service.web.desk.files import FileFault, file_rows, with_files
from service.web.desk.records import (
    CONTACT_FIELDS,
    LEFT_OUT,
    ReadDraft,
    differences,
    key_of_draft,
    may_change,
    may_see,
    new_draft_id,
    read_draft,
    record_in_form,
    work_waits_until,
)
from service.web.page_language import noted
from service.web.pages import body_of
from service.web.request_context import request_context

_log = get_logger(__name__)

#: How many rows a list of the desk shows.
ROWS = 50

_NOT_THERE = DeskRefused(
    HTTPStatus.NOT_FOUND,
    noted("This draft is not there any more"),
    noted("It was published or deleted, or it never was. The desk lists what there is."),
)
_NO_PREVIEW = DeskRefused(
    HTTPStatus.NOT_FOUND,
    noted("There is nothing to preview here"),
    noted("A preview ends when the release is published, or when whoever sent it ends it."),
)

NEW: Mapping[str, Any] = {}

#: What a form shows of a record and of a moment that lack these.
_EMPTY = {
    "title": "", "body": "", "summary": "", "body_format": "text", "language": "",
    "embargoed_until": "",
}  # fmt: skip
_NOTHING_GIVEN = dict.fromkeys(("when", "day", "time", "weight", "note"), "")


@desk.get("/drafts", UserRole.WRITE)
def drafts() -> Response:
    """Answers with a page of the list of drafts."""
    user, newsroom = signed_in(), request_context().application.newsroom
    after = position_in(
        request.args.get("after"), lambda at, row_id: DraftPosition(changed_at=at, id=row_id)
    )
    found = newsroom.drafts.listed(
        after=after, limit=ROWS + 1, is_wanted=lambda one: may_see(user, one)
    )
    shown, more = page_of(found, ROWS, lambda one: position_of(one.changed_at, one.id))
    return page("drafts.html", drafts=shown, more=more, is_first=after is None)


@desk.get("/write", UserRole.WRITE)
def write_form() -> Response:
    """Answers with an empty form."""
    record = {"language": request_context().site.language, "body_format": "text"}
    return _form("draft.html", record)


@desk.post("/write", UserRole.WRITE, takes_files=True)
def write() -> Response:
    """Saves a new draft."""
    context, user = request_context(), signed_in()
    record = record_in_form(context.catalogue, NEW)
    _require_own(user, record)
    taken = with_files(record)
    draft_id = new_draft_id()
    saved = context.application.newsroom.drafts.begin(
        draft_id, taken.record, source_key=key_of_draft(draft_id), by=user.name, now=context.now
    )
    return _saved(saved, taken.faults)


@desk.get("/drafts/<slug:draft_id>", UserRole.WRITE)
def draft(draft_id: str) -> Response:
    """Answers with a draft: its form, and what will be published."""
    return draft_page(own_draft(draft_id), is_begun="begun" in request.args)


@desk.post("/drafts/<slug:draft_id>", UserRole.WRITE, takes_files=True)
def save(draft_id: str) -> Response:
    """Saves a change; if somebody else did so meanwhile, both are shown and nothing is lost."""
    context, user, present = request_context(), signed_in(), own_draft(draft_id)
    record = record_in_form(context.catalogue, present.record)
    _require_own(user, record)
    taken = with_files(record)
    record, faults = taken.record, taken.faults
    try:
        saved = context.application.newsroom.drafts.save(
            present, record, seen=seen_version(), by=user.name, now=context.now
        )
    except DraftChanged:
        theirs = own_draft(draft_id)
        return _form(
            "draft.html",
            record,
            status=HTTPStatus.CONFLICT,
            draft=theirs,
            theirs=theirs,
            file_faults=faults,
        )
    except DraftNotFound:
        return _form("draft.html", record, status=HTTPStatus.CONFLICT, is_gone=True)
    return _saved(saved, faults)


@desk.post("/drafts/<slug:draft_id>/delete", UserRole.WRITE)
def drop_draft(draft_id: str) -> Response:
    """Deletes a draft."""
    context, user, present = request_context(), signed_in(), own_draft(draft_id)
    try:
        context.application.newsroom.drafts.drop(
            present.id, seen=seen_version(), by=user.name, now=context.now
        )
    except DraftChanged:
        return changed_meanwhile(draft_id)
    _log.info("draft deleted at the desk", by=user.name, draft=draft_id)
    return lead_to("/drafts")


@desk.post("/drafts/<slug:draft_id>/preview", UserRole.WRITE)
def share_draft(draft_id: str) -> Response:
    """Opens the preview at a new address that cannot be guessed, or ends it."""
    context, user, present = request_context(), signed_in(), own_draft(draft_id)
    secret = secrets.token_urlsafe(24) if field("open") else None
    context.application.newsroom.drafts.show(present.id, secret, by=user.name, now=context.now)
    return lead_to(f"/drafts/{draft_id}")


@desk.get("/preview/<slug:secret>", Needs.NOBODY)
def preview(secret: str) -> Response:
    """Answers with a draft as it will be published, to whoever has the address."""
    application = request_context().application
    try:
        shown = application.newsroom.drafts.by_preview(secret)
    except DraftNotFound:
        raise _NO_PREVIEW from None
    read = read_draft(application, shown, now=request_context().now)
    root = address(f"/preview/{secret}/media")
    return page("preview.html", media_root=root, draft=shown, **_as_published(read))


def own_draft(draft_id: str) -> SavedDraft:
    """Returns a draft that whoever is signed in may see and change.

    Raises:
        DeskRefused: There is none, or they may not.
    """
    try:
        found = request_context().application.newsroom.drafts.named(draft_id)
    except DraftNotFound:
        raise _NOT_THERE from None
    if not may_see(signed_in(), found):
        raise forbidden()
    return found


def seen_version() -> int:
    """Returns the version of the draft that the form was made from."""
    text = field("version")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def draft_page(shown: SavedDraft, *, status: HTTPStatus = HTTPStatus.OK, **more: Any) -> Response:
    """Answers with a draft, its form, and what will be published."""
    return _form("draft.html", shown.record, status=status, draft=shown, **more)


def lead_to_begun(begun: SavedDraft, draft_id: str) -> Response:
    """Leads to a draft that was to be begun; if somebody was first, to theirs, and says so."""
    return lead_to(f"/drafts/{begun.id}{'' if begun.id == draft_id else '?begun=yes'}")


def unsaved_page(record: Mapping[str, Any], *, fault: str) -> Response:
    """Answers with what somebody wrote and could not store: saved now, it becomes a new draft."""
    return _form("draft.html", record, status=HTTPStatus.CONFLICT, fault=fault)


def changed_meanwhile(draft_id: str) -> Response:
    """Answers that somebody else changed the draft, and with what it is now."""
    return draft_page(own_draft(draft_id), status=HTTPStatus.CONFLICT, is_changed=True)


def _require_own(user: User, record: Mapping[str, Any]) -> None:
    """Checks the categories of what is saved; without any, a draft may be saved for now.

    Raises:
        DeskRefused: One of them is not among the person's own.
    """
    names = tuple(record["categories"])
    if names and not may_change(user, names):
        raise forbidden()


def _saved(saved: SavedDraft, faults: tuple[FileFault, ...]) -> Response:
    """Leads to a draft that was saved, or tells there which files were not taken."""
    _log.info("draft saved at the desk", by=saved.changed_by, draft=saved.id)
    if not faults:
        return lead_to(f"/drafts/{saved.id}")
    return draft_page(saved, status=HTTPStatus.UNPROCESSABLE_ENTITY, file_faults=faults)


def _form(
    template: str,
    record: Mapping[str, Any],
    *,
    status: HTTPStatus = HTTPStatus.OK,
    draft: SavedDraft | None = None,
    **more: Any,
) -> Response:
    context, user = request_context(), signed_in()
    shown: dict[str, Any] = {
        "theirs": None, "is_gone": False, "is_changed": False, "is_begun": False, "fault": None,
        "choice": None, "file_faults": (), "work_until": None,
        "given": _NOTHING_GIVEN, **more,
    }  # fmt: skip
    if draft is not None and shown["theirs"] is None:
        read = read_draft(context.application, draft, now=context.now)
        shown |= _as_published(read) | _when_by_work(read, shown["given"])
    else:
        shown |= {"release": None, "refusal": None, "stored": None}
    return page(
        template,
        status=status,
        preview_address=f"{context.site.base_url}{ROOT}/preview/{draft.preview if draft else ''}",
        draft=draft,
        files=file_rows(record),
        left_out=record.get(LEFT_OUT) or (),
        may_publish=user.may(UserRole.PUBLISH),
        zone=context.site.time_zone,
        **form_fields(record),
        **shown,
    )


def form_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the fields of a release show in a form, for ``_fields.html``."""
    catalogue, user = request_context().catalogue, signed_in()
    allowed = [
        each
        for slug, each in catalogue.categories.items()
        if user.categories is None or slug in user.categories
    ]
    return {
        "record": _EMPTY | {name: value for name, value in record.items() if value is not None},
        "categories": allowed,
        "chosen": catalogue.match_all(tuple(record.get("categories") or ())).categories,
        "contacts": [_contact_row(each) for each in (*(record.get("contacts") or ()), {})],
        "contact_fields": CONTACT_FIELDS,
        "languages": known_languages(record),
    }


def labels_of(content: Content) -> tuple[Category, ...]:
    """Returns the categories of a release, as its page names them."""
    catalogue = request_context().catalogue
    return catalogue.labels(
        catalogue.match_all(content.category_names).categories, language=content.language
    )


def _when_by_work(read: ReadDraft, given: Mapping[str, str]) -> dict[str, Any]:
    """Returns when a translation is best published: not before what it translates."""
    until = work_waits_until(read.outcome) if isinstance(read.outcome, Draft) else None
    if until is None:
        return {}
    local = until.astimezone(request_context().site.time_zone)
    if given is _NOTHING_GIVEN:
        given = {**given, "when": "later", "day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    return {"work_until": until, "given": given}


def _contact_row(contact: Mapping[str, Any] | str) -> dict[str, str]:
    if isinstance(contact, str):
        contact = {"name": contact}
    return {
        name: contact.get(name) or (contact.get("uri") if name == "url" else "") or ""
        for name in CONTACT_FIELDS
    }


def known_languages(record: Mapping[str, Any] = NEW) -> list[str]:
    """Returns the languages of the site and of its feeds, and that of a record."""
    context = request_context()
    known = {feed.only_in or feed.language for feed in context.feeds.values()}
    return sorted({*known, context.site.language, *filter(None, [record.get("language")])})


def _as_published(read: ReadDraft) -> dict[str, Any]:
    """Returns what a page shows of a draft: the release, in feeds, and what was lost."""
    if isinstance(read.intake, Refusal):
        return {"release": None, "refusal": read.intake, "stored": read.stored}
    release, catalogue = read.intake.release, request_context().catalogue
    labels = labels_of(release.content)
    entry = Entry(release=release, categories=labels)
    return {
        "release": release,
        "refusal": None,
        "stored": read.stored,
        "body": body_of(release),
        "labels": labels,
        "unclaimed": read.intake.unclaimed,
        "warnings": read.intake.draft.warnings,
        "entries": [
            (each.label, render.render_fragment(entry, each, catalogue.site).decode())
            for each in Format
        ],
        "differences": (
            differences(read.stored.content, release.content) if read.stored is not None else []
        ),
    }
