"""A newsroom and a newsstand over an SQLite file of their own, as the service has them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from bench.figure import Unmeasurable
from feeds import render
from feeds.categories import Catalogue
from feeds.model.edition import Edition
from feeds.model.feed import ALL, Category, Feed, Format, Site, Window
from feeds.model.intake import Intake, IntakeVerdict
from feeds.model.release import Draft, Person, ReleaseId
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.store import migrate
from feeds.store.database import Database

PRESS_OFFICE = Person(name="Press Office", email="press@example.org")
SITE = Site(
    base_url="https://news.example.org",
    title="Example News",
    language="en",
    author=PRESS_OFFICE,
)

#: Later than any sample was published: intake refuses what is dated in the future.
OPENING = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One process's newsroom and newsstand over one database."""

    database: Database
    catalogue: Catalogue
    newsroom: Newsroom
    newsstand: Newsstand

    def take_in(self, drafts: Sequence[Draft], verdict: IntakeVerdict, *, now: datetime) -> None:
        """Take in documents, each of which must get this verdict."""
        for outcome in self.newsroom.take_in(drafts, now=now):
            if not isinstance(outcome, Intake) or outcome.verdict is not verdict:
                raise Unmeasurable(f"expected {verdict}, got {outcome}")

    def publish(self, slugs: Sequence[str], *, now: datetime) -> None:
        """Regenerate feeds, each of which must get new documents in all formats."""
        made = self.newsstand.regenerate(slugs, now=now, worker="bench")
        changed = [one.feed for one in made if isinstance(one, Edition) and len(one.changed) == 3]
        if sorted(changed) != sorted(slugs):
            raise Unmeasurable(f"expected new editions of {slugs}, got {made}")

    def publish_all(self, *, now: datetime) -> None:
        """Regenerate all that is stale."""
        self.publish(self.newsstand.stale(now=now), now=now)

    def document(self, slug: str, feed_format: Format) -> bytes:
        """A current document, uncompressed."""
        return render.decompress(self.compressed(slug, feed_format))

    def compressed(self, slug: str, feed_format: Format) -> bytes:
        """A current document as it is stored and sent."""
        document = self.newsstand.document(slug, feed_format)
        if document is None:
            raise Unmeasurable(f"{slug} has no edition")
        return document.gzip


@contextmanager
def open_office(described: Catalogue) -> Iterator[Office]:
    """An office over a new database, in a file on the disk that ``TMPDIR`` is on."""
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'communique.db'}")
        try:
            migrate.upgrade(database)
            office = Office(
                database=database,
                catalogue=described,
                newsroom=Newsroom(database, described, mint_id=_mint_id),
                newsstand=Newsstand(database, described, monotonic=time.monotonic),
            )
            office.newsroom.apply_catalogue(now=OPENING)
            yield office
        finally:
            database.close()


def catalogue(slugs: Sequence[str], window: Window = Window()) -> Catalogue:  # noqa: B008 - frozen
    """The feed of everything, and a category with its feed for each slug."""
    categories = [Category(slug=slug, title=slug.capitalize()) for slug in slugs]
    return Catalogue(SITE, categories, [_feed(slug, window) for slug in (ALL, *slugs)])


def _feed(slug: str, window: Window) -> Feed:
    return Feed(
        slug=slug,
        title=slug.capitalize(),
        description=f"What we say about {slug}.",
        language="en",
        author=PRESS_OFFICE,
        any_of=() if slug == ALL else (slug,),
        window=window,
    )


def _mint_id() -> ReleaseId:
    return ReleaseId(uuid4().urn)
