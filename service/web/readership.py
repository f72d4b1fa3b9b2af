"""Counts requests for feeds in memory; a thread adds them to the store, in one transaction.

A request costs one look into a dictionary, and one that a connection repeats costs an addition:
nothing is parsed, hashed or written for it. What is counted is lost when the process is killed:
`WRITE_EVERY_S` at most. A client's address is in memory until then, and goes nowhere: the store
gets a sketch of hashes whose salt is deleted with the day.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.model.readership import (
    AgentKind,
    AgentTraffic,
    DayCounts,
    ReportKey,
    TopicTraffic,
    poller_digest,
    read_agent,
)
from service.application import CurrentApplication
from service.http_rules.addresses import client_address
from service.logs import get_logger

_log = get_logger(__name__)

#: How often counts are stored.
WRITE_EVERY_S = 30.0

#: Different requests (of a client, an agent and an answer) that are counted between two writes;
#: when there are as many, the write comes early. Some 5 MB.
MAX_ENTRIES = 20_000

#: How much of a field is looked at.
MAX_FIELD_CHARS = 400

#: An address stands for its network: readers in one household are one, and so is a service.
_PREFIX = {4: 24, 6: 48}

_read_agent = lru_cache(maxsize=2048)(read_agent)


@dataclass(frozen=True, slots=True, eq=False)
class CountedAnswer:
    """What an answer counts for. Compared by identity: one is made for each answer in memory."""

    feed: str
    format: str
    status: int
    bytes_sent: int
    bytes_saved: int
    is_conditional: bool
    is_compressed: bool  #: whether the client accepts a compressed body


#: A field as it was sent: bytes, or decoded as Latin-1.
Sent = bytes | str

#: The peer, ``X-Forwarded-For``, ``User-Agent`` and the answer.
Entry = tuple[str, Sent | None, Sent, CountedAnswer]


class Tally:
    """How often one client sent one request since counts were last stored.

    Whoever holds one may add to it while it is open. It does not say which client that is.
    """

    __slots__ = ("answer", "is_open", "number")

    def __init__(self, answer: CountedAnswer) -> None:
        self.answer = answer
        self.is_open = True
        self.number = 1


class RequestCounter:
    """The counts of one process since they were last stored."""

    def __init__(self) -> None:
        self.is_on = False
        self.has_proxies = False  #: whether ``X-Forwarded-For`` counts
        self._counts: dict[Entry, Tally] = {}
        self._is_full = threading.Event()
        self._is_over = False
        self._missed = 0

    def count(
        self, host: str, forwarded: Sent | None, agent: Sent, answer: CountedAnswer
    ) -> Tally | None:
        """Counts a request. Cheap, and never waits.

        Args:
            host: The address of the connection's peer.
            forwarded: ``X-Forwarded-For``.
            agent: ``User-Agent``.
            answer: What was answered.

        Returns:
            Where the next request like this one may be counted; None when it was not counted.
        """
        if forwarded is not None:
            forwarded = forwarded[-MAX_FIELD_CHARS:] if self.has_proxies else None
        if len(agent) > MAX_FIELD_CHARS:
            agent = agent[:MAX_FIELD_CHARS]
        entry, counts = (host, forwarded, agent, answer), self._counts
        tally = counts.get(entry)
        if tally is not None:
            tally.number += 1
        elif len(counts) < MAX_ENTRIES:
            tally = counts[entry] = Tally(answer)
        else:
            self._missed += 1
            self._is_full.set()
        return tally

    def take(self) -> list[tuple[Entry, int]]:
        """Returns what was counted, and begins again."""
        counts, self._counts = self._counts, {}
        missed, self._missed = self._missed, 0
        if missed:
            _log.warning("requests not counted", count=missed, reason="too many different clients")
        taken = list(counts.items())  # at once: another thread may count into it still
        for _, tally in taken:
            tally.is_open = False
        return [(entry, tally.number) for entry, tally in taken]

    def wait(self, within_s: float) -> bool:
        """Waits until counts are to be stored; returns whether the process stops."""
        self._is_full.wait(within_s)
        self._is_full.clear()
        return self._is_over

    def stop(self) -> None:
        """Ends `wait`, for good."""
        self._is_over = True
        self._is_full.set()


class ReadershipWriter:
    """Adds the counts of one process to the store."""

    def __init__(
        self,
        counter: RequestCounter,
        current: CurrentApplication,
        *,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._counter = counter
        self._current = current
        self._now = now
        self._random_bytes = random_bytes
        self._salt: tuple[date, bytes] | None = None
        self.configure()

    def configure(self) -> None:
        """Switches counting on or off, by the current configuration."""
        settings = self._current.application.settings
        self._counter.is_on = settings.readership.counted
        self._counter.has_proxies = bool(settings.http.trusted_proxies)

    def run(self) -> None:
        """Stores counts from time to time until the counter is stopped, and then once more."""
        is_over = False
        while not is_over:
            is_over = self._counter.wait(WRITE_EVERY_S)
            self.configure()
            try:
                self.write()
            except (StoreUnavailable, StoreConflict) as error:
                # What is wrong with the store is logged, and shown by /readyz, by others.
                _log.debug("readers not counted", reason=str(error))
            except Exception:
                _log.exception("readers not counted")

    def write(self) -> None:
        """Stores what was counted until now. Without a request since the last time, does nothing.

        Raises:
            StoreUnavailable: These counts are lost.
        """
        entries = self._counter.take()
        if not entries:
            return
        database = self._current.application.database
        day = self._now().date()
        if self._salt is None or self._salt[0] != day:
            fresh = self._random_bytes(32)
            salt = database.run_in_transaction(
                lambda tx: tx.readership.salt(day, fresh=fresh), is_durable=False
            )
            self._salt = (day, salt)
        salt = self._salt[1]
        counts = DayCounts(day=day)
        for entry, number in entries:
            self._add(counts, entry, number, salt=salt)
        database.run_in_transaction(
            lambda tx: tx.readership.add(counts, salt=salt), is_durable=False
        )

    def _add(self, counts: DayCounts, entry: Entry, number: int, *, salt: bytes) -> None:
        host, forwarded, agent, answer = entry
        sent = _text(agent)
        proxies = self._current.application.settings.http.trusted_proxies
        address = client_address(host, None if forwarded is None else _text(forwarded), proxies)
        known = _read_agent(sent)
        name = known.name.replace(address, "…") if address else known.name
        network = network_of(address)
        topic = counts.topics.setdefault((answer.feed, answer.format), TopicTraffic())
        by_agent = counts.agents.setdefault(name, AgentTraffic(kind=known.kind))
        is_304 = answer.status == 304
        is_unconditional = answer.status == 200 and not answer.is_conditional
        topic.requests += number
        topic.not_modified += number * is_304
        topic.unconditional += number * is_unconditional
        topic.bytes_sent += number * answer.bytes_sent
        topic.bytes_saved += number * answer.bytes_saved
        by_agent.requests += number
        by_agent.not_modified += number * is_304
        by_agent.conditional += number * answer.is_conditional
        by_agent.compressed += number * answer.is_compressed
        by_agent.bytes_sent += number * answer.bytes_sent
        if known.kind is AgentKind.READER:
            topic.pollers.add(poller_digest(network, sent, salt=salt))
        elif known.kind is AgentKind.HOSTED:
            report = ReportKey(
                feed=answer.feed,
                format=answer.format,
                service=known.service,
                feed_id=known.feed_id,
                poller=poller_digest(network, "", salt=salt).hex(),
            )
            counts.reports[report] = known.subscribers


def _text(sent: Sent) -> str:
    return sent.decode("latin-1") if isinstance(sent, bytes) else sent


def network_of(address: str) -> str:
    """Returns the network that an address belongs to; the text itself if it is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return str(ip_network(f"{ip}/{_PREFIX[ip.version]}", strict=False))
