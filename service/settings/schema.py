"""JSON Schemas of both files, for editors that help while one types."""

import json
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from service.settings.address_types import StoreUrl
from service.settings.categories_file import CategoriesFile
from service.settings.communique_file import CommuniqueFile
from service.settings.section import Section

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
