"""Keys given outside the files: ``COMMUNIQUE_SITE__TITLE=…`` and ``--set site.title=…``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.settings.communique_file import CommuniqueFile
from service.settings.faults import Fault, KeyPath, Place, nearest
from service.settings.keys import is_list, leaves, takes_text
from service.settings.yaml_reader import YamlDocument, read_yaml

ENVIRONMENT_PREFIX = "COMMUNIQUE_"

#: Two ways to say one thing: who gives one later does not mean the other any more.
_INSTEAD_OF: Mapping[KeyPath, str] = {
    ("store", "url"): "url_file",
    ("store", "url_file"): "url",
}


@dataclass(frozen=True, slots=True)
class _Override:
    place: Place
    key: str  #: dotted
    text: str


def variable_name(key: str) -> str:
    """Return the environment variable that sets *key* (dotted)."""
    return ENVIRONMENT_PREFIX + key.replace(".", "__").upper()


def apply_overrides(
    document: YamlDocument, environ: Mapping[str, str], overrides: Sequence[str]
) -> None:
    """Put what the environment and ``--set`` say over what the main file says.

    Faults and places are added to *document*. Later wins: file, environment, ``--set``.
    """
    for override in (*_from_environment(document, environ), *_from_set(document, overrides)):
        _apply(document, override)


def _from_environment(document: YamlDocument, environ: Mapping[str, str]) -> Iterator[_Override]:
    key_by_variable = {variable_name(key): key for key in leaves(CommuniqueFile)}
    for name, text in sorted(environ.items()):
        place = Place(file=f"environment {name}")
        if key := key_by_variable.get(name):
            yield _Override(place, key, text)
        elif _is_meant_for_us(name, key_by_variable):
            suggestion = nearest(name, key_by_variable)
            document.faults.append(_unknown(place, "no key of this name", suggestion))


def _is_meant_for_us(name: str, key_by_variable: Mapping[str, str]) -> bool:
    """True for a wrong name that was meant to set a key.

    Not every ``COMMUNIQUE_…`` is: beside a Kubernetes service called *communique* each container
    finds ``COMMUNIQUE_SERVICE_HOST`` or ``COMMUNIQUE_PORT_8000_TCP``. So a wrong name counts when
    it has our double underscore, or would have been right with one.
    """
    if not name.startswith(ENVIRONMENT_PREFIX):
        return False
    spelled = {variable.replace("__", "_") for variable in key_by_variable}
    return "__" in name or name in spelled


def _from_set(document: YamlDocument, overrides: Sequence[str]) -> Iterator[_Override]:
    for override in overrides:
        key, equals, text = override.partition("=")
        key = key.strip()
        place = Place(file=f"--set {key}")
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
    return next(iter([*inside, *same_name]), None) or nearest(key, leaves(CommuniqueFile))


def _unknown(place: Place, message: str, suggestion: str | None) -> Fault:
    return Fault(place=place, path="", message=message, suggestion=suggestion)


def _apply(document: YamlDocument, override: _Override) -> None:
    field = leaves(CommuniqueFile)[override.key]
    if takes_text(field):
        # Empty means "not set" for a key that can be so; there is no other way to say it here.
        value: object = override.text or (None if field.default is None else "")
    else:
        given = read_yaml(override.text, file=override.place.file)
        if not given.is_readable:
            message = f"expected a value such as 8000 or [a, b], got {override.text!r}"
            fault = Fault(place=override.place, path=override.key, message=message)
            document.faults.append(fault)
            return
        value = given.data
    _put(document, tuple(override.key.split(".")), value, override.place)


def _put(document: YamlDocument, path: KeyPath, value: object, place: Place) -> None:
    if document.data is None:
        document.data = {}
    section = document.data
    for part in path[:-1]:
        if not isinstance(section, dict):
            return  # the file's own fault; it is told where the file is checked
        if section.get(part) is None:
            section[part] = {}
        section = section[part]
    if isinstance(section, dict):
        section[path[-1]] = value
        if value is not None and path in _INSTEAD_OF:
            section.pop(_INSTEAD_OF[path], None)
        for places in (document.keys, document.values):
            for old in [known for known in places if known[: len(path)] == path]:
                del places[old]
        document.values[path] = place
