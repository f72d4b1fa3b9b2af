"""What newsboat, which takes the last alternate link of an entry, shows of our documents."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.model.feed import Format
from tests.readers.documents import CASES, document
from tests.readers.verdicts import faults_of
from tests.support.services import missing


def shown_of(written: Path, home: Path) -> list[dict[str, object]]:
    """What newsboat stores of a document. It shows what it stores."""
    program = shutil.which("newsboat")
    if program is None:
        missing("newsboat", "install Debian's package newsboat")
    urls, cache, config = home / "urls", home / "cache.db", home / "config"
    urls.write_text(f"file://{written}\n", encoding="utf-8")
    config.touch()
    subprocess.run(
        [program, *map(str, ("-u", urls, "-c", cache, "-C", config)), "-x", "reload"],
        check=True,
        timeout=60,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )
    with closing(sqlite3.connect(cache)) as connection:
        rows = connection.execute(
            "SELECT guid, title, url, author, content, pubDate FROM rss_item"
        ).fetchall()
    return [
        {
            "id": guid,
            "title": title,
            "link": url,
            "authors": [author],
            "content": content,
            "published": datetime.fromtimestamp(moment, UTC).isoformat(),
        }
        for guid, title, url, author, content, moment in rows
    ]


# Each with a store of its own: what stands in two feeds, newsboat shows in one of them.
@pytest.mark.parametrize("form", [Format.ATOM, Format.RSS])
@pytest.mark.parametrize("name", CASES)
def test_newsboat_shows_what_was_published(name: str, form: Format, tmp_path: Path) -> None:
    made = document(name, form, CASES[name]())
    path = tmp_path / f"document.{form}"
    path.write_text(made.document, encoding="utf-8")
    assert not faults_of(made.entries, shown_of(path, tmp_path), form)
