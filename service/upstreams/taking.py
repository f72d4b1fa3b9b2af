"""Takes in what is new in the document of an upstream, and does what its deletions ask for."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feeds.errors import AlreadyRetracted, EmbargoNotFound, ReleaseNotFound, StoreConflict
from feeds.imports.feed import read_feed
from feeds.imports.items import ImportedItem, LeftOut, Reason
from feeds.imports.reading import ReadFeed
from feeds.ingest import IntakeRules
from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.model.release import Draft, Origin, Release, SourceKey
from feeds.model.upstream import CarriedItem, PollTarget
from feeds.newsroom import Newsroom
from feeds.store.database import Database, Transaction
from service.logs import get_logger
from service.upstreams.drafting import (
    CarriedDraft,
    FoundItem,
    find_items,
    key_of_id,
    read_draft,
)
from service.upstreams.plans import UpstreamPlan

#: Releases in one transaction: few enough that other writers hardly wait.
AT_ONCE = 50

#: Why items are not taken, besides `feeds.imports.items.Reason`.
OURS = "a release of this newsroom"
REFUSED = "not usable as a release"

#: The reason that readers are given for a retraction.
WITHDRAWN = "Withdrawn by its publisher."

_DAY = timedelta(days=1)

_log = get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class TakenTally:
    """What came of a document, counted."""

    items: int = 0
    taken: int = 0
    corrected: int = 0
    shared: int = 0  #: that another upstream brought first
    deleted: int = 0
    waiting: int = 0  #: for tomorrow
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> str:
        """One line for people."""
        counts = (
            (self.taken, "taken"),
            (self.corrected, "corrected"),
            (self.shared, "carried with another upstream"),
            (self.deleted, "deleted"),
            (self.waiting, "wait for tomorrow"),
            (sum(self.left_out.values()), "left out"),
        )
        said = ", ".join(f"{count} {word}" for count, word in counts if count)
        items = "1 item" if self.items == 1 else f"{self.items} items"
        return f"{items}: {said}" if said else f"{items}, none new"


class ItemTaker:
    """Reads documents, and takes in their items. Thread-safe."""

    def __init__(
        self,
        database: Database,
        newsroom: Newsroom,
        rules: IntakeRules,
        *,
        plans: Iterable[str],
        measure: Callable[[Sequence[Draft]], list[Draft]],
        now: Callable[[], datetime],
    ) -> None:
        """Takes in nothing yet.

        Args:
            database: The store.
            newsroom: Over that store.
            rules: How documents are read.
            plans: Slugs of all configured upstreams: what others brought may be taken over.
            measure: Completes the files of drafts.
            now: The store's clock.
        """
        self._database = database
        self._newsroom = newsroom
        self._rules = rules
        self._slugs = frozenset(plans)
        self._measure = measure
        self._now = now

    def take(
        self,
        plan: UpstreamPlan,
        upstream: PollTarget,
        body: bytes,
        *,
        url: str,
        charset: str | None = None,
        is_push: bool = False,
    ) -> tuple[TakenTally, ReadFeed]:
        """Reads a document, and takes in what is new or changed in it.

        Every step leaves the store as it should be: after a crash, the document is fetched again,
        and what was taken is known.

        Args:
            plan: What is configured for the upstream.
            upstream: As it was before.
            body: The document.
            url: Its address, behind all redirects.
            charset: As the server says.
            is_push: The document may have what is new alone: nothing is deleted by its absence.

        Raises:
            NotAFeed: It is none. Nothing was changed.
            StoreUnavailable: Some of it may be stored.
            StoreConflict: Likewise.
        """
        document = read_feed(body, url=url, charset=charset, zone=self._rules.time_zone)
        tally = TakenTally()
        imported = [one for one in document.items if isinstance(one, ImportedItem)]
        found = find_items(plan, document, imported, now=self._now())
        tally.items = len(imported)
        with self._database.read() as tx:
            held = tx.upstream_items.of(plan.slug, [one.key for one in found])
            taken_today = tx.upstream_items.taken_since(plan.slug, self._now() - _DAY)
        changed = [one for one in found if not _is_as_before(held.get(one.key), one)]
        wanted = self._choose(plan, changed, held, tally, room=_room(plan, taken_today))
        is_news = plan.is_news and upstream.first_success_at is not None
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            self._take_some(plan, document, some, held, tally, is_news=is_news)
        if not is_push:
            self._leave(plan, found)
        self._count_left(document, tally, is_first=upstream.first_success_at is None)
        is_complete = document.is_complete and not is_push
        tally.deleted += self._delete(plan, document, found, is_complete=is_complete)
        return tally, document

    def _choose(
        self,
        plan: UpstreamPlan,
        changed: Sequence[FoundItem],
        held: dict[str, CarriedItem],
        tally: TakenTally,
        *,
        room: int | None,
    ) -> list[FoundItem]:
        """Returns the items to take: those the filters let through, as many as a day may have."""
        now = self._now()
        left: list[CarriedItem] = []
        wanted: list[FoundItem] = []
        # Oldest first, so that the places in the order and the waiting are by date.
        for one in sorted(changed, key=lambda each: each.published or now):
            known = held.get(one.key)
            is_new = known is None or known.source_key is None
            if is_new and not one.is_wanted(plan):
                reason = Reason.FILTERED.value
                tally.left_out[reason] += known is None or known.reason != reason
                left.append(_left(plan, one, known, reason, now=now))
            elif is_new and room is not None and room <= 0:
                tally.waiting += 1
            else:
                room = room - 1 if is_new and room is not None else room
                wanted.append(one)
        if left:
            with self._database.transaction() as tx:
                tx.upstream_items.store(left)
        return wanted

    def _take_some(
        self,
        plan: UpstreamPlan,
        document: ReadFeed,
        items: Sequence[FoundItem],
        held: dict[str, CarriedItem],
        tally: TakenTally,
        *,
        is_news: bool,
    ) -> None:
        try:
            self._take_once(plan, document, items, held, tally, is_news=is_news)
        except StoreConflict:
            # Another process took in the same id from another upstream, just now.
            self._take_once(plan, document, items, held, tally, is_news=is_news)

    def _take_once(
        self,
        plan: UpstreamPlan,
        document: ReadFeed,
        items: Sequence[FoundItem],
        held: dict[str, CarriedItem],
        tally: TakenTally,
        *,
        is_news: bool,
    ) -> None:
        now = self._now()
        drafts, others, left = self._read(plan, document, items, held, now=now)
        for is_new in (True, False):
            some = [one for one in drafts if one.is_new == is_new]
            if some:
                self._take_in(plan, some, left, now=now, is_news=is_new and is_news, tally=tally)
        self._join(others, now=now, tally=tally)
        if left:
            with self._database.transaction() as tx:
                tx.upstream_items.store(left)
            tally.left_out.update(
                one.reason or ""
                for one in left
                if (known := held.get(one.item)) is None or known.reason != one.reason
            )

    def _read(
        self,
        plan: UpstreamPlan,
        document: ReadFeed,
        items: Sequence[FoundItem],
        held: dict[str, CarriedItem],
        *,
        now: datetime,
    ) -> tuple[list[CarriedDraft], list[CarriedItem], list[CarriedItem]]:
        """Returns drafts, items that belong to another upstream, and items that are left out."""
        ids = {one.item.known_id.value for one in items if one.shared and one.item.known_id}
        with self._database.read() as tx:
            owners = tx.upstream_items.owners(one.shared for one in items if one.shared)
            ours = tx.releases.ask_taken_ids(ids)() if ids else set()
            keys = {one.source_key for one in owners.values() if one.source_key}
            keys |= {str(one.source_key(plan)) for one in items}
            carriers = tx.upstream_items.carriers(sorted(keys))
        drafts: list[CarriedDraft] = []
        others: list[CarriedItem] = []
        left: list[CarriedItem] = []
        for one in items:
            known, owner = held.get(one.key), owners.get(one.shared or "")
            if owner is not None and owner.upstream != plan.slug and owner.upstream in self._slugs:
                others.append(_carried(plan, one, known, owner.source_key, now, is_owner=False))
                continue
            is_taken = one.shared is not None and one.known_value in ours
            if owner is None and is_taken and (known is None or known.source_key is None):
                left.append(_left(plan, one, known, OURS, now=now))
                continue
            source_key = one.source_key(plan)
            if owner is not None and owner.source_key is not None:
                source_key = SourceKey(owner.source_key)
            elif known is not None and known.source_key is not None:
                source_key = SourceKey(known.source_key)
            also = [
                name
                for each in carriers
                if each.source_key == source_key and each.upstream != plan.slug
                for name in each.categories
            ]
            draft = read_draft(plan, document, one, source_key, also, rules=self._rules, now=now)
            if isinstance(draft, Refusal):
                _log.info(
                    "item of an upstream refused",
                    upstream=plan.slug,
                    item=one.item.link or one.known_value,
                    reason=draft.reason,
                )
                left.append(_left(plan, one, known, REFUSED, now=now))
                continue
            item = _carried(plan, one, known, source_key, now, is_owner=True)
            was = owner if owner is not None and owner.upstream != plan.slug else None
            is_new = known is None or known.source_key is None
            drafts.append(
                CarriedDraft(
                    draft=draft,
                    item=item,
                    is_new=is_new,
                    was_deleted=known is not None and known.deleted_at is not None,
                    former=was,
                )
            )
        return drafts, others, left

    def _take_in(
        self,
        plan: UpstreamPlan,
        some: Sequence[CarriedDraft],
        left: list[CarriedItem],
        *,
        now: datetime,
        is_news: bool,
        tally: TakenTally,
    ) -> None:
        measured = [
            replace(one, is_news_at_release=is_news)
            for one in self._measure([one.draft for one in some])
        ]

        def also(tx: Transaction, results: Sequence[Intake | Refusal]) -> None:
            accepted = [
                one for one, result in zip(some, results, strict=True) if isinstance(result, Intake)
            ]
            # The former owner first: there is never more than one.
            tx.upstream_items.disown([one.former for one in accepted if one.former is not None])
            tx.upstream_items.store([one.item for one in accepted])

        results = self._newsroom.take_in(
            measured, now=now, by=_by(plan), is_news=is_news, also=also
        )
        returned: list[Intake] = []
        for one, result in zip(some, results, strict=True):
            if isinstance(result, Refusal):
                _log.info("item of an upstream refused", upstream=plan.slug, reason=result.reason)
                left.append(
                    replace(
                        one.item, source_key=None, reason=REFUSED, is_owner=False, taken_at=None
                    )
                )
            elif result.verdict in (IntakeVerdict.NEW, IntakeVerdict.EMBARGOED):
                tally.taken += 1
            elif result.verdict is IntakeVerdict.CORRECTED:
                tally.corrected += 1
            if isinstance(result, Intake) and one.was_deleted:
                returned.append(result)
        for back in returned:
            if back.release.retraction is not None:
                self._newsroom.restore(back.release.id, by=_by(plan), now=now)

    def _join(self, others: Sequence[CarriedItem], *, now: datetime, tally: TakenTally) -> None:
        """Puts releases of other upstreams into the feeds of this one, too."""
        if not others:
            return
        keys = [SourceKey(one.source_key) for one in others if one.source_key is not None]
        with self._database.transaction() as tx:
            tx.upstream_items.store(others)
        self._reassign(keys, now=now, by=f"upstream:{others[0].upstream}")
        tally.shared += len(others)

    def _reassign(self, keys: Sequence[SourceKey], *, now: datetime, by: str) -> None:
        """Gives releases the categories of all upstreams that carry them."""
        with self._database.read() as tx:
            releases = tx.releases.by_source_keys(keys)
            carriers = tx.upstream_items.carriers(sorted(set(keys)))
        drafts = []
        for key, release in releases.items():
            names = [n for one in carriers if one.source_key == key for n in one.categories]
            categories = tuple(dict.fromkeys(names))
            if categories and categories != release.content.category_names:
                drafts.append(_with_categories(release, categories))
        if drafts:
            self._newsroom.take_in(drafts, now=now, by=by, is_news=False)

    def _leave(self, plan: UpstreamPlan, found: Sequence[FoundItem]) -> None:
        """Forgets items that were left out and are not there any more."""
        if found:
            with self._database.transaction() as tx:
                tx.upstream_items.forget_left_out(plan.slug, except_={one.key for one in found})

    def _count_left(self, document: ReadFeed, tally: TakenTally, *, is_first: bool) -> None:
        """Counts what the reader left out, once: with the first document."""
        if is_first:
            left = [one for one in document.items if isinstance(one, LeftOut)]
            tally.left_out.update(
                one.reason.value for one in left if one.reason is not Reason.DELETED
            )

    # Deletions.

    def _delete(
        self,
        plan: UpstreamPlan,
        document: ReadFeed,
        found: Sequence[FoundItem],
        *,
        is_complete: bool,
    ) -> int:
        """Marks what the upstream has deleted, and retracts it if that is configured."""
        refs = {
            key_of_id(one.example)
            for one in document.items
            if isinstance(one, LeftOut) and one.reason is Reason.DELETED
        }
        here = {one.key for one in found}
        with self._database.read() as tx:
            present = tx.upstream_items.present(plan.slug)
        gone = [one for one in present if one.item in refs - here]
        if is_complete and found:
            # RFC 5005 section 2: what is not here is no more. An empty document proves nothing: it
            # comes more often of a fault than of a publisher who withdrew everything.
            gone += [one for one in present if one.item not in here | refs]
        return self._let_go(plan, gone, is_retracting=plan.retracts_deleted)

    def gone(self, plan: UpstreamPlan) -> int:
        """Does what is configured for a feed that is gone for good; returns how many releases."""
        if not plan.retracts_when_gone:
            return 0
        with self._database.read() as tx:
            present = tx.upstream_items.present(plan.slug)
        return self._let_go(plan, present, is_retracting=True)

    def _let_go(
        self, plan: UpstreamPlan, items: Sequence[CarriedItem], *, is_retracting: bool
    ) -> int:
        now, count = self._now(), 0
        for one in items if is_retracting else ():
            key = SourceKey(one.source_key or "")
            with self._database.transaction() as tx:
                tx.upstream_items.store([replace(one, deleted_at=now, is_owner=False)])
                heir = next(iter(tx.upstream_items.carriers([key])), None)
                if heir is not None and one.is_owner:
                    # Another upstream carries it still: from now on its words count.
                    tx.upstream_items.store([replace(heir, is_owner=True, digest="")])
            if heir is not None:
                self._reassign([key], now=now, by=_by(plan))
                continue
            count += self._retract(key, by=_by(plan), now=now)
        return count

    def _retract(self, key: SourceKey, *, by: str, now: datetime) -> int:
        dropped = self._drop(key, by=by, now=now)
        found = self._newsroom.by_source_keys([key]).get(key)
        if found is None or found.retraction is not None:
            return dropped
        try:
            self._newsroom.retract(found.id, reason=WITHDRAWN, by=by, now=now)
        except (AlreadyRetracted, ReleaseNotFound):  # by somebody else, just now
            return dropped
        return 1

    def _drop(self, key: SourceKey, *, by: str, now: datetime) -> int:
        """Drops what waits for its date, which would become public although it was withdrawn."""
        with self._database.read() as tx:
            if not tx.embargoes.by_source_keys([key]):
                return 0
        try:
            self._newsroom.embargoes.drop(key, by=by, now=now)
        except EmbargoNotFound:  # it became public just now
            return 0
        return 1


def _by(plan: UpstreamPlan) -> str:
    return f"upstream:{plan.slug}"


def _room(plan: UpstreamPlan, taken_today: int) -> int | None:
    return None if plan.at_most_a_day is None else plan.at_most_a_day - taken_today


def _is_as_before(known: CarriedItem | None, found: FoundItem) -> bool:
    return known is not None and known.digest == found.digest and known.deleted_at is None


def _carried(
    plan: UpstreamPlan,
    found: FoundItem,
    known: CarriedItem | None,
    source_key: str | None,
    now: datetime,
    *,
    is_owner: bool,
) -> CarriedItem:
    taken_at = known.taken_at if known is not None and known.source_key else None
    return CarriedItem(
        upstream=plan.slug,
        item=found.key,
        shared=found.shared,
        source_key=source_key,
        digest=found.digest,
        seen_at=now if known is None else known.seen_at,
        is_owner=is_owner,
        taken_at=taken_at or (now if is_owner else None),
        categories=plan.categories_of(found.names),
    )


def _left(
    plan: UpstreamPlan, found: FoundItem, known: CarriedItem | None, reason: str, *, now: datetime
) -> CarriedItem:
    return CarriedItem(
        upstream=plan.slug,
        item=found.key,
        shared=None,
        source_key=None,
        digest=found.digest,
        seen_at=now if known is None else known.seen_at,
        reason=reason,
        is_owner=False,
    )


def _with_categories(release: Release, names: tuple[str, ...]) -> Draft:
    return Draft(
        source_key=release.source_key,
        origin=Origin(document=release.document or "-"),
        content=replace(release.content, category_names=names),
    )
