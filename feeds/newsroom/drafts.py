"""Drafts of the desk: saved, shown to a reviewer, dropped, and published through the intake."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from feeds.errors import DraftChanged
from feeds.model.intake import Intake, Refusal
from feeds.model.medium import media_in_record
from feeds.model.release import (
    AuditAction,
    AuditEvent,
    Draft,
    Expected,
    Release,
    SourceKey,
    of_draft,
)
from feeds.model.saved_draft import DraftPosition, SavedDraft
from feeds.newsroom.embargoes import TakeIn
from feeds.store.database import Database, Transaction
from feeds.store.media import DRAFT_HOLDER


class DraftManager:
    """The drafts in one store. Safe to share between threads and processes."""

    def __init__(self, database: Database, take_in: TakeIn) -> None:
        self._database = database
        self._take_in = take_in

    def listed(
        self,
        *,
        after: DraftPosition | None = None,
        limit: int = 50,
        is_wanted: Callable[[SavedDraft], bool],
    ) -> list[SavedDraft]:
        """Returns a page of drafts, the last changed first; see ``SavedDrafts.listed``."""
        with self._database.read() as tx:
            return tx.drafts.listed(after=after, limit=limit, is_wanted=is_wanted)

    def named(self, draft_id: str) -> SavedDraft:
        """Returns the draft with this id.

        Raises:
            DraftNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.drafts.by_id(draft_id)

    def by_preview(self, secret: str) -> SavedDraft:
        """Returns the draft whose preview has this address.

        Raises:
            DraftNotFound: There is none.
        """
        with self._database.read() as tx:
            return tx.drafts.by_preview(secret)

    def begin(
        self,
        draft_id: str,
        record: Mapping[str, Any],
        *,
        source_key: SourceKey,
        corrects: Expected | None = None,
        by: str,
        now: datetime,
    ) -> SavedDraft:
        """Saves a new draft.

        Args:
            draft_id: A new random id.
            record: The fields.
            source_key: Of the release that it will become, or that it corrects.
            corrects: What was seen of the release that it corrects.
            by: Who writes.
            now: The present moment.
        """
        draft = _new(draft_id, record, source_key, corrects, by=by, now=now)
        with self._database.transaction() as tx:
            _add(tx, draft, by=by, now=now)
        return draft

    def begin_correction(
        self,
        draft_id: str,
        record: Mapping[str, Any],
        *,
        of: Release,
        is_wanted: Callable[[SavedDraft], bool],
        by: str,
        now: datetime,
    ) -> SavedDraft:
        """Saves a draft that corrects a release, unless somebody has begun one; returns that then.

        Args:
            draft_id: A new random id.
            record: The fields.
            of: The release, as it was seen.
            is_wanted: Whether a draft that somebody has begun is one that this person may see.
            by: Who writes.
            now: The present moment.
        """
        draft = _new(draft_id, record, of.source_key, of.seen, by=by, now=now)
        return self._begin_once(
            draft, lambda tx: tx.drafts.of_release(of.source_key, of.seen), is_wanted
        )

    def begin_translation(
        self,
        draft_id: str,
        record: Mapping[str, Any],
        *,
        source_key: SourceKey,
        work: str,
        is_wanted: Callable[[SavedDraft], bool],
        by: str,
        now: datetime,
    ) -> SavedDraft:
        """Saves a draft that translates, unless somebody has begun one; returns that then.

        Args:
            draft_id: A new random id.
            record: The fields, with a language.
            source_key: Of the release that it will become.
            work: What it shares with the original; one of the fields names it.
            is_wanted: As for ``begin_correction``.
            by: Who writes.
            now: The present moment.
        """
        draft = _new(draft_id, record, source_key, None, by=by, now=now)
        return self._begin_once(
            draft, lambda tx: tx.drafts.of_work(work, record["language"]), is_wanted
        )

    def _begin_once(
        self,
        draft: SavedDraft,
        begun: Callable[[Transaction], list[SavedDraft]],
        is_wanted: Callable[[SavedDraft], bool],
    ) -> SavedDraft:
        def begin(tx: Transaction) -> SavedDraft:
            tx.releases.hold_works()  # of two at the same moment the second has to see the first
            found = next(filter(is_wanted, begun(tx)), None)
            if found is None:
                _add(tx, draft, by=draft.made_by, now=draft.made_at)
            return found or draft

        return self._database.run_in_transaction(begin)

    def save(
        self, draft: SavedDraft, record: Mapping[str, Any], *, seen: int, by: str, now: datetime
    ) -> SavedDraft:
        """Saves a change of a draft, on condition that nobody else changed it meanwhile.

        Raises:
            DraftChanged: Somebody did.
            DraftNotFound: It was published or dropped meanwhile.
        """
        changed = replace(draft, record=record, version=seen + 1, changed_by=by, changed_at=now)

        def store(tx: Transaction) -> None:
            kept = replace(changed, preview=tx.drafts.by_id(draft.id).preview)
            tx.drafts.change(kept, seen=seen)
            _use_media(tx, kept, now=now)
            _log(tx, changed, AuditAction.DRAFT_SAVED, by=by, now=now)

        self._database.run_in_transaction(store)
        return changed

    def show(self, draft_id: str, secret: str | None, *, by: str, now: datetime) -> None:
        """Opens the preview of a draft at a secret address, or closes it (None).

        Raises:
            DraftNotFound: There is no such draft any more.
        """

        def store(tx: Transaction) -> None:
            draft = tx.drafts.by_id(draft_id)
            tx.drafts.change(replace(draft, preview=secret), seen=draft.version)
            is_open = secret is not None
            action = AuditAction.PREVIEW_OPENED if is_open else AuditAction.PREVIEW_CLOSED
            _log(tx, draft, action, by=by, now=now)

        self._database.run_in_transaction(store)

    def drop(self, draft_id: str, *, seen: int, by: str, now: datetime) -> None:
        """Deletes a draft.

        Raises:
            DraftChanged: Somebody changed it meanwhile.
            DraftNotFound: There is no such draft any more.
        """

        def delete(tx: Transaction) -> None:
            tx.drafts.delete(draft_id, seen=seen)
            tx.media.end_uses(f"{DRAFT_HOLDER}{draft_id}", now=now)
            event = AuditEvent(
                subject=of_draft(draft_id), action=AuditAction.DRAFT_DROPPED, at=now, by=by
            )
            tx.audit_log.record([event])

        self._database.run_in_transaction(delete)

    def publish(
        self, draft: SavedDraft, read: Draft, *, by: str, now: datetime
    ) -> Intake | Refusal:
        """Takes in what a draft says, and deletes the draft, in one transaction.

        Args:
            draft: The draft, in the version that somebody has seen.
            read: What the intake has read from it.
            by: Who publishes it.
            now: The present moment.

        Returns:
            What became of it. A draft that is refused stays.

        Raises:
            DraftChanged: Somebody changed it meanwhile. Nothing was published.
            DraftNotFound: It was published or dropped meanwhile.
            ReleaseChanged: The release that it corrects was changed meanwhile.
        """

        def take_in(tx: Transaction) -> Intake | Refusal:
            tx.releases.hold_works()
            present = tx.drafts.by_id(draft.id)
            if present.version != draft.version:
                raise DraftChanged(present.id, present.changed_by)
            [outcome] = self._take_in(tx, [read], now=now, by=by)
            if isinstance(outcome, Intake):
                tx.drafts.delete(draft.id, seen=draft.version)
                tx.media.end_uses(f"{DRAFT_HOLDER}{draft.id}", now=now)
            return outcome

        return self._database.run_in_transaction(take_in)


