"""A newsroom with a hub of its own, and subscribers: what is fanned out, to whom, and by what."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from bench.figure import Unmeasurable
from bench.installed import Installed, installed
from bench.samples import press_office
from bench.sink import NETWORK, Sink
from bench.subscribers import FORMAT, Subscribers
from feeds.model.intake import Intake
from service.processes.hub import COLLECT_AFTER, SWITCH_EVERY_S
from service.websub.hub.protocols import TopicContent
from service.wiring import deliveries, worker_name


@dataclass(frozen=True, slots=True)
class DocumentSize:
    """How much a document holds."""

    entries: int
    #: Releases come so far apart: fewer than that in the two days that a window holds in any case.
    pace: timedelta


#: The largest that there is: fifty of the real releases, as they come, just fit into it.
LARGE = DocumentSize(50, timedelta(hours=1))
MAX_BYTES = 512_000

#: 20 KB.
SMALL = DocumentSize(3, timedelta(days=1))

#: In paces.
BEGUN_BEFORE = 720


class Hub:
    """A newsroom whose feeds have full documents, and the subscribers of them."""

    def __init__(self, newsroom: Installed, sink: Sink, size: DocumentSize) -> None:
        self.newsroom = newsroom
        self.subscribers = Subscribers(newsroom.rooms.database, sink)
        self._entries = size.entries
        # The same ones again and again, in turns: all documents are equally long.
        self._write = press_office(size.entries)
        begun = datetime.now(UTC) - BEGUN_BEFORE * size.pace
        self._moments = (begun + number * size.pace for number in count())

    def publish(self, *feeds: str, releases: int = 1) -> list[TopicContent]:
        """So many releases more in these feeds; says what their subscribers are to get."""
        rooms = self.newsroom.rooms
        for _ in range(releases):
            now = next(self._moments)
            [outcome] = rooms.newsroom.take_in([self._write(*feeds)], now=now)
            if not isinstance(outcome, Intake):
                raise Unmeasurable(f"a release was refused: {outcome}")
        rooms.newsstand.regenerate(feeds, now=now, worker="bench")
        return [self._content(feed) for feed in feeds]

    def distribute(self, content: TopicContent) -> None:
        """From the moment that an edition is owed until the last result is stored."""
        self.subscribers.owe(content.feed, edition=content.edition)
        deliveries(self.newsroom.rooms, worker=worker_name()).run_until_idle()

    def _content(self, feed: str) -> TopicContent:
        document = self.newsroom.rooms.newsstand.document(feed, FORMAT)
        if document is None:
            raise Unmeasurable(f"{feed} has no edition")
        content = TopicContent.of(document)
        if content.body.count(b"<entry") != self._entries:
            raise Unmeasurable(f"{feed} has {content.body.count(b'<entry')} entries")
        return content


@contextmanager
def open_hub(
    feeds: Sequence[str],
    sink: Sink,
    *,
    filled: Sequence[str] = (),
    size: DocumentSize = LARGE,
    store_url: str | None = None,
) -> Iterator[Hub]:
    """A hub as it ships, but for what it is allowed: the sink is no public place.

    Args:
        feeds: Their slugs.
        sink: Where all subscribers are.
        filled: Those of them that have a document; all if none is named.
        size: Of each document.
        store_url: An empty database on a server.
    """
    window = {"entries": size.entries, "bytes": MAX_BYTES}
    with installed(
        feeds,
        outbound={"allow_networks": [NETWORK]},
        feeds={"window": window},
        store={"url": store_url} if store_url else {},
    ) as newsroom:
        newsroom.rooms.newsroom.apply_catalogue(now=datetime.now(UTC))
        hub = Hub(newsroom, sink, size)
        hub.publish(*(filled or feeds), releases=size.entries)
        yield hub


@contextmanager
def as_in_the_hub_process() -> Iterator[None]:
    """What that process sets for its threads, and for its garbage."""
    before, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_EVERY_S)
    gc.set_threshold(COLLECT_AFTER)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
        gc.set_threshold(*thresholds)
