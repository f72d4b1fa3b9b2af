"""What a configuration is made of, read but not yet understood.

Reading and understanding are two steps, so that the running service can tell a changed file from
one that was only touched, and can keep the sources of the last good configuration.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from service.settings.communique_file import CommuniqueFile
from service.settings.faults import KeyPath
from service.settings.overrides import ENVIRONMENT_PREFIX, apply_overrides
from service.settings.yaml_reader import YamlDocument, place_of, read_yaml

#: A thousand categories with long descriptions are less than half of this.
MAX_FILE_BYTES = 2 * 1024 * 1024

DEFAULT_CATEGORIES_FILE = str(CommuniqueFile.model_fields["categories_file"].default)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was found. Two are equal when they say the same, whenever they were written."""

    path: str  #: as a person named it; relative paths count from the working folder
    text: str | None = field(default=None, repr=False)  #: None when it cannot be read
    trouble: str | None = None  #: why it cannot be read, for a person
    trouble_line: int | None = None  #: where the bytes at fault are, 1 for the first
    trouble_column: int | None = None  #: likewise
    mtime_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that a configuration depends on. It holds secrets: they do not print.

    Two are equal exactly when the same configuration comes of them.
    """

    main: SourceFile  #: ``communique.yaml``
    categories: SourceFile  #: the file that it names
    store_url: SourceFile | None = field(default=None, repr=False)  #: that ``url_file`` names
    hub_passwords: Mapping[str, SourceFile] = field(default_factory=dict, repr=False)  #: by name
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)  #: ``COMMUNIQUE_…`` only
    overrides: tuple[str, ...] = field(default=(), repr=False)  #: ``key=value``, later ones win
    working_folder: str  #: absolute; ``data_folder`` is relative to it

    def to_json(self) -> str:
        """Write the sources down, secrets included: keep that where only the service reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Sources":
        """Read what `to_json` wrote."""
        kept: dict[str, Any] = json.loads(text)
        for name in ("main", "categories", "store_url"):
            kept[name] = SourceFile(**kept[name]) if kept[name] else None
        passwords = kept["hub_passwords"].items()
        kept["hub_passwords"] = {name: SourceFile(**file) for name, file in passwords}
        return cls(**{**kept, "overrides": tuple(kept["overrides"])})


def read_sources(
    path: Path,
    *,
    environ: Mapping[str, str],
    overrides: Sequence[str] = (),
    working_folder: Path | None = None,
) -> Sources:
    """Read the files of a configuration. What cannot be read is told by `parse`, with the rest.

    Args:
        path: ``communique.yaml``.
        environ: The environment; only names that begin with ``COMMUNIQUE_`` are kept.
        overrides: What ``--set`` was given: ``key=value``.
        working_folder: What relative paths count from; the process's own if None.
    """
    kept = {name: text for name, text in environ.items() if name.startswith(ENVIRONMENT_PREFIX)}
    folder = (working_folder or Path.cwd()).absolute()
    main = _read(path, folder)
    document = read_yaml(main.text or "", file=main.path)
    apply_overrides(document, kept, overrides)
    categories = path.parent / (_peek(document, "categories_file") or DEFAULT_CATEGORIES_FILE)
    store_url = _peek(document, "store", "url_file")
    return Sources(
        main=main,
        categories=_read(categories, folder),
        store_url=_read(path.parent / store_url, folder) if store_url else None,
        hub_passwords={
            name: _read(path.parent / name, folder) for _, _, name in password_files(document)
        },
        environ=kept,
        overrides=tuple(overrides),
        working_folder=str(folder),
    )


def password_files(document: YamlDocument) -> Iterator[tuple[KeyPath, object, str]]:
    """The files that hubs name for their passwords: where, for which URL, and how it is named."""
    for i, hub in enumerate(document.items_at("hubs")):
        path = ("hubs", i, "password_file")
        if isinstance(hub, dict) and (name := _peek(document, *path)):
            yield path, hub.get("url"), name


def _peek(document: YamlDocument, *keys: str | int) -> str | None:
    """Return a text of the main file before anybody checked it; None when there is none."""
    value = document.at(*keys)
    return value if isinstance(value, str) and "\0" not in value else None


def _read(path: Path, folder: Path) -> SourceFile:
    try:
        with (folder / path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        mtime_ns = (folder / path).stat().st_mtime_ns
    except FileNotFoundError:
        return SourceFile(path=str(path), trouble="no such file")
    except OSError as error:
        return SourceFile(path=str(path), trouble=f"cannot be read: {error.strerror}")
    if len(content) > MAX_FILE_BYTES:
        return SourceFile(path=str(path), trouble=f"is larger than {MAX_FILE_BYTES:,} bytes")
    return _decode(str(path), content, mtime_ns)


def _decode(path: str, content: bytes, mtime_ns: int) -> SourceFile:
    try:
        return SourceFile(path=path, text=content.decode("utf-8-sig"), mtime_ns=mtime_ns)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        place = place_of(before, len(before), file=path)
        return SourceFile(
            path=path,
            trouble=f"byte 0x{content[error.start]:02X} is not UTF-8: save the file as UTF-8",
            trouble_line=place.line,
            trouble_column=place.column,
            mtime_ns=mtime_ns,
        )
