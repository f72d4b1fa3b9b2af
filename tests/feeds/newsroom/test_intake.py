"""What becomes of documents: new, corrected, unchanged, refused; on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.model.release import Draft, Origin
from feeds.store.database import Database
from tests.support.newsrooms import COOPERATION, NOON, Office, draft, later


def test_a_new_document_becomes_a_release_in_the_feeds_of_its_categories(
    database: Database,
) -> None:
    office = Office(database)
    [taken] = office.add(draft("id:1", COOPERATION, "money"))
    assert taken.verdict is IntakeVerdict.NEW
    assert taken.feeds == ("all", "cooperation", "finance")
    listed = office.newsroom.release("id:1")
    assert listed.release == taken.release
    assert listed.feeds == ("all", "cooperation", "finance")
    assert listed.release.updated == listed.release.content.published


def test_the_same_document_again_is_unchanged_and_makes_nothing_stale(database: Database) -> None:
    office = Office(database)
    office.add(draft())
    office.publish()
    [again] = office.add(draft(), now=later(hours=1))
    assert (again.verdict, again.feeds) == (IntakeVerdict.UNCHANGED, ())
    assert office.newsstand.stale(now=later(hours=1)) == []


def test_a_changed_document_is_the_next_revision_of_the_same_release(database: Database) -> None:
    office = Office(database)
    [first] = office.add(draft())
    [second] = office.add(draft(title="The treaty is signed"), now=later(hours=1))
    assert second.verdict is IntakeVerdict.CORRECTED
    assert (second.release.id, second.release.slug) == (first.release.id, first.release.slug)
    assert second.release.revision == 2
    assert second.release.updated == later(hours=1)
    assert second.release.content.published == first.release.content.published


def test_a_correction_that_moves_a_release_touches_the_feeds_it_leaves_and_enters(
    database: Database,
) -> None:
    office = Office(database)
    office.add(draft("id:1", "Finance"))
    office.publish()
    [moved] = office.add(draft("id:1", "Health"), now=later(hours=1))
    assert moved.feeds == ("all", "finance", "health")
    assert office.newsstand.stale(now=later(hours=1)) == ["all", "finance", "health"]
    assert office.newsroom.releases(feed="finance") == []


def test_one_batch_may_hold_a_document_and_its_correction(database: Database) -> None:
    office = Office(database)
    taken = office.add(draft("id:1", "Finance"), draft("id:1", "Health", title="Corrected"))
    assert [one.verdict for one in taken] == [IntakeVerdict.NEW, IntakeVerdict.CORRECTED]
    assert office.newsroom.release("id:1").feeds == ("all", "health")


def test_a_name_that_nothing_claims_leaves_the_release_in_all_and_on_the_list(
    database: Database,
) -> None:
    office = Office(database)
    office.add(draft("id:1", "Astrology"), draft("id:2", "Finance"))
    [listed] = office.newsroom.releases(is_unfiled=True)
    assert listed.release.source_key == "id:1"
    assert (listed.feeds, listed.unclaimed) == (("all",), ("Astrology",))


def test_a_release_of_tomorrow_is_refused_and_the_rest_of_the_batch_is_not(
    database: Database,
) -> None:
    office = Office(database)
    early = draft("id:1", published=NOON + timedelta(days=1))
    refused, taken = office.newsroom.take_in([early, draft("id:2")], now=NOON)
    assert isinstance(refused, Refusal)
    assert isinstance(taken, Intake)
    assert refused.field == "published"
    [kept] = office.newsroom.refusals()
    assert kept.refusal == refused


def test_a_refusal_is_forgotten_once_the_document_is_accepted(database: Database) -> None:
    office = Office(database)
    tomorrow = draft("id:1", published=NOON + timedelta(days=1))
    office.newsroom.take_in([tomorrow], now=NOON)
    office.add(tomorrow, now=later(days=2))
    assert office.newsroom.refusals() == []


def test_a_copy_of_a_file_under_another_name_is_the_same_document(database: Database) -> None:
    office = Office(database)
    office.add(draft("file:a.txt"))
    [copy] = office.add(draft("file:copy-of-a.txt"))
    assert copy.verdict is IntakeVerdict.UNCHANGED
    assert len(office.newsroom.releases()) == 1


def test_another_document_in_a_file_of_the_same_name_does_not_replace_the_first(
    database: Database,
) -> None:
    office = Office(database)
    office.add(draft("file:release.txt"))
    other = draft("file:release.txt", title="Floods", published=NOON - timedelta(days=3))
    [refused] = office.newsroom.take_in([other], now=NOON)
    assert isinstance(refused, Refusal)
    assert "rename the file" in refused.remedy
    assert office.newsroom.release("file:release.txt").release.content.title != "Floods"


def from_document(name: str, **changes: object) -> Draft:
    """The draft of id:1, as another document has it."""
    return replace(draft("id:1", **changes), origin=Origin(document=name, line=3))  # type: ignore[arg-type]


def test_a_release_knows_the_document_that_gave_its_content(database: Database) -> None:
    office = Office(database)
    office.add(from_document("a.jsonl"))
    assert office.newsroom.release("id:1").release.document == "a.jsonl"
    office.add(from_document("b.jsonl"), now=later(hours=1))  # and changes nothing
    assert office.newsroom.release("id:1").release.document == "a.jsonl"
    office.add(from_document("c.jsonl", title="Corrected"), now=later(hours=2))
    assert office.newsroom.release("id:1").release.document == "c.jsonl"


def test_two_documents_with_one_id_are_one_release_only_if_they_have_something_in_common(
    database: Database,
) -> None:
    office = Office(database)
    office.add(from_document("a.jsonl"))
    other = from_document("b.jsonl", title="Floods", published=NOON - timedelta(days=3))
    [refused] = office.newsroom.take_in([other], now=NOON)
    assert isinstance(refused, Refusal)
    assert refused.reason.startswith("a.jsonl has a release with id:1 already")
    own = replace(other, origin=Origin(document="a.jsonl", line=3))
    [corrected] = office.add(own, now=later(hours=1))
    assert corrected.verdict is IntakeVerdict.CORRECTED


def test_one_batch_may_hold_two_claims_of_one_id(database: Database) -> None:
    office = Office(database)
    other = from_document("b.jsonl", title="Floods", published=NOON - timedelta(days=3))
    taken, refused = office.newsroom.take_in([from_document("a.jsonl"), other], now=NOON)
    assert isinstance(taken, Intake)
    assert isinstance(refused, Refusal)


def test_a_preview_says_the_same_and_stores_nothing(database: Database) -> None:
    office = Office(database)
    [preview] = office.newsroom.preview([draft("id:1", "Finance")], now=NOON)
    assert isinstance(preview, Intake)
    assert (preview.verdict, preview.feeds) == (IntakeVerdict.NEW, ("all", "finance"))
    assert office.newsroom.releases() == []


def test_updated_is_the_documents_own_word_when_that_is_news(database: Database) -> None:
    office = Office(database)
    office.add(draft())
    stated = later(minutes=30)
    [corrected] = office.add(draft(title="Corrected", updated=stated), now=later(hours=1))
    assert corrected.release.updated == stated


def test_a_new_time_stamp_alone_is_no_correction(database: Database) -> None:
    """Exports that stamp every record anew must not mark everything unread."""
    office = Office(database)
    office.add(draft())
    stamped = draft(updated=later(minutes=5))
    [again] = office.add(replace(stamped), now=later(hours=1))
    assert again.verdict is IntakeVerdict.UNCHANGED


BODY = "<p>The plant will emit 10<sup>6</sup> tonnes less, <q>at once</q>, it was said today.</p>"
FORMERLY = "The plant will emit 106 tonnes less, at once, it was said today."
NOW = "The plant will emit 10⁶ tonnes less, “at once”, it was said today."
DERIVED = replace(draft(body=BODY, summary=NOW), is_summary_derived=True)


def test_a_summary_that_we_make_otherwise_now_is_no_correction(database: Database) -> None:
    office = Office(database)
    office.add(draft(body=BODY, summary=FORMERLY))
    office.publish()
    [taken] = office.add(DERIVED, now=later(hours=1))
    assert taken.verdict is IntakeVerdict.UNCHANGED
    assert office.newsstand.stale(now=later(hours=1)) == []
    [held] = office.newsroom.releases()
    assert (held.release.content.summary, held.release.revision) == (FORMERLY, 1)


@pytest.mark.parametrize(
    ("held", "new"),
    [
        pytest.param(FORMERLY, draft(body=BODY, summary=NOW), id="it gives the summary itself"),
        pytest.param("Given", DERIVED, id="it gave another, and gives none now"),
        pytest.param(
            FORMERLY, replace(DERIVED, content=replace(DERIVED.content, title="B")), id="title"
        ),
        pytest.param(
            FORMERLY,
            replace(DERIVED, content=replace(DERIVED.content, body=f"{BODY}<p>b</p>")),
            id="body",
        ),
    ],
)
def test_what_a_document_says_otherwise_is_a_correction_with_the_summary_of_now(
    database: Database, held: str, new: Draft
) -> None:
    office = Office(database)
    office.add(draft(body=BODY, summary=held))
    [taken] = office.add(new, now=later(hours=1))
    assert taken.verdict is IntakeVerdict.CORRECTED
    assert taken.release.content.summary == NOW


def test_an_embargoed_document_whose_summary_we_make_otherwise_waits_as_it_did(
    database: Database,
) -> None:
    office, until = Office(database), later(hours=2)
    office.add(replace(draft(body=BODY, summary=FORMERLY), embargoed_until=until))
    again = replace(DERIVED, embargoed_until=until)
    [taken] = office.add(again, now=later(hours=1))
    assert taken.verdict is IntakeVerdict.UNCHANGED
