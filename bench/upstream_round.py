"""One round over 1,000 upstreams that answer 304: ours, over a bare loop of the same client.

Ours is what the jobs process does: it claims in the store what is due, asks each conditionally, and
stores what came of it and when it is due next. The bare loop sends the same requests by the same
client, as many at a time, and stores nothing. All begin without a connection, and each upstream is
at an address of its own: those of one host are asked two at a time, which would be measured.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figure import Figure, Unmeasurable, tell
from bench.ports import free_port
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.servers import require_nginx, running
from feeds.model.upstream import PollResult, Validators
from feeds.store import migrate
from feeds.store.database import Database
from service.application import Application
from service.outbound import BulkHttpClient, BulkRequest, BulkResponse, OutboundFailed
from service.settings import Settings
from service.upstreams.fetching import first_fetch
from service.upstreams.plans import UpstreamPlan
from service.upstreams.poller import AT_ONCE, TIMEOUT_S
from service.wiring import build_application, upstream_poller

UPSTREAMS = 1_000
ROUNDS = 5
NETWORK = "127.0.0.0/8"
WORKER = "bench"

NGINX = """\
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx.log;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen {port}; location / {{ add_header ETag '"a"' always; return 304; }} }}
}}
"""


class Round:
    """A newsroom whose upstreams are all due again before each round."""

    def __init__(self, database: Database, *, port: int, count: int) -> None:
        upstreams = [
            {
                "slug": f"upstream-{number}",
                "url": f"http://127.1.{number // 250}.{number % 250 + 1}:{port}/feed",
                "categories": ["news"],
            }
            for number in range(count)
        ]
        settings = Settings.model_validate(
            {
                "site": {"base_url": "https://news.example.org"},
                "categories": [{"slug": "news", "title": "News"}],
                "outbound": {"allow_networks": [NETWORK]},
                "upstreams": upstreams,
            }
        )
        self._database = database
        application = build_application(settings, database)
        self._now: datetime = application.clock() + timedelta(hours=1)
        self.application: Application = replace(application, clock=lambda: self._now)
        self.count = count
        self._know_all()

    def _know_all(self) -> None:
        """Have each polled once, so that it can be asked whether it has changed."""
        plans = upstream_poller(self.application, worker=WORKER).plans
        with self._database.transaction() as tx:
            slugs = sorted(plans)
            tx.upstreams.claim(
                worker=WORKER,
                now=self._now,
                until=self._now,
                limit=len(slugs),
                per_host=1,
                slugs=slugs,
            )
            tx.upstreams.record([self._read(plan) for plan in plans.values()], worker=WORKER)

    def _read(self, plan: UpstreamPlan) -> PollResult:
        return PollResult(
            slug=plan.slug,
            at=self._now,
            due_at=self._now,
            result="1 item",
            is_success=True,
            validators=Validators(url=plan.url, etag='"a"'),
        )

    def ours(self) -> float:
        """Poll all. Milliseconds."""
        self._now += timedelta(hours=2)
        poller = upstream_poller(self.application, worker=WORKER)
        results: list[PollResult] = []
        took = timed_ms(lambda: results.extend(poller.run()))
        if len(results) != self.count or not all(one.is_not_modified for one in results):
            raise Unmeasurable(f"{len(results)} polls: {results[:1]}")
        return took

    def bare(self) -> float:
        """Send the same requests, and look at their statuses. Milliseconds."""
        with self._database.read() as tx:
            listed = tx.upstreams.listed()
        plans = upstream_poller(self.application, worker=WORKER).plans
        requests = [first_fetch(plans[one.slug], one, now_s=0.0).request() for one in listed]
        statuses: list[int] = []
        took = timed_ms(lambda: _send_all(requests, statuses))
        if statuses != [304] * self.count:
            raise Unmeasurable(f"{len(statuses)} answers, such as {statuses[:3]}")
        return took


def _send_all(requests: list[BulkRequest], statuses: list[int]) -> None:
    def done(end: BulkResponse | OutboundFailed) -> None:
        statuses.append(end.status if isinstance(end, BulkResponse) else 0)

    waiting = list(reversed(requests))
    client = BulkHttpClient(
        [ip_network(NETWORK)], TIMEOUT_S, "bench", at_once=AT_ONCE, reads_documents=True
    )
    with closing(client):
        while waiting or client.in_flight:
            while waiting and client.room:
                client.send(waiting.pop(), done, host="")
            client.poll(0.05)


@contextmanager
def unchanged_server() -> Iterator[int]:
    """A server that answers 304 at every address of this machine. Yields its port."""
    require_nginx()
    with TemporaryDirectory(prefix="communique-bench-") as name:
        folder, port = Path(name), free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user, port=port))
        with running(["nginx", "-c", str(folder / "nginx.conf")], port, is_anywhere=True):
            yield port


def measure(scale: float) -> float:
    """Ours over the bare loop's."""
    count = max(10, round(UPSTREAMS * scale))
    with unchanged_server() as port, TemporaryDirectory(prefix="communique-bench-") as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'communique.db'}")
        try:
            migrate.upgrade(database)
            contest = Round(database, port=port, count=count)
            turns = {"ours": contest.ours, "bare": contest.bare}
            medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
        finally:
            database.close()
    tell(
        f"{count} upstreams that are unchanged: {medians['ours']:.0f} ms, "
        f"by a bare loop {medians['bare']:.0f} ms"
    )
    return medians.over("ours", "bare")


FIGURE = Figure(name="upstream_round", bound=1.5, measure=measure)
