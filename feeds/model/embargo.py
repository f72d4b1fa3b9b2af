"""A document that waits for its minute."""

from dataclasses import dataclass
from datetime import datetime

from feeds.model.release import Draft, ReleaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargo:
    """A document, complete and checked, that nobody is shown before its minute.

    It is no release yet: it has no place in any table that the public is answered from, and goes
    through the intake when its minute has come. A correction of a release may be embargoed, too.
    """

    release_id: ReleaseId  #: minted when it came, or that of the release that it corrects
    draft: Draft  #: its own ``embargoed_until`` is what the document says, should it say something
    until: datetime  #: what counts; aware, UTC, whole seconds
    held_since: datetime
    by: str  #: who set ``until``
