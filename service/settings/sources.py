"""The sources of a configuration: files, environment, ``--set``, secrets."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from service.settings.communique_file import CommuniqueFile
from service.settings.faults import ConfigFault, KeyPath, SourceLocation, nearest
from service.settings.section import is_list, leaves, takes_text
from service.settings.yaml_reader import YamlDocument, place_of, read_yaml

# Keys set outside the files: ``COMMUNIQUE_SITE__TITLE=…`` and ``--set site.title=…``.

ENVIRONMENT_PREFIX = "COMMUNIQUE_"

#: Alternative keys: setting one outside the files unsets the other.
_ALTERNATIVES: Mapping[KeyPath, str] = {
    ("store", "url"): "url_file",
    ("store", "url_file"): "url",
    ("alarms", "mail", "password"): "password_file",
    ("alarms", "mail", "password_file"): "password",
    ("alarms", "webhook", "secret"): "secret_file",
    ("alarms", "webhook", "secret_file"): "secret",
}

#: The keys of files with secrets of alarms, with the keys that their content is the value of.
ALARM_SECRETS: Mapping[KeyPath, KeyPath] = {
    ("alarms", "mail", "password_file"): ("alarms", "mail", "password"),
    ("alarms", "webhook", "secret_file"): ("alarms", "webhook", "secret"),
}


@dataclass(frozen=True, slots=True)
class _Override:
    place: SourceLocation
    key: str  #: dotted
    text: str


def variable_name(key: str) -> str:
    """Returns the environment variable that sets *key* (dotted)."""
    return ENVIRONMENT_PREFIX + key.replace(".", "__").upper()


def apply_overrides(
    document: YamlDocument, environ: Mapping[str, str], overrides: Sequence[str]
) -> None:
    """Applies the keys of the environment and of ``--set`` to the main file's data.

    Faults and places are added to *document*. ``--set`` overrides the environment, and the
    environment overrides the file.
    """
    for override in (*_from_environment(document, environ), *_from_set(document, overrides)):
        _apply(document, override)


def _from_environment(document: YamlDocument, environ: Mapping[str, str]) -> Iterator[_Override]:
    key_by_variable = {variable_name(key): key for key in leaves(CommuniqueFile)}
    for name, text in sorted(environ.items()):
        place = SourceLocation(file=f"environment {name}")
        if key := key_by_variable.get(name):
            yield _Override(place, key, text)
        elif _is_misspelt_key(name, key_by_variable):
            suggestion = nearest(name, key_by_variable)
            document.faults.append(_unknown(place, "no key of this name", suggestion))


def _is_misspelt_key(name: str, key_by_variable: Mapping[str, str]) -> bool:
    """Whether an unknown variable was meant to set a key.

    Not every ``COMMUNIQUE_…`` was: Kubernetes sets ``COMMUNIQUE_SERVICE_HOST`` and
    ``COMMUNIQUE_PORT_8000_TCP`` in every container if a service is called *communique*. An unknown
    name counts if it has a double underscore, or matches a key but for single underscores.
    """
    if not name.startswith(ENVIRONMENT_PREFIX):
        return False
    spelled = {variable.replace("__", "_") for variable in key_by_variable}
    return "__" in name or name in spelled


def _from_set(document: YamlDocument, overrides: Sequence[str]) -> Iterator[_Override]:
    for override in overrides:
        key, equals, text = override.partition("=")
        key = key.strip()
        place = SourceLocation(file=f"--set {key}")
        if not equals:
            document.faults.append(_unknown(place, "expected KEY=VALUE", None))
        elif key in leaves(CommuniqueFile):
            yield _Override(place, key, text)
        else:
            document.faults.append(_unknown(place, _no_such_key(key), _meant(key)))


def _no_such_key(key: str) -> str:
    if any(leaf.startswith(f"{key}.") for leaf in leaves(CommuniqueFile)):
        return "this is a section: set one of its keys"
    parent = leaves(CommuniqueFile).get(key.rpartition(".")[0])
    if parent and is_list(parent):
        return "this is inside a list: give the whole list, as in 'hubs=[https://a.example/]'"
    return "no such key"


def _meant(key: str) -> str | None:
    inside = [leaf for leaf in leaves(CommuniqueFile) if leaf.startswith(f"{key}.")]
    same_name = [leaf for leaf in leaves(CommuniqueFile) if leaf.rpartition(".")[2] == key]
    same_name.sort(key=lambda leaf: leaf.count("."))  # the nearest to the root
    return next(iter([*inside, *same_name]), None) or nearest(key, leaves(CommuniqueFile))


def _unknown(place: SourceLocation, message: str, suggestion: str | None) -> ConfigFault:
    return ConfigFault(place=place, path="", message=message, suggestion=suggestion)


def _apply(document: YamlDocument, override: _Override) -> None:
    field = leaves(CommuniqueFile)[override.key]
    if takes_text(field):
        # An empty text unsets a key whose default is unset; there is no other way to do so here.
        value: object = override.text or (None if field.default is None else "")
    else:
        given = read_yaml(override.text, file=override.place.file)
        if not given.is_readable:
            message = f"expected a value such as 8000 or [a, b], got {override.text!r}"
            fault = ConfigFault(place=override.place, path=override.key, message=message)
            document.faults.append(fault)
            return
        value = given.data
    _put(document, tuple(override.key.split(".")), value, override.place)


def _put(document: YamlDocument, path: KeyPath, value: object, place: SourceLocation) -> None:
    if document.data is None:
        document.data = {}
    section = document.data
    for part in path[:-1]:
        if not isinstance(section, dict):
            return  # a fault of the file, reported when the file is checked
        if section.get(part) is None:
            section[part] = {}
        section = section[part]
    if isinstance(section, dict):
        section[path[-1]] = value
        if value is not None and path in _ALTERNATIVES:
            section.pop(_ALTERNATIVES[path], None)
        for places in (document.keys, document.values):
            for old in [known for known in places if known[: len(path)] == path]:
                del places[old]
        document.values[path] = place


# The sources, read but not parsed. Reading and parsing are two steps, so that the running service
# can distinguish a changed file from a touched one, and keep the sources of the active
# configuration.

#: A thousand categories with long descriptions take less than half of this.
MAX_FILE_BYTES = 2 * 1024 * 1024

#: Pages are made from a dozen.
MAX_TEMPLATES = 100

NO_SUCH_FILE = "no such file"
NO_SUCH_FOLDER = "no such folder"

DEFAULT_CATEGORIES_FILE = str(CommuniqueFile.model_fields["categories_file"].default)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was read. Two are equal if their texts are, whatever their times."""

    path: str  #: as the operator named it; relative to the working folder
    text: str | None = field(default=None, repr=False)  #: None when it cannot be read
    trouble: str | None = None  #: why it cannot be read, for people
    trouble_line: int | None = None  #: line of the undecodable byte, 1 for the first
    trouble_column: int | None = None  #: column of the undecodable byte, 1 for the first
    mtime_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that a configuration depends on, including secrets, which are not printed.

    Equal sources give equal configurations.
    """

    main: SourceFile  #: ``communique.yaml``
    categories: SourceFile  #: the file that ``categories_file`` names
    store_url: SourceFile | None = field(
        default=None, repr=False
    )  #: the file that ``store.url_file`` names
    secret_files: Mapping[str, SourceFile] = field(
        default_factory=dict, repr=False
    )  #: passwords of hubs, and secrets of alarms, by name
    stylesheet: SourceFile | None = None  #: the file that ``site.stylesheet`` names
    #: The files of the folder ``site.templates``, by their names in it; the folder itself, by an
    #: empty name, if it cannot be read.
    templates: Mapping[str, SourceFile] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)  #: ``COMMUNIQUE_…`` only
    overrides: tuple[str, ...] = field(
        default=(), repr=False
    )  #: ``key=value``; a later one overrides an earlier one
    working_folder: str  #: absolute; the path of the main file may be relative to it

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set a key, in order. There may be others of the prefix."""
        known = {variable_name(key) for key in leaves(CommuniqueFile)}
        return tuple(sorted(known & self.environ.keys()))

    def to_json(self) -> str:
        """Returns the sources as JSON, with secrets: store it where only the service can read."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Sources":
        """Returns the sources that `to_json` wrote."""
        fields: dict[str, Any] = json.loads(text)
        for name in ("main", "categories", "store_url", "stylesheet"):
            fields[name] = SourceFile(**fields[name]) if fields[name] else None
        for name in ("secret_files", "templates"):
            fields[name] = {key: SourceFile(**file) for key, file in fields[name].items()}
        return cls(**{**fields, "overrides": tuple(fields["overrides"])})


def read_sources(
    path: Path,
    *,
    environ: Mapping[str, str],
    overrides: Sequence[str] = (),
    working_folder: Path | None = None,
) -> Sources:
    """Reads the files of a configuration. `parse` reports those that cannot be read.

    Args:
        path: ``communique.yaml``.
        environ: The environment; only variables that begin with ``COMMUNIQUE_`` are used.
        overrides: The values of ``--set``: ``key=value``.
        working_folder: The base of *path*; the process's working folder if None.
    """
    variables = {
        name: text for name, text in environ.items() if name.startswith(ENVIRONMENT_PREFIX)
    }
    folder = (working_folder or Path.cwd()).absolute()
    main = _read(path, folder)
    document = read_yaml(main.text or "", file=main.path)
    apply_overrides(document, variables, overrides)
    categories = path.parent / (
        _unchecked_text(document, "categories_file") or DEFAULT_CATEGORIES_FILE
    )
    store_url = _unchecked_text(document, "store", "url_file")
    stylesheet = _unchecked_text(document, "site", "stylesheet")
    templates = _unchecked_text(document, "site", "templates")
    return Sources(
        main=main,
        categories=_read(categories, folder),
        store_url=_read(path.parent / store_url, folder) if store_url else None,
        secret_files={
            name: _read(path.parent / name, folder)
            for name in (
                *(name for _, _, name in password_files(document)),
                *(name for _, name in alarm_secret_files(document)),
            )
        },
        stylesheet=_read(path.parent / stylesheet, folder) if stylesheet else None,
        templates=_read_templates(path.parent / templates, folder) if templates else {},
        environ=variables,
        overrides=tuple(overrides),
        working_folder=str(folder),
    )


def password_files(document: YamlDocument) -> Iterator[tuple[KeyPath, object, str]]:
    """Yields the password file of each hub: the key's path, the hub's URL, the file's name."""
    for i, hub in enumerate(document.items_at("hubs")):
        path = ("hubs", i, "password_file")
        if isinstance(hub, dict) and (name := _unchecked_text(document, *path)):
            yield path, hub.get("url"), name


