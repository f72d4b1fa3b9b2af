"""Makes a draft of a parsed record: reads, cleans and checks every field."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from feeds.errors import DocumentRefused
from feeds.html.plain_text import blocks_of, line_of
from feeds.html.summary import summary_of
from feeds.html.tree import parse
from feeds.ingest.addresses import FETCH_SCHEMES, MAX_URL_CHARS, absolute
from feeds.ingest.bodies.cleaning import clean_html, clean_remainder
from feeds.ingest.characters import clean, is_blank, one_line, shown
from feeds.ingest.dates import bounds_of_day, in_utc, read_moment_or_day
from feeds.ingest.details import read_authors, read_contacts, read_correction, read_related_links
from feeds.ingest.embargoes import read_embargo
from feeds.ingest.enclosures import Enclosures, read_enclosures
from feeds.ingest.fields import (
    REASON,
    RETRACT,
    UNCLEAN_TIMES,
    Inspection,
    Lines,
    SourceRecord,
    at_most,
    check_escapes,
    first_of,
    fitting,
    items,
    optional_text,
    read_language,
    required_text,
    short_line,
)
from feeds.ingest.nesting import check_nesting
from feeds.ingest.openings import OpeningFilter
from feeds.ingest.paragraphs import to_paragraphs
from feeds.ingest.rules import IntakeRules
from feeds.ingest.source_keys import MAX_ID_CHARS, as_written, source_key
from feeds.model.history import work_named
from feeds.model.intake import ReadDocument, Refusal, RetractionRequest
from feeds.model.release import Content, Correction, Details, Draft, Origin, Person, SourceKey
from feeds.model.text import fold

# The summary: the document's own, or one derived from the body.

#: Elements that mark a summary as HTML. "The <video> element" is a sentence about HTML.
_TAGS = frozenset(
    """
    a abbr b blockquote center cite code del div em font h1 h2 h3 h4 h5 h6 i ins li ol p q s small
    span strong sub sup u ul
    """.split()  # noqa: SIM905
)
_OPENED = re.compile(r"<([a-z][a-z0-9]*)(?=[\s>])", re.IGNORECASE)
_CLOSED = re.compile(r"</([a-z][a-z0-9]*)\s*>", re.IGNORECASE)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def given_summary(
    written: str, limit: int, *, field: str, is_markup: bool, language: str, warnings: list[str]
) -> str:
    """Returns the summary that a document gives, as one line of plain text.

    Args:
        written: The summary as the document has it.
        limit: Maximum length in characters.
        field: Name of the field in messages.
        is_markup: Whether the record's body is HTML; its summary may be HTML too.
        language: BCP 47 tag of the release.
        warnings: Receives warnings.

    Raises:
        DocumentRefused: The summary is longer than *limit*, or nested too deeply.
    """
    # A text far beyond the limit is refused without being parsed.
    if is_markup and len(written) <= UNCLEAN_TIMES * limit and _is_html(written):
        check_nesting(written, field=field)
        tree = parse(clean(written, field=field, warnings=warnings))
        written, is_markup = line_of(blocks_of(tree, language=language)), False
        warnings.append(f"{field}: is HTML; only its text was used")
    return short_line(written, limit, field=field, is_markup=is_markup, warnings=warnings)


def derived_summary(body: str, *, language: str, max_chars: int) -> str:
    """Derives a summary for a document that gives none.

    Args:
        body: Clean HTML.
        language: BCP 47 tag of the release.
        max_chars: Maximum length in characters.
    """
    return summary_of(parse(body), language=language, max_chars=max_chars)


def _is_html(text: str) -> bool:
    if "<" not in text:
        return False
    opened = {name.lower() for name in _OPENED.findall(text)}
    closed = {name.lower() for name in _CLOSED.findall(text)}
    return _LINE_BREAK.search(text) is not None or not _TAGS.isdisjoint(opened & closed)


# The draft: every field read, cleaned and checked.

#: Longest ``work``, a key that a person makes up.
MAX_WORK_CHARS = 200
_SUMMARY_FIELDS = ("summary", "subtitle")
_LOOKS_LIKE_HTML = re.compile(r"</[a-z][a-z0-9]*\s*>|<(?:p|br|div|img)\b[^>]*>", re.IGNORECASE)
#: Placeholder for a moment that could not be read; the record is refused in the end.
_UNREAD = datetime(1970, 1, 1, tzinfo=UTC)
#: Placeholder for the moment of intake, of a document without a date.
_AT_INTAKE = datetime(2999, 12, 31, tzinfo=UTC)


class BodyFormat(StrEnum):
    """The format of a record's body."""

    HTML = "html"
    TEXT = "text"


