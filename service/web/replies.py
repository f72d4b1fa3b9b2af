"""Complete responses from memory, as WSGI headers and body (PEP 3333) and as HTTP/1.1 bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from service.http_rules import Coding, ConditionalDecision, Field
from service.web.readership import CountedAnswer

#: The ``Cache-Control`` of an answer that may be stale.
STALE_CACHE_CONTROL = "public, max-age=10, stale-while-revalidate=60, stale-if-error=86400"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response. It may be sent to any number of clients at once."""

    status: str  #: code and phrase
    headers: list[Field]  #: copied for each WSGI server, because a server may change its list
    body: list[bytes]
    #: Status line and fields in HTTP/1.1, without ``Date``, ``Connection`` and the empty line.
    head: bytes
    counted: CountedAnswer | None = None  #: what it counts for, if it is a feed's document

    @property
    def is_whole(self) -> bool:
        """Whether the body is the whole representation."""
        return self.status.startswith("200")


def reply(decision: ConditionalDecision, get_variant: Callable[[Coding], bytes]) -> Reply:
    """Makes the response for a decision.

    Args:
        decision: A decision with status 200, 206 or 304.
        get_variant: Returns the representation's bytes in a coding.
    """
    status = f"{decision.status} {HTTPStatus(decision.status).phrase}"
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in decision.fields), ""]
    return Reply(
        status,
        list(decision.fields),
        [content(decision, get_variant)],
        "\r\n".join(lines).encode("latin-1"),
    )


def with_age(answer: Reply, age_s: int) -> Reply:
    """Returns an answer with the fields of a stale one; see `stale_fields`."""
    fields = [field for field in answer.headers if field[0] not in ("Cache-Control", "Age")]
    fields += stale_fields(age_s)
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in fields), ""]
    head = "\r\n".join(lines).encode("latin-1")
    return Reply(answer.status, fields, answer.body, head, answer.counted)


def stale_fields(age_s: int) -> list[Field]:
    """Returns the fields of an answer that was last known to be current *age_s* seconds ago.

    By RFC 9111 4.2.3 caches subtract ``Age`` from the time for which they keep an answer. Not all
    of them do, so that time is short.
    """
    return [("Cache-Control", STALE_CACHE_CONTROL), ("Age", str(age_s))]


def content(decision: ConditionalDecision, get_variant: Callable[[Coding], bytes]) -> bytes:
    """Returns the bytes to send; none for a 304 or a HEAD."""
    if decision.part is None:
        return b""
    return get_variant(decision.coding)[decision.part.first : decision.part.end]
