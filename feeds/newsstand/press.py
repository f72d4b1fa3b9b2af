"""The press: from releases to fragments, from fragments to documents, from those to an edition."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ParamSpec, TypeVar

from feeds import render
from feeds.categories import Catalogue
from feeds.descriptions import Descriptions
from feeds.model import layout
from feeds.model.archive import Closing
from feeds.model.edition import (
    DocumentVersion,
    Edition,
    FeedDocument,
    FeedHead,
    History,
    Trouble,
)
from feeds.model.feed import Deltas, Feed, Format, Link
from feeds.model.layout import MARK_BYTES
from feeds.model.moment import Moment, Monotonic
from feeds.model.text import whole_second
from feeds.newsstand import archiving
from feeds.newsstand.bindery import Bindery, Sheet
from feeds.newsstand.claims import Claims
from feeds.newsstand.farewells import farewell
from feeds.newsstand.pages import Page, Typesetter
from feeds.newsstand.type_case import TypeCase
from feeds.store.database import Database, Transaction
from feeds.store.feeds import ClaimedFeed, Masthead
from feeds.store.fragments import Fragment, FragmentKey

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
FINISHERS = 3

#: Documents with fewer new bytes are compressed where they are: it takes half a millisecond, and
#: a thread that wants the interpreter's lock back may wait ten times as long for it.
FEW_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A document's bytes, ready to be stored."""

    digest: str
    size_bytes: int  #: uncompressed
    updated: datetime
    layout: bytes
    links: tuple[Link, ...]
    gzip: bytes | None  #: None when the bytes are those of the document before


@dataclass(frozen=True, slots=True)
class Past:
    """What a feed has beside its subscription document."""

    archives: int  #: number of the newest archive; 0 when there is none
    closings: Sequence[Closing]  #: those among them that come with this edition
    hidden: int  #: what is neither shown nor in an archive that there was before


