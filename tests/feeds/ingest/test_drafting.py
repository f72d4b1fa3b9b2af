"""The fields of a record; docs/releases-in.md, "The fields of a record"."""

from datetime import UTC, datetime

import pytest

from feeds.model.release import Correction, Enclosure, Person, Weight
from tests.feeds.ingest.intake import RULES, refuse, take


def test_the_least_record() -> None:
    draft = take()
    assert draft.content.title == "Quarterly figures"
    assert draft.content.body == "<p>We have grown.</p>"
    assert draft.content.summary == "We have grown."
    assert draft.content.language == RULES.language
    assert draft.content.published == datetime(2024, 1, 31, 8, tzinfo=UTC)
    assert (draft.content.updated, draft.content.url, draft.warnings) == (None, None, ())
    assert draft.origin.line is None


def test_unknown_fields_and_nulls_are_no_matter() -> None:
    nulls = dict.fromkeys(
        ["updated", "categories", "language", "url", "summary", "author", "enclosures", "id"]
    )
    assert take(licence="CC0", **nulls) == take()


@pytest.mark.parametrize(
    ("fields", "field", "reason", "remedy"),
    [
        ({"title": ...}, "title", "title is missing", "add the field 'title'"),
        ({"title": ..., "Title": "T"}, "title", "title is missing", "rename 'Title' to 'title'"),
        ({"title": ..., "tilte": "T"}, "title", "title is missing", "rename 'tilte' to 'title'"),
        ({"body": ..., "content_html": ""}, "body", "body is missing", "rename 'content_html'"),
        ({"published": ..., "pubDate": ""}, "published", "published is missing", "'pubDate'"),
        ({"title": " \n"}, "title", "title is empty", "give the title"),
        ({"title": None}, "title", "title is empty", "give the title"),
        ({"title": "\u200b\x00"}, "title", "title is empty", "give the title"),
        ({"title": ["T"]}, "title", "title is not a text: a list", "in quotes"),
        ({"title": "x" * 2_000_000}, "title", "title has 2000000 characters", "shorten"),
        ({"summary": "x" * 2_001}, "summary", "summary has 2001 characters", "shorten"),
        ({"body": 7}, "body", "body is not a text: 7", "in quotes"),
        ({"body": "\u200b \n\n \ufeff"}, "body", "nothing is left of the body", "words"),
        ({"body": "<script>x</script>", "body_format": "html"}, "body", "nothing is left", "wo"),
        ({"body": "<p>&nbsp;</p>", "body_format": "html"}, "body", "nothing is left", "words"),
        ({"body_format": "markdown"}, "body_format", "neither html nor text: 'mark", "say html"),
        ({"body_format": ..., "body": "<p>x</p>"}, "body_format", "looks like tags", "say html"),
        ({"published": "2024-01-31T08:00"}, "published", "has no time zone", "add the offset"),
        ({"published": "31.1.2024"}, "published", "is not an ISO 8601 time", "2019-05-21T16"),
        ({"published": 1706688000}, "published", "is not a text: 1706688000", "in quotes"),
        ({"published": "0001-01-01"}, "published", "not in the years 1900 to 2999", "2019"),
        ({"published": "9999-12-31T23:59:59-14:00"}, "published", "not in the years", "2019"),
        ({"updated": "never"}, "updated", "updated is not an ISO 8601", "2019-05-21T16"),
        ({"language": "english"}, "language", "language is not a BCP 47 tag", "pt-BR"),
        ({"url": "/news/1"}, "url", "url is not an absolute web address", "https://"),
        ({"url": "javascript:alert(1)"}, "url", "url is not an absolute web", "https://"),
        ({"url": "https://e.org/" + "x" * 2_000}, "url", "url has 2014 characters", "shorten"),
        ({"correction": "big"}, "correction", "is neither minor nor major: 'big'", 'say "minor"'),
        ({"correction": True}, "correction", "is neither a word nor an object: True", "say"),
        ({"correction": {}}, "correction", "has neither weight nor note", '"weight": "major"'),
        ({"correction": {"weight": 7}}, "correction.weight", "neither minor nor major: 7", "say"),
        ({"correction": {"note": ["x"]}}, "correction.note", "is not a text: a list", "say"),
        ({"correction": {"note": "x" * 501}}, "correction.note", "has 501 characters", "shorten"),
        ({"categories": ["a", 1]}, "categories", "holds something that is no text: 1", "list"),
        ({"categories": ["a"] * 101}, "categories", "has 101 entries; at most 100", "shorten"),
        ({"categories": ["a" * 301]}, "categories", "has 301 characters", "shorten"),
        ({"author": [1]}, "author", "author names nobody: 1", "write a name"),
        ({"author": {"url": "https://e.org"}}, "author", "names nobody: an object", "write"),
        ({"id": ["x"]}, "id", "id is not usable as an id: a list", "1 to 500"),
        ({"id": True}, "id", "id is not usable as an id: True", "1 to 500"),
        ({"id": "x" * 501}, "id", "id is not usable as an id", "1 to 500"),
    ],
)
def test_a_record_that_is_no_release_is_refused(
    fields: dict[str, object], field: str, reason: str, remedy: str
) -> None:
    refusal = refuse(**fields)
    assert reason in refusal.reason
    assert remedy in refusal.remedy
    assert refusal.field == field
    assert len(refusal.reason) < 200


