"""What the hot question costs in a large store: which releases are in this feed's window?

The same question is put to a store of 1,000,000 releases in 1,000 categories and to one of 10,000
in 10. A category has 1,000 releases in both, one every six hours, so the answers are equally long
and only the store differs. Each turn asks for several feeds, others each time: a large store's
index does not fit into SQLite's cache as a whole, and that is to be seen.

What the answer costs without the index (join, sort, cut) is measured beside it, for comparison.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import Select, select

from bench.crowd import Crowd
from bench.figure import Figure, tell
from bench.rounds import medians_ms, rounds_at, timed_ms
from feeds.model.feed import ALL, Window
from feeds.store import migrate
from feeds.store.database import Database, Transaction
from feeds.store.schema import filings, releases

LARGE = Crowd(releases=1_000_000, categories=1_000)
SMALL = Crowd(releases=10_000, categories=10)

#: As a configuration has it by default. Its 20 entries reach further back than its two days.
WINDOW = Window()

#: Feeds asked for in one turn: one answer takes less time than a busy machine's hiccup.
FEEDS_A_TURN = 20

ROUNDS = 101


class Reader:
    """Asks one store for its feeds' windows, in an order of chance that is always the same."""

    def __init__(self, tx: Transaction, crowd: Crowd) -> None:
        self._tx = tx
        slugs = crowd.slugs
        Random(len(slugs)).shuffle(slugs)
        self._slugs = cycle(slugs)

    def by_window(self) -> float:
        """Ask as the press does. Milliseconds for one feed."""
        slugs = list(islice(self._slugs, FEEDS_A_TURN))
        return _ms_for_each(slugs, lambda slug: self._tx.feed_entries.window(slug, WINDOW))

    def by_join(self, slug: str | None = None) -> float:
        """Ask the releases themselves, and sort them. Milliseconds for one feed."""
        slugs = [slug or next(self._slugs)]
        return _ms_for_each(slugs, lambda one: self._tx.connection.execute(_join_and_sort(one)))


def measure(scale: float) -> float:
    """The large store's time over the small one's."""
    large, small = _scaled(LARGE, scale), _scaled(SMALL, scale)
    with _filled(large) as in_large, _filled(small) as in_small:
        turns = {"large": in_large.by_window, "small": in_small.by_window}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
        for name in medians:
            tell(f"{name} store: {medians[name]:.3f} ms a window")
        peers = {"category": in_large.by_join, "everything": lambda: in_large.by_join(ALL)}
        joined = medians_ms(peers, rounds=3)
        tell(
            f"large store, joined and sorted: {joined['category']:.1f} ms for a category's feed, "
            f"{joined['everything']:.0f} ms for the feed of everything"
        )
    return medians.over("large", "small")


def _scaled(crowd: Crowd, scale: float) -> Crowd:
    releases_a_category = crowd.releases // crowd.categories
    categories = max(1, round(crowd.categories * scale))
    return Crowd(
        releases=max(1, round(releases_a_category * min(1, scale * 10))) * categories,
        categories=categories,
    )


@contextmanager
def _filled(crowd: Crowd) -> Iterator[Reader]:
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'communique.db'}"
        database = Database.open(url)
        try:
            migrate.upgrade(database)
            crowd.fill(url)
            with database.read() as tx:
                yield Reader(tx, crowd)
        finally:
            database.close()


def _ms_for_each(slugs: list[str], ask: Callable[[str], object]) -> float:
    return timed_ms(lambda: [ask(slug) for slug in slugs]) / len(slugs)


def _join_and_sort(slug: str) -> Select[tuple[str]]:
    """Without what `filings` repeats of the releases, so that its index is of no use."""
    order = (releases.c.changed_at.desc(), releases.c.published.desc(), releases.c.id.desc())
    return (
        select(releases.c.id)
        .join(filings, filings.c.release_id == releases.c.id)
        .where(filings.c.feed == slug)
        .order_by(*order)
        .limit(WINDOW.entries)
    )


FIGURE = Figure(name="window_at_scale", bound=1.5, measure=measure)
