"""What holds in the end and where it was given; JSON Schemas for editors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from service.settings.catalogue import Settings
from service.settings.categories_file import CategoriesFile, FeedSettings
from service.settings.communique_file import CommuniqueFile
from service.settings.faults import KeyPath, SourceLocation, dotted
from service.settings.section import Section
from service.settings.shared_keys import (
    EndedSettings,
    FeedAuthorSettings,
    FeedWindowSettings,
    HubSettings,
)
from service.settings.value_types import StoreUrl

# What holds in the end, and where each value was given: ``communique config show``.

DEFAULT = "default"

#: Sections of which only what is given is shown.
_OF_ONE = (FeedSettings, FeedWindowSettings, FeedAuthorSettings, EndedSettings, HubSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveKey:
    """One key and its value. Secrets stand as ``(hidden)``."""

    path: str  #: dotted; items of a list by number, from 0
    value: object  #: as JSON has it; lists of text whole
    origin: str  #: ``file:line``, ``environment COMMUNIQUE_…``, ``--set key`` or ``default``


def effective(settings: Settings) -> tuple[EffectiveKey, ...]:
    """All keys with the values that hold, ``communique.yaml`` first.

    Of a single feed or hub only the keys that are given: what is not is the site's.
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
    # A column is for an editor that jumps to a fault; here it would only be noise.
    return DEFAULT if place is None else str(SourceLocation(file=place.file, line=place.line))


# JSON Schemas of both files, for editors that help while one types.

#: The files, by the name that their schema is shipped under.
SCHEMAS: Mapping[str, type[Section]] = MappingProxyType(
    {"communique.schema.json": CommuniqueFile, "categories.schema.json": CategoriesFile}
)


class _ForEditors(GenerateJsonSchema):
    """Without titles, which only repeat the keys, and with defaults as one would write them."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # an override
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, time):
            return dft.strftime("%H:%M")
        return str(dft) if isinstance(dft, StoreUrl) else super().encode_default(dft)


def json_schema(section: type[Section]) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a file.

    It finds most faults, not all: what holds between keys is checked by `parse` alone.
    """
    schema = section.model_json_schema(schema_generator=_ForEditors)
    for described in schema.get("$defs", {}).values():
        if "required" not in described:
            # A section whose keys are all commented out is null to YAML, and fine with us.
            described["type"] = ["object", "null"]
    return {"$schema": _ForEditors.schema_dialect, **schema}


def schema_text(section: type[Section]) -> str:
    """Return the JSON Schema of a file as it is shipped."""
    return json.dumps(json_schema(section), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Write both schemas into *folder*, where the shipped files look for them."""
    for name, section in SCHEMAS.items():
        (folder / name).write_text(schema_text(section), encoding="utf-8")
