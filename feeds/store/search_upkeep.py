"""Indexes the words of releases, compares the index with the releases, and makes it again."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from feeds.errors import StoreNotWritable, StoreUnavailable
from feeds.model.release import Release, ReleaseId
from feeds.search.terms import terms_of
from feeds.store.database import Database

#: Releases in one transaction.
RELEASES_AT_ONCE = 200

#: Releases that `index_marked` indexes in one transaction. Intakes and editions wait meanwhile.
MARKED_AT_ONCE = 20


def index_marked(database: Database) -> int:
    """Indexes some of the releases that are marked since they were stored.

    Not durable by itself: after a power failure they are marked again.

    Returns:
        The number of marks that are gone; 0 when there is none.
    """
    with database.unsynced() as tx:
        tx.releases.hold_works()  # so that none of them changes, or is marked again, meanwhile
        marks = tx.search.marked(limit=MARKED_AT_ONCE)
        if marks:
            found = tx.releases.by_ids(list({*marks.values()}))
            # In the order in which they came: searches return those of one second in it.
            tx.search.index([found[one] for one in dict.fromkeys(marks.values())])
            tx.search.unmark(max(marks))
    return len(marks)


def not_as_they_are(database: Database) -> Iterator[Release]:
    """Yields releases that searches find by other words than they have. Reads all releases.

    Those that are still to be indexed are left out.
    """
    after: ReleaseId | None = None
    while True:
        with database.read() as tx:
            page = tx.releases.behind(after, limit=RELEASES_AT_ONCE)
            ids = [release.id for release in page]
            digests, marked = tx.search.digests(ids), tx.search.marked_among(ids)
        yield from (
            one for one in page if one.id not in marked and digests.get(one.id) != _expected(one)
        )
        if len(page) < RELEASES_AT_ONCE:
            return
        after = page[-1].id


def index_anew(database: Database, releases: Sequence[Release]) -> None:
    """Indexes these releases again, as they are by now."""
    with database.transaction() as tx:
        tx.releases.hold_works()
        current = tx.releases.by_ids([release.id for release in releases])
        tx.search.index(list(current.values()))


def complete(
    database: Database, *, on_batch: Callable[[int], object] = lambda _releases: None
) -> None:
    """Indexes all releases that are not in the index as they are.

    Args:
        database: The store.
        on_batch: Called after each batch is stored, with the number of releases.
    """
    missing = not_as_they_are(database)
    while batch := list(islice(missing, RELEASES_AT_ONCE)):
        index_anew(database, batch)
        on_batch(len(batch))


def fault_of_full_text(database: Database) -> str | None:
    """Returns how SQLite's full-text table differs from what it is made of; None if it does not.

    Reads all of it. Says nothing of a store that can only be read, nor of PostgreSQL.
    """
    if not database.is_sqlite:
        return None
    try:
        with database.transaction() as tx:
            tx.search.require_whole()
    except StoreNotWritable:
        return None
    except StoreUnavailable as error:
        return str(error)
    return None


def make_full_text_anew(database: Database) -> None:
    """Makes SQLite's full-text table of what it is made of."""
    with database.transaction() as tx:
        tx.search.make_full_text_anew()


def _expected(release: Release) -> str | None:
    return None if release.retraction is not None else terms_of(release).digest
