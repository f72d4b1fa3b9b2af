"""Imports into a newsroom that runs: nothing is pushed; and ``kill -9`` at any moment."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feeds.store.database import Database
from tests.service.test_hub_serving import configure, subscribed
from tests.support.running_service import ROOT, Service, document, running, wait_until
from tests.support.subscriber import running_subscriber
from tests.support.wordpress import export, post

#: Without requests to servers of others.
ALONE = ("--set", "intake.ask_media=false")

FIRST = datetime(2001, 1, 1, 9, tzinfo=UTC)


def exported(folder: Path, count: int) -> Path:
    """An export of many posts, of which each has a day of its own."""
    path = folder / "export.xml"
    terms = [("category", "finance", "Finance")]
    posts = (
        post(
            number,
            title=f"Old {number}",
            body=f"Words of {number}.\n\n" + "More. " * 200,
            date_gmt=f"{FIRST + timedelta(days=number):%Y-%m-%d %H:%M:%S}",
            terms=terms,
        )
        for number in range(1, count + 1)
    )
    path.write_bytes(export(*posts))
    return path


def test_nothing_is_pushed_and_the_windows_are_by_date(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    configure(service)
    path = exported(tmp_path, 120)
    with running_subscriber() as reader, running(service):
        subscribed(service, reader)
        service.drop("a.txt", document("News", "Finance"))
        reader.wait_for_deliveries(1)
        ran = service.run("import", "wxr", str(path), "--json", *ALONE)
        tally = json.loads(ran.stdout)
        assert (tally["taken"], tally["ids_kept"]) == (120, 120)
        # Of editions that come while it runs, the first ones need no archive.
        wait_until(lambda: service.get("/feeds/finance/archive/1.json").status == 200)
        titles = service.titles("finance")
        assert titles[:3] == ["News", "Old 120", "Old 119"]
        # Each page of a post is where it was.
        moved = service.get("/2019/05/post-7/")
        assert moved.status == 301
        assert service.get("/?p=7").headers["location"] == moved.headers["location"]
        assert b"2001-01-08" in service.get("/sitemap.xml").body
        assert b"Old" not in service.get("/news-sitemap.xml").body
        service.drop("b.txt", document("More news", "Finance"))
        calls = reader.wait_for_deliveries(2)
        assert len(calls) == 2  # the import between them was told to nobody
        assert b"More news" in calls[1].body


def test_a_killed_import_goes_on_where_it_was(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    assert service.run("store", "upgrade").returncode == 0
    path = exported(tmp_path, 2_000)
    command = [sys.executable, "-m", "service", "--config", str(service.main)]
    command += ["import", "wxr", str(path), "--json", *ALONE]
    database = Database.open(f"sqlite:///{tmp_path / 'data' / 'communique.db'}")

    def taken() -> int:
        with database.read() as tx:
            return tx.releases.count()

    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while taken() < 400 and time.monotonic() < end:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    before = taken()
    assert 400 <= before < 2_000
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    tally = json.loads(ran.stdout)
    # The figures are those of the whole, and nothing was done twice.
    assert (tally["items"], tally["taken"], tally["unchanged"]) == (2_000, 2_000, 0)
    assert taken() == 2_000
    with database.read() as tx:
        assert tx.redirects.count() == 4_000
    database.close()
