"""The JSON export of Ghost."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from feeds.errors import DocumentRefused
from feeds.imports.ghost import is_ghost_export, read_ghost
from feeds.imports.items import (
    IdFormat,
    ImportedItem,
    Item,
    ItemState,
    KnownId,
    LeftOut,
    Reason,
    SourceHead,
)
from feeds.imports.static_sites import StaticSite

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SITE = StaticSite(url="https://g.example")


def export(*posts: dict[str, Any], **tables: list[dict[str, Any]]) -> bytes:
    data = {"posts": list(posts), **tables}
    return json.dumps({"db": [{"meta": {"version": "5.80.0"}, "data": data}]}).encode()


def post(**fields: Any) -> dict[str, Any]:
    return {
        "id": "5cc0ffee5cc0ffee5cc0ffee",
        "uuid": "0a1b2c3d-0000-4000-8000-000000000000",
        "comment_id": "17",
        "title": "Größe & more",
        "slug": "groesse",
        "html": "<p>Text <img src='__GHOST_URL__/content/images/a.png'></p>",
        "type": "post",
        "status": "published",
        "visibility": "public",
        "published_at": "2020-01-02T03:04:05.000Z",
        **fields,
    }


def read(data: bytes, site: StaticSite = SITE) -> tuple[SourceHead, list[Item]]:
    head, items = read_ghost(data, site=site, now=NOW)
    return head, list(items)


def only(data: bytes, site: StaticSite = SITE) -> ImportedItem:
    [item] = read(data, site)[1]
    assert isinstance(item, ImportedItem), item
    return item


def test_a_post_with_all_that_it_has() -> None:
    data = export(
        post(
            custom_excerpt="Excerpt",
            feature_image="__GHOST_URL__/content/images/f.jpg",
            updated_at="2020-02-03 04:05:06",
        ),
        tags=[
            {"id": "t1", "name": "Second"},
            {"id": "t2", "name": "First"},
            {"id": "t3", "name": "#internal", "visibility": "internal"},
        ],
        posts_tags=[
            {"post_id": "5cc0ffee5cc0ffee5cc0ffee", "tag_id": "t1", "sort_order": 1},
            {"post_id": "5cc0ffee5cc0ffee5cc0ffee", "tag_id": "t2", "sort_order": 0},
            {"post_id": "5cc0ffee5cc0ffee5cc0ffee", "tag_id": "t3", "sort_order": 2},
        ],
        users=[
            {
                "id": "1",
                "name": "Ann",
                "email": "secret@g.example",
                "website": "https://ann.example",
            }
        ],
        posts_authors=[{"post_id": "5cc0ffee5cc0ffee5cc0ffee", "author_id": "1", "sort_order": 0}],
        settings=[{"key": "title", "value": "G"}, {"key": "locale", "value": "de"}],
    )
    head, [item] = read(data)
    assert (head.title, head.language, head.generator) == ("G", "de", "Ghost 5.80.0")
    assert isinstance(item, ImportedItem)
    # Ghost's feed: guid: post.id, with isPermaLink="false"
    assert item.known_id == KnownId(
        value="5cc0ffee5cc0ffee5cc0ffee", format=IdFormat.RSS, is_permalink=False
    )
    assert item.link == "https://g.example/groesse/"
    assert item.record.fields == {
        "title": "Größe & more",
        "body": "<p>Text <img src='https://g.example/content/images/a.png'></p>",
        "body_format": "html",
        "summary": "Excerpt",
        "published": "2020-01-02T03:04:05+00:00",
        "updated": "2020-02-03T04:05:06+00:00",
        "url": "https://g.example/groesse/",
        "language": "de",
        "authors": [{"name": "Ann", "url": "https://ann.example"}],
        "categories": ["First", "Second"],
        "enclosures": [{"url": "https://g.example/content/images/f.jpg"}],
    }
    assert not any("time zone" in warning for warning in item.record.warnings)


def test_before_1_0_the_guid_was_the_uuid_and_addresses_may_have_dates() -> None:
    data = export(
        post(id=17, published_at=1577934245000, page=0, author_id=1),
        users=[{"id": 1, "name": "Ann"}],
        settings=[{"key": "permalinks", "value": "/:year/:month/:day/:slug/"}],
    )
    item = only(data)
    assert item.known_id is not None
    assert item.known_id.value == "0a1b2c3d-0000-4000-8000-000000000000"
    assert item.link == "https://g.example/2020/01/02/groesse/"
    assert item.record.fields["authors"] == [{"name": "Ann"}]


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"status": "draft"}, Reason.DRAFT, ""),
        ({"status": "sent"}, Reason.PRIVATE, "sent by mail only"),
        ({"visibility": "members"}, Reason.PRIVATE, "visibility members"),
        ({"visibility": "paid"}, Reason.PRIVATE, "visibility paid"),
        ({"type": "page"}, Reason.NOT_A_RELEASE, "a page"),
        ({"page": 1}, Reason.NOT_A_RELEASE, "a page"),
        ({"status": "odd"}, Reason.NOT_A_RELEASE, "status odd"),
        ({"html": None, "lexical": "{}"}, Reason.UNREADABLE, "only lexical, and no html"),
        ({"html": None, "mobiledoc": "{}"}, Reason.UNREADABLE, "only mobiledoc, and no html"),
        ({"html": ""}, Reason.UNREADABLE, "no text"),
    ],
)
def test_what_is_left_out(fields: dict[str, Any], reason: Reason, detail: str) -> None:
    _, [left] = read(export(post(**fields)))
    assert left == LeftOut(reason=reason, detail=detail, example="Größe & more")


def test_a_scheduled_post_waits() -> None:
    item = only(export(post(status="scheduled", published_at="2027-01-02T03:04:05.000Z")))
    assert item.state is ItemState.SCHEDULED


def test_what_is_no_export() -> None:
    with pytest.raises(DocumentRefused, match="breaks off or is damaged at line 1"):
        read(b"{")
    for data in (b"%PDF-1.7 \xe2\xe3", b"", b"\x1f\x8b\x08"):
        with pytest.raises(DocumentRefused, match="the file is no JSON"):
            read(data)
    with pytest.raises(DocumentRefused, match="holds no posts of Ghost"):
        read(b'{"db": [{"data": {}}]}')
    with pytest.raises(DocumentRefused, match="holds no posts of Ghost"):
        read(b"[1]")


def test_an_export_is_recognised() -> None:
    assert is_ghost_export(export())
    assert is_ghost_export(b'\xef\xbb\xbf{ "meta" : {}, "data": {}}')
    assert not is_ghost_export(b'{"version": "https://jsonfeed.org/version/1", "items": []}')
    assert not is_ghost_export(b"<rss/>")
