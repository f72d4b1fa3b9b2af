"""Counts for each hub, our own subscriptions (canaries) at hubs, and the pushes that arrived."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from feeds.model.feed import Format
from feeds.model.listing import DuePing
from feeds.model.subscription import Canary, CanaryState, HubTally, Push
from feeds.store.dialects import by_key, lock, lock_in_order, upsert
from feeds.store.schema import canaries, documents, hub_tallies, pings, pushes

# Counts for each hub, including the built-in one.

_COUNTS = (
    "pings_sent",
    "pings_accepted",
    "deliveries_sent",
    "deliveries_accepted",
    "verifications_sent",
    "verifications_confirmed",
    "pushes_expected",
    "pushes_seen",
)


class HubTallies:
    """Tallies over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, hub: str) -> None:
        """Locks the tally of a hub and the pushes that depend on it; see ``dialects``."""
        lock_in_order(self._connection, hub_tallies.c.hub, [hub])

    def add(self, hub: str, **counts: int) -> None:
        """Adds to the counts of a hub, by their names in `HubTally`."""
        changed = {name: hub_tallies.c[name] + count for name, count in counts.items() if count}
        if changed:
            self._change(hub, changed)

    def failed(self, hub: str, *, at: datetime, why: str) -> None:
        """Records the last failure of a hub."""
        self._change(hub, {"last_failure_at": at, "last_failure": why})

    def listed(self) -> dict[str, HubTally]:
        """The counts of every hub, by its URL."""
        rows = self._connection.execute(select(hub_tallies).order_by(hub_tallies.c.hub))
        return {row.hub: HubTally(**row._asdict()) for row in rows}

    def _change(self, hub: str, values: dict[str, Any]) -> None:
        changing = update(hub_tallies).where(hub_tallies.c.hub == hub).values(values)
        if self._connection.execute(changing).rowcount == 0:
            fresh = {"hub": hub, **dict.fromkeys(_COUNTS, 0)}
            upsert(self._connection, hub_tallies, [fresh], keep=_COUNTS)
            self._connection.execute(changing)


# Our own subscriptions at the hubs, and the pushes that arrived for them.

#: Columns that a canary's row keeps while its topic stays the same.
_KEPT = [column.name for column in canaries.columns if column.name != "hub"]


