"""RFC 3229 with the manipulation ``feed``: what is new to a reader, and nothing else."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import atoma
import brotli
import feedparser
import pytest
from werkzeug.test import Client, TestResponse

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Deltas, Format, Window
from tests.service.web.offices import CATALOGUE, SITE
from tests.support.atom_grammar import assert_valid
from tests.support.newsrooms import Office, draft, later

#: Longer than in the shipped configuration, so that all is new to nobody.
WINDOW = Window(entries=50, days=3, bytes=400_000)
AGENT = "ExampleReader/2.0 (+https://reader.example)"

Ask = Callable[[Office], Client]


class Reader:
    """Asks for what is new since its last look, as feed readers do."""

    def __init__(self, client: Client, feed_format: Format, **headers: str) -> None:
        self._client = client
        self._path = f"/feeds/all.{feed_format}"
        self._headers = {"A-IM": "feed", "User-Agent": AGENT} | headers
        self.tag: str | None = None

    def look(self, method: str = "GET", **headers: str) -> TestResponse:
        fields = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.tag is not None:
            fields.setdefault("If-None-Match", self.tag)
        response = self._client.open(self._path, method=method, headers=fields)
        self.tag = response.headers.get("ETag", self.tag)
        return response


def configured(office: Office, deltas: Deltas | None = Deltas(not_for=("rss2email",))) -> Office:  # noqa: B008
    feeds = [replace(one, deltas=deltas, window=WINDOW) for one in CATALOGUE.feeds.values()]
    described = Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)
    office.configure(described, now=later(hours=0))
    return office


def publish(office: Office, *numbers: int, hour: int, title: str = "No") -> None:
    office.add(*(draft(f"id:{n}", title=f"{title} {n}") for n in numbers), now=later(hours=hour))
    office.publish(now=later(hours=hour))


def titles(response: TestResponse, feed_format: Format = Format.ATOM) -> list[str]:
    """What a real parser reads in it."""
    body = response.data
    if feed_format is Format.JSON:
        return [item["title"] for item in json.loads(body)["items"]]
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return [entry.title for entry in parsed.entries]


@pytest.fixture
def office(empty_office: Office) -> Office:
    """Twenty releases, whose feed of everything offers deltas."""
    publish(configured(empty_office), *range(20), hour=0)
    return empty_office


@pytest.mark.parametrize("feed_format", Format)
def test_only_what_is_new_or_changed_is_sent(office: Office, ask: Ask, feed_format: Format) -> None:
    reader = Reader(ask(office), feed_format)
    assert len(titles(reader.look(), feed_format)) == 20
    publish(office, 20, 21, hour=1)
    publish(office, 3, hour=2, title="Corrected")
    delta = reader.look()
    assert delta.status == "226 IM Used"
    told = ["Corrected 3", "Correction: Corrected 3", "No 20", "No 21"]
    assert sorted(titles(delta, feed_format)) == told
    if feed_format is Format.ATOM:
        assert_valid(delta.data)
    assert reader.look().status_code == 304
    publish(office, 22, hour=3)
    assert titles(reader.look(), feed_format) == ["No 22"]


def test_its_head_says_what_it_is_and_from_where(office: Office, ask: Ask) -> None:
    """RFC 3229 sections 10.4.1 (226), 10.5.2 (IM), 10.5.1 (Delta-Base), 10.7.3 (no-store, im)."""
    reader = Reader(ask(office), Format.ATOM)
    whole = reader.look()
    publish(office, 20, hour=1)
    base, delta = reader.tag, reader.look()
    assert delta.headers["IM"] == "feed"
    assert delta.headers["Delta-Base"] == base
    now = office.newsstand.version(ALL, Format.ATOM)
    assert now is not None
    assert delta.headers["ETag"] == f'"{now.digest}"' != base
    assert delta.headers["Content-Type"] == whole.headers["Content-Type"]
    assert delta.headers["Link"] == whole.headers["Link"]
    assert delta.headers["Access-Control-Allow-Origin"] == "*"
    assert delta.headers["X-Content-Type-Options"] == "nosniff"
    assert delta.last_modified is not None


def test_no_shared_cache_keeps_it_and_a_reader_knows_when_to_look_again(
    office: Office, ask: Ask
) -> None:
    reader = Reader(ask(office), Format.ATOM)
    freshness = reader.look().cache_control.max_age
    publish(office, 20, hour=1)
    delta = reader.look()
    assert delta.cache_control.no_store
    assert "im" in delta.headers["Cache-Control"].split(", ")
    assert delta.cache_control.max_age == freshness
    fields = {"A-IM", "If-None-Match", "User-Agent", "Accept-Encoding"}
    assert fields <= set(delta.headers["Vary"].split(", "))


def test_a_head_is_told_the_same_and_sent_nothing(office: Office, ask: Ask) -> None:
    """RFC 9110 9.3.2."""
    reader = Reader(ask(office), Format.ATOM)
    reader.look()
    publish(office, 20, hour=1)
    base = reader.tag
    delta = reader.look()
    reader.tag = base
    told = reader.look("HEAD")
    assert told.data == b""
    assert (told.status, list(told.headers)) == (delta.status, list(delta.headers))


@pytest.mark.parametrize(
    ("accepts", "decode"), [("gzip", gzip.decompress), ("br", brotli.decompress)]
)
def test_it_is_compressed_as_documents_are(
    office: Office, ask: Ask, accepts: str, decode: Callable[[bytes], bytes]
) -> None:
    reader = Reader(ask(office), Format.JSON, **{"Accept-Encoding": accepts})
    reader.look()
    publish(office, 20, hour=1)
    base, delta = reader.tag, reader.look()
    assert delta.headers["Content-Encoding"] == accepts
    assert delta.headers["Delta-Base"] == base
    assert [item["title"] for item in json.loads(decode(delta.data))["items"]] == ["No 20"]
    assert reader.look().status_code == 304


@pytest.mark.parametrize("separator", ["-gzip", "--gzip", ";gzip"])
def test_a_base_is_known_whatever_a_proxy_made_of_its_tag(
    office: Office, ask: Ask, separator: str
) -> None:
    reader = Reader(ask(office), Format.ATOM)
    plain = reader.look().headers["ETag"].strip('"')
    publish(office, 20, hour=1)
    reader.tag = f'W/"{plain}{separator}"'
    assert titles(reader.look()) == ["No 20"]


def test_of_several_bases_the_latest_counts(office: Office, ask: Ask) -> None:
    reader = Reader(ask(office), Format.ATOM)
    first = reader.look().headers["ETag"]
    publish(office, 20, hour=1)
    second = reader.look().headers["ETag"]
    publish(office, 21, hour=2)
    both = reader.look(If_None_Match=f'{first}, "nothing", {second}')
    assert (both.headers["Delta-Base"], titles(both)) == (second, ["No 21"])


UNKNOWN: Sequence[Any] = [
    pytest.param({"If_None_Match": '"0123456789abcdef0123456789abcdef"'}, id="unknown"),
    pytest.param({"If_None_Match": '"' + "a" * 50_000 + '"'}, id="long"),
    pytest.param({"If_None_Match": ", ".join(f'"{n}"' for n in range(20_000))}, id="many"),
    pytest.param({"If_None_Match": "\x00'; DROP TABLE documents; --"}, id="odd"),
    pytest.param({"A_IM": "vcdiff, diffe"}, id="other manipulations"),
    pytest.param({"A_IM": "feed;q=0"}, id="refused"),
    pytest.param({"A_IM": "feeds"}, id="another word"),
    pytest.param({"A_IM": "feed," * 5_000}, id="too long"),
    pytest.param({"User_Agent": "rss2email/3.13 (https://github.com/rss2email)"}, id="not for it"),
    pytest.param({"User_Agent": "RSS2Email"}, id="not for it, in another case"),
]


@pytest.mark.parametrize("headers", UNKNOWN)
def test_everybody_else_gets_the_whole(office: Office, ask: Ask, headers: dict[str, str]) -> None:
    """RFC 3229 10.4.1: 226 only when A-IM names it, and the base is known."""
    reader = Reader(ask(office), Format.ATOM)
    reader.look()
    publish(office, 20, hour=1)
    whole = reader.look(**headers)
    assert (whole.status_code, len(titles(whole))) == (200, 21)
    assert "IM" not in whole.headers


def test_who_holds_nothing_gets_the_whole(office: Office, ask: Ask) -> None:
    assert Reader(ask(office), Format.ATOM).look().status_code == 200


def test_a_precondition_that_fails_comes_first(office: Office, ask: Ask) -> None:
    """RFC 9110 13.2.2."""
    reader = Reader(ask(office), Format.ATOM)
    reader.look()
    publish(office, 20, hour=1)
    assert reader.look(If_Match='"other"').status_code == 412


def test_off_is_the_default(empty_office: Office, ask: Ask) -> None:
    publish(configured(empty_office, deltas=None), 1, hour=0)
    reader = Reader(ask(empty_office), Format.ATOM)
    reader.look()
    publish(empty_office, 2, hour=1)
    assert reader.look().status_code == 200


def test_what_is_forgotten_costs_the_whole(empty_office: Office, ask: Ask) -> None:
    publish(configured(empty_office, Deltas(days=2)), 1, hour=0)
    reader = Reader(ask(empty_office), Format.ATOM)
    reader.look()
    publish(empty_office, 2, hour=1)
    base = reader.tag
    assert reader.look().status_code == 226
    publish(empty_office, 3, hour=50)
    reader.tag = base
    assert len(titles(reader.look())) == 3


def test_they_outlive_a_restart(office: Office, ask: Ask) -> None:
    """And are the same from every worker: what a base held is a row of the store."""
    reader = Reader(ask(office), Format.ATOM)
    reader.look()
    publish(office, 20, hour=1)
    restarted = Office(office.database, office.catalogue)
    other = Reader(ask(restarted), Format.ATOM)
    other.tag = reader.tag
    assert titles(other.look()) == ["No 20"]


def test_an_entry_that_only_left_is_not_told_of(empty_office: Office, ask: Ask) -> None:
    """RFC 6721: absence means nothing. The document is another one, so 304 would be a lie."""
    feeds = [
        replace(one, deltas=Deltas(), window=Window(entries=2, days=0, bytes=3_000))
        for one in CATALOGUE.feeds.values()
    ]
    empty_office.configure(
        Catalogue(SITE, list(CATALOGUE.categories.values()), feeds), now=later(hours=0)
    )
    for hour in range(4):
        publish(empty_office, hour, hour=hour)
    reader = Reader(ask(empty_office), Format.ATOM)
    reader.look()
    described = [
        replace(one, title=f"{one.title}!") for one in empty_office.catalogue.feeds.values()
    ]
    empty_office.configure(
        Catalogue(SITE, list(CATALOGUE.categories.values()), described), now=later(hours=9)
    )
    empty_office.publish(now=later(hours=9))
    delta = reader.look()
    assert (delta.status_code, titles(delta)) == (226, [])
    assert reader.look().status_code == 304


def test_a_delta_does_not_say_that_it_is_complete(empty_office: Office, ask: Ask) -> None:
    """RFC 5005 section 2: a reader may drop what is not in a complete document."""
    publish(configured(empty_office), 1, hour=0)
    for feed_format in (Format.ATOM, Format.RSS):
        reader = Reader(ask(empty_office), feed_format)
        assert b"<fh:complete/>" in reader.look().data
    reader = Reader(ask(empty_office), Format.ATOM)
    reader.look()
    publish(empty_office, 2, hour=1)
    delta = reader.look()
    assert delta.status_code == 226
    assert b"complete" not in delta.data
    assert [entry.title.value for entry in atoma.parse_atom_bytes(delta.data).entries] == ["No 2"]
