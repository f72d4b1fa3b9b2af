"""Loads settings from their sources, or raises all faults of these at once."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from service.settings.catalogue import Settings, catalogue, redirect_rules
from service.settings.categories_file import CategoriesFile
from service.settings.checks import (
    check_canary,
    check_categories,
    check_hubs,
    check_main,
    check_redirects,
    check_upstreams,
)
from service.settings.communique_file import AlarmSettings, CommuniqueFile
from service.settings.explain import explain, place_of_value
from service.settings.faults import (
    ConfigFault,
    ConfigInvalid,
    KeyPath,
    SourceLocation,
    dotted,
)
from service.settings.section import Section
from service.settings.sources import (
    ALARM_SECRETS,
    NO_SUCH_FILE,
    SourceFile,
    Sources,
    alarm_secret_files,
    apply_overrides,
    password_files,
    read_sources,
)
from service.settings.value_types import Secret, StoreUrl, read_password, read_store_url
from service.settings.yaml_reader import YamlDocument, read_yaml

_Checked = TypeVar("_Checked", bound=Section)
_Check = Callable[[YamlDocument], Iterable[ConfigFault]]

#: What to do when there is no main file.
_IF_MISSING = (
    ": 'communique init' makes a newsroom with one; --config PATH, or the variable "
    "COMMUNIQUE_CONFIG, names another"
)


def load(path: Path, *, environ: Mapping[str, str], overrides: Sequence[str] = ()) -> Settings:
    """Reads the configuration at *path*; see `read_sources` and `parse`.

    Raises:
        ConfigInvalid: The configuration has faults; the error has those of both files.
    """
    return parse(read_sources(path, environ=environ, overrides=overrides))


def parse(sources: Sources) -> Settings:
    """Parses and check a configuration. Pure: the same sources give the same settings.

    Raises:
        ConfigInvalid: The configuration has faults; the error has those of both files.
    """
    main_document = _read(sources.main, if_missing=_IF_MISSING)
    if sources.main.trouble == NO_SUCH_FILE:
        # Then the other file is not known either; one line says what to do.
        raise ConfigInvalid(main_document.faults)
    apply_overrides(main_document, sources.environ, sources.overrides)
    categories_document = _read(sources.categories, named_by=_named_by(main_document))
    main = _check(main_document, CommuniqueFile, (check_main, check_hubs))
    categories = _check(categories_document, CategoriesFile, (check_categories, check_hubs))
    faults = [*main_document.faults, *categories_document.faults]
    store_url = _secret_url(sources.store_url, faults) if sources.store_url else None
    passwords = _hub_passwords(main_document, sources, faults)
    alarm_secrets = _alarm_secrets(main_document, sources, faults)
    faults += _page_files(main_document, sources)
    if main is None or categories is None or faults:
        raise ConfigInvalid(sorted(faults, key=lambda fault: _reading_order(fault, sources)))
    places = {**main_document.values, **categories_document.values}
    if sources.store_url is not None:
        places["store", "url"] = SourceLocation(file=sources.store_url.path)
    places |= {path: SourceLocation(file=name) for path, (name, _) in alarm_secrets.items()}
    resolved = _resolved(main, sources, store_url)
    resolved["alarms"] = _with_secrets(main.alarms, alarm_secrets)
    settings = Settings.model_construct(
        **{**dict(main), **dict(categories), **resolved},
        hub_passwords=passwords,
        page_stylesheet=(sources.stylesheet and sources.stylesheet.text) or "",
        page_templates=sources.templates,
        places=places,
        sources=sources,
    )
    # Both files define feeds, so their slugs are known only when both files are good.
    described = catalogue(settings)
    faults = [
        *check_canary(main_document, main.canary, described.feeds),
        *check_redirects(categories_document, redirect_rules(settings), described),
        *check_upstreams(main_document, described),
    ]
    if faults:
        raise ConfigInvalid(faults)
    return settings


def _read(source: SourceFile, *, named_by: str = "", if_missing: str = "") -> YamlDocument:
    if source.text is not None:
        return read_yaml(source.text, file=source.path)
    is_missing = source.trouble == NO_SUCH_FILE
    fault = _trouble(source, if_missing if is_missing and if_missing else named_by)
    return YamlDocument(file=source.path, is_readable=False, faults=[fault])


def _trouble(source: SourceFile, named_by: str) -> ConfigFault:
    place = SourceLocation(file=source.path, line=source.trouble_line, column=source.trouble_column)
    message = f"{source.trouble or 'cannot be read'}{named_by}"
    return ConfigFault(place=place, path="", message=message)


def _named_by(document: YamlDocument) -> str:
    place = document.values.get(("categories_file",))
    return f" (named by categories_file, {place or 'by default'})"


def _check(
    document: YamlDocument, model: type[_Checked], checks: Iterable[_Check]
) -> _Checked | None:
    """Checks *document* and adds to its faults. Returns None if the model cannot be built."""
    faults = [fault for check in checks for fault in check(document)]
    checked = None
    try:
        checked = model.model_validate(document.data)
    except ValidationError as error:
        faults.extend(explain(error, document, model))
    if not document.is_readable:
        # The file's keys are unknown then. Keep only faults of the environment and ``--set``.
        faults = [fault for fault in faults if fault.line is None]
    document.faults.extend(faults)
    return checked


def _secret_url(source: SourceFile, faults: list[ConfigFault]) -> StoreUrl | None:
    """Reads the database's URL from its own file. Faults are added to *faults*."""
    if source.text is None:
        faults.append(_trouble(source, " (named by store.url_file)"))
        return None
    try:
        return read_store_url(source.text.strip(), is_secret=True)
    except ValueError as error:
        place = SourceLocation(file=source.path, line=1, column=1)
        faults.append(ConfigFault(place=place, path="store.url_file", message=str(error)))
        return None


