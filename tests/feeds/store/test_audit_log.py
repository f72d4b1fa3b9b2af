"""The book of acts."""

from feeds.model.release import AuditAction, AuditEvent
from feeds.store.database import Database
from tests.support.newsrooms import NOON, later


def test_what_was_done_is_told_in_its_order(database: Database) -> None:
    done = [
        AuditEvent(
            subject="urn:1",
            action=AuditAction.EMBARGOED,
            at=later(minutes=5),
            by="Ana",
            detail="until 9",
        ),
        AuditEvent(subject="urn:2", action=AuditAction.RETRACTED, at=NOON, by="Bo"),
        AuditEvent(subject="urn:1", action=AuditAction.EMBARGO_LIFTED, at=NOON, by="token press"),
    ]
    with database.transaction() as tx:
        tx.audit_log.record(done[:2])
        tx.audit_log.record(done[2:])
        tx.audit_log.record([])
    with database.read() as tx:
        assert tx.audit_log.of("urn:1") == [done[0], done[2]]
        assert tx.audit_log.of("urn:3") == []
