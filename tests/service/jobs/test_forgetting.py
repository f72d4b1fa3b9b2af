"""What nobody is served any more is forgotten, and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

from sqlalchemy import func, select

from feeds.model.feed import ALL, Deltas, Format, Window
from feeds.model.intake import Refusal
from feeds.model.release import AuditAction, AuditEvent, Draft, Origin
from feeds.store.database import Database
from feeds.store.schema import acts, former_documents, fragments
from feeds.store.sizes import size_of
from service.jobs.forgetting import Forgetting
from service.settings import RetentionSettings
from service.store_clock import machine_clock
from tests.support.newsrooms import NOON, Office, catalogue, draft, later

KEEP = RetentionSettings(fragment_days=30, refusal_days=90, audit_days=90)
MUCH_LATER = later(days=100)


def _run(office: Office, *, now: datetime = MUCH_LATER, keep: RetentionSettings = KEEP) -> int:
    return Forgetting(office.database, lambda: False).run(office.catalogue, keep, now=now)


def _count(database: Database, table: object) -> int:
    with database.read() as tx:
        return int(tx.connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]


def test_entries_in_archives_alone_are_rendered_anew_when_they_are_wanted(
    database: Database,
) -> None:
    window = Window(entries=2, days=1, bytes=1_000_000)
    office = Office(database, catalogue(window=window))
    for number in range(8):
        office.add(draft(f"id:{number}", title=f"Release {number}"), now=later(days=number))
        office.publish(now=later(days=number))
    served = {each: office.newsstand.document(ALL, each) for each in Format}
    archived = office.newsstand.archive(ALL, 1, Format.ATOM, now=MUCH_LATER).document.gzip
    assert _count(database, fragments) == 8 * 3
    assert _run(office) > 0
    left = _count(database, fragments)
    assert 0 < left < 8 * 3  # those of the window stay
    assert _run(office, now=later(days=3)) == 0
    assert {each: office.newsstand.document(ALL, each) for each in Format} == served
    # An archive that nobody asked for until now is made of entries that are rendered again.
    again = office.newsstand.archive(ALL, 1, Format.RSS, now=MUCH_LATER)
    assert again.document.gzip
    assert _count(database, fragments) > left
    same = office.newsstand.archive(ALL, 1, Format.ATOM, now=MUCH_LATER).document.gzip
    assert same == archived


def test_a_draft_of_the_desk_is_never_forgotten_and_counted(database: Database) -> None:
    office = Office(database)
    key = draft("id:desk-old").source_key
    begun = office.newsroom.drafts.begin(
        "old", {"title": "Begun long ago"}, source_key=key, by="anna", now=NOON
    )
    _run(office, now=later(days=4000))
    assert office.newsroom.drafts.named("old") == begun
    [counted] = [one.rows for one in size_of(database).kinds if one.kind == "drafts"]
    assert counted == 1


def test_files_that_no_document_names_are_forgotten(database: Database) -> None:
    """Whether no release ever did, or an embargo was dropped; never those that one names."""
    office = Office(database)
    added = {
        name: office.application.media.add(BytesIO(name.encode()), name=f"{name}.txt", by="test")
        for name in ("unnamed", "named", "waiting", "dropped")
    }

    def naming(name: str) -> Draft:
        made = draft(f"id:{name}")
        body = f'<p><a href="{added[name].url}">The file</a></p>'
        return replace(made, content=replace(made.content, body=body))

    office.add(naming("named"))
    until = later(days=4000)
    held = [replace(naming(name), embargoed_until=until) for name in ("waiting", "dropped")]
    office.add(*held)
    office.newsroom.embargoes.drop("id:dropped", by="test", now=NOON)

    def left(*, days: float) -> set[str]:
        _run(office, now=machine_clock() + timedelta(days=days))
        with database.read() as tx:
            return {one.name for one in tx.media.listed(limit=10)}

    assert left(days=1) == {"unnamed.txt", "named.txt", "waiting.txt", "dropped.txt"}
    assert left(days=30.5) == {"named.txt", "waiting.txt", "dropped.txt"}
    assert left(days=31.5) == {"named.txt", "waiting.txt"}
    assert left(days=3000) == {"named.txt", "waiting.txt"}


def test_recent_ones_stay(database: Database) -> None:
    office = Office(database)
    office.add(draft("id:1"))
    office.publish()
    with database.transaction() as tx:
        _refuse(tx.refusals, "old.json", NOON)
        _refuse(tx.refusals, "new.json", later(days=50))
    assert _run(office) == 1
    with database.read() as tx:
        assert tx.refusals.documents() == {"new.json"}
    assert _count(database, fragments) == 3


def _refuse(refusals: object, document: str, at: datetime) -> None:
    refusal = Refusal(origin=Origin(document=document), field=None, reason="No.", remedy="Another.")
    refusals.store([refusal], now=at)  # type: ignore[attr-defined]


def test_former_documents_are_forgotten_although_their_feed_is_quiet(database: Database) -> None:
    remembering = catalogue(deltas=Deltas(days=14))
    office = Office(database, remembering)
    for number in range(3):
        office.add(draft(f"id:{number}"), now=later(days=6 * number))
        office.publish(now=later(days=6 * number))
    before = _count(database, former_documents)
    assert before > 0
    # By then the first one is older than 14 days, and the second one is not.
    assert _run(office, now=later(days=21)) == before // 2
    office.configure(catalogue(), now=later(days=21))  # deltas are not offered any more
    _run(office, now=later(days=21))
    assert _count(database, former_documents) == 0


def test_the_audit_log_is_kept_unless_told_otherwise(database: Database) -> None:
    office = Office(database)
    _run(office, keep=replace_audit(KEEP, None))
    _record(database, AuditAction.RETRACTED, AuditAction.PUBLISHED, AuditAction.RESTORED)
    _run(office, keep=replace_audit(KEEP, None))
    assert _count(database, acts) == 3


def replace_audit(keep: RetentionSettings, days: float | None) -> RetentionSettings:
    return keep.model_copy(update={"audit_days": days})


def _record(database: Database, *actions: AuditAction) -> None:
    with database.transaction() as tx:
        tx.audit_log.record(
            [
                AuditEvent(subject="one", action=each, at=NOON, by="test", detail=None)
                for each in actions
            ]
        )


def test_the_ends_of_embargoes_and_the_newest_event_stay(database: Database) -> None:
    """The first say how releases are dated; by the last one a store is told from an older copy."""
    office = Office(database)
    _record(database, AuditAction.RETRACTED, AuditAction.PUBLISHED, AuditAction.RESTORED)
    before = _state(database)
    _run(office)
    with database.read() as tx:
        kept = [event.action for event in tx.audit_log.of("one")]
    assert kept == [AuditAction.PUBLISHED, AuditAction.RESTORED]
    assert _state(database) == before


def _state(database: Database) -> object:
    with database.transaction() as tx:
        tx.identity.name("one")
    with database.read() as tx:
        return tx.identity.state()
