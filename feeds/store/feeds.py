"""The feeds, and whether their edition is behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
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
from feeds.model.listing import FeedState
from feeds.store.dialects import by_key, lock, lock_of_feeds, upsert
from feeds.store.schema import Instant, documents, feeds, former_documents, pings
from feeds.store.subscriptions import Subscriptions

#: What a feed has in other tables by its slug, beside the releases filed into it and its archives,
#: whose rows follow a new slug by themselves, and stay for the day that an ended feed comes back.
#: In the order in which they are locked.
_OF_A_FEED = (former_documents, documents, pings)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedFeed:
    """How a feed was described when the configuration was last applied."""

    slug: str
    selection: str  #: which releases it takes
    settings: str  #: digest of all else that its documents say
    edition: str | None = None  #: the settings that its edition was made with; None while stale


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIdentity:
    """What a feed's documents say of the feed that the configuration does not tell."""

    id: str  #: minted once, when the feed began
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFeed:
    """A stale feed that this worker alone may regenerate for now."""

    slug: str
    identity: FeedIdentity
    seq: int  #: the staleness that the new edition will answer
    edition: int  #: number of the present edition
    archives: int  #: number of the newest archive document; 0 when there is none
    failures: int


def _is_stale() -> ColumnElement[bool]:
    return feeds.c.stale_seq > feeds.c.rendered_seq


