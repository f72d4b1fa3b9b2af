"""Walks back through the history of a feed, from its newest document to its oldest.

The walk is pure: it says which address comes next and is given what was there. Which way it goes is
up to the feed: ``prev-archive`` (RFC 5005 section 4), ``next`` (RFC 5005 section 3, and JSON Feed's
``next_url``), or WordPress's ``?paged=N``, which no link names.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from feeds.imports.items import ImportedItem, Item, LeftOut
from feeds.imports.reading import ReadFeed

#: A site with ten items a page and 50,000 items.
MAX_PAGES = 5_000

#: Documents in a row, each named by the one before, that may have nothing new. The newest feed may
#: have all that is in its first archives: their borders are fixed, and it goes on.
MAX_OLD_PAGES = 100


class HistoryWalk:
    """One walk. Ask `next_url`, fetch it, then call `read` or `not_there`; until it is None.

    Pages shift while one walks: what is published meanwhile moves items from one page to the next.
    Each item is yielded once; the state on the page that came first is the newest.
    """

    def __init__(self, url: str, *, only_this: bool = False, max_pages: int = MAX_PAGES) -> None:
        """Starts a walk.

        Args:
            url: Address of the feed.
            only_this: Whether to end after the first document.
            max_pages: The walk ends after so many.
        """
        self.next_url: str | None = url
        self.pages = 0  #: that were read
        self.ended: str = ""  #: why the walk ended, for people
        self._only_this = only_this
        self._max_pages = max_pages
        self._visited: set[str] = set()
        self._seen: set[str] = set()
        self._paged_from = url
        self._page = 1
        self._old_pages = 0  #: in a row, without anything new

    def read(self, feed: ReadFeed) -> list[Item]:
        """Returns what is new in the document at `next_url`, and moves on."""
        url = self.next_url
        if url is None:
            raise ValueError("the walk is over")
        self._visited.add(_same(url))
        self.pages += 1
        new = [item for item in feed.items if self._is_new(item)]
        has_new = any(isinstance(item, ImportedItem) for item in new)
        self._old_pages = 0 if has_new else self._old_pages + 1
        self._move_on(feed, has_new=has_new)
        return new

    def not_there(self, status: int) -> None:
        """Ends the walk, because the server had no document at `next_url`."""
        self._end(f"{self.next_url} answers {status}")

    def _move_on(self, feed: ReadFeed, *, has_new: bool) -> None:
        if self._only_this:
            self._end("only this document was asked for")
        elif feed.is_complete:
            self._end("the feed says that it is complete")
        elif not has_new and not self._may_be_older(feed):
            self._end(f"{self.next_url} has nothing new")
        elif self.pages >= self._max_pages:
            self._end(f"{self._max_pages} documents were read")
        else:
            self._go_to(feed.link("prev-archive") or feed.link("next") or self._wordpress(feed))

    def _may_be_older(self, feed: ReadFeed) -> bool:
        """Whether something new may come after a document without: never if no link names it.

        WordPress answers every page behind the last with the newest, if its theme is so made.
        """
        is_named = feed.link("prev-archive") or feed.link("next")
        return bool(is_named) and self._old_pages < MAX_OLD_PAGES

    def _go_to(self, url: str | None) -> None:
        if url is None:
            self._end("no older document is named")
        elif not re.match("https?://", url):
            self._end(f"the older document has no web address: {url}")
        elif _same(url) in self._visited:
            self._end(f"{url} was read already")
        else:
            self.next_url = url

    def _end(self, reason: str) -> None:
        self.next_url, self.ended = None, reason

    def _is_new(self, item: Item) -> bool:
        identity = _identity(item)
        is_new = identity not in self._seen
        self._seen.add(identity)
        return is_new

    def _wordpress(self, feed: ReadFeed) -> str | None:
        """Returns WordPress's next page, which it has without naming it."""
        if "wordpress" not in (feed.head.generator or "").lower():
            return None
        self._page += 1
        parts = urlsplit(self._paged_from)
        query = [
            pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "paged"
        ]
        paged = urlencode([*query, ("paged", str(self._page))])
        return urlunsplit(parts._replace(query=paged, fragment=""))


def _same(url: str) -> str:
    return url.partition("#")[0]


def _identity(item: Item) -> str:
    if isinstance(item, LeftOut):
        return f"{item.reason}\n{item.detail}\n{item.example}"
    if item.known_id is not None:
        return f"id\n{item.known_id.value}"
    if item.link is not None:
        return f"link\n{item.link}"
    fields = item.record.fields
    return f"text\n{fields.get('published')}\n{fields.get('title')}"
