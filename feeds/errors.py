"""What can go wrong in the domain, each named after the fact."""

from datetime import datetime


class FeedsError(Exception):
    """The root of every error that `feeds` raises on purpose."""


class InvalidRelease(FeedsError):
    """A release breaks a promise of the model; the field and what was expected are told."""

    def __init__(self, release_id: str, field: str, expected: str, /) -> None:
        super().__init__(f"release {release_id!r}: {field} {expected}")
        self.release_id = release_id
        self.field = field
        self.expected = expected


class InvalidFeed(FeedsError):
    """A feed, category or union is described in a way that cannot work."""

    def __init__(self, slug: str, reason: str, /) -> None:
        super().__init__(f"feed {slug!r}: {reason}")
        self.slug = slug
        self.reason = reason


class ReleaseNotFound(FeedsError):
    """No release answers to this id, source key or slug."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no release {name!r}")
        self.name = name


class EmbargoNotFound(FeedsError):
    """No document that waits for its minute answers to this id, slug, source key or file."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"nothing waits under embargo as {name!r}")
        self.name = name


class EmbargoOver(FeedsError):
    """An embargo was to end at a moment that is past."""

    def __init__(self, until: datetime, /) -> None:
        super().__init__(
            f"{until:%Y-%m-%dT%H:%M:%SZ} is past: give a later moment, or lift the embargo"
        )
        self.until = until


class AlreadyRetracted(FeedsError):
    """The release was retracted before."""

    def __init__(self, slug: str, at: datetime, /) -> None:
        super().__init__(
            f"release {slug!r} was retracted on {at:%Y-%m-%d at %H:%M:%S} UTC already: to give "
            "another reason, restore it first"
        )
        self.slug = slug
        self.at = at


class NotRetracted(FeedsError):
    """The release stands, so there is nothing to restore."""

    def __init__(self, slug: str, /) -> None:
        super().__init__(f"release {slug!r} is not retracted, so there is nothing to restore")
        self.slug = slug


class InvalidReason(FeedsError):
    """A retraction's reason cannot be shown to the public."""

    def __init__(self, expected: str, /) -> None:
        super().__init__(f"the reason of a retraction {expected}")
        self.expected = expected


class FeedNotFound(FeedsError):
    """No feed has this slug."""

    def __init__(self, slug: str, /) -> None:
        super().__init__(f"no feed {slug!r}")
        self.slug = slug


class ArchiveNotFound(FeedsError):
    """The feed has no archive document of this number."""

    def __init__(self, slug: str, number: int, /) -> None:
        super().__init__(f"feed {slug!r} has no archive {number}")
        self.slug = slug
        self.number = number


class RevisionNotFound(FeedsError):
    """A release has no former revision of this number."""

    def __init__(self, slug: str, number: int, /) -> None:
        super().__init__(f"release {slug!r} has no former revision {number}")
        self.slug = slug
        self.number = number


class ReleaseChanged(FeedsError):
    """A release is not what the sender of a document takes it for; nothing was stored."""


class TokenExists(FeedsError):
    """A token has, or had, this name."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"there is, or was, a token of {name!r}: take another name")
        self.name = name


class TokenNotFound(FeedsError):
    """No token has this name."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no token of {name!r}")
        self.name = name


class DocumentRefused(FeedsError):
    """An incoming document cannot become a release. It says where, why, and what to do."""

    def __init__(
        self, reason: str, /, *, remedy: str, line: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.line = line
        self.field = field


class RenderFailed(FeedsError):
    """One release cannot be written in one format; the others are not concerned."""

    def __init__(self, release_id: str, feed_format: str, reason: str, /) -> None:
        super().__init__(f"release {release_id!r} cannot be written as {feed_format}: {reason}")
        self.release_id = release_id
        self.feed_format = feed_format
        self.reason = reason


class ConfigurationSuperseded(FeedsError):
    """Another configuration was applied to the store since."""

    def __init__(self) -> None:
        super().__init__("another configuration was applied to the store")


class StoreUnavailable(FeedsError):
    """The database cannot be reached, is locked for too long, or its disk is full: try again."""

    is_connection_lost = False  #: True when it was there a moment before
    in_short = "the store cannot be reached"  #: for those who are not to know where the store is


class StoreNotWritable(StoreUnavailable):
    """What is stored can be read, but nothing new can be stored."""

    def __init__(self, message: str, /, *, because: str) -> None:
        super().__init__(message)
        self.in_short = f"the store cannot be written: {because}"


class StoreReplaced(StoreUnavailable):
    """The store is gone, or another one stands in its place. It says what to do."""

    in_short = "the store is gone, or another one stands in its place; the log says what to do"


class OutcomeUnknown(StoreUnavailable):
    """The store was lost while something was being stored in it."""

    in_short = (
        "the store was lost while this was being stored: it may be stored or not; "
        "send the same again"
    )


class StoreOutdated(FeedsError):
    """The database's schema is not the one this version works with."""


class StoreConflict(FeedsError):
    """Two transactions met, and this one lost. Nothing of it was kept: do it again."""
