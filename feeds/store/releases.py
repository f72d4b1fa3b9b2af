"""Releases in the store, and their corrections."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from feeds.errors import ReleaseNotFound, StoreConflict
from feeds.model.history import originals_of
from feeds.model.listing import ChangePosition, ReleaseQuery
from feeds.model.medium import media_in
from feeds.model.published_id import PublishedId
from feeds.model.release import (
    Content,
    Enclosure,
    Person,
    Release,
    ReleaseId,
    ReleaseStub,
    Retraction,
    SourceKey,
    Translation,
)
from feeds.model.text import fold
from feeds.store.contents import (
    pack_content,
    pack_details,
    pack_note,
    pack_person,
    unpack_details,
    unpack_note,
)
from feeds.store.dialects import has_one_writer
from feeds.store.media import Media
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import Instant, filings, names, release_names, releases, revisions
from feeds.store.search import SearchIndex

#: Key of PostgreSQL's advisory lock on changes to works: "work" in ASCII.
_WORKS = 0x776F726B

# Built once: each intake and edition runs these, and building one takes as long as running it.
_HOLD_WORKS = select(func.pg_advisory_xact_lock(_WORKS))
_ADD = Prepared(insert(releases))
_ADD_NAMES = Prepared(insert(release_names))
_BY_IDS = Prepared(select(releases).where(releases.c.id.in_(bindparam("ids", expanding=True))))
_BY_SOURCE_KEYS = Prepared(
    select(releases).where(releases.c.source_key.in_(bindparam("keys", expanding=True)))
)
_OF_WORKS = select(releases).where(
    or_(
        releases.c.work.in_(bindparam("works", expanding=True)),
        and_(
            releases.c.source_key.in_(bindparam("originals", expanding=True)),
            releases.c.work.is_(None),
        ),
    )
)
_NAMED_WORKS = Prepared(
    select(releases.c.work)
    .where(releases.c.work.in_(bindparam("works", expanding=True)))
    .distinct()
)
_TAKEN_IDS = Prepared(
    select(releases.c.id, releases.c.published_id, releases.c.published_iri).where(
        or_(
            releases.c.id.in_(bindparam("values", expanding=True)),
            releases.c.published_id.in_(bindparam("values", expanding=True)),
            releases.c.published_iri.in_(bindparam("values", expanding=True)),
        )
    )
)
_RELINK = Prepared(
    update(releases)
    .where(releases.c.id == bindparam("release"))
    .values(
        face=bindparam("new_face"),
        translations=bindparam("linked", type_=releases.c.translations.type),
        changed_at=bindparam("moment", type_=Instant),
    )
)
_STUBS = select(
    releases.c.id,
    releases.c.slug,
    func.coalesce(releases.c.face, releases.c.digest).label("digest"),
    releases.c.language,
    releases.c.published,
    releases.c.updated,
    releases.c.notice_since,
    releases.c.published_id,
    releases.c.published_iri,
    releases.c.is_permalink,
).where(releases.c.id.in_(bindparam("ids", expanding=True)))

# Runs twice a second; reads the index of the few releases with a notice.
_OLD_NOTICES = Prepared(
    select(releases.c.id)
    .where(releases.c.notice_since <= bindparam("until", type_=Instant))
    .order_by(releases.c.notice_since)
    .limit(bindparam("limit"))
)


class Releases:
    """Releases over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_source_keys(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Release]:
        """The releases with these source keys."""
        return self.ask_by_source_keys(keys)()

    def ask_by_source_keys(
        self, keys: Sequence[SourceKey]
    ) -> Callable[[], dict[SourceKey, Release]]:
        """Asks for the releases with these source keys; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _BY_SOURCE_KEYS,
            {"keys": keys},
            lambda rows: {SourceKey(row["source_key"]): _release(row) for row in rows.mappings()},
        )

    def by_digests(self, digests: Sequence[str]) -> dict[str, Release]:
        """The releases with exactly this content, by content digest."""
        if not digests:
            return {}
        found = self._fetch(select(releases).where(releases.c.digest.in_(digests)))
        return {release.content.digest: release for release in found}

    def by_sources(self, sources: Sequence[str]) -> dict[str, Release]:
        """The releases from documents with this text, by `Written.digest`."""
        if not sources:
            return {}
        found = self._fetch(select(releases).where(releases.c.source.in_(sources)))
        return {release.source: release for release in found if release.source}

    def by_ids(self, ids: Sequence[ReleaseId]) -> dict[ReleaseId, Release]:
        """The releases with these ids."""
        return self.ask_by_ids(ids)()

    def ask_by_ids(self, ids: Sequence[ReleaseId]) -> Callable[[], dict[ReleaseId, Release]]:
        """Asks for the releases with these ids; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _BY_IDS,
            {"ids": ids},
            lambda rows: {ReleaseId(row["id"]): _release(row) for row in rows.mappings()},
        )

    def ask_named_works(self, works: Collection[str]) -> Callable[[], set[str]]:
        """Asks which of *works* a release names as its work; see ``pipelining.ask``."""
        parameters = {"works": sorted(works)}
        return ask(self._connection, _NAMED_WORKS, parameters, lambda rows: set(rows.scalars()))

    def ask_taken_ids(self, values: Collection[str]) -> Callable[[], set[str]]:
        """Asks which of *values* are ids of releases' entries; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _TAKEN_IDS,
            {"values": sorted(values)},
            lambda rows: {each for row in rows for each in row if each is not None},
        )

    def of_works(self, works: Collection[str]) -> list[Release]:
        """All releases that belong to one of these works, as the original or as a translation."""
        if not works:
            return []
        originals = [key for work in works for key in originals_of(work)]
        return self._fetch(_OF_WORKS, {"works": list(works), "originals": originals})

    def newest_change(self) -> datetime | None:
        """The latest ``changed_at`` of all releases; read from the index."""
        newest = select(func.max(releases.c.changed_at, type_=releases.c.changed_at.type))
        found: datetime | None = self._connection.execute(newest).scalar()
        return found

    def by_slug(self, slug: str) -> Release:
        """The release with this slug.

        Raises:
            ReleaseNotFound: There is none.
        """
        return self._one(select(releases).where(releases.c.slug == slug), slug)

    def named(self, name: str, *, is_locked: bool = False) -> Release:
        """The release that *name* names.

        Args:
            name: Its id, slug, source key or file name, or the id under which it was known before
                it came here.
            is_locked: Whether to lock the row until the transaction ends.

        Raises:
            ReleaseNotFound: There is none.
        """
        keys = [name, f"file:{name}"]
        is_own = or_(
            releases.c.id == name, releases.c.slug == name, releases.c.source_key.in_(keys)
        )
        # Ids that others made may be anything, so our own come first.
        is_known = or_(releases.c.published_id == name, releases.c.published_iri == name)
        query = select(releases).where(or_(is_own, is_known)).order_by(case((is_own, 0), else_=1))
        return self._one(query.with_for_update(key_share=True) if is_locked else query, name)

    def stubs(self, ids: Sequence[ReleaseId]) -> dict[ReleaseId, ReleaseStub]:
        """The current versions of these releases, without their text."""
        return {
            ReleaseId(row["id"]): ReleaseStub(
                id=ReleaseId(row["id"]),
                slug=row["slug"],
                digest=row["digest"],
                language=row["language"],
                published=row["published"],
                updated=row["updated"],
                notice_since=row["notice_since"],
                published_id=_published_id(row),
            )
            for row in self._connection.execute(_STUBS, {"ids": ids}).mappings()
        }

    def latest(
        self, *, limit: int, feed: str | None = None, is_unfiled: bool = False
    ) -> list[Release]:
        """The most recently changed releases, newest first.

        Args:
            limit: The largest number to return.
            feed: Only releases in this feed; None for all.
            is_unfiled: Only releases with a name that no category matches.
        """
        query, order = select(releases), (releases.c.changed_at, releases.c.published)
        if feed is not None:
            query = query.join(filings).where(filings.c.feed == feed)
            order = (filings.c.placed_at, filings.c.published)
        if is_unfiled:
            query = query.where(releases.c.id.in_(_unfiled()))
        return self._fetch(
            query.order_by(order[0].desc(), order[1].desc(), releases.c.id.desc()).limit(limit)
        )

    def listed(
        self, query: ReleaseQuery, *, after: ChangePosition | None, limit: int
    ) -> list[Release]:
        """Releases in the order of their last change, starting behind *after*.

        Reading on from the oldest change misses nothing: a release that changes in the meantime
        moves to the end.
        """
        position = tuple_(releases.c.changed_at, releases.c.published, releases.c.id)
        found = select(releases)
        for condition in _conditions(query):
            found = found.where(condition)
        order = (releases.c.changed_at, releases.c.published, releases.c.id)
        if after is not None:
            start = tuple_(
                literal(after.changed_at, Instant), literal(after.published, Instant), after.id
            )
            found = found.where(position < start if query.is_newest_first else position > start)
        if query.is_newest_first:
            return self._fetch(found.order_by(*(each.desc() for each in order)).limit(limit))
        return self._fetch(found.order_by(*order).limit(limit))

    def behind(self, after: ReleaseId | None, *, limit: int) -> list[Release]:
        """One part of all releases in the order of ids, starting behind *after*; locks nothing."""
        query = select(releases).order_by(releases.c.id).limit(limit)
        return self._fetch(query if after is None else query.where(releases.c.id > after))

    def with_names(
        self, *, folded: Sequence[str], after: ReleaseId | None, limit: int
    ) -> list[Release]:
        """Releases that give one of these folded names, by id, starting behind *after*; locked."""
        giving = select(release_names.c.release_id).where(release_names.c.folded.in_(folded))
        return self._page(select(releases).where(releases.c.id.in_(giving)), after, limit)

    def in_feeds(
        self, *, feeds: Sequence[str], after: ReleaseId | None, limit: int
    ) -> list[Release]:
        """Releases in one of these feeds, by id, starting behind *after*; locked."""
        chosen = select(filings.c.release_id).where(filings.c.feed.in_(feeds))
        return self._page(select(releases).where(releases.c.id.in_(chosen)), after, limit)

    def add(self, added: Sequence[Release]) -> None:
        """Stores new releases. ``Names`` must contain their category names already."""
        if added:
            send_later(self._connection, _ADD, [_row(release) for release in added])
            self._write_names(added)
            SearchIndex(self._connection).mark(added)
            self._write_media(added)

    def replace(self, corrections: Sequence[tuple[Release, Release]], *, now: datetime) -> None:
        """Stores corrections as pairs of the old and the new release; the old content is kept.

        Raises:
            StoreConflict: A release was retracted or restored since it was read.
        """
        if not corrections:
            return
        history = [_history(held, now=now) for held, _ in corrections]
        send_later(self._connection, insert(revisions), history)
        for held, release in corrections:
            self._overwrite(held, _row(release))
        # A batch may correct a release more than once.
        last = {release.id: release for _, release in corrections}
        is_theirs = release_names.c.release_id.in_(list(last))
        send_later(self._connection, release_names.delete().where(is_theirs))
        self._write_names(list(last.values()))
        SearchIndex(self._connection).mark(list(last.values()))
        # Of all that it was, since pages of former revisions show those.
        self._write_media([release for _, release in corrections])

    def relink(self, relinked: Sequence[Release]) -> None:
        """Stores the new translations of these releases; their own text is unchanged."""
        rows = [
            {
                "release": release.id,
                "new_face": _face(release),
                "linked": _translations(release),
                "moment": release.changed_at,
            }
            for release in relinked
        ]
        if rows:
            send_later(self._connection, _RELINK, rows)

    def hold_works(self) -> None:
        """Locks all works until the end of the transaction.

        Without the lock, two transactions that add translations of one release at the same time
        would not see each other.
        """
        if not has_one_writer(self._connection):
            send_later(self._connection, _HOLD_WORKS)

    def retract(self, held: Release, release: Release) -> None:
        """Stores that *held* was retracted or restored; its content is unchanged.

        Raises:
            StoreConflict: Another transaction retracted or restored it first.
        """
        self._overwrite(held, _row(release))
        SearchIndex(self._connection).index([release])

    def with_old_notices(self, *, until: datetime, limit: int) -> list[ReleaseId]:
        """Releases with a notice in feeds since *until* or earlier, oldest first."""
        return self.ask_with_old_notices(until=until, limit=limit)()

    def ask_with_old_notices(self, *, until: datetime, limit: int) -> Callable[[], list[ReleaseId]]:
        """Asks for releases with a notice since *until* or earlier; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _OLD_NOTICES,
            {"until": until, "limit": limit},
            lambda rows: [ReleaseId(row.id) for row in rows],
        )

    def end_notices(self, ids: Sequence[ReleaseId], *, until: datetime) -> list[Release]:
        """Ends the notices of these releases, and locks the releases.

        Returns:
            The releases that had a notice since *until* or earlier, without it.
        """
        is_old = releases.c.notice_since <= until
        query = select(releases).where(releases.c.id.in_(ids), is_old).order_by(releases.c.id)
        found = self._fetch(query.with_for_update(key_share=True))
        ended = update(releases).where(releases.c.id.in_([release.id for release in found]))
        self._connection.execute(ended.values(notice_since=None))
        return [replace(release, notice_since=None) for release in found]

    def _overwrite(self, held: Release, row: Mapping[str, Any]) -> None:
        """Replaces *held* by *row*, unless it was retracted or restored in the meantime."""
        retracted_at = held.retraction and held.retraction.at
        is_match = releases.c.id == held.id
        is_as_read = releases.c.retracted_at.is_not_distinct_from(retracted_at)
        written = update(releases).where(is_match, is_as_read).values(row)
        if self._connection.execute(written).rowcount != 1:
            raise StoreConflict(f"release {held.id!r} was retracted or restored meanwhile")

    def count(self, *, is_unfiled: bool = False) -> int:
        """The number of releases; or only of those with a name that no category matches."""
        query = select(func.count()).select_from(releases)
        if is_unfiled:
            query = query.where(releases.c.id.in_(_unfiled()))
        return int(self._connection.execute(query).scalar_one())

    def _write_names(self, written: Sequence[Release]) -> None:
        rows = [
            {"release_id": release.id, "folded": folded}
            for release in written
            for folded in dict.fromkeys(map(fold, release.content.category_names))
        ]
        if rows:
            send_later(self._connection, _ADD_NAMES, rows)

    def _write_media(self, written: Sequence[Release]) -> None:
        named = [(release.id, media_in(release.content)) for release in written]
        Media(self._connection).use(named, is_public=True)

    def _page(self, query: Select[Any], after: ReleaseId | None, limit: int) -> list[Release]:
        if after is not None:
            query = query.where(releases.c.id > after)
        # Locked on PostgreSQL: otherwise a concurrent correction would be assigned to feeds by
        # what was read here.
        return self._fetch(
            query.order_by(releases.c.id).limit(limit).with_for_update(key_share=True)
        )

    def _fetch(
        self, query: Select[Any], parameters: Mapping[str, Any] | None = None
    ) -> list[Release]:
        return [
            _release(row) for row in self._connection.execute(query, parameters or {}).mappings()
        ]

    def _one(self, query: Select[Any], name: str) -> Release:
        found = self._fetch(query.limit(1))
        if not found:
            raise ReleaseNotFound(name)
        return found[0]


