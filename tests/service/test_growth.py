"""No answer and no timer costs more because more is stored.

Each route is asked, and each timer called, over a store with some hundred rows in each table that
grows and over one with five times as many. What the database does for each statement is counted:
not seconds, which a busy machine makes up.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from feeds.model import months
from feeds.store import search
from feeds.store.database import Database
from service.alarms import lateness
from service.processes.hub import UPKEEP
from service.processes.jobs import (
    ALARMS,
    BACKUP,
    CANARY,
    COMMANDS,
    EMBARGO,
    FORGET,
    PING,
    REGENERATE,
    SCAN,
    SEARCH,
    STORE_LOG,
    STORE_NOTE,
    UPSTREAM_PUSHES,
    UPSTREAMS,
)
from service.web import create_app, sitemaps
from service.websub import hub_health
from service.websub.hub.upkeep import end_lapsed_subscriptions
from service.wiring import alarm_keeper, deliveries, utc_now, verifications
from tests.support.grown_store import ALL_WAIT_UNTIL, COOKIE, OPERATOR, VISITOR, GrownStore
from tests.support.ready_stores import make_sqlite
from tests.support.statement_work import Statement, metered

FEW, MANY = 400, 2_000

#: What may be between the two: a tree that is a level deeper, a page that happens to be fuller.
AT_MOST = 1.3
#: Below this, a difference says nothing: steps of its machine on SQLite, rows on PostgreSQL.
LITTLE_STEPS, LITTLE_ROWS = 600, 100


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for a route."""

    path: str  #: with ``{slug}`` for the slug of ``release``
    method: str = "GET"
    json: object = None
    form: Mapping[str, str] | None = None
    raw: bytes | None = None
    status: int = 200
    release: str = "id:2"


RECORD = {"title": "One more", "body": "Today.", "published": "2026-03-01T12:00:00Z"}
CALLBACK = {"hub.callback": "https://8.8.8.8/", "hub.mode": "subscribe"}
TOPIC = {"hub.topic": "https://news.example/feeds/finance.atom"}
CLOUD = {"port": "80", "path": "/", "protocol": "http-post", "registerProcedure": ""}

