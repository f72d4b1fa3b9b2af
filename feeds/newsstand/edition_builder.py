"""Builds editions: loads entries, assembles documents, and stores them together."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import ParamSpec, Self, TypeVar

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import StoreUnavailable
from feeds.fingerprints import ConfigurationFingerprints
from feeds.model.edition import (
    MARK_BYTES,
    ArchiveClosing,
    DocumentVersion,
    Edition,
    FeedDocument,
    FeedHead,
    History,
    RenderTrouble,
    pack_layout,
)
from feeds.model.feed import Deltas, Feed, Format, Link, Site
from feeds.model.moment import Moment, Monotonic
from feeds.model.text import whole_second
from feeds.newsstand.archives import closings_due
from feeds.newsstand.assembly import DocumentParts, GzipAssembler, unknown_bytes
from feeds.newsstand.claims import Claims
from feeds.newsstand.entries import EntryCache, EntryLoader, EntryPage, closing_entry
from feeds.store.database import MAX_TRIES, Database, Transaction
from feeds.store.documents import Fragment, FragmentKey
from feeds.store.feed_entries import MAX_WINDOW_ENTRIES
from feeds.store.feeds import ClaimedFeed, FeedIdentity
from feeds.store.pings import QuietEdition

Params = ParamSpec("Params")
Result = TypeVar("Result")
Versions = Mapping[tuple[str, Format], DocumentVersion]

#: Feeds regenerated in one run: their documents are in memory and are stored together.
FEEDS_A_RUN = 16

#: How often claims are renewed, where due, while threads compress a document.
RENEW_CLAIMS_EVERY_S = 1.0

#: Pauses after consecutive failures: 2, 4, 8 … seconds, up to ten minutes.
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 600


#: zlib and libdeflate release the interpreter lock meanwhile.
RENDER_THREADS = 3

#: With more unarchived entries than this, archives are closed before the edition, with so many
#: entries in a transaction: other writers wait meanwhile.
MAX_UNARCHIVED = 10_000
ENTRIES_A_CLOSING = 5_000

#: Documents with fewer new bytes are compressed in the calling thread. That takes half a
#: millisecond, and a thread may wait ten times as long to get the interpreter lock back.
SMALL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """The bytes of a document, ready to be stored."""

    digest: str
    size_bytes: int  #: uncompressed
    updated: datetime
    layout: bytes
    links: tuple[Link, ...]
    gzip: bytes | None  #: None when the bytes equal those of the document before


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """The archives of a feed, besides its subscription document."""

    archives: int  #: number of the newest archive; 0 when there is none
    closings: Sequence[ArchiveClosing]  #: those of them that are closed with this edition
    hidden: int  #: number of entries that are neither shown nor in an archive closed earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEdition:
    """An edition whose entries are loaded and whose documents are being rendered."""

    claimed: ClaimedFeed
    page: EntryPage
    archive_state: ArchiveState
    rendered: dict[Format, RenderedDocument | Future[RenderedDocument]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdition:
    """A new edition that is complete but not stored yet."""

    claimed: ClaimedFeed
    edition: Edition
    documents: list[FeedDocument]
    closings: Sequence[ArchiveClosing]
    former_editions: Mapping[Format, int]  #: of the documents before; 0 where there was none


class _Threads:
    """Threads that compress whole new documents. Most runs have none, and begin no thread."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Does *work* in one of the threads."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(RENDER_THREADS)
        return self._pool.submit(work)


class ArchivesBehind(Exception):
    """So many entries are in no archive that these are closed before the edition is made."""


RenderResult = tuple[ClaimedFeed, NewEdition | Exception]


