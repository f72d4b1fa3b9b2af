"""The table of formats. A format more is a file more and a row more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Format, Site
from feeds.render import atom, json_feed, rss
from feeds.render.frame import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How one format is written."""

    version: int  #: raise it when the same entry is to be written differently from now on
    fragment: Callable[[Entry, Site], bytes]
    frame: Callable[[FeedHead, Site], Frame]


WRITERS: Mapping[Format, Writer] = {
    Format.ATOM: Writer(version=1, fragment=atom.fragment, frame=atom.frame),
    Format.RSS: Writer(version=1, fragment=rss.fragment, frame=rss.frame),
    Format.JSON: Writer(version=1, fragment=json_feed.fragment, frame=json_feed.frame),
}
