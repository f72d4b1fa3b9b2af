"""The press: from releases to fragments, from fragments to documents, from those to an edition."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from feeds import render
from feeds.categories import Catalogue
from feeds.model.edition import DocumentVersion, Edition, FeedDocument, FeedHead, Trouble
from feeds.model.feed import Feed, Format, Link
from feeds.model.text import whole_second
from feeds.newsstand.farewells import farewell
from feeds.newsstand.pages import Page, Typesetter
from feeds.newsstand.type_case import TypeCase
from feeds.store.database import Database, Transaction
from feeds.store.feeds import ClaimedFeed, Masthead

P = ParamSpec("P")
Made = TypeVar("Made")
Versions = Mapping[tuple[str, Format], DocumentVersion]

#: A worker that died holds a feed no longer than this. Regenerating one takes milliseconds.
CLAIM = timedelta(seconds=30)

#: Feeds regenerated in one go: their documents are in memory together, and stored together.
FEEDS_A_RUN = 16

#: So long after a run begins, its editions are stored and every web worker shows them: a worker
#: looks for new ones well within that time (``service.web.watch``). Only then are hubs told.
SPREAD = timedelta(milliseconds=250)

#: Pauses after failures in a row: 2, 4, 8 … seconds, up to ten minutes.
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 600


#: Threads that digest and compress: the library lets go of the interpreter's lock meanwhile.
FINISHERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A document's bytes, ready to be stored."""

    body: bytes
    digest: str
    gzip: bytes | None  #: None when the bytes are those of the document before


