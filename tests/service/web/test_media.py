"""Pictures and files that are stored here: who may see them, and what they are sent as.

RFC 9110 sections 13 and 14, RFC 6266. Each test runs on SQLite and on PostgreSQL.
"""

import socket
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from threading import Event

import pytest
from flask import Response
from flask.testing import FlaskClient

from feeds.model.medium import StoredMedium
from feeds.model.release import Draft, Enclosure, SourceKey
from feeds.store.database import Database
from feeds.store.media import CHUNK_BYTES
from service.media import AddedMedium
from service.web import CacheMiddleware, DocumentCache, create_app
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.pictures import PNG, png
from tests.support.wire_server import make_server, port_of, running

#: Three chunks and a bit, so that parts begin, end and lie in different ones.
EDGE = CHUNK_BYTES
SOUND = b"fLaC" + bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end"


@pytest.fixture
def office(database: Database) -> Office:
    """A newsroom over either database."""
    return Office(database)


@pytest.fixture
def client(office: Office) -> FlaskClient:
    return create_app(office.current).test_client(use_cookies=False)


def add(office: Office, content: bytes = PNG, name: str = "photo.png") -> AddedMedium:
    return office.application.media.add(BytesIO(content), name=name, by="test")


def path_of(office: Office, medium: AddedMedium) -> str:
    return medium.url.removeprefix(office.catalogue.site.base_url)


def naming(medium: AddedMedium, key: str = "id:1") -> Draft:
    """A release that shows a medium in its text."""
    made = draft(key, "finance")
    body = f'<p>Look:</p><p><img src="{medium.url}" alt="A photo"></p>'
    return replace(made, content=replace(made.content, body=body))


def enclosing(medium: AddedMedium, key: str = "id:2") -> Draft:
    """A release that has a medium as its file."""
    made = draft(key, "finance")
    file = Enclosure(url=medium.url, media_type=medium.media_type, length_bytes=medium.length_bytes)
    return replace(made, content=replace(made.content, enclosures=(file,)))


def test_a_page_says_how_large_the_picture_above_the_text_is(
    office: Office, client: FlaskClient
) -> None:
    """So that the text stays where it is while the picture comes; it is 544 px high at most."""
    elsewhere = Enclosure(url="https://example.org/a.png", media_type="image/png", length_bytes=9)
    made = draft("id:elsewhere", "finance")
    office.add(
        enclosing(add(office, png(100, 50)), "id:small"),
        enclosing(add(office, png(2000, 1088)), "id:large"),
        replace(made, content=replace(made.content, enclosures=(elsewhere,))),
    )
    shown = {
        one.release.source_key: client.get(f"/releases/{one.release.slug}").text
        for one in office.newsroom.releases()
    }
    assert 'width="100" height="50"></a>' in shown[SourceKey("id:small")]
    assert 'width="1000" height="544"></a>' in shown[SourceKey("id:large")]
    assert 'alt="Picture"></a>' in shown[SourceKey("id:elsewhere")]


def test_a_medium_is_public_while_a_public_release_names_it(
    office: Office, client: FlaskClient
) -> None:
    medium = add(office)
    path = path_of(office, medium)
    assert client.get(path).status_code == 404  # nobody names it

    waiting = replace(naming(medium), embargoed_until=later(days=1))
    office.add(waiting)
    assert client.get(path).status_code == 404  # under embargo

    office.newsroom.embargoes.release(now=later(days=1))
    answer = client.get(path)
    assert (answer.status_code, answer.data) == (200, PNG)
    assert client.get(path.replace("photo", "another")).status_code == 404
    assert client.get(path.replace(medium.digest, "0" * 64)).status_code == 404

    office.newsroom.retract("id:1", reason="In error.", by="test", now=later(days=2))
    assert client.get(path).status_code == 404
    office.newsroom.restore("id:1", by="test", now=later(days=3))
    assert client.get(path).status_code == 200


def test_a_correction_under_embargo_publishes_nothing(office: Office, client: FlaskClient) -> None:
    shown, hidden = add(office), add(office, SOUND, "talk.flac")
    office.add(naming(shown))
    office.add(replace(naming(hidden), embargoed_until=later(days=1)))
    assert client.get(path_of(office, shown)).status_code == 200
    assert client.get(path_of(office, hidden)).status_code == 404


def test_a_corrected_release_keeps_its_former_picture(office: Office, client: FlaskClient) -> None:
    """The page of the former revision shows it."""
    former, present = add(office), add(office, SOUND, "talk.flac")
    office.add(naming(former))
    office.add(naming(present), now=later(minutes=1))
    assert client.get(path_of(office, former)).status_code == 200
    assert client.get(path_of(office, present)).status_code == 200


def test_enclosures_are_public_with_their_releases(office: Office, client: FlaskClient) -> None:
    medium = add(office, SOUND, "talk.flac")
    office.add(enclosing(medium))
    assert client.get(path_of(office, medium)).data == SOUND


