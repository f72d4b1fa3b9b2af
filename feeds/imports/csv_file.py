"""Reads a table as CSV, as spreadsheets and databases export it."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from feeds.errors import DocumentRefused
from feeds.imports.dates import FeedDate, read_feed_date
from feeds.imports.feed_tree import FeedLink
from feeds.imports.items import (
    IdFormat,
    Item,
    ItemState,
    KnownId,
    LeftOut,
    Reason,
    SourceHead,
)
from feeds.imports.markup import joined, plain_line
from feeds.imports.reading import ItemDraft, item_of
from feeds.ingest.characters import shown
from feeds.ingest.streams import decode_labelled

#: What columns are called, by our field. The first name is the field's own.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "subject", "titel", "überschrift", "titre", "título", "titolo"),
    "body": ("body", "content", "text", "html", "inhalt", "contenu", "contenido", "testo", "texto"),
    "published": (
        *("published", "date", "published_at", "publish date", "pubdate", "created", "datum"),
        *("veröffentlicht", "date de publication", "fecha", "data"),
    ),
    "updated": ("updated", "modified", "updated_at", "last modified", "geändert", "modifié"),
    "url": ("url", "link", "permalink", "address", "adresse", "lien", "enlace"),
    "id": ("id", "guid", "uuid", "key"),
    "summary": ("summary", "excerpt", "description", "teaser", "zusammenfassung", "résumé"),
    "authors": ("authors", "author", "by", "autor", "autoren", "auteur", "autore"),
    "categories": (
        *("categories", "category", "tags", "topics", "kategorie", "kategorien", "rubrik"),
        *("catégorie", "catégories", "categoría", "categoria"),
    ),
    "language": ("language", "lang", "sprache", "langue", "idioma", "lingua"),
    "image": ("image", "picture", "bild", "photo", "imagen", "immagine"),
    "old_addresses": ("old_addresses", "old urls", "redirect_from", "aliases"),
    "status": ("status", "state", "published?", "zustand", "statut", "estado"),
}
_REQUIRED = ("title", "body")
#: What a status says. Others are no releases.
_PUBLIC = frozenset({"", "published", "publish", "public", "live", "1", "true", "yes",
                     "veröffentlicht", "publié", "publicado", "pubblicato"})  # fmt: skip
_DRAFT = frozenset({"draft", "entwurf", "brouillon", "borrador", "bozza", "0", "false", "no"})
_DELIMITERS = (",", ";", "\t", "|")
#: A body may have them all; Python's limit is 128 KiB.
_MAX_CELL_CHARS = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMapping:
    """How the columns of a table are read."""

    columns: Mapping[str, str] = field(default_factory=dict)  #: name of the column, by our field
    zone: tzinfo = UTC  #: of times without one
    date_format: str | None = None  #: for `datetime.strptime`; ``%d/%m/%Y %H:%M``
    separator: str = "|"  #: between several categories, authors or addresses in a cell
    site_url: str | None = None  #: base of relative addresses
    language: str | None = None

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in COLUMNS:
                raise DocumentRefused(
                    f"there is no field {shown(name)}", remedy=f"take one of {', '.join(COLUMNS)}"
                )


def read_csv(
    data: bytes, *, mapping: CsvMapping, now: datetime
) -> tuple[SourceHead, Iterator[Item]]:
    """Returns the rows of a table as items. A row that cannot be read is left out, with its line.

    Args:
        data: The file: UTF-8, UTF-16 with a mark, or windows-1252.
        mapping: How its columns are read.
        now: Rows of a later date are scheduled; aware.

    Raises:
        DocumentRefused: Its columns are not those that are needed.
    """
    text, delimiter = _text(data), None
    if stated := re.match(r"sep=(.)\r?\n", text):  # Excel writes it
        delimiter, text = stated[1], text[stated.end() - 1 :]
    rows = _CsvRows(text, delimiter or _delimiter(text))
    header = rows.header()
    table = _CsvTable(header, mapping, now)
    head = SourceHead(
        site_url=f"{mapping.site_url.rstrip('/')}/" if mapping.site_url else None,
        language=mapping.language,
        generator="CSV",
    )
    return head, table.items(rows)


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decode_labelled(data, "windows-1252") or ""


def _delimiter(text: str) -> str:
    """Returns the character between columns: that by which the first rows have most columns."""
    beginning = text[: 64 * 1024]

    def columns(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(beginning), delimiter=delimiter)
        try:
            counts = [len(row) for row, _ in zip(reader, range(20), strict=False) if row][:-1]
        except csv.Error:
            return 0, 0
        header = counts[0] if counts else 1
        return sum(count == header for count in counts) if header > 1 else 0, header

    return (
        max(_DELIMITERS, key=columns)
        if text.count("\n") > 1
        else max(_DELIMITERS, key=text.partition("\n")[0].count)
    )


class _CsvRows:
    """The rows of a table, with the line in which each begins."""

    def __init__(self, text: str, delimiter: str) -> None:
        csv.field_size_limit(_MAX_CELL_CHARS)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    def header(self) -> list[str]:
        """Returns the names of the columns.

        Raises:
            DocumentRefused: There are none.
        """
        for _, row in self:
            if isinstance(row, list):
                return [name.strip() for name in row]
        raise DocumentRefused(
            "the file holds no rows", remedy="export the table with a first row of column names"
        )

    def __iter__(self) -> Iterator[tuple[int, list[str] | csv.Error]]:
        while True:
            line = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as fault:
                yield line, fault
                continue
            if any(cell.strip() for cell in row):
                yield line, row


class _CsvTable:
    def __init__(self, header: Sequence[str], mapping: CsvMapping, now: datetime) -> None:
        self._header = header
        self._mapping = mapping
        self._now = now
        self._positions = _positions(header, mapping)

    def items(self, rows: _CsvRows) -> Iterator[Item]:
        for line, row in rows:
            if isinstance(row, csv.Error):
                yield LeftOut(reason=Reason.UNREADABLE, detail=f"not CSV: {row}", line=line)
                continue
            try:
                yield self._left_out(row, line) or self._imported(row, line)
            except DocumentRefused as fault:
                yield LeftOut(
                    reason=Reason.UNREADABLE,
                    detail=fault.reason,
                    example=self._cell(row, "title"),
                    line=line,
                )

    def _cell(self, row: Sequence[str], name: str) -> str:
        position = self._positions.get(name)
        return row[position].strip() if position is not None and position < len(row) else ""

    def _column(self, name: str) -> str:
        return f"column {shown(self._header[self._positions[name]])}"

    def _left_out(self, row: Sequence[str], line: int) -> LeftOut | None:
        if len(row) > len(self._header):
            raise DocumentRefused(
                f"the row has {len(row)} columns, and the header {len(self._header)}",
                remedy="put cells with the delimiter in them into quotation marks",
            )
        status = self._cell(row, "status").lower()
        if status in _PUBLIC:
            return None
        is_draft = status in _DRAFT
        return LeftOut(
            reason=Reason.DRAFT if is_draft else Reason.NOT_A_RELEASE,
            detail="" if is_draft else f"status {status}",
            example=self._cell(row, "title"),
            line=line,
        )

    def _imported(self, row: Sequence[str], line: int) -> Item:
        for name in _REQUIRED:
            if not self._cell(row, name):
                raise DocumentRefused(f"{self._column(name)} is empty", remedy=f"give the {name}")
        body = self._cell(row, "body")
        is_html = re.search(r"</[a-z][a-z0-9]*\s*>|<(?:p|br|img)\b[^>]*>", body, re.I) is not None
        link = joined(self._mapping.site_url, self._cell(row, "url")) or None
        own_id = self._cell(row, "id")
        image = joined(link or self._mapping.site_url, self._cell(row, "image"))
        published = self._date(row, "published")
        draft = ItemDraft(
            line=line,
            known_id=KnownId(value=own_id, format=IdFormat.RSS, is_permalink=own_id == link)
            if own_id
            else None,
            link=link,
            body_base=link or self._mapping.site_url,
            language=self._cell(row, "language") or self._mapping.language,
            title=plain_line(self._cell(row, "title"), is_html=False),
            body=body,
            is_html=is_html,
            summary=self._cell(row, "summary"),
            authors=[{"name": name} for name in self._cells(row, "authors")],
            categories=self._cells(row, "categories"),
            files=[FeedLink(rel="media", href=image)] if image.startswith("http") else [],
            published=published,
            updated=self._date(row, "updated"),
        )
        is_later = False
        if published is not None:
            zone = self._mapping.zone
            draft.note_date("published", self._cell(row, "published"), published, zone)
            is_later = published.moment_in(zone) > self._now
        return replace(
            item_of(draft),
            old_addresses=tuple(self._cells(row, "old_addresses")),
            state=ItemState.SCHEDULED if is_later else ItemState.PUBLISHED,
        )

    def _cells(self, row: Sequence[str], name: str) -> list[str]:
        parts = self._cell(row, name).split(self._mapping.separator)
        return [part.strip() for part in parts if part.strip()]

    def _date(self, row: Sequence[str], name: str) -> FeedDate | None:
        written = self._cell(row, name)
        if not written:
            return None
        zone, form = self._mapping.zone, self._mapping.date_format
        found = _by_format(written, form, zone) if form else _read_date(written, zone)
        if found is None:
            raise DocumentRefused(
                f"{self._column(name)} is not a date that can be read: {shown(written)}",
                remedy="give its form, such as --date-format '%d/%m/%Y %H:%M'",
            )
        return found


def _positions(header: Sequence[str], mapping: CsvMapping) -> dict[str, int]:
    by_name = {name.casefold(): position for position, name in reversed([*enumerate(header)])}
    positions: dict[str, int] = {}
    for name, known in COLUMNS.items():
        if given := mapping.columns.get(name):
            if given.casefold() not in by_name:
                raise DocumentRefused(
                    f"there is no column {shown(given)}",
                    remedy=f"the columns are {', '.join(map(shown, header))}",
                )
            positions[name] = by_name[given.casefold()]
        else:
            found = next((each for each in known if each in by_name), None)
            if found is not None:
                positions[name] = by_name[found]
    for name in _REQUIRED:
        if name not in positions:
            raise DocumentRefused(
                f"no column is called {name}",
                remedy=f"say which it is: --column {name}=…; "
                f"the columns are {', '.join(map(shown, header))}",
                line=1,
            )
    return positions


#: The day stands first where points divide it. With slashes it may be the month.
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,T]+(\d{1,2}:\d\d(?::\d\d)?))?")


def _read_date(written: str, zone: tzinfo) -> FeedDate | None:
    if found := _DOTTED.fullmatch(written):
        day, month, year, clock = found.groups()
        written = f"{year}-{month:0>2}-{day:0>2}" + (f"T{clock:0>5}" if clock else "")
    return read_feed_date(written, zone=zone)


def _by_format(written: str, form: str, zone: tzinfo) -> FeedDate | None:
    try:
        moment = datetime.strptime(written, form)  # noqa: DTZ007  # the zone follows
    except ValueError:
        return None
    if "%H" not in form and "%I" not in form:
        return FeedDate(moment.date().isoformat(), has_zone=False)
    has_zone = moment.tzinfo is not None
    return FeedDate((moment if has_zone else moment.replace(tzinfo=zone)).isoformat(), has_zone)
