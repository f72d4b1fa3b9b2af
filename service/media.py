"""Stores pictures and files of releases: checks them, and tells their addresses.

Everybody who adds a file calls `MediaStore.add`: the API, commands, watched folders, the desk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from feeds.errors import FileBesideRefused, PictureRefused
from feeds.ingest import EmbeddedPicture, KeepPicture, KeptFile
from feeds.media.films import take_out_place_of_film
from feeds.media.kinds import FileType, UnknownType, file_name, recognise
from feeds.media.pictures import size_in_pixels, take_out_place
from feeds.model.feed import Site
from feeds.model.medium import StoredMedium, medium_path
from feeds.store.database import Database, Transaction
from feeds.store.media import CHUNK_BYTES
from service.errors import ServiceError
from service.settings import MediaSettings

#: Chunks in one transaction: other writers on SQLite wait for 4 MiB at most.
CHUNKS_AT_ONCE = 16


class MediumRefused(ServiceError):
    """A file cannot be stored; nothing of it was."""

    def __init__(self, reason: str, *, remedy: str) -> None:
        super().__init__(f"{reason}: {remedy}")
        self.reason = reason
        self.remedy = remedy


class MediumTooLarge(MediumRefused):
    """The file is larger than `media.max_file_bytes`."""


class NoRoomForMedia(MediumRefused):
    """All files together are as large as `media.max_total_bytes` allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedMedium:
    """A file that is stored now. It is public as soon as a public release names its address."""

    url: str  #: its address, absolute; for enclosures, and for ``src`` in texts
    digest: str
    name: str  #: as the address has it
    media_type: str
    length_bytes: int
    width: int | None = None  #: of a picture
    height: int | None = None
    warnings: tuple[str, ...] = ()  #: what was changed, for the person who added it


