"""The search index: which releases have which terms. It is made of the releases alone.

Whoever stores a release marks it (``unindexed``), in the same transaction; its terms follow in a
transaction of their own (``search_upkeep``), after the editions that have it. A release that is
retracted loses its row at once.

Both databases get the terms of ``feeds.search``, and return the same releases in the same order. On
SQLite they are the text of an FTS5 table, which splits it at spaces; on PostgreSQL a ``tsvector``
with a GIN index. No parser, dictionary or stemmer of theirs has a part in it.

A row's number is its release's date of publication, and the order of the hits: FTS5 reads its lists
from the newest number on and stops where a page is full, so common words cost no more than rare
ones. GIN has no order. So PostgreSQL first looks whether the newest releases fill the page, which
those of common words do, and asks the index otherwise, which is short then.

Retracted releases have no row.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    Column,
    Connection,
    Insert,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.exc import OperationalError

from feeds.errors import SearchTooSlow
from feeds.model.release import Release, ReleaseId
from feeds.model.search import TermQuery
from feeds.search.terms import SearchTerms, terms_of
from feeds.store.dialects import has_one_writer
from feeds.store.pipelining import send_later
from feeds.store.prepared import Prepared
from feeds.store.schema import TSQUERY, TSVECTOR, Instant, filings, release_search, unindexed

#: How many releases may be published in one second.
_IN_A_SECOND = 2**24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

#: How many of the newest releases are looked at for one that is wanted. A word that fewer have is
#: short in the index.
LOOKED_AT = 100

#: In the place of a term, for FTS5.
_NOTHING = "\ue001"

#: PostgreSQL's code for a statement that took longer than it may.
_CANCELLED = "57014"

#: SQLite's table for full-text search.
FULL_TEXT = "release_terms"

#: The same, as our statements see it.
_fts = Table(
    FULL_TEXT,
    MetaData(),
    Column("rowid", Integer),
    Column("terms", Text),
    Column("rank", Integer),
    Column(FULL_TEXT, Text),  # takes commands, and is the left side of MATCH
)

# Commands of FTS5 (https://sqlite.org/fts5.html#special_insert_commands).
_COMPARE = insert(_fts).values({FULL_TEXT: "integrity-check", "rank": 1})
_MAKE_ANEW = insert(_fts).values({FULL_TEXT: "rebuild"})

_NUMBER = release_search.c.number
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_REMOVE = delete(release_search).where(release_search.c.release_id.in_(_IDS))
_MARK = Prepared(insert(unindexed).inline())
_MARKED = select(unindexed).order_by(unindexed.c.number).limit(bindparam("limit"))
_UNMARK = delete(unindexed).where(unindexed.c.number <= bindparam("last", type_=BigInteger))
_REMOVE_FTS = delete(_fts).where(
    _fts.c.rowid.in_(select(_NUMBER).where(release_search.c.release_id.in_(_IDS)))
)
_ADD_FTS = insert(_fts).from_select(
    ["rowid", "terms"],
    select(_NUMBER, release_search.c.terms)
    .where(release_search.c.release_id.in_(_IDS))
    .order_by(_NUMBER),
)


def _adding(terms: Any) -> Insert:
    """Returns the statement that adds a row, with the first free number of its second."""
    first, beyond = bindparam("first", type_=BigInteger), bindparam("beyond", type_=BigInteger)
    highest = select(func.max(_NUMBER)).where(_NUMBER.between(first, beyond - 1))
    # Inline: nobody asks for the number, which would cost a round trip.
    return (
        insert(release_search)
        .inline()
        .values(
            number=func.coalesce(highest.scalar_subquery() + 1, first),
            release_id=bindparam("release"),
            terms=terms,
            digest=bindparam("terms_digest"),
        )
    )


#: In this order: SQLite would read all hits first, and look for their feed then.
_IN_NEWEST_OF_FEED = text(
    "SELECT release_search.release_id FROM"
    " (SELECT release_id FROM filings"
    "  WHERE feed = :feed AND published >= :since AND published < :before"
    "  ORDER BY published DESC, release_id DESC LIMIT :look) AS newest"
    " CROSS JOIN release_search ON release_search.release_id = newest.release_id"
    " CROSS JOIN release_terms ON release_terms.rowid = release_search.number"
    " WHERE release_terms MATCH :words"
    " ORDER BY release_search.number DESC LIMIT :limit OFFSET :skip"
).bindparams(bindparam("since", type_=Instant), bindparam("before", type_=Instant))
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

_ADD_SQLITE = _adding(bindparam("all_terms", type_=Text))
_ADD_POSTGRES = _adding(cast(bindparam("all_terms", type_=Text), TSVECTOR))


class SearchIndex:
    """The search index over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mark(self, changed: Sequence[Release]) -> None:
        """Records that the words of these releases are to be indexed."""
        send_later(self._connection, _MARK, [{"release_id": one.id} for one in changed])

    def marked(self, *, limit: int) -> dict[int, ReleaseId]:
        """Returns some of the releases whose words are to be indexed, by the numbers of the marks.

        The oldest marks come first; there may be several of one release.
        """
        found = self._connection.execute(_MARKED, {"limit": limit})
        return {row.number: ReleaseId(row.release_id) for row in found}

    def unmark(self, last: int) -> None:
        """Records that the words of all releases with marks up to this number are indexed."""
        send_later(self._connection, _UNMARK, {"last": last})

    def marked_among(self, ids: Sequence[ReleaseId]) -> set[ReleaseId]:
        """Returns those of these releases whose words are to be indexed."""
        query = select(unindexed.c.release_id).where(unindexed.c.release_id.in_(ids))
        return set(map(ReleaseId, self._connection.execute(query).scalars()))

    def index(self, changed: Sequence[Release]) -> None:
        """Brings these releases up to date: retracted ones are not found any more."""
        if not changed:
            return
        ids = {"ids": [release.id for release in changed]}
        if has_one_writer(self._connection):
            # Before their rows, from which it reads what they had.
            self._connection.execute(_REMOVE_FTS, ids)
        send_later(self._connection, _REMOVE, ids)
        standing = [release for release in changed if release.retraction is None]
        if not standing:
            return
        on_sqlite = has_one_writer(self._connection)
        rows = [_row(release, terms_of(release), on_sqlite=on_sqlite) for release in standing]
        rows.sort(key=lambda row: row["first"])
        statement = _ADD_SQLITE if on_sqlite else _ADD_POSTGRES
        send_later(self._connection, statement, rows)
        if on_sqlite:
            self._connection.execute(_ADD_FTS, {"ids": [row["release"] for row in rows]})

    def find(self, query: TermQuery, *, skip: int, limit: int) -> list[ReleaseId]:
        """Returns some of the releases that meet a query, newest first.

        Args:
            query: What they have to have.
            skip: How many of the newest are left out.
            limit: The largest number to return.

        Raises:
            SearchTooSlow: PostgreSQL gave up; see `Database.searching`.
        """
        ask = self._find_sqlite if has_one_writer(self._connection) else self._find_postgres
        try:
            return [ReleaseId(one) for one in ask(query, skip=skip, limit=limit)]
        except OperationalError as error:
            _raise_if_cancelled(error)
            raise

    def _find_sqlite(self, query: TermQuery, *, skip: int, limit: int) -> Sequence[str]:
        if query.feed is not None:
            found = self._find_in_newest_of_feed(query, skip=skip, limit=limit)
            if found is not None:
                return found
        matching = _fts.c.release_terms.op("MATCH")(_fts_query(query))
        numbers = select(_fts.c.rowid).where(matching, *_period(_fts.c.rowid, query))
        hits = numbers.order_by(_fts.c.rowid.desc())
        if query.feed is None:
            hits = hits.offset(skip).limit(limit)
        newest_hits = hits.subquery()
        named = (
            select(release_search.c.release_id)
            .select_from(newest_hits)
            .join(release_search, newest_hits.c.rowid == _NUMBER)
            .order_by(newest_hits.c.rowid.desc())
        )
        if query.feed is not None:
            is_in = filings.c.release_id == release_search.c.release_id
            filed = select(literal(1)).where(is_in, filings.c.feed == query.feed)
            named = named.where(filed.exists()).offset(skip).limit(limit)
        return self._connection.scalars(named).all()

    def _find_in_newest_of_feed(
        self, query: TermQuery, *, skip: int, limit: int
    ) -> Sequence[str] | None:
        """Looks at the newest releases of a feed; None if there may be more hits behind them.

        Of a small feed, each release is looked at sooner than each hit.
        """
        look = LOOKED_AT * (skip + limit)
        parameters = {
            "feed": query.feed,
            "since": query.since or _EARLIEST,
            "before": query.before or _LATEST,
            "look": look,
            "words": _fts_query(query),
            "limit": limit,
            "skip": skip,
        }
        rows = self._connection.scalars(_IN_NEWEST_OF_FEED, parameters).all()
        if len(rows) == limit:
            return rows
        newest = _newest_of_feed(query, look).subquery()
        there = self._connection.scalar(select(func.count()).select_from(newest)) or 0
        return rows if there < look else None

    def _find_postgres(self, query: TermQuery, *, skip: int, limit: int) -> Sequence[str]:
        wanted = cast(literal(_tsquery(query), Text), TSQUERY)
        look = LOOKED_AT * (skip + limit)
        if query.feed is None:
            columns = (release_search.c.release_id, _NUMBER, release_search.c.terms)
            newest = select(*columns).where(*_period(_NUMBER, query))
            newest = newest.order_by(_NUMBER.desc()).limit(look)
            rows = newest.subquery()
            looked_at = select(rows.c.release_id).where(rows.c.terms.op("@@")(wanted))
            looked_at = looked_at.order_by(rows.c.number.desc())
        else:
            filed = _as_it_stands(_newest_of_feed(query, look), "newest")
            # With a limit each is looked up, and the index is not read as a whole instead.
            each = select(release_search.c.release_id, _NUMBER).where(
                release_search.c.release_id == filed.c.release_id,
                release_search.c.terms.op("@@")(wanted),
            )
            hit = each.limit(1).lateral("hit")
            looked_at = select(hit.c.release_id).select_from(filed.join(hit, true()))
            looked_at = looked_at.order_by(hit.c.number.desc())
        found = self._connection.scalars(looked_at.offset(skip).limit(limit)).all()
        if len(found) == limit:
            return found
        matching = select(release_search.c.release_id, _NUMBER).where(
            release_search.c.terms.op("@@")(wanted), *_period(_NUMBER, query)
        )
        hits = _as_it_stands(matching, "hits")
        named = select(hits.c.release_id).order_by(hits.c.number.desc())
        if query.feed is not None:
            is_in = filings.c.release_id == hits.c.release_id
            named = named.where(
                select(literal(1)).where(is_in, filings.c.feed == query.feed).exists()
            )
        return self._connection.scalars(named.offset(skip).limit(limit)).all()

    def digests(self, ids: Sequence[ReleaseId]) -> dict[ReleaseId, str]:
        """Returns the digest of the terms of each of these releases that it has."""
        columns = (release_search.c.release_id, release_search.c.digest)
        query = select(*columns).where(release_search.c.release_id.in_(ids))
        return {ReleaseId(row.release_id): row.digest for row in self._connection.execute(query)}

    def count(self) -> int:
        """Returns the number of releases that it has."""
        return int(self._connection.scalar(select(func.count()).select_from(release_search)) or 0)

    def require_whole(self) -> None:
        """Compares SQLite's full-text table with what it was made of. Writes nothing.

        Raises:
            DatabaseError: They differ.
        """
        if has_one_writer(self._connection):
            self._connection.execute(_COMPARE)

    def make_full_text_anew(self) -> None:
        """Makes SQLite's full-text table of what it is made of."""
        if has_one_writer(self._connection):
            self._connection.execute(_MAKE_ANEW)


