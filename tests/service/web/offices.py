"""A small newsroom for the web: its catalogue, and real releases of the shipped samples."""

import time as clock
from collections.abc import Callable
from contextlib import ExitStack
from datetime import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.ingest import IntakeRules, read_documents
from feeds.model.feed import ALL, Category, Feed, Site, Window
from feeds.model.release import Draft, Person
from feeds.store.changes import Changes
from service.export import ExportResult, ExportRun, Folder
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, create_app
from tests.support.newsrooms import COOPERATION, Office
from tests.support.nginx import over_export
from tests.support.postgres import fastest_folder
from tests.support.ready_stores import make_sqlite
from tests.support.wire_server import Forwarded, make_server, port_of, running

SAMPLES = Path(__file__).parents[3] / "config" / "samples"
PRESS_OFFICE = Person(name="Press Office")
HUBS = ("https://hub.example/", "https://push.example/hub?a=1&b=2")

SITE = Site(
    base_url="https://news.example.org",
    title="Office of Public Information",
    subtitle="Press releases & statements",
    language="en",
    author=PRESS_OFFICE,
    rights="© Office of Public Information",
)

CATEGORIES = (
    Category(slug="cooperation", title=COOPERATION),
    Category(slug="lessons", title="دروس"),
    Category(slug="nothing-yet", title="Nothing “yet” & <never>"),
)


def feed_of(slug: str, title: str, **settings: object) -> Feed:
    described: dict[str, object] = {
        "slug": slug,
        "title": title,
        "description": f"Releases under {title}",
        "language": "en",
        "author": PRESS_OFFICE,
        "any_of": () if slug == ALL else (slug,),
    }
    return Feed(**{**described, **settings})  # type: ignore[arg-type]


CATALOGUE = Catalogue(
    SITE,
    CATEGORIES,
    [
        feed_of(ALL, "All releases", hubs=HUBS, window=Window(entries=200, days=1, bytes=400_000)),
        feed_of("cooperation", COOPERATION, ttl_minutes=15, hubs=HUBS, group="Subjects"),
        feed_of("lessons", "دروس", language="ar", group="Languages"),
        feed_of("nothing-yet", "Nothing “yet” & <never>", group="Subjects"),
    ],
)


def read_sample(name: str, *, limit: int = 20) -> list[Draft]:
    """Read the first releases of a shipped sample, through the real intake."""
    rules = IntakeRules(
        base_url=SITE.home, language="en", time_zone=ZoneInfo("UTC"), time_of_day=time(12)
    )
    with (SAMPLES / name).open("rb") as stream:
        read = list(islice(read_documents(stream, document=name, rules=rules), limit))
    return [draft for draft in read if isinstance(draft, Draft)]


def open_office(folder: Path, described: Catalogue = CATALOGUE) -> Office:
    """Open a newsroom over a new SQLite file; nothing is published yet."""
    return Office(make_sqlite(folder / "news.db"), described)


def ask_application(office: Office, closing: ExitStack) -> Client:
    """A client of the Flask application alone."""
    return Client(create_app(office.current), use_cookies=False)


def ask_memory(office: Office, closing: ExitStack) -> Client:
    """A client of the layer before it, which looks at the store at each request."""
    changes = Changes(office.database, of_documents=True)
    closing.callback(changes.close)
    document_cache = DocumentCache(
        detector=ChangeDetector(changes, clock=clock.monotonic, poll_every_s=0)
    )
    front = CacheMiddleware(
        create_app(office.current, document_cache),
        current=office.current,
        document_cache=document_cache,
    )
    return Client(front, use_cookies=False)


def ask_export(office: Office, closing: ExitStack) -> Client:
    """A client of nginx over the newsroom as it was exported just now."""
    # Not in pytest's folders: nginx's workers are another user, who may not look in there.
    root = Path(closing.enter_context(TemporaryDirectory(prefix="export", dir=fastest_folder())))
    root.chmod(0o755)
    folder = Folder(root / "public", site_url=office.catalogue.site.base_url)
    outcomes = list(ExportRun(office.application, folder, create_app(office.current)).outcomes())
    assert {outcome.result for outcome in outcomes} == {ExportResult.WRITTEN}
    return Client(closing.enter_context(over_export(folder.root)), use_cookies=False)


def serve_wire(office: Office, closing: ExitStack) -> int:
    """The whole server, in front of a newsroom that does not change; the port it listens at."""
    changes = Changes(office.database, of_documents=True)
    closing.callback(changes.close)
    document_cache = DocumentCache(detector=ChangeDetector(changes, clock=clock.monotonic))
    server = make_server(
        CacheMiddleware(
            create_app(office.current, document_cache),
            current=office.current,
            document_cache=document_cache,
        )
    )
    closing.enter_context(running(server))
    return port_of(server)


def ask_wire(office: Office, closing: ExitStack) -> Client:
    """A client of the whole server, over a socket."""
    return Client(Forwarded(serve_wire(office, closing)), use_cookies=False)


#: Both layers, which answer alike; by the name that a test is told under.
LAYERS: dict[str, Callable[[Office, ExitStack], Client]] = {
    "application": ask_application,
    "memory": ask_memory,
}

#: Who answers readers: the same checks pass against all. Over the wire, an answer may be as old as
#: the watch's lease.
READERS = {**LAYERS, "wire": ask_wire, "nginx": ask_export}
