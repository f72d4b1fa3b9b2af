"""A WordPress site moves to Communiqué on the same host; its readers poll before and after.

No entry comes twice, none is lost, none is unread again; and each old address is one step away
from the new one. The readers are real: feedparser with the state that it needs, the library
*reader*, and newsboat. They subscribed while the site was young: they know more than its last feed
shows.
"""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from reader import make_reader

from tests.support.running_service import Service, wait_until
from tests.support.services import missing
from tests.support.wordpress import HEAD, export, post

#: What WordPress shows in a feed, and how many posts there are.
IN_FEED, POSTS = 10, 13

RULES = """
categories:
  - {slug: money, title: Money, window: {entries: 5, days: 1}}
  - {slug: sports, title: Sports}
redirects:
  - {old: /feed/, feed: all}
  - {old: /feed/rss2/, feed: all}
  - {old: /feed/atom/, feed: all, format: atom}
  - {old: "/?feed=rss2", feed: all}
  - {old: "/?feed=rss2&cat={number:digits}", feed: money}
  - {old: "/category/{slug}/feed/", feed: "{slug}"}
  - {old: /comments/feed/, gone: true}
"""


def published(number: int) -> datetime:
    return datetime(2019, 5, 1, 9, 0, tzinfo=UTC) + timedelta(days=number - 1)


def is_about_money(number: int) -> bool:
    return number % 2 == 0


_MONEY, _SPORTS = ("category", "money", "Money"), ("category", "sports", "Sports")


class OldSite:
    """A site as WordPress serves it, with the posts up to `newest`."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.newest = IN_FEED

    def feed(self, *, is_atom: bool, is_category: bool = False, page: int = 1) -> str | None:
        """One page of a feed; None behind the last one."""
        listed = [
            one for one in range(self.newest, 0, -1) if is_about_money(one) or not is_category
        ]
        numbers = listed[(page - 1) * IN_FEED : page * IN_FEED]
        if not numbers:
            return None
        items = "".join(self._entry(one) if is_atom else self._item(one) for one in numbers)
        if is_atom:
            return (
                '<feed xmlns="http://www.w3.org/2005/Atom"><title>Old</title>'
                f"<id>{self.base}/feed/atom/</id><updated>{published(numbers[0]).isoformat()}</updated>"
                f"{items}</feed>"
            )
        return (
            '<rss version="2.0"><channel><title>Old</title>'
            f"<link>{self.base}</link><description>Old</description>{items}</channel></rss>"
        )

    def _item(self, number: int) -> str:
        return (
            f"<item><title>Post {number}</title><link>{self.link(number)}</link>"
            f'<guid isPermaLink="false">{self.base}/?p={number}</guid>'
            f"<pubDate>{format_datetime(published(number))}</pubDate>"
            f"<description>Text {number}.</description></item>"
        )

    def _entry(self, number: int) -> str:
        at = published(number).isoformat()
        return (
            f"<entry><title>Post {number}</title><link href='{self.link(number)}'/>"
            f"<id>{self.base}/?p={number}</id><published>{at}</published><updated>{at}</updated>"
            f"<summary>Text {number}.</summary></entry>"
        )

    def link(self, number: int) -> str:
        return f"{self.base}/2019/05/post-{number}/"

    def answer(self, target: str) -> str | None:
        """What is at an address; None if there is nothing."""
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        page = int(query.get("paged", ["1"])[0])
        if parts.path == "/feed/atom/":
            return self.feed(is_atom=True, page=page)
        is_category = parts.path == "/category/money/feed/" or "cat" in query
        if parts.path == "/feed/" or is_category or "feed" in query:
            return self.feed(is_atom=False, is_category=is_category, page=page)
        return "<!doctype html><p>A page" if "p" in query or parts.path == "/" else None

    def exported(self, oldest: int) -> bytes:
        """The site's export, from one post to the newest."""
        posts = [
            post(
                number,
                title=f"Post {number}",
                body=f"Text {number}.",
                guid=f"{self.base}/?p={number}",
                link=self.link(number),
                date=f"{published(number):%Y-%m-%d} 11:00:00",
                date_gmt=f"{published(number):%Y-%m-%d} 09:00:00",
                terms=[_MONEY if is_about_money(number) else _SPORTS],
            )
            for number in range(oldest, self.newest + 1)
        ]
        return export(*posts, head=HEAD.replace("https://old.example", self.base))


