"""Tries templates of the newsroom's own: makes each kind of page, of samples in an empty store."""

import json
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from uuid import NAMESPACE_URL, uuid5

from flask import Flask
from jinja2 import TemplateError

from feeds.ingest import read_documents
from feeds.model.feed import ALL
from feeds.model.intake import Intake
from feeds.model.release import Draft, ReleaseId
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from feeds.redirects import RedirectMap
from feeds.store import migrate
from feeds.store.database import Database
from service.application import Application, CurrentApplication
from service.settings import (
    ConfigFault,
    ConfigInvalid,
    Settings,
    SourceFile,
    SourceLocation,
    catalogue,
    intake_rules,
    nearest,
)
from service.web.app import create_app
from service.web.heritage import heritage_faults
from service.web.looks import SHIPPED, LooksCache, TemplateFault, fault_in

_KEY = "site.templates"

#: Names that begin with this are parts that other templates include, and replace nothing.
_PART = "_"

#: When the samples are published.
_NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)

#: Further pages. A search finds the samples, which are published in that month.
_OTHERS = (
    "/releases", "/releases/2026/01", "/nowhere", "/hub", "/hub/status",
    "/search", "/search?q=sample", "/search?q=none", "/search?q=%21",
)  # fmt: skip

#: Seconds of processor time for one page. The longest of the shipped ones takes a hundredth.
PAGE_WITHIN_S = 3.0

_IN_MEMORY = "sqlite:///:memory:"


class PageUnending(Exception):
    """A page took longer than any should."""

    def __init__(self) -> None:
        super().__init__(
            f"a page takes more than {PAGE_WITHIN_S:g} s of processor time; is there a loop within "
            "a loop?"
        )


def require_good_templates(settings: Settings) -> None:
    """Checks the templates of the newsroom's own.

    Raises:
        ConfigInvalid: A template is faulty; the error has the faults of all.
    """
    faults = list(template_faults(settings))
    if faults:
        raise ConfigInvalid(faults)


def template_faults(settings: Settings) -> Iterator[ConfigFault]:
    """Yields what is wrong with templates of the newsroom's own, each fault once."""
    own = settings.page_templates
    if not own:
        return
    yield from _unknown_names(own)
    found: dict[TemplateFault, None] = {}

    def note(fault: TemplateFault) -> None:
        found.setdefault(fault)

    database = Database.open(_IN_MEMORY)
    try:
        migrate.upgrade(database)
        application = _application(settings, database)
        app = create_app(
            CurrentApplication(application), clock=lambda: _NOW, has_hub=True, has_search=True,
            on_template_fault=note,
        )  # fmt: skip
        _compile(app, settings, own, note)
        if not found:
            _make_pages(app, application, is_faulty=lambda: bool(found))
    finally:
        database.close()
    for fault in found:
        place = SourceLocation(file=fault.path, line=fault.line)
        yield ConfigFault(place=place, path=_KEY, message=fault.reason)


def _unknown_names(own: Mapping[str, SourceFile]) -> Iterator[ConfigFault]:
    known = Flask("service.web").jinja_env.list_templates()
    for name, file in own.items():
        if name not in known and not name.startswith(_PART):
            yield ConfigFault(
                place=SourceLocation(file=file.path),
                path=_KEY,
                message="replaces no template of docs/pages.md; a part that other templates "
                f"include has a name that begins with {_PART!r}",
                suggestion=nearest(name, known),
            )


def _application(settings: Settings, database: Database) -> Application:
    described, numbers = catalogue(settings), count(1)

    def mint_id() -> ReleaseId:
        return ReleaseId(uuid5(NAMESPACE_URL, str(next(numbers))).urn)

    return Application(
        settings=settings,
        database=database,
        catalogue=described,
        rules=intake_rules(settings),
        newsroom=Newsroom(database, described, mint_id=mint_id),
        newsstand=Newsstand(database, described),
        redirects=RedirectMap((), described),
        clock=lambda: _NOW,
        measure=list,
    )


def _compile(
    app: Flask,
    settings: Settings,
    own: Mapping[str, SourceFile],
    note: Callable[[TemplateFault], None],
) -> None:
    """Reads each template: one that no page of the samples uses may be faulty, too."""
    environment = LooksCache(app, note).of(settings).environment
    read: list[str] = []
    for name in own:
        try:
            environment.get_template(name)
        except TemplateError as error:
            fault = fault_in(error, own)
            if fault is not None:
                note(fault)
        else:
            read.append(name)
    if len(read) < len(own):
        return
    shipped = app.jinja_env.list_templates()
    known = {*shipped, *own, *(f"{SHIPPED}/{name}" for name in shipped)}
    for name in read:
        for line, reason in heritage_faults(environment, name, known):
            note(TemplateFault(path=own[name].path, line=line, reason=reason))


