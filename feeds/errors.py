"""The errors of the domain."""

from datetime import datetime


class FeedsError(Exception):
    """The base class of every error that `feeds` raises on purpose."""


class InvalidRelease(FeedsError):
    """A release breaks a rule of the model. Names the field and what was expected."""

    def __init__(self, release_id: str, field: str, expected: str, /) -> None:
        super().__init__(f"release {release_id!r}: {field} {expected}")
        self.release_id = release_id
        self.field = field
        self.expected = expected


class InvalidFeed(FeedsError):
    """A feed, category or union is configured in a way that cannot work."""

    def __init__(self, slug: str, reason: str, /) -> None:
        super().__init__(f"feed {slug!r}: {reason}")
        self.slug = slug
        self.reason = reason


class ReleaseNotFound(FeedsError):
    """No release has this id, source key or slug."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no release {name!r}")
        self.name = name


class EmbargoNotFound(FeedsError):
    """No document under embargo has this id, slug, source key or file."""

    def __init__(self, name: str, /, *, is_public: bool = False) -> None:
        """Describes the error.

        Args:
            name: The name that was asked for.
            is_public: Whether a release with this name is public.
        """
        public = ": the release with this name is public" if is_public else ""
        super().__init__(f"no document under embargo has the name {name!r}{public}")
        self.name = name


class EmbargoOver(FeedsError):
    """The requested end of an embargo is in the past."""

    def __init__(self, until: datetime, /) -> None:
        super().__init__(
            f"{until:%Y-%m-%dT%H:%M:%SZ} is past: give a later moment, or lift the embargo"
        )
        self.until = until


class AlreadyRetracted(FeedsError):
    """The release is already retracted."""

    def __init__(self, slug: str, at: datetime, /) -> None:
        super().__init__(
            f"release {slug!r} was retracted on {at:%Y-%m-%d at %H:%M:%S} UTC already: to give "
            "another reason, restore it first"
        )
        self.slug = slug
        self.at = at


class NotRetracted(FeedsError):
    """The release is not retracted, so it cannot be restored."""

    def __init__(self, slug: str, /) -> None:
        super().__init__(f"release {slug!r} is not retracted, so there is nothing to restore")
        self.slug = slug


class InvalidReason(FeedsError):
    """The reason of a retraction cannot be published."""

    def __init__(self, expected: str, /) -> None:
        super().__init__(f"the reason of a retraction {expected}")
        self.expected = expected


class MediumNotFound(FeedsError):
    """No file is stored at this address, or no public release names it."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no file {name!r}")
        self.name = name


class FeedNotFound(FeedsError):
    """No feed has this slug."""

    def __init__(self, slug: str, /) -> None:
        super().__init__(f"no feed {slug!r}")
        self.slug = slug


class ArchiveNotFound(FeedsError):
    """The feed has no archive document with this number."""

    def __init__(self, slug: str, number: int, /) -> None:
        super().__init__(f"feed {slug!r} has no archive {number}")
        self.slug = slug
        self.number = number


class MonthNotFound(FeedsError):
    """The feed lists no releases in this month, or on this page of it."""

    def __init__(self, slug: str, month: str, /) -> None:
        super().__init__(f"feed {slug!r} has no such list of {month}")
        self.slug = slug
        self.month = month


class RevisionNotFound(FeedsError):
    """The release has no former revision with this number."""

    def __init__(self, slug: str, number: int, /) -> None:
        super().__init__(f"release {slug!r} has no former revision {number}")
        self.slug = slug
        self.number = number


class PictureRefused(FeedsError):
    """A picture inside a document cannot be stored; its release is published without it."""

    def __init__(self, reason: str, /) -> None:
        super().__init__(reason)
        self.reason = reason


class FileBesideRefused(FeedsError):
    """A file that a document names cannot be taken from beside it."""

    def __init__(self, reason: str, /, *, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class NotAFeed(FeedsError):
    """What came instead of a feed: a page, nothing, or a document that cannot be read as one."""

    def __init__(self, reason: str, /, *, remedy: str, line: int | None = None) -> None:
        """Describes the error.

        Args:
            reason: What came.
            remedy: What to do.
            line: The line of the fault, where there is one.
        """
        super().__init__(
            f"{reason}: {remedy}" if line is None else f"line {line}: {reason}: {remedy}"
        )
        self.reason = reason
        self.remedy = remedy
        self.line = line


class ReleaseChanged(FeedsError):
    """The release changed after the sender of a document last saw it. Nothing was stored."""


class EmbargoChanged(ReleaseChanged):
    """An embargo was changed, moved or ended after somebody last saw it. Nothing was stored."""

    def __init__(self, source_key: str, /) -> None:
        super().__init__(
            f"what waits under {source_key} was changed, moved or ended meanwhile: look at it again"
        )


class TokenExists(FeedsError):
    """A token with this name exists or existed."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"a token named {name!r} exists or existed: choose another name")
        self.name = name


class TokenNotFound(FeedsError):
    """No token has this name."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no token named {name!r}")
        self.name = name


