"""The exported folder on disk, in which each address has either its old state or its new one.

A version is complete, and on the disk, before a link points at it. A link is replaced atomically.
Versions without a link are removed after a while, because a server may still read them. So nothing
has to be undone after a crash at any point: the next run writes missing files, and removes files
that are left over.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
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
from service.export.renditions import Rendition, UnstableDocument
from service.http_rules import Coding

MARKER = "communique-export.json"
_FORM = 1

#: How long unlinked versions are kept. A server opens a file microseconds after it resolved the
#: link, but a copy of the whole folder takes longer.
GRACE_S = 60.0

#: The files are public, and are read by another user than the one who writes them.
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755

_NEW = ".new"


class ForeignFolder(ServiceError):
    """The folder contains other files or another site's export, and must not be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedVersion:
    """A version that is written but not published yet."""

    path: str
    version: Version


class Folder:
    """The folder of one export. Used by one process at a time."""

    def __init__(self, root: Path, *, site_url: str) -> None:
        """Opens the folder; creates it if it does not exist.

        Args:
            root: The folder.
            site_url: The newsroom's address, to which a folder belongs permanently.

        Raises:
            ForeignFolder: The folder has files that no export wrote, or another newsroom's export.
        """
        self.root = root.absolute()
        self._claim(site_url)

    def current(self, path: str) -> Version | None:
        """Returns the published version of an address, if its bytes exist."""
        pointer = self.root / SITE / file_of(path)
        try:
            name = Path(pointer.readlink()).name
        except OSError:
            return None
        return parse_version(name) if pointer.exists() else None

    def stage(self, rendition: Rendition, forms: Mapping[Coding, bytes]) -> StagedVersion:
        """Writes a version in all codings. A power failure may lose it until `sync` is called."""
        sizes = tuple(len(forms[coding]) for coding in ENDINGS)
        version = Version(
            revision=rendition.revision,
            date=written_date(rendition.last_modified),
            profile=rendition.profile.id,
            sizes=sizes,
        )
        home = self.root / VERSIONS / file_of(rendition.path)
        make_folder(home)
        moment = _moment(rendition.last_modified)
        for coding, ending in ENDINGS.items():
            write_file(home / f"{version.name}{ending}", forms[coding], modified_at=moment)
        return StagedVersion(path=rendition.path, version=version)

    def stage_medium(self, rendition: Rendition, pieces: Iterable[bytes]) -> StagedVersion:
        """Writes a version of a medium, which has no coding, piece by piece.

        Raises:
            UnstableDocument: There are fewer or more bytes than the rendition says.
        """
        sizes = tuple(rendition.length if coding is Coding.IDENTITY else 0 for coding in ENDINGS)
        version = Version(
            revision=rendition.revision,
            date=written_date(rendition.last_modified),
            profile=rendition.profile.id,
            sizes=sizes,
        )
        home = self.root / VERSIONS / file_of(rendition.path)
        make_folder(home)
        file = home / version.name
        new = file.with_name(file.name + _NEW)
        with new.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
            length = stream.tell()
        if length != rendition.length:
            new.unlink()
            raise UnstableDocument(rendition.path)
        new.chmod(_FILE_MODE)
        moment = _moment(rendition.last_modified)
        os.utime(new, (moment, moment))
        new.replace(file)
        return StagedVersion(path=rendition.path, version=version)

    def sync(self) -> None:
        """Waits until all written files are on the disk.

        One call for many files: waiting for each one would take an hour for a million pages.
        """
        os.sync()

    def publish(self, staged: StagedVersion) -> None:
        """Makes an address show a version, in one atomic step."""
        file = file_of(staged.path)
        pointer = self.root / SITE / file
        make_folder(pointer.parent)
        target = self.root / VERSIONS / file / staged.version.name
        new = pointer.with_name(pointer.name + _NEW)
        new.unlink(missing_ok=True)
        new.symlink_to(os.path.relpath(target, pointer.parent))
        new.replace(pointer)

    def is_shown(self, path: str) -> bool:
        """Whether an address has a published version."""
        return (self.root / SITE / file_of(path)).is_symlink()

    def hide(self, path: str) -> None:
        """Removes the published version of an address."""
        file = file_of(path)
        (self.root / SITE / file).unlink(missing_ok=True)
        home = self.root / VERSIONS / file
        if home.is_dir():
            os.utime(home)  # starts the grace period, in which servers may still read the files

    def shown(self) -> Iterator[str]:
        """Yields the published addresses; removes links that an interrupted run left behind."""
        for entry in _walk(self.root / SITE):
            if entry.name.endswith(_NEW):
                Path(entry.path).unlink(missing_ok=True)
            else:
                file = Path(entry.path).relative_to(self.root / SITE)
                yield path_of(PurePosixPath(file))

    def sweep(self, *, grace_s: float) -> int:
        """Removes versions without a link for *grace_s* seconds; returns the number of files."""
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
        saved = _read_marker(marker)
        if saved.get("form") != _FORM:
            raise ForeignFolder(f"{self.root} was written by another version: name another folder")
        if saved.get("site") != site_url:
            raise ForeignFolder(
                f"{self.root} holds the export of {saved.get('site')}, and this is {site_url}: "
                "name another folder"
            )


def make_folder(folder: Path) -> None:
    """Creates a folder that all users may read, with its parents."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(_FOLDER_MODE)


def write_file(
    path: Path, body: bytes, *, modified_at: float | None = None, mode: int = _FILE_MODE
) -> None:
    """Writes a file atomically, by default readable by all users."""
    new = path.with_name(path.name + _NEW)
    new.write_bytes(body)
    new.chmod(mode)
    if modified_at is not None:
        os.utime(new, (modified_at, modified_at))
    new.replace(path)


def write_if_changed(path: Path, body: bytes) -> bool:
    """Writes a file if its bytes differ; returns whether they did."""
    if path.is_file() and path.read_bytes() == body:
        return False
    make_folder(path.parent)
    write_file(path, body)
    return True


def _moment(last_modified: str | None) -> float:
    """Returns the modification time of a file, from ``Last-Modified``; the epoch without one.

    So ``If-Unmodified-Since`` always holds for a file without a date, as it does with the service.
    """
    if last_modified is None:
        return datetime(1970, 1, 1, tzinfo=UTC).timestamp()
    return parsedate_to_datetime(last_modified).timestamp()


def _read_marker(marker: Path) -> dict[str, object]:
    try:
        saved = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return saved if isinstance(saved, dict) else {}


def _walk(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """Yields all entries below *folder* that are not folders, with constant memory."""
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
    """Yields the folders that contain versions, with the file names in each."""
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
    """Returns the version that a link points at, and since when."""
    try:
        return pointer.readlink().name, pointer.lstat().st_mtime
    except OSError:
        return None, home.stat().st_mtime


def _belongs(name: str, current: str) -> bool:
    return name in {f"{current}{ending}" for ending in ENDINGS.values()}
