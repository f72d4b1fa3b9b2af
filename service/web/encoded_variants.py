"""The bytes of an answer in every coding. The only module that imports Brotli and zstandard."""

from collections.abc import Callable
from threading import Lock

import brotli
import zstandard

from feeds.render import compress, decompress
from service.http_rules import Coding

# Compression levels. A document is encoded once per edition and worker, when the first client asks
# for that coding and waits for it. So the level is the last one before time rises faster than size
# falls. Encoders release the interpreter lock. What was measured:
# docs/decisions/rendering-and-compression.md.

BROTLI_QUALITY = 5
ZSTD_LEVEL = 7

#: Smallest first: a client that accepts several equally gets the fewest bytes.
SMALLEST_FIRST = (Coding.BROTLI, Coding.ZSTD, Coding.GZIP)


def encode(body: bytes, coding: Coding) -> bytes:
    """Returns *body* in a coding. Deterministic: the same bytes in give the same bytes out."""
    match coding:
        case Coding.IDENTITY:
            return body
        case Coding.GZIP:
            return compress(body)
        case Coding.BROTLI:
            coded: bytes = brotli.compress(body, quality=BROTLI_QUALITY)
            return coded
        case Coding.ZSTD:
            # A new compressor for each call, because threads must not share one.
            return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)


def plain(variants: dict[Coding, bytes]) -> bytes:
    """Returns the uncoded bytes; *variants* has them, or at least their gzip."""
    body = variants.get(Coding.IDENTITY)
    return decompress(variants[Coding.GZIP]) if body is None else body


class NotCached(Exception):
    """The variant does not exist yet, and making it takes time."""


class EncodedVariants:
    """One body in all codings. Each variant is made once, when it is first requested.

    Safe to share between threads: those that request a variant while it is being made wait for it.
    """

    def __init__(
        self,
        given: bytes,
        coding: Coding = Coding.IDENTITY,
        *,
        on_made: Callable[[int], None] | None = None,
    ) -> None:
        """Holds a body.

        Args:
            given: The body, uncoded or as gzip.
            coding: The coding of *given*.
            on_made: Called with the size in bytes of each further variant.
        """
        self._made = {coding: given}
        self._on_made = on_made
        self._making = Lock()

    def get(self, coding: Coding) -> bytes:
        """Returns the body in a coding."""
        variant = self._made.get(coding)
        return self._make(coding) if variant is None else variant

    def peek(self, coding: Coding) -> bytes:
        """Returns the body in a coding if that variant exists.

        Raises:
            NotCached: It would have to be made.
        """
        try:
            return self._made[coding]
        except KeyError:
            raise NotCached(coding) from None

    @property
    def made(self) -> list[Coding]:
        """The codings of the variants that exist."""
        return list(self._made)

    def length(self, coding: Coding) -> int:
        """Returns how many bytes the body has in a coding."""
        return len(self.get(coding))

    def _make(self, coding: Coding) -> bytes:
        with self._making:
            variant = self._made.get(coding)
            if variant is not None:
                return variant
            variant = self._made[coding] = encode(plain(self._made), coding)
        # Outside the lock, because the callback takes locks of its own.
        if self._on_made is not None:
            self._on_made(len(variant))
        return variant
