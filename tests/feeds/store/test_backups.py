"""The last backup, and the claim on the next."""

from datetime import timedelta

from feeds.store.database import Database
from feeds.store.state import LastBackup
from tests.support.newsrooms import NOON, later

MADE = LastBackup(taken_at=NOON, place="web-1:/backups/one.tar", size_bytes=4096)
DAILY = timedelta(days=1)


def _claim(database: Database, **after: float) -> bool:
    now = later(**after)
    with database.transaction() as tx:
        return tx.backups.claim(every=DAILY, until=now + timedelta(hours=1), now=now)


def _last(database: Database) -> LastBackup | None:
    with database.read() as tx:
        return tx.backups.last()


def test_the_last_one_is_known(database: Database) -> None:
    assert _last(database) is None
    newer = LastBackup(taken_at=later(hours=1), place="web-1:/backups/two.tar", size_bytes=8192)
    for each in (MADE, newer):
        with database.transaction() as tx:
            tx.backups.record(each)
        assert _last(database) == each


def test_one_process_makes_the_next(database: Database) -> None:
    assert _claim(database)
    assert _last(database) is None
    assert not _claim(database, minutes=59)
    assert _claim(database, minutes=60)  # whoever had it is gone
    with database.transaction() as tx:
        tx.backups.record(MADE)
    assert not _claim(database, hours=23)
    assert _claim(database, hours=24)
    assert _last(database) == MADE
