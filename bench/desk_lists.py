"""What the desk's lists cost in a large store: 10,000 releases that wait, 200,000 published.

The first page of the desk, and a page in the middle of what waits and of what is published, are
asked for by somebody who is signed in. The slowest of the three is compared with the public page
of `all`, which shows the newest releases, of the same store.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient

from bench.crowd import Crowd
from bench.figure import Figure, Unmeasurable, tell
from bench.office import OPENING
from bench.rounds import medians_ms, rounds_at, timed_ms
from feeds.model.intake import Embargo
from feeds.model.release import Content, Draft, Origin, ReleaseId, SourceKey
from feeds.model.user import User, UserRole
from feeds.store import migrate
from feeds.store.database import Database, Transaction
from service.application import CurrentApplication
from service.settings import Settings
from service.tokens import hash_of
from service.web import create_app
from service.web.desk.cursors import position_of
from service.web.desk.entrance import Visitor
from service.wiring import build_application

WAITING, PUBLISHED, CATEGORIES = 10_000, 200_000, 200

ROUNDS = 31

_BASE_URL = "http://127.0.0.1"
_ANNA = Visitor(key=b"key", id="anna")


class Asker:
    """Asks one newsroom for pages."""

    def __init__(self, client: FlaskClient, pages: dict[str, str]) -> None:
        self._client = client
        self.pages = pages  #: addresses, by name

    def ask(self, name: str) -> float:
        """Ask for a page. Milliseconds."""
        return timed_ms(lambda: self._ask(self.pages[name]))

    def _ask(self, path: str) -> None:
        cookie = f"communique-desk={_ANNA.cookie}"
        answer = self._client.get(path, headers={"Cookie": cookie}, base_url=_BASE_URL)
        if answer.status_code != HTTPStatus.OK:
            raise Unmeasurable(f"{path} answers {answer.status_code}")


def measure(scale: float) -> float:
    """The time of the slowest page of the desk over that of the public page of `all`."""
    with _filled(max(1, round(WAITING * scale)), max(1, round(CATEGORIES * scale))) as asker:
        turns = {name: lambda name=name: asker.ask(name) for name in asker.pages}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS))
    for name, taken_ms in medians.items():
        tell(f"{name}: {taken_ms:.2f} ms")
    public = "public page of all"
    slowest = max(medians.keys() - {public}, key=medians.__getitem__)
    return medians.over(slowest, public)


@contextmanager
def _filled(waiting: int, categories: int) -> Iterator[Asker]:
    crowd = Crowd(releases=categories * (PUBLISHED // CATEGORIES), categories=categories)
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'communique.db'}"
        database = Database.open(url)
        try:
            migrate.upgrade(database)
            crowd.fill(url)
            held = [_embargo(number) for number in range(waiting)]
            with database.transaction() as tx:
                tx.months.recount(ZoneInfo("UTC"), now=OPENING)
                tx.embargoes.hold(held)
                _sign_in(tx)
            settings = Settings.model_validate({"site": {"base_url": _BASE_URL}, "categories": []})
            application = build_application(settings, database)
            app = create_app(CurrentApplication(application), clock=lambda: OPENING, has_desk=True)
            ends = sorted((one.until, one.release_id) for one in held)
            until, release_id = ends[len(ends) // 2]
            middle = OPENING + timedelta(days=125)
            yield Asker(
                app.test_client(use_cookies=False),
                {
                    "public page of all": "/feeds/all",
                    "first page of the desk": "/desk",
                    "what waits": f"/desk/waiting?after={position_of(until, release_id)}",
                    "what is published": f"/desk/releases?after={position_of(middle, middle, 'x')}",
                },
            )
        finally:
            database.close()


def _sign_in(tx: Transaction) -> None:
    anna = User(name="anna", roles=tuple(UserRole), categories=None, made_at=OPENING)
    tx.users.add(anna, password_hash=None)
    tx.desk_key.provide(_ANNA.key)
    tx.sessions.begin(hash_of(_ANNA.id), anna.name, now=OPENING)


def _embargo(number: int) -> Embargo:
    until = OPENING + timedelta(days=300, minutes=number)
    content = Content(
        title="We shall announce something",
        body="<p>It is announced today. More will be said in time.</p>",
        summary="",
        language="en",
        published=until,
    )
    key = f"id:held-{number}"
    draft = Draft(source_key=SourceKey(key), origin=Origin(document="bench"), content=content)
    return Embargo(
        release_id=ReleaseId(f"urn:held:{number}"),
        draft=draft,
        until=until,
        held_since=OPENING,
        by="anna",
        slug=f"held-{number}",
    )


FIGURE = Figure(name="desk_lists", bound=5, measure=measure)
