"""Embargoes: in batches of documents, and how they are moved, lifted, dropped and ended."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from feeds import revision
from feeds.categories import Catalogue
from feeds.errors import (
    EmbargoChanged,
    EmbargoNotFound,
    EmbargoOver,
    ReleaseNotFound,
    StoreConflict,
)
from feeds.model.intake import Embargo, EmbargoPosition, EmbargoQuery, Intake, Refusal
from feeds.model.release import AuditAction, AuditEvent, Draft, Release, ReleaseId, SourceKey
from feeds.model.text import whole_second
from feeds.store.database import Database, Transaction

# Embargoes that a batch of documents matches.


class EmbargoBatch:
    """The embargoes that a batch may change: read at its beginning, stored at its end."""

    def __init__(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        by_key: Mapping[SourceKey, Embargo],
        *,
        by: str,
        now: datetime,
    ) -> None:
        """Reads the embargoes that *drafts* may match.

        Args:
            tx: A transaction; only read here.
            drafts: All drafts of the batch.
            by_key: The embargoes with their source keys.
            by: Who sent the batch, for audit events.
            now: The moment of intake.
        """
        self._by = by
        self._now = now
        named_by_file = [
            d.content.digest for d in drafts if revision.is_named_by_file(d.source_key)
        ]
        self._by_digest = tx.embargoes.by_digests(named_by_file)
        found = [*by_key.values(), *self._by_digest.values()]
        self._before = {embargo.release_id: embargo for embargo in found}
        self._after = dict(self._before)
        self._by_key = {embargo.draft.source_key: embargo.release_id for embargo in found}
        self._events: list[AuditEvent] = []

    def of(self, draft: Draft) -> Embargo | None:
        """Returns the embargo with the draft's key, or of a copy of its file under another name."""
        release_id = self._by_key.get(draft.source_key)
        is_named_by_file = revision.is_named_by_file(draft.source_key)
        copied = self._by_digest.get(draft.content.digest) if is_named_by_file else None
        if release_id is None and copied is not None:
            release_id = copied.release_id
        return None if release_id is None else self._after.get(release_id)

    def require_expected(self, draft: Draft) -> None:
        """Checks that the store holds what the sender of *draft* has seen.

        Raises:
            EmbargoChanged: It does not.
        """
        if draft.expected_embargo is None:
            return
        release_id = self._by_key.get(draft.source_key)
        stored = None if release_id is None else self._before.get(release_id)
        if draft.expected_embargo.seen != ("" if stored is None else stored.seen):
            raise EmbargoChanged(draft.source_key)

    def hold(self, draft: Draft, release: Release, *, until: datetime) -> Embargo:
        """Puts *draft* under embargo, replacing what was held for the same release.

        Args:
            draft: The document.
            release: The release that it will be.
            until: The end of the embargo.
        """
        release_id = release.id
        former = self._after.get(release_id)
        if former is not None:
            # Decided when it came: another version of it does not decide anew.
            is_news = former.draft.is_news_at_release
            draft = replace(draft, is_news_at_release=is_news)
        is_moved = former is None or former.until != until
        embargo = Embargo(
            release_id=release_id,
            slug=release.slug,
            version=1 if former is None else former.version,
            draft=draft,
            until=until,
            held_since=self._now if former is None else former.held_since,
            by=self._by if former is None or is_moved else former.by,
        )
        self._after[release_id] = embargo
        self._by_key[draft.source_key] = release_id
        self._record_hold(former, embargo)
        return embargo

    def release(self, embargo: Embargo, *, until: datetime) -> None:
        """Ends an embargo, because its document becomes public now."""
        del self._after[embargo.release_id]
        if until != embargo.until:
            self._record(
                embargo.release_id, AuditAction.EMBARGO_LIFTED, self._by, former_end_text(embargo)
            )
        self._record(
            embargo.release_id, AuditAction.PUBLISHED, embargo.by, f"embargo {end_text(until)}"
        )

    @property
    def released(self) -> frozenset[ReleaseId]:
        """The releases whose embargo has ended."""
        return frozenset(self._before.keys() - self._after.keys())

    def store(self, tx: Transaction) -> None:
        """Stores the changed embargoes and their audit events."""
        before, held = self._before, self._after
        tx.embargoes.end([before[gone] for gone in sorted(before.keys() - held.keys())])
        for release_id in sorted(before.keys() & held.keys()):
            if held[release_id] is not before[release_id]:
                tx.embargoes.change(before[release_id], held[release_id])
        tx.embargoes.hold([held[new] for new in sorted(held.keys() - before.keys())])
        tx.audit_log.record(self._events)

    def _record_hold(self, former: Embargo | None, embargo: Embargo) -> None:
        until = end_text(embargo.until)
        if former is None:
            self._record(embargo.release_id, AuditAction.EMBARGOED, self._by, until)
        elif former.until != embargo.until:
            detail = f"{until}, {former_end_text(former)}"
            self._record(embargo.release_id, AuditAction.EMBARGO_MOVED, self._by, detail)
        else:
            detail = f"another document, {until}"
            self._record(embargo.release_id, AuditAction.EMBARGOED, self._by, detail)

    def _record(self, subject: ReleaseId, action: AuditAction, by: str, detail: str) -> None:
        self._events.append(
            AuditEvent(subject=subject, action=action, at=self._now, by=by, detail=detail)
        )


