"""Processes of the service that are forked for a figure are what they are when started by hand."""

import subprocess
import sys

import pytest

#: Serves a newsroom. In a process with one thread, as it is one that is forked.
SERVE = """\
import os, sys
from pathlib import Path
from bench import forked, servers

pipe, _ = os.pipe()
ours = os.readlink(f"/proc/self/fd/{pipe}")
if "forked" in sys.argv:
    forked.from_here()
with servers.communique(["news"], begins_anew="anew" in sys.argv) as served:
    entry = Path(f"/proc/{served.process_id}")
    print(servers.ask(served.port, "/livez")[0], os.getsid(served.process_id) == served.process_id)
    print(b"-m" in (entry / "cmdline").read_bytes().split(b"\\0"))
    print(len(os.sched_getaffinity(served.process_id)))
    print(ours in {os.readlink(each) for each in (entry / "fd").iterdir()})
print(entry.exists())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("words", "is_by_hand"), [(["forked"], False), (["forked", "anew"], True), ([], True)]
)
def test_a_web_process_is_forked_where_it_need_not_begin_anew(
    words: list[str], is_by_hand: bool
) -> None:
    command = [sys.executable, "-c", SERVE, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.split() == ["200", "True", str(is_by_hand), "1", "False", "False"]
