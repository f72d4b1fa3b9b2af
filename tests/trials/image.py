"""The image without an engine: the lines of the Dockerfile in bare Debian roots, then the service.

``FROM`` is a Debian with Python that debootstrap makes; ``COPY``, ``RUN``, ``ENV`` and the others
are carried out as written, in a chroot. What was built then runs as an engine would run it: as the
image's user without privileges, its root read-only, with one volume, a network of its own, and as
process 1. Needs root, debootstrap, and a network for the libraries.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"

#: What the official image has at this place.
PYTHON = "/usr/local/bin/python"
#: The path that engines begin with.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = "python3,python3-venv,ca-certificates"

#: An instruction, its continuation lines joined.
Instruction = tuple[str, str]

DOCUMENT = """\
A release in a container

It has a paragraph.

2026-01-05T09:00:00+00:00 Monday, 5 January 2026|Trade|
"""

#: A program that prints a feed.
FETCH = """\
from urllib.request import urlopen
print(urlopen("http://127.0.0.1:8000/feeds/all.atom").read().decode())
"""


@dataclass
class Stage:
    """A root that is being built."""

    root: Path
    folder: str = "/"
    user: str = "0:0"
    environ: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    volume: str = ""
    stop_signal: str = "SIGTERM"
    healthcheck: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def say(words: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def instructions(text: str) -> list[Instruction]:
    """Reads a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def is_sent(path: Path) -> bool:
    """Whether ``.dockerignore`` lets a file of the checkout be sent; the last rule wins."""
    sent = True
    named = path.relative_to(ROOT)
    every = [named, *named.parents]
    for rule in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if rule and not rule.startswith("#"):
            pattern = rule.removeprefix("!").removeprefix("**/")
            names = every if "**/" not in rule else [Path(part) for part in named.parts]
            if any(fnmatch(str(name), pattern) for name in names if str(name) != "."):
                sent = rule.startswith("!")
    return sent


def _not_sent(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not is_sent(Path(folder) / name)]


def mounts(root: Path, volumes: Mapping[str, Path] | None = None) -> str:
    """A shell's commands to mount what an engine mounts; with volumes, the root is read-only."""
    there = shlex.quote(str(root))
    lines = [
        "set -e",
        "mount --make-rprivate /",
        f"mount --bind {there} {there}",
        f"mount -t proc proc {there}/proc",
        f"mount --rbind /dev {there}/dev",
        f"mount -t tmpfs tmpfs {there}/dev/shm",
    ]
    if volumes is not None:
        binds = [f"mount --bind {shlex.quote(str(of))} {there}{at}" for at, of in volumes.items()]
        lines += [
            *binds,
            f"mount -o remount,bind,ro {there}",
            f"mount -t tmpfs tmpfs {there}/tmp",
            "ip link set lo up",
        ]
    return "\n".join(lines)


def inside(stage: Stage, argv: list[str]) -> list[str]:
    """The call of a program in the root, by the stage's user and without privileges."""
    user, _, group = stage.user.partition(":")
    dropped = [] if user == "0" else [
        "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs",
        "--bounding-set=-all", "--inh-caps=-all",
    ]  # fmt: skip
    named = [f"{name}={value}" for name, value in stage.environ.items()]
    change = f'cd {shlex.quote(stage.folder)} && exec "$@"'
    return ["chroot", str(stage.root), *dropped, "env", "-i", *named,
            "sh", "-c", change, "sh", *argv]  # fmt: skip


def run(stage: Stage, command: str) -> None:
    """RUN in shell form."""
    script = f"{mounts(stage.root)}\nexec {shlex.join(inside(stage, ['sh', '-c', command]))}"
    subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", script], check=True)


def copy(stage: Stage, rest: str, stages: Mapping[str, Stage]) -> None:
    """COPY, from the checkout as ``.dockerignore`` leaves it or from another stage."""
    words = shlex.split(rest)
    origin = ROOT
    if words[0].startswith("--from="):
        origin = stages[words.pop(0).removeprefix("--from=")].root
    *sources, target = words
    to = stage.root / str(Path(stage.folder) / target).lstrip("/")
    for source in sources:
        path = origin / source.lstrip("/")
        into = to / path.name if target.endswith("/") or len(sources) > 1 else to
        if path.is_file():
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, into)
        elif origin == ROOT:
            shutil.copytree(path, into, symlinks=True, dirs_exist_ok=True, ignore=_not_sent)
        else:
            into.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{path}/.", str(into)] if into.exists() else
                           ["cp", "-a", str(path), str(into)], check=True)  # fmt: skip


