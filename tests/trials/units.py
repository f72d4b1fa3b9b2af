"""The units under a systemd that runs, as process 1 of a bare Debian.

The program comes from the first stage of the Dockerfile; the commands are those of docs/deploy.md,
as they stand there. Needs root, debootstrap, a network for the libraries, and cgroups of version 2.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.trials.image import (
    DOCUMENT,
    FETCH,
    PACKAGES,
    PATH,
    ROOT,
    carry_out,
    make_base,
    require,
    say,
)

PAGE = ROOT / "docs" / "deploy.md"

#: What a container's manager prepares before it starts an init (systemd's "Container Interface").
BOOT = """\
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -t proc proc {root}/proc
mount -t sysfs sysfs {root}/sys
mount -t cgroup2 none {root}/sys/fs/cgroup
mount -t tmpfs tmpfs {root}/dev
for name in null zero full random urandom tty; do
    touch {root}/dev/$name
    mount --bind /dev/$name {root}/dev/$name
done
mkdir {root}/dev/shm {root}/dev/pts
mount -t tmpfs tmpfs {root}/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts {root}/dev/pts
mount -t tmpfs tmpfs {root}/run
mount -t tmpfs tmpfs {root}/tmp
ln -s pts/ptmx {root}/dev/ptmx
ip link set lo up
# Not chroot: systemd mounts file systems of its own for units, and starts from the real root.
mkdir {root}/.former
cd {root}
pivot_root . .former
umount -l /.former
exec env -i container=trial PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=multi-user.target
"""


#: The program as its user runs it.
COMMAND = (
    "runuser", "-u", "communique", "--", "env",
    "COMMUNIQUE_CONFIG=/etc/communique/communique.yaml",
    "COMMUNIQUE_DATA_FOLDER=/var/lib/communique",
    "/opt/communique/bin/communique",
)  # fmt: skip


class Machine:
    """A Debian that systemd has booted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manager = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--fork",
             "--kill-child", "sh", "-c", BOOT.format(root=root)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        children = Path(f"/proc/{self._manager.pid}/task/{self._manager.pid}/children")
        until(children.read_text)
        self._pid = children.read_text(encoding="ascii").split()[0]
        until(lambda: "running" in self.run("systemctl", "is-system-running").stdout)

    def run(self, *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program there, as root."""
        enter = ["nsenter", f"--target={self._pid}", "--mount", "--pid", "--uts", "--ipc", "--net"]
        call = [*enter, "--cgroup", "env", "-i", f"PATH={PATH}", *argv]
        return subprocess.run(call, input=given, capture_output=True, text=True, timeout=300)

    def show(self, name: str, unit: str = "communique.service") -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def get(self, path: str) -> str:
        """What the service answers; nothing if it does not."""
        program = FETCH.replace("feeds/all.atom", path)
        return self.run("/opt/communique/bin/python", "-c", program).stdout

    @property
    def feed(self) -> str:
        """The feed of everything, or nothing."""
        return self.get("feeds/all.atom")

    def off(self) -> None:
        self._manager.kill()
        self._manager.wait(20)


def until(look: Callable[[], object], *, within_s: float = 120.0) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + within_s
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    machine = Machine(root)
    try:
        yield machine
    finally:
        machine.off()


def documented(machine: Machine, having: str) -> None:
    """Runs the block of docs/deploy.md that has this word, in a copy of the checkout's files."""
    blocks = re.findall(
        r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    [block] = [block for block in blocks if having in block]
    for line in block.replace("\\\n", " ").splitlines():
        done = machine.run("sh", "-c", f"cd /root && {line}")
        if done.returncode:
            say(
                done.stdout
                + done.stderr
                + machine.run("journalctl", "--no-pager", "--lines=40").stdout
            )
        require(not done.returncode, line)


def prepare(root: Path) -> None:
    """The checkout's units."""
    shutil.copytree(ROOT / "deploy", root / "root" / "deploy")


def try_sandbox(machine: Machine) -> None:
    """What the process cannot do."""
    pid = machine.show("MainPID")
    status = machine.run("cat", f"/proc/{pid}/status").stdout
    require("CapBnd:\t0000000000000000" in status, "no capabilities")
    require("NoNewPrivs:\t1" in status, "no way to any")
    require("Seccomp:\t2" in status, "system calls are filtered")
    there = machine.run(
        "nsenter", f"--target={pid}", "--mount", "touch", "/etc/x", "/opt/x", "/home/x"
    )
    require(there.stderr.count("Read-only") == 3, "its file system is read-only, …")
    there = machine.run("nsenter", f"--target={pid}", "--mount", "touch", "/var/lib/communique/x")
    require(not there.returncode, "… but for its own folder")


def use(machine: Machine) -> None:
    """Installs the units and uses them."""
    documented(machine, "useradd")
    require(
        "alive" in machine.get("livez"), "it answers as soon as `systemctl enable --now` returns"
    )
    require(until(lambda: "<feed" in machine.feed), "… and has feeds")
    require(
        "serving https://news.example.org (web+jobs+hub)" in machine.show("StatusText"),
        "its status",
    )
    try_sandbox(machine)
    # It is 1 at first, while the hub has not worked yet.
    until(lambda: not machine.run(*COMMAND, "status").returncode)
    documented(machine, "bin/communique status")
    added = machine.run(*COMMAND, "release", "add", "-", given=DOCUMENT)
    require(not added.returncode, "a release is added by that user, …")
    require(until(lambda: "A release in a container" in machine.feed), "… and in the feed")

    configuration = machine.root / "etc" / "communique" / "communique.yaml"
    good = configuration.read_text(encoding="utf-8")
    configuration.write_text(good.replace('title: "Our news"', "title: Another"), "utf-8")
    require(not machine.run("systemctl", "reload", "communique").returncode, "it reloads, …")
    require(until(lambda: "<title>Another" in machine.get("")), "… and has the new title")
    configuration.write_text("site: none", encoding="utf-8")
    machine.run("systemctl", "reload", "communique")
    require(until(lambda: "faults" in machine.show("StatusText")), "a bad one shows in its status")
    configuration.write_text(good, encoding="utf-8")
    machine.run("systemctl", "reload", "communique")
    require(until(lambda: "faults" not in machine.show("StatusText")), "… until it is mended")

    documented(machine, "communique-backup.timer")
    made = list((machine.root / "var" / "backups" / "communique").glob("communique-*.tar"))
    require(len(made) == 1, "there is a backup")
    require(machine.show("Result", "communique-backup.service") == "success", "… which succeeded")

    pid = machine.show("MainPID")
    machine.run("pkill", "--signal", "KILL", "--exact", "communique web")
    require(until(lambda: "<feed" in machine.feed), "killed web processes are replaced, …")
    require(machine.show("MainPID") == pid, "… and the service goes on")
    machine.run("kill", "-STOP", pid)
    began = time.monotonic()
    require(
        until(lambda: machine.show("NRestarts") == "1"), "a frozen supervisor meets the watchdog"
    )
    require(
        until(lambda: "<feed" in machine.feed), f"… answers after {time.monotonic() - began:.0f} s"
    )
    began = time.monotonic()
    require(not machine.run("systemctl", "stop", "communique").returncode, "it stops, …")
    require(machine.show("Result") == "success", f"… well, within {time.monotonic() - began:.1f} s")
    require(machine.show("ExecMainStatus") == "0", "… and with 0")


def main() -> int:
    """Boots a Debian and uses the units; 1 if something is not so, 2 if something is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, help="a Debian root to begin with, made if missing")
    base_of = parser.parse_args().base
    if os.geteuid() or not shutil.which("debootstrap"):
        say("needs root and debootstrap")
        return 2
    home = Path(mkdtemp(prefix="units"))
    try:
        base = base_of or home / "base"
        make_base(base, f"{PACKAGES},systemd,systemd-sysv,dbus,procps")
        root = carry_out(base, home)["build"].root
        prepare(root)
        with booted(root) as machine:
            use(machine)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
