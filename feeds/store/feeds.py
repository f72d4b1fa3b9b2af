"""The feeds, and whether their edition is outdated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from feeds.errors import FeedNotFound
from feeds.model.listing import FeedState, StaleFeed
from feeds.store.dialects import by_key, lock, lock_of_feeds, upsert
from feeds.store.pipelining import ask, run, send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import (
    Instant,
    configuration,
    documents,
    feeds,
    former_documents,
    pings,
)
from feeds.store.subscriptions import Subscriptions

#: Tables with rows of a feed by its slug, in the order in which they are locked. Feed entries and
#: archives are not among them: they follow a new slug by themselves, and stay for an ended feed
#: that may return.
_OF_A_FEED = (former_documents, documents, pings)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFeed:
    """A feed's description when the configuration was last applied."""

    slug: str
    selection: str  #: which releases it contains
    settings: str  #: digest of all other settings that enter its documents
    edition: str | None = None  #: ``settings`` of its edition; None while stale


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIdentity:
    """The parts of a feed's documents that do not come from the configuration."""

    id: str  #: created once, with the feed
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFeed:
    """A stale feed that only this worker may regenerate for now."""

    slug: str
    identity: FeedIdentity
    seq: int  #: the ``stale_seq`` that the new edition covers
    edition: int  #: number of the current edition
    archives: int  #: number of the newest archive document; 0 when there is none
    failures: int
    rendered_seq: int  #: the ``stale_seq`` that the current edition covers
    news_seq: int  #: the ``stale_seq`` of the last change that is news

    @property
    def is_quiet(self) -> bool:
        """Whether nothing that changed since the current edition is news."""
        return self.news_seq <= self.rendered_seq


def is_stale() -> ColumnElement[bool]:
    """Whether a feed has changed since its last edition was begun."""
    return feeds.c.stale_seq > feeds.c.rendered_seq


