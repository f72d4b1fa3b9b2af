"""The shell lines of README and docs/life-of-a-release.md, run as they stand there."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from tests.support.running_service import ROOT, Service, running, wait_until

ACTIVATE = ". ./run.env\n"  # here its options are given to each command
FEED = "/feeds/international-cooperation.atom"


def steps(page: str) -> list[str]:
    """The shell lines of each step."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Walk:
    """The steps, each in a shell of its own, in one folder."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.folder = folder

    def take(self, step: str, options: str | None = None) -> str:
        """Take a step, with the service's configuration if no options are given."""
        given = f'--config "{self.service.main}"' if options is None else options
        program = f"{sys.executable} -m service {given}"
        start = f'set -euo pipefail\ncommunique() {{ PYTHONPATH="{ROOT}" {program} "$@"; }}\n'
        script = (start + step).replace("http://localhost:8000", self.service.base_url)
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    @property
    def feed(self) -> Any:
        """The feed as feedparser reads it."""
        return feedparser.parse(self.service.get(FEED).body)

    @property
    def entry(self) -> Any:
        """The release's entry."""
        *_notices, entry = self.feed.entries
        return entry

    @property
    def notice(self) -> Any:
        """The notice beside it."""
        notice, _entry = self.feed.entries
        return notice


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """The service as it is shipped, with the sample newsroom's categories and no samples."""
    service = Service(folder=tmp_path / "service")
    shipped = (ROOT / "config" / "categories.yaml").read_text(encoding="utf-8")
    service.categories.write_text(shipped, encoding="utf-8")
    with running(service):
        wait_until(lambda: service.get(FEED).status == 200)
        yield Walk(service, tmp_path)


def moment(text: str) -> datetime:
    """A date of the feed."""
    return datetime.fromisoformat(text)


def test_the_readme(walk: Walk) -> None:
    (walk.folder / "config").symlink_to(ROOT / "config")
    publish, own_newsroom = (step.removeprefix(ACTIVATE) for step in steps("README.md"))

    written = walk.take(publish)
    assert written.startswith("new        first.txt  international-cooperation")
    wait_until(lambda: walk.feed.entries)
    assert walk.entry.title == "Our first press release"

    walk.take(own_newsroom, options="")
    assert (walk.folder / "newsroom" / "categories.yaml").exists()


def test_the_life_of_a_release(walk: Walk) -> None:
    embargo, publish, correct, retract = steps("docs/life-of-a-release.md")

    written = walk.take(embargo)
    until = moment(re.findall(r"embargoed until (\S+)", written)[0])
    early = walk.feed.entries
    assert early == [] or time.time() >= until.timestamp()  # a busy machine may be late

    assert walk.take(publish).split()[-1] == "200"
    [published] = walk.feed.entries
    assert published.title == "A ceasefire is agreed"
    assert published.content[0].value == "<p>It was signed on Monday.</p>"
    assert moment(published.published) == moment(published.updated) == until

    walk.take(correct)
    wait_until(lambda: "Tuesday" in walk.entry.content[0].value)
    corrected = walk.entry
    text = re.sub(r"<[^>]+>", "", corrected.content[0].value)
    assert re.match(
        r"Correction, \d+ \w+ \d{4}: It was signed on Tuesday, not on Monday\.\s*"
        r"It was signed on Tuesday\.",
        text,
    )
    assert (corrected.id, corrected.published) == (published.id, published.published)
    assert moment(corrected.updated) > until
    first = walk.notice
    assert first.title == "Correction: A ceasefire is agreed"
    assert "on Tuesday, not on Monday" in first.content[0].value
    assert first.link == published.link

    walk.take(retract)
    wait_until(lambda: "not signed after all" in walk.entry.content[0].value)
    retracted, document = walk.entry, walk.service.get(FEED).body.decode()
    assert retracted.title == "Retracted: A ceasefire is agreed"
    assert "Tuesday" not in document
    assert f'<at:deleted-entry ref="{published.id}"' in document
    assert retracted.id == published.id
    assert moment(retracted.updated) > moment(corrected.updated)
    second = walk.notice
    assert second.title == retracted.title
    assert "not signed after all" in second.content[0].value
    assert len({published.id, first.id, second.id}) == 3
    page = published.link.removeprefix(walk.service.base_url)
    assert walk.service.get(page).status == 410
