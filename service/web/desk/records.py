"""What is written at the desk: from the form to a record, from a record through the intake."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID, uuid5

from flask import request

from feeds.categories import Catalogue
from feeds.html.plain_text import plain_text
from feeds.ingest import read_record
from feeds.ingest.drafting import derived_summary
from feeds.model.intake import Embargo, FieldFault, Intake, Refusal
from feeds.model.release import (
    Content,
    Draft,
    Expected,
    ExpectedEmbargo,
    Release,
    ReleaseId,
    SourceKey,
)
from feeds.model.saved_draft import SavedDraft
from feeds.model.user import User
from service.application import Application
from service.web.api.reading import record_of
from service.web.api.writing import keep_untouched
from service.web.desk.entrance import field, signed_in
from service.web.request_context import request_context
from service.web.wording import file_name

#: The parts of a contact, in the order of the form.
CONTACT_FIELDS = ("name", "role", "organisation", "phone", "email", "url")

#: The field of a draft that says what of a file is not in it. It is not published.
LEFT_OUT = "left_out"

#: Says of a picture of a draft that a description is asked for.
UNDESCRIBED = "undescribed"

#: The name of the document in messages.
DOCUMENT = "desk"


def new_draft_id() -> str:
    """Returns the id of a new draft."""
    return secrets.token_hex(8)


def key_of_draft(draft_id: str) -> SourceKey:
    """Returns the source key of a release that begins as this draft."""
    return SourceKey(f"id:desk-{draft_id}")


def id_of_release(draft_id: str) -> ReleaseId:
    """Returns the id of a new release that begins as this draft: as random as the draft's is.

    So a preview shows the id and the address that the release will have. The draft's own id is not
    in it, and stays within the desk.
    """
    return ReleaseId(uuid5(_RELEASES_OF_DRAFTS, draft_id).urn)


#: A namespace as in RFC 9562 section 5.5.
_RELEASES_OF_DRAFTS = UUID("5b1d0c5e-9d0b-4d61-8a52-6a0d7d1f2f0c")


def may_change(user: User, names: tuple[str, ...]) -> bool:
    """Whether somebody may change what has these category names."""
    if user.categories is None:
        return True
    matches = request_context().catalogue.match_all(names)
    return user.permits(matches.categories) and not matches.unclaimed


def may_see(user: User, draft: SavedDraft) -> bool:
    """Whether somebody may see and change a draft: their own, or one in their categories."""
    return draft.made_by == user.name or may_change(user, draft.category_names)


# From the form.


def record_in_form(catalogue: Catalogue, before: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the record that the form describes; what it does not show stays as it was."""
    written: dict[str, Any] = {
        "title": _text("title"),
        "body": _text("body"),
        "body_format": "html" if field("body_format") == "html" else "text",
        "summary": _text("summary"),
        "language": _text("language"),
        "categories": _categories(catalogue, tuple(before.get("categories") or ())),
        "contacts": _contacts(),
    }
    return {**before, **written}


def begun_with(content: Content, summary_chars: int) -> dict[str, Any]:
    """Returns the record that a correction of a release begins with."""
    record = record_of(content)
    derived = derived_summary(content.body, language=content.language, max_chars=summary_chars)
    if content.summary == derived:
        del record["summary"]  # made of the text again when that changes
    return record


def _text(name: str) -> str:
    return plain(field(name))


def plain(text: str) -> str:
    """Returns a text of a form as it is stored."""
    # Browsers send CR LF. PostgreSQL stores no NUL, and nobody types one.
    return text.replace("\r\n", "\n").replace("\x00", "").strip()


def _categories(catalogue: Catalogue, before: tuple[str, ...]) -> list[str]:
    """Returns category names as written, as far as they are still wanted, and those added."""
    chosen = [slug for slug in request.form.getlist("category") if slug in catalogue.categories]
    kept, covered = [], set[str]()
    for name in before:
        slugs = set(catalogue.match(name))
        if slugs <= set(chosen):
            kept.append(name)
            covered |= slugs
    return [*kept, *(catalogue.categories[one].title for one in chosen if one not in covered)]