def draft(record: SourceRecord, *, document: str, rules: IntakeRules) -> ReadDocument:
    """Returns the release in *record* as a draft, or a refusal with all of its faults.

    A record with the field ``retract`` is a request to retract a release.

    Args:
        record: As a parser yields it.
        document: Path of its file, relative to the intake root.
        rules: Defaults and limits.
    """
    if record.fields.get(RETRACT) not in (None, ""):
        return _retraction(record, document=document)
    reader = _DraftReader(record, rules)
    content = reader.content()
    key = reader.key(document, content)
    correction = reader.correction()
    until = reader.embargo()
    if reader.inspection.faults:
        return reader.inspection.refusal(record, document=document)
    return Draft(
        source_key=key,
        origin=Origin(document=document, line=record.line),
        content=content if until is None else reader.published_not_before(until, content),
        day=reader.day if until is None else None,
        is_dated=reader.is_dated or until is not None,
        warnings=reader.inspection.unique_warnings,
        left_out=record.left_out,
        correction=correction,
        embargoed_until=until,
        unmeasured=reader.enclosures.unmeasured,
        is_summary_derived=reader.is_summary_derived,
        written=as_written(record.fields, rules, is_html=reader.is_markup),
    )


def _retraction(record: SourceRecord, *, document: str) -> RetractionRequest | Refusal:
    inspection = Inspection(record.warnings)
    named = inspection.read(lambda: required_text(record.fields, RETRACT), "")
    reason = inspection.read(lambda: required_text(record.fields, REASON), "")
    if inspection.faults:
        return inspection.refusal(record, document=document)
    return RetractionRequest(
        origin=Origin(document=document, line=record.line),
        name=named.strip(),
        reason=reason,
        warnings=inspection.unique_warnings,
    )