def _is_free(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return or_(feeds.c.claimed_until.is_(None), feeds.c.claimed_until <= now)


# Built once: an intake and an edition need these, and to build them takes longer than to run them.
_ASKED = feeds.c.slug.in_(bindparam("slugs", expanding=True))
_NOW = bindparam("now", type_=Instant)
_IN_ORDER = select(feeds.c.slug).where(_ASKED).order_by(by_key(feeds.c.slug))
_MARK_STALE = (
    update(feeds)
    .where(_ASKED)
    .values(
        stale_seq=feeds.c.stale_seq + 1,
        changed_at=case((feeds.c.changed_at > _NOW, feeds.c.changed_at), else_=_NOW),
        # A pause after a failure ends here: the new state may well succeed.
        claimed_until=case((feeds.c.claimed_by.is_not(None), feeds.c.claimed_until)),
    )
    .returning(feeds.c.slug, feeds.c.stale_seq)
)
_CLAIM = (
    update(feeds)
    .where(_ASKED, _is_stale(), or_(_is_free(_NOW), feeds.c.claimed_by == bindparam("worker")))
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until", type_=Instant))
    .returning(
        feeds.c.slug,
        feeds.c.id,
        feeds.c.changed_at,
        feeds.c.stale_seq,
        feeds.c.edition,
        feeds.c.archives,
        feeds.c.failures,
    )
)
_SETTLE = (
    update(feeds)
    .where(
        feeds.c.slug == bindparam("claimed"),
        feeds.c.claimed_by == bindparam("worker"),
        feeds.c.settings == bindparam("made_with"),
    )
    .values(
        rendered_seq=bindparam("answered_seq"),
        rendered_settings=bindparam("made_with"),
        edition=bindparam("number"),
        claimed_by=None,
        claimed_until=None,
        failures=0,
        trouble=None,
    )
)


_RENEW = (
    update(feeds)
    .where(_ASKED, feeds.c.claimed_by == bindparam("worker"))
    .values(claimed_until=bindparam("until", type_=Instant))
)


class Feeds:
    """Feeds over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def applied(self, *, is_locked: bool = False) -> dict[str, AppliedFeed]:
        """Every feed that has not ended, as it was last described, by slug.

        Args:
            is_locked: No edition is stored of any, until the end of the transaction.
        """
        if is_locked:
            lock(self._connection, select(feeds.c.slug).order_by(by_key(feeds.c.slug)))
        made_with = case((_is_stale(), None), else_=func.coalesce(feeds.c.rendered_settings, ""))
        wanted = select(
            feeds.c.slug, feeds.c.selection, feeds.c.settings, made_with.label("made_with")
        )
        return {
            row.slug: AppliedFeed(
                slug=row.slug,
                selection=row.selection,
                settings=row.settings,
                edition=row.made_with,
            )
            for row in self._connection.execute(wanted.where(feeds.c.ended_at.is_(None)))
        }

    def begin(self, ids: Mapping[str, str], *, now: datetime) -> None:
        """Begin feeds: by slug, with the ids that they will have for ever. No edition yet.

        A feed that ended and comes back, or that another process began a moment ago, keeps the
        id it had; its editions are counted on.
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
        """Note how these feeds are described now."""
        for feed in described:
            noted = update(feeds).where(feeds.c.slug == feed.slug)
            self._connection.execute(noted.values(selection=feed.selection, settings=feed.settings))

    def redescribe(self, feed: AppliedFeed) -> bool:
        """Note how a feed is described now; False when nothing of it is new."""
        noted = update(feeds).where(feeds.c.slug == feed.slug, feeds.c.ended_at.is_(None))
        noted = noted.where(feeds.c.settings != feed.settings).values(settings=feed.settings)
        return self._connection.execute(noted).rowcount == 1

    def running(self, slugs: Sequence[str]) -> dict[str, bool]:
        """Whether each of these feeds that the store knows is under way, and not ended."""
        wanted = select(feeds.c.slug, feeds.c.ended_at).where(feeds.c.slug.in_(slugs))
        return {row.slug: row.ended_at is None for row in self._connection.execute(wanted)}

    def rename(self, former: str, slug: str) -> None:
        """Give a feed another slug; whatever ended under that one is forgotten.

        Its id, edition number and dates stay. So do its documents, until the next edition: they
        name the former address as their own, which leads here. Hubs are told of the new topics
        when that edition is stored, and not before.
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
        # Both databases check at once that a document has its feed, so the rows step aside.
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
        told = update(pings).where(pings.c.feed == slug)
        self._connection.execute(told.values(told_edition=edition, **fresh))

    def identity(self, slug: str) -> FeedIdentity:
        """The feed's id and its last change.

        Raises:
            FeedNotFound: The store does not know the feed.
        """
        wanted = select(feeds.c.id, feeds.c.changed_at).where(feeds.c.slug == slug)
        row = self._connection.execute(wanted).one_or_none()
        if row is None:
            raise FeedNotFound(slug)
        return FeedIdentity(id=row.id, changed_at=row.changed_at)

    def end(self, slugs: Sequence[str], *, now: datetime) -> None:
        """End feeds: their documents and pings go; ids and edition numbers stay, for ever.

        So do subscriptions, to their own end: there is nothing to be sent, until it comes back.
        """
        self.lock(slugs)
        for table in _OF_A_FEED:
            lock_of_feeds(self._connection, table.c.feed, slugs)
            self._connection.execute(delete(table).where(table.c.feed.in_(slugs)))
        Subscriptions(self._connection).stop(slugs)
        ended = update(feeds).where(feeds.c.slug.in_(slugs))
        self._connection.execute(ended.values(ended_at=now, rendered_seq=feeds.c.stale_seq))

    def mark_stale(self, slugs: Sequence[str], *, now: datetime) -> dict[str, int]:
        """Say that these feeds changed. Returns the staleness of each, a number that only grows."""
        self.lock(slugs)
        marked = self._connection.execute(_MARK_STALE, {"slugs": slugs, "now": now})
        return {row.slug: row.stale_seq for row in marked}

    def lock(self, slugs: Sequence[str]) -> None:
        """Have these rows to oneself until the end of the transaction; see ``row_locks``.

        Their keys stay as they are: who adds a subscription to a feed need not wait for an intake.
        """
        lock(self._connection, _IN_ORDER, {"slugs": slugs})

    def stale(self, *, now: datetime, worker: str = "") -> list[str]:
        """Feeds whose edition is behind and that nobody works on, the longest waiting first."""
        is_free = or_(_is_free(now), feeds.c.claimed_by == worker)
        wanted = select(feeds.c.slug).where(_is_stale(), is_free)
        found = self._connection.execute(wanted.order_by(feeds.c.changed_at, feeds.c.slug))
        return [row.slug for row in found]

    def claim(
        self, slugs: Sequence[str], *, worker: str, now: datetime, until: datetime
    ) -> list[ClaimedFeed]:
        """Take stale feeds for this worker; those that another one took first are left out."""
        self.lock(slugs)
        asked = {"slugs": slugs, "worker": worker, "now": now, "until": until}
        return [
            ClaimedFeed(
                slug=row.slug,
                identity=FeedIdentity(id=row.id, changed_at=row.changed_at),
                seq=row.stale_seq,
                edition=row.edition,
                archives=row.archives,
                failures=row.failures,
            )
            for row in self._connection.execute(_CLAIM, asked)
        ]

    def renew(self, slugs: Sequence[str], *, worker: str, until: datetime) -> None:
        """Have this worker's claims of these feeds last until then; those it lost are left out."""
        self.lock(slugs)
        asked = {"slugs": slugs, "worker": worker, "until": until}
        self._connection.execute(_RENEW, asked)

    def complete(self, claimed: ClaimedFeed, *, worker: str, edition: int, settings: str) -> bool:
        """The edition answers the staleness of the claim.

        False when the claim was lost, or the feed is described in another way by now.

        Args:
            claimed: What was claimed.
            worker: Who claimed it.
            edition: Its number.
            settings: What it was made with; see ``AppliedFeed.settings``.
        """
        settled = {"claimed": claimed.slug, "worker": worker}
        answered = {"answered_seq": claimed.seq, "number": edition, "made_with": settings}
        return self._connection.execute(_SETTLE, settled | answered).rowcount == 1

    def fail(self, claimed: ClaimedFeed, *, worker: str, trouble: str, until: datetime) -> None:
        """No new edition came of it. The feed stays stale and is not tried again before *until*."""
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
        self._connection.execute(failed)

    def hold(self, slugs: Sequence[str], *, holder: str, until: datetime) -> None:
        """Have no edition made of these feeds before then; one that is being made is dropped."""
        self.lock(slugs)
        held = update(feeds).where(feeds.c.slug.in_(slugs))
        self._connection.execute(held.values(claimed_by=holder, claimed_until=until))

    def release_holds(self, holder: str) -> None:
        """Free what this holder held."""
        is_its = feeds.c.claimed_by == holder
        lock(self._connection, select(feeds.c.slug).where(is_its).order_by(by_key(feeds.c.slug)))
        held = update(feeds).where(feeds.c.claimed_by == holder)
        self._connection.execute(held.values(claimed_by=None, claimed_until=None))

    def release_claims(self) -> None:
        """Free what a worker held that is known to be dead."""
        self._connection.execute(update(feeds).values(claimed_by=None, claimed_until=None))

    def states(self, *, titles: Mapping[str, str]) -> list[FeedState]:
        """How each of the feeds in *titles* stands, in that order."""
        modified = func.max(documents.c.modified_at, type_=documents.c.modified_at.type)
        wanted = select(feeds, modified.label("modified_at")).join(documents, isouter=True)
        if len(titles) == 1:
            wanted = wanted.where(feeds.c.slug.in_(titles))
        rows = {row.slug: row for row in self._connection.execute(wanted.group_by(feeds.c.slug))}
        return [
            FeedState(
                slug=slug,
                title=title,
                edition=rows[slug].edition,
                changed_at=rows[slug].changed_at,
                modified_at=rows[slug].modified_at,
                is_stale=rows[slug].stale_seq > rows[slug].rendered_seq,
                trouble=rows[slug].trouble,
            )
            for slug, title in titles.items()
            if slug in rows
        ]