def _contacts() -> list[dict[str, str]]:
    columns = [request.form.getlist(f"contact_{name}") for name in CONTACT_FIELDS]
    rows = [[plain(text) for text in row] for row in zip(*columns, strict=False)]
    named = [dict(zip(CONTACT_FIELDS, row, strict=True)) for row in rows if any(row)]
    return [{name: text for name, text in one.items() if text} for one in named]


# Through the intake.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDraft:
    """What the intake makes of a draft."""

    outcome: Draft | Refusal
    intake: Intake | Refusal  #: what would become of it
    stored: Release | None  #: the release that it corrects

    @property
    def release(self) -> Release | None:
        """The release as it would be; None if the draft cannot be published as it is."""
        return self.intake.release if isinstance(self.intake, Intake) else None


def read_draft(
    application: Application,
    draft: SavedDraft,
    *,
    now: datetime,
    further: Mapping[str, Any] | None = None,
) -> ReadDraft:
    """Reads a draft as any document is read, and says what would become of it.

    Args:
        application: Has the rules, and the newsroom.
        draft: The draft.
        now: The current time, at which a new release would be published.
        further: Further fields: a correction, or the end of an embargo.
    """
    newsroom = application.newsroom
    stored = newsroom.by_source_keys([draft.source_key]).get(draft.source_key)
    record = {
        key: value
        for key, value in draft.record.items()
        if value not in ("", [], None) and key != LEFT_OUT
    }
    if stored is None or "published" not in record:
        record["published"] = now.isoformat(timespec="seconds")
    # It needs one to be read; the draft's own takes its place.
    fields = {**record, **(further or {}), "source_key": draft.id}
    outcome = _described(read_record(fields, document=DOCUMENT, rules=application.rules), record)
    if isinstance(outcome, Refusal):
        return ReadDraft(outcome=outcome, intake=outcome, stored=stored)
    if stored is not None:
        content = _untouched(application, draft.record, stored.content, outcome)
        outcome = replace(outcome, content=content)
    outcome = replace(outcome, source_key=draft.source_key, release_id=id_of_release(draft.id))
    [intake] = newsroom.preview([outcome], now=now)
    return ReadDraft(outcome=outcome, intake=intake, stored=stored)


def _described(read: Draft | Refusal, record: Mapping[str, Any]) -> Draft | Refusal:
    """Refuses a draft with pictures that nobody has described yet, besides what else it lacks."""
    pictures = [one for one in record.get("enclosures") or () if one.get(UNDESCRIBED)]
    faults = tuple(
        FieldFault(
            field="enclosures",
            reason=f"the picture {file_name(one['url'])} has no description",
            remedy="say what it shows, for people who cannot see it, or that it only decorates",
        )
        for one in pictures
    )
    if not faults:
        return read
    if isinstance(read, Refusal):
        return replace(read, faults=(*(read.faults or ()), *faults))
    first = faults[0]
    return Refusal(
        origin=read.origin,
        field=first.field,
        reason=first.reason,
        remedy=first.remedy,
        faults=faults,
    )


def read_change(
    application: Application, embargo: Embargo, record: Mapping[str, Any]
) -> Draft | Refusal:
    """Reads what somebody wrote in place of a document that waits, for the same embargo.

    Args:
        application: Has the rules, and the newsroom.
        embargo: What waits, as somebody saw it; if it is not that any more, nothing is taken in.
        record: What the form describes.
    """
    waiting = embargo.draft
    fields = {key: value for key, value in record.items() if value not in ("", [], None)}
    # It needs a key to be read; that of what waits takes its place.
    read = _described(
        read_record(fields | {"source_key": DOCUMENT}, document=DOCUMENT, rules=application.rules),
        record,
    )
    if isinstance(read, Refusal):
        return read
    stored = application.newsroom.by_source_keys([waiting.source_key]).get(waiting.source_key)
    return replace(
        read,
        source_key=waiting.source_key,
        content=_untouched(application, record, waiting.content, read),
        correction=waiting.correction,
        # What the document states is kept, so that it is known when it comes again.
        embargoed_until=waiting.embargoed_until,
        expected=Expected(revision=0) if stored is None else stored.seen,
        expected_embargo=ExpectedEmbargo(seen=embargo.seen, until=embargo.until),
    )