class _DraftReader:
    """Reads one record, one field per method. A method raises `DocumentRefused` for a fault."""

    def __init__(self, record: SourceRecord, rules: IntakeRules) -> None:
        self.inspection = Inspection(record.warnings)
        self._record = record
        self._fields = record.fields
        self._rules = rules
        self._warnings = self.inspection.warnings
        self._opening = OpeningFilter(record.notices, self._warnings)
        self._published: datetime | None = None
        self.enclosures = Enclosures()
        self.is_summary_derived = False
        self._body_format = self.inspection.read(self._read_body_format, BodyFormat.TEXT)

    def content(self) -> Content:
        read = self.inspection.read
        url = read(self._url, None)
        base = url or f"{self._rules.base_url}/"
        title = read(self._title, "")
        body = read(lambda: self._body(title, url), "")
        published = read(self._published_at, _UNREAD)
        self._published = published if self.is_dated and published is not _UNREAD else None
        language = read(self._language, "")
        self.enclosures = read(lambda: self._enclosures(base), self.enclosures)
        return Content(
            title=title,
            body=body,
            summary=read(lambda: self._summary(body, language), ""),
            language=language,
            published=in_utc(published),
            updated=read(lambda: self._updated(published), None),
            url=url,
            authors=read(self._authors, ()),
            enclosures=self.enclosures.measured,
            category_names=read(self._category_names, ()),
            details=self._details(base),
        )

    @property
    def is_dated(self) -> bool:
        """Whether the document has a date of publication, or needs one."""
        is_given = self._fields.get("published") not in (None, "")
        return is_given or not self._record.may_be_undated

    @property
    def day(self) -> tuple[datetime, datetime] | None:
        """The bounds of the publication day, if the release has a bare date; otherwise None."""
        if self._published is None:
            return None
        written = required_text(self._fields, "published").strip()
        return bounds_of_day(written, rules=self._rules)

    def published_not_before(self, until: datetime, content: Content) -> Content:
        """Returns *content* dated at the end of its embargo, unless its own date is later.

        Nobody could see the release earlier. A bare date on the day of the end is replaced too: it
        does not contradict the end.
        """
        day = self.day
        is_of_that_day = not self.is_dated or (day is not None and day[0] <= until)
        published = until if is_of_that_day else max(content.published, until)
        return replace(content, published=published)

    def key(self, document: str, content: Content) -> SourceKey:
        return self.inspection.read(
            lambda: source_key(
                self._record, document=document, title=content.title, url=content.url
            ),
            SourceKey(""),
        )

    def correction(self) -> Correction:
        return self.inspection.read(self._correction, self._rules.correction)

    def embargo(self) -> datetime | None:
        """Returns the end of the embargo. Read last, as any of the texts may contain a notice."""
        if self._record.is_public:
            return None
        return self.inspection.read(
            lambda: read_embargo(
                self._fields,
                notices=self._opening.notices,
                published=self._published,
                rules=self._rules,
                warnings=self._warnings,
            ),
            None,
        )

    @property
    def is_markup(self) -> bool:
        """Whether the body is HTML; the other fields may then contain character references."""
        return self._body_format is BodyFormat.HTML

    def _line(self, text: str, field: str, limit: int) -> str:
        return short_line(
            text, limit, field=field, is_markup=self.is_markup, warnings=self._warnings
        )

    def _read_body_format(self) -> BodyFormat:
        written = optional_text(self._fields, "body_format")
        remedy = "say html or text"
        if written is None:
            body = self._fields.get("body")
            if isinstance(body, str) and _LOOKS_LIKE_HTML.search(body):
                # Read as text, its tags would be published; read as HTML, code samples would be
                # lost.
                raise DocumentRefused(
                    "body_format is missing, and the body holds what looks like tags",
                    remedy=remedy,
                    field="body_format",
                )
            return BodyFormat.TEXT
        try:
            return BodyFormat(written.strip().lower())
        except ValueError as fault:
            raise DocumentRefused(
                f"body_format is neither html nor text: {shown(written)}",
                remedy=remedy,
                field="body_format",
            ) from fault

    def _title(self) -> str:
        written = required_text(self._fields, "title")
        title = self._line(written, "title", self._rules.max_title_chars)
        if is_blank(title):
            raise DocumentRefused("title is empty", remedy="give the title", field="title")
        return self._opening.title(title)

    def _body(self, title: str, url: str | None) -> str:
        written = required_text(self._fields, "body")
        if self.is_markup:
            body = self._html(written, title, url)
        else:
            body = to_paragraphs(self._opening.text(written), warnings=self._warnings)
        if not body:
            raise DocumentRefused(
                "nothing is left of the body after cleaning",
                remedy="give a body of words or pictures",
                field="body",
            )
        return body

    def _html(self, written: str, title: str, url: str | None) -> str:
        body = clean_html(
            written, url=url, base_url=self._rules.base_url, warnings=self._warnings, title=title
        )
        left = self._opening.html(body)
        # Removing a notice may have exposed a heading that repeats the title.
        return left if left == body else clean_remainder(left, title=title)

    def _summary(self, body: str, language: str) -> str:
        for field in _SUMMARY_FIELDS:
            written = optional_text(self._fields, field) or ""
            summary = given_summary(
                written,
                self._rules.max_summary_chars,
                field=field,
                is_markup=self.is_markup,
                language=language,
                warnings=self._warnings,
            )
            summary = self._opening.summary(summary, field=field)
            if not is_blank(summary):
                return summary
        self.is_summary_derived = True
        return derived_summary(body, language=language, max_chars=self._rules.derived_summary_chars)

    def _language(self) -> str:
        written = optional_text(self._fields, "language")
        return self._rules.language if written is None else self._read_language(written)

    def _read_language(self, written: str) -> str:
        return read_language(written, warnings=self._warnings)

    def _published_at(self) -> datetime:
        return self._moment("published") if self.is_dated else _AT_INTAKE

    def _moment(self, field: str) -> datetime:
        written = required_text(self._fields, field).strip()
        return read_moment_or_day(written, field=field, rules=self._rules, warnings=self._warnings)

    def _updated(self, published: datetime) -> datetime | None:
        if optional_text(self._fields, "updated") is None:
            return None
        updated = self._moment("updated")
        if not self.is_dated or updated >= published or published is _UNREAD:
            return in_utc(updated)
        if published - updated > timedelta(days=1):
            self._warnings.append("updated: is before published; left out")
        return None  # most likely the bare date of the publication day, without information

    def _url(self) -> str | None:
        written = optional_text(self._fields, "url")
        if written is None:
            return None
        check_escapes(written, field="url")
        # With an empty base a relative address has no allowed scheme, and is refused.
        url = absolute(written, base="", schemes=FETCH_SCHEMES)
        if url is None:
            raise DocumentRefused(
                f"url is not an absolute web address: {shown(written)}",
                remedy="write it with https:// and host, or leave it out",
                field="url",
            )
        return fitting(url, MAX_URL_CHARS, field="url")

    def _authors(self) -> tuple[Person, ...]:
        return read_authors(
            self._fields, is_markup=self.is_markup, rules=self._rules, warnings=self._warnings
        )

    def _enclosures(self, base: str) -> Enclosures:
        return read_enclosures(self._fields, base=base, rules=self._rules, warnings=self._warnings)

    def _correction(self) -> Correction:
        return read_correction(
            self._fields, is_markup=self.is_markup, rules=self._rules, warnings=self._warnings
        )

    def _details(self, base: str) -> Details:
        read, fields, rules = self.inspection.read, self._fields, self._rules
        lines = Lines(is_markup=self.is_markup, warnings=self._warnings)

        def text(*names: str, limit: int) -> str | None:
            value = first_of(fields, *names)
            return read(lambda: lines.text(value, field=names[0], limit=limit), None)

        return Details(
            contacts=read(lambda: read_contacts(fields, lines=lines, rules=rules), ()),
            related=read(
                lambda: read_related_links(fields, base=base, lines=lines, rules=rules), ()
            ),
            place=text("place", limit=rules.max_name_chars),
            number=text("number", "release_number", limit=rules.max_name_chars),
            rights=text("rights", limit=rules.max_summary_chars),
            license=read(lambda: lines.address(fields.get("license"), field="license"), None),
            work=read(self._work, None),
        )

    def _work(self) -> str | None:
        """Returns the key that a release and its translations share; see `feeds.model.history`."""
        for field, limit in (("work", MAX_WORK_CHARS), ("translation_of", MAX_ID_CHARS)):
            written = optional_text(_with_number_as_text(self._fields, field), field) or ""
            # Never decoded as markup, because ids and addresses are not either.
            work = one_line(written, field=field, is_markup=False, warnings=self._warnings)
            if not is_blank(work):
                named = absolute(work, base="", schemes=FETCH_SCHEMES) or work
                return work_named(fitting(named, limit, field=field))
        return None

    def _category_names(self) -> tuple[str, ...]:
        """Returns the names as written, each once. The catalogue maps them to categories."""
        values = items(self._fields, "categories")
        at_most(len(values), self._rules.max_categories, field="categories")
        by_folded: dict[str, str] = {}
        for value in values:
            if not isinstance(value, str):
                raise DocumentRefused(
                    f"categories holds something that is no text: {shown(value)}",
                    remedy="give a list of category names",
                    field="categories",
                )
            name = self._line(value, "categories", self._rules.max_category_chars)
            if not is_blank(name):
                by_folded.setdefault(fold(name), name)
        return tuple(by_folded.values())


def _with_number_as_text(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Returns the field with an integer as text: ids may be numbers, and references to them."""
    value = fields.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return {name: str(value)} if is_number else fields
