"""The table of formats. A format more is a file more and a row more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Format, Site
from feeds.render import atom, json_feed, rss
from feeds.render.dates import rfc822, rfc3339
from feeds.render.frame import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How one format is written."""

    version: int  #: raise it when the same entry is to be written differently from now on
    fragment: Callable[[Entry, Site], bytes]
    frame: Callable[[FeedHead, Site], Frame]
    moment: Callable[[datetime], str] | None  #: how ``frame`` writes ``updated``, if it does
    names_newsroom: bool = False  #: whether an entry without an author has the newsroom's


WRITERS: Mapping[Format, Writer] = {
    Format.ATOM: Writer(version=8, fragment=atom.fragment, frame=atom.frame, moment=rfc3339),
    Format.RSS: Writer(
        version=8, fragment=rss.fragment, frame=rss.frame, moment=rfc822, names_newsroom=True
    ),
    Format.JSON: Writer(version=8, fragment=json_feed.fragment, frame=json_feed.frame, moment=None),
}
