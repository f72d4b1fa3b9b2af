"""Documents under embargo. No public page, feed or answer reads from here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from feeds.errors import EmbargoNotFound, StoreConflict
from feeds.model.history import originals_of
from feeds.model.intake import Embargo, EmbargoPosition, EmbargoQuery
from feeds.model.medium import media_in
from feeds.model.release import ReleaseId, SourceKey
from feeds.store.contents import pack_draft, unpack_draft
from feeds.store.media import Media
from feeds.store.pipelining import ask, send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import embargoes

# Built once: each intake runs these.
_BY_SOURCE_KEYS = Prepared(
    select(embargoes).where(embargoes.c.source_key.in_(bindparam("keys", expanding=True)))
)
_OF_WORK = select(embargoes).where(
    or_(
        embargoes.c.work == bindparam("work"),
        and_(
            embargoes.c.source_key.in_(bindparam("originals", expanding=True)),
            embargoes.c.work.is_(None),
        ),
    )
)
_ORDER = (embargoes.c.until, embargoes.c.release_id)
_NEXT = select(func.min(embargoes.c.until))
_position = tuple_(embargoes.c.until, embargoes.c.release_id)
_state = tuple_(embargoes.c.release_id, embargoes.c.version)

#: Rows that are read at once, without their documents, to find those in some categories.
ROWS_PER_SEARCH = 1_000


class Embargoes:
    """Embargoes over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_source_keys(self, keys: Sequence[SourceKey]) -> dict[SourceKey, Embargo]:
        """The embargoed documents with these source keys."""
        return self.ask_by_source_keys(keys)()

    def ask_by_source_keys(
        self, keys: Sequence[SourceKey]
    ) -> Callable[[], dict[SourceKey, Embargo]]:
        """Asks for the embargoed documents with these source keys; see ``pipelining.ask``."""
        return ask(
            self._connection,
            _BY_SOURCE_KEYS,
            {"keys": keys},
            lambda rows: {SourceKey(row.source_key): _embargo(row) for row in rows},
        )

    def by_digests(self, digests: Sequence[str]) -> dict[str, Embargo]:
        """The embargoed documents with exactly this content, by content digest."""
        if not digests:
            return {}
        found = self._fetch(select(embargoes).where(embargoes.c.digest.in_(digests)))
        return {embargo.draft.content.digest: embargo for embargo in found}

    def of_work(self, work: str) -> list[Embargo]:
        """The embargoed documents that will belong to this work, as original or translation."""
        return self._fetch(_OF_WORK, {"work": work, "originals": originals_of(work)})

    def all(self) -> list[Embargo]:
        """All embargoed documents, the earliest end first."""
        return self._fetch(select(embargoes).order_by(*_ORDER))

    def listed(
        self,
        query: EmbargoQuery,
        *,
        after: EmbargoPosition | None,
        limit: int,
        is_wanted: Callable[[Sequence[str]], bool] | None = None,
    ) -> list[Embargo]:
        """A page of embargoed documents, the earliest end first.

        Args:
            query: What to select by the end.
            after: Where the page before ended.
            limit: The greatest number of documents.
            is_wanted: Whether documents with these category names are listed; None for all. Rows
                are searched in the order of the list, without their documents.
        """
        ends = select(embargoes).where(*_bounds(query)).order_by(*_ORDER)
        if is_wanted is None:
            return self._fetch(_after(ends, after).limit(limit))
        columns = embargoes.c.until, embargoes.c.release_id, embargoes.c.category_names
        search = ends.with_only_columns(*columns).limit(ROWS_PER_SEARCH)
        wanted: list[str] = []
        while len(wanted) < limit:
            rows = self._connection.execute(_after(search, after)).all()
            wanted += [row.release_id for row in rows if is_wanted(row.category_names)]
            if len(rows) < ROWS_PER_SEARCH:
                break
            after = EmbargoPosition(until=rows[-1].until, release_id=rows[-1].release_id)
        return self._fetch(ends.where(embargoes.c.release_id.in_(wanted[:limit])))

    def by_id(self, release_id: str) -> Embargo | None:
        """The embargoed document of the release with this id."""
        found = self._fetch(select(embargoes).where(embargoes.c.release_id == release_id))
        return found[0] if found else None

    def named(self, name: str) -> Embargo:
        """The embargoed document with this release id, slug, published id, source key or file.

        Raises:
            EmbargoNotFound: There is none.
        """
        is_own = (
            (embargoes.c.release_id == name)
            | (embargoes.c.slug == name)
            | embargoes.c.source_key.in_([name, f"file:{name}"])
        )
        # Ids that others made may be anything, so our own come first.
        is_known = (embargoes.c.published_id == name) | (embargoes.c.published_iri == name)
        query = select(embargoes).where(is_own | is_known)
        found = self._fetch(query.order_by(case((is_own, 0), else_=1)).limit(1))
        if not found:
            raise EmbargoNotFound(name)
        return found[0]

    def claim_due(self, *, now: datetime, limit: int) -> list[Embargo]:
        """Returns and locks some of the embargoes that have ended, the earliest first.

        On PostgreSQL they are locked until the end of the transaction, and other transactions
        skip them; SQLite has one writer anyway. The caller must delete them with `end`.
        """
        due = select(embargoes).where(embargoes.c.until <= now).order_by(*_ORDER).limit(limit)
        return self._fetch(due.with_for_update(skip_locked=True))

    def next_end(self) -> datetime | None:
        """When the next embargo ends; None without embargoes."""
        end: datetime | None = self._connection.execute(_NEXT).scalar_one()
        return end

    def late(self, *, before: datetime, limit: int) -> list[tuple[ReleaseId, datetime]]:
        """Id and end of embargoes that ended before then, and hold back their documents still."""
        query = select(embargoes.c.release_id, embargoes.c.until)
        query = query.where(embargoes.c.until < before).order_by(*_ORDER).limit(limit)
        return [(ReleaseId(row.release_id), row.until) for row in self._connection.execute(query)]

    def hold(self, held: Sequence[Embargo]) -> None:
        """Adds embargoed documents."""
        if held:
            send_later(self._connection, insert(embargoes), [_row(embargo) for embargo in held])
            self._write_media(held)

    def change(self, former: Embargo, replacement: Embargo) -> None:
        """Replaces an embargoed document, or its end.

        Raises:
            StoreConflict: The embargo was changed or ended in the meantime.
        """
        values = _row(replacement) | {"version": former.version + 1}
        change = update(embargoes).where(_is_still(former)).values(values)
        _require(self._connection.execute(change).rowcount == 1)
        self._write_media([replacement])

    def move(self, former: Embargo, *, until: datetime, by: str) -> None:
        """Changes the end of an embargo.

        Raises:
            StoreConflict: The embargo was changed or ended in the meantime.
        """
        values = {"until": until, "held_by": by, "version": former.version + 1}
        move = update(embargoes).where(_is_still(former)).values(values)
        _require(self._connection.execute(move).rowcount == 1)

    def end(self, ended: Sequence[Embargo]) -> None:
        """Deletes these embargoes.

        Raises:
            StoreConflict: One of them was changed or ended in the meantime.
        """
        if ended:
            states = [(one.release_id, one.version) for one in ended]
            gone = delete(embargoes).where(_state.in_(states))
            _require(self._connection.execute(gone).rowcount == len(ended))
            Media(self._connection).end_wait([one.release_id for one in ended])

    def count(self) -> int:
        """The number of embargoed documents."""
        query = select(func.count()).select_from(embargoes)
        return int(self._connection.execute(query).scalar_one())

    def _write_media(self, held: Sequence[Embargo]) -> None:
        """Records what these documents name, so that it is kept; it is not public by that."""
        named = [(embargo.release_id, media_in(embargo.draft.content)) for embargo in held]
        Media(self._connection).use(named, is_public=False)

    def _fetch(
        self, query: Select[Any], parameters: Mapping[str, Any] | None = None
    ) -> list[Embargo]:
        return [_embargo(row) for row in self._connection.execute(query, parameters or {})]