@dataclass(frozen=True, slots=True, kw_only=True)
class Galley:
    """A feed whose pages are set, while its documents are being finished."""

    claimed: ClaimedFeed
    page: Page
    past: Past
    finishing: dict[Format, Future[Finished]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A new edition that is made and not stored yet."""

    claimed: ClaimedFeed
    edition: Edition
    documents: list[FeedDocument]
    closings: Sequence[Closing]


class Press:
    """Makes editions. One object for one run."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        descriptions: Descriptions,
        case: TypeCase,
        bindery: Bindery,
        monotonic: Monotonic,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._descriptions = descriptions
        self._bindery = bindery
        self._monotonic = monotonic
        self._claims: Claims | None = None  #: of the run that is under way
        self._typesetter = Typesetter(catalogue, case, progress=self._renew_claims)

    def regenerate(
        self, slugs: Sequence[str], *, now: datetime, worker: str
    ) -> list[Edition | Trouble]:
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
        outcomes: list[Edition | Trouble] = []
        moment = Moment(now, self._monotonic)
        for start in range(0, len(slugs), FEEDS_A_RUN):
            self._claims = Claims(self._database, moment, worker=worker)
            some = slugs[start : start + FEEDS_A_RUN]
            outcomes += self._run(some, self._claims, now, worker)
        return outcomes

    def proof(self, slug: str, feed_format: Format) -> bytes:
        """The document as the next edition would have it, uncompressed; nothing is stored."""
        feed = self._catalogue.feeds[slug]
        with self._database.read() as tx:
            page = self._typesetter.page(tx, feed)
            masthead = tx.feeds.masthead(slug)
            loose = tx.archives.count_loose([slug]).get(slug, 0)
            past = self._past(tx, feed, page, loose=loose, last=tx.archives.last(slug))
            before = tx.documents.version(slug, feed_format)
        head = self._head(feed, feed_format, masthead, page, past)
        entries = self._entries(head, feed_format, page)
        _, _, sheet = self._laid_out(head, feed_format, entries, before)
        return sheet.document()

    def _run(
        self, slugs: Sequence[str], claims: Claims, now: datetime, worker: str
    ) -> list[Edition | Trouble]:
        # A feed that ended a moment ago may still be named by a caller that has not heard of it.
        known = [slug for slug in slugs if slug in self._catalogue.feeds]
        with self._database.unsynced() as tx:
            if not tx.configuration.is_in_force(self._descriptions.digest):
                return []
            claimed_feeds = claims.take(tx, known)
        printed: list[Printed] = []
        troubles: list[tuple[ClaimedFeed, Trouble]] = []
        for claimed, outcome in self._print(claimed_feeds, now):
            if isinstance(outcome, Printed):
                printed.append(outcome)
            else:
                retry_at = now + _pause(claimed.failures)
                trouble = Trouble(feed=claimed.slug, error=outcome, retry_at=retry_at)
                troubles.append((claimed, trouble))
        self._renew_claims()
        return self._store(printed, troubles, claims, now, worker)

    def _print(
        self, claims: Sequence[ClaimedFeed], now: datetime
    ) -> list[tuple[ClaimedFeed, Printed | Exception]]:
        """Make each feed's edition, or say why there is none.

        While threads compress the documents of one feed, the pages of the next are set.
        """
        feeds = [self._catalogue.feeds[claimed.slug] for claimed in claims]
        with ThreadPoolExecutor(FINISHERS) as pool:
            with self._database.read() as tx:
                slugs = [feed.slug for feed in feeds]
                held, loose = tx.documents.versions(slugs), tx.archives.count_loose(slugs)
                # Should it fail, each page is looked up by itself below, and fails by itself.
                _attempt(self._typesetter.prepare, tx, feeds)
                galleys = [
                    _attempt(self._set, tx, pool, claimed, held, loose.get(claimed.slug, 0))
                    for claimed in claims
                ]
            return [
                (claimed, _attempt(self._finish, galley, held, now))
                if isinstance(galley, Galley)
                else (claimed, galley)
                for claimed, galley in zip(claims, galleys, strict=True)
            ]

    def _store(
        self,
        printed: Sequence[Printed],
        troubles: Sequence[tuple[ClaimedFeed, Trouble]],
        claims: Claims,
        now: datetime,
        worker: str,
    ) -> list[Edition | Trouble]:
        made = self._typesetter.take_made()
        return self._database.in_one_go(
            lambda tx: self._store_all(tx, made, printed, troubles, claims, now, worker),
            is_lasting=False,
        )

    def _store_all(
        self,
        tx: Transaction,
        made: Mapping[FragmentKey, Fragment],
        printed: Sequence[Printed],
        troubles: Sequence[tuple[ClaimedFeed, Trouble]],
        claims: Claims,
        now: datetime,
        worker: str,
    ) -> list[Edition | Trouble]:
        """Store what was made. Rows are locked in the order of ``feeds.store.row_locks``."""
        stored: list[Edition | Trouble] = []
        # An archive that somebody fetched must not be closed again with other entries in it: its
        # bytes are kept in a lasting transaction before they are given out (`Cabinet`).
        closing = [
            (filed.release_id, one.edition.feed)
            for one in printed
            for archive in one.closings
            for filed in archive.filed
        ]
        tx.filings.lock(closing)
        tx.feeds.lock([claimed.slug for claimed in _claims(printed, troubles)])
        kept = [
            one
            for one in printed
            # A claim that ran out went to another worker, and its edition counts; and so does a
            # configuration that was applied meanwhile.
            if tx.feeds.settle(
                one.claimed,
                worker=worker,
                edition=one.edition.number,
                settings=self._settings(one.claimed),
            )
        ]
        if len(kept) < len(printed):
            tx.feeds.let_go(worker)
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
        has_ended = feed.has_ended(claimed.masthead.changed_at)
        return self._descriptions.of(feed, has_ended=has_ended).settings

    def _deltas(self, kept: Sequence[Printed]) -> dict[str, Deltas]:
        """Feeds with new documents whose readers may ask what is new in them."""
        offered = {
            one.edition.feed: self._catalogue.feeds[one.edition.feed].deltas
            for one in kept
            if one.documents
        }
        return {slug: deltas for slug, deltas in offered.items() if deltas is not None}

    def _set(
        self,
        tx: Transaction,
        pool: ThreadPoolExecutor,
        claimed: ClaimedFeed,
        held: Versions,
        loose: int,
    ) -> Galley:
        feed = self._catalogue.feeds[claimed.slug]
        page = self._typesetter.page(tx, feed)
        past = self._past(tx, feed, page, loose=loose, last=claimed.archives)
        finishing = {}
        for feed_format in Format:
            head = self._head(feed, feed_format, claimed.masthead, page, past)
            entries = self._entries(head, feed_format, page)
            before = held.get((feed.slug, feed_format))
            head, frame, sheet = self._laid_out(head, feed_format, entries, before)
            work = partial(self._finished, frame, sheet, head, before)
            is_much = self._bindery.unknown_bytes(sheet) >= FEW_BYTES
            finishing[feed_format] = pool.submit(work) if is_much else _done(work)
            self._renew_claims(tx)
        return Galley(claimed=claimed, page=page, past=past, finishing=finishing)

    def _finish(self, galley: Galley, held: Versions, now: datetime) -> Printed:
        feed = self._catalogue.feeds[galley.claimed.slug]
        number = galley.claimed.edition + 1
        finished = {f: self._awaited(finishing) for f, finishing in galley.finishing.items()}
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
            number=number if documents else galley.claimed.edition,
            changed=tuple(document.format for document in documents),
            entries=len(galley.page.lines),
            set_aside=galley.page.set_aside,
        )
        return Printed(
            claimed=galley.claimed,
            edition=edition,
            documents=documents,
            closings=galley.past.closings,
        )

    def _awaited(self, finishing: Future[Finished]) -> Finished:
        while not finishing.done():
            # `concurrent.futures.wait` takes longer than most of these take.
            with suppress(TimeoutError):
                return finishing.result(LOOK_AT_CLAIMS_EVERY_S)
            self._renew_claims()
        return finishing.result()

    def _past(self, tx: Transaction, feed: Feed, page: Page, *, loose: int, last: int) -> Past:
        hidden = loose - page.loose
        closings = (
            archiving.due(
                tx.archives.loose(feed.slug),
                {line.release_id for line in page.lines},
                last=last,
                max_bytes=feed.window.bytes,
            )
            if hidden
            else []
        )
        return Past(last + len(closings), closings, hidden)

    def _head(
        self, feed: Feed, feed_format: Format, masthead: Masthead, page: Page, past: Past
    ) -> FeedHead:
        is_complete = past.archives == past.hidden == 0 and page.is_whole(feed_format)
        return FeedHead(
            id=masthead.id,
            feed=feed,
            updated=whole_second(masthead.changed_at),
            links=self._links(feed, feed_format, past),
            # By the last change and not by the clock: the same rows give the same bytes.
            is_expired=feed.has_ended(masthead.changed_at),
            history=History.COMPLETE if is_complete else History.PARTIAL,
        )

    def _entries(self, head: FeedHead, feed_format: Format, page: Page) -> list[Fragment]:
        entries = page.fragments(feed_format)
        if not head.is_expired:
            return entries
        site = self._catalogue.site
        last = farewell(head.feed, site, feed_id=head.id)
        body = render.render_fragment(last, feed_format, site)
        return [Fragment(fingerprint=render.digest(body), body=body), *entries]

    def _laid_out(
        self,
        head: FeedHead,
        feed_format: Format,
        entries: Sequence[Fragment],
        before: DocumentVersion | None,
    ) -> tuple[FeedHead, render.Frame, Sheet]:
        """Lay a document out; with the date that *before* says, if nothing else changed in it.

        A feed changes by much that not every document holds: its ``<ttl>`` stands in RSS alone,
        its group in none, and a title of a category in the entries that are filed there. To compare
        what is said covers all of it; a list of what each format holds would have to be kept.
        """
        frame, sheet = _framed(render.frame(head, feed_format, self._catalogue.site), entries)
        # Dates have one length: where the size is another one, something else changed, too.
        if (
            before is not None
            and before.updated not in (None, head.updated)
            and before.size_bytes == sum(map(len, sheet.pieces))
        ):
            same = replace(head, updated=before.updated)
            as_before = _framed(render.frame(same, feed_format, self._catalogue.site), entries)
            if render.digest(as_before[1].document()) == before.digest:
                return (same, *as_before)
        return head, frame, sheet

    def _finished(
        self,
        frame: render.Frame,
        sheet: Sheet,
        head: FeedHead,
        before: DocumentVersion | None,
    ) -> Finished:
        """Digest a document, and compress it if it is another one than *before*."""
        document = sheet.document()
        digest = render.digest(document)
        is_same = before is not None and before.digest == digest
        return Finished(
            digest=digest,
            size_bytes=len(document),
            updated=head.updated,
            layout=_layout(frame, sheet),
            links=head.links,
            gzip=None if is_same else self._bindery.bind(sheet, document),
        )

    def _links(self, feed: Feed, feed_format: Format, past: Past) -> tuple[Link, ...]:
        site = self._catalogue.site
        links = [Link(rel="self", href=site.topic(feed.slug, feed_format))]
        links += [Link(rel="hub", href=hub) for hub in dict.fromkeys(feed.hubs)]
        if past.archives:
            archive = site.archive(feed.slug, past.archives, feed_format)
            links.append(Link(rel="prev-archive", href=archive))
        return tuple(links)


