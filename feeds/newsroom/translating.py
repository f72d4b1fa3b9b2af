"""Releases that are translations of each other, brought up to date when one of them changes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feeds.categories import Catalogue
from feeds.model.release import Draft, Release
from feeds.model.text import whole_second
from feeds.model.works import translations_of, work_of
from feeds.newsroom.announcing import announce, showing
from feeds.store.database import Transaction


def relink(
    tx: Transaction, catalogue: Catalogue, changed: Sequence[Release], *, now: datetime
) -> list[Release]:
    """Have every release of these works name the others, in the transaction that changed one.

    To be called when releases are added, corrected, retracted or restored, and what they are now
    is stored. Siblings keep their ``updated`` and their place in a feed's window: nothing of what
    they say is new. What shows them becomes stale; archive documents that were fetched once keep
    their bytes (RFC 5005 section 4: the content of an archive should not change).

    Args:
        tx: Holds the works (``Releases.hold_works``) since before it read what it changed.
        catalogue: Tells which windows there are.
        changed: As they were and as they are, in any order.
        now: When.

    Returns:
        The releases whose translations are others now, as they are stored.
    """
    works = _in_use(tx, changed)
    members: dict[str, list[Release]] = defaultdict(list)
    for release in tx.releases.of_works(works):
        members[work_of(release)].append(release)
    relinked = [
        replace(one, translations=links, changed_at=max(one.changed_at, whole_second(now)))
        for together in members.values()
        for one in together
        if (links := translations_of(one, together)) != one.translations
    ]
    tx.releases.relink(relinked)
    tx.filings.restamp(relinked)
    announce(tx, catalogue, showing(tx, catalogue, relinked), now=now)
    return relinked


def company_of(tx: Transaction, draft: Draft) -> list[Release | Draft]:
    """What *draft* will be linked to: the others of its work, and those of it that wait.

    What waits under embargo counts, and so does what was retracted: it may come out, or be
    restored, and nobody is asked then.
    """
    work = work_of(draft)
    members: list[Release | Draft] = [*tx.releases.of_works([work])]
    members += [embargo.draft for embargo in tx.embargoes.of_work(work)]
    return [member for member in members if member.source_key != draft.source_key]


def _in_use(tx: Transaction, changed: Sequence[Release]) -> set[str]:
    """The works of these releases that may have more than one, now or until now."""
    works = {work_of(release) for release in changed}
    known = {
        work_of(release)
        for release in changed
        if release.content.details.work or release.translations
    }
    return known | tx.releases.named_works(works - known)
