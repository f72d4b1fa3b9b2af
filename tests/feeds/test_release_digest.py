"""A release's digest is for ever: were it to change, every document would come as corrected."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.release import (
    ChangeNote,
    Contact,
    Content,
    Correction,
    Details,
    Draft,
    Enclosure,
    Origin,
    Person,
    RelatedLink,
    Release,
    ReleaseId,
    Retraction,
    SourceFeed,
    SourceKey,
    Translation,
    Weight,
)
from feeds.store.contents import pack_content, pack_draft, unpack_content, unpack_draft
from tests.support.newsrooms import NOON

PLAIN = Content(
    title="T",
    body="<p>B</p>",
    summary="S",
    language="en",
    published=datetime(2026, 1, 5, 9, tzinfo=UTC),
    updated=datetime(2026, 1, 6, tzinfo=UTC),
    url="https://x.example/1",
    authors=(Person(name="A"),),
    enclosures=(
        Enclosure(url="https://x.example/a.pdf", media_type="application/pdf", length_bytes=5),
    ),
    category_names=("One, two",),
)
FULL = replace(
    PLAIN,
    enclosures=(
        replace(
            PLAIN.enclosures[0], alt="A hall", credit="UN Photo", thumbnail="https://x.example/t"
        ),
    ),
    details=Details(
        contacts=(Contact(name="Ana", phone="+1 555"),),
        related=(RelatedLink(url="https://x.example/b", language="fr"),),
        place="Geneva",
        number="SG/SM/19589",
        rights="© 2026",
        license="https://x.example/licence",
        work="sg-19589",
        source=SourceFeed(title="Ministry", url="https://up.example/feed", updated=NOON),
    ),
)
RELEASE = Release(
    id=ReleaseId("urn:uuid:1"),
    source_key=SourceKey("id:1"),
    slug="t-1",
    revision=1,
    content=PLAIN,
    updated=NOON,
    changed_at=NOON,
)


@given(body=st.text() | st.text('\\"\n\r\t\x00\x1f\x7f\u2028\ud800é<'), title=st.text())
def test_a_digest_is_that_of_the_content_as_sorted_json(body: str, title: str) -> None:
    """What the first version wrote, whatever is in the text."""
    record: dict[str, object] = {
        "title": title,
        "body": body,
        "summary": "",
        "language": "en",
        "published": "2026-01-05T09:00:00+00:00",
        "url": None,
        "authors": [],
        "enclosures": [],
        "category_names": [],
    }
    told = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    content = Content(title=title, body=body, summary="", language="en", published=PLAIN.published)
    assert content.digest == sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def test_it_is_what_it_was_when_the_first_store_was_made() -> None:
    """Kept from then: what was learnt since must not count where it is absent."""
    assert PLAIN.digest == "724b9a53b6fd392a2662781b5c9e357f5f3fcde6607566051b6d001e7d82fb96"


@pytest.mark.parametrize("name", Details.__dataclass_fields__)
def test_every_detail_counts(name: str) -> None:
    one = Details(**{name: getattr(FULL.details, name)})
    assert replace(PLAIN, details=one).digest != PLAIN.digest


def test_the_last_change_of_a_source_is_no_change_of_its_releases() -> None:
    source = FULL.details.source
    assert source is not None
    later = replace(FULL.details, source=replace(source, updated=NOON + timedelta(days=1)))
    assert replace(FULL, details=later).digest == FULL.digest


def test_its_face_is_its_content_until_something_happens_to_it() -> None:
    note = ChangeNote(at=NOON, text="A date was wrong.")
    faces = {
        RELEASE.face,
        replace(RELEASE, notes=(note,)).face,
        replace(RELEASE, retraction=Retraction(at=NOON, reason="Never happened")).face,
        replace(RELEASE, translations=(Translation(language="fr", slug="t-2"),)).face,
    }
    assert len(faces) == 4
    assert RELEASE.face == PLAIN.digest


@pytest.mark.parametrize("content", [PLAIN, FULL], ids=["plain", "full"])
def test_what_is_packed_comes_out_whole(content: Content) -> None:
    assert unpack_content(pack_content(content)) == content
    draft = Draft(
        source_key=SourceKey("id:1"),
        origin=Origin(document="a.json", line=3),
        content=content,
        warnings=("mended",),
        embargoed_until=NOON,
        correction=Correction(weight=Weight.MAJOR, note="A date"),
    )
    assert unpack_draft(pack_draft(draft)) == draft
    assumed = replace(draft, correction=Correction(weight=Weight.MINOR, is_assumed=True))
    assert unpack_draft(pack_draft(assumed)) == assumed
    bare = replace(draft, correction=None, embargoed_until=None)
    assert unpack_draft(pack_draft(bare)) == bare
