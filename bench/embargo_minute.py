"""One embargo minute with many releases, against one release: from due to all documents stored.

At the minute, 1,000 releases that wait become public (`Newsroom.embargoes.release`), and every feed
that they are in is regenerated (`Newsstand.regenerate`), in all formats. It is set against what one
release takes that becomes public in the same way: that time for each feed it touches, times the
feeds that the minute touches.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from bench.figure import Figure, Unmeasurable, tell
from bench.office import OPENING, Office, catalogue, open_office
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import press_office
from feeds.model.intake import IntakeVerdict
from feeds.model.release import Draft

#: Of a press office with as many subjects.
CATEGORIES = tuple(f"subject-{number}" for number in range(100))

#: In one minute, spread evenly over the categories.
RELEASES = 1_000

#: Releases in each feed before: its window has something to keep.
RELEASES_A_FEED = 10

ROUNDS = 3

#: As the job that waits for embargoes does it.
DOCUMENTS_A_BATCH = 200

PACE = timedelta(hours=1)


class Contest:
    """A minute of many releases, then one of a single one."""

    def __init__(self, office: Office, *, releases: int) -> None:
        self._office = office
        self._releases = releases
        self._write = press_office()
        self._moments = (OPENING + number * PACE for number in count(1))
        self._subjects = count()
        self.feeds: dict[str, int] = {}

    def fill(self) -> None:
        """Give each feed something that was published long ago."""
        for _ in range(RELEASES_A_FEED):
            now = next(self._moments)
            self._office.take_in(
                [self._write(slug) for slug in CATEGORIES], IntakeVerdict.NEW, now=now
            )
        self._office.publish_all(now=now)

    def minute(self) -> float:
        """All of them at once. Milliseconds for each feed."""
        return self._end("minute", self._releases)

    def one(self) -> float:
        """A single one. Milliseconds for each feed."""
        return self._end("one", 1)

    def _end(self, name: str, releases: int) -> float:
        brought, until = next(self._moments), next(self._moments)
        drafts = [self._embargoed(until) for _ in range(releases)]
        for start in range(0, releases, DOCUMENTS_A_BATCH):
            step = drafts[start : start + DOCUMENTS_A_BATCH]
            self._office.take_in(step, IntakeVerdict.EMBARGOED, now=brought)

        def come_out() -> None:
            self._come_out(name, drafts, until)

        return timed_ms(come_out) / self.feeds[name]

    def _come_out(self, name: str, drafts: Sequence[Draft], until: datetime) -> None:
        released = self._office.newsroom.embargoes.release(now=until)
        if released != len(drafts):
            raise Unmeasurable(f"{released} of {len(drafts)} releases came out")
        stale = self._office.newsstand.stale(now=until)
        self.feeds[name] = len(stale)
        self._office.publish(stale, now=until)

    def _embargoed(self, until: datetime) -> Draft:
        subject = CATEGORIES[next(self._subjects) % len(CATEGORIES)]
        draft = self._write(subject)
        content = replace(draft.content, published=until, updated=None)
        return replace(draft, content=content, embargoed_until=until)


def measure(scale: float) -> float:
    """The minute's time for each feed it touches, over that of a single release."""
    with open_office(catalogue(CATEGORIES)) as office:
        contest = Contest(office, releases=max(2, round(RELEASES * scale)))
        contest.fill()
        contest.one()  # it takes milliseconds: nothing of it is to happen for the first time
        turns = {"minute": contest.minute, "one": contest.one}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS), are_warm=True)
    feeds = contest.feeds
    for name, took in medians.items():
        tell(f"{name}: {took * feeds[name]:.1f} ms, {feeds[name]} feeds, {took:.2f} ms a feed")
    return medians.over("minute", "one")


FIGURE = Figure(name="embargo_minute", bound=4.5, measure=measure)
