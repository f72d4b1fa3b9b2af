"""A newsroom that is configured as ours are, over a store with as many rows as a test wants."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from feeds.model.feed import ALL, Format
from feeds.model.release import Draft
from feeds.model.token import Action, Token
from feeds.model.user import UserRole
from feeds.store.contents import pack_draft
from feeds.store.database import Database, Transaction
from feeds.store.schema import (
    alarms,
    canaries,
    deliveries,
    drafts,
    embargoes,
    intake_files,
    media,
    media_chunks,
    media_uses,
    pings,
    pushes,
    readership_agents,
    readership_days,
    readership_reports,
    refusals,
    releases,
    sessions,
    sign_in_attempts,
    subscription_requests,
    subscriptions,
    tokens,
    users,
)
from service.application import Application, CurrentApplication
from service.processes.jobs import EMBARGO, REGENERATE, SEARCH, Jobs
from service.settings import Settings
from service.tokens import hash_of
from service.web.desk.entrance import Visitor
from service.wiring import build_application, utc_now
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import NOON, draft

MAIN = """
site: {base_url: "https://news.example", title: News}
hubs: ["https://hub.example/"]
own_hub: {offered: true}
api: {offered: true}
metrics: {offered: true}
intake: {folders: []}
"""
CATEGORIES = "categories: [{slug: finance, title: Finance}, {slug: health, title: Health}]\n"
HUB = "https://hub.example/"

#: A day has so many releases, however many days there are: windows are equally full.
RELEASES_A_DAY = 20
#: One in so many is corrected, and one retracted.
CORRECTED, RETRACTED = 5, 25
#: How many releases are in another language than the others.
FRENCH = 20

OPERATOR = "cq_operator"

#: Of whoever is signed in to the desk, with the key by which cookies are signed.
VISITOR, COOKIE = Visitor(key=b"key", id="session"), "__Host-communique-desk"
Row = dict[str, Any]

#: When all embargoes end.
ALL_WAIT_UNTIL = utc_now() + timedelta(days=300)
#: A day whose counts of readers are kept, and not shown.
LONG_AGO = (utc_now() - timedelta(days=100)).date().isoformat()


class GrownStore:
    """Over a database with our tables; the timers of its jobs are called by hand."""

    def __init__(self, folder: Path, database: Database, *, rows: int) -> None:
        """Fill the store.

        Args:
            folder: For the configuration.
            database: Empty.
            rows: How many there are to be in each table that grows.
        """
        self.database = database
        self.settings: Settings = ConfigFolder(folder).load(MAIN, CATEGORIES)
        self.application: Application = build_application(self.settings, database)
        self.current = CurrentApplication(self.application)
        self.jobs = Jobs(database)
        self.jobs.configure(self.settings)
        self._release(rows)
        with database.transaction() as tx:
            _fill(tx, rows)
        self._come_to_rest()
        self._analyse()

    def close(self) -> None:
        """Release what the jobs have."""
        self.jobs.close()

    def _release(self, rows: int) -> None:
        newsroom = self.application.newsroom
        drafts = [_draft(number) for number in range(rows)]
        for day, start in enumerate(range(0, rows, RELEASES_A_DAY)):
            now = NOON + timedelta(days=day - rows // RELEASES_A_DAY)
            newsroom.take_in(drafts[start : start + RELEASES_A_DAY], now=now)
        for start in range(0, rows, RELEASES_A_DAY * 5):
            some = drafts[start : start + RELEASES_A_DAY * 5 : CORRECTED]
            newsroom.take_in([_corrected(one) for one in some], now=NOON)
        for number in range(1, rows, RETRACTED):
            newsroom.retract(f"id:{number}", reason="In error.", by="test", now=NOON)

    def _come_to_rest(self) -> None:
        for _ in range(3):
            for name in (REGENERATE, EMBARGO, SEARCH):
                self.jobs.timers[name]()

    def _analyse(self) -> None:
        with self.database.transaction() as tx:
            tx.connection.execute(update(pings).values(told_edition=99, has_failed=0))
            tx.connection.exec_driver_sql("ANALYZE")


def _draft(number: int) -> Draft:
    published = NOON - timedelta(days=400) + timedelta(minutes=number)
    names = ("Finance", "Nobody's") if number % 2 else ("Health",)
    made = draft(f"id:{number}", *names, title=f"Release {number}", published=published)
    # As many in another language, however many there are.
    is_french = number < FRENCH
    return replace(made, content=replace(made.content, language="fr")) if is_french else made


def _corrected(one: Draft) -> Draft:
    return replace(one, content=replace(one.content, title=f"{one.content.title}, corrected"))


def _fill(tx: Transaction, rows: int) -> None:
    connection, later = tx.connection, utc_now() + timedelta(days=300)
    ids = range(1, rows + 1)
    owed = [_subscription(number) | {"expires_at": later} for number in ids]
    connection.execute(insert(subscriptions), owed)
    connection.execute(insert(deliveries), [_delivery(number) for number in ids])
    asked = [_request(number) | {"due_at": later} for number in ids]
    connection.execute(insert(subscription_requests), asked)
    waiting = [_embargo(number) | {"until": ALL_WAIT_UNTIL} for number in ids]
    connection.execute(insert(embargoes), waiting)
    connection.execute(insert(media), [_medium(number) for number in ids])
    chunks = [{"digest": _digest(number), "number": 0, "bytes": b"PNG"} for number in ids]
    connection.execute(insert(media_chunks), chunks)
    holders = connection.execute(select(releases.c.id).where(releases.c.retracted_at.is_(None)))
    [holder, *_] = sorted(holders.scalars())
    uses = [_use(number) for number in ids]
    uses += [_use(number) | {"holder": f"e{number}", "is_public": 0} for number in ids]
    connection.execute(
        insert(media_uses), [one | {"holder": one["holder"] or holder} for one in uses]
    )
    connection.execute(insert(pushes), [_push(number) for number in ids])
    connection.execute(insert(intake_files), [_file(number) for number in ids])
    connection.execute(insert(refusals), [_refusal(number) for number in ids])
    connection.execute(insert(alarms), [_alarm(number) for number in ids])
    for table, row in (
        (readership_days, _day),
        (readership_agents, _agent),
        (readership_reports, _report),
    ):
        connection.execute(insert(table), [row(number) for number in ids])
    for hub in dict.fromkeys(connection.execute(select(pings.c.hub)).scalars()):
        connection.execute(insert(canaries), [_canary(hub) | {"due_at": later}])
    operator = Token(name="ops", actions=tuple(Action), categories=None, made_at=NOON)
    tx.tokens.add(operator, hash_hex=hash_of(OPERATOR))
    made = {"actions": ["read"], "categories": None, "made_at": NOON}
    made_users = [
        {"name": f"u{number}", "roles": list(UserRole), "made_at": NOON} for number in ids
    ]
    connection.execute(insert(users), made_users)
    tx.desk_key.provide(VISITOR.key)
    tx.sessions.begin(hash_of(VISITOR.id), "u1", now=utc_now())
    held = [{"hash": f"s{number}", "user": f"u{number}"} for number in ids]
    times = dict.fromkeys(("began_at", "seen_at"), utc_now())
    connection.execute(insert(sessions), [each | times for each in held])
    connection.execute(insert(drafts), [_saved(number) for number in ids])
    tried = [{"subject": f"s{number}", "attempts": 1, "since": utc_now()} for number in ids]
    connection.execute(insert(sign_in_attempts), tried)
    named = [{"name": f"t{number}", "hash": f"h{number}"} | made for number in ids]
    connection.execute(insert(tokens), named)


def _subscription(number: int) -> Row:
    topic = {"feed": "finance", "format": "atom", "callback": f"https://h{number}/"}
    times = dict.fromkeys(("since", "confirmed_at"), NOON)
    wire = {"host": f"h{number}", "wire": "websub", "lease_s": 60, "request_id": number}
    return {"id": number} | topic | times | wire


def _delivery(number: int) -> Row:
    editions = dict.fromkeys(("wanted_edition", "delivered_edition"), 99)
    counts = dict.fromkeys(("is_failing", "attempts"), 0)
    return {"subscription_id": number, "host": f"h{number}", "due_at": None} | editions | counts


def _request(number: int) -> Row:
    topic = {"feed": "finance", "format": "atom", "topic": "https://news.example/feeds/finance"}
    callback = {"callback": f"https://r{number}/", "host": f"r{number}", "wire": "websub"}
    asked = {"mode": "subscribe", "lease_s": 60, "client": "c", "asked_at": NOON, "attempts": 0}
    return topic | callback | asked


def _embargo(number: int) -> Row:
    made = draft(f"id:e{number}", "Finance", title=f"Not yet {number}")
    names = {"release_id": f"e{number}", "source_key": made.source_key, "slug": f"e{number}"}
    filed = {"digest": f"d{number}", "category_names": ["Finance"], "version": 1}
    return names | filed | {"draft": pack_draft(made), "held_since": NOON, "held_by": "test"}


def _saved(number: int) -> Row:
    by = {"made_by": "u1", "made_at": NOON, "changed_by": "u1", "changed_at": NOON}
    record = {"title": f"Draft {number}", "body": "Text.", "language": "en"}
    names = {"id": f"d{number}", "source_key": f"id:d{number}", "preview": f"p{number}"}
    return names | by | {"version": 1, "record": record}


def _digest(number: int) -> str:
    return f"{number:064x}"


def _medium(number: int) -> Row:
    """One that releases name."""
    about = {"media_type": "image/png", "length_bytes": 3, "name": f"{number}.png"}
    added = {"added_at": NOON, "added_by": "test", "is_complete": 1}
    return {"digest": _digest(number)} | about | added


def _use(number: int) -> Row:
    return {"holder": "", "digest": _digest(number), "name": f"{number}.png", "is_public": 1}


def _push(number: int) -> Row:
    when = dict.fromkeys(("told_at", "arrived_at"), utc_now())
    topic = {"hub": HUB, "feed": ALL, "format": Format.ATOM.value}
    return topic | when | {"edition": number, "digest": f"d{number}"}


def _file(number: int) -> Row:
    stamp = {"size_bytes": 1, "modified_ns": 1, "rules": ""}
    return {"host": "", "path": f"/inbox/{number}", "read_at": NOON} | stamp


def _refusal(number: int) -> Row:
    texts = dict.fromkeys(("reason", "remedy"), "")
    return {"document": f"{number}.json", "line": 0, "refused_at": NOON} | texts


def _alarm(number: int) -> Row:
    """One that is over, and still listed."""
    about = {"kind": "document_refused", "subject": f"a{number}", "words": "", "event": "over"}
    moments = dict.fromkeys(("since", "event_at", "over_at"), utc_now())
    return about | moments | {"event_seq": -number}


def _day(number: int) -> Row:
    """A day that is kept, and not shown."""
    sums = dict.fromkeys(("requests", "not_modified", "unconditional"), 1)
    topic = {"day": LONG_AGO, "feed": f"f{number}", "format": "atom"}
    return topic | sums | {"bytes_sent": 1, "bytes_saved": 1, "pollers": b""}


def _agent(number: int) -> Row:
    names = ("requests", "conditional", "not_modified", "compressed", "bytes_sent")
    named = {"day": LONG_AGO, "agent": f"reader-{number}", "kind": "reader"}
    return named | dict.fromkeys(names, 1)


def _report(number: int) -> Row:
    source = {"feed": "all", "format": "atom", "service": "feedly", "feed_id": f"{number}"}
    return {"day": LONG_AGO, "poller": "p", "subscribers": 1} | source


def _canary(hub: str) -> Row:
    topic = {"feed": ALL, "format": "atom", "topic": "https://news.example/feeds/all.atom"}
    texts = {"token": f"token of {hub}", "secret": "secret", "state": "verified", "attempts": 0}
    return {"hub": hub} | topic | texts
