"""Asks the application as a server would (PEP 3333), without a socket."""

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Application = Callable[..., Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the application answered."""

    status: int
    fields: tuple[tuple[str, str], ...]  #: in its order
    body: bytes

    def field(self, name: str) -> str | None:
        """A header field, by its name in whatever case."""
        return next((value for known, value in self.fields if known.lower() == name.lower()), None)


def ask(
    application: Application,
    path: str,
    fields: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
) -> Answer:
    """Ask for *path*, which is not encoded."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        begun.append((status, headers))

    body = application(_environ(method, path, fields or {}), start_response)
    try:
        content = b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    status, headers = begun[-1]
    return Answer(status=int(status.partition(" ")[0]), fields=tuple(headers), body=content)


def _environ(method: str, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields.items()},
    }
