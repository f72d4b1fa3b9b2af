"""From a record to a draft: every field read, cleaned and checked."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from feeds.errors import DocumentRefused
from feeds.ingest.addresses import FETCH_SCHEMES, MAX_URL_CHARS, absolute
from feeds.ingest.characters import is_blank, one_line, shown
from feeds.ingest.contacts import read_contacts
from feeds.ingest.corrections import read_correction
from feeds.ingest.dates import in_utc, read_moment_or_day, start_of_day
from feeds.ingest.embargoes import read_embargo
from feeds.ingest.enclosures import Enclosures, read_enclosures
from feeds.ingest.fields import at_most, fitting, items, optional_text, required_text, short_line
from feeds.ingest.heads import Head
from feeds.ingest.html_bodies import clean_html, settled
from feeds.ingest.inspection import Inspection
from feeds.ingest.languages import read_language
from feeds.ingest.lines import Lines, check_escapes, first_of
from feeds.ingest.paragraphs import to_paragraphs
from feeds.ingest.people import read_authors
from feeds.ingest.records import Record
from feeds.ingest.related_links import read_related_links
from feeds.ingest.rules import IntakeRules
from feeds.ingest.source_keys import MAX_ID_CHARS, source_key
from feeds.ingest.sources import written
from feeds.ingest.summaries import derived_summary, given_summary
from feeds.model.intake import Refusal
from feeds.model.life import Correction
from feeds.model.release import Content, Details, Draft, Origin, Person, SourceKey
from feeds.model.text import fold
from feeds.model.works import called

#: A key that somebody thinks up.
MAX_WORK_CHARS = 200
_SUMMARY_FIELDS = ("summary", "subtitle")
_LOOKS_LIKE_HTML = re.compile(r"</[a-z][a-z0-9]*\s*>|<(?:p|br|div|img)\b[^>]*>", re.IGNORECASE)
#: Stands for a moment that could not be read, until the refusal is told.
_UNREAD = datetime(1970, 1, 1, tzinfo=UTC)


class BodyFormat(StrEnum):
    """How a record's body is to be read."""

    HTML = "html"
    TEXT = "text"


def draft(record: Record, *, document: str, rules: IntakeRules) -> Draft | Refusal:
    """The release in *record*, or everything that keeps it from being one.

    Args:
        record: As a parser yields it.
        document: The file it is from, relative to the intake root.
        rules: What is assumed, and the limits.
    """
    desk = _Desk(record, rules)
    content = desk.content()
    key = desk.key(document, content)
    correction = desk.correction()
    until = desk.embargo()
    if desk.inspection.faults:
        return desk.inspection.refusal(record, document=document)
    return Draft(
        source_key=key,
        origin=Origin(document=document, line=record.line),
        content=content if until is None else desk.published_not_before(until, content),
        day_begins=desk.day_begins if until is None else None,
        warnings=desk.inspection.warnings,
        correction=correction,
        embargoed_until=until,
        unmeasured=desk.enclosures.unmeasured,
        is_summary_derived=desk.is_summary_derived,
        written=written(record.fields, rules, is_html=desk.is_markup),
    )


