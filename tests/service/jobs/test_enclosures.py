"""Files whose documents do not tell length or type: real servers on loopback are asked."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from ipaddress import ip_network

import pytest

from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.model.release import Enclosure
from feeds.store.database import Database
from service.jobs import measuring
from service.jobs.measuring import EnclosureProber
from service.jobs.reading import Outcome, preview, take_in
from service.outbound import HttpClient
from tests.feeds.ingest.intake import RULES, record
from tests.support.hub_server import Manner, running_hub
from tests.support.media_server import File, MediaServer, running_media_server
from tests.support.newsrooms import Office
from tests.support.pictures import PNG

NEXT_DOOR = [ip_network("127.0.0.1/32")]


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with running_media_server() as server:
        yield server


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def door(*, timeout_s: float = 10.0, is_strict: bool = False) -> HttpClient:
    networks = [] if is_strict else NEXT_DOOR
    return HttpClient(networks, timeout_s, 1000, "communique-test")


def documents(*lines: str) -> BytesIO:
    return BytesIO("\n".join(lines).encode())


def add(
    office: Office,
    *lines: str,
    outbound: HttpClient | None = None,
    is_dry_run: bool = False,
    base_url: str = "",
) -> list[Outcome]:
    """Take records in, a line each."""
    return list(
        (preview if is_dry_run else take_in)(
            documents(*lines),
            "press.jsonl",
            newsroom=office.newsroom,
            rules=RULES,
            now=lambda: datetime.now(UTC),
            measure=EnclosureProber(office.database, outbound or door(), base_url=base_url),
        )
    )


def add_one(
    office: Office, line: str, *, outbound: HttpClient | None = None, base_url: str = ""
) -> Intake:
    (outcome,) = add(office, line, outbound=outbound, base_url=base_url)
    assert isinstance(outcome, Intake), outcome
    return outcome


def with_files(*files: dict[str, object], **fields: object) -> str:
    return record(id="1", enclosures=list(files), **fields)


def files_of(intake: Intake) -> list[tuple[str, int]]:
    return [(one.media_type, one.length_bytes) for one in intake.release.content.enclosures]


def test_the_server_tells_what_the_document_does_not(office: Office, media: MediaServer) -> None:
    media.files["/talk.mp3"] = File(length=754_321, media_type="Audio/MPEG; x=1")
    url = media.url("/talk.mp3")
    intake = add_one(office, with_files({"url": url, "title": "Talk", "duration": 61}))
    assert intake.release.content.enclosures == (
        Enclosure(
            url=url, media_type="audio/mpeg", length_bytes=754_321, title="Talk", duration_s=61
        ),
    )
    assert (intake.draft.warnings, intake.draft.unmeasured) == ((), ())
    assert media.asked == [("HEAD", "/talk.mp3")]


def test_what_the_document_says_counts_for_more(office: Office, media: MediaServer) -> None:
    media.files["/a"] = File(length=10, media_type="application/octet-stream")
    url = media.url("/a")
    line = with_files({"url": url, "type": "image/png"}, {"url": f"{url}?2", "length": 9})
    media.files["/a?2"] = media.files["/a"]
    assert files_of(add_one(office, line)) == [("image/png", 10), ("application/octet-stream", 9)]


def test_nobody_is_asked_for_what_is_known(office: Office, media: MediaServer) -> None:
    line = with_files({"url": media.url("/a"), "type": "image/png", "length": 9})
    assert files_of(add_one(office, line)) == [("image/png", 9)]
    assert media.asked == []


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(File(head_status=405), id="405"),
        pytest.param(File(head_status=501), id="501"),
        pytest.param(File(tells_length=False), id="HEAD without length"),
        pytest.param(File(head_status=405, knows_ranges=False), id="no ranges either"),
        pytest.param(
            File(head_status=405, knows_ranges=False, length=5_000_000), id="a large whole"
        ),
    ],
)
def test_a_server_that_does_not_know_head_is_asked_for_a_byte(
    office: Office, media: MediaServer, file: File
) -> None:
    media.files["/a"] = file
    intake = add_one(office, with_files({"url": media.url("/a")}))
    assert files_of(intake) == [("audio/mpeg", file.length)]
    assert media.asked == [("HEAD", "/a"), ("GET", "/a")]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        pytest.param(None, "its server answers 404", id="missing"),
        pytest.param(File(head_status=403), "its server answers 403", id="forbidden"),
        pytest.param(File(head_status=503), "its server answers 503", id="ill"),
        pytest.param(
            File(head_status=302, headers={"Location": "https://cdn.test/a"}),
            "its server answers 302 and redirects to https://cdn.test/a",
            id="moved",
        ),
        pytest.param(File(media_type=""), "its server does not give a media type", id="no type"),
        pytest.param(
            File(media_type="mp3"), "its server does not give a media type", id="odd type"
        ),
        pytest.param(
            File(headers={"Content-Encoding": "gzip"}),
            "its server does not give a length",
            id="gzip",
        ),
        pytest.param(File(length=0), "its server answers 416", id="empty"),
    ],
)
def test_a_file_that_cannot_be_measured_is_left_out_and_its_release_taken_in(
    office: Office, media: MediaServer, file: File | None, reason: str
) -> None:
    if file is not None:
        media.files["/a"] = replace(file, get_status=416) if file.length == 0 else file
    known = {"url": media.url("/known"), "type": "image/png", "length": 9}
    intake = add_one(office, with_files({"url": media.url("/a")}, known))
    assert intake.verdict is IntakeVerdict.NEW
    assert files_of(intake) == [("image/png", 9)]
    (warning,) = intake.draft.warnings
    assert warning == (
        f"enclosures[0]: left out: {reason}; give its type and length, "
        "or add the document again later"
    )


def test_a_web_page_in_place_of_a_file_is_not_its_length(
    office: Office, media: MediaServer
) -> None:
    media.files["/a"] = File(media_type="text/html; charset=utf-8")
    line = with_files({"url": media.url("/a"), "type": "audio/mpeg"})
    (warning,) = add_one(office, line).draft.warnings
    assert "sends a web page there, not audio/mpeg" in warning
    page = with_files({"url": media.url("/a"), "type": "text/html"})
    assert files_of(add_one(office, page)) == [("text/html", 1234)]


def test_each_file_comes_to_its_place(office: Office, media: MediaServer) -> None:
    media.files |= {"/1": File(length=1), "/3": File(length=3)}
    files: list[dict[str, object]] = [{"url": media.url(f"/{number}")} for number in (1, 2, 3)]
    known: list[dict[str, object]] = [
        {"url": media.url(f"/{number}"), "type": "a/b", "length": number} for number in (4, 5)
    ]
    intake = add_one(office, with_files(files[0], known[0], files[1], files[2], known[1]))
    assert [length for _, length in files_of(intake)] == [1, 4, 3, 5]


def test_when_the_document_comes_again_the_server_is_asked_again(
    office: Office, media: MediaServer
) -> None:
    line = with_files({"url": media.url("/a")})
    assert files_of(add_one(office, line)) == []
    media.files["/a"] = File()
    intake = add_one(office, line)
    assert (intake.verdict, files_of(intake)) == (IntakeVerdict.CORRECTED, [("audio/mpeg", 1234)])
    assert add_one(office, line).verdict is IntakeVerdict.UNCHANGED


def test_a_server_that_is_down_today_corrects_nothing(office: Office, media: MediaServer) -> None:
    media.files["/a"] = File()
    add_one(office, with_files({"url": media.url("/a"), "title": "A"}))
    del media.files["/a"]
    again = add_one(office, with_files({"url": media.url("/a"), "title": "A"}))
    assert again.verdict is IntakeVerdict.UNCHANGED
    assert again.draft.warnings == (
        "enclosures[0]: its server answers 404; the stored type and length are used",
    )


def test_private_addresses_are_not_asked(office: Office, media: MediaServer) -> None:
    media.files["/a"] = File()
    line = with_files({"url": media.url("/a")})
    (warning,) = add_one(office, line, outbound=door(is_strict=True)).draft.warnings
    assert "not sent: 127.0.0.1 is the loopback address" in warning
    assert media.asked == []


def test_a_server_that_is_silent_costs_its_time_limit_once(office: Office) -> None:
    with running_hub() as silent:
        silent.manner = Manner(hangs=True)
        files: list[dict[str, object]] = [{"url": f"{silent.url}?{n}"} for n in range(40)]
        started = time.monotonic()
        intake = add_one(office, with_files(*files), outbound=door(timeout_s=0.3))
        # Those that were under way together, and none after them.
        assert len(silent.arrivals) <= measuring.FILES_AT_ONCE
    assert time.monotonic() - started < 3
    assert files_of(intake) == []
    assert len(intake.draft.warnings) == 40
    assert "no answer within 0.3 s" in intake.draft.warnings[0]


def test_all_files_together_have_their_time_too(
    office: Office, media: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "TOTAL_S", 0.3)
    gate = threading.Event()
    media.files |= {"/slow": File(gate=gate), "/quick": File(length=5)}
    line = with_files({"url": media.url("/slow")}, {"url": media.url("/quick")})
    started = time.monotonic()
    intake = add_one(office, line)
    gate.set()
    assert time.monotonic() - started < 5
    assert files_of(intake) == [("audio/mpeg", 5)]
    (warning,) = intake.draft.warnings
    assert "enclosures[0]: left out: the time limit ended" in warning


def test_many_files_are_asked_for_a_few_at_once_and_each_once(
    office: Office, media: MediaServer
) -> None:
    media.files |= {f"/{number}": File(length=number + 1) for number in range(60)}
    lines = [
        record(
            id=str(release),
            title=f"Release {release}",
            enclosures=[{"url": media.url(f"/{number}")} for number in range(60)],
        )
        for release in range(3)
    ]
    outcomes = add(office, *lines)
    assert [len(one.release.content.enclosures) for one in outcomes if isinstance(one, Intake)] == [
        60
    ] * 3
    assert sorted(media.asked) == sorted(("HEAD", f"/{number}") for number in range(60))
    assert media.most_at_once <= measuring.FILES_AT_ONCE


def test_a_dry_run_says_what_would_be(office: Office, media: MediaServer) -> None:
    media.files["/a"] = File()
    (outcome,) = add(office, with_files({"url": media.url("/a")}), is_dry_run=True)
    assert isinstance(outcome, Intake)
    assert files_of(outcome) == [("audio/mpeg", 1234)]
    assert office.newsroom.releases() == []


def test_refusals_keep_their_places(office: Office, media: MediaServer) -> None:
    media.files["/a"] = File()
    good, bad = with_files({"url": media.url("/a")}), json.dumps({"title": "T"})
    outcomes = add(office, bad, good, bad)
    assert [isinstance(one, Refusal) for one in outcomes] == [True, False, True]


def test_when_it_is_switched_off_nobody_is_asked(office: Office, media: MediaServer) -> None:
    media.files["/a"] = File()
    line = with_files({"url": media.url("/a")})
    (outcome,) = take_in(
        documents(line),
        "press.jsonl",
        newsroom=office.newsroom,
        rules=RULES,
        now=lambda: datetime.now(UTC),
        measure=EnclosureProber(office.database, None),
    )
    assert isinstance(outcome, Intake)
    assert files_of(outcome) == []
    assert "left out: intake.ask_media is off" in outcome.draft.warnings[0]
    assert media.asked == []


def test_files_that_are_stored_here_are_known(office: Office, media: MediaServer) -> None:
    """Nobody is asked, what the document says is overruled, and what is not there is left out."""
    base_url = office.catalogue.site.base_url
    stored = office.application.media.add(BytesIO(PNG), name="photo.png", by="test")
    missing = f"{base_url}/media/{'0' * 64}/talk.mp3"
    media.files["/talk.mp3"] = File(length=754_321, media_type="audio/mpeg")
    line = with_files(
        {"url": media.url("/talk.mp3")},
        {"url": missing},
        {"url": stored.url},
        {"url": f"{stored.url}?2", "type": "image/gif", "length": 9},
        body=f'<p><img src="{missing}"></p>',
    )
    intake = add_one(office, line, base_url=base_url)
    picture = ("image/png", len(PNG))
    assert files_of(intake) == [("audio/mpeg", 754_321), picture, picture]
    assert intake.draft.warnings == (
        f"{missing}: left out: no such file is stored here; send it first",
        f"{stored.url}?2: it is image/png, and not image/gif as the document says",
        f"{stored.url}?2: it is {len(PNG)}, and not 9 as the document says",
        f"body: no such file is stored here: {missing.removeprefix(base_url)}",
    )
    assert media.asked == [("HEAD", "/talk.mp3")]
