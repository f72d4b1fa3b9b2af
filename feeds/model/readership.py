"""Who reads: what user agents say, how many pollers there are, and which numbers are credible."""

import math
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from hashlib import blake2b
from statistics import median
from typing import Self

# User agents.


class AgentKind(StrEnum):
    """What sends a request."""

    HOSTED = "hosted"  #: a service that says how many people it polls for
    READER = "reader"  #: a program that polls for one person
    BROWSER = "browser"
    BOT = "bot"  #: a crawler, a monitor, a library, or nothing that has a name


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgent:
    """What a ``User-Agent`` says."""

    kind: AgentKind
    name: str  #: as sent, shortened, without its number of subscribers and its feed's id
    service: str = ""  #: of a hosted reader
    feed_id: str = ""  #: by which that service tells several lists of subscribers apart
    subscribers: int = 0


MAX_AGENT_CHARS = 200
#: No feed has more; a larger number is no number of subscribers.
MAX_SUBSCRIBERS = 100_000_000

#: "1 subscriber", "1,024 subscribers", "users 12; views 40".
_NUMBER = re.compile(
    r"\b(\d[\d,.]{0,12}) ?(?:subscribers?|readers?)\b|\busers (\d[\d,.]{0,12})", re.I
)
_VIEWS = re.compile(r"\bviews \d[\d,.]*", re.I)
_FEED_ID = re.compile(
    r"\bfeed-?id[:=] ?([\w-]+)|\bfeed:([\w-]+)|/site/(\d+)|\burl=([^;)\s]+)", re.I
)
_COMPATIBLE = re.compile(r"Mozilla/5\.0 \(compatible; ([^;/)]+)")
_PRODUCT_END = re.compile(r"[/;(]| - | feed-id| feed:")
_READER = re.compile(
    r"thunderbird|netnewswire|reeder|rss|feed|miniflux|liferea|podcast|newsflash", re.I
)
_BOT = re.compile(
    r"bot\b|crawl|spider|slurp|facebookexternalhit|^curl/|^wget|python-|^go-http|^okhttp|^java/"
    r"|monitor|uptime|scan|preview|lighthouse|headless|archiver|^node|axios|libwww|^mozilla/\S+$",
    re.I,
)
_BROWSER = re.compile(r"^Mozilla/5\.0 \(.*\b(?:Firefox|Chrome|Safari|Edg|OPR|Trident)/")


def read_agent(sent: str) -> UserAgent:
    """Reads a ``User-Agent`` field. Anything may have been sent."""
    text = "".join(c for c in sent[: 2 * MAX_AGENT_CHARS] if c.isprintable()).strip()
    name = _masked(text)[:MAX_AGENT_CHARS]
    number = _NUMBER.search(text)
    subscribers = 0 if number is None else int(re.sub(r"\D", "", number[1] or number[2]))
    if 0 < subscribers <= MAX_SUBSCRIBERS:
        found = _FEED_ID.search(text)
        return UserAgent(
            kind=AgentKind.HOSTED,
            name=name,
            service=_service(text),
            feed_id=next(filter(None, found.groups()))[:64] if found else "",
            subscribers=subscribers,
        )
    return UserAgent(kind=_kind(text, is_number=number is not None), name=name)


def _kind(text: str, *, is_number: bool) -> AgentKind:
    if not text or is_number:  # a number that cannot be one
        return AgentKind.BOT
    is_reader = _READER.search(text) is not None
    if _BOT.search(text) and not is_reader:
        return AgentKind.BOT
    return AgentKind.BROWSER if _BROWSER.search(text) and not is_reader else AgentKind.READER


def _service(text: str) -> str:
    compatible = _COMPATIBLE.match(text)
    name = compatible[1] if compatible else _PRODUCT_END.split(text, maxsplit=1)[0]
    return name.strip().lower().removesuffix(".com")[:64]


def _masked(text: str) -> str:
    """Removes what differs between the feeds of one service."""
    text = _NUMBER.sub(lambda found: re.sub(r"\d[\d,.]*", "N", found[0]), text)
    text = _VIEWS.sub("views N", text)
    return _FEED_ID.sub(
        lambda found: found[0].replace(next(filter(None, found.groups())), "…"), text
    )


# How many different pollers there were.


def poller_digest(network: str, agent: str, *, salt: bytes) -> bytes:
    """Returns what stands for a poller on one day: nobody can compute it once the salt is gone."""
    return blake2b(f"{network}\n{agent}".encode(), key=salt, digest_size=8).digest()


