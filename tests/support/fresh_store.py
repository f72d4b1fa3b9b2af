"""A fresh store of the documents that another one was given over time.

What is minted and what a clock gave is taken from the store that lived: a release's id, a feed's
id, and the moments at which each release came, was corrected and was retracted. All else is made
anew, by the last configuration alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import select

from feeds.ingest import read_record
from feeds.model.feed import Format
from feeds.model.intake import Intake
from feeds.model.release import AuditAction, Draft, ReleaseId
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.render import decompress
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.schema import acts, feeds, releases, revisions
from service.settings import Settings, catalogue, intake_rules
from tests.trials.workload import REASON, Life

_BATCH = 400

#: The number of the last step of all.
RETRACTION = 99


@dataclass(frozen=True, slots=True)
class Moments:
    """When each thing happened to one release."""

    id: ReleaseId
    came: datetime
    corrected: tuple[datetime, ...]
    retracted: datetime | None


def moments(lived: Database) -> dict[str, Moments]:
    """Of all releases of a store, by source key."""
    with lived.read() as tx:
        connection = tx.connection
        first = {
            row.release_id: row.changed_at
            for row in connection.execute(select(revisions).where(revisions.c.revision == 1))
        }
        done: dict[str, list[tuple[str, datetime]]] = {}
        for row in connection.execute(select(acts).order_by(acts.c.id)):
            done.setdefault(row.subject, []).append((row.deed, row.at))
        held = connection.execute(select(releases)).all()
    found = {}
    for row in held:
        deeds = done.get(row.id, [])
        corrected = tuple(at for deed, at in deeds if deed == AuditAction.CORRECTED)
        retracted = next((at for deed, at in deeds if deed == AuditAction.RETRACTED), None)
        came = first.get(row.id, row.changed_at)
        if retracted is not None and not corrected:
            # When it came is kept nowhere then, and shown nowhere.
            came = retracted - timedelta(seconds=1)
        found[row.source_key] = Moments(ReleaseId(row.id), came, corrected, retracted)
    return found


class FreshStore:
    """A store that only ever knew one configuration."""

    def __init__(self, database: Database, settings: Settings, lived: Database) -> None:
        """Begin with the feeds of *settings*; each has the id that it has in *lived*."""
        migrate.upgrade(database)
        self._ids: list[str] = []
        self._catalogue = catalogue(settings)
        self._rules = intake_rules(settings)
        self._newsroom = Newsroom(
            database, self._catalogue, mint_id=lambda: ReleaseId(self._ids.pop(0))
        )
        self._newsstand = Newsstand(database, self._catalogue)
        with lived.read() as tx:
            known = {row.slug: row.id for row in tx.connection.execute(select(feeds))}
        self._lived_feeds = known

    @property
    def slugs(self) -> list[str]:
        """All feeds."""
        return list(self._catalogue.feeds)

    def fill(self, lives: Sequence[Life], lived: Mapping[str, Moments], *, now: datetime) -> None:
        """Take in all documents, as if each came at its moment, and publish.

        Args:
            lives: What was sent.
            lived: When it was taken in.
            now: When all that is over.
        """
        begun = min(each.came for each in lived.values()) - timedelta(hours=1)
        self._ids = [self._lived_feeds[slug] for slug in self._catalogue.feeds]
        self._newsroom.apply_catalogue(now=begun)
        # What happens to one release is of no concern to the others.
        steps = sorted(_steps(lives, lived), key=lambda step: step[:2])
        for (number, at), together in groupby(steps, key=lambda step: step[:2]):
            some = [life for _, _, life in together]
            for start in range(0, len(some), _BATCH):
                self._do(some[start : start + _BATCH], number, lived, at=at)
        while stale := self._newsstand.stale(now=now):
            self._newsstand.regenerate(stale, now=now, worker="fresh")

    def _do(
        self, some: Sequence[Life], number: int, lived: Mapping[str, Moments], *, at: datetime
    ) -> None:
        if number == RETRACTION:
            for life in some:
                name = lived[life.source_key].id
                self._newsroom.retract(name, reason=REASON, by="trial", now=at)
            return
        self._ids = [lived[life.source_key].id for life in some if number == 0]
        drafts = []
        for life in some:
            read = read_record(life.records[number], document="trial", rules=self._rules)
            assert isinstance(read, Draft), read
            drafts.append(read)
        for outcome in self._newsroom.take_in(drafts, now=at):
            assert isinstance(outcome, Intake), outcome

    def document(self, slug: str, feed_format: Format) -> bytes:
        """A feed's document."""
        document = self._newsstand.document(slug, feed_format)
        assert document is not None, slug
        assert document.gzip is not None, slug
        return decompress(document.gzip)

    def archive(self, slug: str, number: int, *, now: datetime) -> bytes:
        """An archive document of a feed, in Atom."""
        page = self._newsstand.archive(slug, number, Format.ATOM, now=now)
        assert page.document.gzip is not None, (slug, number)
        return decompress(page.document.gzip)


def _steps(
    lives: Sequence[Life], lived: Mapping[str, Moments]
) -> Iterator[tuple[int, datetime, Life]]:
    """Number of the step, its moment, and whose it is."""
    for life in lives:
        known = lived[life.source_key]
        yield 0, known.came, life
        for number, at in enumerate(known.corrected, start=1):
            yield number, at, life
        if known.retracted is not None:
            yield RETRACTION, known.retracted, life
