"""Upstreams: when each is polled and what came of it, and the items that were seen in them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    Update,
    bindparam,
    case,
    delete,
    func,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from feeds.model.upstream import (
    CarriedItem,
    ConfiguredUpstream,
    Move,
    PollResult,
    PollTarget,
    Upstream,
    Validators,
)
from feeds.store.dialects import has_one_writer, lock_in_order, upsert
from feeds.store.pipelining import send_later
from feeds.store.row_parameters import RowsParameter
from feeds.store.schema import Instant, microseconds, upstream_items, upstreams

#: Upstreams of one host that are configured together are polled for the first time this far apart.
APART = timedelta(seconds=2)

#: Parameters in one statement; SQLite allows 32,766.
_AT_ONCE = 500

# Built once: building one takes longer than running it.
_NOW = bindparam("now", type_=Instant)
_IS_FREE = or_(upstreams.c.claimed_until.is_(None), upstreams.c.claimed_until <= _NOW)
_IS_DUE = (
    upstreams.c.due_at <= _NOW,
    upstreams.c.is_configured == 1,
    upstreams.c.paused_at.is_(None),
    upstreams.c.ended_at.is_(None),
    _IS_FREE,
)
_ANY_DUE = select(upstreams.c.slug).where(*_IS_DUE).limit(1)


@cache
def _chosen(*, is_by_slug: bool) -> Select[tuple[str]]:
    """Returns the query for what may be claimed; see `Upstreams.claim`."""
    claimed_of_host = (
        select(upstreams.c.host, func.count().label("number"))
        .where(upstreams.c.claimed_until > _NOW)
        .group_by(upstreams.c.host)
        .subquery()
    )
    place = func.row_number().over(
        partition_by=upstreams.c.host, order_by=(upstreams.c.due_at, upstreams.c.slug)
    )
    named = upstreams.c.slug.in_(bindparam("slugs", expanding=True))
    ranked = (
        select(upstreams.c.slug, upstreams.c.host, upstreams.c.due_at, place.label("place"))
        .where(*((_IS_FREE, named) if is_by_slug else _IS_DUE), upstreams.c.is_configured == 1)
        .where(upstreams.c.host.not_in(bindparam("without_hosts", expanding=True)))
        .subquery()
    )
    place_of_all = ranked.c.place + func.coalesce(claimed_of_host.c.number, 0)
    return (
        select(ranked.c.slug)
        .join(claimed_of_host, claimed_of_host.c.host == ranked.c.host, isouter=True)
        .where(place_of_all <= bindparam("per_host", type_=Integer))
        .order_by(ranked.c.due_at, ranked.c.slug)
        .limit(bindparam("limit", type_=Integer))
    )


#: The columns of `_target`, in its order.
_TARGET = (
    upstreams.c.slug,
    upstreams.c.fetch_url,
    upstreams.c.host,
    upstreams.c.due_at,
    upstreams.c.validated_url,
    upstreams.c.etag,
    upstreams.c.last_modified,
    upstreams.c.moved_to,
    upstreams.c.moved_since,
    upstreams.c.is_partial,
    upstreams.c.failures,
    upstreams.c.first_success_at,
)
_OF: BindParameter[Sequence[str]] = bindparam("of", expanding=True)
_FREE = (
    select(upstreams.c.slug)
    .where(upstreams.c.slug.in_(_OF), _IS_FREE)
    .order_by(upstreams.c.slug)
    .with_for_update(skip_locked=True, key_share=True)
)
_CLAIM_ANY = (
    update(upstreams)
    .where(_IS_FREE)
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until", type_=Instant))
    .returning(*_TARGET)
)
_CLAIM = _CLAIM_ANY.where(upstreams.c.slug.in_(_OF))


@cache
def _claim_chosen(*, is_by_slug: bool) -> ReturningUpdate[Any]:
    """Returns the statement that chooses and claims, for the only writer."""
    return _CLAIM_ANY.where(upstreams.c.slug.in_(_chosen(is_by_slug=is_by_slug)))


# Most polls find everything unchanged: the results of these are stored by one statement.

#: Slug, time of the poll, time of the next one and text of each such result.
_UNCHANGED = RowsParameter("unchanged", Text(), Instant(), Instant(), Text())


@cache
def _unchanged(dialect: str) -> Update:
    """Returns the statement that stores `_UNCHANGED`."""
    slug, at, due_at, result = _UNCHANGED.columns(dialect)
    is_held = upstreams.c.claimed_by == bindparam("worker")
    return (
        update(upstreams)
        .where(upstreams.c.slug == slug, is_held)
        .values(
            claimed_by=null(),
            claimed_until=null(),
            due_at=due_at,
            last_poll_at=at,
            last_result=result,
            last_success_at=at,
            first_success_at=func.coalesce(upstreams.c.first_success_at, at),
            failures=0,
            failing_since=null(),
            polls=upstreams.c.polls + 1,
            not_modified=upstreams.c.not_modified + 1,
            moved_to=null(),
            moved_since=null(),
        )
    )


_AT = bindparam("at", type_=Instant)
_IS_SUCCESS = bindparam("is_success", type_=Integer) == 1
_POLLED = (
    update(upstreams)
    .where(
        upstreams.c.slug == bindparam("of"),
        upstreams.c.claimed_by == bindparam("worker"),
    )
    .values(
        claimed_by=null(),
        claimed_until=null(),
        due_at=bindparam("next_at", type_=Instant),
        last_poll_at=_AT,
        last_result=bindparam("result"),
        last_success_at=case((_IS_SUCCESS, _AT), else_=upstreams.c.last_success_at),
        first_success_at=case(
            (_IS_SUCCESS, func.coalesce(upstreams.c.first_success_at, _AT)),
            else_=upstreams.c.first_success_at,
        ),
        failures=case((_IS_SUCCESS, 0), else_=upstreams.c.failures + 1),
        failing_since=case(
            (_IS_SUCCESS, null()), else_=func.coalesce(upstreams.c.failing_since, _AT)
        ),
        ended_at=case((bindparam("is_ended", type_=Integer) == 1, _AT), else_=upstreams.c.ended_at),
        polls=upstreams.c.polls + bindparam("is_success", type_=Integer),
        not_modified=upstreams.c.not_modified + bindparam("is_not_modified", type_=Integer),
        moved_to=bindparam("moved_to"),
        moved_since=bindparam("moved_since", type_=Instant),
        fetch_url=func.coalesce(bindparam("new_url"), upstreams.c.fetch_url),
        host=func.coalesce(bindparam("new_host"), upstreams.c.host),
    )
)


class Upstreams:
    """Upstreams over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def configure(self, configured: Sequence[ConfiguredUpstream], *, now: datetime) -> None:
        """Brings the table to the configuration.

        An upstream with another address begins anew. One that is no longer configured is kept, with
        its items, and not polled.
        """
        stored = {one.slug: one for one in self._all()}
        upstream_slugs = {one.slug for one in configured}
        gone = [
            slug for slug, row in stored.items() if slug not in upstream_slugs and row.is_configured
        ]
        changed = [
            one
            for one in configured
            if (row := stored.get(one.slug)) is None or row.url != one.url or not row.is_configured
        ]
        if not gone and not changed:
            return
        lock_in_order(self._connection, upstreams.c.slug, sorted(stored))
        if gone:
            off = update(upstreams).where(upstreams.c.slug.in_(gone))
            self._connection.execute(off.values(is_configured=0))
        of_host: dict[str, int] = {}
        for one in sorted(changed, key=lambda each: each.slug):
            number = of_host[one.host] = of_host.get(one.host, -1) + 1
            due_at = now + number * APART
            if one.slug in stored and stored[one.slug].url == one.url:
                on = update(upstreams).where(upstreams.c.slug == one.slug)
                self._connection.execute(on.values(is_configured=1))
            elif one.slug in stored:
                self._begin_anew(one, due_at=due_at)
            else:
                self._connection.execute(upstreams.insert().values(_new_row(one, due_at=due_at)))

    def _begin_anew(self, one: ConfiguredUpstream, *, due_at: datetime) -> None:
        row = _new_row(one, due_at=due_at)
        kept = ("slug", "polls", "not_modified", "taken", "corrected", "deleted", "left_out")
        values = {name: value for name, value in row.items() if name not in kept}
        # Not the first document of a new upstream: what it has been carrying was no news.
        values.pop("first_success_at")
        changed = update(upstreams).where(upstreams.c.slug == one.slug)
        self._connection.execute(changed.values(values))

    def listed(self) -> list[Upstream]:
        """The upstreams that are configured, by slug."""
        return [_upstream(row) for row in self._all() if row.is_configured]

    def by_slug(self, slug: str) -> Upstream | None:
        """The upstream with this slug, if it is configured."""
        query = select(upstreams).where(upstreams.c.slug == slug, upstreams.c.is_configured == 1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _upstream(row)

    def is_any_due(self, *, now: datetime) -> bool:
        """Whether `claim` may find any."""
        return self._connection.execute(_ANY_DUE, {"now": now}).first() is not None

    def claim(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        per_host: int,
        without_hosts: Collection[str] = (),
        slugs: Collection[str] | None = None,
    ) -> list[PollTarget]:
        """Claims upstreams to be polled now, those that have waited longest first.

        Args:
            worker: Name of this process.
            now: The current time.
            until: Afterwards another worker may claim them.
            limit: How many at most.
            per_host: How many of one host may be claimed at a time, by all workers.
            without_hosts: Hosts of which none is claimed.
            slugs: Claims these alone, whenever they are due, also those that are paused or ended.
        """
        given: dict[str, Any] = {
            "now": now,
            "without_hosts": list(without_hosts),
            "per_host": per_host,
            "limit": limit,
        }
        if slugs is not None:
            given["slugs"] = list(slugs)
        rows = self._claimed(given, is_by_slug=slugs is not None, worker=worker, until=until)
        return sorted(map(_target, rows), key=lambda each: (each.due_at, each.slug))

    def _claimed(
        self, given: Mapping[str, Any], *, is_by_slug: bool, worker: str, until: datetime
    ) -> Sequence[Row[Any]]:
        claim = {"worker": worker, "until": until, "now": given["now"]}
        if has_one_writer(self._connection):
            statement = _claim_chosen(is_by_slug=is_by_slug)
            return self._connection.execute(statement, {**given, **claim}).all()
        chosen = self._connection.execute(_chosen(is_by_slug=is_by_slug), given).scalars().all()
        if not chosen:
            return []
        # Two workers may have chosen the same: each row that another one holds is left to it.
        free = {"of": chosen, "now": given["now"]}
        held = self._connection.execute(_FREE, free).scalars().all()
        return self._connection.execute(_CLAIM, {**claim, "of": held}).all() if held else []

    def record(self, results: Sequence[PollResult], *, worker: str) -> None:
        """Stores the results of polls, and releases the claims of this worker."""
        if not results:
            return
        ordered = sorted(results, key=lambda each: each.slug)
        lock_in_order(self._connection, upstreams.c.slug, [each.slug for each in ordered])
        if unchanged := [_row_of_result(each) for each in ordered if _is_unchanged(each)]:
            dialect = self._connection.dialect.name
            given = {**_UNCHANGED.given(dialect, unchanged), "worker": worker}
            send_later(self._connection, _unchanged(dialect), given)
        if others := [each for each in ordered if not _is_unchanged(each)]:
            send_later(self._connection, _POLLED, [_parameters(each, worker) for each in others])
        for each in ordered:
            if each.is_success and not each.is_not_modified:
                self._read(each)

    def _read(self, result: PollResult) -> None:
        """Stores what a new document brought."""
        stored = self._connection.execute(
            select(upstreams.c.left_out).where(upstreams.c.slug == result.slug)
        ).scalar_one_or_none()
        left_out = dict(stored or {})
        for reason, count in result.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
        given = result.validators
        values: dict[str, Any] = {
            "taken": upstreams.c.taken + result.taken,
            "corrected": upstreams.c.corrected + result.corrected,
            "deleted": upstreams.c.deleted + result.deleted,
            "left_out": left_out,
            "is_partial": int(result.is_partial),
            "validated_url": None if given is None else given.url,
            "etag": None if given is None else given.etag,
            "last_modified": None if given is None else given.last_modified,
        }
        if result.title is not None:
            values["title"] = result.title
        changed = update(upstreams).where(upstreams.c.slug == result.slug)
        self._connection.execute(changed.values(values))

    def add(self, slug: str, *, taken: int, corrected: int, deleted: int) -> None:
        """Adds to the counts of an upstream what came otherwise than by a poll."""
        changed = update(upstreams).where(upstreams.c.slug == slug)
        self._connection.execute(
            changed.values(
                taken=upstreams.c.taken + taken,
                corrected=upstreams.c.corrected + corrected,
                deleted=upstreams.c.deleted + deleted,
            )
        )

    def pause_host(self, host: str, *, until: datetime) -> int:
        """Polls nothing of a host before then. Returns how many upstreams that postpones."""
        postponed = select(upstreams.c.slug).where(
            upstreams.c.host == host, upstreams.c.due_at < until
        )
        slugs = sorted(self._connection.execute(postponed).scalars())
        lock_in_order(self._connection, upstreams.c.slug, slugs)
        later = update(upstreams).where(upstreams.c.slug.in_(slugs), upstreams.c.due_at < until)
        return self._connection.execute(later.values(due_at=until)).rowcount

    def pause(self, slug: str, *, now: datetime) -> bool:
        """Polls it no more until `resume`; False if it was paused already, or is not there."""
        running = (upstreams.c.slug == slug, upstreams.c.paused_at.is_(None))
        return (
            self._connection.execute(
                update(upstreams).where(*running).values(paused_at=now)
            ).rowcount
            == 1
        )

    def resume(self, slug: str, *, now: datetime) -> bool:
        """Polls it again, from now on, also after its server said that it is gone.

        Returns:
            False if it was neither paused nor ended, or is not there.
        """
        resting = or_(upstreams.c.paused_at.is_not(None), upstreams.c.ended_at.is_not(None))
        fresh = {"paused_at": None, "ended_at": None, "due_at": now, "failures": 0}
        resumed = update(upstreams).where(upstreams.c.slug == slug, resting)
        return self._connection.execute(resumed.values(failing_since=None, **fresh)).rowcount == 1

    def release_claims(self, *, worker: str | None = None) -> None:
        """Releases the claims of a worker that no longer runs; of all workers if none is named."""
        is_held: ColumnElement[bool] = upstreams.c.claimed_by.is_not(None)
        if worker is not None:
            is_held = upstreams.c.claimed_by == worker
        held = self._connection.execute(select(upstreams.c.slug).where(is_held)).scalars().all()
        if not held:
            return
        lock_in_order(self._connection, upstreams.c.slug, held)
        freed = update(upstreams).where(is_held).values(claimed_by=None, claimed_until=None)
        self._connection.execute(freed)

    def _all(self) -> Sequence[Row[Any]]:
        return self._connection.execute(select(upstreams).order_by(upstreams.c.slug)).all()


class UpstreamItems:
    """The items of upstreams over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, upstream: str, items: Iterable[str]) -> dict[str, CarriedItem]:
        """Returns the items of one upstream that were seen before, by their digests."""
        found: dict[str, CarriedItem] = {}
        for some in _in_pieces(items):
            query = select(upstream_items).where(
                upstream_items.c.upstream == upstream, upstream_items.c.item.in_(some)
            )
            found |= {row.item: _item(row) for row in self._connection.execute(query)}
        return found

    def owners(self, shared: Iterable[str]) -> dict[str, CarriedItem]:
        """Returns the items that own these ids, in whatever upstream."""
        found: dict[str, CarriedItem] = {}
        for some in _in_pieces(shared):
            query = select(upstream_items).where(
                upstream_items.c.shared.in_(some), upstream_items.c.is_owner == 1
            )
            found |= {row.shared: _item(row) for row in self._connection.execute(query)}
        return found

    def carriers(self, source_keys: Iterable[str]) -> list[CarriedItem]:
        """Returns the items, of all upstreams, that are these releases, the owners first."""
        found: list[CarriedItem] = []
        for some in _in_pieces(source_keys):
            query = select(upstream_items).where(
                upstream_items.c.source_key.in_(some), upstream_items.c.deleted_at.is_(None)
            )
            order = (upstream_items.c.is_owner.desc(), upstream_items.c.seen_at)
            found += map(_item, self._connection.execute(query.order_by(*order)))
        return found

    def present(self, upstream: str) -> list[CarriedItem]:
        """Returns the items of an upstream that are releases, and that it has not deleted."""
        query = select(upstream_items).where(
            upstream_items.c.upstream == upstream,
            upstream_items.c.source_key.is_not(None),
            upstream_items.c.deleted_at.is_(None),
        )
        return [_item(row) for row in self._connection.execute(query)]

    def taken_since(self, upstream: str, since: datetime) -> int:
        """How many items of an upstream became releases since then."""
        query = select(func.count()).where(
            upstream_items.c.upstream == upstream, upstream_items.c.taken_at > since
        )
        return int(self._connection.execute(query).scalar_one())

    def store(self, items: Sequence[CarriedItem]) -> None:
        """Stores these items, all of one upstream."""
        if items:
            lock_in_order(self._connection, upstreams.c.slug, [items[0].upstream])
        upsert(
            self._connection,
            upstream_items,
            [_row(each) for each in sorted(items, key=lambda each: each.item)],
        )

    def disown(self, items: Sequence[CarriedItem]) -> None:
        """Has these items own their releases no more; others will, in the same transaction."""
        for one in sorted(items, key=lambda each: (each.upstream, each.item)):
            disowned = update(upstream_items).where(
                upstream_items.c.upstream == one.upstream, upstream_items.c.item == one.item
            )
            self._connection.execute(disowned.values(is_owner=0))

    def forget_left_out(self, upstream: str, *, except_: Collection[str]) -> None:
        """Deletes items that are no releases, and that the upstream no longer has."""
        lock_in_order(self._connection, upstreams.c.slug, [upstream])
        query = select(upstream_items.c.item).where(
            upstream_items.c.upstream == upstream, upstream_items.c.source_key.is_(None)
        )
        gone = set(self._connection.execute(query).scalars()) - set(except_)
        for some in _in_pieces(sorted(gone)):
            keys = [(upstream, item) for item in some]
            self._connection.execute(
                delete(upstream_items).where(
                    tuple_(upstream_items.c.upstream, upstream_items.c.item).in_(keys)
                )
            )


def _in_pieces(values: Iterable[str]) -> Iterable[list[str]]:
    several = list(values)
    return (several[start : start + _AT_ONCE] for start in range(0, len(several), _AT_ONCE))


def _new_row(one: ConfiguredUpstream, *, due_at: datetime) -> dict[str, Any]:
    empty = dict.fromkeys(column.name for column in upstreams.columns)
    counts = ("is_partial", "failures", "polls", "not_modified", "taken", "corrected", "deleted")
    return empty | {
        **dict.fromkeys(counts, 0),
        "slug": one.slug,
        "url": one.url,
        "fetch_url": one.url,
        "host": one.host,
        "due_at": due_at,
        "is_configured": 1,
        "left_out": {},
    }


def _is_unchanged(result: PollResult) -> bool:
    """Whether `_UNCHANGED` stores all of a result."""
    is_moved = result.move is not None or result.fetch_url is not None or result.host is not None
    return result.is_success and result.is_not_modified and not (is_moved or result.is_ended)


def _row_of_result(result: PollResult) -> tuple[str, int, int, str]:
    return result.slug, microseconds(result.at), microseconds(result.due_at), result.result


def _parameters(result: PollResult, worker: str) -> dict[str, Any]:
    return {
        "of": result.slug,
        "worker": worker,
        "at": result.at,
        "next_at": result.due_at,
        "result": result.result,
        "is_success": int(result.is_success),
        "is_not_modified": int(result.is_not_modified),
        "is_ended": int(result.is_ended),
        "moved_to": None if result.move is None else result.move.to,
        "moved_since": None if result.move is None else result.move.since,
        "new_url": result.fetch_url,
        "new_host": result.host,
    }


def _target(row: Any) -> PollTarget:
    # Unpacked in the order of `_TARGET`: access by name takes much longer.
    (
        slug, fetch_url, host, due_at, validated_url, etag, last_modified,
        moved_to, moved_since, is_partial, failures, first_success_at,
    ) = row  # fmt: skip
    return PollTarget(
        slug=slug,
        fetch_url=fetch_url,
        host=host,
        due_at=due_at,
        validators=_validators(validated_url, etag, last_modified),
        move=None if moved_to is None else Move(to=moved_to, since=moved_since),
        is_partial=bool(is_partial),
        failures=failures,
        first_success_at=first_success_at,
    )


def _validators(url: str | None, etag: str | None, last_modified: str | None) -> Validators | None:
    return None if url is None else Validators(url=url, etag=etag, last_modified=last_modified)


def _upstream(row: Row[Any]) -> Upstream:
    return Upstream(
        slug=row.slug,
        url=row.url,
        fetch_url=row.fetch_url,
        host=row.host,
        due_at=row.due_at,
        validators=_validators(row.validated_url, row.etag, row.last_modified),
        move=None if row.moved_to is None else Move(to=row.moved_to, since=row.moved_since),
        is_partial=bool(row.is_partial),
        last_poll_at=row.last_poll_at,
        last_success_at=row.last_success_at,
        last_result=row.last_result,
        failures=row.failures,
        failing_since=row.failing_since,
        ended_at=row.ended_at,
        paused_at=row.paused_at,
        first_success_at=row.first_success_at,
        title=row.title,
        polls=row.polls,
        not_modified=row.not_modified,
        taken=row.taken,
        corrected=row.corrected,
        deleted=row.deleted,
        left_out=row.left_out,
    )


def _item(row: Row[Any]) -> CarriedItem:
    values = row._asdict()
    values["is_owner"] = bool(row.is_owner)
    values["categories"] = tuple(row.categories)
    return CarriedItem(**values)


def _row(item: CarriedItem) -> dict[str, Any]:
    return {
        "upstream": item.upstream,
        "item": item.item,
        "shared": item.shared,
        "source_key": item.source_key,
        "digest": item.digest,
        "seen_at": item.seen_at,
        "reason": item.reason,
        "is_owner": int(item.is_owner),
        "taken_at": item.taken_at,
        "deleted_at": item.deleted_at,
        "categories": list(item.categories),
    }
