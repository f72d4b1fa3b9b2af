"""What became of a file's documents, for the log: each one of a few, the sums of many."""

from collections import Counter

from feeds.model.intake import Intake, Refusal, Verdict
from service.jobs.reading import Outcome
from service.logs import get_logger

_log = get_logger(__name__)

#: A file with more documents is told in one line; up to so many, each has its own.
DOCUMENTS_TOLD_ONE_BY_ONE = 5


class Tally:
    """Counts outcomes as they come, and holds no more of them than will be told one by one."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.has_news = False  #: a feed changed
        self._counts: Counter[str] = Counter()
        self._waiting = 0
        self._first: list[Intake] = []

    def add(self, outcome: Outcome) -> None:
        """Count an outcome. A refusal is told at once."""
        if isinstance(outcome, Refusal):
            self._counts["refused"] += 1
            until = outcome.until
            _log.warning(
                "document refused",
                document=str(outcome.origin),
                field=outcome.field,
                reason=outcome.reason,
                remedy=outcome.remedy,
                **({"read_again": f"{until:%Y-%m-%dT%H:%M:%SZ}"} if until is not None else {}),
            )
            return
        if outcome.embargoed_until is not None:
            self._waiting += outcome.verdict is Verdict.EMBARGOED
            return
        self._counts[str(outcome.verdict)] += 1
        self.has_news = self.has_news or bool(outcome.feeds)
        if len(self._first) <= DOCUMENTS_TOLD_ONE_BY_ONE:
            self._first.append(outcome)

    def tell(self) -> None:
        """Log what was accepted."""
        if self._waiting:
            # Not even the name of the file: it may be a headline.
            _log.info("documents under embargo", count=self._waiting)
        if self._counts.total() > DOCUMENTS_TOLD_ONE_BY_ONE:
            _log.info("documents taken in", document=self.document, **self._counts)
            return
        for intake in self._first:
            _tell_one(intake)


def _tell_one(intake: Intake) -> None:
    tell = _log.debug if intake.verdict is Verdict.UNCHANGED else _log.info
    document = str(intake.draft.origin)
    tell(
        f"release {intake.verdict}",
        document=document,
        title=intake.release.content.title,
        feeds=",".join(intake.feeds),
    )
    for warning in intake.draft.warnings:
        _log.warning("document mended", document=document, what=warning)