@contextmanager
def served(site: OldSite, port: int) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (site.answer(self.path) or "").encode()
            self.send_response(200 if body else 404)
            is_feed = body.startswith((b"<rss", b"<feed"))
            self.send_header("Content-Type", "text/xml" if is_feed else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


#: Polls once, and returns the titles of what is new or unread since the last call.
Poll = Callable[[], list[str]]


def by_feedparser(url: str, _: Path) -> Poll:
    """A small reader: it keeps ids, validators, and the address that a 301 gave it."""
    known: set[str] = set()
    state = {"url": url, "etag": None, "modified": None}

    def poll() -> list[str]:
        found = feedparser.parse(state["url"], etag=state["etag"], modified=state["modified"])
        assert found.status in (200, 301, 304), found
        if found.status == 301:
            state["url"] = found.href
        assert found.status == 304 or found.entries
        state["etag"], state["modified"] = found.get("etag"), found.get("modified")
        new = [entry for entry in found.entries if entry.id not in known]
        known.update(entry.id for entry in new)
        return [entry.title for entry in new]

    return poll


def by_reader(url: str, home: Path) -> Poll:
    """The library *reader*, with a store of its own."""
    reader = make_reader(str(home / "reader.sqlite"))
    reader.add_feed(url)

    def poll() -> list[str]:
        reader.update_feed(url)  # raises what goes wrong
        unread = list(reader.get_entries(read=False))
        for entry in unread:
            reader.mark_entry_as_read(entry)
        return [entry.title or "" for entry in unread]

    return poll


def by_newsboat(url: str, home: Path) -> Poll:
    """Newsboat, run from the command line, with its own cache."""
    program = shutil.which("newsboat")
    if program is None:
        missing("newsboat", "install Debian's package newsboat")
    urls, cache, config = home / "urls", home / "cache.db", home / "config"
    urls.write_text(f"{url}\n", encoding="utf-8")
    config.touch()

    def poll() -> list[str]:
        subprocess.run(
            [program, *map(str, ("-u", urls, "-c", cache, "-C", config)), "-x", "reload"],
            check=True,
            timeout=60,
            env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )
        with closing(sqlite3.connect(cache)) as connection, connection:
            rows = connection.execute("SELECT title FROM rss_item WHERE unread = 1").fetchall()
            connection.execute("UPDATE rss_item SET unread = 0")
        return [title for (title,) in rows]

    return poll


READERS = {"feedparser": by_feedparser, "reader": by_reader, "newsboat": by_newsboat}

#: The feeds of the old site, by which readers subscribed.
FEEDS = {
    "rss": "/feed/",
    "atom": "/feed/atom/",
    "query": "/?feed=rss2",
    "category": "/category/money/feed/",
    "category by query": "/?cat=3&feed=rss2",
}


#: Those of the category alone.
OF_CATEGORY = {"category", "category by query"}


def expected(names: Iterable[str], posts: Iterable[int]) -> dict[str, list[str]]:
    """The titles of these posts, sorted, for each reader by the feed that it has."""
    chosen = list(posts)
    return {
        name: sorted(
            f"Post {number}"
            for number in chosen
            if is_about_money(number) or name.partition(", ")[2] not in OF_CATEGORY
        )
        for name in names
    }


def _what_comes(poll: Poll) -> list[str]:
    """Polls until something is new: each web process learns of an edition in its own time."""
    found: list[str] = []

    def has_come() -> bool:
        found.extend(poll())
        return bool(found)

    wait_until(has_come)
    return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(folder=tmp_path / "newsroom")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def test_no_reader_notices_that_the_newsroom_has_moved(service: Service, tmp_path: Path) -> None:
    site = OldSite(service.base_url)
    readers: dict[str, Poll] = {}
    with served(site, service.port):
        for name, make in READERS.items():
            for feed, path in FEEDS.items():
                home = tmp_path / name / feed
                home.mkdir(parents=True)
                readers[f"{name}, {feed}"] = make(f"{service.base_url}{path}", home)
        first = {name: sorted(poll()) for name, poll in readers.items()}
        assert first == expected(readers, range(1, IN_FEED + 1))
        site.newest = POSTS
        second = {name: sorted(poll()) for name, poll in readers.items()}
        assert second == expected(readers, range(IN_FEED + 1, POSTS + 1))

    service.categories.write_text(RULES, encoding="utf-8")
    _run(service, "store", "upgrade")
    _run(service, "config", "check")
    _take_in(service, site, tmp_path)
    service.start()

    # The old pages and feeds: one step, and no further one.
    for old in [
        *FEEDS.values(),
        "/feed/rss2/",
        "/feed/?paged=2",
        *(f"/?p={number}" for number in range(1, POSTS + 1)),
        *(f"/2019/05/post-{number}/" for number in range(1, POSTS + 1)),
    ]:
        moved = service.get(old)
        assert moved.status == 301, old
        new = moved.headers["location"]
        assert new.startswith(service.base_url)
        assert service.get(new.removeprefix(service.base_url)).status == 200, (old, new)
    assert service.get("/comments/feed/").status == 410

    # Nothing is new to any of them; then one release is, and nothing else.
    assert {name: poll() for name, poll in readers.items()} == {name: [] for name in readers}
    text = "Title: News from here\nDate: 2026-03-02\nCategory: Money\n\nIt is new.\n"
    service.drop("news.txt", text)
    wait_until(lambda: "News from here" in service.titles("money"))
    after = {name: _what_comes(poll) for name, poll in readers.items()}
    assert after == {name: ["News from here"] for name in readers}
    assert {name: poll() for name, poll in readers.items()} == {name: [] for name in readers}

    # None was lost on the way: the feed has each of them once.
    moved_in = [f"Post {number}" for number in range(POSTS, 0, -1)]
    assert service.titles() == ["News from here", *moved_in]

    # What was forgotten and is taken in now is no news: it comes to its place, and pushes nothing
    # out of a short feed.
    _take_in(service, site, tmp_path, oldest=0)
    wait_until(lambda: service.titles() == ["News from here", *moved_in, "Post 0"])
    short = ["News from here", "Post 12", "Post 10", "Post 8", "Post 6"]
    assert service.titles("money") == short
    has_short = [name for name in readers if name.partition(", ")[2] in OF_CATEGORY]
    assert {name: readers[name]() for name in has_short} == {name: [] for name in has_short}


def _take_in(service: Service, site: OldSite, folder: Path, *, oldest: int = 1) -> None:
    exported = folder / "export.xml"
    exported.write_bytes(site.exported(oldest))
    _run(service, "import", "wxr", str(exported), "--media", "keep")


def _run(service: Service, *arguments: str) -> None:
    done = service.run(*arguments)
    assert done.returncode == 0, done.stderr + done.stdout
