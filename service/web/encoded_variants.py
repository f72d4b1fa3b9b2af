"""The bytes of an answer in every coding that clients ask for. The door to Brotli and zstandard."""

from collections.abc import Callable
from threading import Lock

import brotli
import zstandard

from feeds.render import compress, decompress
from service.http_rules import Coding

# Content codings at work: the only importer of Brotli and zstandard.
#
# A document is coded once an edition and worker, when the first client asks for that coding, which
# then waits for it: so the level is the last one before time goes up faster than size goes down.
# Measured on 90 documents made from the sample releases (1 to 60 entries, 106 kB on average), with
# the gzip of ``feeds.render`` as 1; all of it outside the interpreter's lock:
#
# ============  =======  ====  =========
# coding        ms each  size  at worst
# ============  =======  ====  =========
# gzip             0.48  1.00       1.00
# br 4             1.14  0.90       1.00
# **br 5**         1.79  0.85       0.95
# br 6             2.01  0.84       0.95
# br 9            11.27  0.83       0.95
# br 11          119.26  0.73       0.88
# zstd 3           0.35  0.95       1.03
# zstd 5           0.74  0.90       1.01
# **zstd 7**       1.13  0.88       1.01
# zstd 12          3.71  0.86       1.01
# zstd 19         25.93  0.82       1.00
# ============  =======  ====  =========

BROTLI_QUALITY = 5
ZSTD_LEVEL = 7

#: Smallest first, by the table above: who likes several equally gets the fewest bytes.
SMALLEST_FIRST = (Coding.BROTLI, Coding.ZSTD, Coding.GZIP)


def encode(body: bytes, coding: Coding) -> bytes:
    """Return *body* in a coding: same bytes in, same bytes out."""
    match coding:
        case Coding.IDENTITY:
            return body
        case Coding.GZIP:
            return compress(body)
        case Coding.BROTLI:
            coded: bytes = brotli.compress(body, quality=BROTLI_QUALITY)
            return coded
        case Coding.ZSTD:
            # A compressor of its own for each call: one may not be shared between threads.
            return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)


def plain(forms: dict[Coding, bytes]) -> bytes:
    """Return the uncoded bytes of which *forms* has at least these or their gzip."""
    body = forms.get(Coding.IDENTITY)
    return decompress(forms[Coding.GZIP]) if body is None else body


# The bytes behind an answer, in every coding that clients ask for.


class NotCached(Exception):
    """A form that would take time to make."""


class EncodedVariants:
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

    def peek(self, coding: Coding) -> bytes:
        """Return the body in a coding, at once.

        Raises:
            NotMadeYet: It would have to be made.
        """
        try:
            return self._made[coding]
        except KeyError:
            raise NotCached(coding) from None

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
