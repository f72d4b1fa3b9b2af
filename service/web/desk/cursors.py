"""Where the next page of a list begins, in its address."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: The year 2900 in microseconds.
_MAX_DIGITS = 17

Row = TypeVar("Row")
Position = TypeVar("Position")


def page_of(
    found: Sequence[Row], limit: int, position: Callable[[Row], str]
) -> tuple[Sequence[Row], str | None]:
    """Returns the rows of a page, and where the next one begins; None if there is none.

    Args:
        found: One row more than a page has, if there are so many.
        limit: How many rows a page has.
        position: Writes the position of a row.
    """
    shown = found[:limit]
    return shown, position(shown[-1]) if len(found) > len(shown) else None


def position_of(*parts: datetime | str) -> str:
    """Writes a position into an address: moments, and an id at the end."""
    return "_".join(
        str((part - _EPOCH) // _MICROSECOND) if isinstance(part, datetime) else part
        for part in parts
    )


def position_in(
    text: str | None, make: Callable[..., Position], moments: int = 1
) -> Position | None:
    """Reads a position; None where an address has none, or one that is not ours.

    Args:
        text: As the address has it.
        make: Makes the position of its moments and its id, in this order.
        moments: How many moments it has.
    """
    parts = (text or "").split("_", moments)
    numbers, row_id = parts[:-1], parts[-1]
    is_ours = len(numbers) == moments and all(
        each.isascii() and each.isdecimal() and len(each) <= _MAX_DIGITS for each in numbers
    )
    if not is_ours or not row_id or "\x00" in row_id:
        return None
    return make(*(_EPOCH + int(each) * _MICROSECOND for each in numbers), row_id)
