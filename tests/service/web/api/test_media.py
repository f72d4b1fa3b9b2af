"""Pictures and files through the API, over a socket: in, named by a release, and out again."""

from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

from feeds.model.token import Action
from service.web.request_bodies import MAX_BODY_BYTES, MAX_UNASKED_BYTES
from tests.feeds.media.test_films import PLACE, USER_DATA, box, film, track
from tests.service.web.api.pressroom import Answer, Pressroom
from tests.support.pictures import PNG, png

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"


def send(room: Pressroom, body: bytes, name: str = "photo.png", **fields: str) -> Answer:
    return room.ask("POST", f"/media?name={name}", body=body, **fields)


def fetch(room: Pressroom, url: str, **fields: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", room.port, timeout=30)
    try:
        connection.request("GET", urlsplit(url).path, headers=fields)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_picture_is_stored_named_and_shown(room: Pressroom) -> None:
    answer = send(room, png(640, 480), Content_Type="image/png")
    assert answer.status == 201
    told = answer.json
    assert answer.headers["location"] == told["url"]
    assert (told["media_type"], told["width"], told["height"]) == ("image/png", 640, 480)
    assert told["length_bytes"] == len(png(640, 480))
    assert told["warnings"] == []
    assert fetch(room, told["url"])[0] == 404
    room.put(body=f'<p><img src="{told["url"]}" alt="A photo"></p>')
    assert fetch(room, told["url"]) == (200, png(640, 480))


def test_sending_again_changes_nothing(room: Pressroom) -> None:
    """And tells nobody that somebody else has sent it, or what that one called it."""
    first, again = send(room, PNG), send(room, PNG)
    assert (first.status, first.body) == (again.status, again.body)
    other = send(room, PNG, "secret-plan.png")
    assert other.json["digest"] == first.json["digest"]
    assert other.json["url"].endswith("/secret-plan.png")
    assert send(room, PNG).body == first.body


def test_bytes_decide_and_not_what_is_said_of_them(room: Pressroom) -> None:
    told = send(room, JPEG, "photo.png", Content_Type="image/png").json
    assert (told["media_type"], told["name"]) == ("image/jpeg", "photo.jpg")
    assert told["warnings"] == [
        "the file is image/jpeg, and not image/png as stated",
        "the file is image/jpeg, so its name is photo.jpg",
    ]


def test_the_place_of_a_film_is_taken_out_and_told(room: Pressroom) -> None:
    whole = film(track(b"avc1"), box(b"udta", USER_DATA))
    told = send(room, whole, "bridge.mov", Content_Type="video/quicktime").json
    assert told["warnings"] == ["the place where the film was taken was taken out of it"]
    room.put(body=f'<p><a href="{told["url"]}">The film</a></p>')
    status, content = fetch(room, told["url"])
    assert (status, len(content), PLACE in content) == (200, len(whole), False)
    told = send(room, film(track(b"gpmd")), "ride.mov", Content_Type="video/quicktime").json
    assert len(told["warnings"]) == 1
    assert "a track of the film says where it was taken" in told["warnings"][0]


def test_what_is_refused(room: Pressroom) -> None:
    reader = room.make_token("reader", Action.READ)
    assert room.ask("POST", "/media?name=a.png", body=PNG, token=reader).status == 403
    assert room.ask("POST", "/media?name=a.png", body=PNG, token=None).status == 401
    assert room.ask("POST", "/media", body=PNG).status == 400
    refused = {
        "logo.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        "photo.jpg": b"<!doctype html><title>x</title>",
        "setup.exe": b"MZ\x90\0\3\0\0\0",
        "empty.png": b"",
    }
    for name, body in refused.items():
        answer = send(room, body, name)
        assert answer.status == 422, name
    settings = room.office.settings
    few = settings.media.model_copy(update={"max_total_bytes": 100})
    room.office.change(settings=settings.model_copy(update={"media": few}))
    answer = send(room, b"fLaC" + bytes(100), "talk.flac")
    assert answer.status == 507
    assert "media.max_total_bytes" in answer.json["detail"]


def test_a_large_file_goes_through_the_disk(room: Pressroom) -> None:
    """Larger than any body that is held in memory: in, out, and a part out of its middle."""
    large = b"fLaC" + b"0123456789abcdef" * (MAX_BODY_BYTES // 16)
    answer = send(room, large, "speech.flac")
    assert answer.status == 201
    url = answer.json["url"]
    room.put(enclosures=[{"url": url, "type": "audio/flac", "length": len(large)}])
    assert fetch(room, url) == (200, large)
    middle = len(large) // 2
    status, part = fetch(room, url, Range=f"bytes={middle}-{middle + 999_999}")
    assert (status, part) == (206, large[middle : middle + 1_000_000])


def test_a_file_that_is_too_large_is_refused_on_its_way(room: Pressroom) -> None:
    settings = room.office.settings
    few = settings.media.model_copy(update={"max_file_bytes": 100_000})
    room.office.change(settings=settings.model_copy(update={"media": few}))
    assert send(room, PNG + bytes(100_001)).status == 413
    within = PNG + bytes(100_000 - len(PNG))
    assert len(within) > MAX_UNASKED_BYTES
    assert send(room, within).status == 201

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield PNG + bytes(10_000)

    connection = HTTPConnection("127.0.0.1", room.port, timeout=30)
    fields = {"Authorization": f"Bearer {room.token}"}
    try:
        connection.request("POST", "/api/v1/media?name=a.png", body=pieces(), headers=fields)
        assert connection.getresponse().status == 413
    finally:
        connection.close()