def _conditions(query: ReleaseQuery) -> Iterator[ColumnElement[bool]]:
    if query.feeds is not None:
        chosen = select(filings.c.release_id).where(filings.c.feed.in_(query.feeds))
        yield releases.c.id.in_(chosen)
    if query.feed is not None:
        chosen = select(filings.c.release_id).where(filings.c.feed == query.feed)
        yield releases.c.id.in_(chosen)
    if query.language is not None:
        yield releases.c.language == query.language
    if query.since is not None:
        yield releases.c.changed_at >= query.since
    if query.is_unfiled:
        yield releases.c.id.in_(_unfiled())


def _unfiled() -> Select[tuple[str]]:
    return (
        select(release_names.c.release_id)
        .join(names, names.c.folded == release_names.c.folded)
        .where(names.c.is_claimed == 0)
    )


def _row(release: Release) -> dict[str, Any]:
    content = release.content
    retraction = release.retraction
    return {
        "id": release.id,
        "source_key": release.source_key,
        "slug": release.slug,
        "revision": release.revision,
        "digest": content.digest,
        "title": content.title,
        "body": content.body,
        "summary": content.summary,
        "language": content.language,
        "published": content.published,
        "updated_by_source": content.updated,
        "url": content.url,
        "authors": [pack_person(author) for author in content.authors],
        "enclosures": [asdict(enclosure) for enclosure in content.enclosures],
        "category_names": list(content.category_names),
        "updated": release.updated,
        "changed_at": release.changed_at,
        "details": pack_details(content.details),
        "work": content.details.work,
        "face": _face(release),
        "notes": [pack_note(note) for note in release.notes] or None,
        "translations": _translations(release),
        "retracted_at": retraction and retraction.at,
        "retraction_reason": retraction and retraction.reason,
        "document": release.document,
        "source": release.source,
        "notice_since": release.notice_since,
        **_id_columns(release.published_id),
        "placed_at": release.own_place,
    }


