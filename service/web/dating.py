"""Since when a page or a list is what it is (RFC 9110 section 8.8.2).

A page changes with the releases and feeds that it shows, with the configuration and the program,
and when a feed ends. Each of these has its moment in the store, where all machines and every start
find it, and none goes back. Where a moment is not known for certain, a page has no date, and its
entity tag decides alone.
"""

from datetime import datetime

from feeds.model.text import whole_second
from service.web.desk import Desk


def dated(room: Desk, *changes: datetime | None) -> datetime | None:
    """Return the date of a page.

    Args:
        room: The newsroom as this request sees it.
        changes: When what the page shows last changed; None where that is not known.

    Returns:
        None when it cannot be told: the configuration is just being applied, something is being
        published, or several changes of one second have dates that are still to come.
    """
    since = room.newsstand.pages_since()
    if since is None:
        return None
    known = [change for change in changes if change is not None]
    if len(known) < len(changes):
        return None
    endings = [feed.ending for feed in room.catalogue.feeds.values() if feed.ending is not None]
    ends = [moment for each in endings for moment in (each.on, each.gone_at) if moment <= room.now]
    newest = whole_second(max([since, *known, *ends]))
    # RFC 9110 8.8.2.1: a date "MUST NOT" be later than the answer's own.
    return newest if newest <= room.now else None


def last_change(room: Desk, slug: str) -> datetime | None:
    """Return when what a feed holds last changed; None while that is still being published.

    By its edition: each has a second of its own, also where several come in one.
    """
    state = room.newsstand.state(slug)
    if state is None or state.is_stale or state.modified_at is None:
        return None
    changed = whole_second(state.changed_at)
    if changed <= state.modified_at:
        return state.modified_at
    # No document says anything of that change. Another one may come within the same second.
    return changed if changed < whole_second(room.now) else None
