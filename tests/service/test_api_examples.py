"""The curl lines of docs/api.md, run as they stand against a real service."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running_service import ROOT, Service, running, wait_until

#: A block of lines to run, and the one behind it that shows what they answer.
_EXAMPLE = re.compile(
    r"^```sh( retract)?\n(?P<lines>.*?)^```\n(?:\n```(?:json)?\n(?P<shown>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)
_END = "\n--- end of example ---\n"
#: In what is shown: whatever it may be.
ANYTHING = "…"


EXAMPLES = list(_EXAMPLE.finditer((ROOT / "docs" / "api.md").read_text(encoding="utf-8")))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service as it is shipped, with the sample newsroom's categories."""
    service = Service(folder=tmp_path / "newsroom")
    shipped = (ROOT / "config" / "categories.yaml").read_text(encoding="utf-8")
    service.categories.write_text(shipped, encoding="utf-8")
    with running(service):
        yield service


def run(service: Service) -> list[str]:
    """What each example wrote, run one after the other in one shell."""
    program = f'{sys.executable} -m service --config "{service.main}"'
    start = f'set -euo pipefail\ncommunique() {{ {program} "$@"; }}\n'
    end = "printf '\\n%s\\n' '" + _END.strip() + "'\n"
    script = start + "".join(one["lines"] + end for one in EXAMPLES)
    script = script.replace("http://localhost:8000", service.base_url)
    ran = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split(_END)[:-1]


def holds(shown: object, answered: object) -> bool:
    """True when all that is shown was answered; more may have been."""
    if shown == ANYTHING:
        return True
    if isinstance(shown, dict) and isinstance(answered, dict):
        return all(name in answered and holds(shown[name], answered[name]) for name in shown)
    if isinstance(shown, list) and isinstance(answered, list):
        pairs = zip(shown, answered, strict=False)
        return len(shown) == len(answered) and all(holds(*pair) for pair in pairs)
    return shown == answered


def test_the_examples_do_what_they_show(service: Service) -> None:
    written = run(service)
    assert len(written) == len(EXAMPLES) > 1
    for example, text in zip(EXAMPLES, written, strict=True):
        shown = (example["shown"] or "").strip()
        if shown.startswith("{"):
            assert holds(json.loads(shown), json.loads(text)), text
        else:
            assert text.split() == shown.split()


def test_what_is_put_is_in_the_feed_within_a_second(service: Service) -> None:
    """Two processes: the one that took it in, and the one that makes the editions."""
    made = service.run("token", "make", "quick", "--action", "publish")
    began = time.monotonic()
    record = {"title": "Quick", "body": "Words.", "body_format": "text", "published": "2026-01-05"}
    put = subprocess.run(
        ["curl", "-sS", "-X", "PUT", f"{service.base_url}/api/v1/releases/quick",
         "-H", f"Authorization: Bearer {made.stdout.strip()}",
         "-H", "Content-Type: application/json", "-d", json.dumps(record)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert json.loads(put.stdout)["verdict"] == "new"
    wait_until(lambda: "Quick" in service.titles())
    assert time.monotonic() - began < 1
    assert made.stdout.strip() not in service.log
