"""The bytes behind an answer, in every coding that clients ask for."""

from collections.abc import Callable
from threading import Lock

from service.http_rules import Coding
from service.web.codecs import encode, plain


class NotMadeYet(Exception):
    """A form that would take time to make."""


class Forms:
    """One body in all codings. Each is made when it is first asked for, and once.

    Safe to share between threads: those who ask while it is being made wait for it.
    """

    def __init__(
        self,
        given: bytes,
        coding: Coding = Coding.IDENTITY,
        *,
        on_made: Callable[[int], None] | None = None,
    ) -> None:
        """Hold a body.

        Args:
            given: The body, uncoded or as gzip.
            coding: Which of the two.
            on_made: Told how many bytes each further form takes.
        """
        self._made = {coding: given}
        self._on_made = on_made
        self._making = Lock()

    def get(self, coding: Coding) -> bytes:
        """Return the body in a coding."""
        form = self._made.get(coding)
        return self._make(coding) if form is None else form

    def at_hand(self, coding: Coding) -> bytes:
        """Return the body in a coding, at once.

        Raises:
            NotMadeYet: It would have to be made.
        """
        try:
            return self._made[coding]
        except KeyError:
            raise NotMadeYet(coding) from None

    @property
    def made(self) -> list[Coding]:
        """The codings that are made."""
        return list(self._made)

    def length(self, coding: Coding) -> int:
        """Return how many bytes the body has in a coding."""
        return len(self.get(coding))

    def _make(self, coding: Coding) -> bytes:
        with self._making:
            form = self._made.get(coding)
            if form is not None:
                return form
            form = self._made[coding] = encode(plain(self._made), coding)
        # Outside the lock: who is told has locks of its own.
        if self._on_made is not None:
            self._on_made(len(form))
        return form
