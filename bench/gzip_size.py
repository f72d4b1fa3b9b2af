"""How large what we send is: our compression against zlib's, over the same real documents.

All sample releases are taken in and laid out into feeds, each of whose documents holds another
stretch of them, in windows of the size that a configuration has by default.
"""

from collections import Counter
from datetime import timedelta

from bench import plain_feedgen, samples
from bench.figure import Figure, tell
from bench.office import OPENING, Office, catalogue, open_office
from bench.samples import press_office
from feeds.model.feed import ALL, Format, Window
from feeds.model.intake import IntakeVerdict

#: Releases that a feed gets: its bytes are full before these are used up, as they mostly are.
RELEASES_A_FEED = 25

WINDOW = Window()


def measure(scale: float) -> float:
    """Our bytes over zlib's."""
    feeds = max(1, round(scale * len(samples.drafts()) / RELEASES_A_FEED))
    slugs = [f"stretch-{number}" for number in range(feeds)]
    with open_office(catalogue(slugs, WINDOW)) as office:
        _fill(office, slugs)
        return _weigh(office, slugs)


def _fill(office: Office, slugs: list[str]) -> None:
    write = press_office()
    for slug in slugs:
        stretch = [write(slug) for _ in range(RELEASES_A_FEED)]
        office.take_in(stretch, IntakeVerdict.NEW, now=OPENING)
    office.publish([*slugs, ALL], now=OPENING + timedelta(hours=1))


def _weigh(office: Office, slugs: list[str]) -> float:
    ours: Counter[Format] = Counter()
    peers: Counter[Format] = Counter()
    worst = 0.0
    for feed_format in Format:
        for slug in slugs:
            document = office.document(slug, feed_format)
            stored = office.compressed(slug, feed_format)
            sizes = len(stored), len(plain_feedgen.gzip(document))
            ours[feed_format] += sizes[0]
            peers[feed_format] += sizes[1]
            worst = max(worst, sizes[0] / sizes[1])
        ratio = ours[feed_format] / peers[feed_format]
        tell(
            f"{feed_format.label}: ours {ours[feed_format]} bytes, zlib {peers[feed_format]} "
            f"bytes: {ratio:.3f}"
        )
    tell(f"{3 * len(slugs)} documents, the worst of them {worst:.3f}")
    return ours.total() / peers.total()


FIGURE = Figure(name="gzip_size", bound=1.12, measure=measure)
