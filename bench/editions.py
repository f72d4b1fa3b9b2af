"""``python -m bench.editions FILE``: an edition a second until told to end, and a line to each.

It says when it is ready, and begins when it reads a line. A line that it writes says when an
edition was stored, in seconds since 1970, and the document's revision. It gives way to the load,
with which it shares a core: what is measured is how the server takes it.
"""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.requests_a_second import SLUG
from bench.samples import press_office
from feeds.model.feed import Format
from service.settings import parse, read_sources
from service.stores import open_database
from service.wiring import build_application

EVERY_S = 1.0


def main(main_file: Path) -> None:
    """Publish until a signal ends it: between two editions, or in one that is then lost."""
    os.nice(19)
    settings = parse(read_sources(main_file, environ={}))
    database = open_database(settings)
    rooms, write = build_application(settings, database), press_office()
    for _ in range(1000):
        write(SLUG)  # others than those that were there before
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        begun, now = time.monotonic(), datetime.now(UTC)
        rooms.newsroom.take_in([write(SLUG)], now=now)
        rooms.newsstand.regenerate([SLUG], now=now, worker="bench")
        stored = time.time()
        document = rooms.newsstand.document(SLUG, Format.ATOM)
        print(stored, document.digest if document else "none", flush=True)
        time.sleep(max(0.0, EVERY_S - (time.monotonic() - begun)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
