"""FreshRSS while the site that it subscribes to moves here; the move is that of `test_moving_in`.

    python -m tests.trials.freshrss FOLDER

The folder has FreshRSS' sources, which stay as they are. Needs PHP 8 with sqlite3, xml, curl and
mbstring (Debian: php-cli php-sqlite3 php-xml php-curl php-mbstring).
"""

import argparse
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr

from tests.service.test_moving_in import FEEDS, IN_FEED, POSTS, RULES, OldSite, served
from tests.support.running_service import Service, wait_until
from tests.trials.image import say

USER = "anna"

#: Seconds for which it keeps a document without asking; an hour by default, or ``max-age``.
CACHED_FOR_S = 1


class FreshRss:
    """An installation with one user, who reads everything after each poll."""

    def __init__(self, sources: Path, home: Path) -> None:
        self.home = home
        shutil.copytree(sources, home)
        defaults = home / "config.default.php"
        text = defaults.read_text(encoding="utf-8")
        for key in ("cache_duration", "cache_duration_min", "cache_duration_max"):
            before, found, after = text.partition(f"'{key}' => ")
            text = before + found + str(CACHED_FOR_S) + "," + after.partition(",")[2]
        defaults.write_text(text, encoding="utf-8")
        self.php("cli/do-install.php", "--default-user", USER, "--auth-type", "none",
                 "--db-type", "sqlite", "--environment", "development")  # fmt: skip
        # --no-default-feeds ends with a TypeError in the version that was tried.
        (home / "opml.default.xml").write_text("<opml version='2.0'><body/></opml>", "utf-8")
        self.php("cli/create-user.php", "--user", USER)

    @property
    def version(self) -> str:
        """Of the sources."""
        text = (self.home / "constants.php").read_text(encoding="utf-8")
        return text.partition("FRESHRSS_VERSION = '")[2].partition("'")[0]

    @property
    def database(self) -> Path:
        """The user's store."""
        return self.home / "data" / "users" / USER / "db.sqlite"

    def php(self, *arguments: str) -> str:
        """Runs a script of FreshRSS, and returns what it says."""
        done = subprocess.run(
            ["php", *arguments], cwd=self.home, capture_output=True, text=True, timeout=120
        )
        return done.stdout + done.stderr

    def subscribe(self, urls: Sequence[str]) -> None:
        """Subscribes to these addresses."""
        file = self.home / "feeds.opml"
        outlines = "".join(
            f"<outline type='rss' text={quoteattr(url)} xmlUrl={quoteattr(url)}/>" for url in urls
        )
        file.write_text(f"<opml version='2.0'><body>{outlines}</body></opml>", encoding="utf-8")
        self.php("cli/import-for-user.php", "--user", USER, "--filename", str(file))

    def poll(self) -> dict[int, list[str]]:
        """Polls, and returns what is unread, by the number of the feed; then all of it is read."""
        time.sleep(CACHED_FOR_S + 1.1)
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE feed SET lastUpdate = 1 WHERE lastUpdate > 0")
        self.php("cli/actualize-user.php", "--user", USER)
        unread = dict[int, list[str]]()
        with closing(sqlite3.connect(self.database)) as connection, connection:
            for feed, title in connection.execute(
                "SELECT id_feed, title FROM entry WHERE is_read = 0 ORDER BY id_feed, date"
            ):
                unread.setdefault(feed, []).append(title)
            connection.execute("UPDATE entry SET is_read = 1")
        return unread

    def feeds(self) -> list[tuple[int, str, int, int]]:
        """Number, address, whether it is in error, and number of entries of each feed."""
        query = (
            "SELECT id, url, error, (SELECT count(*) FROM entry WHERE id_feed = feed.id) FROM feed"
        )
        with closing(sqlite3.connect(self.database)) as connection:
            return list(connection.execute(f"{query} ORDER BY id"))


def main() -> None:
    """Runs the trial."""
    parser = argparse.ArgumentParser(description="FreshRSS and a site that moves.")
    parser.add_argument("sources", type=Path)
    sources = parser.parse_args().sources
    with TemporaryDirectory(prefix="communique-freshrss-") as name:
        folder = Path(name)
        service = Service(folder=folder / "newsroom")
        try:
            _move(service, FreshRss(sources, folder / "freshrss"), folder)
        finally:
            if service.process is not None and service.process.poll() is None:
                service.stop()


def _move(service: Service, reader: FreshRss, folder: Path) -> None:
    say(f"FreshRSS {reader.version}")
    site = OldSite(service.base_url)
    with served(site, service.port):
        reader.subscribe([f"{service.base_url}{path}" for path in FEEDS.values()])
        _show(f"subscribed, with {IN_FEED} posts", reader)
        site.newest = POSTS
        _show(f"before the move, with {POSTS}", reader)
    service.categories.write_text(RULES, encoding="utf-8")
    exported = folder / "export.xml"
    exported.write_bytes(site.exported(1))
    service.run("store", "upgrade")
    service.run("import", "wxr", str(exported), "--media", "keep")
    service.start()
    _show("after the move", reader)
    _show("once more", reader)
    service.drop("news.txt", "Title: News from here\nCategory: Money\n\nIt is new.\n")
    for slug in ("all", "money"):
        wait_until(lambda slug=slug: "News from here" in service.titles(slug))  # type: ignore[misc]
    _show("after a release", reader)
    _show("once more", reader)


def _show(when: str, reader: FreshRss) -> None:
    unread = reader.poll()
    say(when)
    for number, url, error, entries in reader.feeds():
        new = ", ".join(unread.get(number, [])) or "nothing"
        say(f"  {url}{' (in error)' if error else ''}: {entries} entries, unread: {new}")


if __name__ == "__main__":
    main()
