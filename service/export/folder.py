"""The folder on disk: written so that a reader sees the old state of an address, or the new one.

A version is complete, and on the disk, before a link points at it; a link is replaced in one step;
what nothing points at any more is taken away a while later, as somebody may still be at it. So
nothing has to be undone after a crash at any point: what is missing is written by the next run, and
what is left over is removed by it.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath

from service.errors import ServiceError
from service.export.layout import (
    ENDINGS,
    SITE,
    VERSIONS,
    Version,
    file_of,
    parse_version,
    path_of,
    written_date,
)
from service.export.renditions import Rendition
from service.http_rules import Coding

MARKER = "communique-export.json"
_FORM = 1

#: A server opens a file within microseconds after it looked where a link leads; a copy of the whole
#: folder to elsewhere takes longer.
GRACE_S = 60.0

#: Public, and read by other users than the one who writes.
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755

_NEW = ".new"


class ForeignFolder(ServiceError):
    """The folder holds something else, and nothing in it may be touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedVersion:
    """A version that is written and not shown yet."""

    path: str
    version: Version


class Folder:
    """One export's folder. To be used by one process at a time."""

    def __init__(self, root: Path, *, site_url: str) -> None:
        """Open the folder; make it if it is not there.

        Args:
            root: The folder.
            site_url: The newsroom's address, which a folder belongs to for good.

        Raises:
            NotOurs: It holds files that no export wrote, or another newsroom's export.
        """
        self.root = root.absolute()
        self._claim(site_url)

    def current(self, path: str) -> Version | None:
        """The version that is shown at an address, if its bytes are there."""
        pointer = self.root / SITE / file_of(path)
        try:
            name = Path(pointer.readlink()).name
        except OSError:
            return None
        return parse_version(name) if pointer.exists() else None

    def place(self, shown: Rendition, forms: Mapping[Coding, bytes]) -> StagedVersion:
        """Write a version in all forms. It may be lost with the machine's power until `keep`."""
        sizes = tuple(len(forms[coding]) for coding in ENDINGS)
        version = Version(
            revision=shown.revision,
            date=written_date(shown.last_modified),
            profile=shown.profile.id,
            sizes=sizes,
        )
        home = self.root / VERSIONS / file_of(shown.path)
        make_folder(home)
        moment = _moment(shown.last_modified)
        for coding, ending in ENDINGS.items():
            write_file(home / f"{version.name}{ending}", forms[coding], modified_at=moment)
        return StagedVersion(path=shown.path, version=version)

    def keep(self) -> None:
        """Wait until all that was written is on the disk.

        One call for many files: to wait for each one takes a disk an hour for a million pages.
        """
        os.sync()

    def show(self, placed: StagedVersion) -> None:
        """Let an address have a version, in one step."""
        file = file_of(placed.path)
        pointer = self.root / SITE / file
        make_folder(pointer.parent)
        target = self.root / VERSIONS / file / placed.version.name
        new = pointer.with_name(pointer.name + _NEW)
        new.unlink(missing_ok=True)
        new.symlink_to(os.path.relpath(target, pointer.parent))
        new.replace(pointer)

    def is_shown(self, path: str) -> bool:
        """True when an address has something."""
        return (self.root / SITE / file_of(path)).is_symlink()

    def hide(self, path: str) -> None:
        """Let an address have nothing any more."""
        file = file_of(path)
        (self.root / SITE / file).unlink(missing_ok=True)
        home = self.root / VERSIONS / file
        if home.is_dir():
            os.utime(home)  # from now on somebody may still be at it for a while

    def shown(self) -> Iterator[str]:
        """The addresses that have something. What a run left half-way is removed meanwhile."""
        for entry in _walk(self.root / SITE):
            if entry.name.endswith(_NEW):
                Path(entry.path).unlink(missing_ok=True)
            else:
                file = Path(entry.path).relative_to(self.root / SITE)
                yield path_of(PurePosixPath(file))

    def sweep(self, *, grace_s: float) -> int:
        """Remove versions that nothing points at since *grace_s* seconds; says how many files."""
        before = time.time() - grace_s
        removed = 0
        for home, names in _homes(self.root / VERSIONS):
            pointer = self.root / SITE / home.relative_to(self.root / VERSIONS)
            current, since = _pointed(pointer, home)
            if since > before:
                continue
            left = [name for name in names if current is None or not _belongs(name, current)]
            for name in left:
                (home / name).unlink(missing_ok=True)
            removed += len(left)
            if len(left) == len(names):
                home.rmdir()
        return removed

    def _claim(self, site_url: str) -> None:
        make_folder(self.root)
        marker = self.root / MARKER
        if not marker.exists():
            if any(self.root.iterdir()):
                raise ForeignFolder(
                    f"{self.root} is not empty, and no export wrote it: name another folder, "
                    "or one that is not there yet"
                )
            write_file(marker, json.dumps({"form": _FORM, "site": site_url}).encode() + b"\n")
            return
        said = _read_marker(marker)
        if said.get("form") != _FORM:
            raise ForeignFolder(f"{self.root} was written by another version: name another folder")
        if said.get("site") != site_url:
            raise ForeignFolder(
                f"{self.root} holds the export of {said.get('site')}, and this is {site_url}: "
                "name another folder"
            )


def make_folder(folder: Path) -> None:
    """Make a folder that others may read, with those above it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(_FOLDER_MODE)


def write_file(
    path: Path, body: bytes, *, modified_at: float | None = None, mode: int = _FILE_MODE
) -> None:
    """Write a file that others may read, unless told otherwise: whole, or not at all."""
    new = path.with_name(path.name + _NEW)
    new.write_bytes(body)
    new.chmod(mode)
    if modified_at is not None:
        os.utime(new, (modified_at, modified_at))
    new.replace(path)


def write_if_changed(path: Path, body: bytes) -> bool:
    """Write a file if it has other bytes; says whether it had."""
    if path.is_file() and path.read_bytes() == body:
        return False
    make_folder(path.parent)
    write_file(path, body)
    return True


def _moment(last_modified: str | None) -> float:
    """When a file was modified, as its own date says it; the epoch when there is no date.

    So ``If-Unmodified-Since`` holds, always, for what has no date, as it does with the service.
    """
    if last_modified is None:
        return datetime(1970, 1, 1, tzinfo=UTC).timestamp()
    return parsedate_to_datetime(last_modified).timestamp()


def _read_marker(marker: Path) -> dict[str, object]:
    try:
        said = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _walk(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """All that is no folder below *folder*. Nothing is held in memory but the way down."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path))
            else:
                yield entry


def _homes(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders that hold versions, with the names in each."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    names = []
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _homes(Path(entry.path))
            else:
                names.append(entry.name)
    if names:
        yield folder, names


def _pointed(pointer: Path, home: Path) -> tuple[str | None, float]:
    """The version that a link leads to, and since when."""
    try:
        return pointer.readlink().name, pointer.lstat().st_mtime
    except OSError:
        return None, home.stat().st_mtime


def _belongs(name: str, current: str) -> bool:
    return name in {f"{current}{ending}" for ending in ENDINGS.values()}
