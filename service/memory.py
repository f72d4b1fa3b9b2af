"""Tuning of glibc's memory allocator. It does nothing with another C library."""

import ctypes
import gc
import os

#: glibc gives threads arenas of their own, and memory freed in one is not reused in another: web
#: processes once held 45 MiB more than they used. See ``mallopt(3)``.
_ARENA_MAX, _ARENAS, _ARENAS_VARIABLE = -8, 2, "MALLOC_ARENA_MAX"

#: Blocks from this size on are mapped apart, and no more of them than the system's limit of
#: mappings (65,530) leaves room for. Larger blocks of a document cache left 50 MiB of gaps.
_MMAP_THRESHOLD, _APART_BYTES, _APART_VARIABLE = -3, 8192, "MALLOC_MMAP_THRESHOLD_"
_MMAP_MAX, _MAPPED = -4, 16_384

#: The sizes of the blocks that `fill_gaps` fills gaps with, in bytes. Larger ones are mapped apart.
_GAPS = (*(2**power for power in range(16, 4, -1)), 24)

#: No more blocks than this are taken, in case the allocator does not behave as expected.
_MOST_BLOCKS = 100_000


def keep_few_arenas() -> None:
    """Makes all threads of this process, and of those forked from it, share two arenas."""
    c = ctypes.CDLL(None)
    if hasattr(c, "mallopt") and _ARENAS_VARIABLE not in os.environ:
        c.mallopt(_ARENA_MAX, _ARENAS)


def map_documents_apart() -> None:
    """Gives each larger block pages of its own, which the system has back when it is freed.

    For processes that keep many documents of different sizes, and replace them one by one: what is
    freed between two that are kept serves nobody. A block costs two calls of the system.
    """
    c = ctypes.CDLL(None)
    if hasattr(c, "mallopt") and _APART_VARIABLE not in os.environ:
        c.mallopt(_MMAP_THRESHOLD, _APART_BYTES)
        c.mallopt(_MMAP_MAX, _MAPPED)


def release_free_memory() -> None:
    """Returns free memory to the system."""
    gc.collect()
    c = ctypes.CDLL(None)
    if hasattr(c, "malloc_trim"):
        c.malloc_trim(0)


def fill_gaps() -> int:
    """Takes the free memory between the allocations of this process, for good.

    Call it before the first fork. Thousands of pages have a gap of some bytes between objects that
    all processes share. What a forked process would put there would make it copy the whole page.
    Nothing is written to the gaps but the allocator's own marks.

    Returns:
        How many bytes were taken.
    """
    c = ctypes.CDLL(None)
    if not hasattr(c, "malloc_trim") or not hasattr(c, "sbrk"):
        return 0
    c.malloc.restype = c.sbrk.restype = ctypes.c_void_p
    c.malloc.argtypes, c.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    c.sbrk.argtypes = [ctypes.c_ssize_t]
    taken = 0
    blocks = _MOST_BLOCKS
    c.malloc_trim(0)
    end = c.sbrk(0)
    for size in _GAPS:
        while blocks := blocks - 1:
            block = c.malloc(size)
            if c.sbrk(0) != end:  # there is no gap of this size any more
                c.free(block)
                c.malloc_trim(0)
                end = c.sbrk(0)
                break
            taken += size
    return taken
