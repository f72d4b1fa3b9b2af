"""From releases to fragments, from fragments to documents, from documents to an edition."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ParamSpec, TypeVar

from feeds import render
from feeds.categories import Catalogue
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
from feeds.model.feed import Deltas, Feed, Format, Link
from feeds.model.moment import Moment, Monotonic
from feeds.model.text import whole_second
from feeds.newsstand.archives import closings_due
from feeds.newsstand.assembly import DocumentParts, GzipAssembler
from feeds.newsstand.claims import Claims
from feeds.newsstand.entries import EntryCache, EntryLoader, EntryPage, closing_entry
from feeds.store.database import Database, Transaction
from feeds.store.documents import Fragment, FragmentKey
from feeds.store.feeds import ClaimedFeed, FeedIdentity

P = ParamSpec("P")
Made = TypeVar("Made")
Versions = Mapping[tuple[str, Format], DocumentVersion]

#: Feeds regenerated in one go: their documents are in memory together, and stored together.
FEEDS_A_RUN = 16

#: So long after a run begins, its editions are stored and every web worker shows them: a worker
#: looks for new ones well within that time (``service.web.watch``). Only then are hubs told.
SPREAD = timedelta(milliseconds=250)

#: While threads compress a document, claims are looked after so often.
LOOK_AT_CLAIMS_EVERY_S = 1.0

#: Pauses after failures in a row: 2, 4, 8 … seconds, up to ten minutes.
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 600


#: Threads that compress what is new as a whole: zlib lets go of the interpreter's lock meanwhile.
RENDER_THREADS = 3

#: Documents with fewer new bytes are compressed where they are: it takes half a millisecond, and
#: a thread that wants the interpreter's lock back may wait ten times as long for it.
FEW_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """A document's bytes, ready to be stored."""

    digest: str
    size_bytes: int  #: uncompressed
    updated: datetime
    layout: bytes
    links: tuple[Link, ...]
    gzip: bytes | None  #: None when the bytes are those of the document before


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """What a feed has beside its subscription document."""

    archives: int  #: number of the newest archive; 0 when there is none
    closings: Sequence[ArchiveClosing]  #: those among them that come with this edition
    hidden: int  #: what is neither shown nor in an archive that there was before


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEdition:
    """A feed whose pages are set, while its documents are being finished."""

    claimed: ClaimedFeed
    page: EntryPage
    past: ArchiveState
    finishing: dict[Format, Future[RenderedDocument]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEdition:
    """A new edition that is made and not stored yet."""

    claimed: ClaimedFeed
    edition: Edition
    documents: list[FeedDocument]
    closings: Sequence[ArchiveClosing]


class EditionBuilder:
    """Makes editions. One object for one run."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        descriptions: ConfigurationFingerprints,
        case: EntryCache,
        assembler: GzipAssembler,
        monotonic: Monotonic,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._descriptions = descriptions
        self._assembler = assembler
        self._monotonic = monotonic
        self._claims: Claims | None = None  #: of the run that is under way
        self._entry_loader = EntryLoader(catalogue, case, progress=self._renew_claims)

    def regenerate(
        self, slugs: Sequence[str], *, now: datetime, worker: str
    ) -> list[Edition | RenderTrouble]:
        """Make and store the next editions of those of *slugs* that are stale and free.

        A document whose bytes are as before keeps its version: no new validator, no ping. A
        feed that fails, for whatever reason, keeps its last good edition and is tried again
        after a pause; the others are not concerned.

        Nothing is claimed or stored while another configuration is in force: a run that a reload
        overtakes would publish the former one, and call it current.

        Args:
            slugs: Feeds; those that are current, or that another worker has, are passed over.
            now: When the new bytes become the feeds'.
            worker: Name of the caller, by which its claims are told from others'.
        """
        outcomes: list[Edition | RenderTrouble] = []
        moment = Moment(now, self._monotonic)
        for start in range(0, len(slugs), FEEDS_A_RUN):
            self._claims = Claims(self._database, moment, worker=worker)
            some = slugs[start : start + FEEDS_A_RUN]
            outcomes += self._run(some, self._claims, now, worker)
        return outcomes

    def preview(self, slug: str, feed_format: Format) -> bytes:
        """The document as the next edition would have it, uncompressed; nothing is stored."""
        feed = self._catalogue.feeds[slug]
        with self._database.read() as tx:
            page = self._entry_loader.page(tx, feed)
            identity = tx.feeds.identity(slug)
            loose = tx.archives.count_loose([slug]).get(slug, 0)
            past = self._archive_state(tx, feed, page, loose=loose, last=tx.archives.last(slug))
            before = tx.documents.version(slug, feed_format)
        head = self._head(feed, feed_format, identity, page, past)
        entries = self._entries(head, feed_format, page)
        _, _, parts = self._with_layout(head, feed_format, entries, before)
        return parts.document()

    def _run(
        self, slugs: Sequence[str], claims: Claims, now: datetime, worker: str
    ) -> list[Edition | RenderTrouble]:
        # A feed that ended a moment ago may still be named by a caller that has not heard of it.
        known = [slug for slug in slugs if slug in self._catalogue.feeds]
        with self._database.unsynced() as tx:
            if not tx.configuration.is_in_force(self._descriptions.digest):
                return []
            claimed_feeds = claims.take(tx, known)
        printed: list[NewEdition] = []
        troubles: list[tuple[ClaimedFeed, RenderTrouble]] = []
        for claimed, outcome in self._render(claimed_feeds, now):
            if isinstance(outcome, NewEdition):
                printed.append(outcome)
            else:
                retry_at = now + _pause(claimed.failures)
                trouble = RenderTrouble(feed=claimed.slug, error=outcome, retry_at=retry_at)
                troubles.append((claimed, trouble))
        self._renew_claims()
        return self._store(printed, troubles, claims, now, worker)

    def _render(
        self, claims: Sequence[ClaimedFeed], now: datetime
    ) -> list[tuple[ClaimedFeed, NewEdition | Exception]]:
        """Make each feed's edition, or say why there is none.

        While threads compress the documents of one feed, the pages of the next are set.
        """
        feeds = [self._catalogue.feeds[claimed.slug] for claimed in claims]
        with ThreadPoolExecutor(RENDER_THREADS) as pool:
            with self._database.read() as tx:
                slugs = [feed.slug for feed in feeds]
                held, loose = tx.documents.versions(slugs), tx.archives.count_loose(slugs)
                # Should it fail, each page is looked up by itself below, and fails by itself.
                _attempt(self._entry_loader.prepare, tx, feeds)
                galleys = [
                    _attempt(self._load, tx, pool, claimed, held, loose.get(claimed.slug, 0))
                    for claimed in claims
                ]
            return [
                (claimed, _attempt(self._finish, pending, held, now))
                if isinstance(pending, PendingEdition)
                else (claimed, pending)
                for claimed, pending in zip(claims, galleys, strict=True)
            ]

    def _store(
        self,
        printed: Sequence[NewEdition],
        troubles: Sequence[tuple[ClaimedFeed, RenderTrouble]],
        claims: Claims,
        now: datetime,
        worker: str,
    ) -> list[Edition | RenderTrouble]:
        made = self._entry_loader.drain_new()
        return self._database.in_one_go(
            lambda tx: self._store_all(tx, made, printed, troubles, claims, now, worker),
            is_lasting=False,
        )

    def _store_all(
        self,
        tx: Transaction,
        made: Mapping[FragmentKey, Fragment],
        printed: Sequence[NewEdition],
        troubles: Sequence[tuple[ClaimedFeed, RenderTrouble]],
        claims: Claims,
        now: datetime,
        worker: str,
    ) -> list[Edition | RenderTrouble]:
        """Store what was made. Rows are locked in the order of ``feeds.store.row_locks``."""
        stored: list[Edition | RenderTrouble] = []
        # An archive that somebody fetched must not be closed again with other entries in it: its
        # bytes are kept in a lasting transaction before they are given out (`Cabinet`).
        closing = [
            (filed.release_id, one.edition.feed)
            for one in printed
            for archive in one.closings
            for filed in archive.filed
        ]
        tx.feed_entries.lock(closing)
        tx.feeds.lock([claimed.slug for claimed in _claims(printed, troubles)])
        kept = [
            one
            for one in printed
            # A claim that ran out went to another worker, and its edition counts; and so does a
            # configuration that was applied meanwhile.
            if tx.feeds.complete(
                one.claimed,
                worker=worker,
                edition=one.edition.number,
                settings=self._settings(one.claimed),
            )
        ]
        if len(kept) < len(printed):
            tx.feeds.release_holds(worker)
        for one in kept:
            tx.archives.close(one.edition.feed, one.closings, now=now)
        for claimed, trouble in troubles:
            reason = f"{type(trouble.error).__name__}: {trouble.error}"
            tx.feeds.fail(claimed, worker=worker, trouble=reason, until=trouble.retry_at)
            stored.append(trouble)
        tx.fragments.put(made, now=now)
        tx.documents.retire(self._deltas(kept), now=now)
        tx.documents.put([document for one in kept for document in one.documents])
        changed = [one.edition.feed for one in kept if one.documents]
        # A run that took longer than half of it leaves workers the other half.
        until = max(now + SPREAD, claims.moment() + SPREAD / 2)
        tx.pings.hold(changed, until=until)
        return [*(one.edition for one in kept), *stored]

    def _renew_claims(self, reading: Transaction | None = None) -> None:
        if self._claims is not None:
            self._claims.renew(reading)

    def _settings(self, claimed: ClaimedFeed) -> str:
        feed = self._catalogue.feeds[claimed.slug]
        # As `_head` has it: by the feed's last change, and not by the clock.
        has_ended = feed.has_ended(claimed.identity.changed_at)
        return self._descriptions.of(feed, has_ended=has_ended).settings

    def _deltas(self, kept: Sequence[NewEdition]) -> dict[str, Deltas]:
        """Feeds with new documents whose readers may ask what is new in them."""
        offered = {
            one.edition.feed: self._catalogue.feeds[one.edition.feed].deltas
            for one in kept
            if one.documents
        }
        return {slug: deltas for slug, deltas in offered.items() if deltas is not None}

    def _load(
        self,
        tx: Transaction,
        pool: ThreadPoolExecutor,
        claimed: ClaimedFeed,
        held: Versions,
        loose: int,
    ) -> PendingEdition:
        feed = self._catalogue.feeds[claimed.slug]
        page = self._entry_loader.page(tx, feed)
        past = self._archive_state(tx, feed, page, loose=loose, last=claimed.archives)
        finishing = {}
        for feed_format in Format:
            head = self._head(feed, feed_format, claimed.identity, page, past)
            entries = self._entries(head, feed_format, page)
            before = held.get((feed.slug, feed_format))
            head, frame, parts = self._with_layout(head, feed_format, entries, before)
            work = partial(self._finished, frame, parts, head, before)
            is_much = self._assembler.unknown_bytes(parts) >= FEW_BYTES
            finishing[feed_format] = pool.submit(work) if is_much else _done(work)
            self._renew_claims(tx)
        return PendingEdition(claimed=claimed, page=page, past=past, finishing=finishing)

    def _finish(self, pending: PendingEdition, held: Versions, now: datetime) -> NewEdition:
        feed = self._catalogue.feeds[pending.claimed.slug]
        number = pending.claimed.edition + 1
        finished = {f: self._awaited(finishing) for f, finishing in pending.finishing.items()}
        documents = [
            FeedDocument(
                feed=feed.slug,
                format=feed_format,
                edition=number,
                digest=one.digest,
                modified_at=_moment(held.get((feed.slug, feed_format)), now),
                links=one.links,
                size_bytes=one.size_bytes,
                gzip=one.gzip,
                layout=one.layout,
                updated=one.updated,
            )
            for feed_format, one in finished.items()
            if one.gzip is not None
        ]
        edition = Edition(
            feed=feed.slug,
            number=number if documents else pending.claimed.edition,
            changed=tuple(document.format for document in documents),
            entries=len(pending.page.lines),
            set_aside=pending.page.set_aside,
        )
        return NewEdition(
            claimed=pending.claimed,
            edition=edition,
            documents=documents,
            closings=pending.past.closings,
        )

    def _awaited(self, finishing: Future[RenderedDocument]) -> RenderedDocument:
        while not finishing.done():
            # `concurrent.futures.wait` takes longer than most of these take.
            with suppress(TimeoutError):
                return finishing.result(LOOK_AT_CLAIMS_EVERY_S)
            self._renew_claims()
        return finishing.result()

    def _archive_state(
        self, tx: Transaction, feed: Feed, page: EntryPage, *, loose: int, last: int
    ) -> ArchiveState:
        hidden = loose - page.loose
        closings = (
            closings_due(
                tx.archives.loose(feed.slug),
                {line.release_id for line in page.lines},
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
        past: ArchiveState,
    ) -> FeedHead:
        is_complete = past.archives == past.hidden == 0 and page.is_whole(feed_format)
        return FeedHead(
            id=identity.id,
            feed=feed,
            updated=whole_second(identity.changed_at),
            links=self._links(feed, feed_format, past),
            # By the last change and not by the clock: the same rows give the same bytes.
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
    ) -> tuple[FeedHead, render.Frame, DocumentParts]:
        """Lay a document out; with the date that *before* says, if nothing else changed in it.

        A feed changes by much that not every document holds: its ``<ttl>`` stands in RSS alone,
        its group in none, and a title of a category in the entries that are filed there. To compare
        what is said covers all of it; a list of what each format holds would have to be kept.
        """
        frame, parts = _framed(render.frame(head, feed_format, self._catalogue.site), entries)
        # Dates have one length: where the size is another one, something else changed, too.
        if (
            before is not None
            and before.updated not in (None, head.updated)
            and before.size_bytes == sum(map(len, parts.pieces))
        ):
            same = replace(head, updated=before.updated)
            as_before = _framed(render.frame(same, feed_format, self._catalogue.site), entries)
            if render.digest(as_before[1].document()) == before.digest:
                return (same, *as_before)
        return head, frame, parts

    def _finished(
        self,
        frame: render.Frame,
        parts: DocumentParts,
        head: FeedHead,
        before: DocumentVersion | None,
    ) -> RenderedDocument:
        """Digest a document, and compress it if it is another one than *before*."""
        document = parts.document()
        digest = render.digest(document)
        is_same = before is not None and before.digest == digest
        return RenderedDocument(
            digest=digest,
            size_bytes=len(document),
            updated=head.updated,
            layout=_layout(frame, parts),
            links=head.links,
            gzip=None if is_same else self._assembler.assemble(parts, document),
        )

    def _links(self, feed: Feed, feed_format: Format, past: ArchiveState) -> tuple[Link, ...]:
        site = self._catalogue.site
        links = [Link(rel="self", href=site.topic(feed.slug, feed_format))]
        links += [Link(rel="hub", href=hub) for hub in dict.fromkeys(feed.hubs)]
        if past.archives:
            archive = site.archive(feed.slug, past.archives, feed_format)
            links.append(Link(rel="prev-archive", href=archive))
        return tuple(links)


def _claims(
    printed: Sequence[NewEdition], troubles: Sequence[tuple[ClaimedFeed, RenderTrouble]]
) -> list[ClaimedFeed]:
    return [*(one.claimed for one in printed), *(claimed for claimed, _ in troubles)]


def _attempt(make: Callable[P, Made], *args: P.args, **kwargs: P.kwargs) -> Made | Exception:
    """What *make* makes; or what it raises, bugs of ours too.

    The other feeds go on, this one keeps its last good edition, and the caller is told.
    """
    try:
        return make(*args, **kwargs)
    except Exception as error:
        return error


def _done(work: Callable[[], RenderedDocument]) -> Future[RenderedDocument]:
    """What *work* makes, at once."""
    future: Future[RenderedDocument] = Future()
    future.set_result(work())
    return future


def _parted(
    frame: render.Frame, entries: Sequence[Fragment]
) -> tuple[render.Frame, Sequence[Fragment]]:
    """The frame for *entries*, and the entries by themselves; see `render.Frame.around`."""
    made = [entry for entry in entries if entry.body is not None]
    around, bodies = frame.around([entry.body or b"" for entry in made])
    return around, [
        one if body is one.body else replace(one, body=body)
        for one, body in zip(made, bodies, strict=True)
    ]


def _framed(frame: render.Frame, entries: Sequence[Fragment]) -> tuple[render.Frame, DocumentParts]:
    """The frame as it is around these entries, and all as a sheet."""
    frame, entries = _parted(frame, entries)
    bodies = [entry.body for entry in entries if entry.body is not None]
    return frame, DocumentParts(pieces=frame.pieces(bodies), entries=entries)


def _layout(frame: render.Frame, parts: DocumentParts) -> bytes:
    # A fingerprint tells everything that an entry's bytes are made of.
    cuts = [
        (bytes.fromhex(entry.fingerprint[: 2 * MARK_BYTES]), len(entry.body or b""))
        for entry in parts.entries
    ]
    return pack_layout(len(frame.head), len(frame.between), cuts)


def _moment(before: DocumentVersion | None, now: datetime) -> datetime:
    """Since when a document is current that replaces *before*.

    Always later than *before*, by a second at least: HTTP dates have no smaller unit, and whoever
    asks by date alone must see a second edition of the same second, or of a clock set back.
    """
    moment = whole_second(now)
    return moment if before is None else max(before.modified_at + timedelta(seconds=1), moment)


def _pause(failures: int) -> timedelta:
    return timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 16)))