def _claims(
    printed: Sequence[Printed], troubles: Sequence[tuple[ClaimedFeed, Trouble]]
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


def _done(work: Callable[[], Finished]) -> Future[Finished]:
    """What *work* makes, at once."""
    future: Future[Finished] = Future()
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


def _framed(frame: render.Frame, entries: Sequence[Fragment]) -> tuple[render.Frame, Sheet]:
    """The frame as it is around these entries, and all as a sheet."""
    frame, entries = _parted(frame, entries)
    bodies = [entry.body for entry in entries if entry.body is not None]
    return frame, Sheet(pieces=frame.pieces(bodies), entries=entries)


def _layout(frame: render.Frame, sheet: Sheet) -> bytes:
    # A fingerprint tells everything that an entry's bytes are made of.
    cuts = [
        (bytes.fromhex(entry.fingerprint[: 2 * MARK_BYTES]), len(entry.body or b""))
        for entry in sheet.entries
    ]
    return layout.pack(len(frame.head), len(frame.between), cuts)


def _moment(before: DocumentVersion | None, now: datetime) -> datetime:
    """Since when a document is current that replaces *before*.

    Always later than *before*, by a second at least: HTTP dates have no smaller unit, and whoever
    asks by date alone must see a second edition of the same second, or of a clock set back.
    """
    moment = whole_second(now)
    return moment if before is None else max(before.modified_at + timedelta(seconds=1), moment)


def _pause(failures: int) -> timedelta:
    return timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 16)))