class _Desk:
    """One record on the desk. Each method reads one field; `DocumentRefused` tells its fault."""

    def __init__(self, record: Record, rules: IntakeRules) -> None:
        self.inspection = Inspection(record.warnings)
        self._record = record
        self._fields = record.fields
        self._rules = rules
        self._mended = self.inspection.mended
        self._head = Head(record.notices, self._mended)
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
        published = read(lambda: self._moment("published"), _UNREAD)
        self._published = None if published is _UNREAD else published
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
    def day_begins(self) -> datetime | None:
        """Of a release that is dated by a bare date, when that day begins."""
        if self._published is None:
            return None
        written = required_text(self._fields, "published").strip()
        return start_of_day(written, rules=self._rules)

    def published_not_before(self, until: datetime, content: Content) -> Content:
        """*Content* with the date of its embargo's end, if it does not say a later one itself.

        Nobody could see it before; and a bare date of the day of the end says nothing else.
        """
        day = self.day_begins
        is_of_that_day = day is not None and day <= until
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
        """To be read last: any of the texts may tell of it."""
        return self.inspection.read(
            lambda: read_embargo(
                self._fields,
                notices=self._head.notices,
                published=self._published,
                rules=self._rules,
                mended=self._mended,
            ),
            None,
        )

    @property
    def is_markup(self) -> bool:
        """True when the body is HTML; other fields may hold character references then."""
        return self._body_format is BodyFormat.HTML

    def _line(self, text: str, field: str, limit: int) -> str:
        return short_line(text, limit, field=field, is_markup=self.is_markup, mended=self._mended)

    def _read_body_format(self) -> BodyFormat:
        written = optional_text(self._fields, "body_format")
        remedy = "say html or text"
        if written is None:
            body = self._fields.get("body")
            if isinstance(body, str) and _LOOKS_LIKE_HTML.search(body):
                # As text its tags would stand before the public; as HTML, code samples would go.
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
        return self._head.title(title)

    def _body(self, title: str, url: str | None) -> str:
        written = required_text(self._fields, "body")
        if self.is_markup:
            body = self._html(written, title, url)
        else:
            body = to_paragraphs(self._head.text(written), mended=self._mended)
        if not body:
            raise DocumentRefused(
                "nothing is left of the body after cleaning",
                remedy="give a body of words or pictures",
                field="body",
            )
        return body

    def _html(self, written: str, title: str, url: str | None) -> str:
        body = clean_html(
            written, url=url, base_url=self._rules.base_url, mended=self._mended, title=title
        )
        left = self._head.html(body)
        # A heading that repeats the title may have stood behind what is gone now.
        return left if left == body else settled(left, title=title)

    def _summary(self, body: str, language: str) -> str:
        for field in _SUMMARY_FIELDS:
            written = optional_text(self._fields, field) or ""
            summary = given_summary(
                written,
                self._rules.max_summary_chars,
                field=field,
                is_markup=self.is_markup,
                language=language,
                mended=self._mended,
            )
            summary = self._head.summary(summary, field=field)
            if not is_blank(summary):
                return summary
        self.is_summary_derived = True
        return derived_summary(body, language=language, max_chars=self._rules.derived_summary_chars)

    def _language(self) -> str:
        written = optional_text(self._fields, "language")
        return self._rules.language if written is None else self._read_language(written)

    def _read_language(self, written: str) -> str:
        return read_language(written, mended=self._mended)

    def _moment(self, field: str) -> datetime:
        written = required_text(self._fields, field).strip()
        return read_moment_or_day(written, field=field, rules=self._rules, mended=self._mended)

    def _updated(self, published: datetime) -> datetime | None:
        if optional_text(self._fields, "updated") is None:
            return None
        updated = self._moment("updated")
        if updated >= published or published is _UNREAD:
            return in_utc(updated)
        if published - updated > timedelta(days=1):
            self._mended.append("updated: lies before published; left out")
        return None  # a bare date, most likely the day of publication: it says nothing

    def _url(self) -> str | None:
        written = optional_text(self._fields, "url")
        if written is None:
            return None
        check_escapes(written, field="url")
        # The base has no scheme that is allowed, so that a relative address is refused.
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
            self._fields, is_markup=self.is_markup, rules=self._rules, mended=self._mended
        )

    def _enclosures(self, base: str) -> Enclosures:
        return read_enclosures(self._fields, base=base, rules=self._rules, mended=self._mended)

    def _correction(self) -> Correction:
        return read_correction(
            self._fields, is_markup=self.is_markup, rules=self._rules, mended=self._mended
        )

    def _details(self, base: str) -> Details:
        read, fields, rules = self.inspection.read, self._fields, self._rules
        lines = Lines(is_markup=self.is_markup, mended=self._mended)

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
        """What the release and its translations have in common; see ``feeds.model.works``."""
        for field, limit in (("work", MAX_WORK_CHARS), ("translation_of", MAX_ID_CHARS)):
            written = optional_text(_with_number_as_text(self._fields, field), field) or ""
            # Not as markup, whatever the body is: so are ids read, and addresses.
            work = one_line(written, field=field, is_markup=False, mended=self._mended)
            if not is_blank(work):
                named = absolute(work, base="", schemes=FETCH_SCHEMES) or work
                return called(fitting(named, limit, field=field))
        return None

    def _category_names(self) -> tuple[str, ...]:
        """The names as written, each once. Which category one means is told by the catalogue."""
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
    """An id may be a number, and so may what names one."""
    value = fields.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return {name: str(value)} if is_number else fields
