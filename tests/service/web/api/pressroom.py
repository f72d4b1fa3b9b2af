"""A newsroom with its API behind the server as it ships, and clients that hold tokens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from feeds.model.token import Action, Token
from feeds.newsroom import Newsroom
from feeds.store.database import Database
from service.settings import ApiSettings
from service.tokens import hash_of, make_token
from service.web import CacheMiddleware, DocumentCache, create_app
from tests.support.newsrooms import NOON, Office
from tests.support.ready_stores import make_sqlite
from tests.support.wire_server import make_server, port_of, running

ROOT = "/api/v1"
RECORD: dict[str, Any] = {
    "title": "A treaty is signed",
    "body": "<p>It was signed today, and everybody was there to see it being signed.</p>",
    "body_format": "html",
    "published": "2026-03-02T11:00:00+00:00",
    "categories": ["Finance"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]  #: by lower-case name
    body: bytes

    @property
    def json(self) -> Any:
        """The value in it."""
        return json.loads(self.body)


class Pressroom:
    """The state of an API, a clock that is set by hand, and tokens."""

    def __init__(self, database: Database) -> None:
        self.office = Office(database)
        self.database = database
        self.api = ApiSettings(burst=100_000)
        self.now = NOON
        self.seconds = 0.0
        self.port = 0
        self.token = self.make_token("everything")

    @property
    def newsroom(self) -> Newsroom:
        """Releases in."""
        return self.office.newsroom

    @property
    def api(self) -> ApiSettings:
        """What callers may do."""
        return self.office.settings.api

    @api.setter
    def api(self, limits: ApiSettings) -> None:
        self.office.change(settings=self.office.settings.model_copy(update={"api": limits}))

    def make_token(
        self,
        name: str,
        *actions: Action,
        categories: tuple[str, ...] | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """The text of a new token; for every action, unless told otherwise."""
        text = make_token()
        token = Token(
            name=name,
            actions=actions or tuple(Action),
            categories=categories,
            made_at=NOON,
            expires_at=expires_at,
        )
        with self.database.transaction() as tx:
            tx.tokens.add(token, hash_hex=hash_of(text))
        return text

    def ask(
        self,
        method: str,
        path: str,
        value: object = None,
        *,
        token: str | None = "",
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Ask over the socket, with the token for everything unless another one is given."""
        fields = {name.replace("_", "-"): text for name, text in headers.items()}
        if token is not None:
            fields.setdefault("Authorization", f"Bearer {token or self.token}")
        if value is not None:
            body = json.dumps(value).encode()
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, ROOT + path, body=body, headers=fields)
            answer = connection.getresponse()
            told = {name.lower(): text for name, text in answer.getheaders()}
            return Answer(status=answer.status, headers=told, body=answer.read())
        finally:
            connection.close()

    def put(self, key: str = "2026-17", /, **changes: object) -> Answer:
        """Put the usual record, with *changes*; one that is ``...`` is left out."""
        record = {name: value for name, value in (RECORD | changes).items() if value is not ...}
        return self.ask("PUT", f"/releases/{key}", record)

    def etag(self, key: str = "2026-17") -> str:
        """The entity tag of a release."""
        return self.ask("GET", f"/releases/{key}").headers["etag"]


@contextmanager
def open_pressroom(path: Path) -> Iterator[Pressroom]:
    """A newsroom over a new database, and a server before it."""
    database = make_sqlite(path)
    with served(Pressroom(database)) as room:
        yield room
    database.close()


@contextmanager
def served(room: Pressroom) -> Iterator[Pressroom]:
    """A newsroom with a server before it."""
    document_cache = DocumentCache()
    app = create_app(room.office.current, document_cache, clock=lambda: room.now, has_api=True)
    server = make_server(
        CacheMiddleware(app, current=room.office.current, document_cache=document_cache)
    )
    with running(server):
        room.port = port_of(server)
        yield room