def _make_pages(app: Flask, application: Application, is_faulty: Callable[[], bool]) -> None:
    """Requests each kind of page; faults are reported to the application's callback.

    Stops at a page that takes too long: others would, too.
    """
    application.newsroom.apply_catalogue(now=_NOW)
    client = app.test_client(use_cookies=False)

    def get(path: str) -> None:
        with _limited() as was_unending:
            client.get(path, headers={"Accept": "text/html"})
        if was_unending() and is_faulty():
            raise PageUnending

    empty = ["/", f"/feeds/{ALL}"]
    with suppress(PageUnending):
        for path in empty:
            get(path)
        for path in [*_take_in(application), *empty, *_OTHERS]:
            get(path)


@contextmanager
def _limited() -> Iterator[Callable[[], bool]]:
    """Raises `PageUnending` in the block, where it is after its time; yields whether that happened.

    By a signal, which tells the line that is at work. Only the main thread gets it; a page that
    another one makes is not limited.
    """
    happened: list[int] = []
    is_made = False

    def end(number: int, _frame: object) -> None:
        if not is_made:
            happened.append(number)
            raise PageUnending

    try:
        former = signal.signal(signal.SIGVTALRM, end)
    except ValueError:  # not the main thread
        yield lambda: False
        return
    # Again and again, because Python drops what is raised while it collects garbage.
    signal.setitimer(signal.ITIMER_VIRTUAL, PAGE_WITHIN_S, PAGE_WITHIN_S)
    try:
        yield lambda: bool(happened)
    finally:
        is_made = True
        # A signal that is on its way when the timer is stopped would end a process that has no
        # handler: it is waited for. To ignore it instead would have all children ignore it.
        others = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGVTALRM})
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if signal.SIGVTALRM in signal.sigpending():
            signal.sigwait({signal.SIGVTALRM})
        signal.signal(signal.SIGVTALRM, former or signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, others)


def _take_in(application: Application) -> list[str]:
    """Publishes the samples, corrects one and retracts one; returns the paths of their pages."""
    newsroom, taken = application.newsroom, []
    for minutes, documents in enumerate((_samples(application), _corrections(application))):
        lines = "\n".join(map(json.dumps, documents)).encode()
        read = read_documents(BytesIO(lines), document="samples.jsonl", rules=application.rules)
        drafts = [each for each in read if isinstance(each, Draft)]
        outcomes = newsroom.take_in(drafts, now=_NOW - timedelta(minutes=9 - minutes))
        taken += [each.release for each in outcomes if isinstance(each, Intake)]
    newsroom.retract(taken[1].id, reason="It was a sample.", by="trial", now=_NOW)
    stale = application.newsstand.stale(now=_NOW, worker="trial")
    application.newsstand.regenerate(stale, now=_NOW, worker="trial")
    slugs = list(dict.fromkeys(release.slug for release in taken))
    return [*(f"/releases/{slug}" for slug in slugs), f"/releases/{slugs[0]}/revisions/1"]


def _samples(application: Application) -> list[dict[str, object]]:
    """A release with all that there can be, two short ones, and a translation."""
    picture = {
        "url": "https://example.org/a.jpg", "type": "image/jpeg", "length": 1000, "title": "Title",
        "alt": "Words", "credit": "Somebody", "thumbnail": "https://example.org/b.jpg",
    }  # fmt: skip
    sound = {
        "url": "https://example.org/a.mp3", "type": "audio/mpeg", "length": 1000, "duration": 60,
    }  # fmt: skip
    rich: dict[str, object] = {
        "id": "sample-1", "title": "A sample", "body": "<p>Text.</p><h2>Notes to editors</h2>",
        "body_format": "html", "summary": "In short.", "published": "2026-01-01T12:00:00Z",
        "language": application.settings.site.language, "url": "https://example.org/1",
        "authors": [{"name": "Somebody", "url": "https://example.org/"}, "Nobody"],
        "enclosures": [picture, sound], "work": "sample", "place": "Geneva", "number": "1",
        "rights": "Rights", "license": "https://example.org/licence",
        "contacts": [{
            "name": "Somebody", "role": "Officer", "organisation": "Office", "phone": "+1 2 345678",
            "email": "a@example.org", "url": "https://example.org/",
        }, "Office"],
        "related": [{"url": "https://example.org/", "title": "Title"}, "https://example.org/x"],
        "categories": [each.title for each in application.catalogue.categories.values()][:3],
    }  # fmt: skip
    plain = {"title": "Another", "body": "Text.", "published": "2026-01-01T12:00:00Z"}
    other = "fr" if application.settings.site.language.startswith("ar") else "ar"
    translated = {**rich, "id": "sample-3", "title": "عينة", "language": other}
    return [rich, {**plain, "id": "sample-2"}, translated, {**plain, "id": "sample-4"}]


def _corrections(application: Application) -> list[dict[str, object]]:
    rich = _samples(application)[0]
    return [{**rich, "title": "A better sample", "correction": {"note": "The title was wrong."}}]
