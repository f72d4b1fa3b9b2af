"""What old addresses cost: a request that fits one of 10,000 rules, and one that fits none.

One web process has the rules, another has none. They are asked in turns, in one run, each time for
another address, so that nothing is remembered from the one before. What counts is the processor's
time of the server: who asks is slower than it.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache, partial
from itertools import count
from typing import Any

from bench import servers
from bench.figure import Figure, Unmeasurable, tell
from bench.installed import installed
from bench.processor import worked_ms
from bench.rounds import Medians, medians_ms, rounds_at

RULES, REQUESTS, ROUNDS = 10_000, 500, 5
#: So many of the rules have captures.
PATTERNS = 500

SLUG = "economy"
LIVE, LIVE_RULED = "/livez, no rules", "/livez, rules"
NOTHING, NOTHING_RULED = "nothing there, no rules", "nothing there, rules"
MATCHED = "one of the rules"


def rules(number: int) -> list[dict[str, Any]]:
    """As many rules, exact ones and patterns."""
    patterns = number * PATTERNS // RULES
    found = [{"old": f"/old-{each}/{{any}}/feed/", "feed": SLUG} for each in range(patterns)]
    return found + [{"old": f"/category/c{each}/feed/", "feed": SLUG}
                    for each in range(number - patterns)]  # fmt: skip


@cache
def times_ms(scale: float) -> Medians:
    """The processor's time for a request of each kind, in milliseconds."""
    number, requests = max(20, round(RULES * scale)), max(100, round(REQUESTS * scale))
    exact, no_rules = number - number * PATTERNS // RULES, list[dict[str, Any]]()
    with ExitStack() as stack:
        plain, ruled = (
            stack.enter_context(
                servers.serving(stack.enter_context(installed([SLUG], redirects=each)))
            )
            for each in (no_rules, rules(number))
        )
        turns = count()
        targets: Mapping[str, tuple[servers.Served, int, Callable[[int], str]]] = {
            LIVE: (plain, 200, lambda each: f"/livez?n={each}"),
            LIVE_RULED: (ruled, 200, lambda each: f"/livez?n={each}"),
            NOTHING: (plain, 404, lambda each: f"/nothing/{each}/here"),
            NOTHING_RULED: (ruled, 404, lambda each: f"/nothing/{each}/here"),
            MATCHED: (ruled, 301, lambda each: f"/category/c{each % exact}/feed?n={each}"),
        }

        def turn(name: str) -> float:
            served, status, target = targets[name]
            first = next(turns) * requests
            asked = (target(first + each) for each in range(requests))
            return _processor_ms(served, asked, status) / requests

        contenders = {name: partial(turn, name) for name in targets}
        found = medians_ms(contenders, rounds=rounds_at(scale, ROUNDS))
    for name, each in found.items():
        tell(f"{name}: {each:.4f} ms of the processor, {number} rules")
    return found


def _processor_ms(served: servers.Served, asked: Iterator[str], status: int) -> float:
    """How long the server works for these requests over one connection."""
    begin = f"HTTP/1.1 {status} ".encode()
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        reader = connection.makefile("rb")
        before = worked_ms(served.process_id)
        for target in asked:
            head = f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
            connection.sendall(head.encode())
            line, size = reader.readline(), 0
            if not line.startswith(begin):
                raise Unmeasurable(f"{target}: {line!r}")
            while (field := reader.readline()) != b"\r\n":
                if field.lower().startswith(b"content-length:"):
                    size = int(field.partition(b":")[2])
            reader.read(size)
        return worked_ms(served.process_id) - before


def matched(scale: float) -> float:
    """A request that fits one of the rules, over ``/livez``."""
    return times_ms(scale).over(MATCHED, LIVE)


def unmatched(scale: float) -> float:
    """A request that fits none and gets a 404, over ``/livez``."""
    return times_ms(scale).over(NOTHING_RULED, LIVE)


def added(scale: float) -> float:
    """What rules add to a request that none of them fits: the most that a kind of them gains."""
    found = times_ms(scale)
    return max(found.over(NOTHING_RULED, NOTHING), found.over(LIVE_RULED, LIVE))


FIGURES = (
    Figure(name="redirect_matched", bound=1.2, measure=matched),
    Figure(name="redirect_unmatched", bound=1.2, measure=unmatched),
    Figure(name="redirect_rules", bound=1.2, measure=added),
)
