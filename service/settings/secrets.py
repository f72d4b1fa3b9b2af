"""What a file holds that nobody is to see."""

from dataclasses import dataclass

from service.settings.address_types import HIDDEN


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that prints as ``(hidden)``; only `reveal` gives it."""

    _text: str

    def reveal(self) -> str:
        """Return the text, for whoever asks with it."""
        return self._text

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"


def read_password(text: str) -> Secret:
    """Read a file that holds a password and, at most, the end of its line.

    Raises:
        ValueError: It holds nothing, or more; the message does not repeat it.
    """
    password = text.removesuffix("\n").removesuffix("\r")
    if not password or not password.isprintable():
        raise ValueError("expected a password on one line, without control characters")
    return Secret(password)