class DraftNotFound(FeedsError):
    """The desk has no such draft: it was published or dropped, or never there."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no draft {name!r}")
        self.name = name


class DraftChanged(FeedsError):
    """Somebody changed a draft of the desk after another person last saw it."""

    def __init__(self, name: str, changed_by: str, /) -> None:
        super().__init__(f"draft {name!r} was changed by {changed_by} meanwhile")
        self.name = name
        self.changed_by = changed_by


class UserExists(FeedsError):
    """A user with this name exists."""

    def __init__(self, name: str, /) -> None:
        super().__init__(
            f"a user named {name!r} exists: choose another name, or see 'communique user change', "
            "'enable' and 'reset'"
        )
        self.name = name


class UserNotFound(FeedsError):
    """No user has this name."""

    def __init__(self, name: str, /) -> None:
        super().__init__(f"no user named {name!r}")
        self.name = name


class DocumentRefused(FeedsError):
    """An incoming document cannot become a release. Says where, why, and what to do."""

    def __init__(
        self, reason: str, /, *, remedy: str, line: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.line = line
        self.field = field


class RenderFailed(FeedsError):
    """One release cannot be rendered in one format. Other releases are not affected."""

    def __init__(self, release_id: str, feed_format: str, reason: str, /) -> None:
        super().__init__(f"release {release_id!r} cannot be written as {feed_format}: {reason}")
        self.release_id = release_id
        self.feed_format = feed_format
        self.reason = reason


class ConfigurationSuperseded(FeedsError):
    """Another configuration was applied to the store in the meantime."""

    def __init__(self) -> None:
        super().__init__("another configuration was applied to the store")


class StoreUnavailable(FeedsError):
    """The database cannot be reached, is locked for too long, or its disk is full. Retry later."""

    is_connection_lost = False  #: True when the connection worked a moment before
    #: The message for readers who may not know where the store is.
    in_short = "the store cannot be reached"


class StoreNotWritable(StoreUnavailable):
    """The store can be read, but nothing new can be stored."""

    def __init__(self, message: str, /, *, because: str) -> None:
        super().__init__(message)
        self.in_short = f"the store cannot be written: {because}"


class StoreReplaced(StoreUnavailable):
    """The store was deleted or replaced by another one. The message says what to do."""

    in_short = "the store is gone, or another one stands in its place; the log says what to do"


class StoreBehind(StoreReplaced):
    """The store is an older copy of the one that was used last. The message says what to do."""

    in_short = "the store lacks what was stored last: it is an older copy; the log says what to do"


class OutcomeUnknown(StoreUnavailable):
    """The connection to the store was lost during a write."""

    in_short = (
        "the store was lost while this was being stored: it may be stored or not; "
        "send the same again"
    )


class StoreOutdated(FeedsError):
    """The schema of the database is not the one that this version works with."""


class StoreConflict(FeedsError):
    """Two transactions conflicted and this one was rolled back. Retry it."""


class BackupFailed(FeedsError):
    """A backup cannot be made or used. Nothing is left of one that was not finished."""


class CopyRefused(FeedsError):
    """A store cannot be copied as asked. The message says why, and what to do."""


class InvalidSearch(FeedsError):
    """A search cannot be understood. The message begins with the parameter that is wrong."""

    def __init__(self, fault: str, message: str, /) -> None:
        super().__init__(message)
        self.fault = fault  #: which kind, see `feeds.model.search.SearchFault`


class SearchPageNotFound(FeedsError):
    """A search has no such page of results."""

    def __init__(self, number: int, /) -> None:
        super().__init__(f"this search has no page {number}")
        self.number = number


class SearchTooSlow(FeedsError):
    """The store took too long for a search, and gave it up."""

    def __init__(self) -> None:
        super().__init__("this search takes too long: search for more words, or for rarer ones")
