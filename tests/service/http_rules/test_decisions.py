"""What a GET or HEAD request is answered, section by section of RFC 9110."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.http_rules import (
    ByteRange,
    Coding,
    ConditionalDecision,
    Representation,
    RequestFields,
    decide,
)

MODIFIED = datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)
LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT"
SAME_SECOND = "Tue, 21 May 2019 16:38:50 GMT"
A_SECOND_BEFORE = "Tue, 21 May 2019 16:38:49 GMT"
SIZES = {Coding.IDENTITY: 1000, Coding.GZIP: 300, Coding.BROTLI: 200, Coding.ZSTD: 250}
ALIKE = (("Cache-Control", "public, max-age=900"), ("Vary", "Accept-Encoding"))

HELD = Representation(
    revision="a1",
    media_type="application/atom+xml; charset=utf-8",
    length=SIZES.__getitem__,
    codings=(Coding.BROTLI, Coding.ZSTD, Coding.GZIP),
    modified_at=MODIFIED,
    fields=ALIKE,
)


def ask(method: str = "GET", held: Representation = HELD, **fields: str) -> ConditionalDecision:
    """Decide a request with these fields."""
    return decide(RequestFields(method=method, **fields), held)


def field(decision: ConditionalDecision, name: str) -> str | None:
    """The one field of that name."""
    values = [value for given, value in decision.fields if given == name]
    assert len(values) <= 1
    return values[0] if values else None


@pytest.mark.parametrize(
    ("accept_encoding", "etag", "size"),
    [("", '"a1"', "1000"), ("gzip", '"a1-gzip"', "300"), ("br", '"a1-br"', "200"),
     ("zstd", '"a1-zstd"', "250")],
)  # fmt: skip
def test_each_coding_has_its_own_strong_tag(accept_encoding: str, etag: str, size: str) -> None:
    """8.8.3.3: a strong validator differs between codings of one resource. 8.4, 8.6."""
    decision = ask(accept_encoding=accept_encoding)
    assert decision.status == 200
    assert field(decision, "ETag") == etag
    assert field(decision, "Content-Encoding") == (accept_encoding or None)
    assert field(decision, "Content-Length") == size
    assert decision.part == ByteRange(0, int(size))


def test_nothing_fits_a_client_that_refuses_everything() -> None:
    """15.5.7."""
    assert ask(accept_encoding="identity;q=0, deflate").status == 406


@pytest.mark.parametrize("accept_encoding", ["identity", "gzip", "br", "zstd"])
@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        pytest.param('"a1"', 304, id="same"),
        pytest.param('W/"a1"', 304, id="weak"),
        pytest.param('w/"a1"', 304, id="weak in a small letter"),
        pytest.param('"b2", "a1"', 304, id="in a list"),
        pytest.param('"b2","a1"', 304, id="in a list without blanks"),
        pytest.param('"b,2", "a1"', 304, id="after a tag with a comma"),
        pytest.param("*", 304, id="anything"),
        pytest.param(" * ", 304, id="anything with blanks"),
        pytest.param('"a1-gzip"', 304, id="ours for gzip, and Apache's suffix"),
        pytest.param('"a1--gzip"', 304, id="Jetty's suffix"),
        pytest.param('"a1;gzip"', 304, id="a suffix after a semicolon"),
        pytest.param('W/"a1-br"', 304, id="another coding, made weak on the way"),
        pytest.param('"a1-zstd"', 304, id="zstd"),
        pytest.param("a1", 304, id="quotes lost"),
        pytest.param("b2, a1-gzip", 304, id="quotes lost in a list"),
        pytest.param('"a1b"', 200, id="only a prefix"),
        pytest.param('"xa1"', 200, id="only an end"),
        pytest.param('"A1"', 200, id="another case"),
        pytest.param('"*"', 200, id="a tag that looks like a star"),
        pytest.param('"a1', 200, id="never closed"),
        pytest.param('"a1-lz4"', 200, id="a suffix that is no coding"),
        pytest.param("", 200, id="empty"),
        pytest.param(",,,", 200, id="commas"),
        pytest.param('"b2",' * 20_000, 200, id="a hundred kilobytes of others"),
        pytest.param('"b2",' * 20_000 + '"a1"', 304, id="the last of twenty thousand"),
    ],
)
def test_a_reader_that_holds_the_document_is_told_so(
    if_none_match: str, accept_encoding: str, expected: int
) -> None:
    """13.1.2: weak comparison, whatever coding the reader holds and would be given now."""
    decision = ask(if_none_match=if_none_match, accept_encoding=accept_encoding)
    assert decision.status == expected


@pytest.mark.parametrize("if_none_match", ['"b2"', "", ","])
def test_an_entity_tag_decides_alone(if_none_match: str) -> None:
    """13.1.3: If-Modified-Since is ignored beside If-None-Match, readable or not."""
    assert ask(if_none_match=if_none_match, if_modified_since=SAME_SECOND).status == 200
    assert ask(if_none_match='"a1"', if_modified_since=LONG_AGO).status == 304


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(SAME_SECOND, 304, id="the second we sent"),
        pytest.param(A_SECOND_BEFORE, 200, id="a second before"),
        pytest.param("Wed, 22 May 2099 00:00:00 GMT", 304, id="later"),
        pytest.param("Tuesday, 21-May-19 16:38:50 GMT", 304, id="RFC 850"),
        pytest.param("Tue May 21 16:38:50 2019", 304, id="asctime"),
        pytest.param("yesterday", 200, id="no date"),
        pytest.param(f"{SAME_SECOND}, {SAME_SECOND}", 200, id="two dates"),
        pytest.param("Tue May 21 16:38:50 2019, Tue May 21 16:38:50 2019", 200, id="two more"),
        pytest.param("Mon, 01 Jan 99999999999 00:00:00 GMT", 200, id="year of 11 digits"),
        pytest.param("", 200, id="empty"),
    ],
)
def test_a_reader_that_knows_only_dates(since: str, expected: int) -> None:
    """13.1.3, and 5.6.7 for the three forms of a date."""
    assert ask(if_modified_since=since).status == expected


def test_a_fraction_of_a_second_does_not_make_a_document_newer() -> None:
    """8.8.2: HTTP dates have whole seconds: what we sent must count as current."""
    held = replace(HELD, modified_at=MODIFIED.replace(microsecond=700_000))
    assert field(ask(held=held), "Last-Modified") == SAME_SECOND
    assert ask(held=held, if_modified_since=SAME_SECOND).status == 304
    assert ask(held=held, if_unmodified_since=SAME_SECOND).status == 200


def test_without_an_honest_date_only_tags_count() -> None:
    """13.1.3, 13.1.4: the fields are ignored for a resource without a modification date."""
    held = replace(HELD, modified_at=None)
    decision = ask(held=held, if_modified_since=SAME_SECOND, if_unmodified_since=LONG_AGO)
    assert decision.status == 200
    assert field(decision, "Last-Modified") is None


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        pytest.param('"a1"', 200, id="same"),
        pytest.param('"b2", "a1"', 200, id="in a list"),
        pytest.param("*", 200, id="anything"),
        pytest.param('W/"a1"', 412, id="weak never matches"),
        pytest.param('"a1-gzip"', 412, id="other bytes: another coding"),
        pytest.param('"b2"', 412, id="another"),
        pytest.param("a1", 412, id="no tag"),
        pytest.param("", 412, id="empty"),
    ],
)
def test_a_client_that_wants_one_version_only(if_match: str, expected: int) -> None:
    """13.1.1: strong comparison."""
    assert ask(if_match=if_match).status == expected


def test_if_match_is_about_the_coding_that_would_be_sent() -> None:
    """13.1: preconditions are about the selected representation."""
    assert ask(if_match='"a1-gzip"', accept_encoding="gzip").status == 200
    assert ask(if_match='"a1"', accept_encoding="gzip").status == 412


def test_unmodified_since_counts_without_if_match_only() -> None:
    """13.1.4 and 13.2.2."""
    assert ask(if_unmodified_since=A_SECOND_BEFORE).status == 412
    assert ask(if_unmodified_since=SAME_SECOND).status == 200
    assert ask(if_unmodified_since="yesterday").status == 200
    assert ask(if_match='"a1"', if_unmodified_since=A_SECOND_BEFORE).status == 200
    assert ask(if_match='"b2"', if_unmodified_since=SAME_SECOND).status == 412


def test_preconditions_come_in_their_order() -> None:
    """13.2.2: If-Match, then If-None-Match, then Range."""
    assert ask(if_match='"b2"', if_none_match='"a1"').status == 412
    assert ask(if_match='"a1"', if_none_match='"a1"').status == 304
    assert ask(if_none_match='"a1"', range="bytes=0-9").status == 304
    assert ask(if_none_match='"a1"', range="bytes=5000-").status == 304
    assert ask(if_modified_since=SAME_SECOND, range="bytes=0-9").status == 304
    assert ask(if_none_match='"b2"', range="bytes=0-9").status == 206
    assert ask(if_match='"b2"', range="bytes=5000-").status == 412


@pytest.mark.parametrize(
    "if_none_match",
    [
        pytest.param('"a1", "a1-gzip"', id="the coding it would be given now, in a list"),
        pytest.param('"a1"', id="another coding"),
        pytest.param('W/"a1-br"', id="another coding, weak"),
        pytest.param('"a1--gzip"', id="as the proxy between us knows it"),
        pytest.param("*", id="anything"),
        pytest.param("a1", id="quotes lost"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("coding", "etag"), [("gzip", '"a1-gzip"'), ("br", '"a1-br"'), ("", '"a1"')]
)
def test_a_304_has_the_tag_of_the_200(
    if_none_match: str, method: str, coding: str, etag: str
) -> None:
    """15.4.5: a 304 MUST generate the ETag that "would have been sent in a 200"."""
    decision = ask(method, if_none_match=if_none_match, accept_encoding=coding)
    assert (decision.status, field(decision, "ETag")) == (304, etag)


def test_a_304_repeats_what_the_200_said_and_nothing_of_the_body() -> None:
    """15.4.5."""
    full, short = ask(), ask(if_none_match='"a1"')
    assert short.part is None
    assert set(short.fields) == {("ETag", '"a1"'), ("Last-Modified", SAME_SECOND), *ALIKE}
    assert set(short.fields) <= set(full.fields)


@pytest.mark.parametrize("accept_encoding", ["", "gzip", "br;q=0.5"])
@pytest.mark.parametrize("if_none_match", [None, '"a1"', '"b2"'])
def test_head_is_told_what_get_is_told(accept_encoding: str, if_none_match: str | None) -> None:
    """9.3.2: Content-Length, too."""
    get = RequestFields(accept_encoding=accept_encoding, if_none_match=if_none_match)
    told, full = decide(get._replace(method="HEAD"), HELD), decide(get, HELD)
    assert (told.status, told.fields) == (full.status, full.fields)
    assert told.part is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param("bytes=0-99", ByteRange(0, 100), id="the first hundred"),
        pytest.param("bytes=100-", ByteRange(100, 1000), id="from a place on"),
        pytest.param("bytes=-100", ByteRange(900, 1000), id="the last hundred"),
        pytest.param("bytes=-5000", ByteRange(0, 1000), id="more than there are, from the end"),
        pytest.param("bytes=990-5000", ByteRange(990, 1000), id="over the end"),
        pytest.param("bytes=999-999", ByteRange(999, 1000), id="the last byte"),
        pytest.param("BYTES=0-0", ByteRange(0, 1), id="units are case-insensitive (14.1)"),
        pytest.param("bytes= 0-0 ", ByteRange(0, 1), id="blanks"),
        pytest.param("bytes=0-" + "9" * 5000, ByteRange(0, 1000), id="5000 digits"),
        pytest.param("bytes=-" + "9" * 5000, ByteRange(0, 1000), id="5000 digits from the end"),
        pytest.param("bytes=" + "0" * 5000 + "7-9", ByteRange(7, 10), id="leading zeros"),
    ],
)
def test_one_range_of_bytes_is_sent(wanted: str, expected: ByteRange) -> None:
    """14.1.2, 14.4 and 15.3.7."""
    decision = ask(range=wanted)
    assert decision.status == 206
    assert decision.part == expected
    assert field(decision, "Content-Length") == str(expected.end - expected.first)
    assert field(decision, "Content-Range") == f"bytes {expected.first}-{expected.end - 1}/1000"
    assert set(ask().fields) - set(decision.fields) <= {("Content-Length", "1000")}


def test_a_range_is_one_of_the_coded_bytes() -> None:
    """14.1: of the selected representation, whose bytes are the coding's."""
    decision = ask(range="bytes=290-", accept_encoding="gzip")
    assert field(decision, "Content-Range") == "bytes 290-299/300"
    assert field(decision, "Content-Encoding") == "gzip"
    assert field(decision, "ETag") == '"a1-gzip"'


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param("bytes=0-1,5-6", id="several ranges"),
        pytest.param("bytes=0-1,bytes=5-6", id="two fields, joined"),
        pytest.param("lines=0-1", id="an unknown unit"),
        pytest.param("bytes=9-1", id="backwards"),
        pytest.param("bytes=-", id="neither end"),
        pytest.param("bytes=1", id="no dash"),
        pytest.param("bytes=a-b", id="no numbers"),
        pytest.param("bytes=１-２", id="digits of another script"),
        pytest.param("bytes=0x0-0x9", id="hexadecimal"),
        pytest.param("bytes 0-9", id="no equals sign"),
        pytest.param("bytes=+1-5", id="a sign"),
        pytest.param("", id="empty"),
        pytest.param("bytes=" + "0-0," * 20_000, id="twenty thousand ranges"),
    ],
)
def test_what_is_not_one_range_of_bytes_is_ignored(wanted: str) -> None:
    """14.2: the whole is sent."""
    assert ask(range=wanted) == ask()


