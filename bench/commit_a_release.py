"""``commit_a_release.py FILE CATEGORY``: fills a store, then takes in a release for each line read.

It runs with the packages of whichever build it is pointed at. To the first line it answers when the
store is filled; to each after it, that a release was taken in, by the moment
at which the transaction that stored it had ended: milliseconds of this machine's monotonic clock,
which all processes share.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.samples import press_office
from feeds.model.intake import Intake
from feeds.store import migrate
from service.settings import parse, read_sources
from service.stores import open_database
from service.wiring import build_application

#: In the window before: a document of 150 KB, as in the other figures.
RELEASES = 25


def main(main_file: Path, category: str) -> None:
    """Work until there is no further line."""
    settings = parse(read_sources(main_file, environ={}))
    settings.data_folder.mkdir(exist_ok=True)
    database = open_database(settings)
    migrate.upgrade(database)
    application, write = build_application(settings, database), press_office()
    newsroom = application.newsroom
    newsroom.apply_catalogue(now=datetime.now(UTC))
    list(newsroom.take_in([write(category) for _ in range(RELEASES)], now=datetime.now(UTC)))
    sys.stdin.readline()
    print(0, flush=True)  # the store is filled
    for _ in sys.stdin:
        draft = write(category)
        [outcome] = newsroom.take_in([draft], now=datetime.now(UTC))
        committed_at = time.monotonic()
        if not isinstance(outcome, Intake):
            raise SystemExit(f"a release was refused: {outcome}")
        print(committed_at * 1000, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