def end_of(draft: Draft, existing: Embargo | None, *, now: datetime) -> datetime | None:
    """Returns when *draft* becomes public; None when it has no embargo.

    For a document already under embargo, only a new value counts. A document that states no end, or
    the same end as before, keeps the present end, which someone may have moved. Nothing becomes
    public because a field is missing.
    """
    if draft.expected_embargo is not None and draft.expected_embargo.until is not None:
        return draft.expected_embargo.until
    stated = draft.embargoed_until
    if existing is None:
        return stated
    if stated is None or stated == existing.draft.embargoed_until:
        return existing.until
    return max(stated, whole_second(now))


def is_unchanged(draft: Draft, existing: Embargo) -> bool:
    """Whether *draft* equals the document under embargo.

    ``published`` is not compared, because the end of the embargo replaces it.
    """
    held = existing.draft
    alike = replace(draft, content=replace(draft.content, published=held.content.published))
    is_same = revision.has_same_content(held.content, alike)
    return is_same and draft.correction == held.correction


def dated_at_release(draft: Draft, *, until: datetime) -> Draft:
    """Returns *draft* with the dates that it gets when its embargo ends.

    It is published at the second in which its embargo ends, whatever date it states: nobody could
    see it before. The date of its last change is dropped, because it is earlier than that or in the
    future.
    """
    return replace(draft, content=replace(draft.content, published=until, updated=None))


def end_text(until: datetime) -> str:
    """Returns the end of an embargo as the audit log shows it."""
    return f"until {until:%Y-%m-%dT%H:%M:%SZ}"


def former_end_text(embargo: Embargo) -> str:
    """Returns the former end of an embargo as the audit log shows it."""
    return f"was {end_text(embargo.until)}"


# All embargoes of a store.

#: All embargoes, for whoever works in all categories.
EVERY_EMBARGO = EmbargoQuery()

#: Documents released in one transaction. As with any intake, other writers wait for some tens of
#: milliseconds.
RELEASES_PER_TRANSACTION = 200


class TakeIn(Protocol):
    """The ordinary intake, inside a transaction."""

    def __call__(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        *,
        now: datetime,
        by: str,
        is_news: bool = True,
    ) -> list[Intake | Refusal]:
        """Takes in a batch. Documents whose embargo has ended become public."""


