"""Bad input, by its kinds: what is refused and in which words, what is cleaned, and that nothing
else suffers.

Each document goes the whole way: a file on the disk, read as a watched folder reads it, stored in
an SQLite file, published, and taken apart again by parsers.
"""

import json
import re
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from feeds.model.feed import ALL, Category, Format
from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.store.database import Database
from service.jobs.reading import Outcome, take_in
from tests.feeds.ingest.intake import RECORD, RULES
from tests.support.newsrooms import NOON, Office, catalogue
from tests.support.parsers import ReadEntry, by_atoma, by_feedparser, by_hand

BEFORE, AFTER = "The one before", "The one after"
TEXT_FORM = "A text\n\nIts words.\n\n2024-01-31T08:00:00Z|Finance|\n"


def line(**fields: object) -> bytes:
    """A good record with other *fields*, as a line; a field that is `...` is left out."""
    record = {name: value for name, value in (RECORD | fields).items() if value is not ...}
    return json.dumps(record).encode()


class Desk:
    """Where files arrive."""

    def __init__(self, folder: Path, office: Office) -> None:
        self.office = office
        self._folder = folder

    def drop(self, name: str, content: bytes | str) -> list[Outcome]:
        """Leave a file, and have it read."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with path.open("rb") as stream:
            return list(
                take_in(stream, name, newsroom=self.office.newsroom, rules=RULES, now=lambda: NOON)
            )

    def drop_lines(self, *lines: bytes, name: str = "week.jsonl") -> list[Outcome]:
        """Leave a file of JSON Lines."""
        return self.drop(name, b"\n".join(lines))

    def drop_between(self, bad: bytes) -> list[Outcome]:
        """Leave a file whose second line is *bad*, between two good ones."""
        return self.drop_lines(line(id="b", title=BEFORE), bad, line(id="a", title=AFTER))

    def published(self, feed_format: Format, feed: str = ALL) -> list[ReadEntry]:
        """What a reader of a feed finds, once two parsers agree on it."""
        self.office.publish()
        document = self.office.newsstand.render(feed, feed_format)
        read = by_atoma(document, feed_format)
        other = by_hand(document) if feed_format is Format.JSON else by_feedparser(document)
        assert [entry.id for entry in other] == [entry.id for entry in read]
        return read

    def titles(self) -> set[str]:
        """Of all that is published; the same in every format."""
        by_format = [{entry.title for entry in self.published(each)} for each in Format]
        assert by_format[0] == by_format[1] == by_format[2]
        return by_format[0]


@pytest.fixture
def desk(tmp_path: Path, sqlite_database: Database) -> Desk:
    # Without notices: what stands in the feeds is then the releases alone.
    return Desk(tmp_path / "inbox", Office(sqlite_database, catalogue(notices=False)))


def kept_refusal(desk: Desk) -> Refusal:
    """The one refusal that ops see."""
    (kept,) = desk.office.newsroom.refusals()
    return kept.refusal


#: A bad record, and what is said of it: field, reason, remedy.
REFUSED = {
    "no date": (line(published=...), "published", "published is missing", "add the field"),
    "date under another name": (
        line(published=..., pubDate="2024-01-31T08:00:00Z"),
        "published", "published is missing", "rename 'pubDate' to 'published'",
    ),
    "ambiguous date": (
        line(published="03/04/2024"), "published", "is not an ISO 8601", "2019-05-21T16:38:50",
    ),
    "impossible day": (
        line(published="2024-02-30T08:00:00Z"), "published", "cannot be", "2019-05-21T16:38:50",
    ),
    "impossible month": (
        line(published="2024-13-01"), "published", "cannot be", "2019-05-21T16:38:50",
    ),
    "impossible hour": (
        line(published="2024-01-31T25:00:00Z"), "published", "cannot be", "2019-05-21T16:38:50",
    ),
    "time without zone": (
        line(published="2024-01-31T08:00:00"), "published", "has no time zone", "add the offset",
    ),
    "year 1": (
        line(published="0001-01-01T00:00:00+14:00"), "published", "years 1900 to 2999", "2019-05",
    ),
    "year 9999": (
        line(published="9999-12-31T23:59:59-14:00"), "published", "years 1900 to 2999", "2019-05",
    ),
    "next year": (
        line(published="2027-03-02T12:00:00Z"), "published", "dated in the future", "correct the",
    ),
    "title of 10 MB": (line(title="x" * 10_000_000), None, "more than 2097152 bytes", "shorten"),
    "title of 1 MB": (line(title="x" * 1_000_000), "title", "has 1000000 characters", "shorten"),
    "title of nothing": (line(title="\u200b\x00\ud800"), "title", "title is empty", "give the"),
    "categories of 2.7 MB": (
        line(categories=[f"c{n}" for n in range(250_000)]), None, "more than 2097152", "shorten",
    ),
    "too many categories": (
        line(categories=["c"] * 400_000), "categories", "has 400000 entries", "shorten categories",
    ),
    "script as address": (
        line(url="javascript:alert(1)"), "url", "not an absolute web address", "https://",
    ),
    "script as enclosure": (
        line(enclosures=[{"url": "data:text/html,x", "type": "text/html", "length": 1}]),
        "enclosures[0].url", "is not a web address", "give {",
    ),
    "only a script": (
        line(body="<script>alert(1)</script>", body_format="html"),
        "body", "nothing is left of the body", "give a body",
    ),
    "deeply nested": (
        line(body="<div>" * 100_000 + "x", body_format="html"),
        "body", "holds 100000 tags", "close the elements",
    ),
    "nested, and less deeply": (
        line(body="<div>" * 501 + "x", body_format="html"),
        "body", "more than 500 elements open", "close the elements",
    ),
    "a body of lines": (
        line(body="x\n" * 100_000), "body", "more than 50000 lines", "shorten the body",
    ),
    "a language of subtags": (
        line(language="en" + "-abcde" * 10_000), "language", "not a BCP 47 tag", "pt-BR",
    ),
    "Latin-1": ('{"title": "Café"}'.encode("latin-1"), None, "is not UTF-8", "save the document"),
    "a surrogate in UTF-8": (
        b'{"title": "\xed\xa0\x80"}', None, "byte 0xed at offset", "save the document as UTF-8",
    ),
    "no JSON": (b"{'title': 'x'}", None, "not JSON", "mend the JSON"),
    "JSON nested deeply": (b"[" * 100_000, None, "nested too deeply", "mend the JSON"),
    "a number of a million digits": (
        line(title=...)[:-1] + b', "n": ' + b"9" * 1_000_000 + b"}", None, "too long", "mend",
    ),
    "no record": (b'"x"', None, "a record is a JSON object", "a record looks like"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "field", "reason", "remedy"), list(REFUSED.values()), ids=list(REFUSED)
)
def test_a_bad_record_is_refused_and_its_neighbours_are_published(
    desk: Desk, bad: bytes, field: str | None, reason: str, remedy: str
) -> None:
    begun = process_time()
    before, refusal, after = desk.drop_between(bad)
    assert process_time() - begun < 2
    assert isinstance(before, Intake)
    assert isinstance(after, Intake)
    assert isinstance(refusal, Refusal)
    assert (str(refusal.origin), refusal.field) == ("week.jsonl:2", field)
    assert reason in refusal.reason
    assert remedy in refusal.remedy
    assert len(refusal.reason) < 300
    assert kept_refusal(desk) == refusal
    assert desk.titles() == {BEFORE, AFTER}


#: A bad file, and what is said of it: line, field, reason, remedy.
REFUSED_FILES = {
    "UTF-32": (TEXT_FORM.encode("utf-32"), None, None, "is in UTF-32", "save the document"),
    "Latin-1": (
        TEXT_FORM.replace("words", "mots cités").encode("latin-1"),
        3, None, "byte 0xe9 at offset 20 is not UTF-8", "save the document as UTF-8",
    ),
    "a broken UTF-16": (
        TEXT_FORM.encode("utf-16")[:-1], 5, None, "is not UTF-16", "save the document as UTF-8",
    ),
    "no last line": (
        "A text\n\nIts words.\n", 3, "published", "does not end with a line of time", "end the",
    ),
    "no zone": (
        TEXT_FORM.replace("00Z", "00"), 5, "published", "has no time zone", "add the offset",
    ),
    "the year 9999": (
        TEXT_FORM.replace("2024", "9999"), 5, "published", "years 1900 to 2999", "2019-05-21",
    ),
    "a title of 10 MB": (
        TEXT_FORM.replace("A text", "x" * 10_000_000), None, None, "more than 2097152", "smaller",
    ),
    "a title of 1 MB": (
        TEXT_FORM.replace("A text", "x" * 1_000_000), 1, "title", "has 1000000 char", "shorten",
    ),
    "categories without end": (
        TEXT_FORM.replace("Finance|", "a|" * 900_000), 5, "categories", "has 900000", "shorten",
    ),
    "nothing": (b"", None, None, "the document is empty", "write a title"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "number", "field", "reason", "remedy"),
    list(REFUSED_FILES.values()),
    ids=list(REFUSED_FILES),
)
def test_a_bad_file_is_refused_and_the_other_files_are_published(
    desk: Desk, bad: bytes | str, number: int | None, field: str | None, reason: str, remedy: str
) -> None:
    desk.drop("1.txt", TEXT_FORM.replace("A text", BEFORE))
    begun = process_time()
    (refusal,) = desk.drop("2.txt", bad)
    assert process_time() - begun < 2
    desk.drop("3.txt", TEXT_FORM.replace("A text", AFTER))
    assert isinstance(refusal, Refusal)
    assert (refusal.origin.document, refusal.origin.line) == ("2.txt", number)
    assert refusal.field == field
    assert reason in refusal.reason
    assert remedy in refusal.remedy
    assert kept_refusal(desk) == refusal
    assert desk.titles() == {BEFORE, AFTER}


@pytest.mark.parametrize(
    "element",
    [
        pytest.param({"title": "x" * 10_000_000}, id="a title of 10 MB"),
        pytest.param({"categories": [f"c{n}" for n in range(250_000)]}, id="categories"),
        pytest.param({"body": "word " * 2_000_000}, id="a body of 10 MB"),
    ],
)
def test_an_element_of_an_array_is_no_larger_than_a_line(
    desk: Desk, element: dict[str, object]
) -> None:
    lines = [line(id=1, title=BEFORE), line(id=2, **element), line(id=3, title=AFTER)]
    begun = process_time()
    _, refusal, _ = desk.drop("week.json", b"[" + b",\n".join(lines) + b"]")
    assert process_time() - begun < 2
    assert isinstance(refusal, Refusal)
    assert (str(refusal.origin), refusal.remedy) == ("week.json:2", "shorten the record")
    assert "the record has more than 2097152 characters" in refusal.reason
    assert desk.titles() == {BEFORE, AFTER}


def test_a_line_of_100_megabytes_costs_no_memory(desk: Desk) -> None:
    bad = b'{"title": "' + b"x" * 100_000_000 + b'"}'
    stream = BytesIO(b"\n".join([line(id=1), bad, line(id=2)]))
    tracemalloc.start()
    try:
        newsroom = desk.office.newsroom
        outcomes = take_in(stream, "a.jsonl", newsroom=newsroom, rules=RULES, now=lambda: NOON)
        kinds = [type(outcome) for outcome in outcomes]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert kinds == [Intake, Refusal, Intake]


#: What is taken, though not as it came: fields, what is published (title, body), and the warning.
CLEANED: dict[str, tuple[dict[str, object], str | None, str | None, str]] = {
    "forbidden characters": (
        {"title": "A\x00B\x1b C\ufffe"}, "AB C", None, "title: 3 characters removed that XML",
    ),
    "lone surrogates": (
        {"title": "A\ud800B", "body": "w\udfff"}, "AB", "<p>w</p>", "XML forbids (U+D800)",
    ),
    "a pile of marks": (
        {"title": "a" + "\u0316\u0301" * 200},
        "\u00e1" + "\u0316" * 15 + "\u0301" * 14, None, "title: 370 combining marks removed",
    ),
    "a title of two lines": ({"title": "A\r\n  B\u2028C"}, "A B C", None, ""),
    "markup as text": (
        {"title": "<b>A</b> &amp; B", "body": "]]> <p> &lt;"},
        "<b>A</b> &amp; B", "<p>]]&gt; &lt;p&gt; &amp;lt;</p>", "",
    ),
    "script links": (
        {"body": '<p><a href=" JaVa\tScript:x">w</a></p>', "body_format": "html"},
        None, "<p><a>w</a></p>", "",
    ),
    "data links": (
        {"body": '<p>w<img src="data:x"><a href="data:x">v</a></p>', "body_format": "html"},
        None, "<p>w<a>v</a></p>", "",
    ),
    "unclosed HTML": (
        {"body": "<p>a<b>b<p>c<ul><li>d", "body_format": "html"},
        None, "<p>a<b>b</b></p><p><b>c</b></p><ul><li><b>d</b></li></ul>", "",
    ),
    "scripts": (
        {"body": "<p onclick=x()>w<script>x()</script>", "body_format": "html"},
        None, "<p>w</p>", "body: removed <script>",
    ),
    "an offset of no place": (
        {"published": "2024-01-31T08:00:00+17:10"}, None, None, "no place on Earth",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "title", "body", "warning"), list(CLEANED.values()), ids=list(CLEANED)
)
def test_what_can_be_cleaned_is_published_clean(
    desk: Desk, fields: dict[str, object], title: str | None, body: str | None, warning: str
) -> None:
    _, taken, _ = desk.drop_between(line(id="c", **fields))
    assert isinstance(taken, Intake), taken
    assert warning in "; ".join(taken.draft.warnings)
    assert bool(warning) == bool(taken.draft.warnings)
    for feed_format in Format:
        read = {entry.id: entry for entry in desk.published(feed_format)}
        assert len(read) == 3
        entry = read[taken.release.id]
        assert title is None or entry.title == title
        assert body is None or entry.content == body


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_that_say_what_they_are_do_no_harm(desk: Desk, encoding: str) -> None:
    text = TEXT_FORM.replace("A text", "Żółć 😀")
    mark = "\ufeff" if encoding.endswith("e") else ""
    desk.drop("1.txt", (mark + text).encode(encoding))
    assert desk.titles() == {"Żółć 😀"}


NAMES = ["a/b", "../../etc/passwd", "..", "q\"u'o<t>e", "50%", "%2e%2e%2f", "a\\b", "?x#y", "~ $x"]


@pytest.mark.parametrize("name", NAMES)
def test_an_id_or_category_of_any_name_is_only_a_name(
    tmp_path: Path, sqlite_database: Database, name: str
) -> None:
    """It is never a path or an address, and comes to no harm as a label."""
    described = catalogue([Category(slug="odd", title=name), Category(slug="health", title="H")])
    desk = Desk(tmp_path, Office(sqlite_database, described))
    (taken,) = desk.drop_lines(line(id=name, title=name, categories=[name]))
    assert isinstance(taken, Intake)
    assert desk.office.newsroom.release(f"id:{name}").feeds == ("all", "odd")
    assert re.fullmatch(r"[a-z0-9-]+", taken.release.slug)
    for feed_format in Format:
        (entry,) = desk.published(feed_format, "odd")
        assert (entry.title, entry.labels) == (name, (name,))


@pytest.mark.parametrize("name", ["q\"u'o<t>e.txt", "50%.txt", "%2e%2e.txt", "..txt", "in/..a.txt"])
def test_a_file_of_any_name_is_known_by_it(desk: Desk, name: str) -> None:
    (taken,) = desk.drop(name, TEXT_FORM)
    assert isinstance(taken, Intake)
    assert taken.draft.source_key == f"file:{name}" or not name.endswith(".txt")
    (again,) = desk.drop(name, TEXT_FORM.replace("words", "new words"))
    assert isinstance(again, Intake)
    assert (again.verdict, again.release.id) == (IntakeVerdict.CORRECTED, taken.release.id)
    assert desk.titles() == {"A text"}


def test_normalisation_twins_are_one(desk: Desk) -> None:
    """Ids, category names and file names in two spellings that look the same."""
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    first, twin = desk.drop_lines(
        line(id=composed, categories=[composed, decomposed]), line(id=decomposed)
    )
    assert isinstance(first, Intake)
    assert first.release.content.category_names == (composed,)
    assert isinstance(twin, Refusal)
    assert "stands in line 1 already" in twin.reason
    (file,) = desk.drop(f"{composed}.txt", TEXT_FORM)
    (same,) = desk.drop(f"{decomposed}.txt", TEXT_FORM.replace("words", "new words"))
    assert isinstance(file, Intake)
    assert isinstance(same, Intake)
    assert (same.verdict, same.release.id) == (IntakeVerdict.CORRECTED, file.release.id)


def test_of_two_records_with_one_id_in_one_file_the_second_is_refused(desk: Desk) -> None:
    _, refusal, _ = desk.drop_between(line(id="b", title="An impostor"))
    assert isinstance(refusal, Refusal)
    assert (str(refusal.origin), refusal.field) == ("week.jsonl:2", "id")
    assert refusal.reason == "the same release stands in line 1 already (id:b)"
    assert "an id of its own" in refusal.remedy
    assert desk.titles() == {BEFORE, AFTER}


def claim(**fields: object) -> bytes:
    return line(id=1, **fields)


def test_of_two_files_that_claim_one_id_the_second_is_refused(desk: Desk) -> None:
    """Two systems that both count from 1 must not overwrite each other's releases."""
    desk.drop_lines(claim(title="From the ministry"), name="ministry.jsonl")
    other = claim(title="From the police", published="2024-02-01T10:00:00Z")
    refusal, taken = desk.drop_lines(other, line(id=2, title=AFTER), name="police.jsonl")
    assert isinstance(refusal, Refusal)
    assert (str(refusal.origin), refusal.field) == ("police.jsonl:1", "id")
    assert refusal.reason == (
        "ministry.jsonl has a release with id:1 already: 'From the ministry' of "
        "2024-01-31T08:00:00Z, and this one has neither its title nor its time stamp"
    )
    assert "an id of its own" in refusal.remedy
    assert isinstance(taken, Intake)
    assert desk.titles() == {"From the ministry", AFTER}


