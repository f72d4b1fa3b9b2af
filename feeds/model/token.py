"""API tokens: what they permit, and until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What a token may permit."""

    READ = "read"  #: read releases
    PUBLISH = "publish"  #: add and correct releases
    RETRACT = "retract"  #: retract releases
    OPERATE = "operate"  #: read subscribers and the state of deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The permissions of an API token. The secret itself is not stored."""

    name: str  #: the holder's name; never reused
    actions: tuple[Action, ...]
    #: slugs; None for all, including releases without categories
    categories: tuple[str, ...] | None
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether the token is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def permits(self, categories: tuple[str, ...]) -> bool:
        """Whether the token permits changes to a release in exactly these categories."""
        return permits(self.categories, categories)


def permits(allowed: tuple[str, ...] | None, categories: tuple[str, ...]) -> bool:
    """Whether somebody with the categories *allowed* may change a release in *categories*.

    A release without categories needs a permission for all of them: names that no category uses
    today may mean any category tomorrow.

    Args:
        allowed: Slugs; None for all.
        categories: The slugs of the release.
    """
    if allowed is None:
        return True
    return bool(categories) and set(categories) <= set(allowed)
