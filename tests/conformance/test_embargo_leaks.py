"""An embargoed release is nowhere before its minute, whatever is asked, and then everywhere.

The newsroom is asked by every address of the application's own table, and exported; its log and
its outbox are read. A word stands in everything that the release says of itself, and an address
that is new is asked, too: `ADDRESSES` has to know each rule.
"""

import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, Deltas, Format
from feeds.model.intake import Embargo
from feeds.model.listing import PingState
from feeds.model.months import Month
from feeds.model.release import ReleaseId
from feeds.model.token import Action, Token
from feeds.newsroom import Newsroom as ReleasesIn
from feeds.revision import mint_slug
from service import logs
from service.export import ExportResult, ExportRun, Folder
from service.jobs.folders import Folders
from service.jobs.regular import release_due
from service.settings import ApiSettings
from service.tokens import hash_of, make_token
from service.web import create_app
from tests.service.jobs.test_folders import RULES
from tests.service.web.offices import SITE, open_office
from tests.support.hub_rooms import HubRoom
from tests.support.newsrooms import NOON, WINDOW_OF_TWO, Office, draft, feed, later
from tests.support.pictures import PNG

WORD = "zanzibarite"
#: Of its picture, which is stored before anybody may see it.
PICTURE = f"/media/{sha256(PNG).hexdigest()}/{WORD}.png"
MINUTE = later(minutes=30)
SECRET_ID = ReleaseId("urn:uuid:5ec4e75e-0000-4000-8000-000000000001")
HUB = "https://hub.example/"

#: The third one's only release is under embargo.
CATEGORIES = ("finance", "health", "minerals")


def _lists(*, by_feed: bool, by_language: bool, by_part: bool) -> list[dict[str, object]]:
    """What varies in the address of a list of a month: that of the release, and a former one."""
    feeds: list[dict[str, object]] = [{"slug": slug} for slug in ("minerals", "health")]
    languages: list[dict[str, object]] = [{"language": tag} for tag in ("mt", "en")]
    parts: list[dict[str, object]] = [{"number": 1}]
    return [
        {"month": month} | feed | language | part
        for month in (Month(MINUTE.year, MINUTE.month), Month(2025, 3))
        for feed in (feeds if by_feed else [{}])
        for language in (languages if by_language else [{}])
        for part in (parts if by_part else [{}])
    ]


