"""What one release costs: from the document as it was read to nine documents ready to be sent.

Ours: a document in three categories is taken in (`Newsroom.take_in`) and the feeds of the three
are regenerated (`Newsstand.regenerate`): nine documents, compressed, and committed to an SQLite
file on the disk with the settings that the service has.

The peer rebuilds the same nine documents from releases that it has in memory, with plain feedgen
and zlib, and stores nothing.

The feed of everything becomes stale too. Neither side writes it in the time that counts: the
promise is about three feeds, and twelve documents against twelve would flatter us, because the
intake is spread over more of them.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from bench import plain_feedgen
from bench.figure import Figure, tell
from bench.office import OPENING, Office, catalogue, open_office
from bench.plain_feedgen import Order
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import press_office
from feeds.model.feed import Format, Window
from feeds.model.intake import IntakeVerdict
from feeds.model.release import Draft, ReleaseId

CATEGORIES = ("economy", "justice", "science")

#: Some 25 real releases fill the bytes: a document as large as one should be.
WINDOW = Window(entries=50, days=2, bytes=250_000)

#: Releases in each feed before the first round: more than its window holds.
RELEASES_A_FEED = 60

#: Releases that each feed gets for itself before a round: the three windows differ in most.
OWN_RELEASES_A_ROUND = 3

ROUNDS = 25

#: Between two intakes. It keeps what changed in ``WINDOW.days`` to less than ``WINDOW.entries``.
PACE = timedelta(hours=2)


class Contest:
    """The turns of both sides. A turn of the peer repeats what our last one did."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._write = press_office()
        self._moments = (OPENING + number * PACE for number in count(1))

    def fill(self, releases_a_feed: int) -> datetime:
        """Give each feed releases of its own and publish them. Returns the moment."""
        now = OPENING
        for _ in range(releases_a_feed):
            now = next(self._moments)
            own = [self._written(slug, now=now) for slug in CATEGORIES]
            self._office.take_in(own, IntakeVerdict.NEW, now=now)
        self._office.publish_all(now=now)
        return now

    def _written(self, *names: str, now: datetime) -> Draft:
        """The next sample, published now: so it stands above all others, as news does."""
        draft = self._write(*names)
        return replace(draft, content=replace(draft.content, published=now))

    def ours(self) -> float:
        """Take in one release in all three categories, and publish them. Milliseconds."""
        self.fill(OWN_RELEASES_A_ROUND)
        now = next(self._moments)
        draft = self._written(*CATEGORIES, now=now)

        def take_in_and_publish() -> None:
            self._office.take_in([draft], IntakeVerdict.NEW, now=now)
            self._office.publish(CATEGORIES, now=now)

        return timed_ms(take_in_and_publish)

    def peer(self) -> float:
        """Rebuild the same documents. Milliseconds."""
        described = self._office.catalogue
        orders = [self._order(slug) for slug in CATEGORIES]
        return timed_ms(lambda: [plain_feedgen.documents(order, described) for order in orders])

    def tell_sizes(self) -> None:
        """Say what the documents are like."""
        for feed_format in Format:
            sizes = [len(self._office.document(slug, feed_format)) for slug in CATEGORIES]
            tell(f"{feed_format.label}: " + ", ".join(f"{size} bytes" for size in sizes))
        entries = [len(self._order(slug).releases) for slug in CATEGORIES]
        tell("entries: " + ", ".join(map(str, entries)))

    def _order(self, slug: str) -> Order:
        json_feed = json.loads(self._office.document(slug, Format.JSON))
        ids = [ReleaseId(item["id"]) for item in json_feed["items"]]
        with self._office.database.read() as tx:
            releases = tx.releases.by_ids(ids)
        return Order(
            feed=self._office.catalogue.feeds[slug],
            releases=[releases[release_id] for release_id in ids],
            json_head={name: said for name, said in json_feed.items() if name != "items"},
        )


def measure(scale: float) -> float:
    """Ours over the peer's."""
    with open_office(catalogue(CATEGORIES, WINDOW)) as office:
        contest = Contest(office)
        contest.fill(max(1, round(RELEASES_A_FEED * scale)))
        turns = {"ours": contest.ours, "peer": contest.peer}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
        contest.tell_sizes()
    tell(f"ours {medians['ours']:.2f} ms, plain feedgen and zlib {medians['peer']:.2f} ms")
    return medians.over("ours", "peer")


FIGURE = Figure(name="publish_cost", bound=0.15, measure=measure)
