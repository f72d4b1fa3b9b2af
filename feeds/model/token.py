"""Who may use the API, for what, and until when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What a token may be for."""

    READ = "read"  #: look at releases
    PUBLISH = "publish"  #: add and correct releases
    RETRACT = "retract"  #: take releases back
    OPERATE = "operate"  #: see who is subscribed, and how deliveries go


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What its bearer may do. The text of the token itself is kept nowhere."""

    name: str  #: of who has it; never given to another
    actions: tuple[Action, ...]
    categories: tuple[str, ...] | None  #: slugs; None for all, unfiled releases among them
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """True while it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may_file_in(self, categories: tuple[str, ...]) -> bool:
        """True when a release in exactly these categories is its bearer's business.

        One without any is nobody's but of who may file anywhere: names that nothing claims today
        may mean any category tomorrow.
        """
        if self.categories is None:
            return True
        return bool(categories) and set(categories) <= set(self.categories)