def alarm_secret_files(document: YamlDocument) -> Iterator[tuple[KeyPath, str]]:
    """Yields the file of each secret of alarms: the key's path, the file's name."""
    for path in ALARM_SECRETS:
        if name := _unchecked_text(document, *path):
            yield path, name


def _unchecked_text(document: YamlDocument, *keys: str | int) -> str | None:
    """Returns a text of the unchecked main file, or None if there is none."""
    value = document.at(*keys)
    return value if isinstance(value, str) and "\0" not in value else None


def _read(path: Path, folder: Path) -> SourceFile:
    try:
        with (folder / path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        mtime_ns = (folder / path).stat().st_mtime_ns
    except FileNotFoundError:
        return SourceFile(path=str(path), trouble=NO_SUCH_FILE)
    except OSError as error:
        return SourceFile(path=str(path), trouble=f"cannot be read: {error.strerror}")
    if len(content) > MAX_FILE_BYTES:
        return SourceFile(path=str(path), trouble=f"is larger than {MAX_FILE_BYTES:,} bytes")
    return _decode(str(path), content, mtime_ns)


def _read_templates(path: Path, folder: Path) -> dict[str, SourceFile]:
    """Reads the templates in a folder, by name; see `Sources.templates`."""
    try:
        names = sorted(file.name for file in (folder / path).iterdir() if file.suffix == ".html")
    except OSError as error:
        trouble = NO_SUCH_FOLDER if isinstance(error, FileNotFoundError) else error.strerror
        return {"": SourceFile(path=str(path), trouble=trouble)}
    if len(names) > MAX_TEMPLATES:
        return {"": SourceFile(path=str(path), trouble=f"has more than {MAX_TEMPLATES} templates")}
    return {name: _read(path / name, folder) for name in names}


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
