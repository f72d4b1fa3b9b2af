"""A document that is read better than before is the same document: nobody is told of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from feeds.model.intake import IntakeVerdict
from feeds.model.release import Draft, Enclosure
from feeds.store.contents import pack_draft, unpack_draft
from feeds.store.database import Database
from tests.feeds.ingest.intake import accepted
from tests.support.newsrooms import Office, later

BODY = (
    '<h1>A treaty</h1><p>It was <span style="text-decoration:line-through">not</span> '
    '<a href="/t">signed</a>.</p><p hidden>Ask legal.</p><a href="#n">1</a><p id="n">Note.</p>'
    '<iframe src="https://v.example/1"></iframe><p>CO<sup>2</sup></p>'
)
#: As releases of before were cleaned: style dropped, what is hidden kept, the frame gone.
FORMERLY = (
    '<p>It was <span>not</span> <a href="https://news.example.org/t">signed</a>.</p>'
    "<p>Ask legal.</p><a>1</a><p>Note.</p><p>CO<sup>2</sup></p>"
)


def document(name: str = "a.json", **fields: Any) -> Draft:
    record = {
        "title": "A treaty",
        "body": BODY,
        "body_format": "html",
        "published": "2019-05-21T10:00:00Z",
        "categories": ["Finance"],
        **fields,
    }
    return accepted(json.dumps(record), name)


def read_worse(draft: Draft, *, is_noted: bool = True) -> Draft:
    """*Draft* as an earlier version read it, which may not have noted how it was written."""
    content = replace(draft.content, body=FORMERLY, summary="It was not signed.")
    return replace(draft, content=content, written=draft.written if is_noted else None)


@pytest.mark.parametrize("is_noted", [True, False])
@pytest.mark.parametrize(
    "again", [{}, {"updated": "2019-06-01T00:00:00Z", "exported": "today"}], ids=["same", "stamped"]
)
def test_the_same_document_is_unchanged_however_it_is_read(
    database: Database, again: dict[str, Any], is_noted: bool
) -> None:
    office = Office(database)
    [first] = office.add(read_worse(document(), is_noted=is_noted))
    office.publish(now=later(minutes=1))
    [second] = office.add(document(**again), now=later(hours=1))
    assert (second.verdict, second.feeds) == (IntakeVerdict.UNCHANGED, ())
    assert office.newsroom.release("file:a.json").release == first.release
    assert office.publish(now=later(hours=2)) == {}


@pytest.mark.parametrize("is_noted", [True, False])
@pytest.mark.parametrize(
    "again",
    [
        {"body": BODY.replace("legal", "Legal")},
        {"body": BODY.replace('href="/t"', 'href="/u"')},
        {"summary": "Signed!"},
        {"title": "A Treaty"},
        {"categories": ["Finance", "Peace"]},
    ],
    ids=["words", "link", "summary", "title", "category"],
)
def test_what_the_document_changes_is_a_correction(
    database: Database, again: dict[str, Any], is_noted: bool
) -> None:
    office = Office(database)
    office.add(read_worse(document(), is_noted=is_noted))
    [second] = office.add(document(**again), now=later(hours=1))
    assert second.verdict is IntakeVerdict.CORRECTED


def test_plain_text_is_known_too(database: Database) -> None:
    office = Office(database)
    text = document(body="Signed\nin Bern.\n\nBy all.", body_format="text")
    body = "<p>Signed<br>in Bern.</p>\n<p>By all.</p>"
    formerly = replace(text.content, body=body, summary="Signed in Bern.")
    office.add(replace(text, content=formerly, written=None))
    assert office.add(text, now=later(hours=1))[0].verdict is IntakeVerdict.UNCHANGED


def test_a_file_that_changed_on_its_server_is_a_correction(database: Database) -> None:
    office = Office(database)
    file = Enclosure(url="https://e.org/a.pdf", media_type="application/pdf", length_bytes=5)
    told = document(enclosures=[{"url": file.url, "type": file.media_type, "length": 5}])
    longer = replace(told.content, enclosures=(replace(file, length_bytes=6),))
    office.add(told)
    [second] = office.add(replace(told, content=longer), now=later(hours=1))
    assert second.verdict is IntakeVerdict.CORRECTED


def test_a_correction_that_is_taken_back_is_another_one(database: Database) -> None:
    office = Office(database)
    office.add(document())
    office.add(document(body="<p>Not signed.</p>"), now=later(hours=1))
    [third] = office.add(document(), now=later(hours=2))
    assert third.verdict is IntakeVerdict.CORRECTED
    assert third.release.content.body == document().content.body


def test_a_copy_of_a_file_is_known_however_it_is_read(database: Database) -> None:
    office = Office(database)
    [first] = office.add(read_worse(document()))
    [second] = office.add(document("b.json"), now=later(hours=1))
    assert (second.verdict, second.release.id) == (IntakeVerdict.UNCHANGED, first.release.id)


def test_other_rules_read_another_document() -> None:
    written = document().written
    assert written is not None
    assert written == document(updated="2019-05-22T00:00:00Z").written
    assert written != document(language="fr").written


def test_what_waits_remembers_how_it_was_written() -> None:
    draft = document()
    unpacked = unpack_draft(json.loads(json.dumps(pack_draft(draft))))
    assert unpacked.written is not None
    assert draft.written is not None
    assert unpacked.written.digest == draft.written.digest
    older = {name: value for name, value in pack_draft(draft).items() if name != "source"}
    assert unpack_draft(older).written is None
