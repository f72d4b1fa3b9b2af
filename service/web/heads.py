"""The heads of requests as they came over the wire, and what of them decides an answer."""

from typing import Any
from urllib.parse import unquote_to_bytes

from service.http_rules import MODE_FIELD

#: A field's name and value, as sent.
Line = tuple[bytes, bytes]

#: Method, target and lines. What `UNHEARD` names may be left out.
Head = tuple[bytes, bytes, tuple[Line, ...]]

#: What is looked at here.
_NAMES = (
    "A-IM",
    "Accept",
    "Accept-Encoding",
    "If-None-Match",
    "If-Modified-Since",
    "If-Match",
    "If-Unmodified-Since",
    "Range",
    "If-Range",
    MODE_FIELD,
)
#: With these a request is more than a question: it has a body, or wants another protocol.
_MORE_NAMES = ("Content-Length", "Transfer-Encoding", "Expect", "Upgrade")

_MORE = "more"

#: By name in lower case, as PEP 3333 calls them.
_KEYS = {
    **{name.lower().encode(): f"HTTP_{name.upper().replace('-', '_')}" for name in _NAMES},
    **{name.lower().encode(): _MORE for name in _MORE_NAMES},
}

#: What nearly all requests say, and differently, and nobody looks at here: in the two ways in which
#: clients spell it. Without them, the heads of many readers are one.
UNHEARD = frozenset(
    spelt.encode()
    for name in ("Host", "User-Agent", "Connection")
    for spelt in (name, name.lower())
)

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


def question_of(head: Head) -> dict[str, Any] | None:
    """Read what decides the answer to a GET or HEAD, as a WSGI environment has it (PEP 3333).

    Returns:
        None when there is more to this request than a question.
    """
    sent_method, target, lines = head
    method = _METHODS.get(sent_method)
    if method is None:
        return None
    sent_path, _, query = target.partition(b"?")
    path = unquote_to_bytes(sent_path).decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query.decode("latin-1"),
    }
    for name, value in lines:
        key = _KEYS.get(name.lower())
        if key is None:
            continue
        if key is _MORE or key in environ:  # or of several lines, which are to be joined
            return None
        environ[key] = value.decode("latin-1")
    return environ


def size_of(head: Head) -> int:
    """Say how many bytes it holds."""
    method, target, lines = head
    return len(method) + len(target) + sum(len(name) + len(value) for name, value in lines)
