"""What goes into archive documents, and when (RFC 5005 section 4).

A feed's subscription document shows what changed last. Whatever else the feed holds is in an
archive: before an entry leaves the subscription document, an archive is closed that holds it. So a
reader that follows ``prev-archive`` from the subscription document has everything, at any moment.

A release that is corrected, or filed anew, is taken out of its archive and stands in the
subscription document again, as the last change; later it comes into a newer archive. The bytes of
an archive that somebody fetched stay as they are: where an entry stands twice, the document that
is nearer to the subscription document has the newer one. The one exception is a release that is
retracted: whatever kept bytes hold it are thrown away, and made without it when they are next asked
for.
"""

from collections.abc import Collection, Sequence

from feeds.model.archive import Closing
from feeds.model.filing import Filed
from feeds.model.release import ReleaseId

#: Entries of an archive at the most: as many as some readers take of one document.
MAX_ENTRIES = 100

#: What an entry takes in the longest format: JSON Feed has the body twice, and all else once.
BODIES_AN_ENTRY = 2
ENTRY_BYTES = 1_000


def due(
    loose: Sequence[tuple[Filed, int]],
    shown: Collection[ReleaseId],
    *,
    last: int,
    max_bytes: int,
) -> list[Closing]:
    """Which archives are to be closed, so that nothing is neither shown nor archived.

    Args:
        loose: What is in no archive, least recent change first, with the length of its body.
        shown: What the subscription document is about to show.
        last: Number of the newest archive so far.
        max_bytes: Of an archive, about; one that holds a single entry may be longer.

    Returns:
        Archives in the order of their numbers, often none. The older half of what is shown goes
        along, so that an archive is closed once in many editions and has more than one entry.
    """
    hidden = [n for n, (filed, _) in enumerate(loose) if filed.release_id not in shown]
    if not hidden:
        return []
    end = max(hidden[-1] + 1, len(loose) - len(shown) // 2)
    parts: list[list[Filed]] = []
    room = 0
    for filed, length in loose[:end]:
        size = BODIES_AN_ENTRY * length + ENTRY_BYTES
        if not parts or size > room or len(parts[-1]) == MAX_ENTRIES:
            parts.append([])
            room = max_bytes
        parts[-1].append(filed)
        room -= size
    return [Closing(number, part) for number, part in enumerate(parts, start=last + 1)]
