"""Lines of recent pages, kept in memory: most of a page stands on the next one too."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from feeds.model.feed import Format
from feeds.model.release import ReleaseId
from feeds.store.fragments import Fragment

#: A release takes some 20 kB in three formats. This is enough for what 100 feeds show.
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One release of a document, with what became of it in each format."""

    release_id: ReleaseId
    published: datetime
    fragments: dict[Format, Fragment]
    notice: "Line | None" = None  #: stands beside it in feeds that hold notices

    @property
    def size_bytes(self) -> int:
        """Of the longest format: a window is the same in all of them."""
        return max(len(fragment.body or b"") for fragment in self.fragments.values())

    @property
    def total_bytes(self) -> int:
        """Of all formats together, with its notice."""
        own = sum(len(fragment.body or b"") for fragment in self.fragments.values())
        return own if self.notice is None else own + self.notice.total_bytes

    @property
    def is_whole(self) -> bool:
        """True when it could be rendered in every format."""
        return all(fragment.body is not None for fragment in self.fragments.values())


#: Which line is meant: a release, and the stamp of its filings (``feeds.model.filing``).
LineKey = tuple[ReleaseId, str]


class TypeCase:
    """The lines used last, up to a number of bytes. Safe to share between threads.

    One catalogue has one. What a line is made of stands in the stamp, in the catalogue (the
    titles of categories, the site's address) and in the code, so that a line found is current.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lines: OrderedDict[LineKey, Line] = OrderedDict()
        self._lock = Lock()

    def find(self, key: LineKey) -> Line | None:
        """The line of this key, if it is kept."""
        with self._lock:
            line = self._lines.get(key)
            if line is not None:
                self._lines.move_to_end(key)
            return line

    def keep(self, key: LineKey, line: Line) -> None:
        """Keep a line; those go that were used longest ago."""
        with self._lock:
            if key in self._lines:
                return
            self._lines[key] = line
            self._bytes += line.total_bytes
            while self._bytes > self._max_bytes:
                _, gone = self._lines.popitem(last=False)
                self._bytes -= gone.total_bytes
