"""Documents in memory, so that a request costs no query while nothing changes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Protocol
from weakref import ref

from feeds.errors import FeedsError, StoreUnavailable
from feeds.model.edition import DocumentVersion, FeedDocument
from feeds.model.feed import Format
from feeds.newsstand import Newsstand
from service.http_rules import Coding
from service.web.change_detector import LOOK_WITHIN_S, ChangeDetector
from service.web.encoded_variants import EncodedVariants
from service.web.replies import Reply

#: A document is some 40 KB in each compressed form, and some 150 KB for those who take none.
DEFAULT_MEGABYTES = 64

#: Answers that are remembered with a document: pollers ask alike, and what is asked once in a
#: while is decided anew.
MAX_ANSWERS = 64
#: What one of them takes beside the document's bytes, with the request that it is found by.
ANSWER_BYTES = 4096
#: And what a document takes.
FRAME_BYTES = 4096

#: Locks for those who fetch. Two documents that share one wait for each other, which costs a
#: little; one for each document ever asked for would have to be thrown out again.
_LOCKS = 64

_Key = tuple[str, Format]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was known of the store's changes before it was asked for something."""

    generation: int | None  #: of the watch
    at: float  #: by the watch's clock
    retractions: int  #: of the watch


class BackgroundLookup(Protocol):
    """Other threads, for those who must not wait. Neither kind of work waits for the other."""

    def check_store(self, work: Callable[[], None], /) -> None:
        """Have a look made at the store."""

    def fetch(self, work: Callable[[], None], /) -> None:
        """Have a document fetched."""


class CachedDocument:
    """A document on the shelf, with all that was made of it. It goes as a whole."""

    def __init__(
        self, document: FeedDocument, grow: "Callable[[CachedDocument, int], None]"
    ) -> None:
        self.document = document
        self.version = _version_of(document)
        self.generation: int | None = None  #: of the watch, at which it was seen to be current
        self.current_at = float("-inf")  #: when that was, by the watch's clock
        self.succeeded_at: int | None = None  #: at which what comes after it was asked for
        self.size_bytes = len(document.gzip) + FRAME_BYTES
        # Weakly: in a ring of references it would stay, when it is thrown out, until Python looks
        # for rings, and that is once in some hundred documents.
        this = ref(self)

        def note(size: int) -> None:
            copy = this()
            if copy is not None:
                grow(copy, size)

        self.forms = EncodedVariants(document.gzip, Coding.GZIP, on_made=note)
        self.answers: dict[Hashable, Reply] = {}  #: to be looked up; see ``DocumentCache.remember``
        self._dated_s = document.modified_at.timestamp()

    def is_dated_ahead(self) -> bool:
        """True while its date is later than that of an answer: what is made of it waits for that.

        The application dates each such answer by itself (``answers.harden``).
        """
        return self._dated_s > time.time()


