"""Corrections, for the book of acts."""

from collections.abc import Iterable
from datetime import datetime

from feeds import revision
from feeds.model.intake import Verdict
from feeds.model.life import Act, Deed
from feeds.newsroom.decisions import Decision


def acts_of(decisions: Iterable[Decision], *, by: str, now: datetime) -> list[Act]:
    """Those of *decisions* that corrected a release, with weight and note, as acts."""
    return [
        Act(
            subject=each.release.id,
            deed=Deed.CORRECTED,
            at=now,
            by=by,
            detail=_detail(each),
        )
        for each in decisions
        if each.verdict is Verdict.CORRECTED
    ]


def _detail(decision: Decision) -> str | None:
    """``major: The date was wrong.`` The note of a minor one is for ops alone."""
    held, draft = decision.held, decision.draft
    if held is None:
        return None
    weight = revision.weight_of(held, draft)
    note = draft.correction and draft.correction.note
    return f"{weight}: {note}" if note else weight.value
