"""Effective values of all keys with their origins, and JSON Schemas for editors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from service.settings.catalogue import Settings
from service.settings.categories_file import CategoriesFile, FeedSettings, RedirectSettings
from service.settings.communique_file import CommuniqueFile
from service.settings.faults import KeyPath, SourceLocation, dotted
from service.settings.section import Section
from service.settings.shared_keys import (
    EndedSettings,
    FeedAuthorSettings,
    FeedWindowSettings,
    HubSettings,
)
from service.settings.upstream_keys import UpstreamFilterSettings, UpstreamSettings
from service.settings.value_types import StoreUrl

# Effective values and their origins, as ``communique config show`` prints them.

#: The origin of values that are set nowhere.
DEFAULT = "default"

#: Sections of single feeds, hubs and upstreams, of which only the keys that are set are shown.
_OF_ONE = (
    FeedSettings,
    FeedWindowSettings,
    FeedAuthorSettings,
    EndedSettings,
    HubSettings,
    RedirectSettings,
    UpstreamSettings,
    UpstreamFilterSettings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveKey:
    """One key with its value. A secret value is ``(hidden)``."""

    path: str  #: dotted; items of a list by number, from 0
    value: object  #: a JSON value; a list of texts is one value
    origin: str  #: ``file:line``, ``environment COMMUNIQUE_…``, ``--set key`` or ``default``


def effective(settings: Settings) -> tuple[EffectiveKey, ...]:
    """Returns all keys with their effective values, those of ``communique.yaml`` first.

    For a single feed or hub only keys that are set are returned; the others are the site's.
    """
    return tuple(_keys(settings, settings, (), settings.model_dump(mode="json")))


def _keys(
    settings: Settings, section: Section, path: KeyPath, dumped: Mapping[str, Any]
) -> Iterator[EffectiveKey]:
    for name, shown in dumped.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _keys(settings, value, (*path, name), shown)
        elif isinstance(value, tuple) and any(isinstance(each, dict) for each in shown):
            for i, item in enumerate(value):
                if isinstance(shown[i], dict):
                    yield from _keys(settings, item, (*path, name, i), shown[i])
                else:
                    yield _key(settings, (*path, name, i), shown[i])
        elif (key := (*path, name)) in settings.places or not isinstance(section, _OF_ONE):
            yield _key(settings, key, shown)


def _key(settings: Settings, key: KeyPath, shown: object) -> EffectiveKey:
    return EffectiveKey(path=dotted(key), value=shown, origin=_origin(settings.places.get(key)))


def _origin(place: SourceLocation | None) -> str:
    # Columns help editors jump to a fault; in a list of values they are noise.
    return DEFAULT if place is None else str(SourceLocation(file=place.file, line=place.line))


# JSON Schemas of both files, for editors that check and complete keys.

#: The section of each file, by the file name of its schema.
SCHEMAS: Mapping[str, type[Section]] = MappingProxyType(
    {"communique.schema.json": CommuniqueFile, "categories.schema.json": CategoriesFile}
)


class _ForEditors(GenerateJsonSchema):
    """Omits titles, which only repeat the keys, and writes defaults as they are in YAML."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # overrides pydantic's
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, time):
            return dft.strftime("%H:%M")
        return str(dft) if isinstance(dft, StoreUrl) else super().encode_default(dft)


def json_schema(section: type[Section]) -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a file.

    It finds most faults, not all: rules between several keys are checked only by `parse`.
    """
    schema = section.model_json_schema(schema_generator=_ForEditors)
    for described in schema.get("$defs", {}).values():
        if "required" not in described:
            # YAML reads a section whose keys are all commented out as null; it is valid here.
            described["type"] = ["object", "null"]
    return {"$schema": _ForEditors.schema_dialect, **schema}


def schema_text(section: type[Section]) -> str:
    """Returns the JSON Schema of a file as text, as it is shipped."""
    return json.dumps(json_schema(section), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Writes both schemas into *folder*, where the shipped YAML files refer to them."""
    for name, section in SCHEMAS.items():
        (folder / name).write_text(schema_text(section), encoding="utf-8")
