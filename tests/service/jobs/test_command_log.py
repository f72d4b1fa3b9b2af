"""What people did by commands is in the service's log, with their names."""

from dataclasses import replace

import pytest

from feeds.model.token import Action, Token
from feeds.model.user import User, UserRole
from feeds.store.database import Database
from service.accounts import Accounts
from service.jobs.regular import MAX_EVENTS_LOGGED, CommandLog
from service.tokens import hash_of
from tests.support.newsrooms import NOON, Office, draft, later


def said(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """What was logged since the last look."""
    lines = [dict(one.msg) for one in caplog.records if one.name == "service.jobs.regular"]  # type: ignore[arg-type]
    caplog.clear()
    return lines


def test_the_log_says_who_did_what_by_a_command(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    office, log = Office(database), CommandLog(database)
    office.add(draft("id:1"), draft("id:2", title="Another"))
    office.newsroom.retract("id:2", reason="Before", by="alice", now=later(minutes=1))
    log.run()
    assert said(caplog) == [], "what was done before this process began"
    [release] = [one for one in office.newsroom.releases() if one.release.source_key == "id:1"]
    office.newsroom.retract("id:1", reason="Wrong", by="alice", now=later(minutes=2))
    log.run()
    [line] = said(caplog)
    assert (line["event"], line["action"], line["by"]) == ("done by command", "retracted", "alice")
    assert (line["slug"], line["title"]) == (release.release.slug, "A treaty is signed")
    log.run()
    assert said(caplog) == []


def test_an_account_is_named_as_one(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    log = CommandLog(database)
    log.run()
    user = User(name="anna", roles=(UserRole.WRITE,), categories=None, made_at=NOON)
    Accounts(database).add(user, None, by="alice")
    log.run()
    [line] = said(caplog)
    assert (line["action"], line["user"], "release" in line) == ("user added", "anna", False)


def test_what_others_did_was_logged_by_those_who_took_it_in(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    office, log = Office(database), CommandLog(database)
    office.add(draft("id:1"))
    token = Token(name="press-desk", actions=(Action.PUBLISH,), categories=None, made_at=NOON)
    with database.transaction() as tx:
        tx.tokens.add(token, hash_hex=hash_of("cq_desk"))
    log.run()
    changed = draft("id:1", title="A treaty was signed")
    office.newsroom.take_in([changed], now=later(minutes=1))
    again = draft("id:1", title="A treaty was signed today")
    office.newsroom.take_in([again], now=later(minutes=2), by="press-desk")
    log.run()
    assert said(caplog) == []


def test_nothing_of_a_release_under_embargo_is_logged(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    office, log = Office(database), CommandLog(database)
    office.add(draft("id:1", title="Public"))
    log.run()
    secret = replace(draft("id:2", title="Secret merger"), embargoed_until=later(hours=1))
    correction = replace(draft("id:1", title="Secret turn"), embargoed_until=later(hours=1))
    office.newsroom.take_in([secret, correction], now=later(minutes=1), by="alice")
    log.run()
    lines = said(caplog)
    assert [(one["action"], one["by"]) for one in lines] == [("embargoed", "alice")] * 2
    assert not {"slug", "title"} & {name for line in lines for name in line}
    assert "Secret" not in str(lines)


def test_what_a_command_adds_is_named_and_of_many_the_count(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    office, log = Office(database), CommandLog(database)
    log.run()
    office.newsroom.take_in([draft("id:1", title="By hand")], now=later(minutes=1), by="alice")
    office.newsroom.take_in([draft("id:2", title="By folder")], now=later(minutes=1))
    log.run()
    [line] = said(caplog)
    assert (line["action"], line["by"], line["title"]) == ("added", "alice", "By hand")
    many = [draft(f"id:many-{n}", title=f"Release {n}") for n in range(MAX_EVENTS_LOGGED + 1)]
    office.newsroom.take_in(many, now=later(minutes=2), by="alice")
    office.newsroom.retract("id:1", reason="Wrong", by="bob", now=later(minutes=3))
    log.run()
    counts = [(one["action"], one["by"], one["count"]) for one in said(caplog)]
    assert counts == [("added", "alice", MAX_EVENTS_LOGGED + 1), ("retracted", "bob", 1)]
    log.run()
    assert said(caplog) == []