def test_all_faults_of_a_record_are_told_together() -> None:
    refusal = refuse(title=..., published="soon", language="??", url="x")
    assert refusal.reason.count(";") == 3
    for field in ("title", "published", "language", "url"):
        assert f"{field} is" in refusal.reason


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2019-05-21T16:38:50Z", datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)),
        ("2019-05-21T16:38:50.999+02:00", datetime(2019, 5, 21, 14, 38, 50, tzinfo=UTC)),
        ("2019-05-21 16:38+0200", datetime(2019, 5, 21, 14, 38, tzinfo=UTC)),
        ("2015-10-23T00:00:00-04:00", datetime(2015, 10, 23, 4, tzinfo=UTC)),
        (" 2019-07-01 ", datetime(2019, 7, 1, 13, 30, tzinfo=UTC)),
        ("2019-01-01", datetime(2019, 1, 1, 14, 30, tzinfo=UTC)),
    ],
)
def test_a_bare_date_is_meant_at_the_configured_time(published: str, expected: datetime) -> None:
    """09:30 in New York: UTC-4 in summer, UTC-5 in winter."""
    assert take(published=published).content.published == expected


@pytest.mark.parametrize(
    ("updated", "expected", "warnings"),
    [
        ("2024-02-01T00:00:00Z", datetime(2024, 2, 1, tzinfo=UTC), ()),
        ("2024-01-31T08:00:00Z", datetime(2024, 1, 31, 8, tzinfo=UTC), ()),
        ("2024-01-31T00:00:00Z", None, ()),
        ("2023-01-31", None, ("updated: is before published; left out",)),
    ],
)
def test_an_update_lies_behind_the_publication(
    updated: str, expected: datetime | None, warnings: tuple[str, ...]
) -> None:
    draft = take(updated=updated)
    assert (draft.content.updated, draft.warnings) == (expected, warnings)


@pytest.mark.parametrize(
    ("body_format", "title", "expected", "warned"),
    [
        ("html", "GSA&#8217;s eBuy &#x2013; AT&T", "GSA’s eBuy – AT&T", True),
        ("html", "Rock & Roll &amp;amp; more", "Rock & Roll &amp; more", True),
        ("html", "?a=1&copy=2 A&B;", "?a=1&copy=2 A&B;", False),
        ("html", "The <video> element", "The <video> element", True),
        ("html", "1 < 2 & 3 > 2", "1 < 2 & 3 > 2", False),
        ("text", "GSA&#8217;s <b>eBuy</b>", "GSA&#8217;s <b>eBuy</b>", False),
        ("text", " two\r\nlines\tand\u2028more  space ", "two lines and more space", False),
        ("text", "est publiée\u00a0!", "est publiée\u00a0!", False),
        ("text", "e\u0301\ud800 \x07\ufffe\ufffd", "é \ufffd", True),
    ],
)
def test_a_title_is_one_line_of_plain_text(
    body_format: str, title: str, expected: str, warned: bool
) -> None:
    draft = take(title=title, body_format=body_format)
    assert draft.content.title == expected
    assert any(warning.startswith("title: ") for warning in draft.warnings) is warned


