"""A stream of documents, taken in batch by batch."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, TypeVar

from feeds.ingest import IntakeRules, read_documents
from feeds.model.intake import Intake, Refusal
from feeds.model.release import Draft, Origin
from feeds.newsroom import FOLDER, Newsroom
from service.jobs.measuring import ProbeEnclosures, leave_out

#: Documents in one transaction: few enough that other writers wait a tenth of a second,
#: enough that a commit is a small part of the work.
DOCUMENTS_A_BATCH = 400

#: A batch is held in memory, and this is what its bodies may come to: real releases have 6,000
#: characters, but two million are allowed.
CHARACTERS_A_BATCH = 8_000_000

Outcome = Intake | Refusal

_T = TypeVar("_T")


def take_in(
    stream: BinaryIO,
    document: str,
    *,
    newsroom: Newsroom,
    rules: IntakeRules,
    now: Callable[[], datetime],
    by: str = FOLDER,
    measure: ProbeEnclosures = leave_out,
    is_wanted: Callable[[Origin], bool] = lambda _: True,
) -> Iterator[Outcome]:
    """Read *stream* and store what is wanted of it; yields what became of each document, in order.

    What was yielded is stored. A crash between two batches loses nothing: the same stream read
    again finds the earlier ones unchanged.

    Raises:
        StoreUnavailable: The batch at hand was not stored, the earlier ones were.
    """
    read = read_documents(stream, document=document, rules=rules)
    wanted = (one for one in read if is_wanted(one.origin))
    for batch in _batches(wanted, measure):
        newsroom.refuse([one for one in batch if isinstance(one, Refusal)], now=now())
        drafts = [one for one in batch if isinstance(one, Draft)]
        yield from _in_order(batch, newsroom.take_in(drafts, now=now(), by=by))


def preview(
    stream: BinaryIO,
    document: str,
    *,
    newsroom: Newsroom,
    rules: IntakeRules,
    now: Callable[[], datetime],
    measure: ProbeEnclosures = leave_out,
) -> Iterator[Outcome]:
    """Say what ``take_in`` would yield, and store nothing.

    Batches do not know of each other then: a document that corrects one far above it in the same
    stream is told as new.
    """
    for batch in _batches(read_documents(stream, document=document, rules=rules), measure):
        drafts = [one for one in batch if isinstance(one, Draft)]
        yield from _in_order(batch, newsroom.preview(drafts, now=now()))


def _in_order(batch: Iterable[Draft | Refusal], accepted: Iterable[_T]) -> Iterator[_T | Refusal]:
    """Put what became of the drafts of a batch in their places among its refusals."""
    remaining = iter(accepted)
    return (one if isinstance(one, Refusal) else next(remaining) for one in batch)


def _batches(
    read: Iterable[Draft | Refusal], measure: ProbeEnclosures
) -> Iterator[list[Draft | Refusal]]:
    for batch in _cut(read):
        drafts = [one for one in batch if isinstance(one, Draft)]
        # Before the transaction: no database waits for anybody's server.
        yield list(_in_order(batch, measure(drafts)))


def _cut(read: Iterable[Draft | Refusal]) -> Iterator[list[Draft | Refusal]]:
    batch: list[Draft | Refusal] = []
    characters = 0
    for one in read:
        batch.append(one)
        characters += len(one.content.body) if isinstance(one, Draft) else 0
        if len(batch) == DOCUMENTS_A_BATCH or characters > CHARACTERS_A_BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