@pytest.mark.parametrize("wanted", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=5000-"])
def test_a_range_without_a_byte_cannot_be_sent(wanted: str) -> None:
    """15.5.17 and 14.4."""
    decision = ask(range=wanted)
    assert (decision.status, decision.part) == (416, None)
    assert decision.fields == (("Content-Range", "bytes */1000"),)


def test_nothing_has_no_ranges() -> None:
    empty = replace(HELD, length=lambda _: 0)
    assert ask(held=empty, range="bytes=-5").status == 200
    assert ask(held=empty, range="bytes=0-").status == 200


def test_only_get_knows_ranges() -> None:
    """14.2: a server MUST ignore Range with any other method."""
    for wanted in ("bytes=0-9", "bytes=5000-"):
        assert ask("HEAD", range=wanted) == ask("HEAD")


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        pytest.param('"a1"', 206, id="the very tag"),
        pytest.param('W/"a1"', 200, id="weak"),
        pytest.param('"a1-gzip"', 200, id="the tag of another coding"),
        pytest.param('"b2"', 200, id="another"),
        pytest.param('"a1", "b2"', 200, id="a list is no tag"),
        pytest.param("*", 200, id="a star is no tag"),
        pytest.param(SAME_SECOND, 200, id="a date, which may be two editions'"),
        pytest.param(LONG_AGO, 200, id="an older date"),
        pytest.param("", 200, id="empty"),
    ],
)
def test_a_part_is_sent_of_what_the_client_has_the_rest_of(if_range: str, expected: int) -> None:
    """13.1.5: strong comparison; otherwise Range is ignored, also one that cannot be sent."""
    assert ask(range="bytes=0-9", if_range=if_range).status == expected
    assert ask(range="bytes=5000-", if_range=if_range).status == {206: 416}.get(expected, 200)


def test_if_range_alone_means_nothing() -> None:
    """13.1.5: a server MUST ignore If-Range without Range."""
    assert ask(if_range='"b2"') == ask()