@pytest.mark.parametrize(
    "correction",
    [
        pytest.param({"body": "Other words."}, id="its body"),
        pytest.param({"title": "The corrected title"}, id="its title"),
        pytest.param({"published": "2024-01-31T09:30:00Z"}, id="its time"),
    ],
)
def test_the_export_of_another_day_corrects(desk: Desk, correction: dict[str, Any]) -> None:
    """A daily export repeats what was corrected, under another file's name."""
    (first,) = desk.drop_lines(claim(title="A title"), name="2026-01.jsonl")
    later = claim(**({"title": "A title"} | correction))
    (second,) = desk.drop_lines(later, name="2026-02.jsonl")
    assert isinstance(first, Intake)
    assert isinstance(second, Intake)
    assert (second.verdict, second.release.id) == (IntakeVerdict.CORRECTED, first.release.id)


def test_a_file_may_change_all_of_its_own_record(desk: Desk) -> None:
    (first,) = desk.drop_lines(claim(title="A title"))
    (second,) = desk.drop_lines(claim(title="Another", published="2024-02-01T10:00:00Z"))
    assert isinstance(first, Intake)
    assert isinstance(second, Intake)
    assert second.release.id == first.release.id
    assert desk.titles() == {"Another"}


def test_a_batch_of_large_bodies_ends_early(desk: Desk) -> None:
    """A batch is held in memory: its bodies are counted, not only its documents."""
    body = "word " * 300_000
    read: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in count(1):
            read.append(number)
            yield line(id=number, body=body) + b"\n"

    stream = _Endless(lines())
    newsroom = desk.office.newsroom
    outcomes = take_in(stream, "a.jsonl", newsroom=newsroom, rules=RULES, now=lambda: NOON)  # type: ignore[arg-type]
    assert isinstance(next(outcomes), Intake)
    assert len(read) <= 8


class _Endless:
    """A stream that makes its lines when they are asked for."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._held = b""

    def read(self, size: int) -> bytes:
        if not self._held:
            self._held = next(self._lines)
        given, self._held = self._held[:size], self._held[size:]
        return given
