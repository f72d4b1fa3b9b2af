"""Fetches a feed and its history, page by page, as the items of an import."""

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from email.message import Message
from hashlib import sha256
from io import BytesIO
from itertools import chain
from urllib.parse import urljoin

from feeds.errors import NotAFeed
from feeds.imports.feed import read_feed
from feeds.imports.history import HistoryWalk
from feeds.imports.items import Item, SourceHead
from feeds.imports.reading import ReadFeed
from service.errors import ServiceError
from service.http_rules import asked_pause
from service.outbound import HttpClient, HttpResponse, OutboundFailed
from service.store_clock import machine_clock

#: The largest document of a feed that is read.
MAX_FEED_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 5
#: Between two documents of one server.
PAUSE_S = 0.5
#: A server that is busy is asked once more, after the time that it asks for, or this one.
USUAL_WAIT_S, LONGEST_WAIT_S = 10.0, 120.0
_BUSY = (429, 503)
_GONE = (404, 410)


class FeedUnavailable(ServiceError):
    """A document of a feed could not be had, or is no feed."""

    def __init__(self, url: str, reason: str, remedy: str, /) -> None:
        super().__init__(f"{url}: {reason}: {remedy}")
        self.url = url


@dataclass(frozen=True, slots=True)
class _Fetched:
    url: str  #: behind all redirects
    status: int
    data: bytes
    charset: str | None


class FeedHistory:
    """A feed, fetched as far as its items are asked for."""

    def __init__(
        self,
        client: HttpClient,
        url: str,
        *,
        only_this: bool,
        zone: tzinfo,
        max_bytes: int = MAX_FEED_BYTES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Fetches the first document.

        Args:
            client: Asks the server.
            url: Address of the feed.
            only_this: Whether the first document is all.
            zone: Zone of dates without one.
            max_bytes: Of a document.
            sleep: Waits between documents, in seconds.

        Raises:
            FeedUnavailable: The first document could not be had, or is no feed.
        """
        self._client = client
        self._zone = zone
        self._max_bytes = max_bytes
        self._sleep = sleep
        fetched = self._fetch(url)
        if fetched.status != 200:
            raise FeedUnavailable(
                url, f"its server answers {fetched.status}", "look at the address in a browser"
            )
        self._walk = HistoryWalk(fetched.url, only_this=only_this)
        self._warnings: list[str] = []
        feed = self._read(fetched)
        self.head: SourceHead = feed.head
        #: of the first document: a run that was cut off goes on only while that is the same
        self.digest = sha256(fetched.data).hexdigest()
        self._first = self._take(feed)

    @property
    def pages(self) -> int:
        """How many documents were read so far."""
        return self._walk.pages

    @property
    def ended(self) -> str:
        """Why there are no more documents; "" before that is known."""
        return self._walk.ended

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed or mended in whole documents."""
        return tuple(dict.fromkeys(self._warnings))

    def items(self) -> Iterator[Item]:
        """Yields the items, newest document first. To be called once.

        Raises:
            FeedUnavailable: An older document could not be had. Those before it are complete.
        """
        return chain(self._first, self._older())

    def _older(self) -> Iterator[Item]:
        while (url := self._walk.next_url) is not None:
            self._sleep(PAUSE_S)
            fetched = self._fetch(url)
            if fetched.status == 200:
                yield from self._take(self._read(fetched))
            elif fetched.status in _GONE or (fetched.status == 400 and "paged=" in url):
                # WordPress answers 404 behind the last page, and some themes 400.
                self._walk.not_there(fetched.status)
            else:
                raise FeedUnavailable(
                    url, f"its server answers {fetched.status}", "start the import again later"
                )

    def _take(self, feed: ReadFeed) -> list[Item]:
        self._warnings += feed.warnings
        return self._walk.read(feed)

    def _read(self, fetched: _Fetched) -> ReadFeed:
        try:
            return read_feed(
                fetched.data, url=fetched.url, charset=fetched.charset, zone=self._zone
            )
        except NotAFeed as fault:
            raise FeedUnavailable(fetched.url, fault.reason, fault.remedy) from fault

    # Requests.

    def _fetch(self, url: str) -> _Fetched:
        try:
            fetched, answer = self._follow(url)
            if answer.status in _BUSY:
                asked = asked_pause(answer.headers.get("retry-after"), now=machine_clock())
                wait_s = USUAL_WAIT_S if asked is None else asked.total_seconds()
                self._sleep(min(wait_s, LONGEST_WAIT_S))
                fetched, answer = self._follow(url)
        except OutboundFailed as error:
            remedy = "look at the address" if error.permanent else "start the import again later"
            raise FeedUnavailable(url, error.reason, remedy) from error
        return fetched

    def _follow(self, url: str) -> tuple[_Fetched, HttpResponse]:
        for _ in range(MAX_REDIRECTS + 1):
            body = BytesIO()
            answer = self._client.download(url, body, max_bytes=self._max_bytes)
            location = answer.headers.get("location")
            if not 300 <= answer.status < 400 or location is None:
                data = self._decoded(url, body.getvalue())
                return _Fetched(url, answer.status, data, _charset(answer)), answer
            url = urljoin(url, location)
        raise FeedUnavailable(url, f"more than {MAX_REDIRECTS} redirects", "give the last address")

    def _decoded(self, url: str, data: bytes) -> bytes:
        """Returns the body without gzip, which some servers send although nobody asked for it."""
        if not data.startswith(b"\x1f\x8b"):
            return data
        reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            plain = reader.decompress(data, self._max_bytes)
        except zlib.error as error:
            raise FeedUnavailable(url, f"its gzip is broken ({error})", "try later") from error
        if reader.unconsumed_tail:
            raise FeedUnavailable(
                url, f"it has more than {self._max_bytes} bytes", "save it as a file and split it"
            )
        return plain


def _charset(answer: HttpResponse) -> str | None:
    message = Message()
    message["content-type"] = answer.headers.get("content-type", "")
    return message.get_content_charset()
