"""``python -m tests.support.process_report`` says what a process was started with."""

import json
import os
import sys
import threading
from pathlib import Path

from tests.support.running_service import command_words

if __name__ == "__main__":
    if sys.argv[1:] == ["wait"]:
        threading.Event().wait()
    sys.stderr.write("to standard error\n")
    mask = os.umask(0o077)
    report = {
        "arguments": sys.argv[1:],
        "seen by others": [each.decode() for each in command_words(str(os.getpid())) if each],
        "parent": os.getppid(),
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "environment": dict(os.environ),
        "umask": mask,
        "files": sorted(each.name for each in Path("/proc/self/fd").iterdir()),
        "input": str(Path("/proc/self/fd/0").readlink()),
        "threads": threading.active_count(),
        "name": Path("/proc/self/comm").read_text(),
        "signals": [
            line
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("Sig") and not line.startswith("SigQ")  # of all processes
        ],
        "encodings": [
            (each.encoding, each.errors, each.line_buffering) for each in (sys.stdout, sys.stderr)
        ],
    }
    sys.stdout.write(json.dumps(report))
    sys.exit(3)
