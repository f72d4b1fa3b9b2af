"""A field is text that anybody may send: the rules never raise, and never take long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.http_rules import (
    Coding,
    Representation,
    RequestFields,
    accepts_feed_delta,
    choose_type,
    decide,
    held_revisions,
    http_date,
    prefers_html,
)
from service.http_rules.entity_tags import MAX_HELD_REVISIONS

HELD = Representation(
    revision="a1",
    media_type="text/plain",
    length=lambda _: 1000,
    codings=(Coding.BROTLI, Coding.GZIP),
)
#: What fields are made of: so the rules are met where they decide, not only where they give up.
PIECES = [
    *('"a1"', "W/", "a1", "-gzip", "*", ",", ";", "q=", "0", "0.5", "1", "gzip", "br", "identity"),
    *("bytes=", "-", "9", '"', "GMT", "text/html", "*/*", " ", "\x00", "\xff"),
]
ODD = st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=20).map("".join)
FIELD = st.none() | ODD


#: Seven fields each: more than ten thousand odd fields in all.
@settings(max_examples=15 * settings().max_examples)
@given(asked=st.builds(RequestFields, st.sampled_from(["GET", "HEAD"]), *[FIELD] * 7))
def test_no_request_is_too_odd(asked: RequestFields) -> None:
    """RFC 9110 2.4: an answer in order, whatever was sent."""
    decision = decide(asked, HELD)
    assert decision.status in {200, 206, 304, 406, 412, 416}
    assert all("\n" not in value and value.isascii() for _, value in decision.fields)
    if decision.part is not None:
        assert 0 <= decision.part.first < decision.part.end <= 1000
    assert (decision.part is None) is (asked.method == "HEAD" or decision.status not in (200, 206))


@given(accept=ODD)
def test_no_accept_is_too_odd(accept: str) -> None:
    offered = ("application/atom+xml", "text/html")
    assert choose_type(accept, offered, default="text/html") in offered
    prefers_html(accept)
    http_date(accept)
    assert accepts_feed_delta(accept) in (True, False)
    assert len(held_revisions(accept)) <= MAX_HELD_REVISIONS


@pytest.mark.parametrize(
    "field",
    [
        pytest.param('"' * 65536, id="quotes"),
        pytest.param('"a1' * 20000, id="never closed"),
        pytest.param("W/" * 32768, id="weak"),
        pytest.param('"a1x",' * 12000, id="tags"),
        pytest.param("," * 65536, id="commas"),
        pytest.param(" " * 65535 + "x", id="blanks"),
        pytest.param("text/html" + " " * 65535 + "x", id="blanks after a type"),
        pytest.param("gzip;q=" + "0" * 65536, id="digits"),
        pytest.param("gzip;q=0.5," * 6000, id="weights"),
        pytest.param("bytes=" + "0-0," * 16000, id="ranges"),
        pytest.param("a1" + "-gzip" * 13000, id="suffixes"),
        pytest.param('"a1' + "-gzip" * 13000 + '"', id="suffixes of one tag"),
    ],
)
def test_64_kilobytes_are_read_in_no_time(field: str) -> None:
    """No regular expression here takes time that grows with the square of its input."""
    started = time.perf_counter()
    for one in RequestFields._fields[1:]:
        decide(RequestFields()._replace(**{one: field}), HELD)
    choose_type(field, ("text/html",), default="text/html")
    accepts_feed_delta(field)
    held_revisions(field)
    prefers_html(field)
    assert time.perf_counter() - started < 0.5
