"""The configuration: two YAML files, the environment and ``--set``, checked as a whole.

The only importer of pydantic's settings models and of PyYAML. Nothing here is global: `load` gives
`Settings`, and wiring hands plain values down.
"""

from service.settings.address_types import StoreUrl
from service.settings.catalogue import catalogue, intake_rules, site
from service.settings.communique_file import ApiSettings, OwnHubSettings
from service.settings.effective import EffectiveKey, effective
from service.settings.faults import ConfigInvalid, Fault, Place
from service.settings.loading import load, parse
from service.settings.schema import SCHEMAS, json_schema, schema_text, write_schemas
from service.settings.settings import Settings
from service.settings.sources import SourceFile, Sources, read_sources

__all__ = [
    "SCHEMAS",
    "ApiSettings",
    "ConfigInvalid",
    "EffectiveKey",
    "Fault",
    "OwnHubSettings",
    "Place",
    "Settings",
    "SourceFile",
    "Sources",
    "StoreUrl",
    "catalogue",
    "effective",
    "intake_rules",
    "json_schema",
    "load",
    "parse",
    "read_sources",
    "schema_text",
    "site",
    "write_schemas",
]