#: By rule and method. Whoever adds a route adds it here.
ROUTES: dict[str, list[Ask]] = {
    "GET /": [Ask("/")],
    "GET /feeds/<slug:slug>": [Ask("/feeds/all"), Ask("/feeds/finance")],
    "GET /feeds/<slug:slug>.<format:feed_format>": [Ask("/feeds/all.atom"), Ask("/feeds/all.json")],
    "GET /feeds/<slug:slug>/archive/<number:number>.<format:feed_format>": [
        Ask("/feeds/all/archive/1.atom")
    ],
    "GET /releases/<slug:slug>": [
        Ask("/releases/{slug}"), Ask("/releases/{slug}", status=410, release="id:1"),
    ],
    "GET /releases/<slug:slug>/revisions/<number:number>": [
        Ask("/releases/{slug}/revisions/1", release="id:5")
    ],
    "GET /media/<digest:digest>/<slug:name>": [
        Ask(f"/media/{7:064x}/7.png"), Ask(f"/media/{0:064x}/7.png", status=404),
    ],
    "GET /releases": [Ask("/releases")],
    "GET /releases/<month:month>": [Ask("/releases/2025/01")],
    "GET /releases/<month:month>/page/<number:number>": [Ask("/releases/2025/01/page/1")],
    "GET /releases/<month:month>/<language:language>": [Ask("/releases/2025/01/fr")],
    "GET /releases/<month:month>/<language:language>/page/<number:number>": [
        Ask("/releases/2025/01/en/page/1")
    ],
    "GET /feeds/<slug:slug>/<month:month>": [Ask("/feeds/finance/2025/01")],
    "GET /feeds/<slug:slug>/<month:month>/page/<number:number>": [
        Ask("/feeds/health/2025/01/page/1")
    ],
    "GET /feeds/<slug:slug>/<month:month>/<language:language>": [Ask("/feeds/health/2025/01/fr")],
    "GET /feeds/<slug:slug>/<month:month>/<language:language>/page/<number:number>": [
        Ask("/feeds/health/2025/01/en/page/1")
    ],
    "GET /feeds.opml": [Ask("/feeds.opml")],
    "GET /sitemap.xml": [Ask("/sitemap.xml")],
    "GET /sitemap-<int:number>.xml": [Ask("/sitemap-1.xml"), Ask("/sitemap-3.xml")],
    "GET /news-sitemap.xml": [Ask("/news-sitemap.xml")],
    "GET /search": [
        Ask("/search"), Ask("/search?q=release"), Ask("/search?q=release&page=3"),
        Ask("/search?q=release+7"), Ask("/search?q=release&category=finance"),
        Ask("/search?q=none&category=finance"), Ask("/search?q=none&language=en"),
    ],
    "GET /search.<format:feed_format>": [
        Ask("/search.atom?q=release"), Ask("/search.json?q=none"),
    ],
    "GET /opensearch.xml": [Ask("/opensearch.xml")],
    "GET /livez": [Ask("/livez")],
    "GET /readyz": [Ask("/readyz")],
    "GET /static/<hashed_name>": [Ask("/static/none", status=404)],
    "GET /favicon.ico": [Ask("/favicon.ico")],
    "GET /robots.txt": [Ask("/robots.txt")],
    "GET /api/v1/releases": [
        Ask("/api/v1/releases"), Ask("/api/v1/releases?order=newest"),
        Ask("/api/v1/releases?category=finance"), Ask("/api/v1/releases?language=en"),
        Ask("/api/v1/releases?unfiled=true"),
    ],
    "POST /api/v1/releases": [Ask("/api/v1/releases", "POST", [RECORD | {"id": "b"}])],
    "GET /api/v1/releases/<key:key>": [Ask("/api/v1/releases/7")],
    "PUT /api/v1/releases/<key:key>": [Ask("/api/v1/releases/new", "PUT", RECORD, status=201)],
    "PATCH /api/v1/releases/<key:key>": [Ask("/api/v1/releases/8", "PATCH", {"title": "Another"})],
    "DELETE /api/v1/releases/<key:key>": [Ask("/api/v1/releases/10?reason=Wrong", "DELETE")],
    "GET /api/v1/embargoes": [Ask("/api/v1/embargoes"), Ask("/api/v1/embargoes?since=2026-01-01")],
    "GET /api/v1/embargoes/<key:key>": [Ask("/api/v1/embargoes/e7")],
    "PATCH /api/v1/embargoes/<key:key>": [
        Ask("/api/v1/embargoes/e8", "PATCH", {"title": "Another"})
    ],
    "DELETE /api/v1/embargoes/<key:key>": [Ask("/api/v1/embargoes/e9", "DELETE")],
    "POST /api/v1/embargoes/<key:key>/lift": [Ask("/api/v1/embargoes/e10/lift", "POST")],
    "POST /api/v1/media": [Ask("/api/v1/media?name=a.txt", "POST", raw=b"A note.", status=201)],
    "GET /redirects": [Ask("/redirects")],
    "GET /api/v1/readers": [Ask("/api/v1/readers"), Ask("/api/v1/readers?days=1")],
    "GET /reader-check": [Ask("/reader-check?agent=reader-7")],
    "GET /api/v1/openapi.json": [Ask("/api/v1/openapi.json")],
    "POST /hub": [Ask("/hub", "POST", form=CALLBACK | TOPIC, status=202)],
    "GET /hub": [Ask("/hub")],
    "POST /cloud/pleaseNotify": [Ask("/cloud/pleaseNotify", "POST", form=CLOUD | {"url1": "x"})],
    "GET /hub/canary/<token>": [Ask("/hub/canary/none", status=404)],
    "GET /hub/upstream/<token>": [Ask("/hub/upstream/none", status=404)],
    "POST /hub/upstream/<token>": [Ask("/hub/upstream/none", "POST", status=410)],
    "POST /hub/canary/<token>": [Ask("/hub/canary/none", "POST", status=410)],
    "GET /hub/status": [Ask("/hub/status")],
    "GET /hub/status/subscribers": [Ask("/hub/status/subscribers?behind=50")],
    "GET /metrics": [Ask("/metrics")],
    "GET /desk": [Ask("/desk")],
    "GET /desk/sign-in": [Ask("/desk/sign-in", status=303)],
    "POST /desk/sign-in": [Ask("/desk/sign-in", "POST", form={"name": "u1"}, status=403)],
    "GET /desk/account": [Ask("/desk/account")],
    "POST /desk/account": [Ask("/desk/account", "POST", form={}, status=403)],
    "GET /desk/drafts": [Ask("/desk/drafts")],
    "GET /desk/write": [Ask("/desk/write")],
    "POST /desk/write": [Ask("/desk/write", "POST", form={"title": "x"}, status=303)],
    "GET /desk/drafts/<slug:draft_id>": [Ask("/desk/drafts/d7")],
    "POST /desk/drafts/<slug:draft_id>": [
        Ask("/desk/drafts/d7", "POST", form={"version": "1", "title": "x"}, status=303)
    ],
    "POST /desk/drafts/<slug:draft_id>/delete": [
        Ask("/desk/drafts/d8/delete", "POST", form={"version": "1"}, status=303)
    ],
    "POST /desk/drafts/<slug:draft_id>/preview": [
        Ask("/desk/drafts/d9/preview", "POST", form={"open": "1"}, status=303)
    ],
    "POST /desk/drafts/<slug:draft_id>/publish": [
        Ask("/desk/drafts/d10/publish", "POST", form={"version": "1"}, status=303)
    ],
    "GET /desk/preview/<slug:secret>": [Ask("/desk/preview/p11")],
    "GET /desk/preview/<slug:secret>/media/<digest:digest>/<slug:name>": [
        Ask(f"/desk/preview/p11/media/{7:064x}/7.png", status=404),
    ],
    "GET /desk/media/<digest:digest>/<slug:name>": [
        Ask(f"/desk/media/{7:064x}/7.png"), Ask(f"/desk/media/{0:064x}/7.png", status=404),
    ],
    "GET /desk/waiting": [Ask("/desk/waiting"), Ask("/desk/waiting?after=1_e7")],
    "GET /desk/waiting/<month:month>": [
        Ask("/desk/waiting/2026/03"), Ask(f"/desk/waiting/{ALL_WAIT_UNTIL:%Y/%m}"),
    ],
    "GET /desk/waiting/<slug:release_id>": [Ask("/desk/waiting/e7")],
    "GET /desk/waiting/<slug:release_id>/change": [Ask("/desk/waiting/e7/change")],
    "POST /desk/waiting/<slug:release_id>/change": [
        Ask("/desk/waiting/e7/change", "POST", form={"seen": "x"}, status=409)
    ],
    "POST /desk/waiting/<slug:release_id>/translate": [
        Ask("/desk/waiting/e7/translate", "POST", form={"language": "x"}, status=422)
    ],
    "POST /desk/waiting/<slug:release_id>/move": [
        Ask("/desk/waiting/e7/move", "POST", form={"seen": "x"}, status=422)
    ],
    "POST /desk/waiting/<slug:release_id>/lift": [
        Ask("/desk/waiting/e7/lift", "POST", form={"seen": "x"}, status=409)
    ],
    "POST /desk/waiting/<slug:release_id>/drop": [
        Ask("/desk/waiting/e7/drop", "POST", form={"seen": "x"}, status=409)
    ],
    "GET /desk/releases": [Ask("/desk/releases"), Ask("/desk/releases?after=9_9_x")],
    "GET /desk/releases/<slug:slug>": [Ask("/desk/releases/{slug}")],
    "POST /desk/releases/<slug:slug>/correct": [
        Ask("/desk/releases/{slug}/correct", "POST", form={}, status=303, release="id:11")
    ],
    "POST /desk/releases/<slug:slug>/translate": [
        Ask("/desk/releases/{slug}/translate", "POST", form={"language": "x"}, status=422)
    ],
    "POST /desk/releases/<slug:slug>/retract": [
        Ask("/desk/releases/{slug}/retract", "POST", form={"reason": "x"}, status=303,
            release="id:12")
    ],
    "POST /desk/releases/<slug:slug>/restore": [
        Ask("/desk/releases/{slug}/restore", "POST", form={}, status=303, release="id:26")
    ],
    "GET /desk/operations": [Ask("/desk/operations")],
    "GET /desk/readers": [Ask("/desk/readers"), Ask("/desk/readers?days=30")],
    # Refused, or nobody would be signed in for what is asked next.
    "POST /desk/sign-out": [
        Ask("/desk/sign-out", "POST", form={"form_token": "none"}, status=403)
    ],
    "POST /desk/sign-out-everywhere": [
        Ask("/desk/sign-out-everywhere", "POST", form={"form_token": "none"}, status=403)
    ],
}  # fmt: skip


