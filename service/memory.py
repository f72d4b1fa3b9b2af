"""Tuning of glibc's memory allocator. It does nothing with another C library."""

import ctypes
import gc
import os

#: glibc gives threads arenas of their own, and memory freed in one is not reused in another: web
#: processes once held 45 MiB more than they used. See ``mallopt(3)``.
_ARENA_MAX, _ARENAS, _ARENAS_VARIABLE = -8, 2, "MALLOC_ARENA_MAX"


def keep_few_arenas() -> None:
    """Makes all threads of this process, and of those forked from it, share two arenas."""
    c = ctypes.CDLL(None)
    if hasattr(c, "mallopt") and _ARENAS_VARIABLE not in os.environ:
        c.mallopt(_ARENA_MAX, _ARENAS)


def release_free_memory() -> None:
    """Returns free memory to the system."""
    gc.collect()
    c = ctypes.CDLL(None)
    if hasattr(c, "malloc_trim"):
        c.malloc_trim(0)