def carry_out(base: Path, home: Path) -> dict[str, Stage]:
    """Builds the image; returns its stages, the last under the name ``image``."""
    stages: dict[str, Stage] = {}
    stage = Stage(base)
    for name, rest in instructions(DOCKERFILE.read_text(encoding="utf-8")):
        say(f"{name} {rest[:100]}")
        if name == "FROM":
            image, _, alias = rest.partition(" AS ")
            assert image == "python:3.11-slim-bookworm", "the base is a Debian 12 with Python 3.11"
            stage = Stage(home / (alias or "image"))
            stages[alias or "image"] = stage
            subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(stage.root)], check=True)
        else:
            obey(stage, name, rest, stages)
    return stages


#: Instructions that set one value of a stage: as text, and in exec form.
TEXTS = {"USER": "user", "VOLUME": "volume", "STOPSIGNAL": "stop_signal"}
CALLS = {"ENTRYPOINT": "entrypoint", "CMD": "command", "HEALTHCHECK": "healthcheck"}


def obey(stage: Stage, name: str, rest: str, stages: Mapping[str, Stage]) -> None:
    """Carries out one instruction within a stage."""
    if name == "RUN":
        run(stage, rest)
    elif name == "COPY":
        copy(stage, rest, stages)
    elif name == "WORKDIR":
        stage.folder = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "ENV":
        for word in shlex.split(rest):
            key, _, value = word.partition("=")
            stage.environ[key] = value
    elif name in TEXTS:
        setattr(stage, TEXTS[name], rest)
    elif name in CALLS:
        setattr(stage, CALLS[name], json.loads(rest[rest.index("[") :]))
    else:
        assert name == "EXPOSE", f"the trial does not know {name}"


class Container:
    """The image, running."""

    def __init__(self, stage: Stage, volumes: Mapping[str, Path], command: list[str]) -> None:
        self._stage = stage
        script = mounts(stage.root, volumes)
        call = inside(stage, [*stage.entrypoint, *command])
        self._engine = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child",
             "sh", "-c", f"{script}\nexec {shlex.join(call)}"],
        )  # fmt: skip
        children = Path(f"/proc/{self._engine.pid}/task/{self._engine.pid}/children")
        while not (found := children.read_text(encoding="ascii").split()):
            time.sleep(0.01)
        self.pid = int(found[0])

    def exec(self, *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program in it, as the image's user."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net"]
        call = [*enter, *inside(self._stage, list(argv))]
        return subprocess.run(call, input=given, capture_output=True, text=True, timeout=60)

    def wait(self) -> int:
        """Waits for its end; returns the exit code."""
        return self._engine.wait(60)

    def stop(self, number: str) -> int:
        """Sends the stop signal to process 1; returns the exit code."""
        os.kill(self.pid, signal.Signals[number])
        return self._engine.wait(60)

    def kill(self) -> None:
        self._engine.kill()
        self._engine.wait(10)


@contextmanager
def running(stage: Stage, volumes: Mapping[str, Path], *command: str) -> Iterator[Container]:
    container = Container(stage, volumes, list(command) or stage.command)
    try:
        yield container
    finally:
        container.kill()


def make_base(base: Path, packages: str = PACKAGES) -> None:
    """A Debian with Python, as an engine would fetch; and this machine's way to libraries."""
    if not (base / "usr/bin/python3").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(base),
             "http://deb.debian.org/debian"], check=True,
        )  # fmt: skip
    link = base / PYTHON.lstrip("/")
    if not link.is_symlink():
        link.symlink_to("/usr/bin/python3")
    for path in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(path).exists():
            shutil.copy(path, base / path.lstrip("/"))