class DocumentCache:
    """The latest document of each feed and format, the least recently asked for thrown out first.

    Safe to use from many threads. Bounded by bytes, with all forms of a document counted. However
    many ask at once for a document that is not here, it comes from the store once.
    """

    def __init__(
        self,
        *,
        max_bytes: int = DEFAULT_MEGABYTES * 1024 * 1024,
        watch: ChangeDetector | None = None,
    ) -> None:
        """Make an empty shelf.

        Args:
            max_bytes: What all documents may take together.
            watch: Tells when the store may have changed; without it, it is asked at each fetch.
        """
        self._max_bytes = max_bytes
        self._watch = watch
        self._held_bytes = 0
        self._copies: OrderedDict[_Key, CachedDocument] = OrderedDict()
        self._lock = Lock()
        self._fetching = [Lock() for _ in range(_LOCKS)]

    @property
    def held_bytes(self) -> int:
        """What is held now."""
        return self._held_bytes

    def fetch(self, newsstand: Newsstand, slug: str, feed_format: Format) -> CachedDocument | None:
        """Return the current document of a feed, from the store only when it is new to us.

        Returns:
            None while the feed has no edition.

        Raises:
            FeedNotFound: No feed has this slug.
            StoreUnavailable: The store cannot be asked.
        """
        key = (slug, feed_format)
        copy, _ = self._known_current(key)
        if copy is not None:
            return copy
        held = self._take(key)
        lock = self._fetching[hash(key) % _LOCKS]
        if held is None or self._watch is None:
            with lock:
                return self._fetch(newsstand, key)
        # There is something to answer with: nobody waits for a store that is away.
        if self._watch.is_away:
            return held
        if not lock.acquire(timeout=LOOK_WITHIN_S):
            self._watch.mark_unreachable("no answer")
            return held
        try:
            return self._fetch(newsstand, key)
        except StoreUnavailable as error:
            self._watch.mark_unreachable(str(error))
            return held
        finally:
            lock.release()

    def _fetch(self, newsstand: Newsstand, key: _Key) -> CachedDocument | None:
        copy, generation = self._known_current(key)  # whoever was first may have fetched it
        if copy is None:
            asked_at = 0.0 if self._watch is None else self._watch.now()
            copy = self._ask(newsstand, key)
            if copy is not None:
                copy.generation, copy.current_at = generation, asked_at
        return copy

    @property
    def is_away(self) -> bool:
        """True while the store does not answer, and documents are those that it had last."""
        return self._watch is not None and self._watch.is_away

    @property
    def is_unreachable(self) -> bool:
        """True while it is away and elsewhere: who asked it might wait for long."""
        return self._watch is not None and self._watch.is_away and not self._watch.is_local

    def age_s(self, copy: CachedDocument) -> int | None:
        """Return how long ago *copy* was known to be current; None while the store answers."""
        return None if self._watch is None else self._watch.age_s(copy.generation, copy.current_at)

    @property
    def is_remote(self) -> bool:
        """True when the store is elsewhere, and may fall silent."""
        return self._watch is not None and not self._watch.is_local

    @property
    def away_s(self) -> float | None:
        """For how long the store does not answer; None while it does."""
        return None if self._watch is None else self._watch.away_s

    def age_of(self, read: Moment) -> int | None:
        """Return how long ago what was read then was current; None while the store answers."""
        return None if self._watch is None else self._watch.age_s(read.generation, read.at)

    def outdated_s(self, read: Moment) -> float:
        """Return how long the store has answered since then; see `ChangeDetector.outdated_s`."""
        return 0.0 if self._watch is None else self._watch.outdated_s(read.generation, read.at)

    @property
    def retractions(self) -> int:
        """Another number when a release was retracted or restored, as far as is known."""
        return 0 if self._watch is None else self._watch.retractions

    def moment(self) -> Moment:
        """Return what is known before the store is asked for something."""
        if self._watch is None:
            return Moment(generation=None, at=0.0, retractions=0)
        at = self._watch.now()
        # Read after the look, and before the store is: what is retracted later changes it.
        generation = self._watch.version()
        return Moment(generation=generation, at=at, retractions=self._watch.retractions)

    def check_store(self) -> None:
        """Have it seen whether the store answers, if that was not seen a moment ago."""
        if self._watch is not None:
            self._watch.version()

    def look_aside(self, aside: BackgroundLookup) -> None:
        """The same, without waiting for it."""
        if self._watch is not None:
            self._watch.known(aside.check_store)

    def holds(self, slug: str) -> bool:
        """True when there is a document of this feed at hand."""
        with self._lock:
            return any((slug, each) in self._copies for each in Format)

    def peek(
        self, newsstand: Newsstand, slug: str, feed_format: Format, aside: BackgroundLookup
    ) -> CachedDocument | None:
        """Return a feed's document if it may be trusted still, without waiting for the store.

        A document that may have been replaced is fetched aside while its lease lasts: so nobody
        waits for an edition, and still no answer is older than the lease.

        Returns:
            None when it takes a question to say; `fetch` asks it.
        """
        trusted = None if self._watch is None else self._watch.known(aside.check_store)
        if trusted is None:
            return self._take((slug, feed_format)) if self.is_away else None
        copy = self._take((slug, feed_format))
        if copy is None or copy.generation not in trusted:
            return None
        newest = trusted[-1]
        if copy.generation != newest and copy.succeeded_at != newest:
            copy.succeeded_at = newest
            aside.fetch(partial(self._succeed, copy, newsstand))
        return copy

    def _succeed(self, copy: CachedDocument, newsstand: Newsstand) -> None:
        """Fetch what has come after *copy*, in all forms that were asked for."""
        try:
            now = self.fetch(newsstand, copy.document.feed, copy.document.format)
        except FeedsError:
            return  # who asks when the lease is over will meet it, and there are words for it
        if now is not None and now is not copy:
            for coding in copy.forms.made:
                now.forms.get(coding)

    def remember(self, copy: CachedDocument, asked: Hashable, answer: Reply) -> None:
        """Keep an answer with its document, for whoever asks the same."""
        with self._lock:
            # When there are too many, all go: those that are asked for come again at once, and
            # nobody can fill the room for good with what is asked once.
            excess = len(copy.answers) if len(copy.answers) >= MAX_ANSWERS else 0
            if excess:
                copy.answers.clear()
            added = asked not in copy.answers
            copy.answers[asked] = answer
            self._count(copy, (added - excess) * ANSWER_BYTES)

    def _known_current(self, key: _Key) -> tuple[CachedDocument | None, int | None]:
        """The copy that needs no question, and the watch's number *before* one is asked."""
        generation = None if self._watch is None else self._watch.version()
        copy = self._take(key)
        if copy is None or generation is None or copy.generation != generation:
            return None, generation
        return copy, generation

    def _ask(self, newsstand: Newsstand, key: _Key) -> CachedDocument | None:
        version = newsstand.version(*key)
        if version is None:
            return None
        copy = self._take(key)
        if copy is not None and copy.version == version:
            return copy
        document = newsstand.document(*key)
        return None if document is None else self._put(key, CachedDocument(document, self._grow))

    def _take(self, key: _Key) -> CachedDocument | None:
        with self._lock:
            copy = self._copies.get(key)
            if copy is not None:
                self._copies.move_to_end(key)
            return copy

    def _put(self, key: _Key, copy: CachedDocument) -> CachedDocument:
        with self._lock:
            before = self._copies.pop(key, None)
            self._held_bytes += copy.size_bytes - (before.size_bytes if before else 0)
            self._copies[key] = copy
            self._make_room()
        return copy

    def _grow(self, copy: CachedDocument, size: int) -> None:
        with self._lock:
            self._count(copy, size)

    def _count(self, copy: CachedDocument, size: int) -> None:
        # What left the shelf is in the hands of the last that asked for it, and then gone.
        if self._copies.get((copy.document.feed, copy.document.format)) is copy:
            copy.size_bytes += size
            self._held_bytes += size
            self._make_room()

    def _make_room(self) -> None:
        while self._held_bytes > self._max_bytes:
            _, oldest = self._copies.popitem(last=False)
            self._held_bytes -= oldest.size_bytes


def _version_of(document: FeedDocument) -> DocumentVersion:
    """Tell documents apart by more than their digest.

    A feed may come back to bytes that it had before; they are then modified later than the first
    time.
    """
    return DocumentVersion(
        edition=document.edition,
        digest=document.digest,
        modified_at=document.modified_at,
        size_bytes=document.size_bytes,
        updated=document.updated,
    )
