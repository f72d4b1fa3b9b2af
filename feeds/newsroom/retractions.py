"""Retractions and restorations, and the translations that they affect."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feeds import revision
from feeds.categories import Catalogue
from feeds.errors import AlreadyRetracted, InvalidReason, NotRetracted
from feeds.ingest.characters import is_blank, one_line
from feeds.model.history import translations_of, work_of
from feeds.model.release import AuditAction, AuditEvent, Draft, Release
from feeds.model.text import whole_second
from feeds.newsroom.announcing import announce, showing
from feeds.newsroom.filing import Filer
from feeds.store.database import Database, Transaction

# Releases that are translations of each other, brought up to date when one of them changes.


def relink(
    tx: Transaction, catalogue: Catalogue, changed: Sequence[Release], *, now: datetime
) -> list[Release]:
    """Have every release of these works name the others, in the transaction that changed one.

    To be called when releases are added, corrected, retracted or restored, and what they are now
    is stored. Siblings keep their ``updated`` and their place in a feed's window: nothing of what
    they say is new. What shows them becomes stale; archive documents that were fetched once keep
    their bytes (RFC 5005 section 4: the content of an archive should not change).

    Args:
        tx: Holds the works (``Releases.hold_works``) since before it read what it changed.
        catalogue: Tells which windows there are.
        changed: As they were and as they are, in any order.
        now: When.

    Returns:
        The releases whose translations are others now, as they are stored.
    """
    works = _in_use(tx, changed)
    members: dict[str, list[Release]] = defaultdict(list)
    for release in tx.releases.of_works(works):
        members[work_of(release)].append(release)
    relinked = [
        replace(one, translations=links, changed_at=max(one.changed_at, whole_second(now)))
        for together in members.values()
        for one in together
        if (links := translations_of(one, together)) != one.translations
    ]
    tx.releases.relink(relinked)
    tx.feed_entries.update_versions(relinked)
    announce(tx, catalogue, showing(tx, catalogue, relinked), now=now)
    return relinked


def company_of(tx: Transaction, draft: Draft) -> list[Release | Draft]:
    """What *draft* will be linked to: the others of its work, and those of it that wait.

    What waits under embargo counts, and so does what was retracted: it may come out, or be
    restored, and nobody is asked then.
    """
    work = work_of(draft)
    members: list[Release | Draft] = [*tx.releases.of_works([work])]
    members += [embargo.draft for embargo in tx.embargoes.of_work(work)]
    return [member for member in members if member.source_key != draft.source_key]


def _in_use(tx: Transaction, changed: Sequence[Release]) -> set[str]:
    """The works of these releases that may have more than one, now or until now."""
    works = {work_of(release) for release in changed}
    known = {
        work_of(release)
        for release in changed
        if release.content.details.work or release.translations
    }
    return known | tx.releases.named_works(works - known)


# Releases that are taken back, and such that stand again.

#: It stands in every feed, on one line.
MAX_REASON_CHARS = 1_000


class Retractions:
    """Retractions over one store. Safe to share between threads and processes.

    A retracted release keeps its id, its address and its text, which nobody is shown. It stays
    filed as long as its notice stands (``feeds.newsroom.announcing``), so that readers get that
    and the stand-in as they get any change: at the top of each window, in deltas, by push.
    """

    def __init__(self, database: Database, catalogue: Catalogue, filer: Filer) -> None:
        self._database = database
        self._catalogue = catalogue
        self._filer = filer

    def retract(self, name: str, *, reason: str, by: str, now: datetime) -> Release:
        """Take a release back, with a reason for the public.

        Args:
            name: Its id, slug, source key or file.
            reason: Plain text, one line of up to ``MAX_REASON_CHARS``.
            by: Who does it; for ops.
            now: From here on it is retracted, or from a second after its last change.

        Returns:
            The release, retracted.

        Raises:
            ReleaseNotFound: There is none of this name.
            AlreadyRetracted: It was retracted before.
            InvalidReason: The reason is empty or too long.

        Source: RFC 6721 section 3 for the tombstone that feeds have of it.
        """
        reason = _cleaned(reason)
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            held = tx.releases.named(name, is_locked=True)
            if held.retraction is not None:
                raise AlreadyRetracted(held.slug, held.retraction.at)
            release = revision.retracted(held, reason=reason, now=now)
            # Where it stands: that is where it was read, whatever its names mean by now.
            feeds = tx.feed_entries.of([held.id]).get(held.id, ())
            self._become(tx, held, release, feeds, now=now)
            _note(tx, release, AuditAction.RETRACTED, by=by, now=now, detail=reason)
        return release

    def restore(self, name: str, *, by: str, now: datetime) -> Release:
        """Let a retracted release stand again, with all that came of it meanwhile.

        Its ``updated`` moves behind its tombstone, which then counts for nothing (RFC 6721
        section 2). Feeds hold a notice of it: who was told that it is retracted, and never looks
        at an entry again, has to be told.

        Raises:
            ReleaseNotFound: There is none of this name.
            NotRetracted: It stands.
        """
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            held = tx.releases.named(name, is_locked=True)
            if held.retraction is None:
                raise NotRetracted(held.slug)
            release = revision.restored(held, now=now)
            self._become(tx, held, release, None, now=now)
            _note(tx, release, AuditAction.RESTORED, by=by, now=now)
        return release

    def _become(
        self,
        tx: Transaction,
        held: Release,
        release: Release,
        feeds: Sequence[str] | None,
        *,
        now: datetime,
    ) -> None:
        """Store *release* in place of *held*, in *feeds*; None for those that its names mean."""
        tx.releases.retract(held, release)
        before = tx.feed_entries.of([held.id]).get(held.id, ())
        if feeds is None:
            feeds = self._catalogue.feeds_of(release.content)
            self._filer.file(tx, [], [release])
        else:
            tx.feed_entries.replace([(release, feeds)])
        # What archives hold of it is not what it says now, and must not be read any more.
        tx.archives.purge(release.id, now=now)
        # What is gone is nobody's translation.
        relink(tx, self._catalogue, [held, release], now=now)
        announce(tx, self._catalogue, {*before, *feeds}, now=now)


def _cleaned(reason: str) -> str:
    line = one_line(reason, field="reason", is_markup=False, warnings=[])
    if is_blank(line):
        raise InvalidReason("must say something: it is what the public is told")
    if len(line) > MAX_REASON_CHARS:
        raise InvalidReason(f"may have {MAX_REASON_CHARS} characters, and this has {len(line)}")
    return line


def _note(
    tx: Transaction,
    release: Release,
    deed: AuditAction,
    *,
    by: str,
    now: datetime,
    detail: str | None = None,
) -> None:
    at = whole_second(now)
    tx.audit_log.record([AuditEvent(subject=release.id, action=deed, at=at, by=by, detail=detail)])
