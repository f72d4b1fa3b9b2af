"""What bulk intake costs: JSON Lines to releases in the store, over parsing and sanitising alone.

The real records of the samples come again and again, under other ids each time: a thousand and
six in a round, with the shipped categories and feeds.

The peer reads a round's document (`feeds.ingest.read_documents`) and forgets what it read. Ours is
what a watched folder does with the same document (`service.jobs.reading.take_in`): reads it too,
and stores it batch by batch in an SQLite file on the disk, with the settings that the service has:
releases, names, filings, stale feeds, refusals.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from bench.figure import Figure, Unmeasurable, tell
from bench.office import OPENING, Office, open_office
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import FOLDER, RULES
from feeds.ingest import read_documents
from feeds.model.intake import Intake, IntakeVerdict, Refusal
from service.jobs.reading import take_in
from service.settings import catalogue, load

CONFIGURATION = Path(__file__).parent.parent / "config" / "communique.yaml"

DOCUMENT = "export.jsonl"

#: Two of the real records have times without a zone.
REFUSED_A_ROUND = 2

ROUNDS = 3


class Contest:
    """The turns of both sides. The peer has the first turn of a round; ours gets its document."""

    def __init__(self, office: Office, records: list[dict[str, Any]]) -> None:
        self._office = office
        self._records = records
        self._numbers = count(1)
        self._document = b""
        self._seconds = count(1)

    def peer(self) -> float:
        """Parse and sanitise a document that never came before. Milliseconds."""
        self._document = "\n".join(self._renumbered()).encode()
        return timed_ms(lambda: self._check(Counter(map(_kind, self._read()))))

    def ours(self) -> float:
        """Do the same, and store what was read. Milliseconds."""
        return timed_ms(lambda: self._check(Counter(map(_kind, self._take_in()))))

    def _renumbered(self) -> Iterator[str]:
        for record in self._records:
            told = {**record, "id": f"bench-{next(self._numbers)}"}
            yield json.dumps(told, ensure_ascii=False)

    def _read(self) -> Iterator[object]:
        return read_documents(BytesIO(self._document), document=DOCUMENT, rules=RULES)

    def _take_in(self) -> Iterator[object]:
        newsroom = self._office.newsroom
        stream = BytesIO(self._document)
        for outcome in take_in(stream, DOCUMENT, newsroom=newsroom, rules=RULES, now=self._now):
            if isinstance(outcome, Intake) and outcome.verdict is not IntakeVerdict.NEW:
                raise Unmeasurable(f"expected a new release, got {outcome.verdict}")
            yield outcome

    def _now(self) -> datetime:
        # A clock: a batch is later than the one before it.
        return OPENING + timedelta(seconds=next(self._seconds))

    def _check(self, kinds: Counter[str]) -> None:
        if kinds.total() != len(self._records) or kinds["refused"] > REFUSED_A_ROUND:
            raise Unmeasurable(f"expected {len(self._records)} releases, got {kinds}")


def measure(scale: float) -> float:
    """Ours over the peer's."""
    records = _records()[: max(1, round(1_006 * min(1, scale * 10)))]
    with open_office(catalogue(load(CONFIGURATION, environ={}))) as office:
        contest = Contest(office, records)
        turns = {"peer": contest.peer, "ours": contest.ours}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS), are_warm=True)
    tell(
        f"{len(records)} documents: read and stored {medians['ours']:.0f} ms, "
        f"read alone {medians['peer']:.0f} ms"
    )
    return medians.over("ours", "peer")


def _records() -> list[dict[str, Any]]:
    paths = sorted(FOLDER.glob("*.jsonl"))
    # By the newline alone: `str.splitlines` would take apart a record that holds a U+2028.
    lines = (line for path in paths for line in path.read_text("utf-8").split("\n") if line)
    return [json.loads(line) for line in lines]


def _kind(outcome: object) -> str:
    return "refused" if isinstance(outcome, Refusal) else "accepted"


FIGURE = Figure(name="bulk_intake", bound=1.7, measure=measure)