#: What may read all of a table: by route, a part of the statement, and why.
MAY_READ_ALL = {
    "GET /metrics": {"count(": "no more than a twentieth of the time; see service.web.operators"},
    "POST /api/v1/media": {"sum(media": "a token's holder, once a file: a row for each file"},
    "GET /hub/status": {
        "count(": "no more than a twentieth of the time; see service.web.operators",
        "deliveries.is_failing = ": "for operators alone: the first failing subscribers",
    },
    "GET /api/v1/releases": {
        "releases.id IN (SELECT": "for who holds a token: a filter is not in the order of changes",
    },
}
MAY_READ_ALL["GET /desk/operations"] = {"count(": "for operators alone: subscribers by topic"}
MAY_READ_ALL["GET /api/v1/readers"] = {
    "count(": "for operators alone: subscriptions are counted exactly"
}
MAY_READ_ALL["GET /redirects"] = {
    "count(": "for operators alone: how many old addresses imports brought along",
    "redirect": "for operators alone: those that were used most",
}
MAY_READ_ALL["GET /desk/readers"] = MAY_READ_ALL["GET /api/v1/readers"]
MAY_READ_ALL["GET /hub/status/subscribers"] = MAY_READ_ALL["GET /hub/status"]


@dataclass(frozen=True, slots=True)
class Two:
    """The same newsroom with little in its store, and with five times as much."""

    few: GrownStore
    many: GrownStore


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Filled once for all; what a question adds is as little in both."""
    with ExitStack() as closing:
        yield Two(*(_grown(request, tmp_path_factory, closing, rows) for rows in (FEW, MANY)))


def _grown(
    request: pytest.FixtureRequest, folders: pytest.TempPathFactory, closing: ExitStack, rows: int
) -> GrownStore:
    folder: Path = folders.mktemp("grown")
    if request.param == "postgres":
        made = request.getfixturevalue("postgres_stores").made()
        database = Database.open(closing.enter_context(made))
    else:
        database = make_sqlite(folder / "news.db")
    closing.callback(_client.cache_clear)
    closing.callback(database.close)
    store = GrownStore(folder, database, rows=rows)
    closing.callback(store.close)
    return store


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As full in the small store as they are in the large one."""
    monkeypatch.setattr(sitemaps, "URLS_A_FILE", 100)
    monkeypatch.setattr(months, "RELEASES_A_PART", 50)
    monkeypatch.setattr(hub_health, "MAX_PUSHES_READ", 100)
    monkeypatch.setattr(search, "LOOKED_AT", 5)


