"""People who may use the desk: what they may do, and in which categories."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds.model.token import permits


class UserRole(StrEnum):
    """What a person may do at the desk."""

    WRITE = "write"  #: write and change drafts
    PUBLISH = "publish"  #: publish, put under embargo, correct, retract and restore releases
    OPERATE = "operate"  #: see what was refused, hubs, subscribers and alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account. The password is stored as a hash, and is not part of this."""

    name: str  #: never reused: the audit log refers to it
    roles: tuple[UserRole, ...]
    #: slugs; None for all, including releases without categories
    categories: tuple[str, ...] | None
    made_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether the person may sign in."""
        return self.disabled_at is None

    def may(self, role: UserRole) -> bool:
        """Whether the person has a role. Whoever may publish may also write."""
        return role in self.roles or (role is UserRole.WRITE and UserRole.PUBLISH in self.roles)

    def permits(self, categories: tuple[str, ...]) -> bool:
        """Whether the person may change a release in exactly these categories."""
        return permits(self.categories, categories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which somebody is signed in."""

    user: User
    began_at: datetime
    seen_at: datetime  #: when it was last used, within some minutes