class EditionBuilder:
    """Builds editions. Use one object for one run."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        fingerprints: ConfigurationFingerprints,
        entry_cache: EntryCache,
        assembler: GzipAssembler,
        monotonic: Monotonic,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._fingerprints = fingerprints
        self._assembler = assembler
        self._monotonic = monotonic
        self._claims: Claims | None = None  #: of the current run
        self._entry_loader = EntryLoader(catalogue, entry_cache, on_progress=self._renew_claims)

    def regenerate(
        self, slugs: Sequence[str], *, now: datetime, worker: str
    ) -> list[Edition | RenderTrouble]:
        """Makes and stores the next editions of those of *slugs* that are stale and not claimed.

        A document with unchanged bytes keeps its version: no new validator, no ping. A feed that
        fails, for any reason, keeps its last good edition and is retried after a pause; other feeds
        are not affected.

        Nothing is claimed or stored while another configuration is active. Otherwise a run that is
        overtaken by a reload would publish the former configuration and mark it as current.

        Args:
            slugs: The feeds. Those that are current, or claimed by another worker, are skipped.
            now: The modification date of new documents.
            worker: Name of the caller, which identifies its claims.
        """
        results: list[Edition | RenderTrouble] = []
        moment = Moment(now, self._monotonic)
        for start in range(0, len(slugs), FEEDS_A_RUN):
            self._claims = Claims(self._database, moment, worker=worker)
            run = slugs[start : start + FEEDS_A_RUN]
            results += self._run(run, self._claims, now, worker)
        return results

    def preview(self, slug: str, feed_format: Format) -> bytes:
        """Returns the document of the next edition, uncompressed. Stores nothing."""
        feed = self._catalogue.feeds[slug]
        with self._database.read() as tx:
            page = self._entry_loader.page(tx, feed)
            identity = tx.feeds.identity(slug)
            unarchived = tx.archives.count_unarchived([slug]).get(slug, 0)
            archive_state = self._archive_state(
                tx, feed, page, unarchived=unarchived, last=tx.archives.last(slug)
            )
            before = tx.documents.version(slug, feed_format)
        head = self._head(feed, feed_format, identity, page, archive_state)
        entries = self._entries(head, feed_format, page)
        _, parts = self._with_layout(head, feed_format, entries, before)
        return parts.document()

    def _run(
        self, slugs: Sequence[str], claims: Claims, now: datetime, worker: str
    ) -> list[Edition | RenderTrouble]:
        # Callers may still name a feed that was removed a moment ago.
        known = [slug for slug in slugs if slug in self._catalogue.feeds]
        with self._database.unsynced() as tx:
            claimed_feeds = claims.claim(tx, known, in_force=self._fingerprints.digest)
        if not claimed_feeds:
            return []
        results = self._render_again_if_lost(claimed_feeds, now)
        if any(isinstance(result, ArchivesBehind) for _, result in results):
            results = self._close_archives_of(results, now, worker)
        new_editions: list[NewEdition] = []
        troubles: list[tuple[ClaimedFeed, RenderTrouble]] = []
        for claimed, result in results:
            if isinstance(result, NewEdition):
                new_editions.append(result)
            else:
                retry_at = now + _pause(claimed.failures)
                trouble = RenderTrouble(feed=claimed.slug, error=result, retry_at=retry_at)
                troubles.append((claimed, trouble))
        self._renew_claims()
        return self._store(new_editions, troubles, now, worker)

    def _close_archives_of(
        self, results: Sequence[RenderResult], now: datetime, worker: str
    ) -> list[RenderResult]:
        """Closes the archives of the feeds that are behind with them, and makes their editions."""
        behind = [claimed for claimed, one in results if isinstance(one, ArchivesBehind)]
        closed = [self._close_archives(claimed, now, worker) for claimed in behind]
        others = [(claimed, one) for claimed, one in results if not isinstance(one, ArchivesBehind)]
        return [*others, *self._render_again_if_lost(closed, now)]

    def _close_archives(self, claimed: ClaimedFeed, now: datetime, worker: str) -> ClaimedFeed:
        """Closes archives of what no document shows any more, a few at a time.

        As after an import: in one transaction with the edition, all other writers would wait for a
        million entries. Until the edition comes, no document leads to these archives.
        """
        while True:
            close = partial(self._close_some, claimed=claimed, now=now, worker=worker)
            last = self._database.run_in_transaction(close, is_durable=False)
            if last == claimed.archives:
                return claimed
            claimed = replace(claimed, archives=last)
            self._renew_claims()

    def _close_some(
        self, tx: Transaction, *, claimed: ClaimedFeed, now: datetime, worker: str
    ) -> int:
        """Returns the number of the newest archive: the same as before if there are none more."""
        slug = claimed.slug
        # The newest ones may be shown.
        oldest = tx.archives.unarchived(slug, limit=ENTRIES_A_CLOSING + MAX_WINDOW_ENTRIES)
        closings = closings_due(
            oldest[:-MAX_WINDOW_ENTRIES],
            (),
            last=claimed.archives,
            max_bytes=self._catalogue.feeds[slug].window.bytes,
        )[:-1]  # the last one is seldom full
        tx.feed_entries.lock([(one.release_id, slug) for each in closings for one in each.entries])
        tx.feeds.lock([slug])
        if not closings or not tx.feeds.is_claimed(slug, worker=worker):
            return claimed.archives
        tx.archives.close(slug, closings, now=now)
        return closings[-1].number

    def _render_again_if_lost(
        self, claims: Sequence[ClaimedFeed], now: datetime
    ) -> list[RenderResult]:
        """Makes the editions; starts again at once if the connection is lost.

        Raises:
            StoreUnavailable: It was lost each time. No feed has failed.
        """
        for _ in range(MAX_TRIES - 1):
            try:
                return self._render(claims, now)
            except StoreUnavailable as error:
                if not error.is_connection_lost:
                    raise
        return self._render(claims, now)

    def _render(self, claims: Sequence[ClaimedFeed], now: datetime) -> list[RenderResult]:
        """Makes the edition of each feed, or returns the error.

        While threads compress the documents of one feed, the entries of the next feed are loaded.
        """
        feeds = [self._catalogue.feeds[claimed.slug] for claimed in claims]
        with _Threads() as pool:
            with self._database.read() as tx:
                slugs = [feed.slug for feed in feeds]
                ask_versions = tx.documents.ask_versions(slugs)
                ask_unarchived = tx.archives.ask_count_unarchived(slugs)
                # If this fails, each page is loaded on its own below, and fails on its own.
                failure = _result_or_error(self._entry_loader.prepare, tx, feeds)
                _require_connection(tx, [failure])
                versions, unarchived = ask_versions(), ask_unarchived()
                load = partial(self._load, tx, pool, now=now)
                pending_editions = [
                    _result_or_error(load, claimed, versions, unarchived.get(claimed.slug, 0))
                    for claimed in claims
                ]
                _require_connection(tx, pending_editions)
            return [
                (claimed, _result_or_error(self._finish, pending, versions, now))
                if isinstance(pending, PendingEdition)
                else (claimed, pending)
                for claimed, pending in zip(claims, pending_editions, strict=True)
            ]

    def _store(
        self,
        new_editions: Sequence[NewEdition],
        troubles: Sequence[tuple[ClaimedFeed, RenderTrouble]],
        now: datetime,
        worker: str,
    ) -> list[Edition | RenderTrouble]:
        made = self._entry_loader.drain_new()
        return self._database.run_in_transaction(
            lambda tx: self._store_all(tx, made, new_editions, troubles, now, worker),
            is_durable=False,
        )

    def _store_all(
        self,
        tx: Transaction,
        made: Mapping[FragmentKey, Fragment],
        new_editions: Sequence[NewEdition],
        troubles: Sequence[tuple[ClaimedFeed, RenderTrouble]],
        now: datetime,
        worker: str,
    ) -> list[Edition | RenderTrouble]:
        """Stores what was made. Rows are locked in the order of ``feeds.store.dialects``."""
        stored: list[Edition | RenderTrouble] = []
        # An archive that was fetched must not be closed again with other entries: its bytes are
        # stored in a durable transaction before they are sent (`ArchiveStore`).
        closing_entries = [
            (entry.release_id, one.edition.feed)
            for one in new_editions
            for archive in one.closings
            for entry in archive.entries
        ]
        tx.feed_entries.lock(closing_entries)
        tx.feeds.lock([claimed.slug for claimed in _claims(new_editions, troubles)])
        # When a claim has expired, the edition of the next worker counts. The same holds for a
        # configuration that was applied meanwhile.
        slugs = tx.feeds.complete(
            [
                (one.claimed, one.edition.number, self._settings(one.claimed))
                for one in new_editions
            ],
            worker=worker,
            now=now,
        )
        completed = [one for one in new_editions if one.claimed.slug in slugs]
        if len(completed) < len(new_editions):
            tx.feeds.release_holds(worker)
        for one in completed:
            tx.archives.close(one.edition.feed, one.closings, now=now)
        for claimed, trouble in troubles:
            reason = f"{type(trouble.error).__name__}: {trouble.error}"
            tx.feeds.fail(claimed, worker=worker, trouble=reason, until=trouble.retry_at)
            stored.append(trouble)
        tx.fragments.put(made, now=now)
        tx.documents.retire(self._deltas(completed), now=now)
        tx.documents.put([document for one in completed for document in one.documents])
        tx.pings.pass_over(_quiet_editions(completed))
        return [*(one.edition for one in completed), *stored]

    def _renew_claims(self) -> None:
        if self._claims is not None:
            self._claims.renew()

    def _settings(self, claimed: ClaimedFeed) -> str:
        feed = self._catalogue.feeds[claimed.slug]
        # As in `_head`: by the feed's last change, not by the clock.
        has_ended = feed.has_ended(claimed.identity.changed_at)
        return self._fingerprints.of(feed, has_ended=has_ended).settings

    def _deltas(self, completed: Sequence[NewEdition]) -> dict[str, Deltas]:
        """Returns the settings of the feeds that have new documents and offer deltas."""
        offered = {
            one.edition.feed: self._catalogue.feeds[one.edition.feed].deltas
            for one in completed
            if one.documents
        }
        return {slug: deltas for slug, deltas in offered.items() if deltas is not None}

    def _load(
        self,
        tx: Transaction,
        pool: _Threads,
        claimed: ClaimedFeed,
        versions: Versions,
        unarchived: int,
        *,
        now: datetime,
    ) -> PendingEdition:
        feed = self._catalogue.feeds[claimed.slug]
        page = self._entry_loader.page(tx, feed)
        archive_state = self._archive_state(
            tx,
            feed,
            page,
            unarchived=unarchived,
            last=claimed.archives,
            now=now,
        )
        rendered: dict[Format, RenderedDocument | Future[RenderedDocument]] = {}
        for feed_format in Format:
            head = self._head(feed, feed_format, claimed.identity, page, archive_state)
            entries = self._entries(head, feed_format, page)
            before = versions.get((feed.slug, feed_format))
            head, parts = self._with_layout(head, feed_format, entries, before)
            known = self._assembler.known(parts)
            work = partial(self._rendered, parts, head, before, known)
            is_much = unknown_bytes(parts, known) >= SMALL_BYTES
            rendered[feed_format] = pool.submit(work) if is_much else work()
            self._renew_claims()
        return PendingEdition(
            claimed=claimed, page=page, archive_state=archive_state, rendered=rendered
        )

    def _finish(self, pending: PendingEdition, versions: Versions, now: datetime) -> NewEdition:
        feed = self._catalogue.feeds[pending.claimed.slug]
        number = pending.claimed.edition + 1
        rendered = {each: self._await(one) for each, one in pending.rendered.items()}
        documents = [
            FeedDocument(
                feed=feed.slug,
                format=feed_format,
                edition=number,
                digest=one.digest,
                modified_at=_modified_at(versions.get((feed.slug, feed_format)), now),
                links=one.links,
                size_bytes=one.size_bytes,
                gzip=one.gzip,
                layout=one.layout,
                updated=one.updated,
            )
            for feed_format, one in rendered.items()
            if one.gzip is not None
        ]
        edition = Edition(
            feed=feed.slug,
            number=number if documents else pending.claimed.edition,
            changed=tuple(document.format for document in documents),
            entries=len(pending.page.entries),
            set_aside=pending.page.set_aside,
        )
        return NewEdition(
            claimed=pending.claimed,
            edition=edition,
            documents=documents,
            closings=pending.archive_state.closings,
            former_editions={
                each.format: before.edition
                if (before := versions.get((feed.slug, each.format))) is not None
                else 0
                for each in documents
            },
        )

    def _await(self, one: RenderedDocument | Future[RenderedDocument]) -> RenderedDocument:
        if isinstance(one, RenderedDocument):
            return one
        while not one.done():
            # `concurrent.futures.wait` takes longer than most of these take.
            with suppress(TimeoutError):
                return one.result(RENEW_CLAIMS_EVERY_S)
            self._renew_claims()
        return one.result()

    def _archive_state(
        self,
        tx: Transaction,
        feed: Feed,
        page: EntryPage,
        *,
        unarchived: int,
        last: int,
        now: datetime | None = None,
    ) -> ArchiveState:
        hidden = unarchived - page.unarchived
        # Asked only where archives would be closed, so that other editions wait for no answer more.
        if hidden and now is not None and tx.imports.ask_is_running(now=now)():
            # Older releases may follow: the archives are closed at the end, in the right order.
            return ArchiveState(last, [], hidden)
        if now is not None and unarchived > MAX_UNARCHIVED:
            raise ArchivesBehind
        closings = (
            closings_due(
                tx.archives.unarchived(feed.slug),
                {entry.release_id for entry in page.entries},
                last=last,
                max_bytes=feed.window.bytes,
            )
            if hidden
            else []
        )
        return ArchiveState(last + len(closings), closings, hidden)

    def _head(
        self,
        feed: Feed,
        feed_format: Format,
        identity: FeedIdentity,
        page: EntryPage,
        archive_state: ArchiveState,
    ) -> FeedHead:
        is_complete = archive_state.archives == archive_state.hidden == 0 and page.is_whole(
            feed_format
        )
        return FeedHead(
            id=identity.id,
            feed=feed,
            updated=whole_second(identity.changed_at),
            links=_links(self._catalogue.site, feed, feed_format, archive_state.archives),
            # By the last change, not by the clock, so that the same rows give the same bytes.
            is_expired=feed.has_ended(identity.changed_at),
            history=History.COMPLETE if is_complete else History.PARTIAL,
        )

    def _entries(self, head: FeedHead, feed_format: Format, page: EntryPage) -> list[Fragment]:
        entries = page.fragments(feed_format)
        if not head.is_expired:
            return entries
        site = self._catalogue.site
        last = closing_entry(head.feed, site, feed_id=head.id)
        body = render.render_fragment(last, feed_format, site)
        return [Fragment(fingerprint=render.digest(body), body=body), *entries]

    def _with_layout(
        self,
        head: FeedHead,
        feed_format: Format,
        entries: Sequence[Fragment],
        before: DocumentVersion | None,
    ) -> tuple[FeedHead, DocumentParts]:
        """Lays out a document, with the date of *before* if nothing else in it changed.

        A feed may change in ways that not every document shows: ``<ttl>`` is only in RSS, the group
        is in no format, and a category's title is only in the entries of that category. Comparing
        bytes covers all of that. The alternative would be a list of what each format shows.
        """
        parts = _parts(render.frame(head, feed_format, self._catalogue.site), entries)
        # All dates have the same length, so another size means another change.
        if (
            before is not None
            and before.updated not in (None, head.updated)
            and before.size_bytes == parts.size_bytes
        ):
            old_head = replace(head, updated=before.updated)
            old_frame = render.frame(old_head, feed_format, self._catalogue.site)
            with_old_date = _parts(old_frame, entries)
            if render.digest(with_old_date.document()) == before.digest:
                return old_head, with_old_date
        return head, parts

    def _rendered(
        self,
        parts: DocumentParts,
        head: FeedHead,
        before: DocumentVersion | None,
        known: Sequence[bytes | None],
    ) -> RenderedDocument:
        """Computes the digest of a document, and compresses it if it differs from *before*."""
        document = parts.document()
        digest = render.digest(document)
        is_same = before is not None and before.digest == digest
        return RenderedDocument(
            digest=digest,
            size_bytes=len(document),
            updated=head.updated,
            layout=_layout(parts),
            links=head.links,
            gzip=None if is_same else self._assembler.assemble(parts, document, known),
        )


@lru_cache(maxsize=1024)
def _links(site: Site, feed: Feed, feed_format: Format, archives: int) -> tuple[Link, ...]:
    links = [Link(rel="self", href=site.topic(feed.slug, feed_format))]
    links += [Link(rel="hub", href=hub) for hub in dict.fromkeys(feed.hubs)]
    if archives:
        archive = site.archive(feed.slug, archives, feed_format)
        links.append(Link(rel="prev-archive", href=archive))
    return tuple(links)


def _quiet_editions(completed: Sequence[NewEdition]) -> list[QuietEdition]:
    return [
        QuietEdition(
            feed=document.feed,
            format=document.format,
            edition=document.edition,
            former_edition=one.former_editions[document.format],
            covered_seq=one.claimed.rendered_seq,
        )
        for one in completed
        if one.claimed.is_quiet
        for document in one.documents
    ]


def _claims(
    new_editions: Sequence[NewEdition], troubles: Sequence[tuple[ClaimedFeed, RenderTrouble]]
) -> list[ClaimedFeed]:
    return [*(one.claimed for one in new_editions), *(claimed for claimed, _ in troubles)]


def _result_or_error(
    make: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs
) -> Result | Exception:
    """Returns the result of *make*, or the exception that it raised, bugs included.

    Other feeds continue, this one keeps its last good edition, and the caller gets the error.
    """
    try:
        return make(*args, **kwargs)
    except Exception as error:
        return error


def _require_connection(tx: Transaction, results: Sequence[object]) -> None:
    """Raises the first error among *results* if the connection is lost: no feed is to blame."""
    if tx.is_connection_lost:
        for error in results:
            if isinstance(error, Exception):
                raise error


def _parts(frame: render.Frame, entries: Sequence[Fragment]) -> DocumentParts:
    """Returns the parts of a document with these entries; see `render.Frame.around`."""
    around, bodies = frame.around([entry.body for entry in entries if entry.body is not None])
    return DocumentParts(frame=around, entries=entries, bodies=bodies)


def _layout(parts: DocumentParts) -> bytes:
    # A fingerprint covers everything that determines an entry's bytes.
    marks = [entry.fingerprint[: 2 * MARK_BYTES] for entry in parts.entries]
    lengths = list(map(len, parts.bodies))
    head, between = len(parts.frame.head), len(parts.frame.between)
    return pack_layout(head, between, bytes.fromhex("".join(marks)), lengths)


def _modified_at(before: DocumentVersion | None, now: datetime) -> datetime:
    """Returns the modification date of a document that replaces *before*.

    It is at least one second later than that of *before*, because HTTP dates have no smaller unit:
    a client that compares only dates must notice a second edition within one second, or after a
    clock was set back.
    """
    moment = whole_second(now)
    return moment if before is None else max(before.modified_at + timedelta(seconds=1), moment)


def _pause(failures: int) -> timedelta:
    return timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 16)))
