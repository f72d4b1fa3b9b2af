"""What a reload costs each feed: with a thousand categories, against ten.

All titles change, so every feed has a new edition. What counts is the time from the changed
configuration to the last feed that says so: the catalogue is applied, and everything that is stale
is regenerated, as the job process does it.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

from bench.figure import Figure, Unmeasurable, tell
from bench.office import OPENING, Office, catalogue, open_office
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import press_office
from feeds.categories import Catalogue
from feeds.model.feed import Format
from feeds.model.intake import IntakeVerdict
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.render import decompress
from service.wiring import mint_id

FEW, MANY = 10, 1_000
RELEASES_EACH = 3
ROUNDS = 3


class Reloads:
    """One newsroom that is reloaded again and again, each time with other titles."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._turns = count(1)

    @property
    def feeds(self) -> int:
        """How many have a new edition each time."""
        return len(self._office.catalogue.feeds)

    def turn(self) -> float:
        """Reload. Milliseconds for each feed."""
        number = next(self._turns)
        described, now = (
            _retitled(self._office.catalogue, number),
            OPENING + timedelta(hours=number),
        )
        newsstand = Newsstand(self._office.database, described)
        newsroom = Newsroom(self._office.database, described, mint_id=mint_id)

        def reload() -> None:
            newsroom.apply_catalogue(now=now)
            newsstand.regenerate(newsstand.stale(now=now), now=now, worker="bench")

        took = timed_ms(reload)
        for slug, feed in described.feeds.items():
            document = newsstand.document(slug, Format.JSON)
            if document is None or feed.title not in decompress(document.gzip).decode():
                raise Unmeasurable(f"{slug} does not have its new title")
        return took / self.feeds


def _retitled(described: Catalogue, number: int) -> Catalogue:
    """The same with other titles of its categories and feeds."""
    return Catalogue(
        described.site,
        [
            replace(one, title=f"{one.slug} {number}", names=(one.slug,))
            for one in described.categories.values()
        ],
        [replace(one, title=f"{one.slug} {number}") for one in described.feeds.values()],
    )


def _slugs(number: int) -> list[str]:
    return [f"category-{each}" for each in range(number)]


@contextmanager
def _filled(slugs: Sequence[str]) -> Iterator[Office]:
    """A newsroom with a few releases in each category, and all feeds published."""
    with open_office(catalogue(slugs)) as office:
        write = press_office()
        drafts = [write(slug) for slug in slugs for _ in range(RELEASES_EACH)]
        for start in range(0, len(drafts), 500):
            office.take_in(drafts[start : start + 500], IntakeVerdict.NEW, now=OPENING)
        office.publish_all(now=OPENING)
        yield office


def measure(scale: float) -> float:
    """The time for each of many feeds over that for each of few."""
    numbers = {"few": FEW, "many": max(2 * FEW, int(MANY * scale))}
    with ExitStack() as stack:
        offices = {
            name: Reloads(stack.enter_context(_filled(_slugs(number))))
            for name, number in numbers.items()
        }
        turns = {name: reloads.turn for name, reloads in offices.items()}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS), are_warm=True)
        sizes = {name: reloads.feeds for name, reloads in offices.items()}
    tell(
        f"{sizes['many']} feeds {medians['many']:.2f} ms each, "
        f"{sizes['few']} feeds {medians['few']:.2f} ms each"
    )
    return medians.over("many", "few")


FIGURE = Figure(name="reload_at_scale", bound=2.0, measure=measure)
