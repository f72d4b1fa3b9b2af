"""What a document costs that comes again unchanged, against a new one.

Folders are copied, exports are run again: most of what comes in is known already. Both sides are
one `Newsroom.take_in` of one document; the new one waits for the disk, the unchanged one has
nothing to write.
"""

from bench.figure import Figure, tell
from bench.office import OPENING, Office, catalogue, open_office
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import press_office
from feeds.model.intake import IntakeVerdict
from feeds.model.release import Draft

CATEGORY = "economy"

ROUNDS = 51


class Contest:
    """A turn with a new document, then one with the same document."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._write = press_office()
        self._last: Draft | None = None

    def new(self) -> float:
        """Take in a document that never came before. Milliseconds."""
        self._last = self._write(CATEGORY)
        return self._take_in(self._last, IntakeVerdict.NEW)

    def unchanged(self) -> float:
        """Take in the last one again. Milliseconds."""
        return self._take_in(self._last or self._write(CATEGORY), IntakeVerdict.UNCHANGED)

    def _take_in(self, draft: Draft, verdict: IntakeVerdict) -> float:
        return timed_ms(lambda: self._office.take_in([draft], verdict, now=OPENING))


def measure(scale: float) -> float:
    """The unchanged one's time over the new one's."""
    with open_office(catalogue([CATEGORY])) as office:
        contest = Contest(office)
        turns = {"new": contest.new, "unchanged": contest.unchanged}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    tell(f"unchanged {medians['unchanged']:.2f} ms, new {medians['new']:.2f} ms")
    return medians.over("unchanged", "new")


FIGURE = Figure(name="unchanged_cost", bound=1.0, measure=measure)