def require(is_so: object, what: str) -> None:
    """Prints what was shown; ends the trial if it is not so."""
    say(f"{'ok    ' if is_so else 'FAILED'} {what}")
    if not is_so:
        raise SystemExit(1)


def use(stage: Stage, home: Path) -> None:
    """Runs the image and uses it."""
    uid, gid = map(int, stage.user.split(":"))
    require(uid and gid, f"the image's user is {stage.user}")
    made = stage.root / stage.volume.lstrip("/")
    volume = home / "volume"
    volume.mkdir()
    # As engines do with a new volume: it is as the image has the folder.
    os.chown(volume, made.stat().st_uid, made.stat().st_gid)
    volume.chmod(made.stat().st_mode & 0o777)
    # A folder of the host's, which the image's user may write to once.
    newsroom, etc = home / "newsroom", "/etc/communique"
    newsroom.mkdir()
    os.chown(newsroom, uid, gid)
    (stage.root / etc.lstrip("/")).mkdir()
    volumes = {stage.volume: volume, etc: newsroom}
    with running(
        stage, volumes, "init", "--title=Trial", "--base-url=https://news.example.org", etc
    ) as container:
        require(container.wait() == 0, "`communique init` makes a newsroom")
    os.chown(newsroom, 0, 0)
    with running(stage, volumes) as container:
        began = time.monotonic()
        while (health := container.exec(*stage.healthcheck)).returncode:
            if time.monotonic() - began > 60:
                say(health.stderr)
                require(False, "HEALTHCHECK succeeds within its start period")
            time.sleep(0.2)
        require(True, f"HEALTHCHECK succeeds, {time.monotonic() - began:.1f} s after the start")
        status = Path(f"/proc/{container.pid}/status").read_text(encoding="ascii")
        require(
            re.search(rf"^Uid:\s+{uid}\s+{uid}\s", status, re.MULTILINE), "process 1 is that user's"
        )
        require(re.search(r"^NSpid:.*\s1$", status, re.MULTILINE), "… and the service itself")
        require("CapBnd:\t0000000000000000" in status, "… without any capability")
        require("NoNewPrivs:\t1" in status, "… and cannot get one")
        written = container.exec("sh", "-c", "touch /opt/x /etc/x /x /var/lib/x")
        require(written.returncode and "Read-only" in written.stderr, "the root is read-only")
        added = container.exec("communique", "release", "add", "-", given=DOCUMENT)
        require(not added.returncode, f"a release is added: {added.stdout.split()}")
        for _ in range(100):
            feed = container.exec("python", "-c", FETCH).stdout
            if "A release in a container" in feed:
                break
            time.sleep(0.1)
        require("A release in a container" in feed, "a release is published, and in the feed")
        told = container.exec("communique", "status")
        require(not told.returncode, "`communique status` exits with 0")
        require(container.stop(stage.stop_signal) == 0, f"{stage.stop_signal} ends it with 0")
    modes = {oct(path.stat().st_mode & 0o077) for path in volume.rglob("*.db*")}
    require(modes == {"0o0"}, "the store in the volume is private")
    with running(stage, volumes) as container:
        while container.exec(*stage.healthcheck).returncode:
            time.sleep(0.2)
        feed = container.exec("python", "-c", FETCH).stdout
        require(
            "A release in a container" in feed, "a new container with that volume has the release"
        )
        require(container.stop(stage.stop_signal) == 0, "… and ends with 0")


def main() -> int:
    """Builds the image and uses it; 1 if something is not so, 2 if something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, help="a Debian root to begin with, made if missing")
    base_of = parser.parse_args().base
    lacking = [
        name for name in ("debootstrap", "unshare", "nsenter", "ip") if not shutil.which(name)
    ]
    if os.geteuid() or lacking:
        say(f"needs root, and {', '.join(lacking) or 'nothing else'}")
        return 2
    home = Path(mkdtemp(prefix="image"))
    try:
        base = base_of or home / "base"
        make_base(base)
        stage = carry_out(base, home)["image"]
        size = subprocess.run(
            ["du", "-sm", str(stage.root / "opt")], capture_output=True, text=True
        )
        say(f"{size.stdout.split()[0]} MB above the base")
        use(stage, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
