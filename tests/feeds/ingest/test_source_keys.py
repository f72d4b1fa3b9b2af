"""Recognition of documents; docs/releases-in.md, "By what a document is recognised"."""

import pytest

from tests.feeds.ingest.intake import accepted, drafts, read, record, refusals, take

TEXT_FORM = "Title\n\nBody\n\n2019-05-21T16:38:50Z|Finance|"


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"id": "a", "source_key": "b", "url": "https://e.org/"}, "id:b"),
        ({"id": " PR-7 ", "guid": "g", "url": "https://e.org/"}, "id:PR-7"),
        ({"id": 7}, "id:7"),
        ({"id": "", "guid": "g"}, "id:g"),
        ({"url": "https://e.org/a?b"}, "url:https://e.org/a?b"),
        ({"url": "http://e.org/a?b"}, "url:https://e.org/a?b"),
        ({}, "file:release.json"),
    ],
)
def test_the_first_of_id_address_and_file(fields: dict[str, object], key: str) -> None:
    assert take(**fields).source_key == key


def test_a_document_keeps_its_key_when_all_of_its_text_changes() -> None:
    assert accepted(TEXT_FORM, "in/a.txt").source_key == "file:in/a.txt"
    other = TEXT_FORM.replace("Title", "Other").replace("2019", "2020")
    assert accepted(other, "in/a.txt").source_key == "file:in/a.txt"


def test_standard_input_is_no_file() -> None:
    first = accepted(TEXT_FORM, "-").source_key
    second = accepted(TEXT_FORM.replace("Title", "Other"), "-").source_key
    assert first.startswith("record:")
    assert first != second


@pytest.mark.parametrize(
    "correction",
    [
        {"body": "Another body."},
        {"summary": "S"},
        {"categories": ["x"]},
        {"author": "A"},
        {"published": "2024-01-31T23:00:00Z"},
        {"title": "  QUARTERLY   figures "},
        {"updated": "2024-02-01"},
    ],
)
def test_a_record_without_a_name_survives_ordinary_corrections(
    correction: dict[str, object],
) -> None:
    assert record_key() == record_key(**correction)


@pytest.mark.parametrize(
    "difference",
    [
        {"title": "Annual figures"},
        {"published": "2024-04-30T08:00:00Z"},
        {"language": "de"},
        {"source": "another newsroom"},
        {"source_file": "another.txt"},
    ],
)
def test_what_tells_two_records_apart(difference: dict[str, object]) -> None:
    assert record_key() != record_key(**difference)


def test_a_renamed_export_brings_the_same_records() -> None:
    assert drafts(read(record(), "a.jsonl"))[0].source_key == record_key()
    assert drafts(read(f"[{record()}]", "b.json"))[0].source_key == record_key()


def test_the_second_record_with_the_same_key_is_refused() -> None:
    lines = [record(id=1), record(id=2), record(id=1, title="Other"), record(id=3)]
    outcomes = read("\n".join(lines), "a.jsonl")
    assert [draft.source_key for draft in drafts(outcomes)] == ["id:1", "id:2", "id:3"]
    (refusal,) = refusals(outcomes)
    assert (refusal.origin.line, refusal.reason) == (
        3, "the same release stands in line 1 already (id:1)",
    )  # fmt: skip


def test_a_refused_record_does_not_stand_in_the_way_of_a_good_one() -> None:
    outcomes = read(f"{record(id=1, title='')}\n{record(id=1)}", "a.jsonl")
    assert len(drafts(outcomes)) == 1


def record_key(**fields: object) -> str:
    (draft,) = drafts(read(record(**fields), "-.jsonl"))
    return draft.source_key