class MediaStore:
    """The files of one newsroom. Cheap to make; safe to share between threads."""

    def __init__(
        self,
        database: Database,
        site: Site,
        settings: MediaSettings,
        *,
        folder: Path,
        now: Callable[[], datetime],
    ) -> None:
        """Opens the files.

        Args:
            database: The store, which holds the bytes.
            site: Has the public address.
            settings: The limits.
            folder: For a file of any size while it is checked; nothing stays there.
            now: The clock.
        """
        self._database = database
        self._site = site
        self._settings = settings
        self._folder = folder
        self._now = now

    def add(
        self,
        source: BinaryIO,
        *,
        name: str,
        by: str,
        declared_type: str | None = None,
        is_trial: bool = False,
    ) -> AddedMedium:
        """Stores a file, once: the same bytes again get the same address under the same name.

        Args:
            source: The bytes; read once, in pieces.
            name: What the file is called. Its address ends so.
            by: Who adds it, as the audit log names people.
            declared_type: The media type that its sender states, which does not count.
            is_trial: Whether to store nothing, and only tell what would be.

        Raises:
            MediumRefused: It is too large, there is no room, or it is of no kind that is allowed.
            StoreUnavailable: The store cannot be used. Adding the file again goes on.
        """
        # A temporary file has no name, so that nothing of it is left after a crash.
        folder = self._folder if self._folder.is_dir() else None
        with TemporaryFile(dir=folder) as file:
            length_bytes = self._copy(source, file)
            found = self._recognise(file, name)
            warnings = [*_told(name, declared_type, found)]
            if not self._settings.keep_places:
                warnings += _without_place(file, found.media_type)
            size = size_in_pixels(file, found.media_type)
            medium = StoredMedium(
                digest=_digest(file),
                media_type=found.media_type,
                length_bytes=length_bytes,
                name=file_name(name, found),
                width=None if size is None else size[0],
                height=None if size is None else size[1],
                added_at=self._now(),
                added_by=by,
            )
            if not is_trial:
                self._store(medium, file)
        return AddedMedium(
            url=self._site.medium(medium_path(medium.digest, medium.name)),
            digest=medium.digest,
            name=medium.name,
            media_type=medium.media_type,
            length_bytes=medium.length_bytes,
            width=medium.width,
            height=medium.height,
            warnings=tuple(warnings),
        )

    def keeper(self, by: str, *, is_trial: bool = False) -> KeepPicture:
        """Returns a function that stores the pictures inside documents.

        Args:
            by: Who adds the documents.
            is_trial: Whether to store nothing, and only tell the addresses.
        """

        def keep(picture: EmbeddedPicture) -> str:
            try:
                added = self.add(
                    BytesIO(picture.data),
                    name=picture.name,
                    by=by,
                    declared_type=picture.media_type,
                    is_trial=is_trial,
                )
            except MediumRefused as refused:
                raise PictureRefused(refused.reason) from refused
            return added.url

        return keep

    def file_keeper(self, by: str, *, is_trial: bool = False) -> Callable[[Path], KeptFile]:
        """Returns a function that stores files beside documents, by their path.

        It raises `FileBesideRefused`, or `OSError` when the file cannot be read.

        Args:
            by: Who adds the documents.
            is_trial: Whether to store nothing, and only tell the addresses.
        """

        def keep(path: Path) -> KeptFile:
            with path.open("rb") as file:
                try:
                    added = self.add(file, name=path.name, by=by, is_trial=is_trial)
                except MediumRefused as refused:
                    raise FileBesideRefused(
                        f"cannot be stored: {refused.reason}", remedy=refused.remedy
                    ) from refused
            return KeptFile(
                url=added.url,
                media_type=added.media_type.partition(";")[0],
                length_bytes=added.length_bytes,
                warnings=added.warnings,
            )

        return keep

    def _copy(self, source: BinaryIO, file: BinaryIO) -> int:
        limit, size = self._settings.max_file_bytes, 0
        while piece := source.read(CHUNK_BYTES):
            size += len(piece)
            if size > limit:
                raise MediumTooLarge(
                    f"a file may have {limit} bytes",
                    remedy="make it smaller, or raise media.max_file_bytes",
                )
            file.write(piece)
        if not size:
            raise MediumRefused("the file is empty", remedy="send its bytes as the body")
        return size

    def _recognise(self, file: BinaryIO, name: str) -> FileType:
        kinds = self._settings.kinds
        try:
            found = recognise(file, name=name)
        except UnknownType as error:
            raise MediumRefused(
                str(error), remedy=f"send a file of one of these kinds: {', '.join(kinds)}"
            ) from error
        if found.kind not in kinds:
            raise MediumRefused(
                f"it is {found.media_type}, of the kind {found.kind}, which media.kinds leaves out",
                remedy=f"send a file of one of these kinds: {', '.join(kinds)}",
            )
        return found

    def _store(self, medium: StoredMedium, file: BinaryIO) -> None:
        run = self._database.run_in_transaction
        with self._database.read() as tx:
            is_there = tx.media.find(medium.digest) is not None
            _, total_bytes = tx.media.count()
        if not is_there:
            limit = self._settings.max_total_bytes
            if total_bytes + medium.length_bytes > limit:
                raise NoRoomForMedia(
                    f"all files together may have {limit} bytes, and {total_bytes} are used",
                    remedy="remove files that are no longer needed (communique media list), or "
                    "raise media.max_total_bytes",
                )
            self._write(medium, file)
        # Durable, and with it all that was stored before it.
        while not run(lambda tx: tx.media.complete(medium.digest, now=medium.added_at)):
            self._write(medium, file)  # it was forgotten at this very moment

    def _write(self, medium: StoredMedium, file: BinaryIO) -> None:
        run = self._database.run_in_transaction
        run(lambda tx: tx.media.begin(medium), is_durable=False)
        for first, chunks in _batches(file):
            run(partial(_add_chunks, medium.digest, first, chunks), is_durable=False)

    # Bytes out.

    def pieces(self, digest: str, first: int, end: int) -> Iterator[bytes]:
        """Yields the bytes of a medium from *first* up to *end*, one chunk at a time.

        Raises:
            LostMedium: A chunk is gone: the medium was removed meanwhile.
        """
        for number in range(first // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
            with self._database.read() as tx:
                chunk = tx.media.chunk(digest, number)
            if chunk is None:
                raise LostMedium(f"chunk {number} of {digest} is gone")
            begin = number * CHUNK_BYTES
            yield chunk[max(first - begin, 0) : end - begin]


def _add_chunks(digest: str, first: int, chunks: list[bytes], tx: Transaction) -> None:
    tx.media.add_chunks(digest, first, chunks)


class LostMedium(ServiceError):
    """A part of a medium is not in the store any more."""


def _told(name: str, declared_type: str | None, found: FileType) -> Iterator[str]:
    """Yields what a sender should know whose name or type does not fit the bytes."""
    media_type = found.media_type.partition(";")[0]
    declared = (declared_type or "").partition(";")[0].strip().lower()
    if declared not in ("", "application/octet-stream", media_type):
        yield f"the file is {media_type}, and not {declared} as stated"
    if not name.lower().endswith(found.suffixes):
        yield f"the file is {media_type}, so its name is {file_name(name, found)}"


#: Files of boxes (ISO 14496-12) that are no pictures.
_FILMS = ("video/mp4", "video/quicktime", "audio/mp4")


def _without_place(file: BinaryIO, media_type: str) -> Iterator[str]:
    """Takes out where a picture or a film was taken, and yields what its sender should know."""
    if media_type not in _FILMS:
        if take_out_place(file, media_type):
            yield "the place where the picture was taken was taken out of it"
        return
    places = take_out_place_of_film(file)
    if places.is_taken_out:
        yield "the place where the film was taken was taken out of it"
    if places.has_track:
        yield (
            "a track of the film says where it was taken, second by second, and is still in it: "
            "export the film without that track if nobody may know"
        )


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = sha256()
    while piece := file.read(CHUNK_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _batches(file: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    """Yields the chunks of a file, some at once, with the number of the first."""
    file.seek(0)
    first, chunks = 0, []
    while chunk := file.read(CHUNK_BYTES):
        chunks.append(chunk)
        if len(chunks) == CHUNKS_AT_ONCE:
            yield first, chunks
            first, chunks = first + len(chunks), []
    if chunks:
        yield first, chunks
