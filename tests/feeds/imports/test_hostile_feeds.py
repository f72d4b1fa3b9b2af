"""Feeds that are made to cost: each is read or refused in seconds, whatever is in it."""

import json
import time
from contextlib import suppress

import pytest

from feeds.errors import NotAFeed
from feeds.imports.feed import read_feed

MEGABYTE = 1024 * 1024
ITEM = "<item><title>T</title></item>"


def rss(inside: str, before: str = "") -> bytes:
    return f"{before}<rss version='2.0'><channel>{inside}</channel></rss>".encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(rss("<title>" * 100_000 + ITEM), id="contents without an end"),
        pytest.param(rss("<title>a<b>" * 60_000 + ITEM), id="markup without an end"),
        pytest.param(rss(ITEM, "<!--a-->" * 2_000), id="many comments"),
        pytest.param(rss(ITEM, "<!--" * 4_000), id="comments without an end"),
        pytest.param(rss(ITEM, "<!DOCTYPE rss [" * 5_000), id="document types without an end"),
        pytest.param(rss("<![CDATA[" * 100_000 + ITEM), id="CDATA without an end"),
        pytest.param(rss("&" * MEGABYTE + ITEM), id="ampersands"),
        pytest.param(rss("&amp" * 200_000 + ITEM), id="references without an end"),
        pytest.param(
            rss(f"<item><author>{'a' * MEGABYTE}</author></item>"), id="an author of a megabyte"
        ),
        pytest.param(
            rss(f"<item><title>T</title><pubDate>{'1 ' * MEGABYTE}</pubDate></item>"),
            id="a date of a megabyte",
        ),
        pytest.param(
            rss(f"<item><description>{'&lt;b&gt;' * 100_000}</description></item>"),
            id="nested markup",
        ),
        pytest.param(rss("<a>" * 100_000), id="nested elements"),
        pytest.param(rss("<item/>" * 60_000), id="many items"),
        pytest.param(rss("<a/>" * 1_100_000), id="many tags"),
        pytest.param(json.dumps({"items": [{}] * 60_000}).encode(), id="many items in JSON"),
        pytest.param(b'{"items":' + b"[" * 200_000, id="nested JSON"),
    ],
)
def test_it_takes_no_longer_than_its_size_asks(data: bytes) -> None:
    began = time.process_time()
    with suppress(NotAFeed):
        read_feed(data)
    # Processor time. What grows with the square of the size takes minutes.
    assert time.process_time() - began < 20