def _bounds(query: EmbargoQuery) -> Iterator[ColumnElement[bool]]:
    if query.ends_from is not None:
        yield embargoes.c.until >= query.ends_from
    if query.ends_before is not None:
        yield embargoes.c.until < query.ends_before


def _after(query: Select[Any], after: EmbargoPosition | None) -> Select[Any]:
    return query if after is None else query.where(_position > (after.until, after.release_id))


def _is_still(embargo: Embargo) -> ColumnElement[bool]:
    is_it = embargoes.c.release_id == embargo.release_id
    return and_(
        is_it,
        embargoes.c.version == embargo.version,
        embargoes.c.held_since == embargo.held_since,
    )


def _require(is_unchanged: bool) -> None:  # noqa: FBT001  # the condition is the only argument
    if not is_unchanged:
        raise StoreConflict("an embargo was changed or ended meanwhile")


def _row(embargo: Embargo) -> dict[str, Any]:
    known = embargo.draft.published_id
    return {
        "published_id": known and known.value,
        "published_iri": known and (None if known.iri == known.value else known.iri),
        "release_id": embargo.release_id,
        "source_key": embargo.draft.source_key,
        "digest": embargo.draft.content.digest,
        "until": embargo.until,
        "draft": pack_draft(embargo.draft),
        "held_since": embargo.held_since,
        "held_by": embargo.by,
        "slug": embargo.slug,
        "category_names": list(embargo.draft.content.category_names),
        "work": embargo.draft.content.details.work,
        "version": embargo.version,
    }


def _embargo(row: Row[Any]) -> Embargo:
    return Embargo(
        release_id=ReleaseId(row.release_id),
        draft=unpack_draft(row.draft),
        until=row.until,
        held_since=row.held_since,
        by=row.held_by,
        slug=row.slug,
        version=row.version,
    )