def test_what_was_removed_is_named() -> None:
    assert take(title="a\x00b\x07\ud800").warnings == (
        "title: 3 characters removed that XML forbids (U+0000, U+0007, U+D800)",
    )


def test_a_given_summary_wins_over_the_subtitle_and_the_body() -> None:
    assert take(summary=" S&amp;T ", subtitle="Sub").content.summary == "S&amp;T"
    assert take(summary="S&amp;T", body_format="html").content.summary == "S&T"
    assert take(summary="", subtitle="Sub").content.summary == "Sub"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"author": "Jane Doe, Ph.D."}, (Person(name="Jane Doe, Ph.D."),)),
        ({"author": ["A", " ", "B", "A"]}, (Person(name="A"), Person(name="B"))),
        (
            {"authors": [{"name": "A", "email": "a@e.org", "url": "https://e.org/a"}]},
            (Person(name="A", email="a@e.org", uri="https://e.org/a"),),
        ),
        ({"author": {"email": "a@e.org"}}, (Person(name="a@e.org", email="a@e.org"),)),
        ({"author": "", "components": ["Tax Division"]}, (Person(name="Tax Division"),)),
        ({"author": "A", "components": ["Tax Division"]}, (Person(name="A"),)),
        ({"author": None}, ()),
    ],
)
def test_authors(fields: dict[str, object], expected: tuple[Person, ...]) -> None:
    draft = take(**fields)
    assert draft.content.authors == expected
    assert draft.warnings == ()


def test_an_authors_unusable_addresses_are_left_out_with_a_warning() -> None:
    draft = take(author={"name": "A", "email": "none", "url": "javascript:x"})
    assert draft.content.authors == (Person(name="A"),)
    assert draft.warnings == (
        "author: 'none' is not an e-mail address; left out",
        "author: 'javascript:x' is not a web address; left out",
    )