#: What stands for the parts of each address that vary.
ADDRESSES: Mapping[str, Callable[[str, int], list[dict[str, object]]]] = {
    "/": lambda *_: [{}],
    "/feeds/<slug:slug>": lambda *_: [{"slug": slug} for slug in (*CATEGORIES, ALL, WORD)],
    "/feeds/<slug:slug>.<format:feed_format>": lambda *_: [
        {"slug": slug, "feed_format": each} for slug in (*CATEGORIES, ALL, WORD) for each in Format
    ],
    "/feeds/<slug:slug>/archive/<number:number>.<format:feed_format>": lambda *_: [
        {"slug": slug, "number": number, "feed_format": each}
        for slug in (*CATEGORIES, ALL)
        for number in (1, 2, 3)
        for each in Format
    ],
    "/releases/<slug:slug>": lambda slug, _: [{"slug": one} for one in (slug, "old-page", WORD)],
    "/releases/<slug:slug>/revisions/<number:number>": lambda slug, _: [
        {"slug": one, "number": number} for one in (slug, "old-page", WORD) for number in (1, 2)
    ],
    "/media/<digest:digest>/<slug:name>": lambda *_: [
        {"digest": digest, "name": name}
        for digest in (sha256(PNG).hexdigest(), "0" * 64)
        for name in (f"{WORD}.png", "another.png")
    ],
    "/releases": lambda *_: [{}],
    **{
        f"{start}/<month:month>{language}{part}": partial(
            lambda *_, **varies: _lists(**varies),
            by_feed="slug" in start,
            by_language=bool(language),
            by_part=bool(part),
        )
        for start in ("/releases", "/feeds/<slug:slug>")
        for language in ("", "/<language:language>")
        for part in ("", "/page/<number:number>")
    },
    "/feeds.opml": lambda *_: [{}],
    "/sitemap.xml": lambda *_: [{}],
    "/sitemap-<int:number>.xml": lambda *_: [{"number": number} for number in (1, 0, 2)],
    "/news-sitemap.xml": lambda *_: [{}],
    "/search": lambda *_: [{"q": WORD}, {"q": "affair"}, {}],
    "/search.<format:feed_format>": lambda *_: [
        {"feed_format": Format.ATOM, "q": words} for words in ("affair", WORD)
    ],
    "/opensearch.xml": lambda *_: [{}],
    "/hub": lambda *_: [{}],
    "/cloud/pleaseNotify": lambda *_: [{}],
    "/hub/status": lambda *_: [{}],
    "/hub/status/subscribers": lambda *_: [{}],
    "/hub/canary/<token>": lambda *_: [{"token": WORD}],
    "/hub/upstream/<token>": lambda *_: [{"token": WORD}],
    "/metrics": lambda *_: [{}],
    "/livez": lambda *_: [{}],
    "/readyz": lambda *_: [{}],
    "/static/<hashed_name>": lambda *_: [],
    "/favicon.ico": lambda *_: [{}],
    "/robots.txt": lambda *_: [{}],
    "/reader-check": lambda *_: [{}],
    "/redirects": lambda *_: [{}],
    "/api/v1/readers": lambda *_: [{}],
    "/api/v1/openapi.json": lambda *_: [{}],
    "/api/v1/media": lambda *_: [{}],
    "/api/v1/releases": lambda *_: [
        {},
        {"limit": 200, "order": "oldest"},
        {"category": "minerals"},
    ],
    "/api/v1/embargoes": lambda *_: [{}, {"limit": 200}],
    "/api/v1/embargoes/<key:key>/lift": lambda *_: KEYS,
    **{f"/api/v1/{kind}/<key:key>": lambda *_: KEYS for kind in ("releases", "embargoes")},
}

#: What a release may be called in the API: what waits, what it corrects, and neither.
KEYS: list[dict[str, object]] = [
    {"key": key} for key in ("m1", "public", "7", "none", SECRET_ID, WORD)
]

#: The API's methods, without a body. A PUT would need one, and answers 415.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

