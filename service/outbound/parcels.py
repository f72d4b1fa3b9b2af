"""What is sent to thousands, and what comes back of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from service.outbound.errors import OutboundFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request. Path and query of its URL are sent byte for byte; a fragment is not sent."""

    url: str
    body: bytes | None = None  #: with one it is a POST; without, a GET
    headers: tuple[str, ...] = ()  #: ``Name: value``, in printable ASCII
    max_answer_bytes: int = 16_384  #: what of the answer's body is read
    is_own: bool = False  #: to an address of our own making: it may be private


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came back."""

    status: int
    body: bytes  #: its beginning, to the parcel's cap; shorter when it broke off or came too late
    elapsed_s: float
    is_whole: bool = True  #: False when more of the body was to come

    @property
    def is_success(self) -> bool:
        """True for 2xx. A redirect is none: it is not followed."""
        return 200 <= self.status < 300


#: Is told the end of an exchange: the answer, or why there is none.
Done: TypeAlias = Callable[[Receipt | OutboundFailed], None]