class DistinctSketch:
    """Counts different things without remembering them (HyperLogLog, 4,096 registers).

    The standard error is 1.6 %; up to some hundred things the count is nearly exact. Two sketches
    are merged without counting anything twice. It says of nothing whether it was added, unless
    somebody can compute its digest.

    Source: Flajolet, Fusy, Gandouet, Meunier: HyperLogLog (2007).
    """

    __slots__ = ("_registers",)

    _BITS = 12
    _SIZE = 1 << _BITS
    _RANK_BITS = 64 - _BITS

    def __init__(self, packed: bytes = b"") -> None:
        """Unpacks a sketch; an empty one by default."""
        self._registers = bytearray(zlib.decompress(packed) if packed else self._SIZE)

    def add(self, digest: bytes) -> None:
        """Adds the thing with this digest of eight bytes."""
        number = int.from_bytes(digest, "big")
        index, rest = number >> self._RANK_BITS, number & ((1 << self._RANK_BITS) - 1)
        rank = self._RANK_BITS - rest.bit_length() + 1
        if rank > self._registers[index]:
            self._registers[index] = rank

    def merge(self, other: Self) -> None:
        """Adds everything that *other* has."""
        self._registers = bytearray(map(max, self._registers, other._registers))

    def pack(self) -> bytes:
        """Returns the sketch as bytes: some tens for a few things, at most some 3,000."""
        return zlib.compress(bytes(self._registers), 6)

    def count(self) -> int:
        """Returns how many different things were added, as an estimate."""
        size, empty = self._SIZE, self._registers.count(0)
        estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum(2.0**-r for r in self._registers)
        if estimate <= 2.5 * size and empty:
            estimate = size * math.log(size / empty)
        return round(estimate)


# Counts of one day.


@dataclass(slots=True, kw_only=True)
class TopicTraffic:
    """Requests for one feed in one format on one day."""

    requests: int = 0
    not_modified: int = 0
    unconditional: int = 0  #: requests without a condition that got the whole document
    bytes_sent: int = 0  #: of bodies
    bytes_saved: int = 0  #: size of the document, as gzip, for each 304
    pollers: DistinctSketch = field(default_factory=DistinctSketch)  #: of `AgentKind.READER`


@dataclass(slots=True, kw_only=True)
class AgentTraffic:
    """Requests of one user agent on one day, for any feed."""

    kind: AgentKind
    requests: int = 0
    conditional: int = 0  #: with ``If-None-Match`` or ``If-Modified-Since``
    not_modified: int = 0
    compressed: int = 0  #: that accept a compressed body
    bytes_sent: int = 0

    def add(self, other: Self) -> None:
        """Adds the requests of *other*."""
        self.requests += other.requests
        self.conditional += other.conditional
        self.not_modified += other.not_modified
        self.compressed += other.compressed
        self.bytes_sent += other.bytes_sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKey:
    """Which hosted reader reported a number: one row of a day."""

    feed: str
    format: str
    service: str
    feed_id: str
    poller: str  #: hex digest of its network, which means nothing on another day


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedNumber:
    """A number of subscribers that a hosted reader reported, the last one of a day."""

    day: date
    key: ReportKey
    subscribers: int


@dataclass(slots=True, kw_only=True)
class DayCounts:
    """What was counted since it was last stored, all on one day."""

    day: date
    topics: dict[tuple[str, str], TopicTraffic] = field(default_factory=dict)
    agents: dict[str, AgentTraffic] = field(default_factory=dict)
    reports: dict[ReportKey, int] = field(default_factory=dict)


# Which reported numbers are credible.

#: The window of `assess`, and on how many of its days a number has to come.
WINDOW_DAYS, STEADY_DAYS = 7, 3
#: How far a number may be from the median of the days before, as a factor; small ones in all cases.
PLAUSIBLE_FACTOR, PLAUSIBLE_DIFFERENCE = 3, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedSubscribers:
    """The subscribers of a feed in one format at one hosted reader."""

    feed: str
    format: str
    service: str
    feed_id: str
    subscribers: int  #: as last reported
    fault: str | None  #: why they are not counted; None when they are


def assess(reports: Iterable[ReportedNumber], *, today: date) -> list[HostedSubscribers]:
    """Returns what hosted readers reported lately, and whether it counts.

    A number counts when it came on `STEADY_DAYS` of the last `WINDOW_DAYS` days, when it is
    plausible against the days before, and when no other poller says something else on the same day.
    If two say different things, the one counts that is plausible against the days before.
    """
    since = today - timedelta(days=WINDOW_DAYS - 1)
    by_source: dict[tuple[str, str, str, str], dict[date, list[int]]] = {}
    for one in reports:
        if since <= one.day <= today:
            key = one.key
            source = (key.feed, key.format, key.service, key.feed_id)
            days = by_source.setdefault(source, defaultdict(list))
            days[one.day].append(one.subscribers)
    return [
        HostedSubscribers(
            feed=source[0],
            format=source[1],
            service=source[2],
            feed_id=source[3],
            subscribers=number,
            fault=fault,
        )
        for source, days in sorted(by_source.items())
        for number, fault in [_judge(days)]
    ]


def _judge(days: Mapping[date, Sequence[int]]) -> tuple[int, str | None]:
    *before, last = (days[day] for day in sorted(days))
    if len(days) < STEADY_DAYS:
        return max(last), f"reported on {len(days)} of {WINDOW_DAYS} days; {STEADY_DAYS} are needed"
    usual = median(median(numbers) for numbers in before)
    likely = min(last, key=lambda number: abs(number - usual))
    if not _is_near(likely, usual):
        return likely, f"implausible: {usual:.0f} was usual"
    return likely, None


def _is_near(number: int, usual: float) -> bool:
    is_close = abs(number - usual) <= PLAUSIBLE_DIFFERENCE
    return is_close or usual / PLAUSIBLE_FACTOR <= number <= usual * PLAUSIBLE_FACTOR