class EmbargoManager:
    """The embargoes in one store. Safe to share between threads and processes."""

    def __init__(self, database: Database, catalogue: Catalogue, take_in: TakeIn) -> None:
        self._database = database
        self._catalogue = catalogue
        self._take_in = take_in

    def all(self) -> list[Embargo]:
        """Returns all embargoes, the next to end first. For operators only, never public."""
        with self._database.read() as tx:
            return tx.embargoes.all()

    def listed(
        self,
        query: EmbargoQuery = EVERY_EMBARGO,
        *,
        after: EmbargoPosition | None = None,
        limit: int = 50,
    ) -> list[Embargo]:
        """Returns a page of embargoes, the next to end first. Never public.

        Args:
            query: What to list, and who asks: see ``is_in``.
            after: The position of the last embargo of the page before.
            limit: The greatest number of embargoes.
        """
        slugs = query.categories
        is_wanted = None if slugs is None else partial(self._are_in, slugs)
        with self._database.read() as tx:
            return tx.embargoes.listed(query, after=after, limit=limit, is_wanted=is_wanted)

    def named(self, name: str) -> Embargo:
        """Returns the embargo with this id, slug, source key or file.

        Raises:
            EmbargoNotFound: There is none.
        """
        with self._database.read() as tx:
            return _named(tx, name)

    def by_id(self, release_id: str) -> Embargo | None:
        """Returns the embargo of the release with this id, or of a correction of it."""
        with self._database.read() as tx:
            return tx.embargoes.by_id(release_id)

    def find(self, key: SourceKey, *, or_id: str) -> Embargo | None:
        """Returns the embargo with the source key *key*, else that of the release *or_id*."""
        with self._database.read() as tx:
            return tx.embargoes.by_source_keys([key]).get(key) or tx.embargoes.by_id(or_id)

    def is_in(self, embargo: Embargo, categories: tuple[str, ...] | None) -> bool:
        """Whether somebody who works in *categories* may see and change an embargoed document.

        All its category names have to mean these categories: a name that means none today may mean
        any category tomorrow. None stands for all categories, and then for any document.
        """
        return categories is None or self._are_in(categories, embargo.draft.content.category_names)

    def _are_in(self, categories: tuple[str, ...], names: Sequence[str]) -> bool:
        matches = self._catalogue.match_all(names)
        is_in_some = bool(matches.categories) and not matches.unclaimed
        return is_in_some and set(matches.categories) <= set(categories)

    def next_end(self) -> datetime | None:
        """Returns when the next embargo ends; None when there are none."""
        with self._database.read() as tx:
            return tx.embargoes.next_end()

    def release(self, *, now: datetime) -> int:
        """Publishes documents whose embargo has ended, a few hundred a transaction.

        Cheap when there is nothing to do. Restarts and concurrent processes lose none.

        Returns:
            How many documents were published.

        Raises:
            StoreUnavailable: Try again; documents released so far are public.
        """
        # A read first, without blocking writers: most of the time there is nothing to do.
        end = self.next_end()
        if end is None or end > now:
            return 0
        released = 0
        while True:
            step = self._database.run_in_transaction(lambda tx: self._release_some(tx, now))
            released += step
            if step < RELEASES_PER_TRANSACTION:
                return released

    def move(
        self, name: str, *, until: datetime, by: str, now: datetime, seen: str | None = None
    ) -> Embargo:
        """Changes the end of an embargo.

        Args:
            name: Its id, slug, source key or file.
            until: The new end.
            by: Who does it; not public.
            now: The present moment.
            seen: ``Embargo.seen`` of what the person looked at; None: whatever it is by now.

        Raises:
            EmbargoNotFound: There is no embargo with this name.
            EmbargoChanged: It is not what the person looked at.
            EmbargoOver: *until* is in the past.
        """
        until = whole_second(until)
        if until <= now:
            raise EmbargoOver(until)

        def move_it(tx: Transaction) -> Embargo:
            former = _named(tx, name, seen)
            tx.embargoes.move(former, until=until, by=by)
            detail = f"{end_text(until)}, {former_end_text(former)}"
            tx.audit_log.record(
                [_event(former, AuditAction.EMBARGO_MOVED, by=by, now=now, detail=detail)]
            )
            return tx.embargoes.named(former.release_id)

        return self._database.run_in_transaction(move_it)

    def lift(self, name: str, *, by: str, now: datetime, seen: str | None = None) -> Intake:
        """Publishes an embargoed document at once; for the arguments see ``move``.

        Raises:
            EmbargoNotFound: There is no embargo with this name.
            EmbargoChanged: It is not what the person looked at.
        """

        def lift_it(tx: Transaction) -> Intake:
            tx.releases.hold_works()
            former = _named(tx, name, seen)
            tx.embargoes.move(former, until=whole_second(now), by=by)
            event = _event(
                former, AuditAction.EMBARGO_LIFTED, by=by, now=now, detail=former_end_text(former)
            )
            tx.audit_log.record([event])
            draft = tx.embargoes.named(former.release_id).draft
            [outcome] = self._take_in(tx, [draft], now=now, by=by, is_news=draft.is_news_at_release)
            if isinstance(outcome, Refusal):  # it was accepted at intake
                raise StoreConflict(outcome.reason)
            return outcome

        return self._database.run_in_transaction(lift_it)

    def drop(self, name: str, *, by: str, now: datetime, seen: str | None = None) -> Embargo:
        """Deletes an embargoed document; for the arguments see ``move``.

        It never becomes public, unless it is sent again.

        Raises:
            EmbargoNotFound: There is no embargo with this name.
            EmbargoChanged: It is not what the person looked at.
        """

        def drop_it(tx: Transaction) -> Embargo:
            embargo = _named(tx, name, seen)
            tx.embargoes.end([embargo])
            event = _event(
                embargo,
                AuditAction.EMBARGO_DROPPED,
                by=by,
                now=now,
                detail=former_end_text(embargo),
            )
            tx.audit_log.record([event])
            return embargo

        return self._database.run_in_transaction(drop_it)

    def _release_some(self, tx: Transaction, now: datetime) -> int:
        tx.releases.hold_works()
        due = tx.embargoes.claim_due(now=now, limit=RELEASES_PER_TRANSACTION)
        for is_news in (True, False):
            # In the order of their arrival, as in the window and the pings.
            drafts = [one.draft for one in due if one.draft.is_news_at_release == is_news]
            if drafts:
                self._take_in(tx, drafts, now=now, by="embargo", is_news=is_news)
        return len(due)


def _named(tx: Transaction, name: str, seen: str | None = None) -> Embargo:
    try:
        embargo = tx.embargoes.named(name)
    except EmbargoNotFound:
        # Whoever meant to move it has to know that it is too late.
        raise EmbargoNotFound(name, is_public=_is_public(tx, name)) from None
    if seen not in (None, embargo.seen):
        raise EmbargoChanged(embargo.draft.source_key)
    return embargo


def _is_public(tx: Transaction, name: str) -> bool:
    try:
        tx.releases.named(name)
    except ReleaseNotFound:
        return False
    return True


def _event(
    embargo: Embargo, action: AuditAction, *, by: str, now: datetime, detail: str
) -> AuditEvent:
    return AuditEvent(subject=embargo.release_id, action=action, at=now, by=by, detail=detail)
