"""Delivers the newest documents to those who are subscribed to them (WebSub section 7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feeds.categories import Catalogue
from feeds.model.subscription import DeliveryResult, DueDelivery, Wire
from feeds.store.changes import Changes
from feeds.store.database import Database, Transaction
from service.websub.hub.attention import Attention
from service.websub.hub.contents import Contents
from service.websub.hub.outcomes import outcome_of
from service.websub.hub.queue import Queue, Taken
from service.websub.hub.reports import Reports
from service.websub.hub.rounds import Ended, Errand, Page
from service.websub.hub.signatures import signature
from service.websub.hub.ways import WAYS, Content, Way
from service.websub.retries import RetryPlan

#: A claim outlasts the delivery by this much. After a crash it is sent again so late at most.
_CLAIM_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery, and what is delivered."""

    delivery: DueDelivery
    content: Content


class Distributor:
    """The books of what is delivered. For one thread at a time; see `Rounds`."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        *,
        at_once: int,
        per_host: int,
        timeout_s: float,
        signature_method: str,
        plan: RetryPlan,
        worker: str,
        now: Callable[[], datetime],
        chance: Callable[[], float],
        heard: Callable[[DueDelivery, DeliveryResult], object] = lambda *_: None,
        ways: Mapping[Wire, Way] = WAYS,
    ) -> None:
        """Keep what every delivery needs.

        Args:
            database: Holds what is owed, and the documents.
            catalogue: Its site's hub is what is counted for.
            at_once: Deliveries under way.
            per_host: And of these, to one host.
            timeout_s: What one of them may take.
            signature_method: See `signature`.
            plan: When a failed one is tried again; after it the subscription is suspended.
            worker: Name of this process, for its claims.
            now: The clock.
            chance: Gives a number from 0 to 1, another one each time; see `RetryPlan`.
            heard: Told of each result, once it is stored.
            ways: What is sent in each protocol.
        """
        self._database = database
        self._queue = Queue(
            at_once=at_once,
            per_host=per_host,
            claim_for=timedelta(seconds=timeout_s + _CLAIM_SLACK_S),
            worker=worker,
        )
        self._signature_method = signature_method
        self._plan = plan
        self._worker = worker
        self._now = now
        self._chance = chance
        self._heard = heard
        self._ways = ways
        self._attention = Attention(Changes(database))
        self._contents = Contents()
        self._reports = Reports(catalogue.site.hub)
        self._own_callbacks = f"{catalogue.site.hub}/"

    def keep(self, ended: Sequence[Ended[Sending]], *, begins: bool) -> Page[Sending]:
        """Write down how deliveries went, and claim those that may be sent."""
        self._reports.tell_failures()
        is_called_for = self._attention.is_called_for()
        now = self._now()
        is_to_write = self._reports.has_to_write(is_over=self._queue.is_empty)
        is_busy = bool(ended) or is_to_write
        if not is_busy and not (begins and is_called_for and self._has_work(now)):
            return Page()
        results = [self._judge(one, now=now) for one in ended]
        with self._queue.unless_it_fails():
            self._queue.let_go(one.errand.of.delivery for one in ended)
            # What is lost with the machine is sent again.
            with self._database.unsynced() as tx:
                tx.deliveries.settle(results, worker=self._worker)
                taken = self._queue.take(tx, now=now) if begins else Taken()
                sendings = self._sendings(tx, taken.deliveries)
                if is_to_write:
                    self._reports.write(tx)
        if is_to_write:
            self._reports.forget()
        self._report(ended, results, sendings, is_dry=taken.is_all)
        return Page((self._errand(one) for one in sendings), has_more=taken.has_more)

    def may_have_work(self) -> bool:
        """Say at once whether `keep` is worth a call when nothing has ended."""
        return self._attention.may_be_called_for()

    def lose(self, ended: Sequence[Ended[Sending]]) -> None:
        """Free what they took."""
        self._queue.let_go(one.errand.of.delivery for one in ended)
        self._reports.lose(one.errand.of.content for one in ended)

    def close(self) -> None:
        """Give the connection back."""
        self._attention.close()

    def _has_work(self, now: datetime) -> bool:
        # Asked first without the lock of a writer: most of what others commit is not for us.
        with self._database.read() as tx:
            return self._queue.has_work(tx, now=now)

    def _judge(self, ended: Ended[Sending], *, now: datetime) -> DeliveryResult:
        return outcome_of(
            ended.errand.of.delivery,
            ended.end,
            edition=ended.errand.of.content.edition,
            took_s=ended.took_s,
            plan=self._plan,
            now=now,
            chance=self._chance(),
        )

    def _sendings(self, tx: Transaction, claimed: Sequence[DueDelivery]) -> list[Sending]:
        contents = self._contents.newest(tx, {(one.feed, one.format) for one in claimed})
        there = [(one, contents.get((one.feed, one.format))) for one in claimed]
        # A topic without a document has just ended, and so will its subscriptions.
        self._queue.let_go(one for one, content in there if content is None)
        return [Sending(one, content) for one, content in there if content is not None]

    def _report(
        self,
        ended: Sequence[Ended[Sending]],
        results: Sequence[DeliveryResult],
        begun: Sequence[Sending],
        *,
        is_dry: bool,
    ) -> None:
        self._reports.begin(one.content for one in begun)
        for one, result in zip(ended, results, strict=True):
            self._reports.end(one.errand.of.delivery, one.errand.of.content, result)
            self._heard(one.errand.of.delivery, result)
        self._reports.tell(is_dry=is_dry)

    def _errand(self, sending: Sending) -> Errand[Sending]:
        delivery, content = sending.delivery, sending.content
        signed = None
        if delivery.secret is not None:
            signed = signature(self._signature_method, delivery.secret, content.body)
        parcel = self._ways[delivery.wire].delivering(delivery, content, signed)
        if delivery.callback.startswith(self._own_callbacks):
            parcel = replace(parcel, is_own=True)
        return Errand(sending, delivery.host, parcel)
