"""Drafts of the desk: what somebody wrote and saved, and nobody else is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feeds.model.release import Expected, SourceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDraft:
    """A document that somebody writes at the desk. It becomes public only when it is published."""

    id: str  #: random
    version: int  #: 1 for the first; grows with each change
    record: Mapping[str, Any]  #: fields with the names of docs/releases-in.md
    source_key: SourceKey  #: of the release that it will become, or that it corrects
    #: The release that it corrects, as it was when this was begun; None for a new one.
    corrects: Expected | None
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime
    preview: str | None = None  #: the secret part of the address of its preview; None: it has none

    @property
    def title(self) -> str:
        """The title as written; it may be empty."""
        return str(self.record.get("title") or "")

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories as written."""
        return tuple(self.record.get("categories") or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPosition:
    """A position in the list of drafts, where the next page begins."""

    changed_at: datetime
    id: str
