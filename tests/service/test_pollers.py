"""Real feed readers, looking again and again at the real service."""

import mailbox
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest
from reader import Reader, make_reader

from tests.support.running_service import Service, document, running, wait_until
from tests.support.services import missing

NUMBERS = range(6)
SUFFIXES = ("atom", "rss", "json")

#: Of a program that says its name, and knows what a 226 is.
AGENT = "ReaderOfOurs/1.0"


@pytest.fixture(scope="module", params=[False, True], ids=["whole documents", "deltas"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with six releases and those that other readers saw, with and without deltas."""
    configured = Service(folder=tmp_path_factory.mktemp("newsroom"))
    configured.write_main({"feeds": {"deltas": {"offered": request.param}, "ttl_minutes": 1}})
    for number in NUMBERS:
        configured.drop(f"{number}.txt", document(f"No {number}", "Finance"))
    with running(configured) as started:
        wait_until(lambda: len(started.titles()) == len(NUMBERS))
        yield started


def add(service: Service, title: str) -> None:
    """Publish one more, and wait until every document shows it: one may be a moment behind."""
    service.drop(f"{title}.txt", document(title, "Finance"))
    for suffix in SUFFIXES:
        path = f"/feeds/all.{suffix}"
        wait_until(lambda path=path: title.encode() in service.get(path).body)  # type: ignore[misc]


def wait_until_dated(service: Service, path: str) -> None:
    """Wait until a document has a date: one that is dated ahead has none until that comes."""
    wait_until(lambda: "last-modified" in service.get(path).headers)


def is_with_deltas(service: Service) -> bool:
    return '"offered": true' in service.main.read_text(encoding="utf-8")


def test_feedparser_with_etag_and_modified(service: Service) -> None:
    """feedparser sends ``A-IM: feed`` by itself, whether its caller knows of deltas or not."""
    url = f"{service.base_url}/feeds/all.atom"
    wait_until_dated(service, "/feeds/all.atom")
    known = service.titles()
    first = feedparser.parse(url, agent=AGENT)
    assert (first.status, first.bozo) == (200, False)
    assert [entry.title for entry in first.entries] == known
    again = feedparser.parse(url, etag=first.etag, modified=first.modified, agent=AGENT)
    assert (again.status, again.entries) == (304, [])
    by_date = feedparser.parse(url, modified=first.modified)
    assert by_date.status == 304
    add(service, "One for feedparser")
    news = feedparser.parse(url, etag=first.etag, modified=first.modified, agent=AGENT)
    assert news.status == (226 if is_with_deltas(service) else 200)
    titles = {entry.title for entry in news.entries}
    assert titles == {"One for feedparser", *(() if is_with_deltas(service) else known)}
    last = feedparser.parse(url, etag=news.etag, modified=news.get("modified"), agent=AGENT)
    assert last.status == 304


def test_feedparser_that_does_not_say_for_whom_it_asks_gets_the_whole(service: Service) -> None:
    """Debian's rss2email is one of those, and loses what a 226 brings."""
    url = f"{service.base_url}/feeds/all.atom"
    wait_until_dated(service, "/feeds/all.atom")
    first = feedparser.parse(url)
    add(service, "One for whoever it is")
    news = feedparser.parse(url, etag=first.etag, modified=first.modified)
    assert (news.status, len(news.entries)) == (200, len(first.entries) + 1)


def test_rss2email_mails_each_entry_once(service: Service, tmp_path: Path) -> None:
    """Debian's own, which sends feedparser's name and ``A-IM: feed``."""
    program = shutil.which("r2e")
    if program is None:
        missing("rss2email", "install Debian's package rss2email")
    mail = tmp_path / "mail"
    mail.mkdir()
    config = tmp_path / "rss2email.cfg"
    config.write_text(
        "[DEFAULT]\nemail-protocol = maildir\nto = reader@example.org\n"
        f"maildir-path = {mail}\nmaildir-mailbox = news\n",
        encoding="utf-8",
    )

    def r2e(*arguments: str) -> None:
        files = ["-c", str(config), "-d", str(tmp_path / "rss2email.json")]
        subprocess.run(
            [program, *files, *arguments],
            check=True,
            timeout=60,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        )

    def subjects() -> list[str]:
        box = mailbox.Maildir(mail / "news", create=False)
        return sorted(str(message["Subject"]) for message in box)

    r2e("add", "news", f"{service.base_url}/feeds/all.rss")
    expected = service.titles()
    r2e("run")
    assert subjects() == sorted(expected)
    for title in ("One for rss2email", "And one more"):
        add(service, title)
        expected.append(title)
        r2e("run")
        assert subjects() == sorted(expected)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Reader]:
    """The ``reader`` library, which sends ``A-IM: feed`` and obeys ``Cache-Control``."""
    opened = make_reader(str(tmp_path / "reader.db"))
    yield opened
    opened.close()


def test_the_reader_library_has_everything_after_each_look(
    service: Service, library: Reader
) -> None:
    urls = [f"{service.base_url}/feeds/all.{suffix}" for suffix in SUFFIXES]
    for url in urls:
        library.add_feed(url)
    expected = set(service.titles())
    for title in (None, "One for the library", "Another for it", "No 3 as it was meant"):
        if title is not None:
            add(service, title)
            expected.add(title)
        for url in urls:
            library.update_feed(url)
            assert {entry.title for entry in library.get_entries(feed=url)} == expected
            assert library.get_feed(url).last_exception is None


def test_newsboat_reloads_twice(service: Service, tmp_path: Path) -> None:
    """It takes a 226 well, and has each entry once."""
    program = shutil.which("newsboat")
    if program is None:
        missing("newsboat", "install Debian's package newsboat")
    home = tmp_path / "newsboat"
    home.mkdir()
    urls, cache, config = home / "urls", home / "cache.db", home / "config"
    urls.write_text(f"{service.base_url}/feeds/all.rss\n", encoding="utf-8")
    config.write_text("ignore-mode download\n", encoding="utf-8")

    def reload() -> list[str]:
        files = ["-u", urls, "-c", cache, "-C", config]
        subprocess.run(
            [program, *map(str, files), "-x", "reload"],
            check=True,
            timeout=60,
            env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )
        with sqlite3.connect(cache) as connection:
            rows = connection.execute("SELECT title FROM rss_item ORDER BY title").fetchall()
        connection.close()
        return [title for (title,) in rows]

    expected = service.titles()
    assert len(expected) >= len(NUMBERS)
    assert reload() == sorted(expected)
    assert reload() == sorted(expected)
    for title in ("One for newsboat", "And another"):
        add(service, title)
        expected.append(title)
        assert reload() == sorted(expected)