def test_enclosures_as_rss_and_json_feed_write_them() -> None:
    draft = take(
        url="https://e.org/news/1",
        enclosures={"url": "../a.mp3", "type": "Audio/MPEG; rate=1", "length": "12"},
        attachments=[
            {"url": "https://e.org/b", "mime_type": "image/png", "size_in_bytes": 3, "title": "B"},
            {"url": "https://e.org/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12},
        ],
    )
    assert draft.content.enclosures == (
        Enclosure(url="https://e.org/a.mp3", media_type="audio/mpeg", length_bytes=12),
        Enclosure(url="https://e.org/b", media_type="image/png", length_bytes=3, title="B"),
    )


@pytest.mark.parametrize(
    ("enclosure", "field", "reason"),
    [
        ("a.mp3", "enclosures[0]", "is not an object"),
        ({"type": "a/b", "length": 1}, "enclosures[0].url", "is not a web address: None"),
        ({"url": "ftp://e.org/", "type": "a/b"}, "enclosures[0].url", "is not a web address"),
        ({"url": "/a", "type": "mp3", "length": 1}, "enclosures[0].type", "not a media type"),
        ({"url": "/a", "type": "a/b", "length": 0}, "enclosures[0].length", "not a number of"),
        ({"url": "/a", "type": "a/b", "length": True}, "enclosures[0].length", "not a number"),
        ({"url": "/a", "type": "a/b", "length": 2**63}, "enclosures[0].length", "not a number"),
    ],
)
def test_an_enclosure_that_says_what_cannot_be_is_refused(
    enclosure: object, field: str, reason: str
) -> None:
    refusal = refuse(enclosures=[enclosure])
    assert refusal.field == field
    assert reason in refusal.reason
    assert '"length"' in refusal.remedy


def test_categories_are_kept_as_written_each_once() -> None:
    names = [" Foo,  Security ", "foo, security", "", "Bar\x00", "R&amp;D"]
    assert take(categories=names).content.category_names == ("Foo, Security", "Bar", "R&amp;D")
    assert take(categories="One, cell").content.category_names == ("One, cell",)
    html = take(categories=["R&amp;D"], body_format="html")
    assert html.content.category_names == ("R&D",)


@pytest.mark.parametrize(
    ("written", "tag", "is_mended"),
    [
        ("en", "en", False),
        ("PT-br", "pt-BR", False),
        ("pt_BR", "pt-BR", True),
        ("ZH-hant-hk", "zh-Hant-HK", False),
        ("sl-rozaj-biske-1994", "sl-rozaj-biske-1994", False),
        ("es-419", "es-419", False),
        ("de-CH-u-CO-phonebk", "de-CH-u-co-phonebk", False),
        ("en-x-Twain", "en-x-twain", False),
        ("", "en", False),
    ],
)
def test_language_tags_are_spelled_as_registered(written: str, tag: str, is_mended: bool) -> None:
    draft = take(language=written)
    assert draft.content.language == tag
    assert bool(draft.warnings) is is_mended


@pytest.mark.parametrize("written", ["english", "e", "en-", "en US", "pt_BR.UTF-8", "ën", "K"])
def test_other_language_tags_are_refused(written: str) -> None:
    assert refuse(language=written).field == "language"


@pytest.mark.parametrize(
    ("said", "correction"),
    [
        ("minor", Correction(weight=Weight.MINOR)),
        (" Major ", Correction(weight=Weight.MAJOR)),
        ({"weight": "major"}, Correction(weight=Weight.MAJOR)),
        ({"note": " The\ndate. "}, Correction(weight=Weight.MAJOR, note="The date.")),
        (
            {"weight": "minor", "note": "A comma"},
            Correction(weight=Weight.MINOR, note="A comma"),
        ),
        ({"weight": "minor", "note": "\u200b"}, Correction(weight=Weight.MINOR)),
        (None, RULES.correction),
        ("", RULES.correction),
    ],
)
def test_a_document_says_what_correction_it_is(said: object, correction: Correction) -> None:
    """A correction does not change the digest of the document."""
    draft = take(correction=said)
    assert draft.correction == correction
    assert draft.content.digest == take().content.digest


def test_a_note_loses_what_xml_forbids_and_its_references_are_decoded() -> None:
    fields = {"body": "<p>x</p>", "body_format": "html"}
    draft = take(correction={"note": "GSA&#8217;s\x00 date"}, **fields)
    assert draft.correction == Correction(weight=Weight.MAJOR, note="GSA\u2019s date")
    assert any(warning.startswith("correction.note: ") for warning in draft.warnings)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<p>It grew by 10<sup>6</sup>.</p>", "It grew by 10⁶."),
        ("<q>We will</q>, said <b>she</b>", "“We will”, said she"),
        ("One<br>two<br/>&amp;lt;three", "One two &lt;three"),
        ("<p>One</p><script>two()</script><p>three</p>", "One three"),
    ],
)
def test_a_summary_in_html_is_its_text(written: str, expected: str) -> None:
    draft = take(body="<p>x</p>", body_format="html", summary=written)
    assert draft.content.summary == expected
    assert draft.warnings == ("summary: is HTML; only its text was used",)
    assert not draft.is_summary_derived


@pytest.mark.parametrize("body_format", ["html", "text"])
@pytest.mark.parametrize(
    "written", ["The <video> element & the <p> one", "We <3 Bern", "a < b > c"]
)
def test_a_summary_that_speaks_of_tags_stays_as_given(written: str, body_format: str) -> None:
    draft = take(body="<p>x</p>", body_format=body_format, summary=written)
    assert draft.content.summary == written


def test_a_summary_in_a_text_document_is_never_taken_for_html() -> None:
    assert take(summary="<p>a</p>").content.summary == "<p>a</p>"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param(f"<p>{'a' * 2_001}</p>", "summary has 2001 characters", id="long"),
        pytest.param(f"<p>{'a' * 50_000}</p>", "summary has 50007 characters", id="far too long"),
        pytest.param(
            f"{'<div>' * 600}a{'</div>' * 600}", "the summary has more than 500", id="deep"
        ),
    ],
)
def test_a_summary_in_html_is_refused_as_others_are(written: str, reason: str) -> None:
    refusal = refuse(body="<p>x</p>", body_format="html", summary=written)
    assert reason in refusal.reason


def test_a_summary_is_made_in_the_language_of_the_release() -> None:
    draft = take(body="<p>Das Amt sagte <q>ja</q>.</p>", body_format="html", language="de")
    assert draft.content.summary == "Das Amt sagte „ja“."
    assert draft.is_summary_derived