def _page_files(document: YamlDocument, sources: Sources) -> Iterator[ConfigFault]:
    """Yields a fault for each file of pages that cannot be read."""
    by_key: dict[str, list[SourceFile | None]] = {
        "stylesheet": [sources.stylesheet],
        "templates": [*sources.templates.values()],
    }
    for key, files in by_key.items():
        place = place_of_value(document, ("site", key))
        for file in files:
            if file is not None and file.text is None:
                yield _trouble(file, f" (named by site.{key}, {place})")


def _hub_passwords(
    document: YamlDocument, sources: Sources, faults: list[ConfigFault]
) -> dict[str, Secret]:
    passwords = {}
    for path, url, name in password_files(document):
        if secret := _secret_in(document, sources.secret_files[name], path, faults):
            passwords[str(url)] = secret
    return passwords


def _alarm_secrets(
    document: YamlDocument, sources: Sources, faults: list[ConfigFault]
) -> dict[KeyPath, tuple[str, Secret]]:
    """Returns the secrets that have files: the file and its content, by the path of the key."""
    found = {}
    for path, name in alarm_secret_files(document):
        source = sources.secret_files[name]
        if secret := _secret_in(document, source, path, faults):
            found[ALARM_SECRETS[path]] = source.path, secret
    return found


def _secret_in(
    document: YamlDocument, source: SourceFile, path: KeyPath, faults: list[ConfigFault]
) -> Secret | None:
    key = dotted(path)
    if source.text is None:
        place = place_of_value(document, path)
        faults.append(_trouble(source, f" (named by {key}, {place})"))
        return None
    try:
        return read_password(source.text)
    except ValueError as error:
        place = SourceLocation(file=source.path, line=1, column=1)
        faults.append(ConfigFault(place=place, path=key, message=str(error)))
        return None


def _with_secrets(
    given: AlarmSettings, secrets: Mapping[KeyPath, tuple[str, Secret]]
) -> AlarmSettings:
    for (_, section, key), (_, secret) in secrets.items():
        inner = getattr(given, str(section)).model_copy(update={key: secret})
        given = given.model_copy(update={str(section): inner})
    return given


def _resolved(
    main: CommuniqueFile, sources: Sources, store_url: StoreUrl | None
) -> dict[str, object]:
    """Returns the values that depend on others: absolute paths, and the database's URL."""
    beside_main = Path(os.path.normpath(Path(sources.working_folder) / sources.main.path)).parent
    data_folder = Path(os.path.normpath(beside_main / main.data_folder))
    url = (store_url or main.store.url).within(str(data_folder), beside=str(beside_main))
    folders = tuple(data_folder / folder for folder in main.intake.folders)
    ca_file, backups = main.outbound.ca_file, main.backup.folder
    return {
        "data_folder": data_folder,
        "categories_file": beside_main / main.categories_file,
        "store": main.store.model_copy(update={"url": url}),
        "intake": main.intake.model_copy(update={"folders": folders}),
        "backup": main.backup.model_copy(update={"folder": backups and data_folder / backups}),
        "outbound": main.outbound.model_copy(update={"ca_file": ca_file and beside_main / ca_file}),
    }


def _reading_order(fault: ConfigFault, sources: Sources) -> tuple[int, str, int, int]:
    files = (sources.main.path, sources.categories.path)
    number = files.index(fault.file) if fault.file in files else len(files)
    return number, fault.file, fault.line or 0, fault.column or 0
