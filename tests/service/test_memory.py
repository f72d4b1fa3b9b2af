"""What the processes of a service hold in memory, and what they share."""

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest

from service.memory import _clean_ranges

ROOT = Path(__file__).parents[2]

#: What ``mallinfo2(3)`` returns.
HEAP = """
import ctypes

class Heap(ctypes.Structure):
    NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES.split()]
"""

#: What a supervisor does before the first fork, as far as memory goes.
PREPARED = (
    HEAP
    + """
import ctypes, json, sys
from importlib import import_module
import service.cli.serve
from service.memory import fill_gaps, release_free_memory
from service.processes.supervisor import MODULES

def free_bytes():
    c = ctypes.CDLL(None)
    if not hasattr(c, "mallinfo2"):
        return None
    c.mallinfo2.restype = Heap
    heap = c.mallinfo2()
    return heap.fordblks - heap.keepcost  # less what is free at its end

for module in MODULES.values():
    import_module(module)
release_free_memory()
before = free_bytes()
taken = fill_gaps()
libraries = sorted({"alembic", "feedparser", "mako", "pygments", "rich"} & set(sys.modules))
print(json.dumps([libraries, before, taken, free_bytes()]))
"""
)


#: How many blocks of one size have pages of their own.
APART = (
    HEAP
    + """
import ctypes, json, sys
from service.memory import map_documents_apart

size = int(sys.argv[1])
c = ctypes.CDLL(None)
c.mallinfo2.restype = Heap
counts, kept = [c.mallinfo2().hblks], []
for prepare in (lambda: None, map_documents_apart):
    prepare()
    kept += [bytes(size) for _ in range(1000)]
    counts.append(c.mallinfo2().hblks)
del kept
counts.append(c.mallinfo2().hblks)
print(json.dumps(counts))
"""
)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="of glibc, since 2.33")
@pytest.mark.parametrize("size", [40_000, 4_400], ids=["a document", "a page that SQLite keeps"])
def test_what_is_freed_of_a_cache_of_documents_leaves_no_gaps(size: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", APART, str(size)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    at_first, in_the_heap, apart, freed = json.loads(ran.stdout)
    assert in_the_heap - at_first < 10
    assert apart - in_the_heap > 900
    assert freed < in_the_heap + 10


#: Prepares the same, by the shipped configuration, and then does what a forked process does first.
FORKED = """
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from jinja2 import Environment
from werkzeug.routing import Rule
from service.processes.supervisor import MODULES, Supervisor
from service.settings import load

folder, counts = Path(sys.argv[1]), Counter()
settings = load(Path("config/communique.yaml"), environ={}, overrides=[f"data_folder={folder}"])
Supervisor._import_shared(SimpleNamespace(_roles=list(MODULES), _settings=settings))
loaded = set(sys.modules)
for made_by in (Environment, Rule):
    def compile(*args, made_by=made_by, former=made_by.compile, **kwargs):
        counts[made_by.__name__] += 1
        return former(*args, **kwargs)
    made_by.compile = compile

from service.web import shared_routes
for name in ("newsroom.html", "feed.html", "release.html", "base.html"):
    shared_routes().jinja_env.get_template(name)
print(dict(counts), sorted(each for each in set(sys.modules) - loaded if "jinja2" in each))
"""


#: Prepares the same, and then opens a store and sets timers as a forked process does.
BEGUN = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from feeds.store import migrate
from feeds.store.database import Database
from service.processes.supervisor import MODULES, Supervisor
from service.settings import load

folder = Path(sys.argv[1])
settings = load(Path("config/communique.yaml"), environ={}, overrides=[f"data_folder={folder}"])
database = Database.open(f"sqlite:///{folder}/store.db")
migrate.upgrade(database)
Supervisor._import_shared(SimpleNamespace(_roles=list(MODULES), _settings=settings))
loaded = set(sys.modules)

from service.processes.hub import Hub
from service.processes.jobs import Jobs
jobs, hub = Jobs(database), Hub(database)
jobs.configure(settings)
hub.configure(settings)
for name, job in jobs.timers.items():
    job()
print(sorted(set(sys.modules) - loaded), flush=True)
os._exit(0)  # the hub's threads work on
"""


@pytest.fixture(scope="module")
def prepared() -> tuple[list[str], int | None, int, int]:
    """Libraries, bytes free between objects, bytes taken of them, and bytes that are left."""
    ran = subprocess.run(
        [sys.executable, "-c", PREPARED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    libraries, before, taken, after = json.loads(ran.stdout)
    return libraries, before, taken, after


def test_a_service_imports_nothing_that_few_need(
    prepared: tuple[list[str], int | None, int, int],
) -> None:
    """Thirteen MiB: rich for tables and bars, Alembic for upgrades, feedparser for upstreams."""
    assert prepared[0] == []


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc 2.33 or newer")
def test_no_gap_is_left_between_shared_objects(
    prepared: tuple[list[str], int | None, int, int],
) -> None:
    _, before, taken, after = prepared
    assert before is not None
    assert before > 100_000
    assert after < before / 10
    assert taken > before / 2


def test_web_processes_share_routes_and_templates(tmp_path: Path) -> None:
    """Compiled in each of them, they take some 5 MiB more there."""
    ran = subprocess.run(
        [sys.executable, "-c", FORKED, tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout == "{} []\n"


def test_jobs_and_hub_import_nothing_more_than_they_share(tmp_path: Path) -> None:
    """Each would have it to itself, with a copy of what its import writes to."""
    ran = subprocess.run(
        [sys.executable, "-c", BEGUN, tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1] == "[]"


#: A supervisor whose processes have started, as far as memory goes: libraries, and the relocations
#: in them, stay as they are.
WAITS = """
import json, lzma, ssl
from importlib import import_module
from pathlib import Path
from service.memory import release_libraries
from service.processes.supervisor import MODULES

def file_kib():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return kib["Rss"] - kib["Anonymous"]

for module in MODULES.values():
    import_module(module)
before = file_kib()
mapped = release_libraries()
after = file_kib()
again = ssl.create_default_context().cert_store_stats(), lzma.decompress(lzma.compress(b"a"))
print(json.dumps([before, mapped, after, again[1].decode()]))
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux")
def test_a_process_lets_go_of_libraries_that_it_has_read_and_can_still_use_them() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WAITS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, mapped, after, used = json.loads(ran.stdout)
    assert mapped > 10_000_000
    assert after < before / 2
    assert used == "a"


def test_only_mappings_of_files_that_were_never_written_are_let_go() -> None:
    """A page that was written, as by a relocation, would be lost."""
    smaps = """\
1000-3000 r-xp 00000000 fe:01 7                          /lib/clean.so
Rss:                   8 kB
Anonymous:             0 kB
3000-4000 r--p 00002000 fe:01 7                          /lib/relocated.so
Anonymous:             4 kB
4000-5000 rw-p 00003000 fe:01 7                          /lib/data.so
Anonymous:             0 kB
5000-6000 r--s 00000000 fe:01 7                          /shared
Anonymous:             0 kB
6000-7000 r--p 00000000 00:00 0
Anonymous:             0 kB
7000-8000 r--p 00000000 fe:01 8                          /lib/not said.so
Rss:                   8 kB
a000-b000 r--p 00000000 fe:01 9                          /lib/clean too.so
Anonymous:             0 kB
c000-d000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
"""
    found = list(_clean_ranges(smaps.splitlines(keepends=True)))
    assert found == [(0x1000, 0x3000), (0xA000, 0xB000)]
