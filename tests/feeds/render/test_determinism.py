"""The same releases give the same bytes on every machine, today and next year."""

import os
import subprocess
import sys
import time

PROGRAM = """
from feeds.model.feed import Format
from feeds.render import assemble, compress, digest, fingerprint, render_fragment
from tests.support.rendering import SITE, head_of, sample_entries, stub_of

for feed_format in Format:
    entries = sample_entries(4)
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    document = assemble(head_of(feed_format), feed_format, SITE, fragments)
    prints = [
        fingerprint(stub_of(entry.release), entry.categories, feed_format, SITE)
        for entry in entries
    ]
    print(digest(document), digest(compress(document)), digest("".join(prints).encode()))
"""

HERE = {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"}
ELSEWHERE = [
    {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4711"},
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
]


def render_in_another_process(environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_zone_locale_hash_seed_and_clock_change_no_byte() -> None:
    processes = [render_in_another_process(HERE)]
    time.sleep(1.1)  # A clock that were read would show: documents tell whole seconds.
    processes += [render_in_another_process(environment) for environment in ELSEWHERE]
    answers = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    (answer,) = answers
    assert len(answer.split()) == 9