#: Fields of a request, the status, the part of the bytes, and what is told.
PARTS: list[tuple[dict[str, str], int, slice | None]] = [
    ({}, 200, slice(None)),
    ({"Range": "bytes=0-9"}, 206, slice(10)),
    ({"Range": f"bytes={EDGE - 2}-{EDGE + 1}"}, 206, slice(EDGE - 2, EDGE + 2)),
    ({"Range": f"bytes=5-{3 * CHUNK_BYTES}"}, 206, slice(5, 3 * CHUNK_BYTES + 1)),
    ({"Range": "bytes=-3"}, 206, slice(-3, None)),
    ({"Range": "bytes=0-0,-1"}, 200, slice(None)),
    ({"Range": "bytes=99999999-"}, 416, None),
    ({"Range": "bytes=0-9", "If-Range": "{etag}"}, 206, slice(10)),
    ({"Range": "bytes=0-9", "If-Range": '"another"'}, 200, slice(None)),
    ({"If-None-Match": "{etag}"}, 304, slice(0)),
    ({"If-None-Match": '"another"'}, 200, slice(None)),
    ({"If-Match": '"another"'}, 412, None),
    ({"Accept-Encoding": "gzip"}, 200, slice(None)),
]  # fmt: skip


def test_parts_and_conditions(office: Office, client: FlaskClient) -> None:
    medium = add(office, SOUND, "talk.flac")
    office.add(enclosing(medium))
    path = path_of(office, medium)
    etag = client.get(path).headers["ETag"]
    assert etag == f'"{sha256(SOUND).hexdigest()}"'
    for fields, status, part in PARTS:
        sent = {name: value.replace("{etag}", etag) for name, value in fields.items()}
        answer = client.get(path, headers=sent)
        assert answer.status_code == status, fields
        if part is not None:
            assert answer.data == SOUND[part], fields
    head = client.head(path)
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(SOUND)))


def test_what_a_medium_is_sent_as(office: Office, client: FlaskClient) -> None:
    """It is what its bytes are, does nothing on our site, and is kept for ever."""
    picture, text = (
        add(office, PNG, "Brücke über den Fluß.PNG"),
        add(office, b"a;b\n", "figures.csv"),
    )
    office.add(naming(picture), naming(text, "id:2"))
    answer = client.get(path_of(office, picture))
    told = {
        "Content-Type": "image/png",
        "Content-Length": str(len(PNG)),
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Accept-Ranges": "bytes",
        "Content-Disposition": 'inline; filename="Br-cke--ber-den-Flu-.png"; '
        "filename*=UTF-8''Br%C3%BCcke-%C3%BCber-den-Flu%C3%9F.png",
    }
    assert {name: answer.headers.get(name) for name in told} == told
    saved = client.get(path_of(office, text))
    assert saved.headers["Content-Disposition"] == 'attachment; filename="figures.csv"'
    assert saved.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_medium_that_is_removed_is_gone(office: Office, client: FlaskClient) -> None:
    medium = add(office)
    office.add(naming(medium))
    with office.database.transaction() as tx:
        assert tx.media.remove(medium.digest)
    assert client.get(path_of(office, medium)).status_code == 404
    add(office)
    assert client.get(path_of(office, medium)).status_code == 200


def test_a_medium_that_was_stored_in_part_is_not_there(office: Office, client: FlaskClient) -> None:
    """Its service was killed meanwhile; adding it again completes it."""
    half = StoredMedium(
        digest=sha256(SOUND).hexdigest(),
        media_type="audio/flac",
        length_bytes=len(SOUND),
        name="talk.flac",
        added_at=NOON,
        added_by="test",
    )
    with office.database.transaction() as tx:
        tx.media.begin(half)
        tx.media.add_chunks(half.digest, 0, [SOUND[:EDGE]])
    with office.database.read() as tx:
        assert tx.media.find(half.digest) is None
        assert tx.media.listed(limit=9) == []
    medium = add(office, SOUND, "talk.flac")
    office.add(enclosing(medium))
    assert medium.digest == half.digest
    assert client.get(path_of(office, medium)).data == SOUND


def test_nothing_is_read_for_a_client_that_left(office: Office) -> None:
    """An endless answer ends with its client."""
    ended = Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(EDGE)
        finally:
            ended.set()

    document_cache = DocumentCache()
    app = create_app(office.current, document_cache)
    app.add_url_rule("/endless", "endless", lambda: Response(endless()))
    front = CacheMiddleware(app, current=office.current, document_cache=document_cache)
    server = make_server(front)
    with running(server):
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as reader:
            reader.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert reader.recv(100).startswith(b"HTTP/1.1 200 ")
            assert not ended.wait(0.2)
        assert ended.wait(30)