@dataclass(frozen=True, slots=True, kw_only=True)
class Galley:
    """A feed whose pages are set, while its documents are being finished."""

    claimed: ClaimedFeed
    page: Page
    finishing: dict[Format, Future[Finished]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A new edition that is made and not stored yet."""

    claimed: ClaimedFeed
    edition: Edition
    documents: list[FeedDocument]


class Press:
    """Makes editions. One object for one run."""

    def __init__(self, database: Database, catalogue: Catalogue, case: TypeCase) -> None:
        self._database = database
        self._catalogue = catalogue
        self._typesetter = Typesetter(catalogue, case)

    def regenerate(
        self, slugs: Sequence[str], *, now: datetime, worker: str
    ) -> list[Edition | Trouble]:
        """Make and store the next editions of those of *slugs* that are stale and free.

        A document whose bytes are as before keeps its version: no new validator, no ping. A
        feed that fails, for whatever reason, keeps its last good edition and is tried again
        after a pause; the others are not concerned.

        Args:
            slugs: Feeds; those that are current, or that another worker has, are passed over.
            now: When the new bytes become the feeds'.
            worker: Name of the caller, by which its claims are told from others'.
        """
        outcomes: list[Edition | Trouble] = []
        for start in range(0, len(slugs), FEEDS_A_RUN):
            outcomes += self._run(slugs[start : start + FEEDS_A_RUN], now, worker)
        return outcomes

    def proof(self, slug: str, feed_format: Format) -> bytes:
        """The document as the next edition would have it, uncompressed; nothing is stored."""
        feed = self._catalogue.feeds[slug]
        with self._database.read() as tx:
            page = self._typesetter.page(tx, feed)
            masthead = tx.feeds.masthead(slug)
        return self._assemble(feed, feed_format, page, masthead)

    def _run(self, slugs: Sequence[str], now: datetime, worker: str) -> list[Edition | Trouble]:
        # A feed that ended a moment ago may still be named by a caller that has not heard of it.
        known = [slug for slug in slugs if slug in self._catalogue.feeds]
        with self._database.unsynced() as tx:
            claims = tx.feeds.claim(known, worker=worker, now=now, until=now + CLAIM)
        printed: list[Printed] = []
        troubles: list[tuple[ClaimedFeed, Trouble]] = []
        for claimed, outcome in self._print(claims, now):
            if isinstance(outcome, Printed):
                printed.append(outcome)
            else:
                retry_at = now + _pause(claimed.failures)
                trouble = Trouble(feed=claimed.slug, error=outcome, retry_at=retry_at)
                troubles.append((claimed, trouble))
        return self._store(printed, troubles, now, worker)

    def _print(
        self, claims: Sequence[ClaimedFeed], now: datetime
    ) -> list[tuple[ClaimedFeed, Printed | Exception]]:
        """Make each feed's edition, or say why there is none.

        While threads compress the documents of one feed, the pages of the next are set.
        """
        feeds = [self._catalogue.feeds[claimed.slug] for claimed in claims]
        with ThreadPoolExecutor(FINISHERS) as pool, self._database.read() as tx:
            held = tx.documents.versions([feed.slug for feed in feeds])
            # Should it fail, each page is looked up by itself below, and fails by itself.
            _attempt(self._typesetter.prepare, tx, feeds)
            galleys = [_attempt(self._set, tx, pool, claimed, held) for claimed in claims]
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
        now: datetime,
        worker: str,
    ) -> list[Edition | Trouble]:
        stored: list[Edition | Trouble] = []
        with self._database.unsynced() as tx:
            tx.fragments.put(self._typesetter.take_made(), now=now)
            kept = [
                one
                for one in printed
                # A claim that ran out went to another worker, and its edition counts.
                if tx.feeds.settle(one.claimed, worker=worker, edition=one.edition.number)
            ]
            tx.documents.put([document for one in kept for document in one.documents])
            changed = [one.edition.feed for one in kept if one.documents]
            tx.pings.hold(changed, until=now + SPREAD)
            stored += [one.edition for one in kept]
            for claimed, trouble in troubles:
                reason = f"{type(trouble.error).__name__}: {trouble.error}"
                tx.feeds.fail(claimed, worker=worker, trouble=reason, until=trouble.retry_at)
                stored.append(trouble)
        return stored

    def _set(
        self, tx: Transaction, pool: ThreadPoolExecutor, claimed: ClaimedFeed, held: Versions
    ) -> Galley:
        feed = self._catalogue.feeds[claimed.slug]
        page = self._typesetter.page(tx, feed)
        finishing = {}
        for feed_format in Format:
            body = self._assemble(feed, feed_format, page, claimed.masthead)
            before = held.get((feed.slug, feed_format))
            finishing[feed_format] = pool.submit(_finished, body, before)
        return Galley(claimed=claimed, page=page, finishing=finishing)

    def _finish(self, galley: Galley, held: Versions, now: datetime) -> Printed:
        feed = self._catalogue.feeds[galley.claimed.slug]
        number = galley.claimed.edition + 1
        finished = {f: finishing.result() for f, finishing in galley.finishing.items()}
        documents = [
            FeedDocument(
                feed=feed.slug,
                format=feed_format,
                edition=number,
                digest=one.digest,
                modified_at=_moment(held.get((feed.slug, feed_format)), now),
                links=self._links(feed, feed_format),
                size_bytes=len(one.body),
                gzip=one.gzip,
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
        return Printed(claimed=galley.claimed, edition=edition, documents=documents)

    def _assemble(self, feed: Feed, feed_format: Format, page: Page, masthead: Masthead) -> bytes:
        site = self._catalogue.site
        head = FeedHead(
            id=masthead.id,
            feed=feed,
            updated=whole_second(masthead.changed_at),
            links=self._links(feed, feed_format),
            # By the last change and not by the clock: the same rows give the same bytes.
            is_expired=feed.has_ended(masthead.changed_at),
        )
        fragments = page.fragments(feed_format)
        if head.is_expired:
            last = farewell(feed, site, feed_id=masthead.id)
            fragments = [render.render_fragment(last, feed_format, site), *fragments]
        return render.assemble(head, feed_format, site, fragments)

    def _links(self, feed: Feed, feed_format: Format) -> tuple[Link, ...]:
        topic = self._catalogue.site.topic(feed.slug, feed_format)
        hubs = (Link(rel="hub", href=hub) for hub in dict.fromkeys(feed.hubs))
        return (Link(rel="self", href=topic), *hubs)


def _attempt(make: Callable[P, Made], *args: P.args, **kwargs: P.kwargs) -> Made | Exception:
    """What *make* makes; or what it raises, bugs of ours too.

    The other feeds go on, this one keeps its last good edition, and the caller is told.
    """
    try:
        return make(*args, **kwargs)
    except Exception as error:
        return error


def _finished(body: bytes, before: DocumentVersion | None) -> Finished:
    """Digest a document, and compress it if it is another one than *before*."""
    digest = render.digest(body)
    is_same = before is not None and before.digest == digest
    return Finished(body=body, digest=digest, gzip=None if is_same else render.compress(body))


def _moment(before: DocumentVersion | None, now: datetime) -> datetime:
    """Since when a document is current that replaces *before*.

    Always later than *before*, by a second at least: HTTP dates have no smaller unit, and whoever
    asks by date alone must see a second edition of the same second, or of a clock set back.
    """
    moment = whole_second(now)
    return moment if before is None else max(before.modified_at + timedelta(seconds=1), moment)


def _pause(failures: int) -> timedelta:
    return timedelta(seconds=min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 16)))