def work_waits_until(draft: Draft) -> datetime | None:
    """Returns when the last release comes out of which this is a translation and which waits.

    Only what whoever is signed in may see counts.
    """
    if draft.content.details.work is None:
        return None
    newsroom, user = request_context().application.newsroom, signed_in()
    members = newsroom.other_members(draft)
    public = {one.source_key for one in members if isinstance(one, Release)}
    keys = [one.source_key for one in members if one.source_key not in public]
    waiting = newsroom.embargoes_by_source_keys(keys).values()
    ends = (one.until for one in waiting if newsroom.embargoes.is_in(one, user.categories))
    return max(ends, default=None)


def _untouched(
    application: Application, record: Mapping[str, Any], held: Content, read: Draft
) -> Content:
    """Returns what was read, with what the record does not touch exactly as it is stored."""
    before = begun_with(held, application.rules.derived_summary_chars)
    names = {*before, *record} - {LEFT_OUT}
    nothing: tuple[object, ...] = ("", [], None)
    touched = {
        name
        for name in names
        if before.get(name) != record.get(name)
        and not (before.get(name) in nothing and record.get(name) in nothing)
    }
    if "body" in touched and "summary" not in before:
        touched.add("summary")
    return keep_untouched(read.content, held, touched)


# Differences.


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a text, and what a correction does to it."""

    text: str
    kind: str  #: ``same``, ``gone`` or ``new``


def differences(before: Content, after: Content) -> list[list[Piece]]:
    """Returns what differs in what a form shows: word by word, without markup."""
    language = after.language
    pairs = (
        (before.title, after.title),
        (before.summary, after.summary),
        (plain_text(before.body, language=language), plain_text(after.body, language=language)),
        (before.language, after.language),
        (", ".join(before.category_names), ", ".join(after.category_names)),
        (_contacts_in(before), _contacts_in(after)),
        (_files_in(before), _files_in(after)),
    )
    return [_pieces(old, new) for old, new in pairs if old != new]


def _contacts_in(content: Content) -> str:
    rows = (
        (each.name, each.role, each.organisation, each.phone, each.email, each.uri)
        for each in content.details.contacts
    )
    return "; ".join(", ".join(filter(None, row)) for row in rows)


def _files_in(content: Content) -> str:
    rows = ((file_name(each.url), each.title, each.alt, each.credit) for each in content.enclosures)
    return "; ".join(", ".join(filter(None, row)) for row in rows)


#: Around what differs, so many words are shown.
_AROUND = 12

#: Texts with more words are compared line by line: the time grows with their product.
_MAX_WORDS = 4_000


def _pieces(before: str, after: str) -> list[Piece]:
    by_line = len(before.split()) + len(after.split()) > _MAX_WORDS
    old, new = (
        text.splitlines(keepends=True) if by_line else _words(text) for text in (before, after)
    )
    pieces: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece(text=_shortened(old[i:j]), kind="same"))
            continue
        pieces += [
            Piece(text="".join(part), kind=each)
            for each, part in (("gone", old[i:j]), ("new", new[k:m]))
            if part
        ]
    return pieces


def _words(text: str) -> list[str]:
    return [word + " " for word in text.split()]


def _shortened(words: list[str]) -> str:
    if len(words) <= 2 * _AROUND + 2:
        return "".join(words)
    return f"{''.join(words[:_AROUND])}… {''.join(words[-_AROUND:])}"
