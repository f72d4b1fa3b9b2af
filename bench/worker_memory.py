"""What a web worker's memory grows by when it is asked for 1,000 feeds, in all formats and codings.

All of these documents together are several times as large as its cache may be. Measured is what
the worker has resident more than when it was idle, less the cache as it is configured.
"""

from datetime import UTC, datetime
from http.client import HTTPConnection

from bench import servers
from bench.figure import Figure, Unmeasurable, tell
from bench.memory import MIB, resident_bytes
from bench.samples import press_office
from feeds.model.feed import Format
from service.http_rules import Coding

FEEDS = 1_000
FEEDS_A_RELEASE = 5
RELEASES_A_FEED = 5
RELEASES_A_BATCH = 100
FEEDS_A_RUN = 100

#: All that there is, so often: what is thrown out has to be made again, beside what is kept.
ROUNDS = 2


def measure(scale: float) -> float:
    """Resident MiB beyond the configured cache."""
    slugs = [f"subject-{number}" for number in range(max(10, round(FEEDS * scale)))]
    with servers.communique(slugs, begins_anew=True) as served:
        _fill(served, slugs)
        _read(served.port, slugs[:1])
        idle = resident_bytes(served.process_id)
        sent = sum(_read(served.port, slugs) for _ in range(ROUNDS))
        grown = resident_bytes(served.process_id) - idle
        cache = served.settings.http.cache_megabytes * MIB
    tell(f"{3 * len(slugs)} documents, {sent // ROUNDS / MIB:.0f} MiB in all codings together")
    tell(f"idle {idle // MIB} MiB, then {grown / MIB:.1f} MiB more ({grown} bytes)")
    # Never nothing: at a hundredth of its size there is less than the cache would hold.
    return max((grown - cache) / MIB, 0.001)


def _fill(served: servers.Served, slugs: list[str]) -> None:
    write, now = press_office(), datetime.now(UTC)
    served.newsroom.apply_catalogue(now=now)
    groups = [slugs[at : at + FEEDS_A_RELEASE] for at in range(0, len(slugs), FEEDS_A_RELEASE)]
    drafts = [write(*group) for group in groups for _ in range(RELEASES_A_FEED)]
    for at in range(0, len(drafts), RELEASES_A_BATCH):
        served.newsroom.take_in(drafts[at : at + RELEASES_A_BATCH], now=now)
    for at in range(0, len(slugs), FEEDS_A_RUN):
        served.newsstand.regenerate(slugs[at : at + FEEDS_A_RUN], now=now, worker="bench")


def _read(port: int, slugs: list[str]) -> int:
    """Ask for everything, over one connection; says how many bytes came."""
    connection, sent = HTTPConnection("127.0.0.1", port, timeout=30), 0
    for slug in slugs:
        for feed_format in Format:
            for coding in Coding:
                headers = {"Accept-Encoding": coding.value}
                connection.request("GET", f"/feeds/{slug}.{feed_format}", headers=headers)
                answer = connection.getresponse()
                sent += len(answer.read())
                if answer.status != 200:
                    raise Unmeasurable(f"{slug}.{feed_format}: {answer.status}")
    connection.close()
    return sent


FIGURE = Figure(name="worker_memory", bound=24, measure=measure)
