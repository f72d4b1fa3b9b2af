"""Embargoes: what is due comes out, in its second."""

import threading
from collections.abc import Callable
from datetime import datetime

from feeds.newsroom import Newsroom
from service.logs import get_logger

_log = get_logger(__name__)

#: How often it is asked what ends next. Whatever is added or moved to a nearer end is found then.
LOOK_EVERY_S = 1.0


def wait_for_end(
    newsroom: Newsroom, *, now: Callable[[], datetime], is_over: threading.Event
) -> bool:
    """Wait for an embargo that ends before the next look; say whether one has ended.

    Args:
        newsroom: Is asked what ends next.
        now: Read again after each wait: the clock may have been set.
        is_over: Ends the waiting.
    """
    end = newsroom.next_embargo_end()
    while end is not None and not is_over.is_set():
        remaining_s = (end - now()).total_seconds()
        if remaining_s <= 0:
            return True
        if remaining_s > LOOK_EVERY_S:
            return False
        is_over.wait(remaining_s)
    return False


def release_due(newsroom: Newsroom, *, now: datetime) -> int:
    """Make public what is due, and tell how much it was: what it was, the feeds will say."""
    released = newsroom.release_embargoes(now=now)
    if released:
        _log.info("embargoes ended", count=released)
    return released
