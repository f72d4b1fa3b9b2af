"""``python -m tests.readers [FORMER]``: what libraries make of our documents, as a table.

FORMER is a checkout of an older build, whose documents are read beside today's. Needs node, npm,
and, as Debian packages: ruby-feedparser, libxml-feed-perl, libxml-feedpp-perl, librome-java with a
JDK, golang-go and golang-github-mmcdole-gofeed-dev. The table is that of docs/readers.md.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from feeds.model.feed import Format
from tests.readers.reading import lay_out, readings
from tests.readers.verdicts import faults_of
from tests.support.installed_node import NODE, node_packages

HERE = Path(__file__).parent
JARS = ("jdom2", "rome", "rome-utils", "slf4j-api", "slf4j-nop")

Command = Sequence[str | Path]
Key = tuple[str, Format]


def _debian(package: str) -> str:
    command = ["dpkg-query", "--show", "--showformat=${Version}", package]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _commands(tools: Path) -> Iterator[Command]:
    """Every program that reads; what has to be made first is made in *tools*."""
    yield ["node", NODE / "read.mjs", node_packages()]
    subprocess.run([sys.executable, "-m", "venv", tools / "python"], check=True)
    python = tools / "python" / "bin" / "python"
    pip: Command = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
    subprocess.run(pip, check=True)
    yield [python, "-W", "ignore", HERE / "read.py"]
    yield ["ruby", HERE / "read.rb"]
    yield ["perl", HERE / "read.pl"]
    path = ":".join([*(f"/usr/share/java/{jar}.jar" for jar in JARS), str(tools)])
    subprocess.run(["javac", "-cp", path, "-d", tools, HERE / "Read.java"], check=True)
    yield ["java", "-cp", path, "Read", _debian("librome-java")]
    offline = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
    build: Command = ["go", "build", "-o", tools / "read-go", HERE / "read.go"]
    subprocess.run(build, check=True, env=offline)
    yield [tools / "read-go", _debian("golang-github-mmcdole-gofeed-dev")]


def _verdicts(build: Path, folder: Path, commands: Sequence[Command]) -> dict[Key, str]:
    """How often *commands* are wrong about the documents of *build*, by library and format."""
    printed = subprocess.run(
        [sys.executable, HERE / "documents.py"],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(build)},
        cwd=build,
    )
    sources = lay_out(map(json.loads, printed.stdout.splitlines()), folder)
    faults: dict[Key, Counter[str]] = {}
    for command in commands:
        for each in readings(command, folder=folder):
            found = faults.setdefault((f"{each.library} {each.version}", each.format), Counter())
            source = sources[each.file]
            if each.entries is None:
                found["refused"] += len(source.entries)
            else:
                found.update(faults_of(source.entries, each.entries, each.format))
    return {key: _told(found) for key, found in faults.items()}


def _told(faults: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(faults.items())) or "–"


def main(former: Path | None) -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        tools = Path(name)
        commands = list(_commands(tools))
        now = _verdicts(HERE.parent.parent, tools / "now", commands)
        before = _verdicts(former, tools / "before", commands) if former else {}
    sys.stdout.write(_table(now, before))


def _table(now: Mapping[Key, str], before: Mapping[Key, str]) -> str:
    """A row for each library; in a cell what was wrong before, if it was another thing, and is."""
    lines = [["library", *(form.label for form in Format)], ["---"] * (1 + len(Format))]
    for library in sorted({library for library, _ in now}, key=str.casefold):
        cells = []
        for key in ((library, form) for form in Format):
            is_changed = before.get(key, now.get(key)) != now.get(key)
            cells.append(f"{before[key]} → **{now[key]}**" if is_changed else now.get(key, ""))
        lines.append([library, *cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None)
