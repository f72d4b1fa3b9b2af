"""Answers ready to be sent: as WSGI wants them (PEP 3333), and as they go over the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from service.http_rules import Coding, ConditionalDecision, Field

#: Of an answer that may be old.
STALE_CACHE_CONTROL = "public, max-age=10, stale-while-revalidate=60, stale-if-error=86400"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. It may be given to any number of clients at once."""

    status: str  #: code and phrase
    headers: list[Field]  #: a server may change the list it is given, so it is given a copy
    body: list[bytes]
    #: Status line and fields in HTTP/1.1, but for ``Date``, ``Connection`` and the empty line.
    head: bytes

    @property
    def is_whole(self) -> bool:
        """True for a representation as a whole."""
        return self.status.startswith("200")


def reply(decision: ConditionalDecision, form: Callable[[Coding], bytes]) -> Reply:
    """Put the bytes to a decision.

    Args:
        decision: Its status is one that a representation answers for itself: 200, 206 or 304.
        form: Returns the representation's bytes in a coding.
    """
    status = f"{decision.status} {HTTPStatus(decision.status).phrase}"
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in decision.fields), ""]
    return Reply(
        status,
        list(decision.fields),
        [content(decision, form)],
        "\r\n".join(lines).encode("latin-1"),
    )


def with_age(answer: Reply, age_s: int) -> Reply:
    """Tell of an answer that it may be old: see `stale_fields`."""
    fields = [field for field in answer.headers if field[0] not in ("Cache-Control", "Age")]
    fields += stale_fields(age_s)
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in fields), ""]
    return Reply(answer.status, fields, answer.body, "\r\n".join(lines).encode("latin-1"))


def stale_fields(age_s: int) -> list[Field]:
    """Return what an answer says that was last known to be current so long ago.

    RFC 9111 4.2.3 has caches take ``Age`` off the time for which they keep an answer, and not all
    of them do: so that time is short.
    """
    return [("Cache-Control", STALE_CACHE_CONTROL), ("Age", str(age_s))]


def content(decision: ConditionalDecision, form: Callable[[Coding], bytes]) -> bytes:
    """Return the bytes that are to be sent; none for a 304, and for a HEAD."""
    if decision.part is None:
        return b""
    return form(decision.coding)[decision.part.first : decision.part.end]
