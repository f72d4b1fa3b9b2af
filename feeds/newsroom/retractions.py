"""Retractions and restorations of releases, and links between translations."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from feeds import revision
from feeds.categories import Catalogue
from feeds.errors import AlreadyRetracted, InvalidReason, NotRetracted, ReleaseNotFound
from feeds.ingest.characters import is_blank, one_line
from feeds.model.history import translations_of, work_of
from feeds.model.release import AuditAction, AuditEvent, Draft, Release
from feeds.model.text import whole_second
from feeds.newsroom.announcing import announce, feeds_showing
from feeds.newsroom.assignment import FeedAssigner
from feeds.newsroom.months import count_months
from feeds.store.database import Database, Transaction

# Links between translations.


def relink(
    tx: Transaction,
    catalogue: Catalogue,
    changed: Sequence[Release],
    *,
    now: datetime,
    named_works: Collection[str] | None = None,
    is_news: bool = True,
) -> list[Release]:
    """Updates the links between the releases of works, in the transaction that changed one.

    Call this when releases are added, corrected, retracted or restored, after their new state is
    stored. Siblings keep their ``updated`` and their place in a feed's window, because their own
    text is unchanged. Feeds that show them become stale. Archive documents that were fetched once
    keep their bytes (RFC 5005 section 4: the content of an archive should not change).

    Args:
        tx: A transaction that has stored the works (``Releases.hold_works``) since before it read
            what it changed.
        catalogue: Defines the windows of the feeds.
        changed: The releases before and after the change, in any order.
        now: The moment of the change.
        named_works: Those of the works of the changed releases that releases named before the
            change; None if that is not known.
        is_news: As for `announce`.

    Returns:
        The releases whose translations changed, as stored.
    """
    works = _shared_works(tx, changed, named_works)
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
    announce(tx, catalogue, feeds_showing(tx, catalogue, relinked), now=now, is_news=is_news)
    return relinked


def other_members(tx: Transaction, draft: Release | Draft) -> list[Release | Draft]:
    """Returns what *draft* will be linked to: the other members of its work, embargoed ones too.

    Embargoed and retracted members count, because they may be published or restored later without
    another check.
    """
    work = work_of(draft)
    members: list[Release | Draft] = [*tx.releases.of_works([work])]
    members += [embargo.draft for embargo in tx.embargoes.of_work(work)]
    return [member for member in members if member.source_key != draft.source_key]


def _shared_works(
    tx: Transaction, changed: Sequence[Release], named_works: Collection[str] | None
) -> set[str]:
    """Returns the works of these releases that have, or had, more than one member."""
    works = {work_of(release) for release in changed}
    known = {
        work_of(release)
        for release in changed
        if release.content.details.work or release.translations
    }
    if named_works is None:
        named_works = tx.releases.ask_named_works(works - known)()
    return known | (works & {*named_works})


# Retractions and restorations.

#: The reason appears in every feed, on one line.
MAX_REASON_CHARS = 1_000
_ADDRESS = re.compile("https?://", re.IGNORECASE)


class Retractions:
    """Retracts and restores releases. Safe to share between threads and processes.

    A retracted release keeps its id, its address and its text, which is no longer public. It stays
    in its feeds as long as its notice (``feeds.newsroom.announcing``), so that readers get the
    notice and the replacement entry like any change: at the top of each window, in deltas, by push.
    """

    def __init__(self, database: Database, catalogue: Catalogue, assigner: FeedAssigner) -> None:
        self._database = database
        self._catalogue = catalogue
        self._assigner = assigner

    def retract(self, name: str, *, reason: str, by: str, now: datetime) -> Release:
        """Retracts a release, with a public reason.

        Args:
            name: Its id, slug, source key or file.
            reason: Plain text, one line of up to ``MAX_REASON_CHARS``.
            by: Who does it; not public.
            now: The moment of the retraction. It counts as at least one second after the last
                change.

        Returns:
            The release, retracted.

        Raises:
            ReleaseNotFound: There is no release with this name.
            AlreadyRetracted: It is already retracted.
            InvalidReason: The reason is empty or too long.

        Source: RFC 6721 section 3 for its tombstone in feeds.
        """
        reason = cleaned_reason(reason)
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            stored = tx.releases.named(name, is_locked=True)
            if stored.retraction is not None:
                raise AlreadyRetracted(stored.slug, stored.retraction.at)
            release = revision.retracted(stored, reason=reason, now=now)
            # Its present feeds, because people read it there, whatever its category names mean by
            # now.
            feeds = tx.feed_entries.of([stored.id]).get(stored.id, ())
            self._replace(tx, stored, release, feeds, now=now)
            _record(tx, release, AuditAction.RETRACTED, by=by, now=now, detail=reason)
        return release

    def find(self, name: str) -> Release:
        """Returns the release that a person calls *name*.

        Args:
            name: Its id, slug, source key, file or address, or the id that its document states.

        Raises:
            ReleaseNotFound: There is no release with this name.
        """
        names = [name, f"id:{name}"]
        if _ADDRESS.match(name):
            names += [f"url:{_ADDRESS.sub('https://', name)}", name.rstrip("/").rpartition("/")[2]]
        with self._database.read() as tx:
            for each in names:
                with suppress(ReleaseNotFound):
                    return tx.releases.named(each)
        raise ReleaseNotFound(name)

    def restore(self, name: str, *, by: str, now: datetime) -> Release:
        """Makes a retracted release public again, with all corrections made meanwhile.

        Its ``updated`` becomes later than its tombstone, which is then ignored (RFC 6721 section
        2). Feeds hold a notice of the restoration: people who read that it was retracted, and never
        look at an entry again, need one.

        Raises:
            ReleaseNotFound: There is no release with this name.
            NotRetracted: It is not retracted.
        """
        with self._database.transaction() as tx:
            tx.releases.hold_works()
            stored = tx.releases.named(name, is_locked=True)
            if stored.retraction is None:
                raise NotRetracted(stored.slug)
            release = revision.restored(stored, now=now)
            self._replace(tx, stored, release, None, now=now)
            _record(tx, release, AuditAction.RESTORED, by=by, now=now)
        return release

    def _replace(
        self,
        tx: Transaction,
        stored: Release,
        release: Release,
        feeds: Sequence[str] | None,
        *,
        now: datetime,
    ) -> None:
        """Stores *release* in place of *stored*, in *feeds*, or in the feeds of its categories."""
        tx.releases.retract(stored, release)
        before = tx.feed_entries.of([stored.id]).get(stored.id, ())
        if feeds is None:
            feeds = self._catalogue.feeds_of(release.content)
            is_in_force = self._assigner.ask_is_in_force(tx)()
            self._assigner.assign(tx, [], [release], is_in_force=is_in_force)
        else:
            tx.feed_entries.replace([(release, feeds)])
        count_months(
            tx,
            before=[(stored, before)],
            after=[(release, feeds)],
            zone=tx.months.zone(),
            now=now,
        )
        # Archives hold its former text, which must not be served any more.
        tx.archives.purge(release.id, now=now)
        # A retracted release is not linked as a translation.
        relink(tx, self._catalogue, [stored, release], now=now)
        announce(tx, self._catalogue, {*before, *feeds}, now=now)


def cleaned_reason(reason: str) -> str:
    """Returns the reason of a retraction as one line.

    Raises:
        InvalidReason: It is empty or too long.
    """
    line = one_line(reason, field="reason", is_markup=False, warnings=[])
    if is_blank(line):
        raise InvalidReason("must say something: it is what the public is told")
    if len(line) > MAX_REASON_CHARS:
        raise InvalidReason(f"may have {MAX_REASON_CHARS} characters, and this has {len(line)}")
    return line


def _record(
    tx: Transaction,
    release: Release,
    action: AuditAction,
    *,
    by: str,
    now: datetime,
    detail: str | None = None,
) -> None:
    at = whole_second(now)
    tx.audit_log.record(
        [AuditEvent(subject=release.id, action=action, at=at, by=by, detail=detail)]
    )
