"""What a process asks of glibc about its memory. Elsewhere nothing is asked."""

import ctypes
import gc
import os

#: glibc keeps memory apart for each thread that asks for some, and what one has given back another
#: does not get: web processes once had 45 MiB more of it than they used. See ``mallopt(3)``.
_ARENA_MAX, _ARENAS, _ARENAS_VARIABLE = -8, 2, "MALLOC_ARENA_MAX"


def keep_few_arenas() -> None:
    """Have all threads, of this process and of those forked from it, share two arenas."""
    c = ctypes.CDLL(None)
    if hasattr(c, "mallopt") and _ARENAS_VARIABLE not in os.environ:
        c.mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give what is free back to the system."""
    gc.collect()
    c = ctypes.CDLL(None)
    if hasattr(c, "malloc_trim"):
        c.malloc_trim(0)