def _newest_of_feed(query: TermQuery, count: int) -> Select[Any]:
    moment = filings.c.published
    newest = select(filings.c.release_id).where(filings.c.feed == query.feed)
    if query.since is not None:
        newest = newest.where(moment >= query.since)
    if query.before is not None:
        newest = newest.where(moment < query.before)
    return newest.order_by(moment.desc(), filings.c.release_id.desc()).limit(count)


def _as_it_stands(query: Select[Any], name: str) -> CTE:
    """Returns a part of a query that PostgreSQL runs before the rest.

    Merged with the order of the rest, it would be answered from all releases in that order.
    """
    return query.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


def _period(number: Any, query: TermQuery) -> list[Any]:
    found = []
    if query.since is not None:
        found.append(number >= first_number(query.since))
    if query.before is not None:
        found.append(number < first_number(query.before))
    return found


def first_number(moment: datetime) -> int:
    """Returns the lowest number that a release of this second may have."""
    return (moment - _EPOCH) // _SECOND * _IN_A_SECOND


def _row(release: Release, terms: SearchTerms, *, on_sqlite: bool) -> dict[str, Any]:
    first = first_number(release.content.published)
    return {
        "first": first,
        "beyond": first + _IN_A_SECOND,
        "release": release.id,
        "all_terms": _fts_text(terms) if on_sqlite else _tsvector(terms),
        "terms_digest": terms.digest,
    }