def _new(
    draft_id: str,
    record: Mapping[str, Any],
    source_key: SourceKey,
    corrects: Expected | None,
    *,
    by: str,
    now: datetime,
) -> SavedDraft:
    return SavedDraft(
        id=draft_id,
        version=1,
        record=record,
        source_key=source_key,
        corrects=corrects,
        made_by=by,
        made_at=now,
        changed_by=by,
        changed_at=now,
    )


def _add(tx: Transaction, draft: SavedDraft, *, by: str, now: datetime) -> None:
    tx.drafts.add(draft)
    _use_media(tx, draft, now=now)
    _log(tx, draft, AuditAction.DRAFT_SAVED, by=by, now=now)


def _use_media(tx: Transaction, draft: SavedDraft, *, now: datetime) -> None:
    """Has the media that a draft names kept as long as it names them, and not made public."""
    holder = f"{DRAFT_HOLDER}{draft.id}"
    tx.media.end_uses(holder, now=now)
    tx.media.use([(holder, media_in_record(draft.record))], is_public=False)


def _log(
    tx: Transaction, draft: SavedDraft, action: AuditAction, *, by: str, now: datetime
) -> None:
    subject, detail = of_draft(draft.id), f"version {draft.version}"
    tx.audit_log.record([AuditEvent(subject=subject, action=action, at=now, by=by, detail=detail)])
