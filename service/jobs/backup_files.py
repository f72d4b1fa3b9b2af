"""The file of a backup: a tar of the store and the configuration, with a manifest at its end.

The manifest comes last, because it has the digests of the parts. So a file that was cut off has
none, and is refused. Parts are read by their names only: nothing else is ever unpacked.
"""

import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

from feeds.errors import BackupFailed

#: The version of this format. A program refuses higher ones.
FORMAT = 1

#: The folder of all parts in the tar.
_FOLDER = "communique-backup"
_MANIFEST = "manifest.json"
#: A manifest is a few kilobytes.
_MAX_MANIFEST_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024

#: Folders of backups that are being made have this beginning.
_UNFINISHED = ".communique-backup-"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPart:
    """A file in a backup."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds, and of what."""

    taken_at: datetime  #: the backup holds the state of this moment
    program: str  #: the version that made it
    host: str
    kind: str  #: ``sqlite`` or ``postgresql``
    store_id: str
    schema: str  #: the migration that the store was at
    schema_name: str  #: on PostgreSQL, the schema that has the tables; else empty
    rows: Mapping[str, int]  #: by table
    main_name: str  #: of the main YAML file; empty if the configuration is not in the backup
    categories_name: str  #: of the file of categories, relative to the main one
    #: What the configuration needs and is not in the backup: files with secrets, variables.
    needs: tuple[str, ...]
    parts: tuple[BackupPart, ...]


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Yields a private folder beside *target*, for files that become a backup; then removes it.

    Folders of backups that were killed are removed, too.

    Raises:
        BackupFailed: *target* exists, or something cannot be written.
    """
    if target.exists():
        raise BackupFailed(f"{target} exists already: name another file, or a folder")
    with said_of_disk(target.parent):
        _remove_unfinished(target.parent)
        folder = Path(mkdtemp(prefix=_UNFINISHED, dir=target.parent))
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield folder
        finally:
            os.close(descriptor)
            shutil.rmtree(folder, ignore_errors=True)


def _remove_unfinished(parent: Path) -> None:
    """Removes what killed processes left: nobody holds the lock of such a folder."""
    for folder in parent.glob(f"{_UNFINISHED}*"):
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)


@contextmanager
def said_of_disk(folder: Path) -> Iterator[None]:
    """Translates the errors of a disk.

    Raises:
        BackupFailed: A file could not be read or written.
    """
    try:
        yield
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "its disk is full" if is_full else error.strerror or str(error)
        where = folder if is_full else error.filename or folder
        raise BackupFailed(f"{where} cannot be used: {reason}") from error


def make_folder(folder: Path) -> None:
    """Creates a folder that only its owner may read, unless it exists.

    Raises:
        BackupFailed: It cannot be created.
    """
    with said_of_disk(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def new_file(path: Path) -> IO[bytes]:
    """Creates a file that only its owner may read, and opens it for writing."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def sync_folder(folder: Path) -> None:
    """Makes a new name in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Digesting:
    """Reads a file, computes its digest, and can be asked to stop."""

    def __init__(self, file: IO[bytes], check: Callable[[], object]) -> None:
        self._file = file
        self._check = check
        self._sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        self._check()
        data = self._file.read(size)
        self._sha256.update(data)
        return data

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def write(
    folder: Path,
    files: Sequence[tuple[str, Path | bytes]],
    manifest: Callable[[tuple[BackupPart, ...]], Manifest],
    target: Path,
    *,
    check: Callable[[], object] = lambda: None,
) -> tuple[Manifest, int]:
    """Writes the parts and the manifest, reads all of it back, and gives it its name.

    Args:
        folder: As `writing` yields it.
        files: The name and content of each part.
        manifest: Returns the manifest for these parts.
        target: The name of the finished backup, in the parent of *folder*.
        check: Called often; raises to stop.

    Returns:
        The manifest, and the length of the file in bytes.

    Raises:
        BackupFailed: It cannot be written, or what is read back differs.
    """
    path = folder / "backup.tar"
    parts: list[BackupPart] = []
    with new_file(path) as file:
        with tarfile.TarFile(fileobj=file, mode="w", copybufsize=_CHUNK_BYTES) as tar:
            for name, content in files:
                parts.append(_add(tar, name, content, check))
            made = manifest(tuple(parts))
            record = {"format": FORMAT, **asdict(made), "taken_at": made.taken_at.isoformat()}
            text = json.dumps(record, indent=2, ensure_ascii=False).encode()
            _add(tar, _MANIFEST, text, check)
        file.flush()
        os.fsync(file.fileno())
        size_bytes = file.tell()
    with opened(path) as backup:
        backup.require_whole(check=check)
    path.rename(target)
    sync_folder(target.parent)
    return made, size_bytes


def _add(
    tar: tarfile.TarFile, name: str, content: Path | bytes, check: Callable[[], object]
) -> BackupPart:
    entry = tarfile.TarInfo(f"{_FOLDER}/{name}")
    entry.mode = 0o600
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        entry.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        digesting: Any = _Digesting(file, check)  # all that tarfile calls is ``read``
        tar.addfile(entry, digesting)
    return BackupPart(name=name, size_bytes=entry.size, sha256=digesting.hexdigest())


class BackupFile:
    """A backup that is open for reading."""

    def __init__(self, path: Path, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._tar = tar

    def has(self, name: str) -> bool:
        """Whether the manifest lists this part."""
        return any(part.name == name for part in self.manifest.parts)

    def require_whole(self, *, check: Callable[[], object] = lambda: None) -> None:
        """Reads every part and compares its digest.

        Raises:
            BackupFailed: A part is damaged or missing; the message names it.
        """
        for part in self.manifest.parts:
            self.copy(part.name, None, check=check)

    def copy(
        self, name: str, to: IO[bytes] | None, *, check: Callable[[], object] = lambda: None
    ) -> None:
        """Writes a part to a file, or reads it only.

        Raises:
            BackupFailed: The part is damaged or missing.
        """
        [part] = [part for part in self.manifest.parts if part.name == name]
        member = _member(self._tar, name)
        content = None if member is None else self._tar.extractfile(member)
        if content is None:
            raise BackupFailed(f"{self.path} is damaged: part {name} is missing")
        digesting = _Digesting(content, check)
        try:
            while data := digesting.read(_CHUNK_BYTES):
                if to is not None:
                    to.write(data)
        except tarfile.ReadError:
            pass  # cut off: the digest differs
        if digesting.hexdigest() != part.sha256:
            raise BackupFailed(
                f"{self.path} is damaged: part {name} is not what was written; use another backup"
            )

    def text(self, name: str) -> bytes:
        """Returns a small part."""
        held = io.BytesIO()
        self.copy(name, held)
        return held.getvalue()


@contextmanager
def opened(path: Path) -> Iterator[BackupFile]:
    """Opens a backup.

    Raises:
        BackupFailed: The file is no backup, is cut off, or was made by a newer version.
    """
    with said_of_disk(path):
        try:
            tar = tarfile.open(path, "r:")  # noqa: SIM115  # closed below
        except tarfile.ReadError as error:
            raise BackupFailed(f"{path} is no backup: {error}") from error
        with tar:
            yield BackupFile(path, tar, _manifest(path, tar))


def _member(tar: tarfile.TarFile, name: str) -> tarfile.TarInfo | None:
    try:
        return tar.getmember(f"{_FOLDER}/{name}")
    except (KeyError, tarfile.TarError):
        return None


def _manifest(path: Path, tar: tarfile.TarFile) -> Manifest:
    member = _member(tar, _MANIFEST)
    content = None if member is None else tar.extractfile(member)
    if member is None or content is None or member.size > _MAX_MANIFEST_BYTES:
        raise BackupFailed(f"{path} has no manifest: it is no backup, or it was cut off")
    try:
        record = json.loads(content.read())
        version = record.pop("format")
        if version == FORMAT:
            return _unpacked(record)
    except (ValueError, KeyError, TypeError, AttributeError, tarfile.TarError) as error:
        raise BackupFailed(f"{path} is damaged: {_MANIFEST} cannot be read: {error}") from error
    raise BackupFailed(
        f"{path} has format {version}, and this version knows {FORMAT}: it was made by a newer "
        "Communiqué; use that one"
    )


def _unpacked(record: dict[str, Any]) -> Manifest:
    return Manifest(
        **{
            **record,
            "taken_at": datetime.fromisoformat(record["taken_at"]),
            "needs": tuple(record["needs"]),
            "parts": tuple(BackupPart(**part) for part in record["parts"]),
        }
    )