# Terms have letters and digits, and characters beyond ASCII: nothing that either syntax knows.


def _fts_text(terms: SearchTerms) -> str:
    """Writes terms for FTS5's tokenizer ``ascii``, which splits at spaces."""
    sequence = (term or _NOTHING for term in terms.sequence)
    return " ".join([*sequence, _NOTHING, *terms.others])


def _fts_query(query: TermQuery) -> str:
    return " AND ".join(f'"{" ".join(terms)}"' for terms in query.conditions)


def _tsvector(terms: SearchTerms) -> str:
    """Writes terms as PostgreSQL's ``tsvector``: ``'a':1,5 'b':2 'c'``."""
    positions: dict[str, list[str]] = {term: [] for term in terms.others}
    for position, term in enumerate(terms.sequence, start=1):
        if term is not None:
            positions.setdefault(term, []).append(str(position))
    return " ".join(
        f"'{term}':{','.join(there)}" if there else f"'{term}'" for term, there in positions.items()
    )


def _tsquery(query: TermQuery) -> str:
    phrases = (" <-> ".join(f"'{term}'" for term in terms) for terms in query.conditions)
    return " & ".join(f"({phrase})" for phrase in phrases)


def _raise_if_cancelled(error: OperationalError) -> None:
    if getattr(error.orig, "sqlstate", None) == _CANCELLED:
        raise SearchTooSlow from error
