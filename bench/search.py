"""What a search for two common words costs, over the newest page of all releases.

``search_p99``: in a store of 200,000 releases of 60 words each, drawn as words of a language are
(the n-th most frequent one in proportion to 1/n). Ours is the first page of hits for two of the
thirty most frequent words, each of which a fifth to all of the releases have: 200 such pairs, and
of their times the 99th percentile. The peer is the page of the feed ``all``, in the middle of as
many times. Both are made anew for each request, by the web application over SQLite.
``search_p99_postgres``: the same over PostgreSQL on this machine.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate, combinations
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from flask.testing import FlaskClient
from sqlalchemy import bindparam, insert, select, update

from bench.crowd import Crowd
from bench.figure import Figure, Unmeasurable, tell
from bench.rounds import timed_ms
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.schema import release_search, releases
from feeds.store.search import first_number
from service.application import CurrentApplication
from service.settings import parse, read_sources
from service.web import create_app
from service.wiring import build_application
from tests.support import postgres

RELEASES, RELEASES_A_CATEGORY = 200_000, 500
WORDS, WORDS_A_RELEASE, COMMON = 5_000, 60, 30
SEARCHES = 200

_FILES = {
    "communique.yaml": "site: {base_url: https://news.example, title: News}\n"
    "intake: {folders: []}\nsearch: {requests_per_minute: 100000, burst: 100000}\n",
    "categories.yaml": "categories: [{slug: category-0, title: News}]\n",
}

_VOCABULARY = [f"w{number:04}" for number in range(WORDS)]
_WEIGHTS = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))

_REWRITE = (
    update(releases).where(releases.c.id == bindparam("one")).values(body=bindparam("written"))
)


def measure(scale: float) -> float:
    """The 99th percentile of searches over the page in the middle, on SQLite."""
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        return _measure(f"sqlite:///{Path(folder) / 'communique.db'}", scale)


def measure_postgres(scale: float) -> float:
    """The same on PostgreSQL."""
    programs = postgres.binaries()
    if programs is None:
        raise Unmeasurable("no PostgreSQL server: apt-get install postgresql")
    with postgres.server(programs) as server:
        return _measure(server.replace("postgresql:", "postgresql+psycopg:", 1), scale)


def _measure(url: str, scale: float) -> float:
    count = max(RELEASES_A_CATEGORY, round(RELEASES * scale))
    with (
        TemporaryDirectory(prefix="communique-bench-") as folder,
        closing(Database.open(url)) as database,
    ):
        migrate.upgrade(database)
        client = _client(Path(folder), database)
        Crowd(releases=count, categories=count // RELEASES_A_CATEGORY).fill(url)
        _write_texts(database)
        searched, shown = _times(client, max(10, round(SEARCHES * min(1, scale * 10))))
    slow = sorted(searched)[int(len(searched) * 0.99)]
    tell(
        f"{count} releases: {slow:.2f} ms for a search in a hundred, {median(searched):.2f} in the "
        f"middle; {median(shown):.2f} ms for the page of all"
    )
    return slow / median(shown)


def _client(folder: Path, database: Database) -> FlaskClient:
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    sources = read_sources(Path("communique.yaml"), environ={}, overrides=[], working_folder=folder)
    application = build_application(parse(sources), database)
    application.newsroom.apply_catalogue(now=application.clock())
    app = create_app(CurrentApplication(application), has_search=True)
    return app.test_client(use_cookies=False)


def _write_texts(database: Database) -> None:
    """Give each release a text of its own, and index them all at once."""
    random = Random(0)  # the same at every run
    with database.transaction() as tx:
        found = tx.connection.execute(select(releases.c.id, releases.c.published)).all()
        texts = [
            random.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=WORDS_A_RELEASE) for _ in found
        ]
        bodies = [f"<p>{' '.join(words)}</p>" for words in texts]
        rewritten = zip(found, bodies, strict=True)
        tx.connection.execute(
            _REWRITE, [{"one": row.id, "written": body} for row, body in rewritten]
        )
        indexed = [
            {
                "number": first_number(row.published),
                "release_id": row.id,
                "terms": " ".join(words) if database.is_sqlite else _vector(words),
                "digest": "",
            }
            for row, words in zip(found, texts, strict=True)
        ]
        tx.connection.execute(insert(release_search), indexed)
        tx.search.make_full_text_anew()
    if not database.is_sqlite:
        # As the server does by itself, some time after so much was written.
        with database.transaction() as tx:
            tx.connection.exec_driver_sql("ANALYZE")


def _vector(words: list[str]) -> str:
    """Writes words as PostgreSQL's ``tsvector``."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, start=1):
        places.setdefault(word, []).append(str(place))
    return " ".join(f"{word}:{','.join(where)}" for word, where in places.items())


def _times(client: FlaskClient, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each search, and of each page, in turn."""
    pairs = list(combinations(_VOCABULARY[:COMMON], 2))
    Random(0).shuffle(pairs)
    searched, shown = [], []
    for path in _warmed(client, pairs[:count]):
        searched.append(timed_ms(lambda path=path: _ask(client, path)))  # type: ignore[misc]
        shown.append(timed_ms(lambda: _ask(client, "/feeds/all")))
    return searched, shown


def _warmed(client: FlaskClient, pairs: list[tuple[str, str]]) -> Iterator[str]:
    paths = [f"/search?q={one}+{other}" for one, other in pairs]
    for path in (*paths[:3], "/feeds/all"):
        _ask(client, path)
    yield from paths


def _ask(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    if answer.status_code != 200 or answer.data.count(b'<li class="entry">') < 10:
        raise Unmeasurable(f"{path} shows no ten releases: {answer.status}")


FIGURES = (
    Figure(name="search_p99", bound=20, measure=measure),
    Figure(name="search_p99_postgres", bound=20, measure=measure_postgres),
)
