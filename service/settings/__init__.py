"""The configuration: two YAML files, the environment and ``--set``, checked as a whole.

No other package imports PyYAML or defines settings models. Nothing here is global: `load` returns
`Settings`, and `service.wiring` passes plain values on.
"""

from service.settings.catalogue import Settings, catalogue, intake_rules, redirect_rules, site
from service.settings.communique_file import (
    ApiSettings,
    DeskSettings,
    MediaSettings,
    OwnHubSettings,
    RetentionSettings,
)
from service.settings.faults import ConfigFault, ConfigInvalid, SourceLocation, nearest
from service.settings.loading import load, parse
from service.settings.schema import (
    SCHEMAS,
    EffectiveKey,
    effective,
    json_schema,
    schema_text,
    write_schemas,
)
from service.settings.sources import SourceFile, Sources, read_sources
from service.settings.theme import DarkSettings, LightSettings, ThemeSettings
from service.settings.value_types import StoreUrl, read_store_url

__all__ = [
    "SCHEMAS",
    "ApiSettings",
    "ConfigFault",
    "ConfigInvalid",
    "DarkSettings",
    "DeskSettings",
    "EffectiveKey",
    "LightSettings",
    "MediaSettings",
    "OwnHubSettings",
    "RetentionSettings",
    "Settings",
    "SourceFile",
    "SourceLocation",
    "Sources",
    "StoreUrl",
    "ThemeSettings",
    "catalogue",
    "effective",
    "intake_rules",
    "json_schema",
    "load",
    "nearest",
    "parse",
    "read_sources",
    "read_store_url",
    "redirect_rules",
    "schema_text",
    "site",
    "write_schemas",
]
