"""A document that names a file by its address alone, from the watched folder to the feed."""

import json
from pathlib import Path

from tests.feeds.ingest.intake import record
from tests.support.media_server import File, running_media_server
from tests.support.running_service import Service, running, wait_until


def test_a_running_service_asks_the_files_server(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    with running_media_server() as media, running(service):
        media.files["/talk.mp3"] = File(length=754_321)
        files = [{"url": media.url("/talk.mp3"), "duration": 61}, {"url": media.url("/gone.pdf")}]
        service.drop("talk.json", record(enclosures=files))
        wait_until(service.items)
        (item,) = service.items()
        asked = list(media.asked)
        talk = media.url("/talk.mp3")
        rss = service.get("/feeds/all.rss").body.decode()
        wait_until(lambda: "document repaired" in service.log)
    assert item["attachments"] == [
        {
            "url": talk,
            "mime_type": "audio/mpeg",
            "size_in_bytes": 754_321,
            "duration_in_seconds": 61,
        }
    ]
    assert f'<enclosure url="{talk}" length="754321" type="audio/mpeg"/>' in rss
    assert "<itunes:duration>61</itunes:duration>" in rss
    assert ("HEAD", "/gone.pdf") in asked
    told = [json.loads(line) for line in service.log.splitlines() if "document repaired" in line]
    assert "enclosures[1]: left out: its server answers 404" in told[0]["what"]
