"""What a client is told it may do, section by section of RFC 9110 and 8288."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.feed import Link
from service.http_rules import (
    MAX_ACCEPT_CHARS,
    Coding,
    Conditions,
    Outcome,
    Validators,
    choose_coding,
    confirmed_etag,
    evaluate,
    http_date,
    link_field,
    prefers_html,
)

MODIFIED = datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)
PLAIN = Validators(revision="a1", modified_at=MODIFIED)
GZIP = Validators(revision="a1", coding=Coding.GZIP, modified_at=MODIFIED)
LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT"
SAME_SECOND = "Tue, 21 May 2019 16:38:50 GMT"
A_SECOND_BEFORE = "Tue, 21 May 2019 16:38:49 GMT"


def test_each_coding_has_its_own_strong_tag() -> None:
    """RFC 9110 8.8.3.3: a strong validator differs between codings of one resource."""
    assert PLAIN.etag == '"a1"'
    assert GZIP.etag == '"a1-gzip"'


@pytest.mark.parametrize("held", [PLAIN, GZIP], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        pytest.param('"a1"', Outcome.NOT_MODIFIED, id="same"),
        pytest.param('W/"a1"', Outcome.NOT_MODIFIED, id="weak"),
        pytest.param('w/"a1"', Outcome.NOT_MODIFIED, id="weak in a small letter"),
        pytest.param('"b2", "a1"', Outcome.NOT_MODIFIED, id="in a list"),
        pytest.param('"b2","a1"', Outcome.NOT_MODIFIED, id="in a list without blanks"),
        pytest.param('"b,2", "a1"', Outcome.NOT_MODIFIED, id="after a tag with a comma"),
        pytest.param("*", Outcome.NOT_MODIFIED, id="anything"),
        pytest.param(" * ", Outcome.NOT_MODIFIED, id="anything with blanks"),
        pytest.param('"a1-gzip"', Outcome.NOT_MODIFIED, id="Apache's suffix"),
        pytest.param('"a1--gzip"', Outcome.NOT_MODIFIED, id="Jetty's suffix"),
        pytest.param('"a1;gzip"', Outcome.NOT_MODIFIED, id="a suffix after a semicolon"),
        pytest.param('W/"a1-br"', Outcome.NOT_MODIFIED, id="a proxy's own coding"),
        pytest.param("a1", Outcome.NOT_MODIFIED, id="quotes lost"),
        pytest.param("b2, a1-gzip", Outcome.NOT_MODIFIED, id="quotes lost in a list"),
        pytest.param('"a1b"', Outcome.PROCEED, id="only a prefix"),
        pytest.param('"A1"', Outcome.PROCEED, id="another case"),
        pytest.param('"*"', Outcome.PROCEED, id="a tag that looks like a star"),
        pytest.param('"a1', Outcome.PROCEED, id="never closed"),
        pytest.param("", Outcome.PROCEED, id="empty"),
        pytest.param(",,,", Outcome.PROCEED, id="commas"),
    ],
)
def test_a_reader_that_holds_the_document_is_told_so(
    if_none_match: str, held: Validators, expected: Outcome
) -> None:
    """RFC 9110 13.1.2: weak comparison."""
    assert evaluate(Conditions(if_none_match=if_none_match), held) is expected


@pytest.mark.parametrize("if_none_match", ['"b2"', "", ","])
def test_an_entity_tag_decides_alone(if_none_match: str) -> None:
    """RFC 9110 13.1.3: If-Modified-Since is ignored beside If-None-Match, readable or not."""
    both = Conditions(if_none_match=if_none_match, if_modified_since=SAME_SECOND)
    assert evaluate(both, PLAIN) is Outcome.PROCEED
    agreed = Conditions(if_none_match='"a1"', if_modified_since=LONG_AGO)
    assert evaluate(agreed, PLAIN) is Outcome.NOT_MODIFIED


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(SAME_SECOND, Outcome.NOT_MODIFIED, id="the second we sent"),
        pytest.param(A_SECOND_BEFORE, Outcome.PROCEED, id="a second before"),
        pytest.param("Wed, 22 May 2099 00:00:00 GMT", Outcome.NOT_MODIFIED, id="later"),
        pytest.param("Tuesday, 21-May-19 16:38:50 GMT", Outcome.NOT_MODIFIED, id="RFC 850"),
        pytest.param("Tue May 21 16:38:50 2019", Outcome.NOT_MODIFIED, id="asctime"),
        pytest.param("yesterday", Outcome.PROCEED, id="no date"),
        pytest.param(
            "Mon, 01 Jan 99999999999 00:00:00 GMT", Outcome.PROCEED, id="year of 11 digits"
        ),
        pytest.param("", Outcome.PROCEED, id="empty"),
    ],
)
def test_a_reader_that_knows_only_dates(since: str, expected: Outcome) -> None:
    """RFC 9110 13.1.3, and 5.6.7 for the three forms of a date."""
    assert evaluate(Conditions(if_modified_since=since), PLAIN) is expected


def test_a_fraction_of_a_second_does_not_make_a_document_newer() -> None:
    """HTTP dates have whole seconds: what we sent must count as current."""
    held = Validators(revision="a1", modified_at=MODIFIED.replace(microsecond=700_000))
    assert evaluate(Conditions(if_modified_since=SAME_SECOND), held) is Outcome.NOT_MODIFIED


def test_without_an_honest_date_only_tags_count() -> None:
    undated = Validators(revision="a1")
    conditions = Conditions(if_modified_since=SAME_SECOND, if_unmodified_since=LONG_AGO)
    assert evaluate(conditions, undated) is Outcome.PROCEED


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        pytest.param('"a1"', Outcome.PROCEED, id="same"),
        pytest.param('"a1-gzip"', Outcome.PROCEED, id="same in gzip"),
        pytest.param("*", Outcome.PROCEED, id="anything"),
        pytest.param('W/"a1"', Outcome.FAILED, id="weak never matches"),
        pytest.param('"b2"', Outcome.FAILED, id="another"),
        pytest.param("", Outcome.FAILED, id="empty"),
    ],
)
def test_a_client_that_wants_one_version_only(if_match: str, expected: Outcome) -> None:
    """RFC 9110 13.1.1: strong comparison."""
    assert evaluate(Conditions(if_match=if_match), PLAIN) is expected


def test_unmodified_since_counts_without_if_match_only() -> None:
    """RFC 9110 13.1.4 and 13.2.2."""
    assert evaluate(Conditions(if_unmodified_since=A_SECOND_BEFORE), PLAIN) is Outcome.FAILED
    assert evaluate(Conditions(if_unmodified_since=SAME_SECOND), PLAIN) is Outcome.PROCEED
    both = Conditions(if_match='"a1"', if_unmodified_since=A_SECOND_BEFORE)
    assert evaluate(both, PLAIN) is Outcome.PROCEED


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        pytest.param('"a1", "a1-gzip"', '"a1-gzip"', id="the coding it would be given now"),
        pytest.param('"a1"', '"a1"', id="the coding that it holds"),
        pytest.param('W/"a1"', '"a1"', id="strong again"),
        pytest.param("*", '"a1-gzip"', id="anything"),
        pytest.param('"b2"', '"a1-gzip"', id="matched by date"),
    ],
)
def test_a_304_names_what_the_cache_holds(if_none_match: str, expected: str) -> None:
    """RFC 9111 4.3.4: a cache freshens only what it stored under the tag of the 304."""
    assert confirmed_etag(Conditions(if_none_match=if_none_match), GZIP) == expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        pytest.param(None, Coding.IDENTITY, id="no field"),
        pytest.param("", Coding.IDENTITY, id="empty: nothing but identity"),
        pytest.param("gzip", Coding.GZIP, id="gzip"),
        pytest.param("GZIP", Coding.GZIP, id="codings are case-insensitive"),
        pytest.param("x-gzip", Coding.GZIP, id="the old name"),
        pytest.param("br, gzip;q=0.8", Coding.GZIP, id="second choice"),
        pytest.param("gzip;q=0.1", Coding.GZIP, id="better than what is not named"),
        pytest.param("gzip; q = 0.5", Coding.GZIP, id="blanks"),
        pytest.param("gzip;q=0", Coding.IDENTITY, id="refused"),
        pytest.param("gzip;q=0.000", Coding.IDENTITY, id="refused with three digits"),
        pytest.param("br, zstd", Coding.IDENTITY, id="only what we have not"),
        pytest.param("gzip;q=0.5, identity", Coding.IDENTITY, id="identity liked better"),
        pytest.param("gzip, identity", Coding.GZIP, id="a tie"),
        pytest.param("*", Coding.GZIP, id="anything"),
        pytest.param("*;q=0.5, identity", Coding.IDENTITY, id="anything, but identity first"),
        pytest.param("gzip;q=0, *", Coding.IDENTITY, id="anything but gzip"),
        pytest.param("identity;q=0", None, id="not as it is, and nothing else named"),
        pytest.param("identity;q=0, gzip", Coding.GZIP, id="not as it is"),
        pytest.param("br, identity;q=0", None, id="only what we have not, and not as it is"),
        pytest.param("*;q=0", None, id="nothing"),
        pytest.param("*;q=0, identity", Coding.IDENTITY, id="nothing but identity"),
        pytest.param("*;q=0, gzip", Coding.GZIP, id="nothing but gzip"),
        pytest.param("gzip;q=yes", Coding.IDENTITY, id="a weight that is none"),
        pytest.param("gzip;q=2", Coding.IDENTITY, id="a weight too large"),
        pytest.param("identity;q=no", Coding.IDENTITY, id="a refusal that is none"),
        pytest.param("gzip" + " " * MAX_ACCEPT_CHARS, Coding.IDENTITY, id="too long to be honest"),
    ],
)
def test_how_a_document_travels(accept_encoding: str | None, expected: Coding | None) -> None:
    """RFC 9110 12.5.3."""
    assert choose_coding(accept_encoding) is expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
            True,
            id="a browser",
        ),
        pytest.param("text/html;q=0.4, application/json", False, id="a script"),
        pytest.param("application/problem+json, text/html", False, id="both alike"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("application/atom+xml, */*;q=0.1", False, id="a feed reader"),
        pytest.param(None, False, id="no field"),
        pytest.param("text/html" + " " * 65536 + "x", False, id="too long to be honest"),
    ],
)
def test_who_is_shown_a_page_when_something_went_wrong(accept: str | None, expected: bool) -> None:
    """RFC 9110 12.5.1."""
    assert prefers_html(accept) is expected


def test_a_document_announces_itself_and_its_hubs() -> None:
    """RFC 8288 3; WebSub 4: one self, one hub or more."""
    links = [Link(rel="self", href="https://a.example/x.atom"), Link(rel="hub", href="https://h/")]
    assert link_field(links) == '<https://a.example/x.atom>; rel="self", <https://h/>; rel="hub"'


def test_no_address_breaks_out_of_its_brackets() -> None:
    """RFC 8288 3: a URI-Reference between < and >; header fields are ASCII."""
    field = link_field([Link(rel="hub", href='https://h/ü?a="b"&c=%20>, <x>\r\nSet-Cookie: no')])
    assert field == (
        '<https://h/%C3%BC?a=%22b%22&c=%20%3E,%20%3Cx%3E%0D%0ASet-Cookie:%20no>; rel="hub"'
    )


@given(field=st.text(max_size=200))
def test_no_field_is_too_odd(field: str) -> None:
    """A field is text that anybody may send: it never raises."""
    conditions = Conditions(
        if_match=field, if_none_match=field, if_modified_since=field, if_unmodified_since=field
    )
    assert evaluate(conditions, PLAIN) in Outcome
    assert evaluate(Conditions(if_none_match=field), PLAIN) in Outcome
    choose_coding(field)
    prefers_html(field)
    http_date(field)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param('"' * 65536, id="quotes"),
        pytest.param('"a1' * 20000, id="never closed"),
        pytest.param("W/" * 32768, id="weak"),
        pytest.param("," * 65536, id="commas"),
        pytest.param(" " * 65535 + "x", id="blanks"),
        pytest.param("text/html" + " " * 65535 + "x", id="blanks after a type"),
        pytest.param("gzip;q=" + "0" * 65536, id="digits"),
        pytest.param("-gzip" * 13000, id="suffixes"),
    ],
)
def test_64_kilobytes_are_read_in_no_time(field: str) -> None:
    """No regular expression here takes time that grows with the square of its input."""
    started = time.perf_counter()
    evaluate(Conditions(if_match=field, if_none_match=field, if_modified_since=field), PLAIN)
    evaluate(Conditions(if_none_match=field, if_modified_since=field), PLAIN)
    choose_coding(field)
    prefers_html(field)
    assert time.perf_counter() - started < 0.5