def _is_free(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(feeds.c.claimed_until.is_(None), feeds.c.claimed_until <= now)


# Built once: each intake and edition runs these, and building one takes longer than running it.
_ASKED = feeds.c.slug.in_(bindparam("slugs", expanding=True))
_NOW = bindparam("now", type_=Instant)
_IN_ORDER = select(feeds.c.slug).where(_ASKED).order_by(by_key(feeds.c.slug))
_MARK_STALE = Prepared(
    update(feeds)
    .where(_ASKED)
    .values(
        stale_seq=feeds.c.stale_seq + 1,
        news_seq=case(
            (bindparam("is_news", type_=Boolean), feeds.c.stale_seq + 1), else_=feeds.c.news_seq
        ),
        stale_since=case((is_stale(), func.coalesce(feeds.c.stale_since, _NOW)), else_=_NOW),
        changed_at=case((feeds.c.changed_at > _NOW, feeds.c.changed_at), else_=_NOW),
        # Ends the pause after a failure: with the new state rendering may succeed.
        claimed_until=case((feeds.c.claimed_by.is_not(None), feeds.c.claimed_until)),
    )
)
_CLAIM_ANYHOW = (
    update(feeds)
    .where(_ASKED, is_stale(), or_(_is_free(_NOW), feeds.c.claimed_by == bindparam("worker")))
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until", type_=Instant))
    .returning(
        feeds.c.slug,
        feeds.c.id,
        feeds.c.changed_at,
        feeds.c.stale_seq,
        feeds.c.edition,
        feeds.c.archives,
        feeds.c.failures,
        feeds.c.rendered_seq,
        feeds.c.news_seq,
    )
)
_CLAIM = Prepared(_CLAIM_ANYHOW)
_CLAIM_IF_IN_FORCE = Prepared(
    _CLAIM_ANYHOW.where(select(configuration.c.digest).scalar_subquery() == bindparam("in_force"))
)
_COMPLETE = Prepared(
    update(feeds)
    .where(
        feeds.c.slug == bindparam("claimed"),
        feeds.c.claimed_by == bindparam("worker"),
        feeds.c.settings == bindparam("made_with"),
    )
    .values(
        rendered_seq=bindparam("answered_seq"),
        # What changed while the edition was made waits for the next one, and not for longer.
        stale_since=case((feeds.c.stale_seq > bindparam("answered_seq"), _NOW)),
        rendered_settings=bindparam("made_with"),
        edition=bindparam("number"),
        claimed_by=None,
        claimed_until=None,
        failures=0,
        trouble=None,
    )
    .returning(feeds.c.slug)
)


_DESCRIBE = (
    update(feeds)
    .where(feeds.c.slug == bindparam("of_feed"))
    .values(selection=bindparam("selects"), settings=bindparam("says"))
)
_RENEW = Prepared(
    update(feeds)
    .where(_ASKED, feeds.c.claimed_by == bindparam("worker"))
    .values(claimed_until=bindparam("until", type_=Instant))
)


class Feeds:
    """Feeds over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def applied(self, *, is_locked: bool = False) -> dict[str, AppliedFeed]:
        """Every feed that has not ended, as last described, by slug.

        Args:
            is_locked: Whether to lock the feeds, so that no edition is stored until the
                transaction ends.
        """
        if is_locked:
            lock(self._connection, select(feeds.c.slug).order_by(by_key(feeds.c.slug)))
        made_with = case((is_stale(), None), else_=func.coalesce(feeds.c.rendered_settings, ""))
        query = select(
            feeds.c.slug, feeds.c.selection, feeds.c.settings, made_with.label("made_with")
        )
        return {
            row.slug: AppliedFeed(
                slug=row.slug,
                selection=row.selection,
                settings=row.settings,
                edition=row.made_with,
            )
            for row in self._connection.execute(query.where(feeds.c.ended_at.is_(None)))
        }

    def begin(self, ids: Mapping[str, str], *, now: datetime) -> None:
        """Creates feeds without an edition.

        A feed that ended and returns, or that another process created a moment ago, keeps its id
        and its edition number.

        Args:
            ids: The permanent id of each feed, by slug.
            now: The current time.
        """
        rows = [
            {
                "slug": slug,
                "id": feed_id,
                "selection": "",
                "settings": "",
                "edition": 0,
                "changed_at": now,
                "stale_seq": 0,
                "rendered_seq": 0,
                "failures": 0,
            }
            for slug, feed_id in sorted(ids.items())
        ]
        upsert(self._connection, feeds, rows, keep=[column.name for column in feeds.columns])
        self.lock(sorted(ids))
        back = update(feeds).where(feeds.c.slug.in_(ids), feeds.c.ended_at.is_not(None))
        self._connection.execute(back.values(ended_at=None, selection="", settings=""))

    def describe(self, described: Sequence[AppliedFeed]) -> None:
        """Stores the current descriptions of these feeds."""
        rows = [
            {"of_feed": feed.slug, "selects": feed.selection, "says": feed.settings}
            for feed in described
        ]
        if rows:
            send_later(self._connection, _DESCRIBE, rows)

    def redescribe(self, feed: AppliedFeed) -> bool:
        """Stores the current settings of a feed; False if they are unchanged."""
        noted = update(feeds).where(feeds.c.slug == feed.slug, feeds.c.ended_at.is_(None))
        noted = noted.where(feeds.c.settings != feed.settings).values(settings=feed.settings)
        return self._connection.execute(noted).rowcount == 1

    def running(self, slugs: Sequence[str]) -> dict[str, bool]:
        """Whether each of these feeds is active (True) or ended, for those the store knows."""
        query = select(feeds.c.slug, feeds.c.ended_at).where(feeds.c.slug.in_(slugs))
        return {row.slug: row.ended_at is None for row in self._connection.execute(query)}

    def rename(self, former: str, slug: str) -> None:
        """Gives a feed another slug; an ended feed with that slug is deleted.

        Its id, edition number and dates stay, and so do its documents until the next edition:
        they name the former address, which redirects here. Hubs are pinged about the new topics
        when that edition is stored.
        """
        self.lock([former, slug])
        for table in _OF_A_FEED:
            lock_of_feeds(self._connection, table.c.feed, [former, slug])
        held = {
            table: self._connection.execute(select(table).where(table.c.feed == former))
            .mappings()
            .all()
            for table in _OF_A_FEED
        }
        # Both databases check foreign keys at once, so the rows are deleted and inserted again.
        for table in _OF_A_FEED:
            self._connection.execute(delete(table).where(table.c.feed.in_([former, slug])))
        self._connection.execute(delete(feeds).where(feeds.c.slug == slug))
        moved = update(feeds).where(feeds.c.slug == former)
        self._connection.execute(moved.values(slug=slug, claimed_by=None, claimed_until=None))
        for table, rows in held.items():
            if rows:
                self._connection.execute(insert(table), [{**row, "feed": slug} for row in rows])
        edition = select(feeds.c.edition).where(feeds.c.slug == slug).scalar_subquery()
        fresh = {"attempts": 0, "has_failed": 0, "claimed_until": None, "first_failed_at": None}
        caught_up = update(pings).where(pings.c.feed == slug)
        self._connection.execute(caught_up.values(told_edition=edition, **fresh))

    def identity(self, slug: str) -> FeedIdentity:
        """The id of a feed and the time of its last change.

        Raises:
            FeedNotFound: The store does not know the feed.
        """
        query = select(feeds.c.id, feeds.c.changed_at).where(feeds.c.slug == slug)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise FeedNotFound(slug)
        return FeedIdentity(id=row.id, changed_at=row.changed_at)

    def end(self, slugs: Sequence[str], *, now: datetime) -> None:
        """Ends feeds: deletes their documents and pings; ids and edition numbers stay for good.

        Subscriptions stay until they expire, with nothing to deliver unless the feed returns.
        """
        self.lock(slugs)
        for table in _OF_A_FEED:
            lock_of_feeds(self._connection, table.c.feed, slugs)
            self._connection.execute(delete(table).where(table.c.feed.in_(slugs)))
        Subscriptions(self._connection).stop(slugs)
        ended = update(feeds).where(feeds.c.slug.in_(slugs))
        values = {"ended_at": now, "rendered_seq": feeds.c.stale_seq, "stale_since": None}
        self._connection.execute(ended.values(values))

    def mark_stale(self, slugs: Sequence[str], *, now: datetime, is_news: bool = True) -> None:
        """Records that these feeds need a new edition. Each ``stale_seq`` only grows.

        Hubs are told of it only if it is news.
        """
        self.lock(slugs)
        asked = {"slugs": slugs, "now": now, "is_news": is_news}
        send_later(self._connection, _MARK_STALE, asked)

    def lock(self, slugs: Sequence[str]) -> None:
        """Locks these rows until the end of the transaction; see ``dialects``.

        The lock is not on their keys: adding a subscription to a feed does not wait for an intake.
        """
        lock(self._connection, _IN_ORDER, {"slugs": slugs})

    def stale(self, *, now: datetime, worker: str = "") -> list[str]:
        """Stale feeds that no other worker has claimed, the longest waiting first."""
        is_free = or_(_is_free(now), feeds.c.claimed_by == worker)
        query = select(feeds.c.slug).where(is_stale(), is_free)
        found = self._connection.execute(query.order_by(feeds.c.changed_at, feeds.c.slug))
        return [row.slug for row in found]

    def waiting(self, *, limit: int) -> list[StaleFeed]:
        """The stale feeds, whoever has claimed them, the longest waiting first."""
        query = select(feeds.c.slug, feeds.c.stale_since, feeds.c.trouble).where(
            is_stale(), feeds.c.stale_since.is_not(None)
        )
        rows = self._connection.execute(
            query.order_by(feeds.c.stale_since, feeds.c.slug).limit(limit)
        )
        return [
            StaleFeed(slug=row.slug, since=row.stale_since, trouble=row.trouble) for row in rows
        ]

    def claim(
        self,
        slugs: Sequence[str],
        *,
        worker: str,
        now: datetime,
        until: datetime,
        in_force: str | None = None,
    ) -> list[ClaimedFeed]:
        """Claims stale feeds for this worker. Returns those that no other worker has claimed.

        Args:
            slugs: The feeds.
            worker: Name of the worker.
            now: The moment of the claim.
            until: When it ends.
            in_force: Digest of a configuration: nothing is claimed while another one is in force.
        """
        self.lock(slugs)
        parameters = {"slugs": slugs, "worker": worker, "now": now, "until": until}
        if in_force is not None:
            parameters["in_force"] = in_force
        return [
            ClaimedFeed(
                slug=row.slug,
                identity=FeedIdentity(id=row.id, changed_at=row.changed_at),
                seq=row.stale_seq,
                edition=row.edition,
                archives=row.archives,
                failures=row.failures,
                rendered_seq=row.rendered_seq,
                news_seq=row.news_seq,
            )
            for row in run(
                self._connection,
                _CLAIM if in_force is None else _CLAIM_IF_IN_FORCE,
                parameters,
            )
        ]

    def is_claimed(self, slug: str, *, worker: str) -> bool:
        """Whether this worker still claims a feed."""
        query = select(feeds.c.slug).where(feeds.c.slug == slug, feeds.c.claimed_by == worker)
        return self._connection.execute(query).first() is not None

    def renew(self, slugs: Sequence[str], *, worker: str, until: datetime) -> None:
        """Have this worker's claims of these feeds last until then; those it lost are left out."""
        self.lock(slugs)
        asked = {"slugs": slugs, "worker": worker, "until": until}
        send_later(self._connection, _RENEW, asked)

    def complete(
        self, made: Sequence[tuple[ClaimedFeed, int, str]], *, worker: str, now: datetime
    ) -> set[str]:
        """Records that new editions are stored, and releases the claims of their feeds.

        Args:
            made: Claimed feeds, each with the number of its new edition and the settings that it
                was made with (``AppliedFeed.settings``).
            worker: The worker that claimed them.
            now: The moment of the new editions.

        Returns:
            The slugs of these feeds, without those whose claim was lost or whose description has
            changed since.
        """
        asked = [
            ask(
                self._connection,
                _COMPLETE,
                {
                    "claimed": claimed.slug,
                    "worker": worker,
                    "now": now,
                    "answered_seq": claimed.seq,
                    "number": edition,
                    "made_with": settings,
                },
                lambda row: row.scalar(),
            )
            for claimed, edition, settings in made
        ]
        return {slug for answer in asked if (slug := answer()) is not None}

    def fail(self, claimed: ClaimedFeed, *, worker: str, trouble: str, until: datetime) -> None:
        """Records a failure. The feed stays stale and is not tried again before *until*."""
        failed = (
            update(feeds)
            .where(feeds.c.slug == claimed.slug, feeds.c.claimed_by == worker)
            .values(
                claimed_by=None,
                claimed_until=until,
                failures=feeds.c.failures + 1,
                trouble=trouble,
            )
        )
        send_later(self._connection, failed)

    def hold(self, slugs: Sequence[str], *, holder: str, until: datetime) -> None:
        """Prevents new editions of these feeds until then; one that is being made is dropped."""
        self.lock(slugs)
        held = update(feeds).where(feeds.c.slug.in_(slugs))
        send_later(self._connection, held.values(claimed_by=holder, claimed_until=until))

    def release_holds(self, holder: str) -> None:
        """Releases the feeds that this holder holds."""
        is_its = feeds.c.claimed_by == holder
        lock(self._connection, select(feeds.c.slug).where(is_its).order_by(by_key(feeds.c.slug)))
        held = update(feeds).where(feeds.c.claimed_by == holder)
        self._connection.execute(held.values(claimed_by=None, claimed_until=None))

    def release_claims(self) -> None:
        """Releases the claims of a worker that is known to be dead."""
        self._connection.execute(update(feeds).values(claimed_by=None, claimed_until=None))

    def states(self, *, titles: Mapping[str, str]) -> list[FeedState]:
        """The state of each feed in *titles*, in that order."""
        modified = func.max(documents.c.modified_at, type_=documents.c.modified_at.type)
        query = select(feeds, modified.label("modified_at")).join(documents, isouter=True)
        if len(titles) == 1:
            query = query.where(feeds.c.slug.in_(titles))
        rows = {row.slug: row for row in self._connection.execute(query.group_by(feeds.c.slug))}
        return [
            FeedState(
                slug=slug,
                title=title,
                edition=rows[slug].edition,
                changed_at=rows[slug].changed_at,
                modified_at=rows[slug].modified_at,
                is_stale=rows[slug].stale_seq > rows[slug].rendered_seq,
                stale_since=rows[slug].stale_since,
                trouble=rows[slug].trouble,
            )
            for slug, title in titles.items()
            if slug in rows
        ]
