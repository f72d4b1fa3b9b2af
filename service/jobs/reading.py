"""Intake of a stream of documents, batch by batch."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, TypeVar

from feeds.ingest import IntakeRules, KeepFile, KeepPicture, read_documents
from feeds.model.intake import (
    Intake,
    ReadDocument,
    Refusal,
    RetractionRequest,
    Withdrawal,
)
from feeds.model.release import Draft, Origin
from feeds.newsroom import FOLDER, Newsroom
from service.jobs.measuring import ProbeEnclosures, without_probing

#: Documents in one transaction: few enough that other writers wait a tenth of a second only, and
#: enough that the commit is a small part of the work.
DOCUMENTS_A_BATCH = 400

#: Total length of the bodies in a batch, which is held in memory: real releases have 6,000
#: characters, but two million are allowed.
CHARACTERS_A_BATCH = 8_000_000

Outcome = Intake | Refusal | Withdrawal

_T = TypeVar("_T")


def take_in(
    stream: BinaryIO,
    document: str,
    *,
    newsroom: Newsroom,
    rules: IntakeRules,
    now: Callable[[], datetime],
    by: str = FOLDER,
    measure: ProbeEnclosures = without_probing,
    is_wanted: Callable[[Origin], bool] = lambda _: True,
    keep_picture: KeepPicture | None = None,
    keep_file: KeepFile | None = None,
) -> Iterator[Outcome]:
    """Reads *stream* and stores its documents; yields the outcome of each, in order.

    Yielded outcomes are stored. A crash between two batches loses nothing: when the same stream is
    read again, the documents of the earlier batches are unchanged.

    Args:
        stream: The documents.
        document: Name of the stream, for origins and messages.
        newsroom: Stores the releases.
        rules: How documents are read.
        now: The clock.
        by: Who adds them, for the audit log.
        measure: Completes drafts whose documents lack length or type of a file.
        is_wanted: Selects documents by origin; the others are skipped.
        keep_picture: Stores the pictures inside documents.
        keep_file: Stores files beside the document, which it names.

    Raises:
        StoreUnavailable: The current batch was not stored; the earlier ones were.
    """
    read = read_documents(
        stream, document=document, rules=rules, keep_picture=keep_picture, keep_file=keep_file
    )
    selected = (one for one in read if is_wanted(one.origin))
    for batch in _batches(selected, measure):
        if isinstance(batch, RetractionRequest):
            yield newsroom.withdraw(batch, now=now(), by=by)
            continue
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
    measure: ProbeEnclosures = without_probing,
    keep_picture: KeepPicture | None = None,
    keep_file: KeepFile | None = None,
) -> Iterator[Outcome]:
    """Yields what ``take_in`` would yield, and stores nothing.

    Batches do not see each other then: a document that corrects one in an earlier batch of the
    same stream counts as new.
    """
    read = read_documents(
        stream, document=document, rules=rules, keep_picture=keep_picture, keep_file=keep_file
    )
    for batch in _batches(read, measure):
        if isinstance(batch, RetractionRequest):
            yield newsroom.preview_withdrawal(batch)
            continue
        drafts = [one for one in batch if isinstance(one, Draft)]
        yield from _in_order(batch, newsroom.preview(drafts, now=now()))


def _in_order(batch: Iterable[Draft | Refusal], accepted: Iterable[_T]) -> Iterator[_T | Refusal]:
    """Merges the outcomes of a batch's drafts with its refusals, in the order of the batch."""
    remaining = iter(accepted)
    return (one if isinstance(one, Refusal) else next(remaining) for one in batch)


_Batch = list[Draft | Refusal]


def _batches(
    read: Iterable[ReadDocument], measure: ProbeEnclosures
) -> Iterator[_Batch | RetractionRequest]:
    for batch in _split(read):
        if isinstance(batch, RetractionRequest):
            yield batch
            continue
        drafts = [one for one in batch if isinstance(one, Draft)]
        # Before the transaction, so that no transaction waits for another server.
        yield list(_in_order(batch, measure(drafts)))


def _split(read: Iterable[ReadDocument]) -> Iterator[_Batch | RetractionRequest]:
    """Yields batches, and each retraction by itself: it may be of a release just before it."""
    batch: _Batch = []
    characters = 0
    for one in read:
        if isinstance(one, RetractionRequest):
            if batch:
                yield batch
            yield one
            batch, characters = [], 0
            continue
        batch.append(one)
        characters += len(one.content.body) if isinstance(one, Draft) else 0
        if len(batch) == DOCUMENTS_A_BATCH or characters > CHARACTERS_A_BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