class Canaries:
    """Canaries over one connection: one for each hub."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def listed(self) -> list[Canary]:
        """All canaries, by hub."""
        rows = self._connection.execute(select(canaries).order_by(canaries.c.hub))
        return [_canary(row) for row in rows]

    def by_token(self, token: str) -> Canary | None:
        """The canary whose callback ends in *token*; None if there is none."""
        query = select(canaries).where(canaries.c.token == token)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _canary(row)

    def create(self, canary: Canary) -> bool:
        """Adds a canary; False if there is one for this hub and topic already.

        One for another topic is replaced: its callback and its secret become invalid, and pushes
        it still expected are deleted.
        """
        row = {
            "hub": canary.hub,
            "feed": canary.feed,
            "format": canary.format.value,
            "topic": canary.topic,
            "token": canary.token,
            "secret": canary.secret,
            "state": canary.state.value,
            "due_at": canary.due_at,
            "attempts": 0,
            "asked_at": None,
            "verified_at": None,
            "expires_at": None,
            "last_result": None,
        }
        HubTallies(self._connection).lock(canary.hub)
        upsert(self._connection, canaries, [row], keep=_KEPT)
        replaced = update(canaries).where(
            canaries.c.hub == canary.hub, canaries.c.topic != canary.topic
        )
        if self._connection.execute(replaced.values(row)).rowcount:
            self._delete_missing(canary.hub)
            return True
        stored = self._connection.execute(
            select(canaries.c.token).where(canaries.c.hub == canary.hub)
        )
        return bool(stored.scalar_one() == canary.token)

    def retain(self, hubs: Collection[str]) -> int:
        """Deletes the canaries of all other hubs. Returns how many."""
        gone = select(canaries.c.hub).where(canaries.c.hub.not_in(hubs))
        dropped = [row.hub for row in self._connection.execute(gone)]
        if not dropped:
            return 0
        for hub in sorted(dropped):
            HubTallies(self._connection).lock(hub)
        lock_in_order(self._connection, canaries.c.hub, dropped)
        for hub in sorted(dropped):
            self._delete_missing(hub)
        ended = delete(canaries).where(canaries.c.hub.in_(dropped))
        return self._connection.execute(ended).rowcount

    def due(self, *, now: datetime) -> list[Canary]:
        """The canaries whose hubs are to be sent a subscription request now."""
        query = select(canaries).where(canaries.c.due_at <= now).order_by(canaries.c.hub)
        return [_canary(row) for row in self._connection.execute(query)]

    def claim(self, canary: Canary, *, now: datetime, again_at: datetime) -> bool:
        """Claims the subscription request to the hub; False if another worker did so first.

        Unless the hub verifies the subscription before *again_at*, it is asked again then.
        """
        taken = (
            update(canaries)
            .where(canaries.c.token == canary.token, canaries.c.due_at <= now)
            .values(asked_at=now, due_at=again_at, attempts=canaries.c.attempts + 1)
        )
        if self._connection.execute(taken).rowcount == 0:
            return False
        # A denied subscription is requested again; a verified one stays so until its lease ends.
        begun = update(canaries).where(
            canaries.c.token == canary.token, canaries.c.state != CanaryState.VERIFIED.value
        )
        self._connection.execute(begun.values(state=CanaryState.ASKED.value))
        return True

    def record_answer(
        self, canary: Canary, *, asked_at: datetime, result: str, is_refused: bool
    ) -> None:
        """Records a hub's answer to the subscription request sent at *asked_at*.

        Nothing is recorded if the hub has verified or denied the subscription in the meantime, or
        was sent another request.
        """
        is_request = (canaries.c.token == canary.token) & (canaries.c.asked_at == asked_at)
        answered = update(canaries).where(
            is_request, canaries.c.attempts > 0, canaries.c.state != CanaryState.DENIED.value
        )
        self._connection.execute(answered.values(last_result=result))
        if is_refused:
            refused = answered.where(canaries.c.state == CanaryState.ASKED.value)
            self._connection.execute(refused.values(state=CanaryState.DENIED.value))

    def verified(
        self, token: str, *, now: datetime, expires_at: datetime, renew_at: datetime, result: str
    ) -> None:
        """Records that the hub verified the subscription and our callback confirmed it."""
        confirmed = update(canaries).where(canaries.c.token == token)
        self._connection.execute(
            confirmed.values(
                state=CanaryState.VERIFIED.value,
                verified_at=now,
                expires_at=expires_at,
                due_at=renew_at,
                attempts=0,
                last_result=result,
            )
        )

    def denied(self, token: str, *, again_at: datetime, result: str) -> None:
        """Records that the hub told our callback of a denied or ended subscription."""
        ended = update(canaries).where(canaries.c.token == token)
        self._connection.execute(
            ended.values(
                state=CanaryState.DENIED.value,
                due_at=again_at,
                last_result=result,
            )
        )

    def record_remark(self, token: str, result: str) -> None:
        """Records an unusual event, for a person."""
        noted = update(canaries).where(canaries.c.token == token)
        self._connection.execute(noted.values(last_result=result))

    def make_due(self, *, now: datetime, hub: str | None = None) -> int:
        """Makes subscription requests due now, for one hub or all. Returns how many."""
        made = update(canaries)
        if hub is not None:
            made = made.where(canaries.c.hub == hub)
        return self._connection.execute(made.values(due_at=now)).rowcount

    # Pushes

    def expect(self, ping: DuePing, *, told_at: datetime) -> None:
        """Records an accepted ping: a hub with our subscription now has to send a push."""
        HubTallies(self._connection).lock(ping.hub)
        verified = select(canaries.c.hub).where(
            canaries.c.hub == ping.hub,
            canaries.c.feed == ping.feed,
            canaries.c.format == ping.format.value,
            canaries.c.state == CanaryState.VERIFIED.value,
            canaries.c.verified_at <= told_at,
            canaries.c.expires_at > told_at,
        )
        if self._connection.execute(verified).one_or_none() is None:
            return
        of_document = select(documents.c.digest).where(
            documents.c.feed == ping.feed,
            documents.c.format == ping.format.value,
            documents.c.edition == ping.edition,
        )
        row = {
            "hub": ping.hub,
            "feed": ping.feed,
            "format": ping.format.value,
            "edition": ping.edition,
            "digest": self._connection.execute(of_document).scalar_one_or_none(),
        }
        upsert(self._connection, pushes, [row], keep=["digest"])
        missing = update(pushes).where(
            pushes.c.hub == ping.hub,
            pushes.c.feed == ping.feed,
            pushes.c.format == ping.format.value,
            pushes.c.edition == ping.edition,
            pushes.c.told_at.is_(None),
        )
        missing = missing.values(told_at=told_at).returning(pushes.c.arrived_at)
        for before in self._connection.execute(missing):
            is_here = before.arrived_at is not None
            HubTallies(self._connection).add(ping.hub, pushes_expected=1, pushes_seen=int(is_here))

    def arrived(self, canary: Canary, *, digest: str, now: datetime) -> int | None:
        """Records a push. Returns the edition that it contained, as far as can be known.

        A known document identifies its edition. An unknown one was made by the hub, as by hubs
        that forward only new entries: it counts for the newest edition that the hub was pinged
        for, or is being pinged for. Earlier editions that are still missing count as arrived with
        it, because the hub skipped them.

        Args:
            canary: The canary that received the push.
            digest: The digest of the body, as in ``documents``.
            now: The current time.

        Returns:
            The edition; None if no edition is possible.
        """
        HubTallies(self._connection).lock(canary.hub)
        edition = self._edition_of(canary, digest)
        if edition is None:
            return None
        of_it = _of(canary) & (pushes.c.edition == edition)
        if self._connection.execute(select(pushes.c.edition).where(of_it)).first() is None:
            row = {
                "hub": canary.hub,
                "feed": canary.feed,
                "format": canary.format.value,
                "edition": edition,
                "digest": digest,
            }
            upsert(self._connection, pushes, [row], keep=["digest"])
        arriving = (
            update(pushes)
            .where(_of(canary), pushes.c.edition <= edition, pushes.c.arrived_at.is_(None))
            .values(arrived_at=now, arrived_edition=edition)
            .returning(pushes.c.told_at)
        )
        seen = sum(row.told_at is not None for row in self._connection.execute(arriving))
        HubTallies(self._connection).add(canary.hub, pushes_seen=seen)
        return edition

    def pushes(self, canary: Canary, *, limit: int) -> list[Push]:
        """The newest editions that were pushed, or should have been; newest first."""
        query = select(pushes).where(_of(canary)).order_by(pushes.c.edition.desc()).limit(limit)
        return [
            Push(
                edition=row.edition,
                told_at=row.told_at,
                arrived_at=row.arrived_at,
                arrived_edition=row.arrived_edition,
            )
            for row in self._connection.execute(query)
        ]

    def forget_pushes(self, *, before: datetime) -> int:
        """Deletes pushes that were expected or arrived before that time. Returns how many."""
        is_old = func.coalesce(pushes.c.told_at, pushes.c.arrived_at) < before
        keys = list(map(by_key, pushes.primary_key))
        lock(self._connection, select(*pushes.primary_key).where(is_old).order_by(*keys))
        old = delete(pushes).where(is_old)
        return self._connection.execute(old).rowcount

    def _edition_of(self, canary: Canary, digest: str) -> int | None:
        known = select(func.max(pushes.c.edition)).where(_of(canary), pushes.c.digest == digest)
        current = select(documents.c.edition).where(
            documents.c.feed == canary.feed,
            documents.c.format == canary.format.value,
            documents.c.digest == digest,
        )
        newest = select(func.max(pushes.c.edition)).where(
            _of(canary), pushes.c.told_at.is_not(None)
        )
        # While the hub is being pinged for the current edition, it may be pushing it already.
        under_way = (
            select(documents.c.edition)
            .join(
                pings, (pings.c.feed == documents.c.feed) & (pings.c.format == documents.c.format)
            )
            .where(
                documents.c.feed == canary.feed,
                documents.c.format == canary.format.value,
                pings.c.hub == canary.hub,
                pings.c.claimed_until.is_not(None),
            )
        )
        for each in (current, known, under_way, newest):
            if (found := self._connection.execute(each).scalar_one_or_none()) is not None:
                return int(found)
        return None

    def _delete_missing(self, hub: str) -> None:
        HubTallies(self._connection).lock(hub)
        missing = delete(pushes).where(pushes.c.hub == hub, pushes.c.arrived_at.is_(None))
        self._connection.execute(missing)


def _of(canary: Canary) -> Any:
    return (
        (pushes.c.hub == canary.hub)
        & (pushes.c.feed == canary.feed)
        & (pushes.c.format == canary.format.value)
    )


def _canary(row: Row[Any]) -> Canary:
    return Canary(
        hub=row.hub,
        feed=row.feed,
        format=Format(row.format),
        topic=row.topic,
        token=row.token,
        secret=row.secret,
        state=CanaryState(row.state),
        due_at=row.due_at,
        attempts=row.attempts,
        asked_at=row.asked_at,
        verified_at=row.verified_at,
        expires_at=row.expires_at,
        last_result=row.last_result,
    )