def _id_columns(known: PublishedId | None) -> dict[str, Any]:
    if known is None:
        return {"published_id": None, "published_iri": None, "is_permalink": None}
    return {
        "published_id": known.value,
        "published_iri": None if known.iri == known.value else known.iri,
        "is_permalink": int(known.is_permalink),
    }


def _published_id(row: Mapping[Any, Any]) -> PublishedId | None:
    value = row["published_id"]
    if value is None:
        return None
    return PublishedId(
        value=value,
        iri=row["published_iri"] or value,
        is_permalink=bool(row["is_permalink"]),
    )


def _face(release: Release) -> str | None:
    return None if release.face == release.content.digest else release.face


def _translations(release: Release) -> list[dict[str, str]] | None:
    return [asdict(each) for each in release.translations] or None


def _release(row: Mapping[Any, Any]) -> Release:
    content = Content(
        title=row["title"],
        body=row["body"],
        summary=row["summary"],
        language=row["language"],
        published=row["published"],
        updated=row["updated_by_source"],
        url=row["url"],
        authors=tuple(Person(**author) for author in row["authors"]),
        enclosures=tuple(Enclosure(**enclosure) for enclosure in row["enclosures"]),
        category_names=tuple(row["category_names"]),
        details=unpack_details(row["details"]),
    )
    content.remember_digest(row["digest"])
    return Release(
        id=ReleaseId(row["id"]),
        source_key=SourceKey(row["source_key"]),
        slug=row["slug"],
        revision=row["revision"],
        updated=row["updated"],
        changed_at=row["changed_at"],
        content=content,
        notes=tuple(unpack_note(note) for note in row["notes"] or ()),
        translations=tuple(Translation(**each) for each in row["translations"] or ()),
        retraction=Retraction(at=row["retracted_at"], reason=row["retraction_reason"])
        if row["retracted_at"]
        else None,
        document=row["document"],
        source=row["source"],
        notice_since=row["notice_since"],
        published_id=_published_id(row),
        own_place=row["placed_at"],
    )


def _history(held: Release, *, now: datetime) -> dict[str, Any]:
    return {
        "release_id": held.id,
        "revision": held.revision,
        "content": pack_content(held.content),
        "updated": held.updated,
        "changed_at": held.changed_at,
        "replaced_at": now,
        "notes": len(held.notes),
    }
