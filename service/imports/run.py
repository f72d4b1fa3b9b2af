"""The run of an import: batches, each in one transaction with the checkpoint behind it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b

from feeds.imports.drafting import IMPORTED, ImportSource, draft_of, source_key_of
from feeds.imports.items import NO_ZONE, ImportedItem, Item, LeftOut, Reason
from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.model.published_id import known_as, stand_in_for
from feeds.model.release import Draft, Release
from feeds.newsroom.announcing import announce
from feeds.store.database import Transaction
from feeds.store.imports import ImportProgress
from service.application import Application
from service.errors import ServiceError
from service.imports.files import FileCopier, Files
from service.imports.old_addresses import AddressClaims, ClaimedAddresses, old_addresses_of
from service.imports.tally import ImportTally

#: Items in one transaction: as many as `service.jobs.reading` takes.
ITEMS_A_BATCH = 400
#: Total length of the bodies in a batch.
CHARACTERS_A_BATCH = 8_000_000

#: For how long archives wait for the next batch. A run that died holds them no longer.
HELD_FOR = timedelta(minutes=10)
#: For how long it is remembered how far a run came that was cut off.
REMEMBERED_FOR = timedelta(days=30)


class ImportRefused(ServiceError):
    """Nothing can be imported of this export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How an export is imported."""

    source: ImportSource
    key: str  #: digest of the export and of what follows; a run that was cut off is known by it
    is_dry_run: bool = False
    is_news: bool = False  #: as if published now
    by: str = "import"  #: for the audit log


class Progress:
    """Is told how far an import is."""

    def advance(self, position: int) -> None:
        """So many items are done."""


def run_import(
    application: Application,
    items: Iterable[Item],
    options: ImportOptions,
    *,
    files: FileCopier,
    progress: Progress | None = None,
) -> ImportTally:
    """Takes in the items of an export.

    Each batch is one transaction: releases, their old addresses, and how far the run is. A run that
    is cut off goes on behind its last batch when it is started again with the same key.

    Args:
        application: The newsroom.
        items: In the order of the export; read once, and only as far as a batch needs.
        options: How they are taken.
        files: Copies or checks pictures and files.
        progress: Is told after each batch.

    Returns:
        The figures, those of a run before that was cut off included.

    Raises:
        StoreUnavailable: The current batch was not stored; the earlier ones were.
    """
    return _Run(application, options, files).run(items, progress or Progress())


@dataclass(frozen=True, slots=True)
class _Read:
    """An item and the draft made of it."""

    item: ImportedItem
    draft: Draft
    files: Files
    addresses: ClaimedAddresses | None = None  #: None while they are not looked up


class _Run:
    def __init__(self, application: Application, options: ImportOptions, files: FileCopier) -> None:
        self._application = application
        self._newsroom = application.newsroom
        self._options = options
        self._files = files
        self._begun_at = application.clock()
        self._keys: set[bytes] = set()  # of all items so far: 16 bytes each
        self._ids: set[bytes] = set()
        self._claims = AddressClaims(application)

    def run(self, items: Iterable[Item], progress: Progress) -> ImportTally:
        tally = self._begin()
        position = 0
        done = tally.items
        for batch in _batches(items):
            begin, position = position, position + len(batch)
            if position <= done:
                self._skip(batch)
                progress.advance(position)
                continue
            # A batch of another size than before: its first items may be done.
            self._skip(batch[: max(0, done - begin)])
            tally = self._take(batch[max(0, done - begin) :], tally)
            progress.advance(position)
        self._end(tally)
        return tally

    # Beginning and end.

    def _begin(self) -> ImportTally:
        if self._options.is_dry_run:
            return ImportTally()
        now = self._begun_at
        with self._application.database.transaction() as tx:
            tx.imports.forget(before=now - REMEMBERED_FOR)
            found = tx.imports.find(self._options.key)
            tally = ImportTally() if found is None else ImportTally.from_json(found.tally)
            self._record(tx, tally)
        return tally

    def _record(self, tx: Transaction, tally: ImportTally) -> None:
        now = self._application.clock()
        tx.imports.record(
            ImportProgress(
                key=self._options.key,
                begun_at=self._begun_at,
                # What is news is ordered by its intake: its archives are closed as ever.
                held_until=now if self._options.is_news else now + HELD_FOR,
                position=tally.items,
                tally=tally.as_json(),
            )
        )

    def _end(self, tally: ImportTally) -> None:
        if self._options.is_dry_run:
            return
        now = self._application.clock()
        catalogue = self._application.catalogue

        def end(tx: Transaction) -> None:
            tx.imports.end(self._options.key)
            # Archives waited for the end: the next edition closes them.
            announce(tx, catalogue, tally.feeds, now=now, is_news=False)

        self._application.database.run_in_transaction(end)

    # One batch.

    def _skip(self, batch: Sequence[Item]) -> None:
        """Reads what an earlier run has done, for what is there twice."""
        for item in batch:
            if isinstance(item, ImportedItem) and self._is_new(item):
                self._claims.skip(item)

    def _is_new(self, item: ImportedItem) -> bool:
        key = source_key_of(item, self._options.source)
        digest = blake2b(key.encode(), digest_size=16).digest()
        if digest in self._keys:
            return False
        self._keys.add(digest)
        return True

    def _take(self, batch: Sequence[Item], before: ImportTally) -> ImportTally:
        """Takes in a batch. Returns the figures with it; those before stay as they were."""
        tally = ImportTally.from_json(before.as_json())
        tally.items += len(batch)
        read = self._without_changed_here(self._drafts(batch, tally), tally)
        read = self._with_addresses(self._with_files(read))
        drafts = [self._with_own_id(one) for one in read]
        now = self._application.clock()
        if self._options.is_dry_run:
            results = self._newsroom.preview(drafts, now=now, is_news=self._options.is_news)
            self._count(read, results, tally)
            return tally

        counted = tally

        def also(tx: Transaction, results: Sequence[Intake | Refusal]) -> None:
            nonlocal counted
            # Anew in each try of the transaction.
            counted = ImportTally.from_json(tally.as_json())
            self._count(read, results, counted)
            addresses = _addresses(read, results)
            tx.redirects.add_for_releases(addresses, now=now)
            self._record(tx, counted)

        options = self._options
        self._newsroom.take_in(drafts, now=now, by=options.by, is_news=options.is_news, also=also)
        return counted

    def _drafts(self, batch: Sequence[Item], tally: ImportTally) -> list[_Read]:
        read = []
        for item in batch:
            if isinstance(item, LeftOut):
                tally.leave(item)
                continue
            draft = draft_of(item, self._options.source, self._application.rules)
            if isinstance(draft, Refusal):
                tally.leave(_refused(draft, item))
            elif not self._is_new(item):
                tally.leave(_left(Reason.TWICE, item))
            else:
                read.append(_Read(item, draft, Files()))
        return read

    def _without_changed_here(self, read: Sequence[_Read], tally: ImportTally) -> list[_Read]:
        """Leaves out what people have corrected or retracted since it was imported."""
        stored = self._newsroom.by_source_keys([one.draft.source_key for one in read])
        left = []
        for one in read:
            release = stored.get(one.draft.source_key)
            if release is not None and _is_changed_here(release):
                tally.leave(_left(Reason.CHANGED_HERE, one.item))
            else:
                left.append(one)
        return left

    def _with_files(self, read: Sequence[_Read]) -> list[_Read]:
        completed = self._files.complete([(one.item, one.draft) for one in read])
        return [
            _Read(one.item, draft, files)
            for one, (draft, files) in zip(read, completed, strict=True)
        ]

    def _with_addresses(self, read: Sequence[_Read]) -> list[_Read]:
        claimed = self._claims.of([one.item for one in read])
        return [replace(one, addresses=each) for one, each in zip(read, claimed, strict=True)]

    def _with_own_id(self, one: _Read) -> Draft:
        """Returns the draft with an id that no item before it has; see `stand_in_for`.

        A dry run stores nothing, so the newsroom cannot know.
        """
        known = one.draft.published_id
        if known is None:
            return one.draft
        digest = blake2b(known.value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._ids:
            return replace(one.draft, published_id=stand_in_for(one.draft.source_key))
        self._ids.add(digest)
        return one.draft

    def _count(
        self, read: Sequence[_Read], results: Sequence[Intake | Refusal], tally: ImportTally
    ) -> None:
        for one, result in zip(read, results, strict=True):
            if isinstance(result, Refusal):
                tally.leave(_refused(result, one.item))
            else:
                self._count_taken(one, result, tally)

    def _count_taken(self, one: _Read, result: Intake, tally: ImportTally) -> None:
        item, draft, title = one.item, one.draft, one.draft.content.title
        if result.verdict is IntakeVerdict.NEW:
            tally.taken += 1
        elif result.verdict is IntakeVerdict.CORRECTED:
            tally.updated += 1
        elif result.embargoed_until is not None:
            tally.scheduled += 1
        else:
            tally.unchanged += 1
        tally.comments += item.comments
        tally.lose([each for each in draft.left_out if "comment" not in each], example=title)
        tally.warn(draft.warnings, example=title)
        if any(NO_ZONE in warning for warning in draft.warnings):
            tally.dates_without_zone.add(title)
        self._count_id(one, result, tally)
        names = draft.content.category_names
        match = self._application.catalogue.match
        tally.name(names, {name: match(name) for name in names}, item.terms)
        tally.files_found += one.files.found
        for url, reason in one.files.missing.items():
            tally.miss_file(reason, url=url)
        if result.verdict is not IntakeVerdict.UNCHANGED:
            if one.addresses is not None:
                one.addresses.count(tally, release_id=result.release.id)
            tally.feeds = sorted({*tally.feeds, *result.feeds})

    @staticmethod
    def _count_id(one: _Read, result: Intake, tally: ImportTally) -> None:
        known = one.item.known_id
        if known is None:
            tally.ids_new += 1
            return
        own = known_as(known.value, source_key=one.draft.source_key)
        published = result.release.published_id
        if published is not None and published.value == known.value == own.iri:
            tally.ids_kept += 1
        else:
            tally.ids_mapped.add(known.value)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    characters = 0
    for item in items:
        batch.append(item)
        if isinstance(item, ImportedItem):
            characters += len(str(item.record.fields.get("body") or ""))
        if len(batch) == ITEMS_A_BATCH or characters > CHARACTERS_A_BATCH:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _is_changed_here(release: Release) -> bool:
    if release.retraction is not None:
        return True
    return not (release.source or "").startswith(IMPORTED)


def _addresses(
    read: Sequence[_Read], results: Sequence[Intake | Refusal]
) -> dict[str, tuple[str, ...]]:
    return {
        result.release.id: old_addresses_of(one.item)
        for one, result in zip(read, results, strict=True)
        if isinstance(result, Intake) and result.verdict is not IntakeVerdict.UNCHANGED
    }


def _left(reason: Reason, item: ImportedItem) -> LeftOut:
    example = str(item.record.fields.get("title") or item.link or "")
    return LeftOut(reason=reason, example=example, line=item.record.line)


def _refused(refusal: Refusal, item: ImportedItem) -> LeftOut:
    field = f"{refusal.field}: " if refusal.field else ""
    left = _left(Reason.UNREADABLE, item)
    # The reason without what it shows of the item, so that equal ones are counted together.
    reason = refusal.reason.partition(": ")[0]
    return replace(left, detail=f"{field}{reason}", example=f"{left.example} ({refusal.reason})")