@cache
def _client(store: GrownStore) -> FlaskClient:
    app = create_app(
        store.current, clock=utc_now, has_api=True, has_desk=True, has_hub=True, has_search=True
    )
    return app.test_client(use_cookies=False)


def test_every_route_is_asked(two: Two) -> None:
    app = _client(two.few).application
    rules = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert rules == ROUTES.keys()


def _form(one: Ask) -> Mapping[str, str] | bytes | None:
    if one.raw is not None:
        return one.raw
    if one.form is None or not one.path.startswith("/desk"):
        return one.form
    return {"form_token": VISITOR.form_token, **one.form}


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_costs_what_it_shows(two: Two, route: str) -> None:
    def ask(store: GrownStore) -> None:
        client = _client(store)
        for one in ROUTES[route]:
            slug = store.application.newsroom.release(one.release).release.slug
            answer = client.open(
                one.path.format(slug=slug),
                method=one.method,
                json=one.json,
                data=_form(one),
                headers={
                    "Authorization": f"Bearer {OPERATOR}",
                    "Accept": "text/html",
                    "Cookie": f"{COOKIE}={VISITOR.cookie}",
                },
                base_url="https://news.example",
            )
            assert answer.status_code == one.status, answer.get_data(as_text=True)

    if route.startswith("GET "):
        for store in (two.few, two.many):
            ask(store)  # what is done for the first that asks is done
    _compare(two, ask, MAY_READ_ALL.get(route, {}))


