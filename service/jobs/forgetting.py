"""Forgets what nobody is served any more, so that a store grows with its releases alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypeVar

from feeds.categories import Catalogue
from feeds.store.database import Database, Transaction
from feeds.store.documents import ReleasePlace
from service.logs import get_logger
from service.settings import RetentionSettings

_log = get_logger(__name__)

_Part = TypeVar("_Part")

#: Rows that one transaction looks at: other writers wait for it some ten milliseconds.
BATCH = 500

#: How long addresses of feeds that lead nowhere are listed after the last request.
MISSING_FEED_DAYS = 90


@dataclass(slots=True)
class _Counts:
    fragments: int = 0
    refusals: int = 0
    former_documents: int = 0
    media: int = 0


class Forgetting:
    """Deletes old rows in small steps.

    It remembers how far it came, so that a call with nothing to do reads next to nothing. After a
    start it looks at all old releases once.
    """

    def __init__(self, database: Database, should_stop: Callable[[], bool]) -> None:
        """Begins with the oldest rows.

        Args:
            database: The store.
            should_stop: Called between two steps.
        """
        self._database = database
        self._should_stop = should_stop
        self._last_release: ReleasePlace | None = None
        self._last_event = 0

    def run(
        self,
        catalogue: Catalogue,
        keep: RetentionSettings,
        *,
        now: datetime,
        media_days: float = 30.0,
        readership_days: int | None = None,
    ) -> int:
        """Deletes what is older than the settings say.

        Args:
            catalogue: The feeds.
            keep: How long things are kept.
            now: The current time.
            media_days: How many days files are kept that no document names.
            readership_days: How long to keep counts of readers; None to keep all.

        Returns:
            The number of deleted fragments, refusals, former documents and files.

        Raises:
            StoreUnavailable: The store cannot be used; what was deleted until then is gone.
        """
        counts = _Counts()
        self._forget_fragments(counts, before=now - timedelta(days=keep.fragment_days))
        self._forget_refusals(counts, before=now - timedelta(days=keep.refusal_days))
        self._forget_former(counts, catalogue, now)
        if keep.audit_days is not None:
            self._forget_events(before=now - timedelta(days=keep.audit_days))
        self._forget_media(counts, now=now, before=now - timedelta(days=media_days))
        if readership_days is not None:
            self._forget_readership(before=(now - timedelta(days=readership_days)).date())
        self._forget_missing_feeds(before=now - timedelta(days=MISSING_FEED_DAYS))
        total = counts.fragments + counts.refusals + counts.former_documents + counts.media
        if total:
            _log.info(
                "old rows deleted",
                fragments=counts.fragments,
                refusals=counts.refusals,
                former_documents=counts.former_documents,
                media=counts.media,
            )
        return total

    def _forget_fragments(self, counts: _Counts, *, before: datetime) -> None:
        while not self._should_stop():
            part = self._do(
                lambda tx: tx.fragments.forget(after=self._last_release, before=before, limit=BATCH)
            )
            counts.fragments += part.deleted
            if part.last is None:
                return
            self._last_release = part.last

    def _forget_refusals(self, counts: _Counts, *, before: datetime) -> None:
        while not self._should_stop():
            deleted = self._do(lambda tx: tx.refusals.forget(before=before, limit=BATCH))
            counts.refusals += deleted
            if deleted < BATCH:
                return

    def _forget_former(self, counts: _Counts, catalogue: Catalogue, now: datetime) -> None:
        ends = {
            slug: None if feed.deltas is None else now - timedelta(days=feed.deltas.days)
            for slug, feed in catalogue.feeds.items()
        }
        with self._database.read() as tx:
            due = [slug for slug, end in ends.items() if tx.documents.has_former(slug, before=end)]
        for slug in due:
            if self._should_stop():
                return
            forget = partial(_forget_former_of, slug, ends[slug])
            counts.former_documents += self._do(forget)

    def _forget_events(self, *, before: datetime) -> None:
        while not self._should_stop():
            last = self._do(
                lambda tx: tx.audit_log.forget(after=self._last_event, before=before, limit=BATCH)
            )
            if last is None:
                return
            self._last_event = last

    def _forget_media(self, counts: _Counts, *, now: datetime, before: datetime) -> None:
        """Deletes files that no document has named for long, also those of dropped embargoes."""
        if self._should_stop():
            return
        self._do(partial(_end_dropped_uses, now))
        with self._database.read() as tx:
            unused = tx.media.unused(before=before, limit=BATCH)
        for digest in unused:
            if self._should_stop():
                return
            # One at a time: a file may have hundreds of megabytes.
            counts.media += self._do(partial(_forget_medium, digest, before))

    def _forget_readership(self, *, before: date) -> None:
        while not self._should_stop():
            forget = partial(_forget_counts, before)
            if self._do(forget) < BATCH:
                return

    def _forget_missing_feeds(self, *, before: datetime) -> None:
        with self._database.read() as tx:
            is_due = tx.redirect_uses.has_missing(before=before)
        if is_due:
            self._do(lambda tx: tx.redirect_uses.forget_missing(before=before))

    def _do(self, work: Callable[[Transaction], _Part]) -> _Part:
        return self._database.run_in_transaction(work, is_durable=False)


def _forget_former_of(slug: str, before: datetime | None, tx: Transaction) -> int:
    return tx.documents.forget_former(slug, before=before)


def _end_dropped_uses(now: datetime, tx: Transaction) -> None:
    tx.releases.hold_works()  # whoever holds back documents, or publishes them, waits
    tx.media.end_dropped_uses(now=now)


def _forget_medium(digest: str, before: datetime, tx: Transaction) -> bool:
    tx.releases.hold_works()
    return tx.media.forget(digest, before=before)


def _forget_counts(before: date, tx: Transaction) -> int:
    return tx.readership.forget(before=before, limit=BATCH)
