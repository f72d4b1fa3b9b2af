"""What processes keep in memory, on Linux with glibc. Elsewhere nothing of this is done."""

import ctypes
import gc
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

#: glibc gives threads arenas of their own, and memory freed in one is not reused in another: web
#: processes once held 45 MiB more than they used. See ``mallopt(3)``.
_ARENA_MAX, _ARENAS, _ARENAS_VARIABLE = -8, 2, "MALLOC_ARENA_MAX"

#: Blocks from this size on are mapped apart, and no more of them than the system's limit of
#: mappings (65,530) leaves room for. Larger blocks of a document cache left 50 MiB of gaps. Pages
#: that SQLite keeps are of this size, too: kept between documents, they left 12 MiB.
_MMAP_THRESHOLD, _APART_BYTES, _APART_VARIABLE = -3, 4096, "MALLOC_MMAP_THRESHOLD_"
_MMAP_MAX, _MAPPED = -4, 16_384

#: The sizes of the blocks that `fill_gaps` fills gaps with, in bytes. Larger ones are mapped apart.
_GAPS = (*(2**power for power in range(16, 4, -1)), 24)

#: No more blocks than this are taken, in case the allocator does not behave as expected.
_MOST_BLOCKS = 100_000

#: ``MADV_DONTNEED`` of Linux: a page that is needed again is read again. See ``madvise(2)``.
_DONTNEED = 4

#: A mapping in ``/proc/PID/smaps`` that is private and cannot be written, of a file: its range.
_OF_FILE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* +/")


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


def release_libraries() -> int:
    """Lets go of the pages of libraries and of the interpreter that this process has read.

    For a process that has imported much, and now only waits: it has touched most of what it
    imported. The system still has the pages, as those of any other file that was read lately, and
    maps those that are used again. What was written, as by a relocation, stays.

    Returns:
        How many bytes of mappings were let go, mapped or not.
    """
    c = ctypes.CDLL(None)
    if not hasattr(c, "madvise"):
        return 0
    c.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    try:
        with Path("/proc/self/smaps").open(encoding="utf-8", errors="replace") as smaps:
            ranges = list(_clean_ranges(smaps))
    except OSError:  # not Linux
        return 0
    return sum(end - start for start, end in ranges if not c.madvise(start, end - start, _DONTNEED))


def _clean_ranges(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yields the addresses of private mappings of files of which no page was ever written."""
    found: re.Match[str] | None = None
    for line in smaps:
        if line[0] in "0123456789abcdef":  # fields begin with a capital
            found = _OF_FILE.match(line)
        elif found and line.startswith("Anonymous:"):
            if line.split()[1] == "0":
                yield int(found[1], 16), int(found[2], 16)
            found = None
