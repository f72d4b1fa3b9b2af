"""Addresses of feeds that went elsewhere, or are gone.

Asked before any route is: whatever there may be below a feed's address, it moves and goes with it.
"""

import re
from urllib.parse import quote

from flask import Flask, Response, request

from feeds.model.feed import Format
from service.web.answers import OPEN_TO_ALL, note_of_way
from service.web.desk import desk
from service.web.problems import FeedGone

#: RFC 9110 15.4.2 lets caches keep a 301 as long as they like. Ops may take a rename back, and
#: who kept the way there would then go in circles: an hour.
MOVED_CACHE_CONTROL = "public, max-age=3600"

#: A slug of ours has no dot: what follows one is the suffix of a document.
_ADDRESS = re.compile(rf"/feeds/([^/.]+)((?:\.(?:{'|'.join(Format)}))?|/.*)", re.DOTALL)


def prepare(app: Flask) -> None:
    """Let *app* ask here first."""
    app.before_request(_answer)


def _answer() -> Response | None:
    """Answer for a feed that moved; None lets the routes answer.

    Raises:
        FeedGone: The feed ended, and its farewell is over.
    """
    found = _ADDRESS.fullmatch(request.path)
    if found is None or request.method not in ("GET", "HEAD"):
        return None
    slug, rest = found.groups()
    room = desk()
    moved_to = room.catalogue.slugs_by_former.get(slug)
    feed = room.catalogue.feeds.get(moved_to or slug)
    if feed is None:
        return None
    # Not by way of the new address, which would be told the same in a second step.
    if feed.ending is not None and feed.is_gone(room.now):
        raise FeedGone(feed.slug, feed.language, feed.ending)
    return None if moved_to is None else _moved(room.site.feed_page(moved_to) + quote(rest))


def _moved(address: str) -> Response:
    """Lead to the same thing under the feed's new slug (RFC 9110 section 15.4.2).

    The address is made of the configured base URL, never of the request's host; its query is
    dropped, as there is none that means anything.
    """
    response = Response(note_of_way(address), status=301, mimetype="text/html")
    response.headers["Location"] = address
    response.headers["Cache-Control"] = MOVED_CACHE_CONTROL
    response.headers.update(OPEN_TO_ALL)
    return response