Seen = dict[tuple[str, str], tuple[int, list[tuple[str, str]], bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    """A newsroom with a past, what its readers hold, and what it says."""

    office: Office
    app: Flask
    inbox: Path
    public: Path
    log: io.StringIO
    tags: Mapping[str, str]  #: of former documents, by path
    tokens: Mapping[str, str]  #: of those who may not see it, by name

    def read_folders(self, now: datetime) -> None:
        """What the service does with a document that is dropped into its folder."""
        folders = Folders(
            self.office.database,
            self.office.newsroom,
            RULES,
            folders=[self.inbox],
            settle_s=0,
            now=lambda: now,
        )
        folders.scan()
        folders.scan()

    def drop(self, *, key: str, published: datetime = MINUTE) -> None:
        """Drop the document whose every word is secret."""
        record = {
            "id": key,
            "title": f"The {WORD} affair",
            "body": f'<p>Of {WORD}.</p><p><img src="{SITE.base_url}{PICTURE}" alt="It"></p>',
            "body_format": "html",
            "summary": f"All about {WORD}.",
            "published": published.isoformat(),
            "embargoed_until": MINUTE.isoformat(),
            "language": "mt",
            "url": f"https://elsewhere.example/{WORD}",
            "authors": [f"{WORD} desk"],
            "categories": ["Minerals", f"{WORD} studies"],
        }
        path = self.inbox / f"{WORD}.json"
        path.write_text(json.dumps(record), encoding="utf-8")

    def look(self, slug: str) -> Seen:
        """All that anybody can be answered, at every address, in several ways of asking."""
        client = self.app.test_client(use_cookies=False)
        seen: Seen = {}
        adapter = self.app.url_map.bind("news.example.org", url_scheme="https")
        # Each method of the API has a rule of its own.
        endpoints = {rule.rule: rule.endpoint for rule in self.app.url_map.iter_rules()}
        for rule, endpoint in endpoints.items():
            for number, values in enumerate(ADDRESSES[rule](slug, 0)):
                path = adapter.build(endpoint, values)
                # How a page answers a way of asking is not a matter of its parts: the most telling
                # ones, which are first, are asked for in each, as is each feed.
                is_feed = rule.startswith("/feeds/") and values.keys() <= {"slug", "feed_format"}
                ways = self._ways(path, in_all=number == 0 or is_feed)
                for way, (method, headers) in ways.items():
                    answer = client.open(path, method=method, headers=headers)
                    fields = [(k, v) for k, v in answer.headers.items() if k != "Date"]
                    seen[path, way] = (answer.status_code, fields, answer.data)
        return seen

    def _ways(self, path: str, *, in_all: bool) -> dict[str, tuple[str, dict[str, str]]]:
        if path.startswith("/api/"):
            return {
                f"{method} by {who}": (method, {"Authorization": f"Bearer {token}"})
                for method in METHODS
                for who, token in self.tokens.items()
                if in_all or who != "nobody"
            }
        ways = self._ways_to_get(path) if in_all else {"plain": {}}
        return {way: ("GET", headers) for way, headers in ways.items()}

    def _ways_to_get(self, path: str) -> dict[str, dict[str, str]]:
        tag = self.tags.get(path, '"none"')
        return {
            "plain": {},
            "a person": {"Accept": "text/html"},
            "a program": {"Accept": "application/json"},
            "compressed": {"Accept-Encoding": "gzip"},
            "conditional": {"If-None-Match": tag},
            "a delta": {"If-None-Match": tag, "A-IM": "feed"},
        }

    def export(self) -> list[ExportResult]:
        """Export the public site; what became of each address."""
        folder = Folder(self.public, site_url=SITE.base_url)
        return [
            outcome.result
            for outcome in ExportRun(self.office.application, folder, self.app).outcomes()
        ]

    def exported(self) -> dict[Path, bytes]:
        """All files of the export."""
        return {path: path.read_bytes() for path in self.public.rglob("*") if path.is_file()}

    def pings(self) -> list[PingState]:
        """The outbox."""
        with self.office.database.read() as tx:
            return tx.pings.listed()

    def waiting(self) -> Embargo:
        """What waits; for ops."""
        [embargo] = self.office.newsroom.embargoes.all()
        return embargo


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


#: Holders of tokens that may not see it: another press office, and one that may not publish.
OTHERS: Mapping[str, tuple[tuple[Action, ...], tuple[str, ...] | None]] = {
    "another desk": ((Action.READ, Action.PUBLISH), ("finance", "health")),
    "a reader": ((Action.READ, Action.OPERATE), None),
}


def _add_token(office: Office, who: str) -> str:
    text, (actions, categories) = make_token(), OTHERS[who]
    token = Token(name=who, actions=actions, categories=categories, made_at=NOON)
    with office.database.transaction() as tx:
        tx.tokens.add(token, hash_hex=hash_of(text))
    return text


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    """Two editions with archives, and readers that hold the first one."""
    log = io.StringIO()
    logs.configure("info", "json", log)
    own = [Category(slug=slug, title=slug.capitalize()) for slug in CATEGORIES]
    settings = {"hubs": (HUB,), "window": WINDOW_OF_TWO, "deltas": Deltas()}
    described = Catalogue(
        SITE,
        own,
        [feed(ALL, **settings), *(feed(slug, **settings) for slug in CATEGORIES)],
    )
    office = open_office(tmp_path, described)
    HubRoom(office, tmp_path)  # configures the hub
    often = office.settings.search.model_copy(update={"burst": 100_000})
    office.change(settings=office.settings.model_copy(update={"search": often}))
    unlimited = ApiSettings(burst=100_000)
    office.change(settings=office.settings.model_copy(update={"api": unlimited}))
    app = create_app(office.current, has_hub=True, has_search=True, has_api=True)
    past = [
        draft(f"id:{number}", "Finance" if number % 2 else "Health", title=f"Release {number}",
              published=NOON - timedelta(days=400 - number))
        for number in range(240)
    ]  # fmt: skip
    office.add(*past, now=later(days=-100))
    office.publish(now=later(days=-100))
    client = app.test_client(use_cookies=False)
    paths = [f"/feeds/{slug}.{each}" for slug in (ALL, *CATEGORIES) for each in Format]
    tags = {path: client.get(path).headers["ETag"] for path in paths}
    office.add(draft("id:public", "Finance", title="A public affair"), now=later(minutes=-1))
    office.publish(now=later(minutes=-1))
    office.index()
    office.application.media.add(io.BytesIO(PNG), name=f"{WORD}.png", by="test")
    office.newsroom = ReleasesIn(office.database, described, mint_id=lambda: SECRET_ID)
    inbox, public = tmp_path / "inbox", tmp_path / "public"
    inbox.mkdir()
    tokens = {who: _add_token(office, who) for who in OTHERS} | {"nobody": "none"}
    yield Newsroom(
        office=office,
        app=app,
        inbox=inbox,
        public=public,
        log=log,
        tags=tags,
        tokens=tokens,
    )
    office.database.close()


def secrets_of(embargo: Embargo, slug: str) -> list[bytes]:
    """What must stand nowhere."""
    uuid = embargo.release_id.rpartition(":")[2]
    return [part.encode() for part in (WORD, uuid, slug, embargo.draft.source_key)]


def assert_silent(where: str, said: bytes, secrets: list[bytes]) -> None:
    """Assert that none of them is said, in whatever case."""
    for secret in secrets:
        assert secret.lower() not in said.lower(), f"{secret!r} at {where}"


def test_every_address_is_asked(newsroom: Newsroom) -> None:
    """The leak test would know nothing of an address that is not in its table."""
    assert {rule.rule for rule in newsroom.app.url_map.iter_rules()} == set(ADDRESSES)
    seen = newsroom.look("no-such-release")
    answered = {path for (path, _), (status, *_) in seen.items() if status == 200}
    assert "/feeds/finance/archive/1.atom" in answered
    assert {"/sitemap.xml", "/releases/2025/03", "/feeds/health/2025/03"} <= answered
    assert {status for status, *_ in seen.values()} >= {200, 226, 304, 404}


def test_a_release_is_nowhere_before_its_minute_and_then_everywhere(newsroom: Newsroom) -> None:
    office = newsroom.office
    newsroom.drop(key="m1")
    slug = mint_slug(f"The {WORD} affair", SECRET_ID)
    before, pings, known = newsroom.look(slug), newsroom.pings(), newsroom.log.getvalue()
    assert ExportResult.WRITTEN in newsroom.export()
    files = newsroom.exported()

    newsroom.read_folders(now=NOON)
    embargo = newsroom.waiting()
    secrets = secrets_of(embargo, slug)
    for now in (NOON, MINUTE - timedelta(seconds=1)):
        assert release_due(office.newsroom, now=now) == 0
        assert office.publish(now=now) == {}
        newsroom.read_folders(now=now)  # read again: nothing is told of what is unchanged, either
        office.index()
    seen = newsroom.look(slug)
    assert seen == before
    for (path, way), (_, fields, body) in seen.items():
        # A problem names what was asked for.
        if not any(name in path for name in (slug, WORD, SECRET_ID)):
            assert_silent(f"{path} for {way}", body + repr(fields).encode(), secrets)
    assert seen[f"/releases/{slug}", "plain"][0] == 404
    assert seen[PICTURE, "plain"][0] == 404
    assert newsroom.pings() == pings
    assert set(newsroom.export()) == {ExportResult.UNCHANGED}
    assert newsroom.exported() == files
    for file, content in files.items():
        assert_silent(str(file), str(file).encode() + content, secrets)
    said = newsroom.log.getvalue()
    assert_silent("the log", said.encode(), [*secrets, b'"mt"'])
    assert [json.loads(line)["event"] for line in said.removeprefix(known).splitlines()] == [
        "documents under embargo"
    ]
    with office.database.read() as tx:
        assert tx.releases.count() == 241
        assert tx.releases.count(is_unfiled=True) == 0

    assert release_due(office.newsroom, now=MINUTE) == 1
    assert office.publish(now=MINUTE) == {"all": 3, "minerals": 2}
    office.index()
    everywhere = newsroom.look(slug)
    for path in (
        *("/", "/sitemap-1.xml", f"/releases/{slug}"),
        *("/search?q=affair", f"/search.atom?q={WORD}"),
        *("/releases/2026/03", "/releases/2026/03/mt", "/feeds/minerals/2026/03"),
        *(f"/feeds/{one}.{each}" for one in ("all", "minerals") for each in Format),
    ):
        status, _, body = everywhere[path, "plain"]
        assert (status, WORD in body.decode()) == (200, True), path
    assert everywhere[PICTURE, "plain"][::2] == (200, PNG)
    assert WORD in everywhere["/feeds/minerals", "a person"][2].decode()
    for each in Format:
        status, fields, body = everywhere[f"/feeds/all.{each}", "a delta"]
        assert (status, WORD in body.decode()) == (226, True)
        assert everywhere[f"/feeds/minerals.{each}", "conditional"][0] == 200
    assert ExportResult.WRITTEN in newsroom.export()
    assert any(WORD.encode() in content for content in newsroom.exported().values())
    assert PNG in newsroom.exported().values()
    waiting = {ping.feed for ping in newsroom.pings() if ping.edition > ping.told_edition}
    assert {"all", "minerals"} <= waiting
    assert newsroom.pings() != pings


def test_a_correction_is_nowhere_before_its_minute(newsroom: Newsroom) -> None:
    office = newsroom.office
    public = office.newsroom.release("id:public").release
    slug = public.slug
    before, pings = newsroom.look(slug), newsroom.pings()
    assert ExportResult.WRITTEN in newsroom.export()
    newsroom.drop(key="public", published=public.content.published)
    newsroom.read_folders(now=NOON)
    assert release_due(office.newsroom, now=MINUTE - timedelta(seconds=1)) == 0
    assert office.publish(now=MINUTE - timedelta(seconds=1)) == {}
    assert newsroom.look(slug) == before
    assert newsroom.pings() == pings
    assert set(newsroom.export()) == {ExportResult.UNCHANGED}
    assert WORD not in newsroom.log.getvalue()

    assert release_due(office.newsroom, now=MINUTE) == 1
    assert set(office.publish(now=MINUTE)) == {"all", "finance", "minerals"}
    everywhere = newsroom.look(slug)
    for path in (f"/releases/{slug}", "/feeds/all.atom", "/feeds/minerals.json"):
        assert WORD in everywhere[path, "plain"][2].decode()
    assert everywhere[PICTURE, "plain"][::2] == (200, PNG)
    assert "A public affair" not in everywhere["/feeds/finance.rss", "plain"][2].decode()


def test_what_is_refused_under_embargo_is_kept_for_ops_and_no_more(newsroom: Newsroom) -> None:
    """A document whose embargo is a slip is not public, and not stored."""
    newsroom.drop(key="m1")
    path = newsroom.inbox / f"{WORD}.json"
    slip = path.read_text(encoding="utf-8").replace("embargoed_until", "embargo_until")
    path.write_text(slip, encoding="utf-8")
    before = newsroom.look("no-such-release")
    newsroom.read_folders(now=MINUTE)
    assert len(newsroom.office.newsroom.refusals()) == 1
    assert newsroom.office.newsroom.embargoes.all() == []
    assert newsroom.look("no-such-release") == before