#: What processes do by the clock, or many times a second, with nothing to be done.
TICKS: dict[str, Callable[[GrownStore], object]] = {
    name: lambda store, name=name: store.jobs.timers[name]()
    for name in (
        SCAN,
        REGENERATE,
        PING,
        EMBARGO,
        CANARY,
        COMMANDS,
        BACKUP,
        SEARCH,
        FORGET,
        UPSTREAMS,
        UPSTREAM_PUSHES,
    )
} | {
    # Of SQLite alone, and of a server alone.
    STORE_LOG: lambda store: store.jobs.timers.get(STORE_LOG, lambda: None)(),
    STORE_NOTE: lambda store: store.jobs.timers.get(STORE_NOTE, lambda: None)(),
    UPKEEP: lambda store: end_lapsed_subscriptions(
        store.database, store.application.catalogue, now=utc_now()
    ),
    # In the first minute the timer checks nothing.
    ALARMS: lambda store: alarm_keeper(store.application).check(now=utc_now()),
    "status": lambda store: _read_for_status(store),  # noqa: PLW0108  # it stands below
    "verifications": lambda store: _look(verifications(store.application, worker="test")),
    "deliveries": lambda store: _look(deliveries(store.application, worker="test")),
}


def _read_for_status(store: GrownStore) -> None:
    with store.database.read() as tx:
        lateness(tx, store.settings, now=utc_now())
        tx.alarms.recent(since=utc_now(), limit=10)


def _look(dispatcher: object) -> None:
    dispatcher.run_until_idle()  # type: ignore[attr-defined]


def test_every_timer_is_called(two: Two) -> None:
    assert two.few.jobs.timers.keys() <= TICKS.keys()


@pytest.mark.parametrize("name", TICKS)
def test_a_timer_with_nothing_to_do_costs_nothing(two: Two, name: str) -> None:
    for store in (two.few, two.many):
        TICKS[name](store)  # what is done once a start, or an hour, is done

    _compare(two, TICKS[name])


def _compare(
    two: Two, ask: Callable[[GrownStore], object], may_read_all: Mapping[str, str] = {}
) -> None:
    works = []
    for store in (two.few, two.many):
        with metered(store.database) as statements:
            ask(store)
        works.append([one for one in statements if not any(m in one.text for m in may_read_all)])
    few, many = (sum(each.work for each in work) for work in works)
    little = LITTLE_STEPS if two.few.database.is_sqlite else LITTLE_ROWS
    assert many <= max(few * AT_MOST, few + little), _told(works[1])


def _told(statements: list[Statement]) -> str:
    worst = sorted(statements, key=lambda each: each.work, reverse=True)[:5]
    return "\n".join(f"{each.work} for {each.text}\n  {each.plan}" for each in worst)
