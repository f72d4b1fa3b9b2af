"""Real releases in many languages through their whole life, as parsers see it in every format."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import pytest

from feeds import render
from feeds.ingest import IntakeRules, read_documents
from feeds.model.feed import ALL, Format, Window
from feeds.model.intake import Intake
from feeds.model.release import Content, Correction, Draft, Weight
from feeds.store.database import Database
from tests.support.atom_grammar import assert_valid
from tests.support.leftward import in_feeds, is_leftward
from tests.support.newsrooms import SITE, Office, catalogue

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "config" / "samples", ROOT / "tests" / "data" / "seed_shape")
RELEASES_A_DOCUMENT = 6

#: Later than any of them was published.
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = NOW + timedelta(hours=1)
WINDOW = Window(entries=500, days=1, bytes=50_000_000)

MORE = "<p>Added.</p>"
NOTE = "A paragraph was added."
REASON = "It was not so."


def read() -> Iterator[Draft]:
    """The first releases of each document; ids that come twice are left out."""
    rules = IntakeRules(
        base_url=SITE.home, language="en", time_zone=ZoneInfo("UTC"), time_of_day=time(12)
    )
    paths = sorted(path for folder in FOLDERS for path in folder.iterdir())
    for path in paths:
        with path.open("rb") as stream:
            found = read_documents(stream, document=path.name, rules=rules)
            yield from (one for one in islice(found, RELEASES_A_DOCUMENT) if isinstance(one, Draft))


@pytest.fixture
def drafts() -> list[Draft]:
    """Real releases, all of them known by a key of their own."""
    found = list({draft.source_key: draft for draft in read()}.values())
    assert len(found) > 50
    assert len({draft.content.language for draft in found}) > 10
    return found


@pytest.fixture
def office(sqlite_database: Database) -> Office:
    """A newsroom with a window in which all of them have room."""
    return Office(sqlite_database, catalogue(window=WINDOW))


def entries(office: Office, now: datetime) -> dict[Format, dict[str, Any]]:
    """What the feed of everything has now, by format and id."""
    office.publish(now=now)
    seen: dict[Format, dict[str, Any]] = {}
    for each in Format:
        document = office.newsstand.document(ALL, each)
        assert document is not None
        plain = render.decompress(document.gzip)
        if each is Format.JSON:
            seen[each] = {item["id"]: item for item in json.loads(plain)["items"]}
            continue
        parsed = feedparser.parse(plain)
        assert not parsed.bozo
        seen[each] = {entry.id: entry for entry in parsed.entries}
        if each is Format.ATOM:
            assert_valid(plain)
    return seen


def content_of(seen: dict[Format, dict[str, Any]], release_id: str) -> str:
    """The content that JSON Feed has; that of the others says no less."""
    text: str = seen[Format.JSON][release_id]["content_html"]
    for each in (Format.ATOM, Format.RSS):
        assert seen[each][release_id].content[0].value.strip()
    return text


class Life:
    """The releases, and what they say; each step an hour after the one before."""

    def __init__(self, office: Office, drafts: list[Draft]) -> None:
        self.office = office
        self.now = NOW
        self.told: set[str] = set()  # ids of all notices that there were
        self.drafts = [
            replace(one, embargoed_until=MINUTE, content=replace(one.content, published=MINUTE))
            for one in drafts
        ]
        taken = office.add(*self.drafts, now=NOW)
        self.content = {one.release.id: one.draft.content for one in taken}
        assert len(self.content) == len(drafts)
        assert all(not found for found in entries(office, NOW).values())

    def step(self) -> datetime:
        """An hour goes by."""
        self.now += timedelta(hours=1)
        return self.now

    def see(self, *, notices: int = 0) -> dict[Format, dict[str, Any]]:
        """What readers have now: all of the releases, in each format, and so many notices.

        The same ones in all formats, and none that there was before.
        """
        seen = entries(self.office, self.now)
        told = {each: seen[each].keys() - self.content.keys() for each in Format}
        for each in Format:
            assert told[each] == told[Format.ATOM]
            assert seen[each].keys() == self.content.keys() | told[each]
        assert len(told[Format.ATOM]) == notices
        assert told[Format.ATOM].isdisjoint(self.told)
        self.told |= told[Format.ATOM]
        return seen


def test_embargo_correction_retraction_and_return(office: Office, drafts: list[Draft]) -> None:
    life = Life(office, drafts)
    office.newsroom.embargoes.release(now=life.step())
    public = life.see()
    for release_id, content in life.content.items():
        assert content_of(public, release_id) == in_feeds(content)
        assert public[Format.JSON][release_id]["title"] == content.title

    _correct(life)
    corrected = life.see(notices=len(drafts))
    for release_id, content in life.content.items():
        _is_corrected(corrected, public, release_id, body=_with_more(content))

    now = life.step()
    for release_id in life.content:
        office.newsroom.retract(release_id, reason=REASON, by="ana", now=now)
    gone = life.see(notices=len(drafts))
    for release_id in life.content:
        assert MORE not in content_of(gone, release_id)
        assert gone[Format.JSON][release_id]["_communique"]["retracted"]["reason"] == REASON
        for each in (Format.ATOM, Format.RSS):
            assert REASON in gone[each][release_id].content[0].value

    now = life.step()
    for release_id in life.content:
        office.newsroom.restore(release_id, by="ana", now=now)
    back = life.see(notices=len(drafts))
    for release_id, content in life.content.items():
        assert content_of(back, release_id).endswith(_with_more(content))
        assert "retracted" not in back[Format.JSON][release_id].get("_communique", {})


def _with_more(content: Content) -> str:
    """How what they say ends, once corrected."""
    end = "</div>" if is_leftward(content) else ""
    return f"{content.body}{MORE}{end}"


def _correct(life: Life) -> None:
    correction = Correction(weight=Weight.MAJOR, note=NOTE)
    drafts = [
        replace(
            one,
            correction=correction,
            embargoed_until=None,
            written=None,
            content=replace(one.content, body=f"{one.content.body}{MORE}"),
        )
        for one in life.drafts
    ]
    outcomes = life.office.newsroom.take_in(drafts, now=life.step())
    assert all(isinstance(one, Intake) for one in outcomes)


def _is_corrected(
    seen: dict[Format, dict[str, Any]],
    before: dict[Format, dict[str, Any]],
    release_id: str,
    *,
    body: str,
) -> None:
    html = content_of(seen, release_id)
    assert html.endswith(body)
    assert NOTE in html.removesuffix(body)
    for each in (Format.ATOM, Format.RSS):
        assert NOTE in seen[each][release_id].content[0].value
    now, then = seen[Format.JSON][release_id], before[Format.JSON][release_id]
    assert now["date_modified"] > then["date_modified"]
    assert now["date_published"] == then["date_published"]
